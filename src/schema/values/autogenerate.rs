//! Random text from a pattern, for fields that fill themselves.

use rand::{RngExt, rngs::ThreadRng};
use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

use super::pattern;

/// Most characters that come out.
const LENGTH_MAX: usize = 5000;
/// Most steps taken, for patterns that repeat nothing many times.
const STEPS_MAX: usize = 50_000;
/// Open-ended repetitions stay below this.
const OPEN_REPEAT_MAX: u32 = 6;
/// What `.` stands for.
const ANY: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Random text that matches `pattern`, from the operating system's randomness.
///
/// Upper bounds of repetitions are exclusive and open ends stop at six: `?` emits nothing, `*` 0 to
/// 5, `+` 1 to 5, `{2,5}` 2 to 4 and `{3}` exactly 3. `.` is a letter or a digit.
///
/// Fails when the pattern is malformed, uses anchors, boundaries or empty groups, or makes
/// more than 5,000 characters.
pub fn generate(pattern: &str) -> Result<String, String> {
    let hir =
        regex_syntax::parse(&pattern::from_re2(pattern)).map_err(|error| error.to_string())?;
    check(&hir)?;
    let mut generator = Generator { rng: rand::rng(), out: String::new(), length: 0, steps: 0 };
    generator.emit(&hir)?;
    Ok(generator.out)
}

/// Refuses what no text can be made for, also where chance would not get to it.
fn check(hir: &Hir) -> Result<(), String> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Err("unsupported pattern operator".to_owned()),
        HirKind::Literal(_) | HirKind::Class(_) => Ok(()),
        HirKind::Repetition(repetition) => check(&repetition.sub),
        HirKind::Capture(capture) => check(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().try_for_each(check),
    }
}

struct Generator {
    /// Seeded by the operating system: token keys are made here.
    rng: ThreadRng,
    out: String,
    length: usize,
    steps: usize,
}

impl Generator {
    fn emit(&mut self, hir: &Hir) -> Result<(), String> {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return Err("the pattern makes too long texts".to_owned());
        }
        match hir.kind() {
            HirKind::Literal(literal) => {
                let text = std::str::from_utf8(&literal.0)
                    .map_err(|_| "the pattern makes what is no text".to_owned())?;
                text.chars().try_for_each(|character| self.push(character))
            }
            HirKind::Class(class) => {
                let character = self.pick(class)?;
                self.push(character)
            }
            HirKind::Repetition(repetition) => self.repeat(repetition),
            HirKind::Capture(capture) => self.emit(&capture.sub),
            HirKind::Concat(parts) => parts.iter().try_for_each(|part| self.emit(part)),
            HirKind::Alternation(choices) => {
                let choice = self.rng.random_range(0..choices.len());
                self.emit(&choices[choice])
            }
            HirKind::Empty | HirKind::Look(_) => Err("unsupported pattern operator".to_owned()),
        }
    }

    fn repeat(&mut self, repetition: &Repetition) -> Result<(), String> {
        let min = repetition.min;
        let max = repetition.max.unwrap_or(OPEN_REPEAT_MAX);
        let times = if max > min { self.rng.random_range(min..max) } else { min };
        (0..times).try_for_each(|_| self.emit(&repetition.sub))
    }

    fn push(&mut self, character: char) -> Result<(), String> {
        self.length += 1;
        if self.length > LENGTH_MAX {
            return Err("the pattern makes too long texts".to_owned());
        }
        self.out.push(character);
        Ok(())
    }

    fn pick(&mut self, class: &Class) -> Result<char, String> {
        let ranges: Vec<(u32, u32)> = match class {
            Class::Unicode(class) => class
                .ranges()
                .iter()
                .map(|range| (range.start().into(), range.end().into()))
                .collect(),
            Class::Bytes(class) => class
                .ranges()
                .iter()
                .map(|range| (range.start().into(), range.end().into()))
                .collect(),
        };
        let size = |(start, end): &(u32, u32)| end - start + 1;
        let total: u32 = ranges.iter().map(size).sum();
        if total == 0 {
            return Err("the pattern has a class without characters".to_owned());
        }
        if is_dot(&ranges) {
            return Ok(char::from(ANY[self.rng.random_range(0..ANY.len())]));
        }
        let mut place = self.rng.random_range(0..total);
        for range in &ranges {
            if place < size(range) {
                // A class can span the surrogates, which are no characters.
                return Ok(char::from_u32(range.0 + place).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            place -= size(range);
        }
        Err("the pattern has a class without characters".to_owned())
    }
}

/// Whether a class is all characters, or all but the line feed.
fn is_dot(ranges: &[(u32, u32)]) -> bool {
    const LAST: u32 = char::MAX as u32;
    matches!(ranges, [(0, LAST)] | [(0, 9), (11, LAST)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_text_matches_its_pattern() {
        for pattern in [
            "[a-z0-9]{15}",
            "[a-zA-Z0-9]{50}",
            "abc",
            "é[^a]",
            "(foo|bar)-[0-9]{2,5}",
            "x*y+z?",
            ".{3,}",
            r"\w\d\s\D",
            "(?i)abc",
            "a{3}(b|c[de]){2}",
            "users[0-9]{6}",
        ] {
            let anchored = pattern::compile(&format!("^(?s:{pattern})$")).unwrap();
            for _ in 0..50 {
                let text = generate(pattern).unwrap();
                assert!(anchored.is_match(&text), "{pattern} made {text}");
            }
        }
    }

    #[test]
    fn upper_bounds_are_exclusive() {
        let lengths = |pattern: &str| {
            let mut lengths: Vec<usize> =
                (0..500).map(|_| generate(pattern).unwrap().len()).collect();
            lengths.sort_unstable();
            lengths.dedup();
            lengths
        };
        assert_eq!(lengths("a?"), [0]);
        assert_eq!(lengths("a*"), [0, 1, 2, 3, 4, 5]);
        assert_eq!(lengths("a+"), [1, 2, 3, 4, 5]);
        assert_eq!(lengths("a{2,5}"), [2, 3, 4]);
        assert_eq!(lengths("a{3}"), [3]);
        assert_eq!(lengths("a{3,}"), [3, 4, 5]);
        assert_eq!(lengths("a{8,}"), [8]);
    }

    #[test]
    fn a_dot_is_a_letter_or_a_digit() {
        let text = generate(".{1000}").unwrap();
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }

    #[test]
    fn what_cannot_be_generated_is_an_error() {
        for pattern in ["^a", "a$", r"a\b", "(", "a|", r"[^\x00-\x{10FFFF}]", "(a{900}){900}"] {
            assert!(generate(pattern).is_err(), "{pattern}");
        }
        assert!(generate("((a?){1000}){1000}").is_err());
    }
}
