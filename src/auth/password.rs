//! Passwords: argon2id for new ones, bcrypt for those that came from elsewhere.

use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq;

use super::pool::{Memory, Pool};
use super::{CommonPasswords, HashError};

/// KiB of memory, passes and lanes, as OWASP recommends for argon2id.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_LEN: usize = 16;
const DIGEST_LEN: usize = 32;

/// Stored hashes that ask for more than these are refused rather than computed.
const MEMORY_KIB_MAX: u32 = 1 << 18;
const PASSES_MAX: u32 = 16;
const LANES_MAX: u32 = 16;
const BCRYPT_COST_MAX: u32 = 16;

/// What is stored instead of a hash for an account without a password. Nothing matches it.
pub const NO_PASSWORD: &str = "!";

/// Hashes and compares passwords on a few threads of its own.
///
/// Every call blocks until a thread has done the work, some 20 ms when none is waiting.
pub struct PasswordHasher {
    pool: Pool,
    common: CommonPasswords,
    jobs: AtomicU64,
}

/// What comparing a password with a stored hash came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the password.
    Match,
    /// It is the password, and its hash is bcrypt or weaker than new ones: hash it again.
    MatchOutdated,
    /// It is not the password.
    NoMatch,
}

impl std::fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordHasher").finish_non_exhaustive()
    }
}

impl PasswordHasher {
    /// A hasher with `threads` threads, each taking 19 MiB while busy, and room for `queue_max`
    /// calls to wait. Both are at least 1. Calls beyond that fail as [`HashError::Busy`].
    pub fn new(threads: usize, queue_max: usize) -> Self {
        let pool = Pool::new(threads, queue_max);
        Self { pool, common: CommonPasswords::default(), jobs: AtomicU64::new(0) }
    }

    /// Says which passwords are known to be in use by many.
    #[must_use]
    pub fn knowing(mut self, common: CommonPasswords) -> Self {
        self.common = common;
        self
    }

    /// The passwords that are known to be in use by many.
    pub fn common_passwords(&self) -> &CommonPasswords {
        &self.common
    }

    /// How many passwords were hashed or compared so far, for whoever watches over what a request
    /// costs.
    pub fn jobs(&self) -> u64 {
        self.jobs.load(Ordering::Relaxed)
    }

    /// The argon2id hash of `plain` with a new salt, as a PHC string.
    pub fn hash(&self, plain: &str) -> Result<String, HashError> {
        let plain = plain.to_owned();
        self.jobs.fetch_add(1, Ordering::Relaxed);
        self.pool.run(move |memory| hash(&plain, memory))?
    }

    /// Compares `plain` with a stored hash: argon2 as PHC string, or bcrypt (`$2a$`, `$2b$`,
    /// `$2y$`), which reads the first 72 bytes only.
    ///
    /// An empty `stored` and [`NO_PASSWORD`] never match and take as long as one that could.
    pub fn verify(&self, plain: &str, stored: &str) -> Result<Verdict, HashError> {
        let (plain, stored) = (plain.to_owned(), stored.to_owned());
        self.jobs.fetch_add(1, Ordering::Relaxed);
        self.pool.run(move |memory| verify(&plain, &stored, memory))?
    }

    /// Takes as long as [`Self::verify`] does, for identities that do not exist.
    pub fn verify_nobody(&self, plain: &str) -> Result<(), HashError> {
        self.verify(plain, "").map(|_| ())
    }
}

fn params() -> Result<Params, HashError> {
    Params::new(MEMORY_KIB, PASSES, LANES, Some(DIGEST_LEN)).map_err(|_| HashError::Unusable)
}

fn hash(plain: &str, memory: &mut Memory) -> Result<String, HashError> {
    let salt: [u8; SALT_LEN] = rand::random();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params()?);
    let mut digest = [0; DIGEST_LEN];
    fill(&argon2, plain, &salt, &mut digest, memory)?;
    let unusable = |_| HashError::Unusable;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(argon2.params()).map_err(|_| HashError::Unusable)?,
        salt: Some(Salt::new(&salt).map_err(unusable)?),
        hash: Some(Output::new(&digest).map_err(unusable)?),
    };
    Ok(hash.to_string())
}

fn verify(plain: &str, stored: &str, memory: &mut Memory) -> Result<Verdict, HashError> {
    if stored.is_empty() || stored == NO_PASSWORD {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params()?);
        fill(&argon2, plain, &[0; SALT_LEN], &mut [0; DIGEST_LEN], memory)?;
        return Ok(Verdict::NoMatch);
    }
    if stored.starts_with("$2") {
        return verify_bcrypt(plain, stored);
    }
    let parsed = PasswordHash::new(stored).map_err(|_| HashError::Unusable)?;
    let algorithm = Algorithm::new(parsed.algorithm.as_str()).map_err(|_| HashError::Unusable)?;
    let version = match parsed.version {
        Some(number) => Version::try_from(number).map_err(|_| HashError::Unusable)?,
        None => Version::V0x10,
    };
    let params = Params::try_from(&parsed).map_err(|_| HashError::Unusable)?;
    let (Some(salt), Some(expected)) = (&parsed.salt, &parsed.hash) else {
        return Err(HashError::Unusable);
    };
    let is_affordable = params.m_cost() <= MEMORY_KIB_MAX
        && params.t_cost() <= PASSES_MAX
        && params.p_cost() <= LANES_MAX;
    if !is_affordable {
        return Err(HashError::Unusable);
    }
    let is_current = algorithm == Algorithm::Argon2id
        && version == Version::V0x13
        && params.m_cost() >= MEMORY_KIB
        && params.t_cost() >= PASSES
        && expected.len() >= DIGEST_LEN;
    let mut digest = vec![0; expected.len()];
    fill(&Argon2::new(algorithm, version, params), plain, salt.as_ref(), &mut digest, memory)?;
    Ok(verdict(bool::from(digest.ct_eq(expected.as_bytes())), is_current))
}

/// Computes an argon2 digest in `memory`, which keeps the size that new hashes need.
fn fill(
    argon2: &Argon2<'_>,
    plain: &str,
    salt: &[u8],
    digest: &mut [u8],
    memory: &mut Memory,
) -> Result<(), HashError> {
    let blocks = argon2.params().block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::new());
    }
    let filled =
        argon2.hash_password_into_with_memory(plain.as_bytes(), salt, digest, &mut *memory);
    if memory.len() > MEMORY_KIB as usize {
        memory.truncate(MEMORY_KIB as usize);
        memory.shrink_to_fit();
    }
    filled.map_err(|_| HashError::Unusable)
}

fn verify_bcrypt(plain: &str, stored: &str) -> Result<Verdict, HashError> {
    let cost = stored.get(4..6).and_then(|cost| cost.parse::<u32>().ok());
    // `$2x$` marks hashes made by a bug.
    if stored.starts_with("$2x$") || cost.is_none_or(|cost| cost > BCRYPT_COST_MAX) {
        return Err(HashError::Unusable);
    }
    let is_match = bcrypt::verify(plain, stored).map_err(|_| HashError::Unusable)?;
    Ok(verdict(is_match, false))
}

fn verdict(is_match: bool, is_current: bool) -> Verdict {
    match (is_match, is_current) {
        (true, true) => Verdict::Match,
        (true, false) => Verdict::MatchOutdated,
        (false, _) => Verdict::NoMatch,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::PasswordVerifier;

    fn hasher() -> PasswordHasher {
        PasswordHasher::new(1, 4)
    }

    #[test]
    fn a_hash_matches_its_password_only() {
        let hasher = hasher();
        let stored = hasher.hash("pass 密码").unwrap();
        assert_eq!(hasher.verify("pass 密码", &stored), Ok(Verdict::Match));
        assert_eq!(hasher.verify("pass", &stored), Ok(Verdict::NoMatch));
        assert_eq!(hasher.verify("", &stored), Ok(Verdict::NoMatch));
        assert_ne!(hasher.hash("pass 密码").unwrap(), stored);
    }

    #[test]
    fn hashes_are_phc_strings_that_others_can_read() {
        let stored = hasher().hash("secret").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        let parsed = PasswordHash::new(&stored).unwrap();
        assert!(Argon2::default().verify_password(b"secret", &parsed).is_ok());
        assert!(Argon2::default().verify_password(b"Secret", &parsed).is_err());
    }

    #[test]
    fn weaker_hashes_match_as_outdated_and_leave_memory_fit_for_new_ones() {
        let hasher = hasher();
        // From the tests of the reference implementation.
        let small =
            "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8";
        assert_eq!(hasher.verify("password", small), Ok(Verdict::MatchOutdated));
        assert_eq!(hasher.verify("Password", small), Ok(Verdict::NoMatch));
        let large = "$argon2id$v=19$m=32768,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA";
        assert_eq!(hasher.verify("password", large), Ok(Verdict::NoMatch));
        assert_eq!(hasher.pool.run(|memory| memory.len()), Ok(MEMORY_KIB as usize));
    }

    #[test]
    fn bcrypt_hashes_match_as_outdated() {
        let hasher = hasher();
        for version in ["2a", "2b", "2y"] {
            let stored =
                format!("${version}$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");
            assert_eq!(hasher.verify("U*U", &stored), Ok(Verdict::MatchOutdated));
            assert_eq!(hasher.verify("U*V", &stored), Ok(Verdict::NoMatch));
        }
        let long = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        let stored = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
        assert_eq!(hasher.verify(long, stored), Ok(Verdict::MatchOutdated));
        assert_eq!(hasher.verify(&format!("{long}ignored"), stored), Ok(Verdict::MatchOutdated));
    }

    #[test]
    fn nothing_matches_an_empty_hash() {
        assert_eq!(hasher().verify("", ""), Ok(Verdict::NoMatch));
        assert_eq!(hasher().verify_nobody("secret"), Ok(()));
    }

    #[test]
    fn hashes_that_are_damaged_or_too_costly_are_errors() {
        let hasher = hasher();
        for stored in [
            "plain",
            "$",
            "$argon2id$v=19$m=19456,t=2,p=1",
            "$argon2id$v=19$m=99999999,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=1024,t=999,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2a$05$short",
            "$2é",
        ] {
            assert_eq!(hasher.verify("secret", stored), Err(HashError::Unusable), "{stored}");
        }
    }
}
