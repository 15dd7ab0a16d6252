//! Passwords: how they are prepared, which are good enough, and how they are hashed and compared.
//!
//! Prepared by PRECIS' OpaqueString (RFC 8265 §4.2), hashed by Argon2id (RFC 9106) into PHC strings. The work itself
//! is done where `pool` says.

use std::fmt;

use argon2::password_hash::{self, Encoding, PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, Zeroizing};

use crate::precis::{self, Class};

/// The fewest characters of a new password (NIST SP 800-63B §5.1.1.1).
pub const PASSWORD_CHARS_MIN: usize = 8;
/// The longest password, in bytes: room for any passphrase, none for abuse.
pub const PASSWORD_BYTES_MAX: usize = 1024;
/// The most memory that a stored hash may ask for, in KiB: it comes from the directory.
const VERIFY_MEMORY_KIB_MAX: u32 = 1024 * 1024;
/// The most passes that a stored hash may ask for.
const VERIFY_PASSES_MAX: u32 = 64;
/// Bytes of salt and of output of a new hash (RFC 9106 §3.1).
const SALT_BYTES: usize = 16;
const OUTPUT_BYTES: usize = 32;

/// A password as somebody typed it, prepared for comparison. It is never shown, and wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<String>);

/// Why a new password is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// It has too few characters.
    #[error("a password needs at least {min} characters")]
    TooShort {
        /// [`PASSWORD_CHARS_MIN`].
        min: usize,
    },
    /// It has too many bytes.
    #[error("a password has at most {max} bytes")]
    TooLong {
        /// [`PASSWORD_BYTES_MAX`].
        max: usize,
    },
    /// It has a character that cannot be typed or sent everywhere: a control character, or one that Unicode does not
    /// define (RFC 8264 §4.3).
    #[error("a password cannot contain {found:?}")]
    Character {
        /// It.
        found: char,
    },
}

impl Password {
    /// Prepares what was typed: other spaces become the plain one, and NFC, so that the same keys
    /// give the same password on every device (RFC 8265 §4.2.2). Which characters there may be is asked
    /// when a password is set, by [`Password::check_strength`]: a login with others just fails.
    #[must_use]
    pub fn new(typed: &str) -> Self {
        let spaced = typed.chars().map(|c| if is_space(c) { ' ' } else { c });
        // Room for what NFC can grow to (UAX #15 §12.1), so that no copy is left behind by a reallocation.
        let mut prepared = Zeroizing::new(String::with_capacity(typed.len() * 3));
        prepared.extend(spaced.nfc());
        Self(prepared)
    }

    /// Whether it may become somebody's password.
    ///
    /// # Errors
    /// It is too short, too long or cannot be typed everywhere.
    pub fn check_strength(&self) -> Result<(), WeakPassword> {
        if self.is_too_long() {
            return Err(WeakPassword::TooLong { max: PASSWORD_BYTES_MAX });
        }
        if self.0.chars().count() < PASSWORD_CHARS_MIN {
            return Err(WeakPassword::TooShort { min: PASSWORD_CHARS_MIN });
        }
        match precis::disallowed(&self.0, Class::Freeform) {
            Some(found) => Err(WeakPassword::Character { found }),
            None => Ok(()),
        }
    }

    pub(crate) fn is_too_long(&self) -> bool {
        self.0.len() > PASSWORD_BYTES_MAX
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// A space separator (Unicode's category Zs): white space but for control characters and separators of lines.
fn is_space(c: char) -> bool {
    c.is_whitespace() && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}')
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// What a new hash costs to make and to guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for Cost {
    /// The OWASP recommendation for Argon2id.
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2, lanes: 1 }
    }
}

/// A cost that Argon2 cannot work with or that no login should take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Argon2 cannot use memory_kib={}, passes={}, lanes={}", cost.memory_kib, cost.passes, cost.lanes)]
pub struct InvalidCost {
    /// What was asked for.
    pub cost: Cost,
}

impl Cost {
    /// Checks the cost once, so that hashing need not.
    ///
    /// # Errors
    /// Argon2 cannot use it, or it is beyond what a verification may take.
    pub fn check(self) -> Result<(), InvalidCost> {
        self.params().map(|_| ())
    }

    fn params(self) -> Result<Params, InvalidCost> {
        let invalid = InvalidCost { cost: self };
        if self.memory_kib > VERIFY_MEMORY_KIB_MAX || self.passes > VERIFY_PASSES_MAX {
            return Err(invalid);
        }
        Params::new(self.memory_kib, self.passes, self.lanes, Some(OUTPUT_BYTES)).map_err(|_| invalid)
    }
}

/// A new salted hash of `password`, as a PHC string. It takes long, on purpose.
pub(crate) fn hash(password: &Password, cost: Cost) -> Result<String, password_hash::Error> {
    let params = cost.params().map_err(|_| password_hash::Error::ParamsMaxExceeded)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let salt = SaltString::encode_b64(&model::env::random::<SALT_BYTES>())?;
    Ok(argon2.hash_password(password.as_bytes(), &salt)?.to_string())
}

/// Whether `phc` is a hash of `password`, at whatever cost it was made, cheaper or dearer.
///
/// # Errors
/// `phc` is no Argon2 hash, or one that takes too much to verify.
pub(crate) fn verify(password: &Password, phc: &str) -> Result<bool, password_hash::Error> {
    let parsed = PasswordHash::parse(phc, Encoding::B64)?;
    let params = Params::try_from(&parsed)?;
    if params.m_cost() > VERIFY_MEMORY_KIB_MAX || params.t_cost() > VERIFY_PASSES_MAX {
        return Err(password_hash::Error::ParamsMaxExceeded);
    }
    match Argon2::default().verify_password(password.as_bytes(), &parsed) {
        Ok(()) => Ok(true),
        Err(password_hash::Error::Password) => Ok(false),
        Err(error) => Err(error),
    }
}

/// A hash that no password has, to spend the same time on a user who does not exist.
pub(crate) fn decoy(cost: Cost) -> Result<String, password_hash::Error> {
    let mut salt = model::env::random::<SALT_BYTES>();
    let salt_text = SaltString::encode_b64(&salt)?;
    salt.zeroize();
    let output = SaltString::encode_b64(&model::env::random::<OUTPUT_BYTES>())?;
    let Cost { memory_kib: m, passes: t, lanes: p } = cost;
    Ok(format!("$argon2id$v=19$m={m},t={t},p={p}${salt_text}${output}"))
}

#[cfg(test)]
pub(crate) const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_verified_by_its_hash_only() {
        let phc = hash(&Password::new("correct horse"), CHEAP).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{phc}");
        assert!(verify(&Password::new("correct horse"), &phc).unwrap());
        assert!(!verify(&Password::new("correct horsf"), &phc).unwrap());
        assert_ne!(hash(&Password::new("correct horse"), CHEAP).unwrap(), phc, "each hash has its own salt");
    }

    #[test]
    fn the_default_cost_is_the_recommended_one() {
        let phc = hash(&Password::new("correct horse"), Cost::default()).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
    }

    #[test]
    fn a_hash_made_elsewhere_is_understood() {
        // From the reference implementation: echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1 -l 24 -e
        let phc = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(verify(&Password::new("password"), phc).unwrap());
    }

    #[test]
    fn a_decoy_is_a_hash_of_nothing() {
        let phc = decoy(CHEAP).unwrap();
        assert!(!verify(&Password::new(""), &phc).unwrap());
        assert!(!verify(&Password::new("correct horse"), &phc).unwrap());
    }

    #[test]
    fn a_stored_hash_cannot_ask_for_everything() {
        let phc = decoy(CHEAP).unwrap().replace("m=8", "m=4000000");
        assert!(verify(&Password::new("x"), &phc).is_err());
        assert!(verify(&Password::new("x"), "no hash at all").is_err());
    }

    #[test]
    fn the_same_keys_give_the_same_password_on_every_device() {
        assert!(Password::new("o\u{308}l\u{a0}kanne") == Password::new("\u{f6}l kanne"));
    }

    #[test]
    fn weak_passwords_are_told_why() {
        let weak = |typed: &str| Password::new(typed).check_strength();
        assert_eq!(weak("1234567"), Err(WeakPassword::TooShort { min: 8 }));
        assert_eq!(weak(&"x".repeat(1025)), Err(WeakPassword::TooLong { max: 1024 }));
        assert_eq!(weak("12345678\n"), Err(WeakPassword::Character { found: '\n' }));
        assert_eq!(weak("12345678\u{378}"), Err(WeakPassword::Character { found: '\u{378}' }));
        assert_eq!(weak("\u{1f40e} und \u{3c0}\u{df}"), Ok(()));
        assert_eq!(weak("12345678"), Ok(()));
    }

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(format!("{:?}", Password::new("secret")), "Password(..)");
    }
}
