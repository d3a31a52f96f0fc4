//! The `:excerpt(max, withEllipsis)` modifier: the beginning of an HTML text, without the HTML.

use std::borrow::Cow;

/// How much of a text to keep.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Excerpt {
    chars_max: usize,
    with_ellipsis: bool,
}

/// Elements whose content is no prose.
const SKIPPED: [&str; 18] = [
    "applet", "button", "dialog", "embed", "form", "head", "iframe", "img", "input", "object",
    "option", "picture", "script", "select", "style", "svg", "template", "textarea",
];

/// Skipped elements that have no content, and so no end tag.
const VOID: [&str; 3] = ["embed", "img", "input"];

/// Skipped elements whose content is text, where a tag does not count.
const RAW: [&str; 4] = ["iframe", "script", "style", "textarea"];

/// Elements that do not separate words.
const INLINE: [&str; 21] = [
    "a", "abbr", "acronym", "b", "bdo", "big", "br", "button", "cite", "code", "em", "i", "label",
    "q", "small", "span", "strike", "strong", "sub", "sup", "time",
];

/// How many open elements are remembered; pages nest far less.
const OPEN_MAX: usize = 256;

impl Excerpt {
    /// Parses `excerpt(200)` or `excerpt(200,true)`; `None` when it is something else.
    pub(super) fn parse(modifier: &str) -> Option<Self> {
        let arguments = modifier.trim().strip_prefix("excerpt(")?.strip_suffix(')')?;
        let mut arguments = arguments.split(',').map(str::trim);
        let chars_max = arguments.next()?.parse().ok().filter(|max| *max > 0)?;
        let with_ellipsis =
            matches!(arguments.next(), Some("1" | "t" | "T" | "true" | "TRUE" | "True"));
        arguments.next().is_none().then_some(Self { chars_max, with_ellipsis })
    }

    /// The beginning of what a reader of `html` sees.
    pub(super) fn of(&self, html: &str) -> String {
        let text = Prose::of(html, self.chars_max);
        let text = text.trim();
        match text.char_indices().nth(self.chars_max) {
            None => text.to_owned(),
            Some((end, _)) => {
                let ellipsis = if self.with_ellipsis { "..." } else { "" };
                format!("{}{ellipsis}", text[..end].trim())
            }
        }
    }
}

/// Text without tags, as it grows.
struct Prose<'t> {
    out: String,
    chars: usize,
    after_space: bool,
    /// The elements that separate words and are open, outermost first.
    open: Vec<Cow<'t, str>>,
}

impl<'t> Prose<'t> {
    /// The text of `html`, at least as far as the first `chars_enough` characters.
    fn of(html: &'t str, chars_enough: usize) -> String {
        let mut prose = Self { out: String::new(), chars: 0, after_space: true, open: Vec::new() };
        let mut rest = html;
        // The extra characters are those that trimming may take, and one to see a cut.
        while !rest.is_empty() && prose.chars < chars_enough.saturating_add(3) {
            rest = prose.take_some(rest);
        }
        prose.out
    }

    /// Takes one tag, entity or run of text; returns what follows it.
    fn take_some(&mut self, rest: &'t str) -> &'t str {
        if let Some(after) = rest.strip_prefix('<') {
            if let Some(comment) = after.strip_prefix("!--") {
                return after_first(comment, "-->");
            }
            if after.starts_with(['!', '?']) {
                return after_first(after, ">");
            }
            if let Some(tag) = Tag::parse(after) {
                return self.take_tag(tag);
            }
            self.push('<');
            return after;
        }
        if let Some((letter, after)) = rest.strip_prefix('&').and_then(entity) {
            self.push(letter);
            return after;
        }
        let first = rest.chars().next().unwrap_or_default();
        self.push(first);
        &rest[first.len_utf8()..]
    }

    fn take_tag(&mut self, tag: Tag<'t>) -> &'t str {
        let name = tag.name.as_ref();
        if !tag.is_end && SKIPPED.contains(&name) {
            return if VOID.contains(&name) { tag.after } else { after_element(name, tag.after) };
        }
        if INLINE.contains(&name) {
            return tag.after;
        }
        if !tag.is_end {
            self.push(' ');
            if self.open.len() < OPEN_MAX {
                self.open.push(tag.name);
            }
        } else if let Some(at) = self.open.iter().rposition(|open| *open == tag.name) {
            self.push(' ');
            self.open.truncate(at);
        } else if name == "p" {
            // The one end tag that browsers answer with an element of its own.
            self.push(' ');
        }
        tag.after
    }

    fn push(&mut self, letter: char) {
        // A no-break space is not for collapsing.
        let space = matches!(letter, ' ' | '\t' | '\n' | '\r' | '\u{c}');
        if !(space && self.after_space) {
            self.out.push(if space { ' ' } else { letter });
            self.chars += 1;
        }
        self.after_space = space;
    }
}

/// A start or end tag.
struct Tag<'t> {
    name: Cow<'t, str>,
    is_end: bool,
    after: &'t str,
}

impl<'t> Tag<'t> {
    /// Reads a tag from what follows its `<`; `None` when it is only that character.
    fn parse(text: &'t str) -> Option<Self> {
        let (is_end, text) = text.strip_prefix('/').map_or((false, text), |text| (true, text));
        if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let end = text.find(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>');
        let (name, attributes) = text.split_at(end.unwrap_or(text.len()));
        let mut quote = None;
        let end = attributes.find(|c| {
            if quote == Some(c) {
                quote = None;
            } else if quote.is_none() && (c == '"' || c == '\'') {
                quote = Some(c);
            }
            quote.is_none() && c == '>'
        });
        let after = end.map_or("", |end| &attributes[end + 1..]);
        let name = if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(name.to_ascii_lowercase())
        } else {
            Cow::Borrowed(name)
        };
        Some(Self { name, is_end, after })
    }
}

/// What follows the end tag of the element `name`, whose start tag was just read.
fn after_element<'t>(name: &str, mut rest: &'t str) -> &'t str {
    let mut depth = 1;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--").filter(|_| !RAW.contains(&name)) {
            rest = after_first(comment, "-->");
            continue;
        }
        let named = rest.strip_prefix('/').unwrap_or(rest).get(..name.len());
        if !named.is_some_and(|named| named.eq_ignore_ascii_case(name)) {
            continue;
        }
        let Some(tag) = Tag::parse(rest).filter(|tag| tag.name == name) else {
            continue;
        };
        if tag.is_end {
            depth -= 1;
        } else if !RAW.contains(&name) {
            depth += 1;
        }
        rest = tag.after;
        if depth == 0 {
            return rest;
        }
    }
    ""
}

fn after_first<'t>(text: &'t str, end: &str) -> &'t str {
    text.find(end).map_or("", |at| &text[at + end.len()..])
}

/// Reads a character reference from what follows its `&`.
fn entity(text: &str) -> Option<(char, &str)> {
    /// The longest reference that is understood, in bytes.
    const LENGTH_MAX: usize = 10;
    let end = text.bytes().take(LENGTH_MAX).position(|byte| byte == b';')?;
    let after = &text[end + 1..];
    let letter = match &text[..end] {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "copy" => '©',
        "reg" => '®',
        "trade" => '™',
        "euro" => '€',
        "pound" => '£',
        "deg" => '°',
        "laquo" => '«',
        "raquo" => '»',
        "ndash" => '–',
        "mdash" => '—',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "hellip" => '…',
        "bull" => '•',
        "middot" => '·',
        "times" => '×',
        number => {
            let number = number.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?).filter(|letter| *letter != '\0').unwrap_or('\u{fffd}')
        }
    };
    Some((letter, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn excerpt(chars_max: usize, html: &str) -> String {
        Excerpt { chars_max, with_ellipsis: true }.of(html)
    }

    #[test]
    fn only_what_a_reader_sees_is_left() {
        for (html, expected) in [
            ("plain", "plain"),
            ("  a \n\t b  ", "a b"),
            ("<p>a</p><p>b</p>", "a b"),
            ("a<b>b</b>c", "abc"),
            ("a<br>b", "ab"),
            ("a<div class=\"x>y\">b</div>", "a b"),
            ("a<script>if (1 < 2) '</p>'</script>b", "ab"),
            ("a<svg><svg></svg>x</svg>b", "ab"),
            ("a<img src='x'>b", "ab"),
            ("a<select><option>1</select>b", "ab"),
            ("a<!-- > x -->b", "ab"),
            ("<!doctype html><head><title>t</title></head><body>b", "b"),
            ("1 < 2 &amp; 3 &gt; 2 &#233; &#x1F600; &bogus; &", "1 < 2 & 3 > 2 é 😀 &bogus; &"),
            ("a<script>never closed", "a"),
            ("a<b", "a"),
            ("a</div>b</p>c", "ab c"),
            ("a<div>b<p>c</div>d</p>e", "a b c d e"),
            ("<UL><LI>a<LI>b</UL>", "a b"),
            ("", ""),
        ] {
            assert_eq!(excerpt(1000, html), expected, "{html}");
        }
    }

    #[test]
    fn cuts_are_by_character_and_trimmed() {
        for (max, expected) in
            [(1, "é..."), (2, "éa..."), (3, "éa..."), (4, "éa b..."), (5, "éa bc")]
        {
            assert_eq!(excerpt(max, "<p>éa</p> <p>bc</p>"), expected, "{max}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(html in "[<>/!&;#a-c\"' é-]{0,60}", max in 1_usize..20) {
            prop_assert!(excerpt(max, &html).chars().count() <= max + 3);
        }
    }
}
