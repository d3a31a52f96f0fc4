//! The functions of the filter language.

mod instant;
mod strftime;

use crate::model::Scalar;

use super::bound::Term;
use super::compare::to_number;

pub(super) use strftime::strftime;

/// A call of `strftime` with its time still to be evaluated.
#[derive(Debug)]
pub(super) struct Strftime {
    pub(super) format: String,
    /// `None` = now.
    pub(super) time: Option<Term>,
    pub(super) modifiers: Vec<String>,
}

const EARTH_RADIUS_KM: f64 = 6371.0;

/// Kilometres between two places given as longitude, latitude, longitude, latitude in degrees.
pub(super) fn distance(values: [Scalar<'_>; 4]) -> Scalar<'static> {
    let mut radians = [0.0; 4];
    for (angle, value) in radians.iter_mut().zip(values) {
        *angle = match to_number(value) {
            Scalar::Int(int) => (int as f64).to_radians(),
            Scalar::Real(real) => real.to_radians(),
            Scalar::Null | Scalar::Text(_) => return Scalar::Null,
        };
    }
    let [lon_a, lat_a, lon_b, lat_b] = radians;
    let cosine = lat_a.cos() * lat_b.cos() * (lon_b - lon_a).cos() + lat_a.sin() * lat_b.sin();
    let kilometres = EARTH_RADIUS_KM * cosine.acos();
    if kilometres.is_nan() { Scalar::Null } else { Scalar::Real(kilometres) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_great_circles_in_kilometres() {
        let real = |number| Scalar::Real(number);
        let km = distance([
            real(23.230_338_549_458_08),
            real(42.713_146_090_563_384),
            real(23.449_206_808_862_16),
            real(42.707_848_415_399_1),
        ]);
        let Scalar::Real(km) = km else { panic!("a number") };
        assert_eq!((km * 100.0).round() / 100.0, 17.89);
        let text = distance([Scalar::text("a"), real(1.0), real(1.0), real(1.0)]);
        assert!(text.is_null());
    }
}
