//! Editor fields: HTML text with a limit in bytes.

use super::super::{EditorOptions, Violation};

/// Bytes when the field says nothing.
const DEFAULT_MAX_SIZE: i64 = 5 << 20;

pub(super) fn check(options: &EditorOptions, text: &str) -> Result<(), Violation> {
    let max_size = if options.max_size > 0 { options.max_size } else { DEFAULT_MAX_SIZE };
    if text.len() as i64 <= max_size {
        return Ok(());
    }
    Err(Violation::new(
        "validation_content_size_limit",
        format!("The maximum allowed content size is {max_size} bytes."),
    )
    .with("maxSize", max_size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_counts_bytes() {
        let options = EditorOptions { max_size: 5, ..EditorOptions::default() };
        assert_eq!(check(&options, "12345"), Ok(()));
        let violation = check(&options, "ééé").unwrap_err();
        assert_eq!(violation.message, "The maximum allowed content size is 5 bytes.");
        assert_eq!(check(&EditorOptions::default(), "ééé"), Ok(()));
    }
}
