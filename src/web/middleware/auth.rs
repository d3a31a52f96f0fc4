//! Finds out who is asking.

use super::super::caller::bearer_token;
use super::super::{ApiError, Request, State, real_ip};
use crate::model::Timestamp;

/// Puts the record that the request's token or API key belongs to into its extensions. A token that is no good
/// leaves the request a guest's.
pub(super) fn load(state: &State, request: &mut Request) -> Result<(), ApiError> {
    let Some(token) = bearer_token(request) else { return Ok(()) };
    let address = || real_ip(request, &state.backend.settings());
    let (snapshot, principals) = (state.backend.snapshot(), state.backend.principals());
    if let Some(auth) = principals.find(&snapshot, token, address)? {
        state.backend.last_uses().note(&auth, Timestamp::now());
        request.extensions.insert(auth);
    }
    Ok(())
}
