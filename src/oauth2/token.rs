//! A code for a token.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};
use url::form_urlencoded;

use super::{Provider, ProviderError, Talk};
use crate::model::Timestamp;
use crate::outbound::{Answer, Call};

/// What a provider gives for a code.
pub struct Token {
    /// What its API is called with.
    pub access: String,
    /// What a new one is asked for with; may be empty.
    pub refresh: String,
    /// Until when it is good, if the provider says.
    pub expires: Option<Timestamp>,
    /// All that was answered.
    pub(super) answer: Json,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("expires", &self.expires).finish_non_exhaustive()
    }
}

impl Provider {
    /// Exchanges `code`. `redirect_url` is the address that the client came back to, `verifier` what
    /// it kept; either may be empty. The secret goes into a header, or into the body where that is
    /// refused, which is remembered.
    pub fn exchange(
        &self,
        talk: &Talk<'_>,
        code: &str,
        verifier: &str,
        redirect_url: &str,
    ) -> Result<Token, ProviderError> {
        if self.token_url.is_empty() {
            return Err(ProviderError::Configuration("there is no token URL".to_owned()));
        }
        let mut form = vec![("grant_type", "authorization_code"), ("code", code)];
        if !redirect_url.is_empty() {
            form.push(("redirect_uri", redirect_url));
        }
        if self.pkce {
            form.push(("code_verifier", verifier));
        }
        let in_body = || self.exchange_once(talk, &form, true);
        if talk.remembered.secret_goes_in_body(&self.token_url, &self.client_id) {
            return in_body();
        }
        match self.exchange_once(talk, &form, false) {
            // A code that was refused was looked at, so the secret had arrived.
            Err(ProviderError::Refused(why)) if why != "invalid_grant" => {
                let token = in_body()?;
                talk.remembered.put_secret_in_body(&self.token_url, &self.client_id);
                Ok(token)
            }
            outcome => outcome,
        }
    }

    fn exchange_once(
        &self,
        talk: &Talk<'_>,
        form: &[(&str, &str)],
        secret_in_body: bool,
    ) -> Result<Token, ProviderError> {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        if secret_in_body {
            body.append_pair("client_id", &self.client_id);
            body.append_pair("client_secret", &self.client_secret);
        }
        let kind = "application/x-www-form-urlencoded";
        let reach = self.reach(&self.token_url);
        let mut call = Call::post(reach, &*self.token_url, kind, body.finish());
        if !secret_in_body {
            let encode =
                |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", encode(&self.client_id), encode(&self.client_secret));
            call = call.header("authorization", format!("Basic {}", STANDARD.encode(pair)));
        }
        Token::of(&talk.send(call)?)
    }
}

impl Token {
    fn of(answer: &Answer) -> Result<Self, ProviderError> {
        let members = members(answer);
        let text =
            |name: &str| members.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        // Some send their failures with a status of success.
        let (status, error) = (answer.status, text("error"));
        if !error.is_empty() {
            return Err(ProviderError::Refused(error));
        }
        if !(200..300).contains(&status) {
            return Err(ProviderError::Refused(format!("status {status}")));
        }
        let access = text("access_token");
        if access.is_empty() {
            return Err(ProviderError::Malformed("there is no access token"));
        }
        let seconds = match members.get("expires_in") {
            Some(Json::Number(number)) => number.as_f64().map(|seconds| seconds as i64),
            Some(Json::String(text)) => text.parse().ok(),
            _ => None,
        };
        let expires = seconds
            .filter(|seconds| (1..=i64::from(i32::MAX)).contains(seconds))
            .map(|seconds| Timestamp::from_millis(Timestamp::now().millis() + seconds * 1000));
        let refresh = text("refresh_token");
        Ok(Self { access, refresh, expires, answer: Json::Object(members) })
    }
}

/// The members of an answer: a JSON object, or a form.
fn members(answer: &Answer) -> Map<String, Json> {
    if let Ok(Json::Object(members)) = serde_json::from_slice(&answer.body) {
        return members;
    }
    let kind = answer.content_type.split(';').next().unwrap_or_default().trim();
    if kind == "application/x-www-form-urlencoded" || kind == "text/plain" {
        let pairs = form_urlencoded::parse(&answer.body);
        return pairs.map(|(name, text)| (name.into_owned(), text.into_owned().into())).collect();
    }
    Map::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(status: u16, content_type: &str, body: &str) -> Result<Token, ProviderError> {
        let body = body.as_bytes().to_vec();
        let content_type = content_type.to_owned();
        Token::of(&Answer { status, content_type, body, ..Answer::default() })
    }

    #[test]
    fn tokens_come_as_json_and_as_forms() {
        let json = token(200, "application/json", r#"{"access_token":"a","expires_in":"60"}"#);
        let json = json.unwrap();
        assert!(json.access == "a" && json.expires.is_some() && json.refresh.is_empty());
        for kind in ["application/x-www-form-urlencoded; charset=utf-8", "text/plain"] {
            let form = token(200, kind, "access_token=a%20b&refresh_token=r&scope=").unwrap();
            assert_eq!((&*form.access, &*form.refresh), ("a b", "r"));
        }
    }

    #[test]
    fn failures_are_found_whatever_their_status() {
        let refused = |result: Result<Token, ProviderError>| match result {
            Err(ProviderError::Refused(why)) => why,
            other => panic!("{other:?}"),
        };
        let kind = "application/json";
        assert_eq!(refused(token(200, kind, r#"{"error":"bad","access_token":"a"}"#)), "bad");
        assert_eq!(refused(token(400, kind, r#"{"error":"invalid_grant"}"#)), "invalid_grant");
        assert_eq!(refused(token(500, "text/html", "<p>")), "status 500");
        assert!(matches!(token(200, kind, "{}"), Err(ProviderError::Malformed(_))));
        assert!(matches!(
            token(200, "text/html", "access_token=a"),
            Err(ProviderError::Malformed(_))
        ));
    }
}
