//! How easily a password is guessed.

use std::collections::HashSet;

use zxcvbn::matching::patterns::{DictionaryPattern, MatchPattern};
use zxcvbn::zxcvbn;

/// Characters that are looked at; more would cost time and change nothing.
const CHARS_MAX: usize = 100;
/// Advice for passwords that the estimate has none for.
const ADVICE: &str = "Add another word or two. Uncommon words are better.";

/// Passwords that an operator knows to be in use by many.
#[derive(Default)]
pub struct CommonPasswords(HashSet<Box<str>>);

impl std::fmt::Debug for CommonPasswords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CommonPasswords").field("count", &self.0.len()).finish()
    }
}

impl CommonPasswords {
    /// The passwords in `text`, one on each line, without regard to case.
    pub fn from_lines(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        Self(lines.map(|line| line.to_lowercase().into_boxed_str()).collect())
    }

    fn has(&self, plain: &str) -> bool {
        !self.0.is_empty() && self.0.contains(plain.to_lowercase().as_str())
    }
}

/// How easily a password is guessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strength {
    /// From 0, guessed at once, to 4.
    pub score: u8,
    /// Whether many people use it.
    pub is_common: bool,
    /// What would make it stronger: sentences.
    pub advice: String,
}

impl Strength {
    /// Estimates the strength of `plain` for somebody of whom `known` is known, such as their name.
    pub fn of(plain: &str, known: &[&str], common: &CommonPasswords) -> Self {
        let short: String = plain.chars().take(CHARS_MAX).collect();
        let known: Vec<String> =
            known.iter().map(|text| text.chars().take(CHARS_MAX).collect()).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let estimate = zxcvbn(&short, &known);
        let is_in_dictionary = match estimate.sequence() {
            [only] => matches!(
                &only.pattern,
                MatchPattern::Dictionary(found)
                    // The library has no public name for its list of passwords, its default.
                    if found.dictionary_name == DictionaryPattern::default().dictionary_name
            ),
            _ => false,
        };
        let advice = estimate.feedback().map(ToString::to_string).filter(|text| !text.is_empty());
        Self {
            score: estimate.score().into(),
            is_common: is_in_dictionary || common.has(plain),
            advice: advice.unwrap_or_else(|| ADVICE.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strength(plain: &str, known: &[&str]) -> Strength {
        Strength::of(plain, known, &CommonPasswords::from_lines("Depot-2026\n\n tr0ub4dor&3x \n"))
    }

    #[test]
    fn strength_grows_with_what_there_is_to_guess() {
        assert_eq!(strength("1234567890", &[]).score, 0);
        assert_eq!(strength("correct horse battery staple", &[]).score, 4);
        let alone = strength("annika.lindqvist", &[]).score;
        assert!(strength("annika.lindqvist", &["annika.lindqvist"]).score < alone);
    }

    #[test]
    fn passwords_of_many_are_common_however_they_are_written() {
        for common in ["dragon", "Password", "p4ssw0rd", "DEPOT-2026", "tr0ub4dor&3x"] {
            assert!(strength(common, &[]).is_common, "{common}");
        }
        assert!(!strength("dragon and more", &[]).is_common);
    }

    #[test]
    fn there_is_advice_even_for_good_passwords() {
        assert!(strength("password", &[]).advice.ends_with('.'));
        assert_eq!(strength("correct horse battery staple", &[]).advice, ADVICE);
    }

    #[test]
    fn long_passwords_cost_no_more_than_short_ones() {
        let long = "ab1!".repeat(100_000);
        assert_eq!(strength(&long, &[&long]).score, strength(&long[..400], &[&long[..400]]).score);
    }
}
