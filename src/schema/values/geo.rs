//! Places on Earth.

use serde_json::{Map, Value as Json};

use super::super::Violation;
use crate::model::GeoPoint;

/// The point in an object or in the JSON text of one; (0, 0) for everything else.
pub(super) fn normalise(json: &Json) -> GeoPoint {
    match json {
        Json::Object(object) => from_object(object),
        Json::String(text) => {
            serde_json::from_str(text).map(|object| from_object(&object)).unwrap_or_default()
        }
        _ => GeoPoint::default(),
    }
}

pub(super) fn check(point: GeoPoint) -> Result<(), Violation> {
    if !(-90.0..=90.0).contains(&point.lat) {
        return Err(Violation::new(
            "validation_invalid_latitude",
            "Latitude must be between -90 and 90 degrees.",
        ));
    }
    if !(-180.0..=180.0).contains(&point.lon) {
        return Err(Violation::new(
            "validation_invalid_longitude",
            "Longitude must be between -180 and 180 degrees.",
        ));
    }
    Ok(())
}

/// Keys in any case; what is missing or no number is 0.
fn from_object(object: &Map<String, Json>) -> GeoPoint {
    let coordinate = |name: &str| {
        let named = object.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.filter_map(|(_, value)| value.as_f64()).last().unwrap_or(0.0)
    };
    GeoPoint { lon: coordinate("lon"), lat: coordinate("lat") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn points_are_read_from_objects_and_their_text() {
        let point = |lon, lat| GeoPoint { lon, lat };
        for (json, expected) in [
            (json!({"lon": 1, "lat": 2}), point(1.0, 2.0)),
            (json!({"LON": 1, "Lat": 2, "x": 3}), point(1.0, 2.0)),
            (json!("{\"lon\":1,\"lat\":2}"), point(1.0, 2.0)),
            (json!({"lon": "1", "lat": 2}), point(0.0, 2.0)),
            (json!({"lon": null, "lat": 1}), point(0.0, 1.0)),
            (json!([1, 2]), point(0.0, 0.0)),
            (json!("x"), point(0.0, 0.0)),
            (json!(""), point(0.0, 0.0)),
            (json!(null), point(0.0, 0.0)),
            (json!(5), point(0.0, 0.0)),
        ] {
            assert_eq!(normalise(&json), expected, "{json}");
        }
    }

    #[test]
    fn latitude_is_checked_before_longitude() {
        let code = |lon, lat| check(GeoPoint { lon, lat }).map_err(|violation| violation.code);
        assert_eq!(code(-180.0, 90.0), Ok(()));
        assert_eq!(code(181.0, 91.0), Err("validation_invalid_latitude"));
        assert_eq!(code(181.0, 0.0), Err("validation_invalid_longitude"));
    }
}
