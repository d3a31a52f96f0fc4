//! Numbers: bounds, and how they are written.

use serde_json::Value as Json;

use super::super::{NumberOptions, Violation};

/// Zero passes every check; `required` is what rejects it.
pub(super) fn check(options: &NumberOptions, number: f64) -> Result<(), Violation> {
    if !number.is_finite() {
        return Err(Violation::new(
            "validation_not_a_number",
            "The submitted number is not properly formatted.",
        ));
    }
    if number == 0.0 {
        return Ok(());
    }
    if options.only_int && number.fract() != 0.0 {
        return Err(Violation::new(
            "validation_only_int_constraint",
            "Decimal numbers are not allowed.",
        ));
    }
    if let Some(min) = options.min.filter(|min| number < *min) {
        return Err(Violation::new(
            "validation_min_number_constraint",
            format!("Must be greater or equal than {}.", message_text(min)),
        )
        .with("min", to_json(min)));
    }
    if let Some(max) = options.max.filter(|max| number > *max) {
        return Err(Violation::new(
            "validation_max_number_constraint",
            format!("Must be less or equal than {}.", message_text(max)),
        )
        .with("max", to_json(max)));
    }
    Ok(())
}

/// Whole numbers without a fraction part; null for what JSON has no number for.
pub(super) fn to_json(number: f64) -> Json {
    let is_whole = number.fract() == 0.0 && number.abs() < 9e18;
    if is_whole { Json::from(number as i64) } else { Json::from(number) }
}

/// How messages of the web API show a number: with an exponent from a million on.
fn message_text(number: f64) -> String {
    let scientific = format!("{number:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    match exponent.parse::<i32>() {
        Ok(power) if number != 0.0 && !(-4..6).contains(&power) => {
            let sign = if power < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", power.abs())
        }
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_show_numbers_as_the_web_api_does() {
        for (number, expected) in [
            (0.0, "0"),
            (-5.0, "-5"),
            (1.5, "1.5"),
            (100_000.0, "100000"),
            (1e6, "1e+06"),
            (1_234_567.5, "1.2345675e+06"),
            (-2e100, "-2e+100"),
            (0.0001, "0.0001"),
            (0.000_01, "1e-05"),
        ] {
            assert_eq!(message_text(number), expected);
        }
    }

    #[test]
    fn whole_numbers_are_written_without_fraction() {
        for (number, expected) in [(3.0, "3"), (-0.0, "0"), (1.5, "1.5"), (f64::NAN, "null")] {
            assert_eq!(to_json(number).to_string(), expected);
        }
    }

    #[test]
    fn bounds_do_not_hold_for_zero() {
        let options = NumberOptions { min: Some(5.0), max: Some(1e6), only_int: true };
        let code = |number| check(&options, number).map_err(|violation| violation.code);
        assert_eq!(code(0.0), Ok(()));
        assert_eq!(code(5.0), Ok(()));
        assert_eq!(code(4.0), Err("validation_min_number_constraint"));
        assert_eq!(code(1e7), Err("validation_max_number_constraint"));
        assert_eq!(code(5.5), Err("validation_only_int_constraint"));
        assert_eq!(code(f64::NAN), Err("validation_not_a_number"));
        assert_eq!(code(f64::INFINITY), Err("validation_not_a_number"));
        let violation = check(&options, 1e7).unwrap_err();
        assert_eq!(violation.message, "Must be less or equal than 1e+06.");
        assert_eq!(violation.params["max"], 1_000_000);
    }
}
