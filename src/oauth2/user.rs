//! What a provider says of somebody.

use serde_json::{Map, Value as Json, json};

use super::entry::{Emails, Source};
use super::lookup::{Answers, is_yes};
use super::remembered::object;
use super::{Provider, ProviderError, Talk, Token};
use crate::outbound::Call;

/// What a provider says of somebody. Every text may be empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct User {
    /// Who it is, for this provider.
    pub id: String,
    /// A name for people.
    pub name: String,
    /// A name in the manner of accounts.
    pub username: String,
    /// An address that the provider vouches for.
    pub email: String,
    /// Where a picture is.
    pub avatar_url: String,
    /// All that the provider said.
    pub raw: Map<String, Json>,
}

impl User {
    /// What clients get to know: this, the token that it was got with, and whether the account was
    /// made for it.
    pub fn to_json(&self, token: &Token, is_new: bool) -> Json {
        json!({
            "accessToken": token.access,
            "avatarURL": self.avatar_url,
            "avatarUrl": self.avatar_url,
            "email": self.email,
            "expiry": token.expires.map_or(String::new(), |time| time.to_string()),
            "id": self.id,
            "isNew": is_new,
            "name": self.name,
            "rawUser": self.raw,
            "refreshToken": token.refresh,
            "username": self.username,
        })
    }
}

impl Provider {
    /// Asks who `token` belongs to. `code` and `verifier` are those of the login; `nonce` is what
    /// the client had put into the request itself, empty when it was the one of the offer.
    pub fn user(
        &self,
        talk: &Talk<'_>,
        token: &Token,
        code: &str,
        verifier: &str,
        nonce: &str,
    ) -> Result<User, ProviderError> {
        let nonce = if nonce.is_empty() { self.nonce(verifier) } else { Some(nonce.to_owned()) };
        let answer = self.raw_user(talk, token, nonce.as_deref())?;
        let answers = Answers { user: &answer, token: &token.answer };
        let map = &self.entry.user;
        if !answers.holds(map.active) {
            return Err(ProviderError::Inactive);
        }
        let mut user = User {
            id: answers.text(map.id),
            name: answers.text(map.name),
            username: answers.text(map.username),
            email: answers.text(map.email),
            avatar_url: answers.text(map.avatar),
            raw: Map::new(),
        };
        if let Some(emails) = self.entry.emails.filter(|_| user.email.is_empty()) {
            user.email = self.listed_email(talk, token, emails)?;
        }
        if self.entry.source == Source::Microsoft {
            self.choose_email(talk, token, &mut user)?;
        }
        if matches!(self.entry.source, Source::IdToken { .. }) && user.name.is_empty() {
            user.name = talk.remembered.take_name(code).unwrap_or_default();
        }
        if let Json::Object(members) = answer {
            user.raw = members;
        }
        for name in map.of_token {
            if let (false, Some(json)) = (user.raw.contains_key(*name), token.answer.get(name)) {
                user.raw.insert((*name).to_owned(), json.clone());
            }
        }
        Ok(user)
    }

    fn raw_user(
        &self,
        talk: &Talk<'_>,
        token: &Token,
        nonce: Option<&str>,
    ) -> Result<Json, ProviderError> {
        let url = &self.user_info_url;
        match self.entry.source {
            Source::IdToken { .. } => self.id_claims(talk, token, nonce),
            Source::OpenId if url.is_empty() => self.id_claims(talk, token, nonce),
            Source::OpenId if !self.jwks_url.is_empty() => {
                let claims = self.id_claims(talk, token, nonce)?;
                let user = self.ask(talk, token, Call::get(self.reach(url), &**url))?;
                if claims["sub"].is_null() || claims["sub"] != user["sub"] {
                    return Err(ProviderError::IdToken("it is about somebody else"));
                }
                Ok(user)
            }
            Source::GraphQl(query) => {
                let body = json!({ "query": query }).to_string();
                let call = Call::post(self.reach(url), &**url, "application/json", body);
                self.ask(talk, token, call)
            }
            Source::UserInfo | Source::OpenId | Source::Microsoft => {
                self.ask(talk, token, Call::get(self.reach(url), &**url))
            }
        }
    }

    fn ask(&self, talk: &Talk<'_>, token: &Token, call: Call) -> Result<Json, ProviderError> {
        let mut call = call.header("authorization", format!("Bearer {}", token.access));
        for (name, value) in self.entry.headers {
            call = call.header(name, value.replace("{clientId}", &self.client_id));
        }
        object(&talk.send(call)?)
    }

    /// The address among those that the provider lists. Who may not see the list has none.
    fn listed_email(
        &self,
        talk: &Talk<'_>,
        token: &Token,
        emails: Emails,
    ) -> Result<String, ProviderError> {
        let base = if emails.url.starts_with('/') { &*self.user_info_url } else { "" };
        let url = format!("{base}{}", emails.url);
        let call = Call::get(self.reach(&url), url)
            .header("authorization", format!("Bearer {}", token.access));
        let answer = talk.send(call)?;
        match answer.status {
            400..500 => return Ok(String::new()),
            200..300 => {}
            status => return Err(ProviderError::Refused(format!("status {status}"))),
        }
        let json: Json = serde_json::from_slice(&answer.body)
            .map_err(|_| ProviderError::Malformed("the addresses are no JSON"))?;
        let listed = Answers { user: &json, token: &Json::Null }.find(emails.list).cloned();
        let items = listed.as_ref().and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
        let found = items
            .iter()
            .find(|item| Answers { user: item, token: &Json::Null }.holds(emails.is_it));
        Ok(found.and_then(|item| item["email"].as_str()).unwrap_or_default().to_owned())
    }

    /// Takes the address from the claims that the option `idTokenEmailClaim` names: what Microsoft's
    /// API shows may be anything that an administrator of any tenant wrote.
    fn choose_email(
        &self,
        talk: &Talk<'_>,
        token: &Token,
        user: &mut User,
    ) -> Result<(), ProviderError> {
        let choice = self.extra.get("idTokenEmailClaim").and_then(Json::as_str).unwrap_or("");
        if choice.is_empty() {
            return Ok(());
        }
        let claims = self.id_claims(talk, token, None)?;
        let text = |name: &str| claims[name].as_str().unwrap_or_default().to_owned();
        let owned = || if is_yes(&claims["xms_edov"]) { text("email") } else { String::new() };
        user.email = match choice {
            "email" => text("email"),
            "email_and_xms_edov" => owned(),
            "verified_primary_email" => text("verified_primary_email"),
            "any_verified" => {
                Some(text("verified_primary_email")).filter(|e| !e.is_empty()).unwrap_or_else(owned)
            }
            other => {
                let why = format!("there is no idTokenEmailClaim {other}");
                return Err(ProviderError::Configuration(why));
            }
        };
        Ok(())
    }
}
