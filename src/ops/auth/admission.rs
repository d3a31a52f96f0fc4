//! The tail of every login: the auth rule, the second factor, the alert, the token, the record as
//! its owner sees it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value as Json};

use crate::access::{Caller, Gate, RuleCache};
use crate::auth::{NO_PASSWORD, TokenKind};
use crate::hooks::{AuthAction, AuthCall, Event};
use crate::mail::Delivery;
use crate::model::{RowBuf, Timestamp, Value};
use crate::ops::Backend;
use crate::ops::hooked::{LiveData, enrich};
use crate::ops::records::{Enricher, Expand, RecordView, account};
use crate::ops::views::Writing;
use crate::query::{AuthRow, Context, Request, Rows};
use crate::schema::{Collection, Record};
use crate::store::Tx;

use super::principal::issue;
use super::sessions::{Origin, token_of_login};
use super::{Error, origins, passkeys, second_factor, totp};

/// How somebody shows who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// With a password.
    Password,
    /// With a one-time password.
    Otp,
    /// With an account elsewhere.
    OAuth2,
    /// Not at all: with an account made for a visitor.
    Anonymous,
    /// With a code of an authenticator app, after another method.
    Totp,
    /// With a passkey.
    Passkey,
}

impl Method {
    /// The name that `_mfas` keeps.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Otp => "otp",
            Self::OAuth2 => "oauth2",
            Self::Anonymous => "anonymous",
            Self::Totp => "totp",
            Self::Passkey => "passkey",
        }
    }

    fn context(self) -> Context {
        match self {
            Self::Password => Context::Password,
            Self::Otp => Context::Otp,
            Self::OAuth2 => Context::OAuth2,
            Self::Anonymous => Context::Anonymous,
            Self::Totp => Context::Totp,
            Self::Passkey => Context::Passkey,
        }
    }
}

/// What logins of all kinds have in common.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Who sends the request, which is rarely the one who logs in.
    pub caller: Arc<Caller>,
    /// Where it comes from.
    pub address: IpAddr,
    /// Whether superusers may come from there.
    pub may_be_superuser: bool,
    /// The program that sent it, as it calls itself.
    pub user_agent: String,
    /// Everything that was sent, for rules to look at.
    pub body: Map<String, Json>,
    /// Relations to expand in the answer.
    pub expand: String,
}

impl Attempt {
    /// The second factor that this is the completion of; empty when it is none.
    pub(super) fn mfa_id(&self) -> &str {
        let query = self.caller.request().query.get("mfaId").filter(|id| !id.is_empty());
        let body = || self.body.get("mfaId").and_then(Json::as_str);
        query.or_else(body).unwrap_or("")
    }

    fn request(&self, method: Method) -> Request {
        Request {
            context: method.context(),
            body: self.body.clone(),
            ..self.caller.request().clone()
        }
    }
}

/// The answer to a login.
#[derive(Debug)]
pub enum Login {
    /// A token.
    Done(Box<LoggedIn>),
    /// Another login, by another method, has to follow under this id.
    SecondFactor(String),
}

/// Somebody who is logged in.
#[derive(Debug)]
pub struct LoggedIn {
    /// The token.
    pub token: String,
    /// The account, as it may see itself.
    pub record: RecordView,
}

/// Lets accounts in, or not.
#[derive(Debug, Clone)]
pub(super) struct Admission {
    attempt: Attempt,
    rules: Arc<RuleCache>,
    delivery: Delivery,
    method: Method,
}

/// How a login ended, to be kept in any case: even a refusal may have used something up.
#[derive(Debug)]
pub(super) enum Ended {
    Admitted { collection: Arc<Collection>, row: RowBuf, token: String },
    SecondFactor(String),
    Refused(Error),
}

impl Admission {
    pub(super) fn new(backend: &Backend, attempt: Attempt, method: Method) -> Self {
        let delivery = backend.delivery();
        Self { attempt, rules: Arc::clone(backend.rules()), delivery, method }
    }

    /// Whether letting accounts of `collection` in writes anything.
    pub(super) fn writes(collection: &Collection) -> bool {
        collection.auth().is_some_and(|auth| {
            auth.mfa.enabled
                || auth.totp.enabled
                || auth.auth_alert_enabled
                || auth.sessions.enabled
        })
    }

    /// Lets the account in `row` in, when nothing has to be written for it. Where sessions are kept,
    /// the token belongs to none and is refused: there, [`Self::run`] has to make it.
    pub(super) fn read(
        &self,
        rows: &dyn Rows,
        collection: &Arc<Collection>,
        row: RowBuf,
    ) -> Result<Ended, Error> {
        let token = issue(collection, row.as_row(), TokenKind::Auth, Some(true), None)?;
        if collection.is_superusers() && !self.attempt.may_be_superuser {
            return Ok(Ended::Refused(Error::ForeignAddress));
        }
        let with_views = Writing::over(rows);
        let gate = Gate::new(&with_views, &self.rules, &self.attempt.caller);
        let request = self.attempt.request(self.method);
        // An auth rule that cannot be evaluated lets nobody in.
        if !gate.may_authenticate(collection, row.as_row(), &request).unwrap_or(false) {
            return Ok(Ended::Refused(Error::AuthRuleFailed));
        }
        Ok(Ended::Admitted { collection: Arc::clone(collection), row, token })
    }

    /// Lets the account in `row` in, asking for a second factor and noting where the login came
    /// from, as its collection wants it.
    pub(super) fn run(
        &self,
        tx: &mut Tx<'_>,
        collection: &Arc<Collection>,
        row: &RowBuf,
    ) -> Result<Ended, Error> {
        let named = self.named(tx, collection, row)?;
        let row = &named;
        let ended = self.read(tx, collection, row.clone())?;
        // There is no second way into an account that nobody can log in to.
        if !matches!(ended, Ended::Admitted { .. }) || self.method == Method::Anonymous {
            return Ok(ended);
        }
        if let Some(open) = self.second_factor(tx, collection, row)? {
            return Ok(open);
        }
        let place = origins::Place::new(self.attempt.address, &self.attempt.user_agent);
        if collection.auth().is_some_and(|auth| auth.auth_alert_enabled) {
            origins::note(tx, &self.delivery, collection, row, &place)?;
        }
        let origin = Origin { method: self.method.as_str(), place: &place };
        let token = token_of_login(tx, collection, row.as_row(), true, None, &origin)?;
        Ok(Ended::Admitted { collection: Arc::clone(collection), row: row.clone(), token })
    }

    /// The account in `row`, which is no visitor's any more once it is linked to one elsewhere.
    fn named(
        &self,
        tx: &mut Tx<'_>,
        collection: &Arc<Collection>,
        row: &RowBuf,
    ) -> Result<RowBuf, Error> {
        if self.method != Method::OAuth2 || !collection.is_anonymous(row.as_row()) {
            return Ok(row.clone());
        }
        let Some(rowid) = tx.find(collection, row.as_row().id())? else { return Ok(row.clone()) };
        let mut account = Record::from_row(collection.clone(), row.as_row());
        account.set("password", Value::Text(NO_PASSWORD.to_owned()));
        Ok(account::replace(tx, rowid, row, account)?)
    }

    /// How the login ends for now when it needs a second factor; `None` when nothing is missing.
    fn second_factor(
        &self,
        tx: &mut Tx<'_>,
        collection: &Arc<Collection>,
        row: &RowBuf,
    ) -> Result<Option<Ended>, Error> {
        let step = |mfa_id| second_factor::Step {
            collection,
            id: row.as_row().id(),
            method: self.method,
            mfa_id,
            now: Timestamp::now(),
        };
        let needs = match self.method {
            // A code alone is no login, whatever the collection wants.
            Method::Totp => Ok(true),
            Method::Passkey if !passkeys::need_second_factor(collection) => return Ok(None),
            _ => {
                let with_views = Writing::over(tx);
                let gate = Gate::new(&with_views, &self.rules, &self.attempt.caller);
                let request = self.attempt.request(self.method);
                gate.needs_second_factor(collection, row.as_row(), &request)
            }
        };
        match needs {
            Err(_) => return Ok(Some(Ended::Refused(Error::WrongCredentials))),
            Ok(false) => {}
            Ok(true) => match step(self.attempt.mfa_id()).run(tx)? {
                second_factor::Answer::Complete => {}
                second_factor::Answer::Begun(id) => return Ok(Some(Ended::SecondFactor(id))),
                second_factor::Answer::Refused(why) => {
                    return Ok(Some(Ended::Refused(Error::Refused(why.to_owned()))));
                }
            },
        }
        // An account with an app shows a code of it, two other methods or not.
        if self.method != Method::Totp && totp::is_needed(tx, collection, row.as_row().id())? {
            return match step("").run(tx)? {
                second_factor::Answer::Begun(id) => Ok(Some(Ended::SecondFactor(id))),
                second_factor::Answer::Complete | second_factor::Answer::Refused(_) => {
                    Err(Error::internal("a first login was taken for a second"))
                }
            };
        }
        Ok(None)
    }

    /// The answer to a login that ended so, once that is committed.
    pub(super) fn answer(&self, backend: &Backend, ended: Ended) -> Result<Login, Error> {
        backend.bell().ring();
        match ended {
            Ended::Refused(error) => Err(error),
            Ended::SecondFactor(id) => Ok(Login::SecondFactor(id)),
            Ended::Admitted { collection, row, token } => {
                let action = AuthAction::Authenticated;
                if backend.hooks().auth(action).wants(Some(&collection)) {
                    let record = Record::from_row(collection.clone(), row.as_row());
                    let (body, caller) = (self.attempt.body.clone(), self.attempt.caller.clone());
                    let (collection, record) = (collection.clone(), Some(record));
                    let call = AuthCall { action, collection, body, record, caller };
                    let data = LiveData::new(backend, Arc::new(Caller::system()));
                    if !backend.hooks().auth(action).ask(&mut Event::new(call, &data))? {
                        return Err(Error::Stopped);
                    }
                }
                backend.factors().fresh.note(&token, Instant::now());
                let request = self.attempt.request(self.method);
                let expand = &self.attempt.expand;
                let snapshot = backend.snapshot();
                let mut view = own_view(
                    &*snapshot,
                    backend.rules(),
                    request.clone(),
                    &collection,
                    row.clone(),
                    expand,
                )?;
                if enrich::is_wanted(backend.hooks()) {
                    let auth = Some(AuthRow::new(collection, row));
                    let owner = Arc::new(Caller::new(Request { auth, ..request }));
                    enrich::enrich(backend, &owner, &mut view)?;
                }
                Ok(Login::Done(Box::new(LoggedIn { token, record: view })))
            }
        }
    }
}

/// The account in `row` as it sees itself.
pub(super) fn own_view(
    rows: &dyn Rows,
    rules: &RuleCache,
    request: Request,
    collection: &Arc<Collection>,
    row: RowBuf,
    expand: &str,
) -> Result<RecordView, Error> {
    let auth = AuthRow::new(Arc::clone(collection), row.clone());
    let owner = Caller::new(Request { auth: Some(auth), ..request });
    let with_views = Writing::over(rows);
    let enricher = Enricher::new(Gate::new(&with_views, rules, &owner));
    enricher.view(collection, row, Expand::parse(expand).as_ref())
}
