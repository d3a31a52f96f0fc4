//! Id tokens: who somebody is, signed by their provider.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json};

use super::jwk::{self, Algorithm};
use super::{Provider, ProviderError, Talk, Token};
use crate::model::Timestamp;

/// Longer id tokens are not looked at.
const BYTES_MAX: usize = 64 << 10;
/// Seconds that clocks may be apart.
const LEEWAY: f64 = 300.0;

/// An id token whose claims nobody has checked yet.
#[derive(Debug)]
pub(super) struct IdToken {
    header: Map<String, Json>,
    claims: Map<String, Json>,
    /// Header and claims as they were signed.
    signed: String,
    signature: Vec<u8>,
}

/// What the claims have to say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) audience: &'a str,
    /// Any of these; none means anybody.
    pub(super) issuers: &'a [String],
    /// What a nonce has to be, if there is one.
    pub(super) nonce: Option<&'a str>,
    /// Seconds since 1970.
    pub(super) now: f64,
}

impl Provider {
    /// The claims of the id token that came with `token`, checked for this client and, where keys
    /// are known, for its signature.
    pub(super) fn id_claims(
        &self,
        talk: &Talk<'_>,
        token: &Token,
        nonce: Option<&str>,
    ) -> Result<Json, ProviderError> {
        let id_token = IdToken::of(token)?;
        if !self.jwks_url.is_empty() {
            self.check_signature(talk, &id_token)?;
        }
        let now = now();
        let expected = Expected { audience: &self.client_id, issuers: &self.issuers, nonce, now };
        id_token.into_claims(&expected)
    }

    fn check_signature(&self, talk: &Talk<'_>, token: &IdToken) -> Result<(), ProviderError> {
        let reach = self.reach(&self.jwks_url);
        let set = talk.document(reach, &self.jwks_url)?;
        if token.is_known_in(&set) {
            return token.verify(&set);
        }
        // Providers change their keys now and then.
        token.verify(&*talk.fresh_document(reach, &self.jwks_url)?)
    }
}

impl IdToken {
    /// The one that came with `token`.
    fn of(token: &Token) -> Result<Self, ProviderError> {
        let text = token.answer["id_token"].as_str().unwrap_or_default();
        if text.is_empty() {
            return Err(ProviderError::IdToken("there is none"));
        }
        Self::parse(text)
    }

    pub(super) fn parse(text: &str) -> Result<Self, ProviderError> {
        let malformed = ProviderError::IdToken("it is malformed");
        if text.len() > BYTES_MAX {
            return Err(malformed);
        }
        let parts: Vec<&str> = text.split('.').collect();
        let [header, claims, signature] = parts[..] else { return Err(malformed) };
        let object = |part: &str| -> Option<Map<String, Json>> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
        };
        let (Some(header), Some(claims), Ok(signature)) =
            (object(header), object(claims), URL_SAFE_NO_PAD.decode(signature))
        else {
            return Err(malformed);
        };
        let signed = text.rsplit_once('.').map_or("", |(signed, _)| signed).to_owned();
        let token = Self { header, claims, signed, signature };
        token.algorithm()?;
        Ok(token)
    }

    /// How it says that it is signed. Extensions that have to be understood are not.
    fn algorithm(&self) -> Result<Algorithm, ProviderError> {
        let name = self.header.get("alg").and_then(Json::as_str).unwrap_or_default();
        Algorithm::of(name)
            .filter(|_| !self.header.contains_key("crit"))
            .ok_or(ProviderError::IdToken("it is not signed in a way that can be trusted"))
    }

    fn key<'s>(&self, set: &'s Json) -> Option<&'s Json> {
        jwk::find(set, self.header.get("kid").and_then(Json::as_str))
    }

    fn is_known_in(&self, set: &Json) -> bool {
        self.key(set).is_some()
    }

    fn verify(&self, set: &Json) -> Result<(), ProviderError> {
        let key = self.key(set).ok_or(ProviderError::IdToken("its key is not known"))?;
        let message = self.signed.as_bytes();
        if jwk::verify(key, self.algorithm()?, message, &self.signature) {
            Ok(())
        } else {
            Err(ProviderError::IdToken("its signature is wrong"))
        }
    }

    /// The claims, if they are as expected.
    pub(super) fn into_claims(self, expected: &Expected<'_>) -> Result<Json, ProviderError> {
        let bad = |why| Err(ProviderError::IdToken(why));
        self.check_times(expected.now)?;
        let claim = |name: &str| self.claims.get(name);
        let is_us = |json: &Json| json == expected.audience;
        let for_us = match claim("aud") {
            Some(Json::Array(all)) => all.iter().any(is_us),
            Some(one) => is_us(one),
            None => false,
        };
        if !for_us {
            return bad("it is for somebody else");
        }
        let among_others = claim("aud").and_then(Json::as_array).is_some_and(|all| all.len() > 1);
        if claim("azp").map_or(among_others, |party| !is_us(party)) {
            return bad("it was given to somebody else");
        }
        let is_issuer = |issuer: &String| claim("iss") == Some(&Json::from(issuer.as_str()));
        if !expected.issuers.is_empty() && !expected.issuers.iter().any(is_issuer) {
            return bad("somebody else made it");
        }
        if let (Some(wanted), Some(nonce)) = (expected.nonce, claim("nonce"))
            && nonce != wanted
        {
            return bad("it belongs to another login");
        }
        Ok(Json::Object(self.claims))
    }

    fn check_times(&self, now: f64) -> Result<(), ProviderError> {
        let time = |name: &str| match self.claims.get(name) {
            None => Ok(None),
            Some(json) => {
                json.as_f64().map(Some).ok_or(ProviderError::IdToken("its times are malformed"))
            }
        };
        let Some(expires) = time("exp")? else {
            return Err(ProviderError::IdToken("it never expires"));
        };
        if now >= expires + LEEWAY {
            return Err(ProviderError::IdToken("it has expired"));
        }
        for begins in [time("iat")?, time("nbf")?].into_iter().flatten() {
            if begins > now + LEEWAY {
                return Err(ProviderError::IdToken("its time has not come"));
            }
        }
        Ok(())
    }
}

fn now() -> f64 {
    Timestamp::now().millis() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
    use serde_json::json;

    use super::*;

    const NOW: f64 = 1_700_000_000.0;

    fn part(json: &Json) -> String {
        URL_SAFE_NO_PAD.encode(json.to_string())
    }

    fn good_claims() -> Json {
        json!({ "iss": "https://i.test", "aud": "me", "sub": "1", "exp": NOW + 60.0, "nonce": "n" })
    }

    fn judged(claims: &Json) -> Result<Json, ProviderError> {
        let text = format!("{}.{}.", part(&json!({ "alg": "RS256" })), part(claims));
        let issuers = ["https://i.test".to_owned()];
        let expected = Expected { audience: "me", issuers: &issuers, nonce: Some("n"), now: NOW };
        IdToken::parse(&text).unwrap().into_claims(&expected)
    }

    #[test]
    fn claims_have_to_be_for_us_from_the_issuer_in_time_and_of_this_login() {
        assert!(judged(&good_claims()).is_ok());
        for (name, value) in [
            ("aud", json!("you")),
            ("aud", json!(["you"])),
            ("aud", json!(["me", "you"])),
            ("aud", json!(null)),
            ("azp", json!("you")),
            ("iss", json!("https://i.test/")),
            ("iss", json!(null)),
            ("exp", json!(NOW - 301.0)),
            ("exp", json!("tomorrow")),
            ("exp", json!(null)),
            ("iat", json!(NOW + 301.0)),
            ("nbf", json!(NOW + 301.0)),
            ("nonce", json!("m")),
            ("nonce", json!(1)),
        ] {
            let mut claims = good_claims();
            claims[name] = value.clone();
            assert!(judged(&claims).is_err(), "{name}: {value}");
        }
        let mut claims = good_claims();
        claims.as_object_mut().unwrap().remove("exp");
        assert!(judged(&claims).is_err());
        for (name, value) in [
            ("aud", json!(["me"])),
            ("azp", json!("me")),
            ("exp", json!(NOW - 299.0)),
            ("iat", json!(NOW + 299.0)),
        ] {
            let mut claims = good_claims();
            claims[name] = value.clone();
            assert!(judged(&claims).is_ok(), "{name}: {value}");
        }
        let mut party = good_claims();
        (party["aud"], party["azp"]) = (json!(["me", "you"]), json!("me"));
        assert!(judged(&party).is_ok());
    }

    #[test]
    fn what_is_not_signed_with_a_private_key_is_refused() {
        for header in [
            json!({ "alg": "none" }),
            json!({ "alg": "HS256" }),
            json!({ "alg": "HS512" }),
            json!({ "alg": "rs256" }),
            json!({}),
            json!({ "alg": "RS256", "crit": ["x"] }),
        ] {
            let text = format!("{}.{}.", part(&header), part(&good_claims()));
            assert!(IdToken::parse(&text).is_err(), "{header}");
        }
        for text in ["", "a", "a.b", "a.b.c", "....", "e30.e30.!"] {
            assert!(IdToken::parse(text).is_err(), "{text}");
        }
    }

    /// A token with this header, signed by `sign`.
    fn signed(header: &Json, sign: impl Fn(&[u8]) -> Vec<u8>) -> IdToken {
        let signed = format!("{}.{}", part(header), part(&good_claims()));
        let signature = URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
        IdToken::parse(&format!("{signed}.{signature}")).unwrap()
    }

    #[test]
    fn signatures_are_checked_with_the_key_that_the_header_names_and_its_algorithm() {
        let random = SystemRandom::new();
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let ec =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random)
                .unwrap();
        let point = ec.public_key().as_ref();
        let ed_pkcs8 = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let ed = Ed25519KeyPair::from_pkcs8(ed_pkcs8.as_ref()).unwrap();
        let set = json!({ "keys": [
            { "kty": "EC", "crv": "P-256", "kid": "ec", "use": "sig",
              "x": encode(&point[1..33]), "y": encode(&point[33..]) },
            { "kty": "OKP", "crv": "Ed25519", "kid": "ed", "alg": "EdDSA",
              "x": encode(ed.public_key().as_ref()) },
            { "kty": "OKP", "crv": "Ed25519", "kid": "pinned", "alg": "RS256",
              "x": encode(ed.public_key().as_ref()) },
            { "kty": "OKP", "crv": "Ed25519", "kid": "enc", "use": "enc",
              "x": encode(ed.public_key().as_ref()) },
        ] });
        let with_ec = |bytes: &[u8]| ec.sign(&random, bytes).unwrap().as_ref().to_vec();
        let with_ed = |bytes: &[u8]| ed.sign(bytes).as_ref().to_vec();
        assert!(signed(&json!({ "alg": "ES256", "kid": "ec" }), with_ec).verify(&set).is_ok());
        assert!(signed(&json!({ "alg": "EdDSA", "kid": "ed" }), with_ed).verify(&set).is_ok());
        for header in [
            json!({ "alg": "EdDSA", "kid": "ec" }),
            json!({ "alg": "ES256", "kid": "ed" }),
            json!({ "alg": "RS256", "kid": "ed" }),
            json!({ "alg": "EdDSA", "kid": "pinned" }),
            json!({ "alg": "EdDSA", "kid": "enc" }),
            json!({ "alg": "EdDSA", "kid": "nobody" }),
            json!({ "alg": "EdDSA" }),
        ] {
            assert!(signed(&header, with_ed).verify(&set).is_err(), "{header}");
        }
        let broken = signed(&json!({ "alg": "ES256", "kid": "ec" }), |bytes| {
            let mut signature = with_ec(bytes);
            signature[5] ^= 1;
            signature
        });
        assert!(broken.verify(&set).is_err());
        let alone = json!({ "keys": [set["keys"][1]] });
        assert!(signed(&json!({ "alg": "EdDSA" }), with_ed).verify(&alone).is_ok());
    }
}
