//! Routes of scripts.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Map, Value as Json, json};

use crate::access::Caller;
use crate::hooks::{Data, Rejection};
use crate::ops::Backend;
use crate::ops::hooked::LiveData;

use super::fault::Fault;
use super::members;
use super::program::{Kind, Program};
use super::scene::Stage;

/// A request as a script gets it.
#[derive(Debug)]
pub struct Incoming {
    /// The method; HEAD requests are GET.
    pub method: Method,
    /// The path, not decoded.
    pub path: String,
    /// What was sent, as an object.
    pub body: Map<String, Json>,
    /// Who asks.
    pub caller: Arc<Caller>,
}

/// What a script answers with.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The status, from 100 to 599.
    pub status: u16,
    /// Empty for none.
    pub content_type: String,
    /// More headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// A file to answer with instead.
    pub file: Option<ServedFile>,
    /// Whether the log is not to hear of it when all goes well.
    pub is_quiet: bool,
}

/// A file in a folder that a script serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedFile {
    /// The folder.
    pub root: PathBuf,
    /// The path in it, encoded as in a URL.
    pub path: String,
    /// Whether what is not there shows the `index.html` of the folder.
    pub index_fallback: bool,
}

/// Notes what a script answers with.
pub(super) fn respond(
    outcome: &RefCell<Outcome>,
    name: &str,
    values: &[Json],
) -> Result<Option<Json>, Rejection> {
    let text = |at: usize| values.get(at).and_then(Json::as_str).unwrap_or_default();
    let mut outcome = outcome.borrow_mut();
    match name {
        "res" => {
            let status = values.first().and_then(Json::as_u64).unwrap_or_default();
            let status = u16::try_from(status).ok().filter(|s| (100..600).contains(s));
            let status = status.ok_or_else(|| Rejection::new(500, "no status of HTTP"))?;
            outcome.status = status;
            outcome.file = None;
            text(1).clone_into(&mut outcome.content_type);
            outcome.body = match values.get(2) {
                Some(Json::Array(bytes)) => {
                    bytes.iter().map(|b| b.as_u64().unwrap_or_default() as u8).collect()
                }
                Some(Json::Object(bytes)) => {
                    let text = bytes.get("base64").and_then(Json::as_str).unwrap_or_default();
                    STANDARD.decode(text).map_err(Rejection::internal)?
                }
                _ => text(2).as_bytes().to_vec(),
            };
        }
        "res.file" => {
            let index_fallback = values.get(2) == Some(&Json::Bool(true));
            let (root, path) = (PathBuf::from(text(0)), text(1).to_owned());
            outcome.status = 200;
            outcome.file = Some(ServedFile { root, path, index_fallback });
        }
        "res.header" => outcome.headers.push((text(0).to_owned(), text(1).to_owned())),
        "res.status" => return Ok(Some(outcome.status.into())),
        "res.quiet" => outcome.is_quiet = true,
        _ => {}
    }
    Ok(None)
}

/// The routes of one program.
#[derive(Default)]
pub(super) struct Routes {
    program: Option<Arc<Program>>,
    methods: HashMap<Method, matchit::Router<usize>>,
}

impl Routes {
    /// The routes that the files name.
    pub(super) fn of(program: &Arc<Program>) -> Result<Self, Fault> {
        let mut methods = HashMap::<Method, matchit::Router<usize>>::new();
        for (number, entry) in program.entries.iter().enumerate() {
            if entry.kind != Kind::Route {
                continue;
            }
            let invalid = |what: &dyn fmt::Display| entry.fault(&format!("routerAdd: {what}"));
            let method = Method::from_bytes(entry.method.as_bytes()).map_err(|e| invalid(&e))?;
            // `{rest...}` is the rest of the path, `{$}` its end.
            let path = entry.path.replace("{$}", "");
            let path = match path.strip_suffix("...}").and_then(|path| path.rsplit_once('{')) {
                Some((before, name)) => format!("{before}{{*{name}}}"),
                None => path,
            };
            let routes = methods.entry(method).or_default();
            routes.insert(path, number).map_err(|error| invalid(&error))?;
        }
        Ok(Self { program: Some(Arc::clone(program)), methods })
    }

    /// The handler of a path, and the parts that it names.
    pub(super) fn find(&self, method: &Method, path: &str) -> Option<(usize, Map<String, Json>)> {
        let found = self.methods.get(method)?.at(path).ok()?;
        let text = |part: &str| {
            let mut parts = url::form_urlencoded::parse(part.as_bytes());
            parts.next().map(|(key, _)| key.into_owned()).unwrap_or_default()
        };
        let params = found.params.iter().map(|(name, part)| {
            // A plus sign is one in a path.
            (
                name.to_owned(),
                text(&part.replace('+', "%2B").replace('&', "%26").replace('=', "%3D")).into(),
            )
        });
        Some((*found.value, params.collect()))
    }

    /// The program, when it has something around every request.
    pub(super) fn everywhere(&self) -> Option<&Arc<Program>> {
        self.program.as_ref().filter(|program| program.has_uses())
    }

    /// How large the body of a request may be, in bytes; `None` when no script says.
    pub(super) fn body_limit(&self, method: &Method, path: &str) -> Option<u64> {
        let (number, _) = self.find(method, path)?;
        self.program.as_ref()?.body_limit(number)
    }

    /// Answers a request; `None` when no script is there for it.
    pub(super) fn answer(
        &self,
        incoming: Incoming,
        backend: Arc<Backend>,
    ) -> Option<Result<Outcome, Rejection>> {
        let program = self.program.as_ref()?;
        let (number, params) = self.find(&incoming.method, &incoming.path)?;
        let data = LiveData::new(backend, Arc::new(Caller::system()));
        let request = Request { incoming, params, data, outcome: RefCell::default() };
        let called = program.call(number, &request);
        let mut outcome = request.outcome.into_inner();
        if outcome.status == 0 {
            // A handler that answers nothing says that it is done.
            outcome.status = 200;
        }
        Some(called.map(|()| outcome))
    }
}

struct Request {
    incoming: Incoming,
    params: Map<String, Json>,
    data: LiveData,
    outcome: RefCell<Outcome>,
}

impl Stage for Request {
    fn data(&self) -> &dyn Data {
        &self.data
    }

    fn is_transactional(&self) -> bool {
        false
    }

    fn ask(&self, name: &str, values: &[Json]) -> Result<Option<Json>, Rejection> {
        match name {
            "e.info" => {
                let Incoming { path, body, caller, .. } = &self.incoming;
                let mut info = members::info(Some(caller), Some(body));
                for (key, value) in [("path", json!(path)), ("params", self.params.clone().into())]
                {
                    info[key] = value;
                }
                Ok(Some(info))
            }
            _ => respond(&self.outcome, name, values),
        }
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.methods.keys()).finish()
    }
}
