//! What a collection asks of the passwords of its accounts, beyond their length.

use crate::auth::{PasswordHasher, Strength};
use crate::schema::{Collection, Violation};

/// Checks a newly given password of an account of which `known` is known, such as its email. Takes
/// milliseconds where the collection asks for strength, and nothing elsewhere.
pub(crate) fn check(
    hasher: &PasswordHasher,
    collection: &Collection,
    plain: &str,
    known: &[&str],
) -> Result<(), Violation> {
    let Some(policy) = collection.auth().map(|auth| &auth.password_policy) else { return Ok(()) };
    if plain.is_empty() || policy.min_strength <= 0 && !policy.refuse_common {
        return Ok(());
    }
    // The part before the @ is as easily guessed as the whole.
    let local = known.iter().filter_map(|text| Some(text.split_once('@')?.0));
    let known: Vec<&str> =
        known.iter().copied().chain(local).filter(|text| !text.is_empty()).collect();
    let strength = Strength::of(plain, &known, hasher.common_passwords());
    if policy.refuse_common && strength.is_common {
        let message = "Many people use this password. Choose another one.";
        return Err(Violation::new("validation_common_password", message));
    }
    if i64::from(strength.score) < policy.min_strength {
        let message = format!("This password is too easy to guess. {}", strength.advice);
        return Err(Violation::new("validation_weak_password", message)
            .with("strength", strength.score)
            .with("minStrength", policy.min_strength));
    }
    Ok(())
}
