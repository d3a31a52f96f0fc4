//! HTML as text, for those who see no HTML.

/// Elements whose content nobody reads.
const SKIPPED: [&str; 9] =
    ["style", "script", "head", "title", "select", "textarea", "button", "template", "noscript"];
/// Elements that begin on a line of their own.
const BLOCKS: [&str; 20] = [
    "address",
    "article",
    "blockquote",
    "div",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "li",
    "ol",
    "p",
    "section",
    "table",
    "tr",
    "ul",
];
/// Entities that are written by hand; others stay as they are.
const ENTITIES: [(&str, char); 8] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{a0}'),
    ("#34", '"'),
    ("#39", '\''),
];

/// `html` as text: links as `[text](address)`, items of lists behind `- `, lines ended with CRLF.
/// Made for mail that was written with care; anything else comes out readable, no more.
pub fn plain_text(html: &str) -> String {
    let mut text = Text::default();
    let mut rest = html;
    while !rest.is_empty() {
        let Some(at) = rest.find('<') else {
            text.push(rest);
            break;
        };
        text.push(&rest[..at]);
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let Some(end) = tag_end(rest) else {
            text.push(rest);
            break;
        };
        let tag = &rest[1..end];
        rest = &rest[end + 1..];
        let (is_end, tag) = tag.strip_prefix('/').map_or((false, tag), |tag| (true, tag));
        let (name, attributes) =
            tag.split_at(tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len()));
        let name = name.to_ascii_lowercase();
        if !is_end && SKIPPED.contains(&name.as_str()) {
            rest = after_end_of(rest, &name);
        } else {
            text.tag(&name, attributes, is_end);
        }
    }
    text.out.trim().to_owned()
}

#[derive(Default)]
struct Text {
    out: String,
    /// Where the text of the open link begins, and its address.
    link: Option<(usize, String)>,
}

impl Text {
    fn tag(&mut self, name: &str, attributes: &str, is_end: bool) {
        match name {
            "br" => self.out.push_str("\r\n"),
            "a" if is_end => self.end_link(),
            "a" => {
                self.out.push('[');
                let href = attribute(attributes, "href");
                self.link = Some((self.out.len(), href));
            }
            name if BLOCKS.contains(&name) => {
                self.begin_line();
                if name == "li" && !is_end {
                    self.out.push_str("- ");
                }
            }
            _ => {}
        }
    }

    fn end_link(&mut self) {
        let Some((start, href)) = self.link.take() else { return };
        if self.out.get(start..).is_none_or(|text| text.trim().is_empty()) {
            self.out.truncate(start);
            self.out.push_str("LINK");
        }
        self.out.push(']');
        if !href.is_empty() {
            self.out.extend(["(", &href, ")"]);
        }
    }

    fn begin_line(&mut self) {
        self.trim_spaces();
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push_str("\r\n");
        }
    }

    fn trim_spaces(&mut self) {
        while self.out.ends_with(' ') {
            self.out.pop();
        }
    }

    /// Adds text between tags, with its whitespace made one space.
    fn push(&mut self, text: &str) {
        for c in decoded(text).chars() {
            if c.is_ascii_whitespace() {
                if !self.out.is_empty() && !self.out.ends_with([' ', '\n', '[']) {
                    self.out.push(' ');
                }
            } else {
                self.out.push(c);
            }
        }
    }
}

/// The position of the `>` that ends the tag at the start of `html`; quotes may hold others.
fn tag_end(html: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in html.char_indices().skip(1) {
        match (quote, c) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

/// What follows the end tag of `name`; nothing when it never ends.
fn after_end_of<'a>(html: &'a str, name: &str) -> &'a str {
    let end = format!("</{name}");
    let lower = html.to_ascii_lowercase();
    let Some(at) = lower.find(&end) else { return "" };
    html[at..].find('>').map_or("", |close| &html[at + close + 1..])
}

fn attribute(attributes: &str, name: &str) -> String {
    let lower = attributes.to_ascii_lowercase();
    let Some(at) = lower.find(&format!("{name}=")) else { return String::new() };
    let value = &attributes[at + name.len() + 1..];
    let value = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value[1..].split(quote).next(),
        _ => value.split(|c: char| c.is_ascii_whitespace()).next(),
    };
    decoded(value.unwrap_or("")).trim().to_owned()
}

fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let entity = rest.find(';').and_then(|end| {
            let (_, c) = ENTITIES.iter().find(|(name, _)| *name == &rest[..end])?;
            Some((*c, end))
        });
        match entity {
            Some((c, end)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => out.push('&'),
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn html_becomes_readable_text() {
        for (html, text) in [
            ("<p>Hello,</p>\n<p>a   <b>b</b>\nc</p>", "Hello,\r\na b c"),
            ("<a class=\"btn\" href=\"http://x/?a=1&amp;b=2\">Go</a>", "[Go](http://x/?a=1&b=2)"),
            ("<a href='http://x/'> </a> <a>b</a>", "[LINK](http://x/) [b]"),
            ("<ul><li>a</li><li>b</li></ul>", "- a\r\n- b"),
            ("a<br>b<br/><br />c", "a\r\nb\r\n\r\nc"),
            ("<style>p { x: '>' }</style><script>1 < 2</script>a<!-- <p> -->b", "ab"),
            ("&lt;p&gt; &amp;amp; &nope; &", "<p> &amp; &nope; &"),
            ("1 < 2", "1 < 2"),
            ("<img alt=\"a>b\" src=x>c", "c"),
            ("<style>never ends", ""),
        ] {
            assert_eq!(plain_text(html), text, "{html}");
        }
    }

    proptest! {
        #[test]
        fn no_html_makes_it_panic(html in "(<|>|/|a|é|\"|'|&|;|href=|style|li| |\\PC){0,40}") {
            plain_text(&html);
        }
    }
}
