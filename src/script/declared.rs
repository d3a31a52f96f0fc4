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

/// The names that an engine has and a bare one has not.
fn there() -> BTreeSet<String> {
    let engine = Engine::new(&ScriptLimits::default(), std::path::Path::new("/hooks")).unwrap();
    let own = engine.global_names().unwrap();
    let bare = rquickjs::Context::full(&rquickjs::Runtime::new().unwrap()).unwrap();
    let plain: String =
        bare.with(|ctx| ctx.eval("Object.getOwnPropertyNames(globalThis).join(' ')").unwrap());
    let plain: BTreeSet<&str> = plain.split(' ').collect();
    let is_own = |name: &&str| !plain.contains(name) && *name != "__machine";
    own.split(' ').filter(is_own).map(str::to_owned).collect()
}

#[test]
fn every_global_of_scripts_is_declared() {
    let (declared, there) = (declared(), there());
    let missing: Vec<_> = there.difference(&declared).collect();
    assert!(missing.is_empty(), "not declared: {missing:?}");
}

#[test]
fn every_name_that_is_declared_is_there() {
    let (declared, there) = (declared(), there());
    // What replaces a name of the language is no news to the engine.
    let missing: Vec<_> = declared.difference(&there).filter(|name| *name != "toString").collect();
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
