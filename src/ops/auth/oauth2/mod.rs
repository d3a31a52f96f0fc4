//! Logins through providers elsewhere.
//!
//! The talk with the provider comes first, outside of any transaction; finding, linking or making
//! the account is one transaction after it.

mod apple;
mod linking;
mod sign_up;

use std::time::{Duration, Instant};

use serde_json::{Map, Value as Json};

use crate::oauth2::{Offer, Provider, ProviderError, Talk};
use crate::ops::{Backend, Failure};
use crate::schema::{Collection, OAuth2Provider, Violation};

use super::admission::Admission;
use super::form::Form;
use super::{Attempt, Error, Login, Method, auth_collection};
use linking::Linking;

pub use apple::apple_client_secret;

/// How long the whole talk with a provider may take.
const TALK_MAX: Duration = Duration::from_secs(30);
/// How long asking providers for their descriptions may take before a list is shown without them.
const LIST_MAX: Duration = Duration::from_secs(10);
/// Bytes of a provider's name.
const NAME_BYTES_MAX: usize = 100;
/// Bytes of everything that comes from the provider by way of the client.
const TEXT_BYTES_MAX: usize = 8 << 10;

/// What a client sends to log in with a code from a provider.
#[derive(Clone)]
pub struct OAuth2Login {
    /// The name of the provider.
    pub provider: String,
    /// What the provider gave the client.
    pub code: String,
    /// What the client kept when it sent somebody to the provider; may be empty.
    pub code_verifier: String,
    /// Where the provider sent them back to; may be empty.
    pub redirect_url: String,
    /// What the client had the provider put into the id token, when that is not the nonce of the
    /// offer; may be empty.
    pub nonce: String,
    /// Values for the account if one has to be made.
    pub create_data: Map<String, Json>,
    /// Who tries, and where from.
    pub attempt: Attempt,
}

impl std::fmt::Debug for OAuth2Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OAuth2Login").field("provider", &self.provider).finish_non_exhaustive()
    }
}

impl OAuth2Login {
    /// Exchanges the code, finds, links or makes the account and lets it in. Returns what the
    /// provider said, too, for the client. Blocks for calls of the provider, up to 30 seconds and 10
    /// more for a picture, for a hash and for commits.
    pub fn run(&self, backend: &Backend, collection: &str) -> Result<(Login, Json), Error> {
        let collection = auth_collection(&*backend.snapshot(), collection)?;
        let config = self.check_form(&collection)?;
        let talk = talk(backend, TALK_MAX);
        let provider = Provider::of(config).and_then(|provider| provider.discovered(&talk));
        let provider = provider.map_err(token_error)?;
        let token = provider
            .exchange(&talk, &self.code, &self.code_verifier, &self.redirect_url)
            .map_err(token_error)?;
        let user = provider
            .user(&talk, &token, &self.code, &self.code_verifier, &self.nonce)
            .map_err(Error::OAuth2User)?;
        let linking = Linking {
            collection: collection.id.as_str().to_owned(),
            provider: self.provider.clone(),
            user: user.clone(),
            create_data: self.create_data.clone(),
            caller: self.attempt.caller.clone(),
            admission: Admission::new(backend, self.attempt.clone(), Method::OAuth2),
        };
        let admission = linking.admission.clone();
        let (ended, is_new) = linking.run(backend)?;
        let login = admission.answer(backend, ended)?;
        Ok((login, user.to_json(&token, is_new)))
    }

    fn check_form<'c>(&self, collection: &'c Collection) -> Result<&'c OAuth2Provider, Error> {
        let options = &collection.auth().ok_or(Error::NotAuthCollection)?.oauth2;
        if !options.enabled {
            return Err(Error::OAuth2Disabled);
        }
        let mut form = Form::default();
        let config = options.providers.iter().find(|config| config.name == self.provider);
        form.required("provider", &self.provider, 0, usize::MAX);
        form.at_most("provider", &self.provider, NAME_BYTES_MAX);
        if config.is_none() {
            form.add("provider", unknown_provider(&self.provider));
        }
        form.required("code", &self.code, 0, usize::MAX);
        for (name, text) in [
            ("code", &self.code),
            ("codeVerifier", &self.code_verifier),
            ("redirectURL", &self.redirect_url),
            ("nonce", &self.nonce),
        ] {
            form.at_most(name, text, TEXT_BYTES_MAX);
        }
        form.check_as(Failure::OAuth2Form)?;
        config.ok_or(Error::OAuth2Disabled)
    }
}

fn unknown_provider(name: &str) -> Violation {
    let message = format!("Provider with name {name} is missing or is not enabled.");
    Violation::new("validation_invalid_provider", message).with("name", name)
}

fn talk(backend: &Backend, time_max: Duration) -> Talk<'_> {
    Talk {
        outbound: backend.outbound(),
        remembered: backend.providers(),
        deadline: Instant::now() + time_max,
    }
}

/// A provider that cannot work is our fault, all else may be the client's.
fn token_error(error: ProviderError) -> Error {
    match error {
        ProviderError::Configuration(_) => Error::internal(error),
        other => Error::OAuth2Token(other),
    }
}

/// What clients need to send somebody to one of the providers of `collection`. A provider that
/// cannot be used is left out. Blocks when `may_call_out` says that providers may be asked for what
/// was not configured; otherwise `None` when one has to be.
pub fn oauth2_offers(
    backend: &Backend,
    collection: &Collection,
    may_call_out: bool,
) -> Option<Vec<Offer>> {
    let options = collection.auth().map(|auth| &auth.oauth2).filter(|oauth2| oauth2.enabled);
    let Some(options) = options else { return Some(Vec::new()) };
    let talk = talk(backend, LIST_MAX);
    let mut offers = Vec::with_capacity(options.providers.len());
    for config in &options.providers {
        let offer = Provider::of(config).and_then(|provider| {
            if provider.issuer().is_some() && !may_call_out {
                return Ok(None);
            }
            provider.discovered(&talk)?.offer().map(Some)
        });
        match offer {
            Ok(Some(offer)) => offers.push(offer),
            Ok(None) => return None,
            Err(error) => {
                tracing::debug!(provider = config.name, %error, "a login provider cannot be used");
            }
        }
    }
    Some(offers)
}
