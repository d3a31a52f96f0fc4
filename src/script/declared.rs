//! What is declared for editors is what is there.

use std::collections::BTreeSet;

use super::SCRIPT_TYPES;
use super::engine::Engine;
use super::hooking::NAMES;
use super::scripts::ScriptLimits;

/// The names that the file of declarations gives to the world.
fn declared() -> BTreeSet<String> {
    let names = SCRIPT_TYPES.lines().filter_map(|line| {
        let rest = line.strip_prefix("declare ")?;
        let (kind, rest) = rest.split_once(' ')?;
        let is_value = ["function", "const", "class", "var", "let"].contains(&kind);
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))?;
        is_value.then(|| rest[..end].to_owned())
    });
    names.collect()
}

/// The names of an engine.
fn there() -> BTreeSet<String> {
    let engine = Engine::new(&ScriptLimits::default(), std::path::Path::new("/hooks")).unwrap();
    engine.global_names().unwrap().split(' ').map(str::to_owned).collect()
}

/// The names that the language has by itself.
fn plain() -> BTreeSet<String> {
    let bare = rquickjs::Context::full(&rquickjs::Runtime::new().unwrap()).unwrap();
    let names: String =
        bare.with(|ctx| ctx.eval("Object.getOwnPropertyNames(globalThis).join(' ')").unwrap());
    names.split(' ').chain(["__machine"]).map(str::to_owned).collect()
}

#[test]
fn every_global_of_scripts_is_declared() {
    let (declared, plain) = (declared(), plain());
    let is_missing = |name: &String| !plain.contains(name) && !declared.contains(name);
    let missing: Vec<_> = there().into_iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "not declared: {missing:?}");
}

#[test]
fn every_name_that_is_declared_is_there() {
    let missing: Vec<_> = declared().difference(&there()).cloned().collect();
    assert!(missing.is_empty(), "declared and not there: {missing:?}");
}

#[test]
fn every_hook_is_declared_and_every_declared_hook_hangs_somewhere() {
    let declared: BTreeSet<String> =
        declared().into_iter().filter(|name| name.starts_with("on")).collect();
    let names: BTreeSet<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(declared, names);
    assert_eq!(names.len(), 83);
}
