//! `$security`: hashes, codes and tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use md5::{Digest as _, Md5};
use rand::RngExt as _;
use ring::{digest, hmac};
use serde_json::{Value as Json, json};
use subtle::ConstantTimeEq as _;

use crate::hooks::Rejection;
use crate::model::Timestamp;

use super::sealing;

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Letters of a random text.
const LENGTH_MAX: u64 = 10_000;

/// Answers `security.<verb>`.
pub(super) fn ask(verb: &str, values: &[Json]) -> Result<Option<Json>, Rejection> {
    let text = |at: usize| values.get(at).and_then(Json::as_str).unwrap_or_default();
    let answer = match verb {
        "md5" => hex(&Md5::digest(text(0))).into(),
        "sha256" => hex(digest::digest(&digest::SHA256, text(0).as_bytes()).as_ref()).into(),
        "sha512" => hex(digest::digest(&digest::SHA512, text(0).as_bytes()).as_ref()).into(),
        "hs256" => hex(&sign(hmac::HMAC_SHA256, text(1), text(0))).into(),
        "hs512" => hex(&sign(hmac::HMAC_SHA512, text(1), text(0))).into(),
        "equal" => bool::from(text(0).as_bytes().ct_eq(text(1).as_bytes())).into(),
        "random" => {
            let length = values.first().and_then(Json::as_u64).unwrap_or_default();
            random(length, text(1))?.into()
        }
        "randomBy" => {
            let made = crate::schema::values::autogenerate::generate(text(0));
            made.map_err(|error| Rejection::new(500, error))?.into()
        }
        "encrypt" => sealing::encrypt(text(0), text(1))?.into(),
        "decrypt" => sealing::decrypt(text(0), text(1))?.into(),
        "createJWT" => {
            let payload = values.first().cloned().unwrap_or_default();
            let seconds = values.get(2).and_then(Json::as_f64).unwrap_or_default();
            create_jwt(payload, text(1), seconds as i64)?.into()
        }
        "parseJWT" => parse_jwt(text(0), values.get(1).and_then(Json::as_str))?,
        _ => return Err(Rejection::new(500, format!("$security cannot {verb}"))),
    };
    Ok(Some(answer))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn sign(algorithm: hmac::Algorithm, secret: &str, text: &str) -> Vec<u8> {
    let key = hmac::Key::new(algorithm, secret.as_bytes());
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn random(length: u64, alphabet: &str) -> Result<String, Rejection> {
    if length > LENGTH_MAX {
        return Err(Rejection::bad_request(format!("At most {LENGTH_MAX} letters.")));
    }
    let letters: Vec<char> = if alphabet.is_empty() { LETTERS } else { alphabet }.chars().collect();
    let mut rng = rand::rng();
    Ok((0..length).map(|_| letters[rng.random_range(0..letters.len())]).collect())
}

fn create_jwt(mut payload: Json, key: &str, seconds: i64) -> Result<String, Rejection> {
    let Json::Object(claims) = &mut payload else {
        return Err(Rejection::bad_request("The claims are no object."));
    };
    if key.is_empty() {
        return Err(Rejection::bad_request("The key is empty."));
    }
    if seconds > 0 {
        claims.insert("exp".to_owned(), (Timestamp::now().millis() / 1000 + seconds).into());
    }
    let encode = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed =
        format!("{}.{}", encode(&json!({ "alg": "HS256", "typ": "JWT" })), encode(&payload));
    let signature = URL_SAFE_NO_PAD.encode(sign(hmac::HMAC_SHA256, key, &signed));
    Ok(format!("{signed}.{signature}"))
}

/// The claims of a token. Without a key, nothing of it is checked.
fn parse_jwt(token: &str, key: Option<&str>) -> Result<Json, Rejection> {
    let bad = || Rejection::bad_request("The token is invalid.");
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| bad());
    let (signed, signature) = token.rsplit_once('.').ok_or_else(bad)?;
    let (header, payload) = signed.split_once('.').ok_or_else(bad)?;
    let json = |part| serde_json::from_slice::<Json>(&decode(part)?).map_err(|_| bad());
    let claims = json(payload)?;
    if let Some(secret) = key {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let is_ours = json(header)?["alg"] == "HS256" && !secret.is_empty();
        let now = Timestamp::now().millis() / 1000;
        let is_over = claims["exp"].as_i64().is_some_and(|exp| exp <= now);
        if !is_ours
            || is_over
            || hmac::verify(&key, signed.as_bytes(), &decode(signature)?).is_err()
        {
            return Err(bad());
        }
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_with_its_key_alone() {
        let token = create_jwt(json!({ "a": 1 }), "key", 60).unwrap();
        assert_eq!(parse_jwt(&token, Some("key")).unwrap()["a"], 1);
        assert_eq!(parse_jwt(&token, None).unwrap()["a"], 1);
        assert!(parse_jwt(&token, Some("other")).is_err());
        assert!(parse_jwt(&token, Some("")).is_err());
        let unsigned = format!("{}.e30.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#));
        assert!(parse_jwt(&unsigned, Some("key")).is_err());
    }

    #[test]
    fn hashes_are_those_of_everybody() {
        let sha = ask("sha256", &["abc".into()]).unwrap().unwrap();
        assert!(sha.as_str().unwrap().starts_with("ba7816bf8f01cfea"), "{sha}");
        assert_eq!(ask("equal", &["a".into(), "b".into()]).unwrap(), Some(false.into()));
        assert!(ask("random", &[1_000_000.into(), "".into()]).is_err());
    }
}
