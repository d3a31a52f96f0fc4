//! Names that uploaded files are stored under.

use rand::RngExt;

/// Bytes of the submitted name that are looked at, counted from its end.
const NAME_READ_MAX: usize = 300;
/// Bytes of the cleaned name that stay.
const STEM_MAX: usize = 100;
/// Cleaned names shorter than this get more random letters.
const STEM_MIN: usize = 3;
/// Bytes of the cleaned extension that stay, with its first dot.
const EXTENSION_MAX: usize = 20;
/// Letters of a random part.
const RANDOM_LEN: usize = 10;

/// The name to store an upload under, made of the one it came with: letters that are safe anywhere,
/// and a random part that nobody can guess. `sniffed` is the extension that the content suggests,
/// without a dot; it is used when the name has none.
pub fn stored_name(submitted: &str, sniffed: &str) -> String {
    let submitted = last_bytes(submitted, NAME_READ_MAX);
    let raw_extension = extension_of(submitted);
    let cleaned: String = raw_extension.chars().filter(|c| is_extension_char(*c)).collect();
    let mut extension = cleaned.trim_matches('.');
    if extension.is_empty() {
        extension = sniffed;
    }
    if extension.len() + 1 > EXTENSION_MAX {
        extension = last_bytes(extension, EXTENSION_MAX).trim_matches('.');
    }
    let stem = &submitted[..submitted.len() - raw_extension.len()];
    let mut stem = snake_case(stem.trim_matches('.'));
    if stem.len() < STEM_MIN {
        stem.push_str(&random_letters());
    }
    // Only ASCII is left, so any byte is a boundary.
    stem.truncate(STEM_MAX);
    let dot = if extension.is_empty() { "" } else { "." };
    // Files of that extension are sidecars.
    let last = extension.rsplit('.').next().unwrap_or_default();
    let end = if last.eq_ignore_ascii_case("attrs") { "_" } else { "" };
    format!("{stem}_{}{dot}{extension}{end}", random_letters())
}

/// The last two parts of a name with dots, such as `.tar.gz`, or the last one; with its dot.
fn extension_of(name: &str) -> &str {
    let Some(last) = name.rfind('.') else { return "" };
    let start = name[..last].rfind('.').unwrap_or(last);
    &name[start..]
}

fn is_extension_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '*' | '-' | '+' | '=' | '#')
}

/// Words of ASCII letters and digits, in lower case, with underscores in between and before each
/// capital that follows another letter.
fn snake_case(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push('_');
        }
        let mut before_is_upper = true;
        for c in word.chars() {
            if c.is_ascii_uppercase() && !before_is_upper {
                out.push('_');
            }
            before_is_upper = c.is_ascii_uppercase();
            out.push(c.to_ascii_lowercase());
        }
    }
    out
}

fn random_letters() -> String {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut random = rand::rng();
    (0..RANDOM_LEN).map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())])).collect()
}

/// The end of `text`, at most `max` bytes and whole letters.
fn last_bytes(text: &str, max: usize) -> &str {
    let mut start = text.len().saturating_sub(max);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;
    use crate::files::Location;

    #[test]
    fn names_follow_the_contract() {
        let long = format!("{}.{}", "a".repeat(101), "b".repeat(21));
        for (submitted, pattern) in [
            ("", r"^[a-z0-9]{10}_[a-z0-9]{10}\.txt$"),
            ("a.png", r"^a[a-z0-9]{10}_[a-z0-9]{10}\.png$"),
            ("файл.txt", r"^[a-z0-9]{10}_[a-z0-9]{10}\.txt$"),
            ("noext", r"^noext_[a-z0-9]{10}\.txt$"),
            ("a.tar.gz", r"^a[a-z0-9]{10}_[a-z0-9]{10}\.tar\.gz$"),
            ("my.photo.png", r"^my[a-z0-9]{10}_[a-z0-9]{10}\.photo\.png$"),
            ("....abc", r"^[a-z0-9]{10}_[a-z0-9]{10}\.abc$"),
            ("a.b.c.?.?.?.2", r"^a_b_c_[a-z0-9]{10}\.2$"),
            ("a  b! c d  . 456", r"^a_b_c_d_[a-z0-9]{10}\.456$"),
            ("myPhotoABCd.PNG", r"^my_photo_abcd_[a-z0-9]{10}\.PNG$"),
            ("../../etc/passwd", r"^[a-z0-9]{10}_[a-z0-9]{10}\.etcpasswd$"),
            ("abc.attrs", r"^abc_[a-z0-9]{10}\.attrs_$"),
            (&long, r"^a{100}_[a-z0-9]{10}\.b{20}$"),
        ] {
            let name = stored_name(submitted, "txt");
            assert!(Regex::new(pattern).unwrap().is_match(&name), "{submitted} became {name}");
        }
        assert!(!stored_name("abc", "").contains('.'));
    }

    proptest! {
        #[test]
        fn any_name_becomes_a_plain_one(submitted in "\\PC{0,400}|[./\\\\\0a-zA-Z]{0,50}") {
            let name = stored_name(&submitted, "bin");
            prop_assert!(Location::new("c", "r", &name).is_some(), "{}", name);
            prop_assert!(name.len() <= 140 && name.is_ascii());
        }
    }
}
