//! Normalising, checking and applying, over fields of every kind.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::super::{
    AutodateOptions, Collection, CollectionKind, DateOptions, DomainOptions, EditorOptions, Field,
    FieldKind, FileOptions, JsonOptions, NumberOptions, PasswordOptions, Record, RelationOptions,
    Rules, SelectOptions, TextOptions,
};
use super::{Submission, WriteAccess, apply, check, check_plain_password, normalise, to_json};
use crate::model::{Slot, Timestamp, Value};

fn field(name: &str, kind: FieldKind) -> Field {
    Field {
        id: name.to_owned(),
        name: name.to_owned(),
        slot: Slot(0),
        system: false,
        hidden: false,
        presentable: false,
        required: false,
        help: String::new(),
        kind,
    }
}

fn select(max_select: i64) -> FieldKind {
    let values = ["a", "b", "c"].map(str::to_owned).to_vec();
    FieldKind::Select(SelectOptions { values, max_select })
}

fn relation(max_select: i64) -> FieldKind {
    FieldKind::Relation(RelationOptions {
        collection_id: "c".into(),
        cascade_delete: false,
        min_select: 0,
        max_select,
    })
}

fn all_fields() -> Vec<Field> {
    let text = TextOptions { autogenerate_pattern: "[0-9]{4}".into(), ..TextOptions::default() };
    let files = FileOptions { max_select: 3, ..FileOptions::default() };
    let mut fields = vec![
        field("id", FieldKind::Text(TextOptions { primary_key: true, ..TextOptions::default() })),
        field("text", FieldKind::Text(text)),
        field("number", FieldKind::Number(NumberOptions::default())),
        field("bool", FieldKind::Bool),
        field("email", FieldKind::Email(DomainOptions::default())),
        field("url", FieldKind::Url(DomainOptions::default())),
        field("editor", FieldKind::Editor(EditorOptions::default())),
        field("date", FieldKind::Date(DateOptions::default())),
        field("autodate", FieldKind::Autodate(AutodateOptions::default())),
        field("select", select(1)),
        field("selects", select(2)),
        field("file", FieldKind::File(FileOptions::default())),
        field("files", FieldKind::File(files)),
        field("relation", relation(0)),
        field("relations", relation(9)),
        field("json", FieldKind::Json(JsonOptions::default())),
        field("geo", FieldKind::GeoPoint),
        field("password", FieldKind::Password(PasswordOptions::default())),
        field("secret", FieldKind::Number(NumberOptions::default())),
    ];
    for (slot, field) in fields.iter_mut().enumerate() {
        field.slot = Slot(slot as u16);
        field.hidden = field.name == "secret";
    }
    fields
}

fn record() -> Record {
    let fields = all_fields();
    let now = Timestamp::from_millis(0);
    Record::new(Arc::new(Collection {
        id: "c".into(),
        name: "all".to_owned(),
        system: false,
        kind: CollectionKind::Base,
        rules: Rules::default(),
        next_slot: fields.len() as u16,
        fields,
        indexes: Vec::new(),
        created: now,
        updated: now,
        next_index: 0,
    }))
}

fn submit(record: &mut Record, body: &Json) -> Submission {
    apply(record, body.as_object().expect("an object"), WriteAccess::Superuser)
}

#[test]
fn single_fields_keep_the_last_item() {
    let fields = all_fields();
    for (name, json, expected) in [
        ("select", json!(["a", "b"]), json!("b")),
        ("select", json!("[\"a\",\"b\"]"), json!("b")),
        ("select", json!(["a", {}]), json!("")),
        ("select", json!(1), json!("1")),
        ("selects", json!(["b", "a", "b", ""]), json!(["b", "a"])),
        ("selects", json!(null), json!([])),
        ("relation", json!(["x", "y"]), json!("y")),
        ("relations", json!("x"), json!(["x"])),
        ("file", json!(["x.png", "y.png"]), json!("y.png")),
        ("files", json!(["x.png", {}, "x.png"]), json!(["x.png"])),
        ("number", json!("12"), json!(12)),
        ("date", json!("2024-01-01"), json!("2024-01-01 00:00:00.000Z")),
        ("date", json!(1_704_067_200), json!("")),
        ("date", json!(true), json!("")),
        ("geo", json!({"lat": 1.5}), json!({"lon": 0, "lat": 1.5})),
        ("json", json!("[1, 2]"), json!([1, 2])),
        ("json", json!(null), json!(null)),
        ("bool", json!("yes"), json!(false)),
        ("password", json!(12_345), json!("12345")),
    ] {
        let field = fields.iter().find(|field| field.name == name).unwrap();
        assert_eq!(to_json(&normalise(field, &json)), expected, "{name} {json}");
    }
}

#[test]
fn required_rejects_the_zero_value_of_every_kind() {
    for mut field in all_fields() {
        field.required = true;
        let code = check(&field, &field.kind.zero()).map_err(|violation| violation.code);
        if field.name == "autodate" {
            assert_eq!(code, Ok(()));
        } else {
            assert_eq!(code, Err("validation_required"), "{}", field.name);
        }
    }
    let mut json = field("json", FieldKind::Json(JsonOptions::default()));
    json.required = true;
    for empty in [json!(""), json!([]), json!({}), json!(null), json!("null"), json!("{ }")] {
        let code = check(&json, &normalise(&json, &empty)).unwrap_err().code;
        assert_eq!(code, "validation_required", "{empty}");
    }
    assert_eq!(check(&json, &normalise(&json, &json!(0))), Ok(()));
}

#[test]
fn zero_values_pass_when_not_required() {
    for field in all_fields() {
        let is_id = field.name == "id";
        assert_eq!(check(&field, &field.kind.zero()).is_err(), is_id, "{}", field.name);
    }
}

#[test]
fn a_value_of_another_kind_is_refused() {
    let number = field("number", FieldKind::Number(NumberOptions::default()));
    let code = check(&number, &Value::Text("1".to_owned())).unwrap_err().code;
    assert_eq!(code, "validation_unsupported_value_type");
}

#[test]
fn plain_passwords_have_lengths_and_a_pattern() {
    let options = PasswordOptions { pattern: "^[a-z]+$".into(), min: 2, max: 0, cost: 0 };
    let field = field("password", FieldKind::Password(options));
    let message = |plain: &str| {
        check_plain_password(&field, plain).map_err(|violation| {
            assert!(violation.params.is_empty());
            violation.message
        })
    };
    assert_eq!(message(""), Ok(()));
    assert_eq!(message("ab"), Ok(()));
    assert_eq!(message("é"), Err("Must be at least 2 character(s).".to_owned()));
    assert_eq!(message(&"a".repeat(71)), Ok(()));
    assert_eq!(message(&"a".repeat(72)), Err("Must be less than 71 character(s).".to_owned()));
    assert_eq!(message("a1"), Err("Invalid value format.".to_owned()));
}

#[test]
fn modifiers_combine_and_show_under_the_plain_name() {
    let mut record = record();
    submit(&mut record, &json!({"number": 10, "selects": ["a"], "relations": ["x"]}));
    let submission = submit(
        &mut record,
        &json!({
            "number-": 1, "number+": 4,
            "selects+": "b", "selects-": ["a"],
            "+relations": "w", "relations+": ["y", "x"],
            "text:autogenerate": "no",
        }),
    );
    assert_eq!(submission.resolved["number"], 13);
    assert_eq!(submission.resolved["selects"], json!(["b"]));
    assert_eq!(submission.resolved["relations"], json!(["w", "x", "y"]));
    assert!(!submission.resolved.keys().any(|key| key.contains(['+', '-', ':'])));
    let text = record.text("text");
    assert!(text.len() == 6 && text.starts_with("no"), "{text}");
    assert_eq!(record.get("number"), Some(&Value::Number(13.0)));
}

#[test]
fn the_plain_key_goes_before_its_modifiers() {
    let mut record = record();
    let submission = submit(&mut record, &json!({"number+": 4, "number": 1}));
    assert_eq!(submission.resolved, *json!({"number": 5}).as_object().unwrap());
    assert_eq!(submission.changed_keys, ["number"]);
}

#[test]
fn modifiers_that_a_field_does_not_know_are_unknown_keys() {
    let mut record = record();
    let body = json!({"+number": 1, "text+": "x", "bool-": 1, "date:autogenerate": "", "+": 1});
    let submission = submit(&mut record, &body);
    assert_eq!(Json::Object(submission.resolved), body);
    assert!(submission.changed_keys.is_empty());
}

#[test]
fn clients_do_not_write_hidden_fields() {
    let body = json!({"secret": 1, "secret+": 2, "text": "x", "other": {"any": 1}});
    let body = body.as_object().unwrap();
    let mut written = record();
    let submission = apply(&mut written, body, WriteAccess::Client);
    assert_eq!(Json::Object(submission.resolved), json!({"text": "x", "other": {"any": 1}}));
    assert_eq!(written.get("secret"), Some(&Value::Number(0.0)));
    let mut written = record();
    apply(&mut written, body, WriteAccess::Superuser);
    assert_eq!(written.get("secret"), Some(&Value::Number(3.0)));
}

#[test]
fn passwords_stay_out_of_the_record() {
    let mut record = record();
    record.set("password", Value::Text("hash".to_owned()));
    let submission = submit(&mut record, &json!({"password": "plain", "passwordConfirm": "plain"}));
    assert_eq!(submission.plain_password("password"), Some("plain"));
    assert_eq!(submission.resolved["password"], "plain");
    assert_eq!(submission.resolved["passwordConfirm"], "plain");
    assert_eq!(record.text("password"), "hash");
}

#[test]
fn autodates_keep_their_value() {
    let mut record = record();
    record.set("autodate", Value::Date(Some(Timestamp::from_millis(0))));
    let submission = submit(&mut record, &json!({"autodate": "2024-01-01"}));
    assert_eq!(submission.resolved["autodate"], "1970-01-01 00:00:00.000Z");
}

#[test]
fn null_sets_the_zero_value_and_keeps_the_key() {
    let mut record = record();
    submit(&mut record, &json!({"text": "x", "selects": ["a"]}));
    let submission = submit(&mut record, &json!({"text": null, "selects": null, "json": null}));
    let expected = json!({"text": "", "selects": [], "json": null});
    assert_eq!(Json::Object(submission.resolved), expected);
    assert_eq!(record.text("text"), "");
}

/// Documents of every shape, with texts that look like dates, numbers and JSON among them.
fn any_json() -> impl Strategy<Value = Json> {
    let text = prop_oneof![
        any::<String>(),
        "[0-9TZ:. +-]{0,26}",
        "[\\[\\]{}\"a,:0-9]{0,12}",
        "[0-9a-fxpeEinfINF_.+-]{0,12}",
    ];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        text.prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            proptest::collection::vec(("(lon|lat|LAT|[a-z]{0,3})", inner), 0..4)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn normalising_and_checking_never_panic(json in any_json()) {
        for field in all_fields() {
            let value = normalise(&field, &json);
            let _ = check(&field, &value);
            to_json(&value);
        }
    }

    #[test]
    fn normalising_again_changes_nothing(json in any_json()) {
        for field in all_fields() {
            let value = normalise(&field, &json);
            let seen = to_json(&value);
            let is_settled = match field.kind {
                // A text inside a document may itself spell a document, and a text alone may spell
                // a list.
                FieldKind::Json(_) => !seen.is_string(),
                FieldKind::Select(_) | FieldKind::Relation(_) | FieldKind::File(_) => {
                    !value.items().iter().any(|item| item.contains('['))
                }
                FieldKind::Number(_) => !seen.is_null(),
                _ => true,
            };
            if is_settled {
                prop_assert_eq!(to_json(&normalise(&field, &seen)), seen, "{}", field.name);
            }
        }
    }

    #[test]
    fn applying_never_panics_and_leaves_plain_names(
        entries in proptest::collection::vec(
            ("[+]?(text|number|selects?|files?|relations?|json|geo|password|id|secret|x)(|[+]|-|:autogenerate)", any_json()),
            0..8,
        ),
    ) {
        let body: Map<String, Json> = entries.into_iter().collect();
        let mut record = record();
        let submission = apply(&mut record, &body, WriteAccess::Client);
        for name in &submission.changed_keys {
            let shown = submission.resolved.contains_key(name);
            prop_assert!(shown, "{} is not shown", name);
        }
        prop_assert!(!submission.resolved.contains_key("secret"));
        record.to_row();
    }
}
