//! Codes of authenticator apps, as RFC 6238 has them: six digits for every 30 seconds.

use subtle::ConstantTimeEq;
use totp_rs::{Builder, Secret, Totp};

/// Bytes of a secret, as long as what HMAC-SHA-1 gives.
const SECRET_BYTES: usize = 20;
/// Digits of a code.
const DIGITS: u8 = 6;
/// How long a code shows, in seconds.
const STEP_SECONDS: u64 = 30;
/// How many steps a clock may be off, either way.
const SKEW: u64 = 1;

/// What an app and the server both know.
#[derive(Clone)]
pub struct TotpSecret(Secret);

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

impl TotpSecret {
    /// A random one.
    pub fn random() -> Self {
        Self(Secret::from(rand::random::<[u8; SECRET_BYTES]>().to_vec()))
    }

    /// The one that [`TotpSecret::to_base32`] gave; `None` when it never did.
    pub fn from_base32(text: &str) -> Option<Self> {
        let secret = Secret::try_from_base32(text).ok()?;
        (secret.as_ref().len() == SECRET_BYTES).then_some(Self(secret))
    }

    /// The text that people type into their app.
    pub fn to_base32(&self) -> String {
        self.0.to_base32()
    }

    /// The link that apps read from a picture. Colons, which they take for separators, become
    /// spaces.
    pub fn link(&self, issuer: &str, account: &str) -> Option<String> {
        let clean = |text: &str| text.replace(':', " ").trim().to_owned();
        let issuer = Some(clean(issuer)).filter(|issuer| !issuer.is_empty());
        let builder = Builder::new().with_digits(DIGITS).with_step_duration(STEP_SECONDS);
        let builder = builder.with_secret(self.0.clone()).with_account_name(clean(account));
        builder.with_issuer(issuer).build().ok()?.to_url().ok()
    }

    /// The step that `code` is for, if that is a step around `now`, in seconds since 1970, and comes
    /// after the step `last`. Takes the same time whichever step it is.
    pub fn step_of(&self, code: &str, now: u64, last: u64) -> Option<u64> {
        let totp = self.totp()?;
        let step = now / STEP_SECONDS;
        let mut found = None;
        for step in step.saturating_sub(SKEW)..=step + SKEW {
            let expected = totp.generate(step * STEP_SECONDS).to_string();
            let same = bool::from(expected.as_bytes().ct_eq(code.as_bytes()));
            if same && step > last {
                found = Some(step);
            }
        }
        found
    }

    fn totp(&self) -> Option<Totp> {
        let builder = Builder::new().with_digits(DIGITS).with_step_duration(STEP_SECONDS);
        builder.with_secret(self.0.clone()).build().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> TotpSecret {
        TotpSecret(Secret::from(b"12345678901234567890".to_vec()))
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        // The last six digits of what appendix B of RFC 6238 lists for SHA-1.
        for (time, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(known().step_of(code, time, 0), Some(time / 30));
            assert_eq!(known().step_of(code, time + 30, 0), Some(time / 30));
            assert_eq!(known().step_of(code, time - 30, 0), Some(time / 30));
            assert_eq!(known().step_of(code, time + 60, 0), None);
            assert_eq!(
                known().step_of(code, time.saturating_sub(60), 0).filter(|_| time > 90),
                None
            );
        }
    }

    #[test]
    fn a_step_counts_only_after_the_last_one() {
        let (code, time) = ("081804", 1_111_111_109);
        assert_eq!(known().step_of(code, time, time / 30 - 1), Some(time / 30));
        assert_eq!(known().step_of(code, time, time / 30), None);
    }

    #[test]
    fn only_six_digits_are_a_code() {
        for text in ["", "0", "81804", "+81804", " 081804", "0818040", "08180x"] {
            assert_eq!(known().step_of(text, 1_111_111_109, 0), None, "{text}");
        }
    }

    #[test]
    fn a_secret_survives_its_text_and_stays_out_of_debug() {
        let secret = TotpSecret::random();
        let text = secret.to_base32();
        assert_eq!(TotpSecret::from_base32(&text).unwrap().to_base32(), text);
        assert!(text.len() == 32 && !format!("{secret:?}").contains(&text));
        assert!(TotpSecret::from_base32("ABCD").is_none());
    }

    #[test]
    fn the_link_names_issuer_and_account() {
        let link = known().link("A: B", "ann@example.com").unwrap();
        assert!(link.starts_with("otpauth://totp/A%20%20B:ann%40example.com?"), "{link}");
        assert!(link.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{link}");
        assert!(link.contains("issuer=A%20%20B"), "{link}");
    }
}
