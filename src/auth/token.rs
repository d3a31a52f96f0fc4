//! Tokens: JSON web tokens signed with HMAC-SHA256.
//!
//! Nothing is stored about a token. Its key is made of the record's own key and its collection's
//! secret, so changing either ends all tokens made with it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::KeyError;

/// Longer tokens are not looked at.
const TOKEN_MAX: usize = 8 << 10;
/// `{"alg":"HS256","typ":"JWT"}`.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Requests on behalf of a record.
    Auth,
    /// Downloads of protected files.
    File,
    /// Confirms that an address is the record's.
    Verification,
    /// Sets a new password.
    PasswordReset,
    /// Sets a new email address.
    EmailChange,
}

impl TokenKind {
    const ALL: [Self; 5] =
        [Self::Auth, Self::File, Self::Verification, Self::PasswordReset, Self::EmailChange];

    /// The `type` claim.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::File => "file",
            Self::Verification => "verification",
            Self::PasswordReset => "passwordReset",
            Self::EmailChange => "emailChange",
        }
    }
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The id of the record, never empty.
    pub id: String,
    /// The id of its collection, never empty.
    pub collection_id: String,
    /// What the token is for.
    pub kind: TokenKind,
    /// Seconds since 1970 from which on it is void; `i64::MAX` for a token that never is.
    pub expires: i64,
    /// Whether it can be exchanged for a new one. Auth tokens only.
    pub refreshable: Option<bool>,
    /// The record's address when the token was made.
    pub email: Option<String>,
    /// The address to change to. Email change tokens only.
    pub new_email: Option<String>,
    /// The session that it belongs to. Auth and file tokens only, and not all of them.
    pub session: Option<String>,
}

/// The key of the tokens of one record, for one kind of token.
pub struct SigningKey(pub(super) hmac::Key);

impl SigningKey {
    /// The key made of a record's `tokenKey` and the secret of its collection for one kind of
    /// token. Fails when either is empty.
    pub fn new(token_key: &str, secret: &str) -> Result<Self, KeyError> {
        if token_key.is_empty() || secret.is_empty() {
            return Err(KeyError);
        }
        let key = [token_key, secret].concat();
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes())))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// The signed token that says `claims`.
pub fn mint(claims: &Claims, key: &SigningKey) -> String {
    let mut payload = Map::new();
    let mut put = |name: &str, value: Option<Json>| {
        if let Some(value) = value {
            payload.insert(name.to_owned(), value);
        }
    };
    put("collectionId", Some(claims.collection_id.as_str().into()));
    put("email", claims.email.as_deref().map(Json::from));
    put("exp", (claims.expires != i64::MAX).then(|| claims.expires.into()));
    put("id", Some(claims.id.as_str().into()));
    put("newEmail", claims.new_email.as_deref().map(Json::from));
    put("refreshable", claims.refreshable.map(Json::from));
    put("sid", claims.session.as_deref().map(Json::from));
    put("type", Some(claims.kind.as_str().into()));
    let payload = URL_SAFE_NO_PAD.encode(Json::Object(payload).to_string());
    let mut token = [HEADER, ".", &payload].concat();
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key.0, token.as_bytes()));
    token.push('.');
    token.push_str(&signature);
    token
}

/// What `token` says, WITHOUT checking its signature: it tells whose key to check it with.
///
/// `None` for what is no token of ours, for one over 8 KiB, and for one whose time is over or has
/// not come at `now`, in seconds since 1970.
pub fn peek(token: &str, now: i64) -> Option<Claims> {
    let parts = Parts::of(token)?;
    let payload: Payload = decode(parts.payload)?;
    let now = now as f64;
    let is_timely = payload.exp.is_none_or(|exp| now < exp)
        && payload.iat.is_none_or(|iat| iat <= now)
        && payload.nbf.is_none_or(|nbf| nbf <= now);
    if !is_timely || payload.id.is_empty() || payload.collection_id.is_empty() {
        return None;
    }
    Some(Claims {
        kind: TokenKind::ALL.into_iter().find(|kind| kind.as_str() == payload.kind)?,
        id: payload.id,
        collection_id: payload.collection_id,
        expires: payload.exp.map_or(i64::MAX, |exp| exp as i64),
        refreshable: payload.refreshable,
        email: payload.email,
        new_email: payload.new_email,
        session: payload.sid,
    })
}

/// Whether `token` was signed with `key`. Its times are [`peek`]'s business.
pub fn verify(token: &str, key: &SigningKey) -> bool {
    let Some(parts) = Parts::of(token) else {
        return false;
    };
    let Ok(signature) = URL_SAFE_NO_PAD.decode(parts.signature) else {
        return false;
    };
    hmac::verify(&key.0, parts.signed.as_bytes(), &signature).is_ok()
}

/// The parts of a token whose header names our algorithm.
struct Parts<'a> {
    /// Header and payload with the dot between them.
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Parts<'a> {
    fn of(token: &'a str) -> Option<Self> {
        if token.len() > TOKEN_MAX {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        // Nearly all tokens are our own, and carry the header that we write.
        if header != HEADER {
            let header: Header = decode(header)?;
            // Extensions that must be understood are not.
            if header.alg != "HS256" || header.crit.is_some() {
                return None;
            }
        }
        Some(Self { signed, payload, signature })
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    crit: Option<Json>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    id: String,
    collection_id: String,
    #[serde(rename = "type")]
    kind: String,
    exp: Option<f64>,
    iat: Option<f64>,
    nbf: Option<f64>,
    refreshable: Option<bool>,
    email: Option<String>,
    new_email: Option<String>,
    sid: Option<String>,
}

fn decode<T: for<'a> Deserialize<'a>>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const NOW: i64 = 1_700_000_000;

    fn key() -> SigningKey {
        SigningKey::new("record-key", "collection-secret").unwrap()
    }

    fn claims() -> Claims {
        Claims {
            id: "abc".to_owned(),
            collection_id: "pbc_1".to_owned(),
            kind: TokenKind::Auth,
            expires: NOW + 60,
            refreshable: Some(true),
            email: None,
            new_email: None,
            session: None,
        }
    }

    /// A token with any header and payload, signed with [`key`].
    fn signed(header: &Json, payload: &Json) -> String {
        let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", part(header), part(payload));
        let signature = hmac::sign(&key().0, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn payload(more: Json) -> Json {
        let mut payload = json!({"id": "abc", "collectionId": "pbc_1", "type": "auth"});
        let (Json::Object(all), Json::Object(more)) = (&mut payload, more) else { unreachable!() };
        all.extend(more);
        payload
    }

    #[test]
    fn the_example_of_rfc_7515_verifies() {
        let secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let secret = URL_SAFE_NO_PAD.decode(secret).unwrap();
        let key = SigningKey(hmac::Key::new(hmac::HMAC_SHA256, &secret));
        let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
            eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
            dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert!(verify(token, &key));
        assert!(!verify(token, &self::key()));
    }

    #[test]
    fn a_minted_token_says_what_it_was_made_of() {
        let change = Claims {
            kind: TokenKind::EmailChange,
            refreshable: None,
            email: Some("a@b.co".to_owned()),
            new_email: Some("c@d.co".to_owned()),
            ..claims()
        };
        let forever = Claims { expires: i64::MAX, kind: TokenKind::File, ..claims() };
        let of_session = Claims { session: Some("s1".to_owned()), ..claims() };
        for claims in [claims(), change, forever, of_session] {
            let token = mint(&claims, &key());
            assert!(verify(&token, &key()));
            assert_eq!(peek(&token, NOW), Some(claims));
        }
    }

    #[test]
    fn the_header_is_the_usual_one() {
        let header = URL_SAFE_NO_PAD.decode(HEADER).unwrap();
        assert_eq!(header, br#"{"alg":"HS256","typ":"JWT"}"#);
        assert!(mint(&claims(), &key()).starts_with(HEADER));
    }

    #[test]
    fn only_hs256_is_accepted() {
        for header in [
            json!({"alg": "none"}),
            json!({"alg": "hs256"}),
            json!({"alg": "HS512"}),
            json!({"alg": "RS256"}),
            json!({"typ": "JWT"}),
            json!({"alg": "HS256", "crit": ["exp"]}),
            json!("HS256"),
        ] {
            let token = signed(&header, &payload(json!({})));
            assert!(!verify(&token, &key()), "{header}");
            assert_eq!(peek(&token, NOW), None, "{header}");
        }
        let without_type = signed(&json!({"alg": "HS256"}), &payload(json!({})));
        assert!(verify(&without_type, &key()) && peek(&without_type, NOW).is_some());
        let unsigned = format!("{}.", without_type.rsplit_once('.').unwrap().0);
        assert!(!verify(&unsigned, &key()));
    }

    #[test]
    fn times_are_checked_when_present() {
        let is_timely = |times: Json| {
            let token = signed(&json!({"alg": "HS256"}), &payload(times));
            peek(&token, NOW).is_some()
        };
        assert!(is_timely(json!({})));
        assert!(is_timely(json!({"exp": NOW + 1, "iat": NOW, "nbf": NOW})));
        assert!(is_timely(json!({"exp": 1.7e9 + 0.5})));
        assert!(!is_timely(json!({"exp": NOW})));
        assert!(!is_timely(json!({"exp": 0})));
        assert!(!is_timely(json!({"exp": "tomorrow"})));
        assert!(!is_timely(json!({"iat": NOW + 1})));
        assert!(!is_timely(json!({"nbf": NOW + 1})));
    }

    #[test]
    fn a_token_must_name_its_record_and_its_kind() {
        for wrong in [
            json!({"id": ""}),
            json!({"id": 1}),
            json!({"collectionId": ""}),
            json!({"type": ""}),
            json!({"type": "root"}),
            json!({"refreshable": "yes"}),
        ] {
            let token = signed(&json!({"alg": "HS256"}), &payload(wrong.clone()));
            assert_eq!(peek(&token, NOW), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_too_long_or_no_token_is_refused() {
        let long = signed(&json!({"alg": "HS256"}), &payload(json!({"x": "x".repeat(TOKEN_MAX)})));
        for token in ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", &long] {
            assert_eq!(peek(token, NOW), None);
            assert!(!verify(token, &key()));
        }
    }

    #[test]
    fn keys_need_both_parts_and_stay_secret() {
        assert!(SigningKey::new("", "secret").is_err());
        assert!(SigningKey::new("key", "").is_err());
        assert_eq!(format!("{:?}", key()), "SigningKey(..)");
        let other = SigningKey::new("record-key", "other-secret").unwrap();
        assert!(!verify(&mint(&claims(), &key()), &other));
    }

    proptest! {
        #[test]
        fn changing_any_character_breaks_the_signature(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_.-]") {
            let token = mint(&claims(), &key());
            let at = at.index(token.len());
            let tampered = format!("{}{to}{}", &token[..at], &token[at + 1..]);
            prop_assert_eq!(verify(&tampered, &key()), tampered == token);
        }

        #[test]
        fn peeking_never_panics(token in "\\PC{0,40}(\\.\\PC{0,40}){0,3}") {
            peek(&token, NOW);
            verify(&token, &key());
        }
    }
}
