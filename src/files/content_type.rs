//! What a file is, told from its first bytes and its name.

/// How many of a file's first bytes are looked at.
pub const HEAD_LEN: usize = 3072;

/// What a file is: a media type without parameters, and the extension that goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentType {
    media_type: String,
    extension: &'static str,
}

/// Types that browsers may show in place. Anything else could be a page with scripts in it.
const INLINE: &[&str] = &[
    "image/png",
    "image/jpg",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/x-icon",
    "image/bmp",
    "video/webm",
    "video/mp4",
    "video/3gpp",
    "video/quicktime",
    "video/x-ms-wmv",
    "audio/basic",
    "audio/aiff",
    "audio/mpeg",
    "audio/midi",
    "audio/mp3",
    "audio/wave",
    "audio/wav",
    "audio/x-wav",
    "audio/x-mpeg",
    "audio/x-m4a",
    "audio/aac",
    "application/pdf",
    "application/x-pdf",
];

/// Types that are told by the extension when a file is served.
const BY_EXTENSION: &[(&str, &str)] = &[
    (".svg", "image/svg+xml"),
    (".css", "text/css"),
    (".js", "text/javascript"),
    (".mjs", "text/javascript"),
    (".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (".pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
];

/// Names of one and the same type.
const ALIASES: &[&[&str]] = &[
    &["image/jpeg", "image/jpg", "image/pjpeg"],
    &["image/x-icon", "image/vnd.microsoft.icon"],
    &["image/bmp", "image/x-bmp", "image/x-ms-bmp"],
    &["audio/mpeg", "audio/mp3", "audio/x-mpeg"],
    &["audio/wav", "audio/wave", "audio/x-wav", "audio/vnd.wave"],
    &["audio/m4a", "audio/x-m4a"],
    &["audio/aiff", "audio/x-aiff"],
    &["application/pdf", "application/x-pdf"],
    &["application/zip", "application/x-zip", "application/x-zip-compressed"],
    &["application/gzip", "application/x-gzip", "application/x-gunzip"],
    &["application/vnd.rar", "application/x-rar-compressed", "application/x-rar"],
    &["text/xml", "application/xml"],
    &["text/javascript", "application/javascript", "application/x-javascript"],
    &["font/ttf", "application/font-sfnt", "application/x-font-ttf"],
    &["font/otf", "application/x-font-otf"],
    &["font/woff", "application/font-woff"],
];

const TEXT: &str = "text/plain";
const BINARY: &str = "application/octet-stream";

impl ContentType {
    /// What a file is that begins with `head`.
    pub fn sniff(head: &[u8]) -> Self {
        let found =
            |media_type: &str, extension| Self { media_type: media_type.to_owned(), extension };
        let text = text_start(head);
        // A picture may follow a declaration of XML, which alone would say no more than text/xml.
        if text.is_some_and(is_svg) {
            return found("image/svg+xml", "svg");
        }
        match infer::get(head) {
            Some(kind) => found(kind.mime_type(), kind.extension()),
            None if text.is_some_and(|text| text.trim_start().starts_with(['{', '['])) => {
                let rest = text.unwrap_or_default();
                if is_json_start(rest) {
                    found("application/json", "json")
                } else {
                    found(TEXT, "txt")
                }
            }
            None if text.is_some() => found(TEXT, "txt"),
            None => found(BINARY, ""),
        }
    }

    /// What somebody else found out earlier.
    pub fn known(media_type: &str) -> Self {
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        Self { media_type: media_type.to_ascii_lowercase(), extension: "" }
    }

    /// The media type, without parameters.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The usual extension without its dot; empty when none is known.
    pub fn extension(&self) -> &'static str {
        self.extension
    }

    /// Whether browsers may show it in place.
    pub fn is_inline(&self) -> bool {
        INLINE.contains(&self.media_type.as_str())
    }

    /// Whether thumbs can be made of it.
    pub fn is_picture(&self) -> bool {
        ["image/png", "image/jpg", "image/jpeg", "image/gif", "image/webp"]
            .contains(&self.media_type.as_str())
    }

    /// The header for a file called `name`.
    pub fn header(&self, name: &str) -> String {
        let by_extension = BY_EXTENSION.iter().find(|(extension, _)| name.ends_with(extension));
        match by_extension {
            Some((_, media_type)) => (*media_type).to_owned(),
            None if self.media_type.starts_with("text/") => {
                format!("{}; charset=utf-8", self.media_type)
            }
            None => self.media_type.clone(),
        }
    }

    /// Whether a list of accepted types accepts this one, for a file submitted as `name`.
    ///
    /// Text has no mark of its own, so of texts the name is believed: a `.csv` is accepted as
    /// `text/csv`, and as `text/plain` too.
    pub fn is_one_of(&self, accepted: &[String], name: &str) -> bool {
        let by_name = (self.media_type == TEXT).then(|| mime_guess::from_path(name));
        let texts = || by_name.iter().flatten().filter(|guess| guess.type_() == "text");
        accepted.iter().any(|accepted| {
            let wanted = Self::known(accepted).media_type;
            is_same(&wanted, &self.media_type)
                || texts().any(|guess| is_same(&wanted, guess.essence_str()))
        })
    }
}

fn is_same(one: &str, other: &str) -> bool {
    one == other || ALIASES.iter().any(|names| names.contains(&one) && names.contains(&other))
}

/// `head` as text, cut where the last letter may be incomplete; `None` when it is something else.
fn text_start(head: &[u8]) -> Option<&str> {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let is_binary = |c: char| c < ' ' && !matches!(c, '\t' | '\n' | '\r' | '\x0C' | '\x1B');
    (!text.contains(is_binary)).then_some(text)
}

/// Whether the first element is a drawing.
fn is_svg(text: &str) -> bool {
    let mut rest = text.trim_start();
    loop {
        let end = if rest.starts_with("<?") {
            "?>"
        } else if rest.starts_with("<!--") {
            "-->"
        } else if rest.starts_with("<!") {
            ">"
        } else {
            let name = rest.get(..4).unwrap_or_default();
            return name.eq_ignore_ascii_case("<svg");
        };
        match rest.find(end) {
            Some(at) => rest = rest[at + end.len()..].trim_start(),
            None => return false,
        }
    }
}

/// Whether the text is a JSON document, or the beginning of one that is longer.
fn is_json_start(text: &str) -> bool {
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => true,
        Err(error) => error.is_eof(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media_type(head: &[u8]) -> String {
        ContentType::sniff(head).media_type().to_owned()
    }

    #[test]
    fn the_first_bytes_tell() {
        for (head, expected) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], "image/png"),
            (b"GIF89a\x01\0", "image/gif"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
            (b"%PDF-1.7", "application/pdf"),
            (b"PK\x03\x04\x14\0\0\0", "application/zip"),
            (b"<!DOCTYPE html><html>", "text/html"),
            (b"<html><script>", "text/html"),
            (b"<svg xmlns='x'>", "image/svg+xml"),
            (b"<?xml version='1.0'?>\n<!-- x -->\n<svg>", "image/svg+xml"),
            (b"<?xml version='1.0'?><a/>", "text/xml"),
            (b"{\"a\":1}", "application/json"),
            (b"[1, 2", "application/json"),
            (b"{nothing", "text/plain"),
            (b"hello \xc3", "text/plain"),
            (b"", "text/plain"),
            (b"\0\x01\x02\x03", "application/octet-stream"),
            (b"hello \xff\xfe", "application/octet-stream"),
        ] {
            assert_eq!(media_type(head), expected, "{:?}", String::from_utf8_lossy(head));
        }
        assert_eq!(ContentType::sniff(b"x").extension(), "txt");
    }

    #[test]
    fn only_harmless_types_are_shown_in_place() {
        assert!(ContentType::known("image/png").is_inline());
        assert!(ContentType::known("application/pdf").is_inline());
        for media_type in ["image/svg+xml", "text/html", "text/plain", "application/zip", ""] {
            assert!(!ContentType::known(media_type).is_inline(), "{media_type}");
        }
    }

    #[test]
    fn some_headers_go_by_the_extension() {
        let text = ContentType::known("text/plain; charset=utf-8");
        assert_eq!(text.header("a.css"), "text/css");
        assert_eq!(text.header("a.svg"), "image/svg+xml");
        assert_eq!(text.header("a.txt"), "text/plain; charset=utf-8");
        assert_eq!(ContentType::known("image/png").header("a.png"), "image/png");
    }

    #[test]
    fn types_are_accepted_by_any_of_their_names_and_texts_by_extension() {
        let accepts = |accepted: &str, head: &[u8], name: &str| {
            ContentType::sniff(head).is_one_of(&[accepted.to_owned()], name)
        };
        let jpeg = b"\xff\xd8\xff\xe0\0\x10JFIF";
        assert!(accepts("image/jpg", jpeg, "a.jpg"));
        assert!(accepts("image/JPEG; q=1", jpeg, "a.png"));
        assert!(!accepts("image/png", jpeg, "a.png"));
        assert!(accepts("text/csv", b"a,b\n1,2\n", "a.csv"));
        assert!(accepts("text/plain", b"a,b\n1,2\n", "a.csv"));
        assert!(!accepts("text/csv", b"a,b\n1,2\n", "a.txt"));
        assert!(!accepts("image/png", b"not a picture", "a.png"));
    }
}
