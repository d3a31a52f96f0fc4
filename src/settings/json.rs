//! Settings as JSON: what clients see, what they send, what is kept.

use serde_json::{Map, Value as Json};

use super::Settings;
use crate::schema::Secrets;

/// Where secrets are; clients see not even that there are any.
const SECRETS: [(&str, &str); 3] =
    [("/smtp", "password"), ("/s3", "secret"), ("/backups/s3", "secret")];

/// A body whose values have the wrong types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a value has the wrong type")]
pub struct Malformed;

impl Settings {
    /// The JSON form.
    ///
    /// # Panics
    ///
    /// Never: all members have names.
    pub fn to_json(&self, secrets: Secrets) -> Json {
        let mut json = serde_json::to_value(self).expect("settings have only string keys");
        if matches!(secrets, Secrets::Hide) {
            for (group, name) in SECRETS {
                if let Some(group) = json.pointer_mut(group).and_then(Json::as_object_mut) {
                    // The order of what is left matters.
                    group.shift_remove(name);
                }
            }
            // Not of the contract, so not there by default.
            let ours = [
                ("fullEvery", self.backups.full_every == 0),
                ("includeFiles", !self.backups.include_files),
            ];
            if let Some(group) = json.pointer_mut("/backups").and_then(Json::as_object_mut) {
                for (name, _) in ours.iter().filter(|(_, is_unset)| *is_unset) {
                    group.shift_remove(*name);
                }
            }
        }
        json
    }

    /// These settings with what `body` names put over them, group by group. Lists are replaced as a
    /// whole; null empties lists and leaves everything else as it is; unknown names are ignored.
    pub fn merged(&self, body: &Map<String, Json>) -> Result<Self, Malformed> {
        let mut json = self.to_json(Secrets::Show);
        merge(&mut json, &Json::Object(body.clone()))?;
        serde_json::from_value(json).map_err(|_| Malformed)
    }

    /// The settings that `body` describes, kept or brought over from elsewhere: what it lacks is as
    /// by default, and so is what cannot be understood.
    pub fn lenient(body: &Map<String, Json>) -> Self {
        let mut settings = Self::default();
        for (group, value) in body {
            let leaves: Vec<Json> = match value {
                Json::Object(members) => members
                    .iter()
                    .map(|(name, value)| Json::Object(object(name, value.clone())))
                    .collect(),
                other => vec![other.clone()],
            };
            for leaf in leaves {
                if let Ok(merged) = settings.merged(&object(group, leaf)) {
                    settings = merged;
                }
            }
        }
        settings
    }
}

fn object(name: &str, value: Json) -> Map<String, Json> {
    Map::from_iter([(name.to_owned(), value)])
}

fn merge(base: &mut Json, body: &Json) -> Result<(), Malformed> {
    match (base, body) {
        (Json::Object(base), Json::Object(body)) => {
            for (name, value) in body {
                if let Some(known) = base.get_mut(name) {
                    merge(known, value)?;
                }
            }
        }
        (Json::Array(base), Json::Null) => base.clear(),
        (_, Json::Null) => {}
        (Json::Array(base), Json::Array(items)) => {
            *base = items.iter().map(item).collect::<Result<_, _>>()?;
        }
        (Json::Object(_), _) => return Err(Malformed),
        (base, value) => *base = value.clone(),
    }
    Ok(())
}

/// An item of a list. Members that are null are as if they were not there.
fn item(json: &Json) -> Result<Json, Malformed> {
    match json {
        // The decoder would take its items for members in order.
        Json::Array(_) => Err(Malformed),
        Json::Object(members) => {
            let members = members.iter().filter(|(_, value)| !value.is_null());
            Ok(members.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        other => Ok(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::settings::RateLimitRule;

    fn merged(settings: &Settings, body: &Json) -> Result<Settings, Malformed> {
        settings.merged(body.as_object().expect("an object"))
    }

    #[test]
    fn the_defaults_are_these() {
        let expected = r##"{"superuserIPs":[],"smtp":{"enabled":false,"port":587,"host":"smtp.example.com","username":"","authMethod":"","tls":false,"localName":""},"backups":{"cron":"","cronMaxKeep":3,"s3":{"enabled":false,"bucket":"","region":"","endpoint":"","accessKey":"","forcePathStyle":false}},"s3":{"enabled":false,"bucket":"","region":"","endpoint":"","accessKey":"","forcePathStyle":false},"meta":{"accentColor":"#1055c9","appName":"Acme","appURL":"http://localhost:8090","senderName":"Support","senderAddress":"support@example.com","hideControls":false},"rateLimits":{"rules":[{"label":"*:auth","audience":"","duration":3,"maxRequests":2},{"label":"*:create","audience":"","duration":5,"maxRequests":20},{"label":"/api/batch","audience":"","duration":1,"maxRequests":3},{"label":"/api/","audience":"","duration":10,"maxRequests":300}],"excludedIPs":[],"enabled":false},"trustedProxy":{"headers":[],"useLeftmostIP":false},"batch":{"enabled":false,"maxRequests":50,"timeout":3,"maxBodySize":0},"logs":{"maxDays":5,"minLevel":0,"logIP":true,"logAuthId":false}}"##;
        assert_eq!(Settings::default().to_json(Secrets::Hide).to_string(), expected);
    }

    #[test]
    fn secrets_stay_until_they_are_named() {
        let secrets = json!({
            "smtp": {"password": "a"}, "s3": {"secret": "b"}, "backups": {"s3": {"secret": "c"}},
        });
        let settings = merged(&Settings::default(), &secrets).unwrap();
        let shown = settings.to_json(Secrets::Hide).to_string();
        assert!(!shown.contains("password") && !shown.contains("secret"), "{shown}");
        let changed = merged(&settings, &json!({"smtp": {"port": 25}, "meta": null})).unwrap();
        assert_eq!((changed.smtp.password.as_str(), changed.smtp.port), ("a", 25));
        assert_eq!((changed.s3.secret.as_str(), changed.backups.s3.secret.as_str()), ("b", "c"));
        let cleared = merged(&changed, &json!({"s3": {"secret": ""}})).unwrap();
        assert_eq!(cleared.s3.secret, "");
        let chained = merged(&cleared, &json!({"backups": {"fullEvery": 7}})).unwrap();
        assert_eq!(chained.to_json(Secrets::Hide)["backups"]["fullEvery"], 7);
        let whole = merged(&cleared, &json!({"backups": {"includeFiles": true}})).unwrap();
        assert_eq!(whole.to_json(Secrets::Hide)["backups"]["includeFiles"], true);
        let kept = cleared.to_json(Secrets::Show);
        assert_eq!(Settings::lenient(kept.as_object().unwrap()), cleared);
    }

    #[test]
    fn null_empties_lists_and_lists_are_replaced() {
        let settings = Settings { superuser_ips: vec!["::1".to_owned()], ..Settings::default() };
        let body = json!({
            "superuserIPs": null, "meta": {"appName": null},
            "rateLimits": {"rules": [{"label": "a", "duration": null}]}, "unknown": 1,
        });
        let changed = merged(&settings, &body).unwrap();
        assert!(changed.superuser_ips.is_empty());
        assert_eq!(changed.meta.app_name, "Acme");
        let rule = RateLimitRule { label: "a".to_owned(), ..RateLimitRule::default() };
        assert_eq!(changed.rate_limits.rules, [rule]);
    }

    #[test]
    fn values_of_other_types_are_refused_or_left_out_when_lenient() {
        for body in [
            json!({"meta": {"appName": 5}}),
            json!({"meta": 5}),
            json!({"meta": ["#1055c9", "x"]}),
            json!({"batch": {"timeout": 1.5}}),
            json!({"superuserIPs": [1]}),
            json!({"rateLimits": {"rules": [["a", "", 1, 1]]}}),
        ] {
            assert_eq!(merged(&Settings::default(), &body), Err(Malformed), "{body}");
            assert_eq!(Settings::lenient(body.as_object().unwrap()), Settings::default());
        }
        let body = json!({"batch": {"timeout": "x", "enabled": true}, "old": {"a": 1}});
        let settings = Settings::lenient(body.as_object().unwrap());
        assert!(settings.batch.enabled && settings.batch.timeout == 3);
    }
}
