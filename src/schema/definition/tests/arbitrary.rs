use proptest::prelude::*;
use serde_json::Value as Json;

use crate::schema::{Collection, Secrets, create_from_body, update_from_body};

use super::*;

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        prop::sample::select(vec![
            "",
            "id",
            "text",
            "auth",
            "relation",
            "title",
            "t1",
            "[a-z]{3}",
            "(",
            "CREATE UNIQUE INDEX i ON t (id, `title` COLLATE NOCASE) WHERE (id = 1",
            "create index i on t (title)",
        ])
        .prop_map(Json::from),
        "\\PC{0,8}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let key = prop::sample::select(vec![
            "id",
            "name",
            "type",
            "fields",
            "indexes",
            "listRule",
            "oauth2",
            "providers",
            "otp",
            "values",
            "min",
            "max",
            "pattern",
            "autogeneratePattern",
            "collectionId",
            "duration",
            "emailTemplate",
            "thumbs",
            "primaryKey",
            "system",
            "viewQuery",
            "passwordAuth",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((key, inner), 0..6).prop_map(|members| {
                Json::Object(members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_body_panics_and_what_is_accepted_can_be_stored(
        type_name in prop::sample::select(vec!["base", "auth", "view", ""]),
        fields in prop::collection::vec((prop::sample::select(vec![
            "text", "number", "select", "relation", "date", "file", "password", "autodate",
        ]), any_json()), 0..4),
        body in any_json(),
    ) {
        let mut body = body.as_object().cloned().unwrap_or_default();
        body.entry("name").or_insert_with(|| "things".into());
        body.insert("type".to_owned(), type_name.into());
        let fields = fields.into_iter().enumerate().map(|(at, (kind, json))| {
            let mut field = json.as_object().cloned().unwrap_or_default();
            field.insert("type".to_owned(), kind.into());
            field.entry("name").or_insert_with(|| format!("f{at}").into());
            Json::Object(field)
        });
        body.entry("fields").or_insert_with(|| fields.collect());
        let catalog = catalog_with(vec![posts()]);
        if let Ok(made) = create_from_body(&catalog, &body, now(), &check_rule) {
            let json = made.to_json(Secrets::Show);
            let mut read = Collection::from_stored_json(&json).unwrap();
            let slots: Vec<_> = made.fields.iter().map(|field| field.slot).collect();
            let numbers: Vec<_> = made.indexes.iter().map(|index| index.number).collect();
            read.renumber(&slots, &numbers);
            (read.next_slot, read.next_index) = (made.next_slot, made.next_index);
            prop_assert_eq!(read, made);
        }
        let old = posts();
        let _ = update_from_body(&catalog, &old, &body, now(), &check_rule);
    }
}
