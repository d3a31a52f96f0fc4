//! A provider as a collection has it: the row of the catalogue under what was configured.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value as Json};
use url::{Url, form_urlencoded};

use super::catalogue::entry;
use super::entry::{Entry, Source};
use super::{ProviderError, Talk};
use crate::outbound::Reach;
use crate::schema::OAuth2Provider;
use crate::schema::values::autogenerate;

/// A provider as a collection has it.
#[derive(Clone)]
pub struct Provider {
    pub(super) entry: &'static Entry,
    name: String,
    display_name: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    auth_url: String,
    pub(super) token_url: String,
    /// Empty when the id token says it all.
    pub(super) user_info_url: String,
    scopes: Vec<&'static str>,
    pub(super) pkce: bool,
    pub(super) extra: Map<String, Json>,
    /// Where the keys of id tokens are; empty when nobody knows.
    pub(super) jwks_url: String,
    /// Who may have made an id token; empty for anybody.
    pub(super) issuers: Vec<String>,
    /// The host whose addresses were written down by a superuser, when the rest were discovered.
    trusted_host: Option<String>,
}

/// What a client needs to send somebody to the provider.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The key of the provider.
    pub name: String,
    /// Its name for people.
    pub display_name: String,
    /// Its picture, the text of an SVG.
    pub logo: String,
    /// A random text that the client should get back.
    pub state: String,
    /// Where to go; the address to come back to has to be put behind it.
    pub auth_url: String,
    /// What the client has to keep and send with the code; empty without PKCE.
    pub code_verifier: String,
    /// Its hash; empty without PKCE.
    pub code_challenge: String,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Provider {
    /// The provider that `config` describes. Fails for a key that is not in the catalogue.
    pub fn of(config: &OAuth2Provider) -> Result<Self, ProviderError> {
        let entry = entry(&config.name)
            .ok_or_else(|| ProviderError::Configuration(format!("unknown name {}", config.name)))?;
        let either = |own: &str, usual: &str| if own.is_empty() { usual } else { own }.to_owned();
        let extra = config.extra.clone().unwrap_or_default();
        let text = |key: &str| extra.get(key).and_then(Json::as_str).unwrap_or_default();
        let mut scopes = entry.scopes.to_vec();
        let (mut jwks_url, mut issuers) = (String::new(), Vec::new());
        match entry.source {
            Source::IdToken { issuer, jwks_url: usual } => {
                usual.clone_into(&mut jwks_url);
                issuers.push(issuer.to_owned());
            }
            Source::OpenId => {
                text("jwksURL").clone_into(&mut jwks_url);
                issuers = texts(extra.get("issuers"));
            }
            Source::Microsoft if !text("idTokenEmailClaim").is_empty() => scopes.push("openid"),
            Source::Microsoft | Source::UserInfo | Source::GraphQl(_) => {}
        }
        Ok(Self {
            entry,
            name: config.name.clone(),
            display_name: either(&config.display_name, entry.display_name),
            client_id: config.client_id.clone(),
            client_secret: config.client_secret.clone(),
            auth_url: either(&config.auth_url, entry.auth_url),
            token_url: either(&config.token_url, entry.token_url),
            user_info_url: either(&config.user_info_url, entry.user_info_url),
            scopes,
            pkce: config.pkce.unwrap_or(entry.pkce),
            jwks_url,
            issuers,
            extra,
            trusted_host: None,
        })
    }

    /// The issuer whose description says what was not configured, if there is one.
    pub fn issuer(&self) -> Option<&str> {
        let issuer = self.extra.get("issuer").and_then(Json::as_str);
        issuer.filter(|issuer| self.entry.source == Source::OpenId && !issuer.is_empty())
    }

    /// Fills in what the issuer says of itself, if there is one; what was configured stays. May
    /// call the issuer, at most every ten minutes.
    pub fn discovered(mut self, talk: &Talk<'_>) -> Result<Self, ProviderError> {
        let Some(issuer) = self.issuer().map(str::to_owned) else { return Ok(self) };
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let document = talk.document(Reach::Configured, &url)?;
        if document["issuer"] != issuer.as_str() {
            return Err(ProviderError::Configuration("the issuer calls itself otherwise".into()));
        }
        for (member, own) in [
            ("authorization_endpoint", &mut self.auth_url),
            ("token_endpoint", &mut self.token_url),
            ("userinfo_endpoint", &mut self.user_info_url),
            ("jwks_uri", &mut self.jwks_url),
        ] {
            if own.is_empty() {
                document[member].as_str().unwrap_or_default().clone_into(own);
            }
        }
        if self.jwks_url.is_empty() {
            return Err(ProviderError::Configuration("the issuer names no keys".into()));
        }
        if self.issuers.is_empty() {
            self.issuers.push(issuer.clone());
        }
        self.trusted_host = host(&issuer);
        Ok(self)
    }

    /// How far calls of `url` may reach: what somebody else says is not trusted like what a
    /// superuser wrote down.
    pub(super) fn reach(&self, url: &str) -> Reach {
        match &self.trusted_host {
            Some(trusted) if host(url).as_ref() != Some(trusted) => Reach::Public,
            _ => Reach::Configured,
        }
    }

    /// Everything that a client needs, with a new state and a new verifier.
    pub fn offer(&self) -> Result<Offer, ProviderError> {
        if self.auth_url.is_empty() {
            return Err(ProviderError::Configuration("there is no address to go to".into()));
        }
        let state = random_text("[A-Za-z0-9]{30}")?;
        let (mut code_verifier, mut code_challenge) = (String::new(), String::new());
        if self.pkce {
            code_verifier = random_text("[A-Za-z0-9]{43}")?;
            code_challenge = hash(&code_verifier);
        }
        let auth_url = self.auth_url(&state, &code_verifier, &code_challenge);
        Ok(Offer {
            name: self.name.clone(),
            display_name: self.display_name.clone(),
            logo: self.entry.logo(),
            state,
            auth_url,
            code_verifier,
            code_challenge,
        })
    }

    fn auth_url(&self, state: &str, verifier: &str, challenge: &str) -> String {
        let mut params = vec![
            ("client_id", self.client_id.clone()),
            ("response_type", "code".to_owned()),
            ("state", state.to_owned()),
        ];
        if !self.scopes.is_empty() {
            params.push(("scope", self.scopes.join(" ")));
        }
        if self.pkce {
            params.push(("code_challenge", challenge.to_owned()));
            params.push(("code_challenge_method", "S256".to_owned()));
        }
        if let Some(nonce) = self.nonce(verifier) {
            params.push(("nonce", nonce));
        }
        params
            .extend(self.entry.auth_params.iter().map(|(name, text)| (*name, (*text).to_owned())));
        params.sort_unstable_by_key(|(name, _)| *name);
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
        let separator = if self.auth_url.contains('?') { '&' } else { '?' };
        format!("{}{separator}{query}&redirect_uri=", self.auth_url)
    }

    /// The nonce of an id token for the login with this verifier. It follows from the verifier, so
    /// that nobody has to remember it; `None` where there is no verifier or no id token.
    pub(super) fn nonce(&self, verifier: &str) -> Option<String> {
        let has_id_token = matches!(self.entry.source, Source::IdToken { .. } | Source::OpenId);
        (has_id_token && self.pkce && !verifier.is_empty())
            .then(|| hash(&format!("nonce:{verifier}")))
    }
}

fn texts(json: Option<&Json>) -> Vec<String> {
    match json {
        Some(Json::Array(items)) => {
            items.iter().filter_map(Json::as_str).map(str::to_owned).collect()
        }
        Some(Json::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn host(url: &str) -> Option<String> {
    Url::parse(url).ok()?.host_str().map(str::to_owned)
}

fn hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

fn random_text(pattern: &str) -> Result<String, ProviderError> {
    autogenerate::generate(pattern).map_err(ProviderError::Configuration)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(name: &str) -> OAuth2Provider {
        OAuth2Provider {
            name: name.to_owned(),
            client_id: "an id".to_owned(),
            client_secret: "secret".to_owned(),
            ..OAuth2Provider::default()
        }
    }

    #[test]
    fn the_address_to_go_to_has_sorted_parameters_and_an_open_end() {
        let offer = Provider::of(&config("google")).unwrap().offer().unwrap();
        let expected = format!(
            "https://accounts.google.com/o/oauth2/v2/auth?client_id=an+id&code_challenge={}\
             &code_challenge_method=S256&response_type=code&scope=https%3A%2F%2Fwww.googleapis.com\
             %2Fauth%2Fuserinfo.profile+https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fuserinfo.email\
             &state={}&redirect_uri=",
            offer.code_challenge, offer.state
        );
        assert_eq!(offer.auth_url, expected);
        assert_eq!((offer.state.len(), offer.code_verifier.len()), (30, 43));
        assert!(
            Provider::of(&config("apple"))
                .unwrap()
                .offer()
                .unwrap()
                .auth_url
                .contains("&response_mode=form_post&")
        );
    }

    #[test]
    fn what_is_configured_goes_before_the_catalogue() {
        let own = OAuth2Provider {
            auth_url: "https://a.test/?x=1".to_owned(),
            display_name: "Mine".to_owned(),
            pkce: Some(false),
            ..config("gitlab")
        };
        let provider = Provider::of(&own).unwrap();
        let offer = provider.offer().unwrap();
        assert!(offer.auth_url.starts_with("https://a.test/?x=1&client_id="), "{}", offer.auth_url);
        assert_eq!((&*offer.display_name, &*offer.code_verifier), ("Mine", ""));
        assert_eq!(provider.token_url, "https://gitlab.com/oauth/token");
        assert!(Provider::of(&config("nobody")).is_err());
        assert!(Provider::of(&config("oidc")).unwrap().offer().is_err());
    }

    #[test]
    fn microsoft_is_asked_for_an_id_token_only_when_it_is_looked_at() {
        let extra = json!({ "idTokenEmailClaim": "email" });
        let with = OAuth2Provider { extra: extra.as_object().cloned(), ..config("microsoft") };
        assert_eq!(Provider::of(&with).unwrap().scopes, ["User.Read", "openid"]);
        assert_eq!(Provider::of(&config("microsoft")).unwrap().scopes, ["User.Read"]);
    }

    #[test]
    fn a_nonce_belongs_to_one_verifier() {
        let provider = Provider::of(&config("oidc")).unwrap();
        assert_ne!(provider.nonce("a"), provider.nonce("b"));
        assert_eq!(provider.nonce(""), None);
        assert_eq!(Provider::of(&config("google")).unwrap().nonce("a"), None);
    }
}
