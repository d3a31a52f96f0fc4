//! What scripts ask in the name of accounts, and about who may see what.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::access::Caller;
use crate::hooks::{AccountMail, AccountToken, AuthAction, AuthCall, Data, Find, Rejection};
use crate::query::{AuthRow, Request};
use crate::schema::Record;

use super::data::stored;

fn text(json: &Json, name: &str) -> String {
    json[name].as_str().unwrap_or_default().to_owned()
}

/// Answers `data.<verb>` when it is about accounts.
pub(super) fn ask(
    data: &dyn Data,
    verb: &str,
    values: &[Json],
) -> Option<Result<Option<Json>, Rejection>> {
    let word = |at: usize| values.get(at).and_then(Json::as_str).unwrap_or_default();
    let (collection, id) = (word(0), word(1));
    let more = values.get(2).unwrap_or(&Json::Null);
    Some(match verb {
        "accountToken" => token_of(more)
            .and_then(|token| data.account_token(collection, id, &token))
            .map(|token| Some(token.into())),
        "accountMail" => mail_of(more)
            .and_then(|mail| data.send_account_mail(collection, id, &mail))
            .map(|()| None),
        "isPassword" => data.is_password(collection, id, word(2)).map(|is| Some(is.into())),
        "tokenHolder" => {
            let kinds = values.get(1).and_then(Json::as_array).into_iter().flatten();
            let kinds: Vec<&str> = kinds.filter_map(Json::as_str).collect();
            data.token_holder(word(0), &kinds).map(|found| found.as_ref().map(stored))
        }
        "passes" => {
            let caller = caller_of(data, values.get(3).unwrap_or(&Json::Null));
            caller
                .and_then(|caller| {
                    let rule = more.as_str();
                    data.as_caller(Arc::new(caller)).passes(collection, id, rule)
                })
                .map(|passes| Some(passes.into()))
        }
        _ => return None,
    })
}

fn token_of(json: &Json) -> Result<AccountToken, Rejection> {
    Ok(match json["kind"].as_str().unwrap_or_default() {
        "auth" => AccountToken::Auth {
            refreshable: json["refreshable"] == Json::Bool(true),
            seconds: json["seconds"].as_i64().filter(|seconds| *seconds > 0),
        },
        "file" => AccountToken::File,
        "verification" => AccountToken::Verification,
        "passwordReset" => AccountToken::PasswordReset,
        "emailChange" => AccountToken::EmailChange { new_email: text(json, "newEmail") },
        other => return Err(Rejection::new(500, format!("there is no token {other}"))),
    })
}

fn mail_of(json: &Json) -> Result<AccountMail, Rejection> {
    Ok(match json["kind"].as_str().unwrap_or_default() {
        "verification" => AccountMail::Verification,
        "passwordReset" => AccountMail::PasswordReset,
        "emailChange" => AccountMail::EmailChange { new_email: text(json, "newEmail") },
        "otp" => AccountMail::Otp { id: text(json, "id"), code: text(json, "code") },
        "authAlert" => AccountMail::AuthAlert { info: text(json, "info") },
        other => return Err(Rejection::new(500, format!("there is no mail {other}"))),
    })
}

/// Somebody who asks, as a script describes them.
fn caller_of(data: &dyn Data, info: &Json) -> Result<Caller, Rejection> {
    let texts = |name: &str| {
        let members = info[name].as_object().into_iter().flatten();
        members.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    };
    let auth = match info["auth"].as_array().map(Vec::as_slice) {
        Some([Json::String(collection), Json::String(id)]) => {
            let found = data.find(collection, id)?;
            found.map(|record| AuthRow::new(Arc::clone(record.collection()), record.to_row()))
        }
        _ => None,
    };
    Ok(Caller::new(Request {
        method: text(info, "method"),
        query: texts("query"),
        headers: texts("headers"),
        body: info["body"].as_object().cloned().unwrap_or_default(),
        auth,
        ..Request::default()
    }))
}

/// The account that a request is about, as far as what was sent tells.
pub(super) fn subject(call: &AuthCall, data: &dyn Data) -> Option<Record> {
    if let Some(record) = &call.record {
        return Some(record.clone());
    }
    let collection = call.collection.id.as_str();
    let sent = |name: &str| call.body.get(name)?.as_str();
    let by = |field: &str, value: &str| {
        let find = Find::filter(format!("{field} = {{:value}}")).bind("value", value);
        data.first(collection, &find).ok()?
    };
    let of_token = |kind| {
        let found = data.token_holder(sent("token")?, &[kind]).ok()??;
        (found.collection().id == call.collection.id).then_some(found)
    };
    match call.action {
        AuthAction::Password => {
            let fields = &call.collection.auth()?.password_auth.identity_fields;
            let named = sent("identityField").filter(|name| !name.is_empty());
            let mut fields = fields.iter().filter(|field| named.is_none_or(|name| *field == name));
            fields.find_map(|field| by(field, sent("identity")?))
        }
        AuthAction::RequestOtp
        | AuthAction::RequestVerification
        | AuthAction::RequestPasswordReset => by("email", sent("email")?),
        AuthAction::ConfirmVerification => of_token("verification"),
        AuthAction::ConfirmPasswordReset => of_token("passwordReset"),
        AuthAction::ConfirmEmailChange => of_token("emailChange"),
        AuthAction::RequestEmailChange => {
            let auth = call.caller.auth()?;
            Some(Record::from_row(Arc::clone(&auth.collection), auth.row.as_row()))
        }
        AuthAction::Otp => {
            let otp = data.find("_otps", sent("otpId")?).ok()??;
            let is_own = otp.text("collectionRef") == collection;
            data.find(collection, otp.text("recordRef")).ok()?.filter(|_| is_own)
        }
        AuthAction::OAuth2
        | AuthAction::Totp
        | AuthAction::Passkey
        | AuthAction::Refresh
        | AuthAction::Authenticated => None,
    }
}
