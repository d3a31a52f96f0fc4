//! Ids that follow from names, and secrets that follow from nothing.

use rand::RngExt as _;

const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// How many characters a token secret has.
const SECRET_LEN: usize = 50;
/// The most bytes of an index name that the server makes.
const MAX_INDEX_NAME: usize = 64;

/// `pbc_` and the CRC-32 of type and name; with a number behind it while `taken` says so.
pub(super) fn collection_id(type_name: &str, name: &str, taken: impl Fn(&str) -> bool) -> String {
    let sum = crc32fast::hash(format!("{type_name}{name}").as_bytes());
    first_free(format!("pbc_{sum}"), taken)
}

/// The type and the CRC-32 of the name; with a number behind it while `taken` says so.
pub(super) fn field_id(type_name: &str, name: &str, taken: impl Fn(&str) -> bool) -> String {
    let sum = crc32fast::hash(name.as_bytes());
    first_free(format!("{type_name}{sum}"), taken)
}

fn first_free(base: String, taken: impl Fn(&str) -> bool) -> String {
    if !taken(&base) {
        return base;
    }
    let numbered = (2u32..).map(|number| format!("{base}{number}"));
    numbered.into_iter().find(|id| !taken(id)).unwrap_or(base)
}

/// The name of the index that the server makes for `field`, of at most 64 bytes.
pub(super) fn index_name(field: &str, suffix: &str) -> String {
    let mut name = format!("idx_{field}_{suffix}");
    while name.len() > MAX_INDEX_NAME {
        name.pop();
    }
    name
}

/// A fresh token secret of 50 letters and digits.
pub(super) fn secret() -> String {
    random_text(SECRET_LEN)
}

/// `length` random letters and digits.
pub(super) fn random_text(length: usize) -> String {
    let mut rng = rand::rng();
    let mut letter = || char::from(ALPHANUMERIC[rng.random_range(0..ALPHANUMERIC.len())]);
    (0..length).map(|_| letter()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_from_type_and_name() {
        for (type_name, name, id) in [
            ("text", "id", "text3208210256"),
            ("password", "password", "password901924565"),
            ("text", "tokenKey", "text2504183744"),
            ("email", "email", "email3885137012"),
            ("bool", "emailVisibility", "bool1547992806"),
            ("bool", "verified", "bool256245529"),
            ("autodate", "created", "autodate2990389176"),
            ("autodate", "updated", "autodate3332085495"),
        ] {
            assert_eq!(field_id(type_name, name, |_| false), id);
        }
        assert_eq!(collection_id("base", "_mfas", |_| false), "pbc_2279338944");
        assert_eq!(collection_id("auth", "_superusers", |_| false), "pbc_3142635823");
    }

    #[test]
    fn taken_ids_get_a_number() {
        let taken = |id: &str| id == "text3208210256" || id == "text32082102562";
        assert_eq!(field_id("text", "id", taken), "text32082102563");
    }

    #[test]
    fn index_names_are_cut() {
        assert_eq!(index_name("email", &"x".repeat(100)).len(), 64);
    }

    #[test]
    fn secrets_are_long_and_differ() {
        let (a, b) = (secret(), secret());
        assert!(a.len() == 50 && a.bytes().all(|b| b.is_ascii_alphanumeric()));
        assert_ne!(a, b);
    }
}
