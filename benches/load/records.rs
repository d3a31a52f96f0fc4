//! The records of the published suite: what number `n` of each collection is, on every server alike.

use serde_json::json;

/// The password of all accounts.
pub(crate) const PASSWORD: &str = "1234567890";

const TYPES: [&str; 4] = ["a", "b", "c", "d"];

/// A description of 485 bytes, which a search for `ipsum dolor` finds.
pub(crate) fn description() -> String {
    let sentence =
        "Lorem ipsum dolor sit amet, which means nothing and is as long as it has to be. ";
    sentence.repeat(7)[..485].to_owned()
}

/// Organization `n`.
pub(crate) fn organization(n: usize) -> String {
    json!({ "name": format!("organizations{n}") }).to_string()
}

/// Permission `n`, of which every second one is active.
pub(crate) fn permission(n: usize) -> String {
    json!({ "name": format!("permissions{n}"), "active": n.is_multiple_of(2) }).to_string()
}

/// User `n`, of one organization, with three permissions.
pub(crate) fn user(n: usize, organizations: &[String], permissions: &[String]) -> String {
    let first = pick(n, 1, permissions.len());
    let step = 1 + pick(n, 2, (permissions.len() - 1) / 2);
    let granted: Vec<&String> =
        (0..3).map(|k| &permissions[(first + k * step) % permissions.len()]).collect();
    json!({
        "email": email(n), "username": format!("users{n}"), "name": format!("name{n}"),
        "organization": organizations[pick(n, 3, organizations.len())], "permissions": granted,
        "password": PASSWORD, "passwordConfirm": PASSWORD,
    })
    .to_string()
}

/// The address of user `n`.
pub(crate) fn email(n: usize) -> String {
    format!("users{n}@example.com")
}

/// Post `n` of `collection`, about 780 bytes.
pub(crate) fn post(n: usize, collection: &str, description: &str, users: &[String]) -> String {
    let first = pick(n, 4, 4);
    let second = (first + 1 + pick(n, 5, 3)) % 4;
    // By hand, because the generator takes time from the server where they share a machine.
    format!(
        r#"{{"title":"{collection}{n}","description":"{description}","public":{},"type":["{}","{}"],"author":"{}"}}"#,
        n.is_multiple_of(2),
        TYPES[first],
        TYPES[second],
        users[pick(n, 6, users.len())],
    )
}

/// A number below `of` that depends on `n` and `salt` only, and looks like chance.
pub(crate) fn pick(n: usize, salt: u64, of: usize) -> usize {
    let mut mixed = (n as u64).wrapping_add(salt << 40).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((mixed ^ (mixed >> 31)) % of.max(1) as u64) as usize
}
