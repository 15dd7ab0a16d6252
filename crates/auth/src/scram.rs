//! The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677): messages and proofs.
//!
//! Lines are sent elsewhere; `login` brings users and proofs together. That the password is never sent is what SCRAM is for; that the client
//! proves to speak over the very TLS connection that the server sees is what -PLUS adds (RFC 5929, RFC 9266).

mod login;
mod message;
mod verifier;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub(crate) use self::login::Pending;
use self::message::ClientFinal;
pub(crate) use self::message::ClientFirst;
pub(crate) use self::verifier::{Decoys, Verifier};
pub use self::verifier::{ITERATIONS_DEFAULT, ITERATIONS_MAX, ITERATIONS_MIN, SECRET_BYTES};
use crate::sasl::SaslFailure;

/// Random bytes of the server's part of the nonce.
const NONCE_BYTES: usize = 18;

/// An exchange after the server's first message.
#[derive(Debug)]
pub(crate) struct Challenged {
    verifier: Verifier,
    /// Both parts of it.
    nonce: String,
    /// What `c=` has to say.
    bound: Vec<u8>,
    /// `AuthMessage` up to the client's last message (RFC 5802 §3).
    so_far: String,
}

/// What a proof proves.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// The client knows the password. The server's last message proves that the server knows it too.
    Right {
        /// That message.
        server_final: String,
    },
    /// It does not.
    Wrong,
}

impl Challenged {
    /// The server's first message, and what the answer to it is checked against.
    pub(crate) fn new(first: ClientFirst, verifier: Verifier) -> (Self, String) {
        Self::with_nonce(first, verifier, &STANDARD.encode(model::env::random::<NONCE_BYTES>()))
    }

    fn with_nonce(first: ClientFirst, verifier: Verifier, ours: &str) -> (Self, String) {
        let nonce = format!("{}{ours}", first.nonce);
        let salt = STANDARD.encode(verifier.salt());
        let message = format!("r={nonce},s={salt},i={}", verifier.iterations());
        let so_far = format!("{},{message}", first.bare);
        (Self { verifier, nonce, bound: first.bound, so_far }, message)
    }

    /// Checks the client's last message.
    ///
    /// # Errors
    /// It is none, or belongs to another exchange or another connection.
    pub(crate) fn check(self, message: &str) -> Result<Proof, SaslFailure> {
        let last = ClientFinal::read(message)?;
        if last.nonce != self.nonce {
            return Err(SaslFailure::Malformed);
        }
        if last.bound != self.bound {
            return Err(SaslFailure::ChannelBinding);
        }
        let auth_message = format!("{},{}", self.so_far, last.without_proof);
        if !self.verifier.proves(&last.proof, auth_message.as_bytes()) {
            return Ok(Proof::Wrong);
        }
        let signature = STANDARD.encode(self.verifier.server_signature(auth_message.as_bytes()));
        Ok(Proof::Right { server_final: format!("v={signature}") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::Password;
    use crate::sasl::Bindings;

    const FIRST: &str = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    const SERVER_NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    const LAST: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                        p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

    fn pencil() -> Verifier {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        Verifier::derive(&Password::new("pencil"), 4096, salt.try_into().unwrap())
    }

    fn challenged(verifier: Verifier) -> (Challenged, String) {
        let first = ClientFirst::read(FIRST, false, &Bindings::default()).unwrap();
        Challenged::with_nonce(first, verifier, SERVER_NONCE)
    }

    #[test]
    fn an_exchange_as_in_rfc_7677_section_3() {
        let (exchange, first) = challenged(pencil());
        assert_eq!(
            first,
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        );
        let server_final = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=".to_owned();
        assert_eq!(exchange.check(LAST), Ok(Proof::Right { server_final }));
    }

    #[test]
    fn a_proof_of_another_password_is_wrong() {
        let other = Verifier::derive(&Password::new("pencils"), 4096, *b"sixteen bytes...");
        assert_eq!(challenged(other).0.check(LAST), Ok(Proof::Wrong));
    }

    #[test]
    fn a_message_of_another_exchange_is_refused() {
        for (from, to, failure) in [
            ("k0,p", "k1,p", SaslFailure::Malformed),
            ("c=biws", "c=eSws", SaslFailure::ChannelBinding),
            ("dHzb", "dHz", SaslFailure::Malformed),
            ("c=biws,", "", SaslFailure::Malformed),
            ("c=biws,", "m=x,c=biws,", SaslFailure::Malformed),
            (",p=", ",x=", SaslFailure::Malformed),
        ] {
            assert_eq!(challenged(pencil()).0.check(&LAST.replace(from, to)), Err(failure), "{from} {to}");
        }
    }

    #[test]
    fn each_exchange_has_its_own_nonce() {
        let first =
            |()| Challenged::new(ClientFirst::read(FIRST, false, &Bindings::default()).unwrap(), pencil()).1;
        assert_ne!(first(()), first(()));
        assert!(first(()).starts_with("r=rOprNGfwEbeRWgbNEkqO"));
    }
}
