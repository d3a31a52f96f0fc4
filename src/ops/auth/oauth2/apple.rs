//! The client secret that Apple wants.

use crate::model::Timestamp;
use crate::oauth2::AppleSecret;
use crate::ops::Failure;
use crate::ops::auth::Error;
use crate::ops::auth::form::Form;
use crate::schema::Violation;

/// Bytes of the ids of keys and teams.
const ID_BYTES: usize = 10;
/// The longest that Apple accepts a secret for: some six months.
const DURATION_MAX: i64 = 15_777_000;

/// Makes the secret, or says what is wrong with what it should be made of.
pub fn apple_client_secret(secret: &AppleSecret) -> Result<String, Error> {
    let mut form = Form::default();
    form.required("clientId", &secret.client_id, 0, usize::MAX);
    for (name, id) in [("teamId", &secret.team_id), ("keyId", &secret.key_id)] {
        form.required(name, id, 0, usize::MAX);
        if !id.is_empty() && id.len() != ID_BYTES {
            let message = format!("The length must be exactly {ID_BYTES}.");
            let violation = Violation::new("validation_length_invalid", message);
            form.add(name, violation.with("max", ID_BYTES).with("min", ID_BYTES));
        }
    }
    form.required("privateKey", &secret.private_key, 0, usize::MAX);
    if !secret.private_key.is_empty() && !secret.has_pem() {
        let message = "Must be in a valid format.";
        form.add("privateKey", Violation::new("validation_match_invalid", message));
    }
    let seconds = secret.duration;
    if seconds == 0 {
        form.add("duration", Violation::required());
    } else if seconds < 0 {
        let code = "validation_min_greater_equal_than_required";
        let violation = Violation::new(code, "Must be no less than 1.");
        form.add("duration", violation.with("threshold", 1));
    } else if seconds > DURATION_MAX {
        let code = "validation_max_less_equal_than_required";
        let violation = Violation::new(code, format!("Must be no greater than {DURATION_MAX}."));
        form.add("duration", violation.with("threshold", DURATION_MAX));
    }
    form.check_as(Failure::AppleSecret)?;
    let now = Timestamp::now().millis() / 1000;
    secret.sign(now).map_err(|error| {
        Error::Refused(format!("Failed to generate client secret. Raw error: \n{error}."))
    })
}
