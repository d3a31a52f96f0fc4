//! JSON text the way clients of the contract receive it, written straight into bytes.

/// Appends `text` between quotes. `<`, `>`, `&` and the two line separators of JavaScript are
/// escaped, so that the text can stand inside a script.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    push_escaped(out, text, true);
    out.push(b'"');
}

/// Appends a text known to need no escape.
pub(crate) fn push_plain_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Appends a whole JSON document, escaping only what [`push_string`] escapes beyond JSON's needs.
/// Such characters can occur only inside its strings.
pub(crate) fn push_document(out: &mut Vec<u8>, json: &str) {
    push_escaped(out, json, false);
}

/// Bytes that are looked at in one step; most texts have nothing to escape.
const CHUNK: usize = 16;

/// Whether something in `chunk` may have to be escaped. Without early exit, so that it is quick.
fn may_need_escape(chunk: &[u8; CHUNK]) -> bool {
    let special =
        |byte: u8| byte < 0x20 || matches!(byte, b'"' | b'\\' | b'<' | b'>' | b'&' | 0xe2);
    chunk.iter().fold(false, |found, byte| found | special(*byte))
}

fn push_escaped(out: &mut Vec<u8>, text: &str, is_string: bool) {
    let bytes = text.as_bytes();
    let mut from = 0;
    let mut at = 0;
    while at < bytes.len() {
        if let Some(chunk) = bytes[at..].first_chunk::<CHUNK>()
            && !may_need_escape(chunk)
        {
            at += CHUNK;
            continue;
        }
        let byte = bytes[at];
        let (length, escape): (usize, Escape) = match byte {
            b'"' if is_string => (1, Escape::Short(b'"')),
            b'\\' if is_string => (1, Escape::Short(b'\\')),
            b'\n' if is_string => (1, Escape::Short(b'n')),
            b'\r' if is_string => (1, Escape::Short(b'r')),
            b'\t' if is_string => (1, Escape::Short(b't')),
            8 if is_string => (1, Escape::Short(b'b')),
            12 if is_string => (1, Escape::Short(b'f')),
            0..0x20 if is_string => (1, Escape::Code(u32::from(byte))),
            b'<' | b'>' | b'&' => (1, Escape::Code(u32::from(byte))),
            // U+2028 and U+2029.
            0xe2 if matches!(bytes.get(at + 1..at + 3), Some([0x80, 0xa8 | 0xa9])) => {
                (3, Escape::Code(0x2000 | u32::from(bytes[at + 2] - 0x80)))
            }
            _ => {
                at += 1;
                continue;
            }
        };
        out.extend_from_slice(&bytes[from..at]);
        match escape {
            Escape::Short(letter) => out.extend_from_slice(&[b'\\', letter]),
            Escape::Code(code) => out.extend_from_slice(format!("\\u{code:04x}").as_bytes()),
        }
        at += length;
        from = at;
    }
    out.extend_from_slice(&bytes[from..]);
}

enum Escape {
    Short(u8),
    Code(u32),
}

/// Appends a finite number: digits without an exponent from 1e-6 up to 1e21, as JavaScript does.
pub(crate) fn push_number(out: &mut Vec<u8>, number: f64) {
    use std::io::Write;
    let size = number.abs();
    // Writing into a Vec cannot fail.
    let _ = if number == 0.0 {
        out.write_all(b"0")
    } else if number.trunc() == number && size < 9e15 {
        push_integer(out, number as i64);
        return;
    } else if (1e-6..1e21).contains(&size) {
        write!(out, "{number}")
    } else {
        let text = format!("{number:e}");
        let signed = if size >= 1.0 { text.replace('e', "e+") } else { text };
        out.write_all(signed.as_bytes())
    };
}

/// Appends an integer, digit by digit: lists have many of them.
fn push_integer(out: &mut Vec<u8>, number: i64) {
    let mut digits = [0; 20];
    let (mut rest, mut from) = (number.unsigned_abs(), digits.len());
    loop {
        from -= 1;
        digits[from] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        from -= 1;
        digits[from] = b'-';
    }
    out.extend_from_slice(&digits[from..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn script_breaking_characters_are_escaped() {
        let text = "<a href=\"x\">\u{2028}&\n\u{1}ä";
        assert_eq!(
            written(|out| push_string(out, text)),
            r#""\u003ca href=\"x\"\u003e\u2028\u0026\n\u0001ä""#
        );
        let document = r#"{"a":"<b>\n"}"#;
        assert_eq!(written(|out| push_document(out, document)), r#"{"a":"\u003cb\u003e\n"}"#);
    }

    #[test]
    fn numbers_have_no_exponent_in_the_usual_range() {
        for (number, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (12.0, "12"),
            (-1.5, "-1.5"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (0.1, "0.1"),
        ] {
            assert_eq!(written(|out| push_number(out, number)), expected);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_overlooked_wherever_it_is(
            before in "[a-zé]{0,40}", special in "[<>&\"\\\\\u{2028}\u{2029}\n\u{1}]", after in "[a-z\u{2027}]{0,40}",
        ) {
            let text = written(|out| push_string(out, &format!("{before}{special}{after}")));
            let bare = written(|out| push_string(out, &special));
            prop_assert_eq!(text, format!("\"{before}{}{after}\"", &bare[1..bare.len() - 1]));
        }

        #[test]
        fn what_is_written_reads_back(text in any::<String>(), number in any::<f64>()) {
            let read: String = serde_json::from_str(&written(|out| push_string(out, &text))).unwrap();
            prop_assert_eq!(&read, &text);
            let document = serde_json::json!({ "text": text }).to_string();
            let again: serde_json::Value =
                serde_json::from_str(&written(|out| push_document(out, &document))).unwrap();
            prop_assert_eq!(again, serde_json::json!({ "text": text }));
            let integer = (number as i64) % 9_000_000_000_000_000;
            let by_hand = written(|out| push_number(out, integer as f64));
            prop_assert_eq!(by_hand, (integer as f64 as i64).to_string());
            if number.is_finite() {
                let read: f64 = serde_json::from_str(&written(|out| push_number(out, number))).unwrap();
                prop_assert_eq!(read, number);
            }
        }
    }
}
