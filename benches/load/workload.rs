//! The workloads as data: PocketBase's published suite, then TrailBase's.
//!
//! Left out are the suite's routes and hooks in JavaScript and Go, which no server but its own has;
//! the rows "sorted by -created" and "update" ask over the API for the work that those do.

use crate::measure::Pace;
use crate::options::{Options, Sizes};

/// What requests of a workload do.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// Adds records with the numbers from `from` on.
    Create { collection: &'static str, from: usize },
    /// Logs the first user in with the password.
    Login,
    /// Renews the first user's token.
    Refresh,
    /// Reads the first user.
    ViewUser,
    /// Reads posts all over a collection.
    View { collection: &'static str },
    /// Lists records, as the first user or as a guest.
    List { collection: &'static str, query: &'static str, signed_in: bool },
    /// Ten lists for three updates of posts.
    Mixed { collection: &'static str },
    /// Lists the newest posts as a superuser, as the suite's own routes do.
    Newest { collection: &'static str },
    /// Changes the titles of posts.
    Update { collection: &'static str },
    /// Deletes the records that were made last.
    Delete { collection: &'static str },
    /// Writes a message in a chat, as one of its members.
    Message,
    /// Reads a message of the chat.
    ReadMessage,
}

/// How a collection has to stand for a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setup {
    pub(crate) collection: &'static str,
    pub(crate) list_rule: &'static str,
    pub(crate) create_rule: &'static str,
    pub(crate) delete_rule: &'static str,
    /// The field that has an index, or nothing.
    pub(crate) index: &'static str,
}

/// A row of the table.
#[derive(Debug, Clone)]
pub(crate) struct Workload {
    pub(crate) name: String,
    pub(crate) requests: usize,
    pub(crate) concurrency: usize,
    pub(crate) pace: Pace,
    pub(crate) kind: Kind,
    pub(crate) setup: Option<Setup>,
}

/// Workloads that are measured in a row on one server, before it is the other one's turn.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    /// Collections that are emptied first.
    pub(crate) empties: Vec<&'static str>,
    pub(crate) workloads: Vec<Workload>,
    /// Whether the rounds share the requests, because what they delete is gone for good. Then
    /// connections are made in one way only.
    pub(crate) shares: bool,
}

/// Which rows of lists there are for each collection of posts: name, rule, index, query.
const FILTERS: [(&str, &str, &str, &str); 20] = [
    ("simple auth rule", "@request.auth.id != ''", "", LIST),
    ("author check, no index", "author = @request.auth.id", "", LIST),
    ("author check, index", "author = @request.auth.id", "author", LIST),
    ("author check, index, skipTotal", "author = @request.auth.id", "author", SKIP),
    ("author.id check, no index", "author.id = @request.auth.id", "", LIST),
    ("author.id check, index", "author.id = @request.auth.id", "author", LIST),
    ("author.id check, index, skipTotal", "author.id = @request.auth.id", "author", SKIP),
    ("description ~, no index", "description ~ 'ipsum dolor'", "", LIST),
    ("description ~, index", "description ~ 'ipsum dolor'", "description", LIST),
    ("description ~, index, skipTotal", "description ~ 'ipsum dolor'", "description", SKIP),
    ("type:each != all", "type:each != 'c'", "", LIST),
    ("type:each != all, skipTotal", "type:each != 'c'", "", SKIP),
    ("type:each ?!= any", "type:each ?!= 'c'", "", LIST),
    ("type:each ?!= any, skipTotal", "type:each ?!= 'c'", "", SKIP),
    ("nested relation", "author.organization.name != 'test'", "", LIST),
    ("nested relation, skipTotal", "author.organization.name != 'test'", "", SKIP),
    ("nested relations, all", "author.permissions.active = true", "", LIST),
    ("nested relations, all, skipTotal", "author.permissions.active = true", "", SKIP),
    ("nested relations, any", "author.permissions.active ?= true", "", LIST),
    ("nested relations, any, skipTotal", "author.permissions.active ?= true", "", SKIP),
];
const EXPANDS: [(&str, &str); 4] = [
    ("expand author", "perPage=20&expand=author"),
    ("expand author, fields", "perPage=20&expand=author&fields=id,collectionId,expand.author.id"),
    ("expand author.permissions", "perPage=20&expand=author.permissions"),
    (
        "expand author.permissions, fields",
        "perPage=20&expand=author.permissions&fields=id,collectionId,expand.author.id,expand.author.expand.permissions.id",
    ),
];
const LIST: &str = "perPage=20";
const SKIP: &str = "perPage=20&skipTotal=1";
const SIGNED_IN: &str = "@request.auth.id != ''";

/// Everything, in the order in which it has to run.
pub(crate) fn all(options: &Options) -> Vec<Unit> {
    let sizes = &options.sizes;
    let mut units = vec![accounts(sizes)];
    units.extend(sizes.posts.iter().map(|&(collection, count)| creates(collection, count)));
    units.extend(auth());
    for &(collection, _) in &sizes.posts {
        units.extend(lists(collection).into_iter().map(Unit::one));
    }
    let first = sizes.posts[0].0;
    units.extend(native(first).into_iter().map(Unit::one));
    units.extend(open(first).into_iter().map(Unit::one));
    for &(collection, _) in &sizes.posts {
        units.extend(deletes(collection).into_iter().map(Unit::one));
    }
    units.extend(cascades(sizes));
    units.push(chat(sizes));
    units
}

/// The collection that [`logging`] is about.
pub(crate) const LOGGED: &str = "posts10k";

/// What the cost of the log is measured with: the accounts that are needed, then creates, and views of
/// what they made.
pub(crate) fn logging(sizes: &Sizes) -> (Unit, [Workload; 2]) {
    let (created, viewed) = sizes.messages;
    let create = Kind::Create { collection: LOGGED, from: 0 };
    let view = Kind::View { collection: LOGGED };
    let create = row("create posts".to_owned(), created, 64, create);
    (accounts(sizes), [create, row("view posts".to_owned(), viewed * 5, 64, view)])
}

impl Unit {
    fn one(workload: Workload) -> Self {
        Self { empties: Vec::new(), workloads: vec![workload], shares: false }
    }
}

/// A workload that needs nothing, at full speed.
fn row(name: String, requests: usize, concurrency: usize, kind: Kind) -> Workload {
    let concurrency = concurrency.min(requests);
    Workload { name, requests, concurrency, pace: Pace::Closed, kind, setup: None }
}

fn open_to_all(collection: &'static str) -> Setup {
    Setup { collection, list_rule: "", create_rule: "", delete_rule: "", index: "" }
}

fn half(
    collection: &'static str,
    half: (usize, usize),
    concurrency: usize,
    create_rule: &'static str,
) -> Workload {
    let (from, to) = half;
    let ruled = if create_rule.is_empty() { "no rule" } else { "rule" };
    let name = format!("create {} {collection}, {ruled}", to - from);
    let setup = Setup { create_rule, ..open_to_all(collection) };
    let kind = Kind::Create { collection, from };
    Workload { setup: Some(setup), ..row(name, to - from, concurrency, kind) }
}

fn accounts(sizes: &Sizes) -> Unit {
    let named = "@request.body.name != ''";
    let granted = "@request.body.email != '' && @request.body.permissions:length > 0";
    let mut workloads = Vec::new();
    for (collection, count, concurrency, rule) in [
        ("organizations", sizes.organizations, 10, named),
        ("permissions", sizes.permissions, 5, named),
        ("users", sizes.users, 50, granted),
    ] {
        workloads.push(half(collection, (0, count / 2), concurrency, ""));
        workloads.push(half(collection, (count / 2, count), concurrency, rule));
    }
    Unit { empties: vec!["users", "permissions", "organizations"], workloads, shares: false }
}

fn creates(collection: &'static str, count: usize) -> Unit {
    let rule = "@request.auth.id != '' && @request.body.public:isset = true";
    let workloads = vec![
        half(collection, (0, count / 2), 500, ""),
        half(collection, (count / 2, count), 500, rule),
    ];
    Unit { empties: vec![collection], workloads, shares: false }
}

fn auth() -> Vec<Unit> {
    [
        ("auth-with-password", 250, 250, Kind::Login),
        ("auth-with-password", 250, 10, Kind::Login),
        ("auth-refresh", 1000, 1000, Kind::Refresh),
        ("auth-refresh", 1000, 100, Kind::Refresh),
        ("view user", 1000, 100, Kind::ViewUser),
        ("view user", 1000, 1000, Kind::ViewUser),
    ]
    .into_iter()
    .map(|(name, requests, concurrency, kind)| {
        Unit::one(row(name.to_owned(), requests, concurrency, kind))
    })
    .collect()
}

fn lists(collection: &'static str) -> Vec<Workload> {
    let list = |name: &str, requests, concurrency, query, setup: Setup| {
        let signed_in = setup.list_rule.contains("@request.auth");
        let kind = Kind::List { collection, query, signed_in };
        let name = format!("{collection}: {name}");
        Workload { setup: Some(setup), ..row(name, requests, concurrency, kind) }
    };
    let public = || open_to_all(collection);
    let mut rows = vec![
        list("list (simpleA)", 1000, 1, LIST, public()),
        list("list (simpleB)", 1000, 1000, LIST, public()),
        list("list, skipTotal (simpleC)", 1000, 1000, SKIP, public()),
    ];
    let mixed = format!("{collection}: 1000 lists, 300 updates (mixed)");
    let mixed = row(mixed, 1300, 1300, Kind::Mixed { collection });
    rows.push(Workload { setup: Some(public()), ..mixed });
    rows.extend(EXPANDS.map(|(name, query)| list(name, 100, 10, query, public())));
    rows.extend(FILTERS.map(|(name, list_rule, index, query)| {
        list(name, 100, 10, query, Setup { list_rule, index, ..public() })
    }));
    rows
}

/// What the suite's own routes and hooks do to the data, over the API.
fn native(collection: &'static str) -> Vec<Workload> {
    let newest = format!("{collection}: sorted by -created, skipTotal");
    let mut rows: Vec<Workload> = [500, 50, 1]
        .into_iter()
        .map(|concurrency| row(newest.clone(), 500, concurrency, Kind::Newest { collection }))
        .collect();
    rows.push(row(format!("{collection}: update"), 100, 10, Kind::Update { collection }));
    rows
}

/// So many requests in a second, whatever the server makes of it: five seconds of each.
fn open(collection: &'static str) -> Vec<Workload> {
    let query = LIST;
    [
        (1000, "view", Kind::View { collection }),
        (200, "list", Kind::List { collection, query, signed_in: false }),
    ]
    .into_iter()
    .map(|(rate, what, kind)| {
        let name = format!("{collection}: {what}, {rate}/s (open loop)");
        let pace = Pace::Open(f64::from(rate));
        let setup = Some(open_to_all(collection));
        Workload { pace, setup, ..row(name, rate as usize * 5, 100, kind) }
    })
    .collect()
}

fn deletes(collection: &'static str) -> Vec<Workload> {
    [("no rule", ""), ("rule", SIGNED_IN)]
        .into_iter()
        .map(|(ruled, delete_rule)| {
            let name = format!("delete {collection}, {ruled}");
            let setup = Setup { delete_rule, ..open_to_all(collection) };
            let kind = Kind::Delete { collection };
            Workload { setup: Some(setup), ..row(name, 100, 10, kind) }
        })
        .collect()
}

/// Deletes that take along what points there: a fifth of the users with their posts, then all
/// organizations with the users and posts that are left.
fn cascades(sizes: &Sizes) -> Vec<Unit> {
    [
        ("delete users with their posts", "users", sizes.users / 5),
        ("delete organizations with users and posts", "organizations", sizes.organizations),
    ]
    .into_iter()
    .map(|(name, collection, count)| {
        let workload = row(name.to_owned(), count, 10, Kind::Delete { collection });
        let workload = Workload { setup: Some(open_to_all(collection)), ..workload };
        Unit { shares: true, ..Unit::one(workload) }
    })
    .collect()
}

/// TrailBase's chat: inserts that only members may make, and reads.
fn chat(sizes: &Sizes) -> Unit {
    let (written, read) = sizes.messages;
    let workloads = vec![
        row("TrailBase: insert messages".to_owned(), written, 64, Kind::Message),
        row("TrailBase: read messages".to_owned(), read, 64, Kind::ReadMessage),
    ];
    Unit { empties: vec!["messages"], workloads, shares: false }
}
