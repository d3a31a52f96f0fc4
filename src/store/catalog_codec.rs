//! The definition of a collection on disk: the API's JSON with secrets, and the numbers that the
//! API does not show.

use serde_json::{Map, Value as Json, json};

use super::seal::Sealer;
use crate::model::Slot;
use crate::query::ReadError;
use crate::schema::{Collection, IndexNumber, Secrets};

const FORMAT: u64 = 1;

/// The stored form of `collection`.
pub(super) fn encode(collection: &Collection, sealer: &Sealer) -> Result<Vec<u8>, ReadError> {
    let slots: Map<String, Json> =
        collection.fields.iter().map(|field| (field.id.clone(), field.slot.0.into())).collect();
    let numbers: Vec<u32> = collection.indexes.iter().map(|index| index.number.0).collect();
    let mut definition = collection.to_json(Secrets::Show);
    sealer.seal_definition(collection.id.as_str(), &mut definition)?;
    let stored = json!({
        "format": FORMAT,
        "definition": definition,
        "slots": slots,
        "indexNumbers": numbers,
        "nextSlot": collection.next_slot,
        "nextIndex": collection.next_index,
    });
    Ok(stored.to_string().into_bytes())
}

/// The stored form `bytes` under another key. The error says what is damaged.
pub(super) fn resealed(bytes: &[u8], from: &Sealer, to: &Sealer) -> Result<Vec<u8>, String> {
    let mut stored: Json = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let id = stored["definition"]["id"].as_str().unwrap_or_default().to_owned();
    let told = |error: ReadError| error.to_string();
    from.open_definition(&id, &mut stored["definition"]).map_err(told)?;
    to.seal_definition(&id, &mut stored["definition"]).map_err(told)?;
    Ok(stored.to_string().into_bytes())
}

/// The collection that `bytes` stand for. The error says what is damaged.
pub(super) fn decode(bytes: &[u8], sealer: &Sealer) -> Result<Collection, String> {
    let mut stored: Json = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let id = stored["definition"]["id"].as_str().unwrap_or_default().to_owned();
    sealer.open_definition(&id, &mut stored["definition"]).map_err(|error| error.to_string())?;
    let number = |key: &str| stored[key].as_u64().ok_or_else(|| format!("{key} is not a number"));
    let format = number("format")?;
    if format != FORMAT {
        return Err(format!("the definition has format {format}, not {FORMAT}"));
    }
    let mut collection = Collection::from_stored_json(&stored["definition"])?;
    let slot = |id: &str| {
        let slot = stored["slots"][id].as_u64().and_then(|slot| u16::try_from(slot).ok());
        slot.map(Slot).ok_or_else(|| format!("field {id} has no slot"))
    };
    let slots: Vec<Slot> =
        collection.fields.iter().map(|field| slot(&field.id)).collect::<Result<_, _>>()?;
    let stored_numbers = stored["indexNumbers"].as_array().map_or(&[][..], Vec::as_slice);
    let numbers: Vec<IndexNumber> = stored_numbers
        .iter()
        .filter_map(|number| u32::try_from(number.as_u64()?).ok().map(IndexNumber))
        .collect();
    if numbers.len() != collection.indexes.len() {
        return Err("indexes and their numbers do not match".to_owned());
    }
    collection.renumber(&slots, &numbers);
    collection.next_slot = u16::try_from(number("nextSlot")?).map_err(|e| e.to_string())?;
    collection.next_index = u32::try_from(number("nextIndex")?).map_err(|e| e.to_string())?;
    if slots.iter().any(|slot| slot.0 >= collection.next_slot) {
        return Err("a slot is not below nextSlot".to_owned());
    }
    Ok(collection)
}
