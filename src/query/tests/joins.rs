//! Conditions over joined rows against a second evaluator that tries every assignment.
//!
//! It reads records as JSON and follows the reference algorithm word for word: collect the
//! prefixes, try every combination of joined rows, and check plain operators for all values.

use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::model::Scalar;
use crate::query::ast::{Comparison, Expr, Operand, Operator};
use crate::query::compare::{Affinity, Class, Side, compare};
use crate::query::like::Pattern;
use crate::query::parser::parse;
use crate::query::testing::{Memory, collection, number, relation, select, text};
use crate::query::{Filter, Request, Rows, Scope, Subject};

type World = HashMap<&'static str, Vec<Json>>;

/// What a prefix stands for in one assignment.
type Joined = Option<Json>;

/// One step of a path: its prefix, that of its parent, and what it does.
#[derive(Debug, Clone, PartialEq)]
struct Step {
    prefix: String,
    parent: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Single(String),
    Items(String),
    Record(&'static str),
    Back(&'static str, String),
    All(&'static str),
}

#[derive(Debug)]
struct Path {
    steps: Vec<Step>,
    /// `None` = the item itself.
    field: Option<String>,
    length: bool,
    multi: bool,
    affinity: Affinity,
}

fn target(field: &str) -> &'static str {
    if matches!(field, "one" | "many") { "b" } else { "a" }
}

fn is_many(field: &str) -> bool {
    matches!(field, "many" | "ups" | "tags")
}

fn path_of(name: &str) -> Path {
    let mut steps: Vec<Step> = Vec::new();
    let mut prefix = String::new();
    let mut multi = false;
    let mut rest = name;
    if let Some(tail) = name.strip_prefix("@collection.") {
        let (source, path) = tail.split_once('.').unwrap();
        let owner = if source.starts_with('a') { "a" } else { "b" };
        prefix = format!("@{source}");
        steps.push(Step { prefix: prefix.clone(), parent: String::new(), kind: Kind::All(owner) });
        multi = true;
        rest = path;
    }
    let mut push = |prefix: &mut String, part: &str, kind: Kind| {
        let parent = prefix.clone();
        *prefix = format!("{prefix}/{part}");
        steps.push(Step { prefix: prefix.clone(), parent, kind });
    };
    let props: Vec<&str> = rest.split('.').collect();
    let (mut last, mut inner) = props.split_last().unwrap();
    // The id of a single relation is what the relation stores.
    if let ("id", [before @ .., single @ ("one" | "up")]) = (*last, inner) {
        (last, inner) = (single, before);
    }
    for prop in inner {
        if let Some((owner, field)) = prop.split_once("_via_") {
            let owner = if owner == "a" { "a" } else { "b" };
            multi = true;
            push(&mut prefix, prop, Kind::Back(owner, field.to_owned()));
        } else if is_many(prop) {
            multi = true;
            push(&mut prefix, &format!("{prop}#"), Kind::Items((*prop).to_owned()));
            push(&mut prefix, prop, Kind::Record(target(prop)));
        } else {
            push(&mut prefix, prop, Kind::Single((*prop).to_owned()));
        }
    }
    let (field, modifier) = last.split_once(':').unwrap_or((last, ""));
    if modifier == "each" {
        multi |= is_many(field);
        push(&mut prefix, &format!("{field}#"), Kind::Items(field.to_owned()));
        return Path { steps, field: None, length: false, multi, affinity: Affinity::None };
    }
    let length = modifier == "length";
    let affinity = match field {
        _ if length => Affinity::None,
        "n" => Affinity::Numeric,
        _ => Affinity::Text,
    };
    Path { steps, field: Some(field.to_owned()), length, multi, affinity }
}

/// What a step can stand for, given its parent; never empty.
fn options(world: &World, step: &Step, parent: &Joined) -> Vec<Joined> {
    let by_id = |collection: &str, id: &Json| {
        world[collection].iter().find(|record| record["id"] == *id).cloned()
    };
    let found: Vec<Joined> = match (&step.kind, parent) {
        (Kind::All(owner), _) => world[owner].iter().cloned().map(Some).collect(),
        (_, None) => Vec::new(),
        (Kind::Single(field), Some(row)) => vec![by_id(target(field), &row[field])],
        (Kind::Items(field), Some(row)) => match &row[field] {
            Json::Array(items) => items.iter().cloned().map(Some).collect(),
            item => vec![Some(item.clone())],
        },
        (Kind::Record(owner), Some(item)) => vec![by_id(owner, item)],
        (Kind::Back(owner, field), Some(row)) => {
            let relates = |other: &&Json| match &other[field] {
                Json::Array(ids) => ids.contains(&row["id"]),
                id => *id == row["id"],
            };
            world[owner].iter().filter(relates).cloned().map(Some).collect()
        }
    };
    if found.is_empty() { vec![None] } else { found }
}

fn scalar(json: &Json) -> Scalar<'static> {
    match json {
        Json::String(text) => Scalar::Text(text.clone().into()),
        Json::Number(number) => Scalar::Int(number.as_i64().unwrap()),
        other => panic!("{other} is no scalar"),
    }
}

fn value_at(path: &Path, joined: &HashMap<String, Joined>) -> Scalar<'static> {
    let prefix = path.steps.last().map_or("", |step| &step.prefix);
    match (&joined[prefix], &path.field) {
        (None, _) if path.length => Scalar::Int(0),
        (None, _) => Scalar::Null,
        (Some(item), None) => scalar(item),
        (Some(row), Some(field)) if path.length => {
            Scalar::Int(row[field].as_array().unwrap().len() as i64)
        }
        (Some(row), Some(field)) => scalar(&row[field]),
    }
}

/// Every combination of rows for `steps`.
fn assignments(
    world: &World,
    steps: &[Step],
    joined: &mut HashMap<String, Joined>,
    visit: &mut dyn FnMut(&HashMap<String, Joined>),
) {
    let Some((step, rest)) = steps.split_first() else {
        return visit(joined);
    };
    let parent = joined[&step.parent].clone();
    for option in options(world, step, &parent) {
        joined.insert(step.prefix.clone(), option);
        assignments(world, rest, joined, visit);
    }
}

/// An operand with all values it takes, and the one in the current assignment.
struct Side3 {
    path: Option<Path>,
    literal: Scalar<'static>,
}

impl Side3 {
    fn new(operand: &Operand) -> Self {
        let (path, literal) = match operand {
            Operand::Identifier(name) if name == "null" => (None, Scalar::Null),
            Operand::Identifier(name) => (Some(path_of(name)), Scalar::Null),
            Operand::Number(number) => (None, Scalar::Real(*number)),
            Operand::Text(text) => (None, Scalar::Text(text.clone().into())),
            Operand::Function { .. } => panic!("no functions here"),
        };
        Self { path, literal }
    }

    fn now(&self, joined: &HashMap<String, Joined>) -> Scalar<'static> {
        self.path.as_ref().map_or(self.literal.clone(), |path| value_at(path, joined))
    }

    fn all(
        &self,
        world: &World,
        base: &Json,
        joined: &HashMap<String, Joined>,
    ) -> Vec<Scalar<'static>> {
        match &self.path {
            Some(path) if path.multi => {
                let mut values = Vec::new();
                let mut fresh = HashMap::from([(String::new(), Some(base.clone()))]);
                assignments(world, &path.steps, &mut fresh, &mut |joined| {
                    values.push(value_at(path, joined));
                });
                values
            }
            _ => vec![self.now(joined)],
        }
    }

    fn side(&self, value: Scalar<'static>) -> Side<'static> {
        let class = match (&self.path, &self.literal) {
            (Some(_), _) => Class::Open,
            (None, Scalar::Null) => Class::Empty,
            (None, Scalar::Text(text)) if text.is_empty() => Class::Empty,
            _ => Class::Known,
        };
        let affinity = self.path.as_ref().map_or(Affinity::None, |path| path.affinity);
        Side { value, affinity, class, strict: false }
    }
}

fn as_text(value: &Scalar<'_>) -> String {
    match value {
        Scalar::Int(int) => int.to_string(),
        Scalar::Real(real) => real.to_string(),
        Scalar::Text(text) => text.to_string(),
        Scalar::Null => unreachable!("null was ruled out"),
    }
}

fn three_valued(
    operator: Operator,
    left: &Side3,
    l: Scalar<'static>,
    right: &Side3,
    r: Scalar<'static>,
) -> Option<bool> {
    if !matches!(operator, Operator::Like | Operator::NotLike) {
        return compare(operator, left.side(l), right.side(r));
    }
    if l.is_null() || r.is_null() {
        return None;
    }
    // A number literal on the left shows that it is a double.
    let text = match &l {
        Scalar::Real(real) => format!("{real:?}"),
        other => as_text(other),
    };
    let pattern = match right.path {
        Some(_) => Pattern::of_column(&as_text(&r)),
        None => Pattern::of_literal(&as_text(&r)),
    };
    Some(pattern.matches(&text) == (operator == Operator::Like))
}

fn holds(
    world: &World,
    base: &Json,
    comparison: &Comparison,
    joined: &HashMap<String, Joined>,
) -> bool {
    let Comparison { left, operator, any, right } = comparison;
    let (left, right) = (Side3::new(left), Side3::new(right));
    let now = three_valued(*operator, &left, left.now(joined), &right, right.now(joined));
    if now != Some(true) || *any {
        return now == Some(true);
    }
    let pairs = left
        .all(world, base, joined)
        .into_iter()
        .flat_map(|l| right.all(world, base, joined).into_iter().map(move |r| (l.clone(), r)));
    pairs.into_iter().all(|(l, r)| three_valued(*operator, &left, l, &right, r) != Some(false))
}

fn is_true(world: &World, base: &Json, expr: &Expr, joined: &HashMap<String, Joined>) -> bool {
    match expr {
        Expr::Compare(comparison) => holds(world, base, comparison, joined),
        Expr::And(parts) => parts.iter().all(|part| is_true(world, base, part, joined)),
        Expr::Or(parts) => parts.iter().any(|part| is_true(world, base, part, joined)),
    }
}

fn collect_steps(expr: &Expr, steps: &mut Vec<Step>) {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => {
            for part in parts {
                collect_steps(part, steps);
            }
        }
        Expr::Compare(comparison) => {
            for operand in [&comparison.left, &comparison.right] {
                if let Some(path) = Side3::new(operand).path {
                    for step in path.steps {
                        if !steps.contains(&step) {
                            steps.push(step);
                        }
                    }
                }
            }
        }
    }
}

fn expected(world: &World, base: &Json, expr: &Expr) -> bool {
    let mut steps = Vec::new();
    collect_steps(expr, &mut steps);
    let mut joined = HashMap::from([(String::new(), Some(base.clone()))]);
    let mut found = false;
    assignments(world, &steps, &mut joined, &mut |joined| {
        found = found || is_true(world, base, expr, joined);
    });
    found
}

fn ids() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["1", "2", "3", "gone"])
}

fn some_ids() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(vec!["1", "2", "3", "gone"], 0..=3)
}

/// Text, number, related id, related ids and tags of a record.
type Drawn<'a> = (&'a str, i64, &'a str, Vec<&'a str>, Vec<&'a str>);

fn records(max: usize, one: &'static str, many: &'static str) -> impl Strategy<Value = Vec<Json>> {
    let texts = prop::sample::select(vec!["", "a", "b", "ab", "1"]);
    let tags = proptest::sample::subsequence(vec!["a", "b"], 0..=2);
    let related = prop_oneof![Just(""), ids()];
    let record = (texts, 0..3i64, related, some_ids(), tags);
    proptest::collection::vec(record, 1..=max).prop_map(move |all| {
        let json = |(at, (t, n, r, m, tags)): (usize, Drawn<'_>)| {
            json!({"id": (at + 1).to_string(), "t": t, "n": n, one: r, many: m, "tags": tags})
        };
        all.into_iter().enumerate().map(json).collect()
    })
}

fn comparison() -> impl Strategy<Value = String> {
    let path = prop::sample::select(vec![
        "t",
        "n",
        "one.t",
        "one.n",
        "one.id",
        "one",
        "many.t",
        "many.n",
        "many.id",
        "many:each",
        "many:length",
        "tags:each",
        "tags:length",
        "one:each",
        "b_via_up.t",
        "b_via_ups.n",
        "b_via_ups.id",
        "one.a_via_one.n",
        "many.up.t",
        "many.ups.n",
        "many.ups:each",
        "one.a_via_many.t",
        "@collection.b.t",
        "@collection.b.n",
        "@collection.b:x.t",
        "@collection.b.up.n",
        "@collection.b.id",
        "@collection.b.up",
        "@collection.a.one",
        "one.tags:length",
    ]);
    let constant =
        prop::sample::select(vec!["'a'", "'b'", "''", "1", "2", "'1'", "null", "'gone'"]);
    let operator = prop::sample::select(vec![
        "=", "!=", ">", ">=", "<", "<=", "~", "!~", "?=", "?!=", "?>", "?<=", "?~", "?!~",
    ]);
    let right = prop_oneof![3 => constant.prop_map(str::to_owned), 1 => path.clone().prop_map(str::to_owned)];
    (path, operator, right, any::<bool>()).prop_map(|(left, operator, right, swap)| {
        if swap {
            format!("{right} {operator} {left}")
        } else {
            format!("{left} {operator} {right}")
        }
    })
}

fn filter() -> impl Strategy<Value = String> {
    comparison().prop_recursive(2, 3, 2, |inner| {
        (inner.clone(), inner, any::<bool>())
            .prop_map(|(a, b, and)| format!("({a}) {} ({b})", if and { "&&" } else { "||" }))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn joined_conditions_hold_when_some_assignment_makes_them_true(
        a in records(2, "one", "many"), b in records(3, "up", "ups"), text_of in filter(),
    ) {
        let world: World = HashMap::from([("a", a), ("b", b)]);
        let fields = |one, many, other| vec![
            ("t", text()), ("n", number()), (one, relation(other, 1)), (many, relation(other, 9)),
            ("tags", select(3)),
        ];
        let mut memory = Memory::new(vec![
            collection("a", fields("one", "many", "b")),
            collection("b", fields("up", "ups", "a")),
        ]);
        for (name, records) in &world {
            for record in records {
                memory.insert(name, record);
            }
        }
        let expr = parse(&text_of).unwrap();
        let base = memory.collection("a").clone();
        let filter = Filter::compile(memory.catalog(), &base, &text_of, Scope::Rule).unwrap();
        for ((_, row), record) in memory.rows_of("a").iter().zip(&world["a"]) {
            let subject = Subject::Stored(row.as_row());
            let holds = filter.matches(&memory, &Request::default(), subject).unwrap();
            prop_assert_eq!(holds, expected(&world, record, &expr), "{} on {}", text_of, record);
        }
    }
}

#[test]
fn records_with_many_that_relate_to_them_are_asked_all_of_those() {
    let mut memory = Memory::new(vec![
        collection("a", vec![("t", text())]),
        collection("b", vec![("n", number()), ("up", relation("a", 1))]),
    ]);
    memory.insert("a", &json!({"id": "1"}));
    for at in 0..40 {
        memory.insert("b", &json!({"id": format!("b{at}"), "n": at, "up": "1"}));
    }
    let base = memory.collection("a").clone();
    for (condition, expected) in [
        ("b_via_up.n ?= 3", true),
        ("b_via_up.n ?= 39", true),
        ("b_via_up.n ?= 40", false),
        ("b_via_up.n >= 0", true),
        ("b_via_up.n < 39", false),
        ("b_via_up.n ?= 39 && b_via_up.id ?= 'b39'", true),
        ("b_via_up.n ?= 39 && b_via_up.id ?= 'b38'", false),
    ] {
        let filter = Filter::compile(memory.catalog(), &base, condition, Scope::Rule).unwrap();
        let (_, row) = &memory.rows_of("a")[0];
        let subject = Subject::Stored(row.as_row());
        let holds = filter.matches(&memory, &Request::default(), subject).unwrap();
        assert_eq!(holds, expected, "{condition}");
    }
}
