use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::{Map, Value as Json};

use super::*;
use crate::access::Caller;
use crate::schema::{Collection, Record};

/// No data at all.
struct Nothing;

impl Data for Nothing {
    fn collection(&self, _: &str) -> Result<Arc<Collection>, Rejection> {
        Err(Rejection::not_found(""))
    }
    fn collections(&self) -> Vec<Arc<Collection>> {
        Vec::new()
    }
    fn find(&self, _: &str, _: &str) -> Result<Option<Record>, Rejection> {
        Ok(None)
    }
    fn list(&self, _: &str, _: &Find) -> Result<Vec<Record>, Rejection> {
        Ok(Vec::new())
    }
    fn count(&self, _: &str, _: &Find) -> Result<u64, Rejection> {
        Ok(0)
    }
    fn create(&self, _: &str, _: Json) -> Result<Record, Rejection> {
        Err(Rejection::not_found(""))
    }
    fn update(&self, _: &str, _: &str, _: Json) -> Result<Record, Rejection> {
        Err(Rejection::not_found(""))
    }
    fn delete(&self, _: &str, _: &str) -> Result<(), Rejection> {
        Ok(())
    }
    fn save_collection(&self, _: Json) -> Result<Arc<Collection>, Rejection> {
        Err(Rejection::not_found(""))
    }
    fn import_collections(&self, _: Vec<Json>, _: bool) -> Result<(), Rejection> {
        Ok(())
    }
    fn delete_collection(&self, _: &str) -> Result<(), Rejection> {
        Ok(())
    }
    fn settings(&self) -> Result<Json, Rejection> {
        Ok(Json::Null)
    }
    fn send_mail(&self, _: Mail) -> Result<(), Rejection> {
        Ok(())
    }
    fn save_settings(&self, _: Json) -> Result<Json, Rejection> {
        Ok(Json::Null)
    }
    fn truncate(&self, _: &str) -> Result<(), Rejection> {
        Ok(())
    }
    fn select(&self, _: &str) -> Result<Vec<Map<String, Json>>, Rejection> {
        Ok(Vec::new())
    }
    fn passes(&self, _: &str, _: &str, _: Option<&str>) -> Result<bool, Rejection> {
        Ok(false)
    }
    fn account_token(&self, _: &str, _: &str, _: &AccountToken) -> Result<String, Rejection> {
        Err(Rejection::not_found(""))
    }
    fn token_holder(&self, _: &str, _: &[&str]) -> Result<Option<Record>, Rejection> {
        Ok(None)
    }
    fn is_password(&self, _: &str, _: &str, _: &str) -> Result<bool, Rejection> {
        Ok(false)
    }
    fn send_account_mail(&self, _: &str, _: &str, _: &AccountMail) -> Result<(), Rejection> {
        Ok(())
    }
    fn silently(&self) -> Box<dyn Data + '_> {
        Box::new(Self)
    }
    fn as_caller(&self, _: Arc<Caller>) -> Box<dyn Data + '_> {
        Box::new(Self)
    }
}

fn backup() -> Event<'static, BackupCall> {
    Event::new(BackupCall { name: String::new() }, &Nothing)
}

#[test]
fn hooks_run_by_priority_then_age_one_inside_the_other() {
    let hooks = Hooks::new();
    let add = |name: &'static str, priority| {
        hooks.backup_create.around(When::any().priority(priority), move |event, next| {
            event.name.push_str(name);
            next.run(event)?;
            event.name.push_str(name);
            Ok(())
        })
    };
    assert!(hooks.is_empty() && !hooks.backup_create.wants(None));
    let _ = (add("b", 0), add("c", 0), add("a", -1));
    let d = add("d", 5);
    let mut event = backup();
    let run = |event: &mut Event<'_, BackupCall>| {
        hooks.backup_create.run(event, &mut |event| {
            event.name.push('|');
            Ok(())
        })
    };
    run(&mut event).unwrap();
    assert_eq!(event.name, "abcd|dcba");
    assert!(hooks.backup_create.remove(d) && !hooks.backup_create.remove(d));
    let mut event = backup();
    run(&mut event).unwrap();
    assert_eq!(event.name, "abc|cba");
}

#[test]
fn without_next_nothing_further_in_runs() {
    let hooks = Hooks::new();
    let reached = Arc::new(Mutex::new(false));
    hooks.backup_create.around(When::any(), |_, _| Ok(()));
    let inner = Arc::clone(&reached);
    hooks.backup_create.before(When::any(), move |_| {
        *inner.lock().unwrap() = true;
        Ok(())
    });
    assert!(!hooks.backup_create.ask(&mut backup()).unwrap());
    assert!(!*reached.lock().unwrap());
}

#[test]
fn a_panic_in_a_hook_is_an_error_of_the_server() {
    let hooks = Hooks::new();
    hooks.backup_create.before(When::any(), |_| panic!("no {}", "luck"));
    let error = hooks.backup_create.ask(&mut backup()).unwrap_err();
    assert_eq!(error.status(), 500);
    assert_eq!(error.cause().unwrap().to_string(), "a hook panicked: no luck");
}

#[test]
fn a_hook_cannot_hide_that_the_thing_itself_failed() {
    let hooks = Hooks::new();
    hooks.backup_create.around(When::any(), |event, next| {
        let _ = next.run(event);
        Ok(())
    });
    let failing = &mut |_: &mut Event<'_, BackupCall>| Err(Rejection::internal("disk full"));
    let error = hooks.backup_create.run(&mut backup(), failing).unwrap_err();
    assert_eq!(error.cause().unwrap().to_string(), "disk full");
    // What it may do is say it in other words.
    let hooks = Hooks::new();
    hooks.backup_create.around(When::any(), |event, next| {
        next.run(event).map_err(|_| Rejection::forbidden("Not now."))
    });
    let error = hooks.backup_create.run(&mut backup(), failing).unwrap_err();
    assert_eq!((error.status(), error.message()), (403, "Not now."));
}

#[test]
fn signals_are_told_in_order_whatever_one_of_them_does() {
    let hooks = Hooks::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    for (name, priority) in [("b", 0), ("a", -3), ("c", 0)] {
        let told = Arc::clone(&told);
        hooks.records.created.add(When::any().priority(priority), move |_| {
            told.lock().unwrap().push(name);
            assert_ne!(name, "a", "on purpose");
        });
    }
    let users = crate::schema::system::initial_collections(crate::model::Timestamp::now());
    let record = Record::new(Arc::new(users.into_iter().next().unwrap()));
    let caller = Arc::new(Caller::system());
    let change = RecordChange { action: Action::Create, record, old: None, caller };
    hooks.records.created.tell(&Arc::new(change));
    assert_eq!(*told.lock().unwrap(), ["a", "b", "c"]);
}

#[test]
fn a_placeholder_needs_a_value_and_the_last_one_counts() {
    let find = Find::filter("a = {:x} && b = {:y}").bind("x", 1).bind("x", 2.5);
    assert!(find.text().is_err());
    let text = find.bind("y", Json::Null).text().unwrap();
    assert_eq!(text, "a = 2.5 && b = null");
}

proptest! {
    #[test]
    fn a_bound_text_stays_one_literal(text in ".*") {
        let bound = Find::filter("{:t}").bind("t", text.clone()).text().unwrap();
        let inner = bound.strip_prefix('\'').unwrap().strip_suffix('\'').unwrap();
        // No quote ends it early, and no escape is left half.
        let mut chars = inner.chars();
        let mut read = String::new();
        while let Some(char) = chars.next() {
            prop_assert_ne!(char, '\'');
            read.push(if char == '\\' { chars.next().unwrap() } else { char });
        }
        prop_assert_eq!(read, text);
    }
}
