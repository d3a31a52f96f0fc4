//! Which handler answers a path.

use std::fmt;
use std::sync::Arc;

use http::{Method, StatusCode};

use super::metrics::RouteStats;
use super::{ApiError, BoxFuture, Params, Reply, Request, State};

/// Answers requests of one route.
pub type Handler =
    Arc<dyn Fn(Arc<State>, Request) -> BoxFuture<'static, Result<Reply, ApiError>> + Send + Sync>;

/// Something around the handlers of routes.
pub type Middleware = Arc<
    dyn Fn(Arc<State>, Request, Next) -> BoxFuture<'static, Result<Reply, ApiError>> + Send + Sync,
>;

/// What a middleware is around: further middleware, and at last the handler.
pub struct Next {
    router: Arc<Router>,
    state: Arc<State>,
    /// `None` when no route has the path.
    route: Option<Arc<Route>>,
    /// The middleware that is next.
    at: usize,
}

impl Next {
    pub(super) fn new(router: Arc<Router>, state: Arc<State>, route: Option<Arc<Route>>) -> Self {
        Self { router, state, route, at: 0 }
    }

    /// Answers `request` with what is further in.
    ///
    /// Errors: 404 when there is no route, and what middleware and handler say.
    pub fn run(mut self, request: Request) -> BoxFuture<'static, Result<Reply, ApiError>> {
        let router = Arc::clone(&self.router);
        while let Some((prefix, middleware)) = router.middleware.get(self.at) {
            self.at += 1;
            if is_below(prefix, &request.path) {
                let state = Arc::clone(&self.state);
                return middleware(state, request, self);
            }
        }
        match self.route {
            Some(route) => (route.handler)(self.state, request),
            None => Box::pin(async { Err(ApiError::generic(StatusCode::NOT_FOUND)) }),
        }
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").field("at", &self.at).finish_non_exhaustive()
    }
}

/// Whether `path` is `prefix` or below it, by whole parts.
fn is_below(prefix: &str, path: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What rate limits call what a route does to the `{collection}` in its path, such as `create`.
pub type Actions = &'static [&'static str];

/// A route: who answers, and what rate limits know it by.
pub(super) struct Route {
    pub(super) handler: Handler,
    /// Its path, with parts in braces.
    pub(super) pattern: Box<str>,
    /// What the parts in braces are called, in their order.
    names: Arc<[Box<str>]>,
    /// What it does to the collection in its path, such as `create`; nothing when it has none.
    pub(super) actions: Actions,
    /// What it answered so far.
    pub(super) stats: Arc<RouteStats>,
}

/// The routes: for each method, paths with parts in braces such as `/api/posts/{id}`.
pub struct Router {
    actions: fn(&Method, &str) -> Actions,
    middleware: Vec<(String, Middleware)>,
    methods: Vec<(Method, matchit::Router<Arc<Route>>)>,
    /// What every route answered, and at last what had none.
    stats: Vec<Arc<RouteStats>>,
    unrouted: Arc<RouteStats>,
    /// Who answers GET requests for which there is no route.
    fallback: Option<Arc<Route>>,
}

/// A route that cannot be added.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("route {method} {path}: {reason}")]
pub struct RouteError {
    method: Method,
    path: String,
    reason: String,
}

impl Router {
    /// No routes, none of which will do anything to a collection.
    pub fn new() -> Self {
        Self::with_actions(|_, _| &[])
    }

    /// No routes. `actions` says of each that is added what it does to a collection.
    pub fn with_actions(actions: fn(&Method, &str) -> Actions) -> Self {
        let unrouted = Arc::new(RouteStats::new(Method::GET, "none"));
        let stats = vec![Arc::clone(&unrouted)];
        let (middleware, methods) = (Vec::new(), Vec::new());
        Self { actions, middleware, methods, stats, unrouted, fallback: None }
    }

    /// Adds a route. GET routes answer HEAD requests too.
    ///
    /// Fails when the path is malformed or another route has it.
    pub fn add<F, A>(&mut self, method: Method, path: &str, handler: F) -> Result<(), RouteError>
    where
        F: Fn(Arc<State>, Request) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Reply, ApiError>> + Send + 'static,
    {
        let at = self.methods.iter().position(|(known, _)| *known == method);
        let at = at.unwrap_or_else(|| {
            self.methods.push((method.clone(), matchit::Router::new()));
            self.methods.len() - 1
        });
        let handler: Handler = Arc::new(move |state, request| Box::pin(handler(state, request)));
        let actions = (self.actions)(&method, path);
        let stats = self.count(&method, path);
        let (pattern, names) = (path.into(), names_in(path));
        let route = Arc::new(Route { handler, pattern, names, actions, stats });
        self.methods[at].1.insert(path, route).map_err(|error| RouteError {
            method,
            path: path.to_owned(),
            reason: error.to_string(),
        })
    }

    /// Puts `middleware` around all that is answered below `prefix`, inside of what was added
    /// before. An empty prefix is everything.
    pub fn wrap(&mut self, prefix: &str, middleware: Middleware) {
        self.middleware.push((prefix.to_owned(), middleware));
    }

    /// Answers GET and HEAD requests for which there is no route.
    pub fn set_fallback<F, A>(&mut self, handler: F)
    where
        F: Fn(Arc<State>, Request) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Reply, ApiError>> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |state, request| Box::pin(handler(state, request)));
        let stats = self.count(&Method::GET, "/");
        let (pattern, names) = ("/".into(), Arc::default());
        let route = Route { handler, pattern, names, actions: &[], stats };
        self.fallback = Some(Arc::new(route));
    }

    /// Begins to count what a route answers.
    fn count(&mut self, method: &Method, path: &str) -> Arc<RouteStats> {
        let stats = Arc::new(RouteStats::new(method.clone(), path));
        self.stats.push(Arc::clone(&stats));
        stats
    }

    /// What every route answers, those included that have no route.
    pub(super) fn stats(&self) -> &[Arc<RouteStats>] {
        &self.stats
    }

    /// What is answered to requests without a route.
    pub(super) fn unrouted(&self) -> &RouteStats {
        &self.unrouted
    }

    /// The route of a path, and the parts of it that the route names.
    ///
    /// `None` also when a part is empty or is no UTF-8 once decoded.
    pub(super) fn find(&self, method: &Method, path: &str) -> Option<(Arc<Route>, Params)> {
        self.find_route(method, path).or_else(|| {
            let fallback = self.fallback.as_ref().filter(|_| *method == Method::GET)?;
            Some((Arc::clone(fallback), Params::default()))
        })
    }

    fn find_route(&self, method: &Method, path: &str) -> Option<(Arc<Route>, Params)> {
        let (_, routes) = self.methods.iter().find(|(known, _)| known == method)?;
        let found = routes.at(path).ok()?;
        let values = found.params.iter().map(|(_, raw)| decode(raw).filter(|v| !v.is_empty()));
        let values = values.collect::<Option<Vec<_>>>()?;
        Some((Arc::clone(found.value), Params::new(Arc::clone(&found.value.names), values)))
    }
}

/// What the parts in braces of a path are called.
fn names_in(path: &str) -> Arc<[Box<str>]> {
    // Doubled braces stand for themselves.
    let path = path.replace("{{", "").replace("}}", "");
    let parts = path.split('{').skip(1).filter_map(|part| part.split_once('}'));
    parts.map(|(name, _)| name.trim_start_matches('*').into()).collect()
}

impl Default for Router {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.methods.iter().map(|(method, _)| method)).finish()
    }
}

/// Undoes percent encoding; `None` when what comes out is no UTF-8.
pub(super) fn decode(raw: &str) -> Option<String> {
    if !raw.contains('%') {
        return Some(raw.to_owned());
    }
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = match (first, after) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        if let Some((high, low)) = escaped {
            bytes.push(high << 4 | low);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router() -> Router {
        let mut router = Router::new();
        for path in ["/api/health", "/api/c/{c}/records/{id}", "/_/{*path}"] {
            router.add(Method::GET, path, async |_, _| Ok(Reply::no_content())).unwrap();
        }
        router
    }

    fn find(path: &str) -> Option<Params> {
        router().find(&Method::GET, path).map(|(_, params)| params)
    }

    #[test]
    fn parts_are_decoded_once() {
        let params = find("/api/c/a%20b/records/%2e%2e%2Fx%00%252e").unwrap();
        assert_eq!(params.get("c"), "a b");
        assert_eq!(params.get("id"), "../x\0%2e");
    }

    #[test]
    fn other_spellings_of_a_path_are_other_paths() {
        for path in [
            "",
            "/",
            "*",
            "/api",
            "//api/health",
            "/api//health",
            "/api/health/",
            "/api/./health",
            "/api/x/../health",
            "/api/c//records/x",
            "/api/c/a/records/",
            "/API/health",
            "/api/c/a/records/b/",
            "/api/c/%ff/records/b",
            "/api%2fhealth",
        ] {
            assert_eq!(find(path), None, "{path}");
        }
    }

    #[test]
    fn broken_escapes_are_left_alone() {
        assert_eq!(decode("%zz%4"), Some("%zz%4".to_owned()));
        assert_eq!(decode("%"), Some("%".to_owned()));
    }

    #[test]
    fn a_route_is_added_once() {
        let error = router()
            .add(Method::GET, "/api/health", async |_, _| Ok(Reply::no_content()))
            .unwrap_err();
        assert!(error.to_string().starts_with("route GET /api/health: "), "{error}");
    }

    #[test]
    fn a_prefix_covers_whole_parts_of_a_path() {
        for (prefix, path, expected) in [
            ("", "/x", true),
            ("/", "/x", true),
            ("/api/x", "/api/x", true),
            ("/api/x", "/api/x/y", true),
            ("/api/x/", "/api/x", true),
            ("/api/x", "/api/xy", false),
            ("/api/x", "/api", false),
        ] {
            assert_eq!(is_below(prefix, path), expected, "{prefix} {path}");
        }
    }

    #[test]
    fn the_fallback_answers_what_is_read_and_has_no_route() {
        let mut router = router();
        router.set_fallback(async |_, _| Ok(Reply::no_content()));
        let pattern =
            |method, path| router.find(&method, path).map(|(route, _)| route.pattern.clone());
        assert_eq!(pattern(Method::GET, "/x/y").as_deref(), Some("/"));
        assert_eq!(pattern(Method::GET, "/api/health").as_deref(), Some("/api/health"));
        assert_eq!(pattern(Method::POST, "/x/y"), None);
    }

    #[test]
    fn methods_have_their_own_routes() {
        assert!(router().find(&Method::POST, "/api/health").is_none());
    }
}
