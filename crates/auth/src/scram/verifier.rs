//! What the server keeps to check SCRAM's proofs without knowing the password, and what it makes up for users who
//! do not exist.
//!
//! A verifier is written as RFC 5803 §2 has it: `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`.

use std::fmt;
use std::num::NonZeroU32;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac, pbkdf2};
use subtle::ConstantTimeEq;

use crate::password::Password;

/// The fewest iterations of PBKDF2 (RFC 7677 §4).
pub const ITERATIONS_MIN: u32 = 4096;
/// The most: a client has to do them at every login, and a phone takes seconds for these.
pub const ITERATIONS_MAX: u32 = 2_000_000;
/// The iterations of new verifiers, unless configured: as many as a phone does without being noticed. The verifier is
/// weaker than the hash beside it all the same, since PBKDF2 needs no memory.
// CLIENT: Cyrus SASL, and with it mbsync and other programs of its kind, gives up on more than 65,536.
pub const ITERATIONS_DEFAULT: u32 = 60_000;
/// Bytes of the secret that made-up salts come from.
pub const SECRET_BYTES: usize = blake3::KEY_LEN;
/// Bytes of salt.
pub(crate) const SALT_BYTES: usize = 16;
/// Bytes of SHA-256.
pub(crate) const KEY_BYTES: usize = digest::SHA256_OUTPUT_LEN;

const SCHEME: &str = "SCRAM-SHA-256";

/// A salted password, of which only the proof can be checked (RFC 5802 §3).
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Verifier {
    iterations: u32,
    salt: [u8; SALT_BYTES],
    stored_key: [u8; KEY_BYTES],
    server_key: [u8; KEY_BYTES],
}

impl Verifier {
    /// The verifier of a password. It takes long, on purpose.
    pub(crate) fn derive(password: &Password, iterations: u32, salt: [u8; SALT_BYTES]) -> Self {
        let iterations = iterations.clamp(ITERATIONS_MIN, ITERATIONS_MAX);
        let times = NonZeroU32::new(iterations).unwrap_or(NonZeroU32::MIN);
        let mut salted = zeroize::Zeroizing::new([0; KEY_BYTES]);
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, times, &salt, password.as_bytes(), salted.as_mut());
        let client_key = zeroize::Zeroizing::new(mac(salted.as_ref(), b"Client Key"));
        let server_key = mac(salted.as_ref(), b"Server Key");
        Self { iterations, salt, stored_key: sha256(client_key.as_ref()), server_key }
    }

    /// Reads what [`fmt::Display`] writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once('$')?;
        let (cost, keys) = rest.split_once('$')?;
        let (iterations, salt) = cost.split_once(':')?;
        let (stored_key, server_key) = keys.split_once(':')?;
        let iterations = iterations.parse().ok().filter(|n| (ITERATIONS_MIN..=ITERATIONS_MAX).contains(n))?;
        (scheme == SCHEME).then_some(())?;
        Some(Self {
            iterations,
            salt: decoded(salt)?,
            stored_key: decoded(stored_key)?,
            server_key: decoded(server_key)?,
        })
    }

    pub(super) const fn iterations(&self) -> u32 {
        self.iterations
    }

    pub(super) const fn salt(&self) -> &[u8; SALT_BYTES] {
        &self.salt
    }

    /// Whether `proof` was made by somebody who knows the password: it is `ClientKey XOR ClientSignature`.
    pub(super) fn proves(&self, proof: &[u8; KEY_BYTES], auth_message: &[u8]) -> bool {
        let mut client_key = mac(&self.stored_key, auth_message);
        for (byte, proven) in client_key.iter_mut().zip(proof) {
            *byte ^= proven;
        }
        sha256(&client_key).ct_eq(&self.stored_key).into()
    }

    /// The proof that the server knows the password.
    pub(super) fn server_signature(&self, auth_message: &[u8]) -> [u8; KEY_BYTES] {
        mac(&self.server_key, auth_message)
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [salt, stored, server] =
            [self.salt.as_slice(), &self.stored_key, &self.server_key].map(|bytes| STANDARD.encode(bytes));
        write!(f, "{SCHEME}${}:{salt}${stored}:{server}", self.iterations)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

/// Makes up verifiers for names that have none. A name always gets the same, as long as the secret is the same, so
/// that nobody learns from a changing salt that there is no such user.
#[derive(Clone)]
pub(crate) struct Decoys {
    secret: [u8; SECRET_BYTES],
    iterations: u32,
}

impl Decoys {
    pub(crate) const fn new(secret: [u8; SECRET_BYTES], iterations: u32) -> Self {
        Self { secret, iterations }
    }

    /// The made-up verifier of a name. No password proves it.
    pub(crate) fn of(&self, name: &str) -> Verifier {
        let mut bytes = blake3::Hasher::new_keyed(&self.secret).update(name.as_bytes()).finalize_xof();
        let (mut salt, mut stored_key, mut server_key) = ([0; SALT_BYTES], [0; KEY_BYTES], [0; KEY_BYTES]);
        bytes.fill(&mut salt);
        bytes.fill(&mut stored_key);
        bytes.fill(&mut server_key);
        Verifier { iterations: self.iterations, salt, stored_key, server_key }
    }
}

fn mac(key: &[u8], message: &[u8]) -> [u8; KEY_BYTES] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
    copied(tag.as_ref())
}

fn sha256(bytes: &[u8]) -> [u8; KEY_BYTES] {
    copied(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// The output of SHA-256, which has just that many bytes.
fn copied(output: &[u8]) -> [u8; KEY_BYTES] {
    let mut bytes = [0; KEY_BYTES];
    for (byte, from) in bytes.iter_mut().zip(output) {
        *byte = *from;
    }
    bytes
}

fn decoded<const N: usize>(base64: &str) -> Option<[u8; N]> {
    STANDARD.decode(base64).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_is_read_back() {
        let made = Verifier::derive(&Password::new("pencil"), 5000, [7; SALT_BYTES]);
        let text = made.to_string();
        assert!(text.starts_with("SCRAM-SHA-256$5000:BwcHBwcHBwcHBwcHBwcHBw==$"), "{text}");
        assert_eq!(Verifier::parse(&text), Some(made));
    }

    #[test]
    fn what_is_no_verifier_is_not_read() {
        let text = Verifier::derive(&Password::new("pencil"), 4096, [7; SALT_BYTES]).to_string();
        for (from, to) in
            [("256", "1"), ("4096", "4095"), ("4096", "4000000000"), ("BwcH", "Bwc"), ("=:", ":"), ("$", "")]
        {
            assert_eq!(Verifier::parse(&text.replace(from, to)), None, "{from} {to}");
        }
    }

    #[test]
    fn a_decoy_is_stable_differs_by_name_and_is_never_proven() {
        let decoys = Decoys::new([1; 32], 4096);
        let decoy = decoys.of("nobody@example.org");
        assert_eq!(decoys.of("nobody@example.org"), decoy);
        assert_ne!(decoys.of("noone@example.org").salt, decoy.salt);
        assert_ne!(Decoys::new([2; 32], 4096).of("nobody@example.org").salt, decoy.salt);
        assert!(!decoy.proves(&[0; KEY_BYTES], b"message"));
    }
}
