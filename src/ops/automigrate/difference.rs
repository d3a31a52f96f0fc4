//! What makes one definition of another, as statements of JavaScript about `collection`.

use serde_json::{Map, Value as Json};

use super::source::{pretty, quoted};

/// The statements that make `new` of `old`; none when there is nothing to do.
pub(super) fn statements(old: &Map<String, Json>, new: &Map<String, Json>) -> Vec<String> {
    let mut statements = Vec::new();
    let changed = members(old, new);
    if !changed.is_empty() {
        let changed = pretty(&changed.into());
        statements.push(format!("// update collection data\n  unmarshal({changed}, collection)"));
    }
    // The fields of a view follow from its query.
    if new.get("type").and_then(Json::as_str) != Some("view") {
        fields(list(old), list(new), &mut statements);
    }
    statements
}

fn list(definition: &Map<String, Json>) -> &[Json] {
    definition.get("fields").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The members besides fields that `new` has otherwise, those of objects one by one.
fn members(old: &Map<String, Json>, new: &Map<String, Json>) -> Map<String, Json> {
    let mut changed = Map::new();
    for (name, value) in new.iter().filter(|(name, _)| *name != "fields") {
        match (old.get(name), value) {
            (Some(before), value) if before == value => {}
            (Some(Json::Object(before)), Json::Object(after)) => {
                changed.insert(name.clone(), members(before, after).into());
            }
            _ => drop(changed.insert(name.clone(), value.clone())),
        }
    }
    for (name, value) in old.iter().filter(|(name, _)| !new.contains_key(*name)) {
        // Options that are left out where they are as they begin.
        changed.insert(name.clone(), beginning(value));
    }
    changed
}

/// A value of the same kind with nothing in it.
fn beginning(value: &Json) -> Json {
    match value {
        Json::Null => Json::Null,
        Json::Bool(_) => false.into(),
        Json::Number(_) => 0.into(),
        Json::String(_) => "".into(),
        Json::Array(_) => Json::Array(Vec::new()),
        Json::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), beginning(value))).collect()
        }
    }
}

/// The statements that make the fields `new` of `old`, their order included.
fn fields(old: &[Json], new: &[Json], statements: &mut Vec<String>) {
    let find = |fields: &[Json], id: &Json| fields.iter().position(|field| field["id"] == *id);
    let mut at_hand: Vec<&Json> = Vec::with_capacity(new.len());
    for field in old {
        if find(new, &field["id"]).is_some() {
            at_hand.push(field);
            continue;
        }
        let id = quoted(field["id"].as_str().unwrap_or_default());
        statements.push(format!("// remove field\n  collection.fields.removeById({id})"));
    }
    for (at, field) in new.iter().enumerate() {
        let place = at_hand.iter().position(|other| other["id"] == field["id"]);
        if place == Some(at) && at_hand[at] == field {
            continue;
        }
        let verb = if place.is_some() { "update" } else { "add" };
        statements.push(format!(
            "// {verb} field\n  collection.fields.addAt({at}, new Field({}))",
            pretty(field)
        ));
        // The call takes the field away from where it is, then puts it in.
        if let Some(place) = place {
            at_hand.remove(place);
        }
        at_hand.insert(at, field);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(fields: &[(&str, &str)]) -> Map<String, Json> {
        let field = |(id, name): &(&str, &str)| json!({ "id": id, "name": name });
        let fields: Vec<Json> = fields.iter().map(field).collect();
        json!({ "fields": fields }).as_object().unwrap().clone()
    }

    /// What the statements do, in short.
    fn told(old: &[(&str, &str)], new: &[(&str, &str)]) -> Vec<String> {
        let statements = statements(&of(old), &of(new));
        let short = |text: String| text.lines().map(str::trim).collect::<String>();
        statements.into_iter().map(short).collect()
    }

    #[test]
    fn fields_go_come_and_change_places() {
        let put = |verb: &str, at: usize, id: &str, name: &str| {
            format!(
                "// {verb} fieldcollection.fields.addAt({at}, new Field({{\"id\": \"{id}\",\"name\": \
                 \"{name}\"}}))"
            )
        };
        assert!(told(&[("1", "a")], &[("1", "a")]).is_empty());
        assert_eq!(
            told(&[("1", "a"), ("2", "b")], &[("3", "c"), ("2", "d")]),
            [
                "// remove fieldcollection.fields.removeById(\"1\")".to_owned(),
                put("add", 0, "3", "c"),
                put("update", 1, "2", "d"),
            ]
        );
        assert_eq!(
            told(&[("1", "a"), ("2", "b"), ("3", "c")], &[("3", "c"), ("1", "a"), ("2", "b")]),
            [put("update", 0, "3", "c")]
        );
    }

    #[test]
    fn only_what_changed_of_an_object_is_said() {
        let old = json!({ "a": { "x": 1, "y": 2 }, "b": [1], "gone": { "on": true } });
        let new = json!({ "a": { "x": 1, "y": 3 }, "b": [2] });
        let changed = members(old.as_object().unwrap(), new.as_object().unwrap());
        assert_eq!(
            Json::from(changed),
            json!({ "a": { "y": 3 }, "b": [2], "gone": { "on": false } })
        );
    }
}
