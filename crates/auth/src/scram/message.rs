//! SCRAM's two messages from the client (RFC 5802 §7), read with everything in them that a server has to look at.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::verifier::KEY_BYTES;
use crate::sasl::{Bindings, SaslFailure};

/// `client-first-message`.
#[derive(Debug)]
pub(crate) struct ClientFirst {
    /// Who wants to log in, as it was sent.
    pub(crate) login: String,
    /// The client's part of the nonce.
    pub(super) nonce: String,
    /// `client-first-message-bare`.
    pub(super) bare: String,
    /// `cbind-input`: what the client's last message has to repeat, with the data that this connection really has.
    pub(super) bound: Vec<u8>,
}

impl ClientFirst {
    /// Reads the message. `plus` says which of the two mechanisms was asked for.
    ///
    /// # Errors
    /// It is none, acts for somebody else, or its binding is none of the connection's.
    pub(crate) fn read(message: &str, plus: bool, bindings: &Bindings) -> Result<Self, SaslFailure> {
        let mut parts = message.splitn(3, ',');
        let (Some(flag), Some(acting_for), Some(bare)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(SaslFailure::Malformed);
        };
        let data = bound_data(flag, plus, bindings)?;
        let bound = [format!("{flag},{acting_for},").as_bytes(), data].concat();
        let mut attributes = bare.split(',');
        // A `m=` before the name would have to be understood (RFC 5802 §5.1), and none is defined.
        let login = attributes.next().and_then(|name| name.strip_prefix("n=")).and_then(name);
        let nonce = attributes.next().and_then(|nonce| nonce.strip_prefix("r="));
        let (Some(login), Some(nonce)) = (login, nonce) else { return Err(SaslFailure::Malformed) };
        if nonce.is_empty() || !nonce.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(SaslFailure::Malformed);
        }
        check_acting_for(acting_for, &login)?;
        Ok(Self { login, nonce: nonce.to_owned(), bare: bare.to_owned(), bound })
    }
}

/// The data of the binding that a `gs2-cbind-flag` asks for (RFC 5802 §6).
fn bound_data<'a>(flag: &str, plus: bool, bindings: &'a Bindings) -> Result<&'a [u8], SaslFailure> {
    match (flag, plus) {
        ("n", false) => Ok(&[]),
        // "I could bind, but you do not": whoever stands between us took -PLUS out of our offer.
        ("y", false) if !bindings.is_empty() => Err(SaslFailure::Downgrade),
        ("y", false) => Ok(&[]),
        (flag, true) => {
            let name = flag.strip_prefix("p=").ok_or(SaslFailure::Malformed)?;
            bindings.of(name).ok_or(SaslFailure::ChannelBinding)
        }
        _ => Err(SaslFailure::Malformed),
    }
}

/// Nobody may act for anybody else.
fn check_acting_for(field: &str, login: &str) -> Result<(), SaslFailure> {
    if field.is_empty() {
        return Ok(());
    }
    match field.strip_prefix("a=").and_then(name) {
        None => Err(SaslFailure::Malformed),
        Some(other) if other != login => Err(SaslFailure::ActingForAnother),
        Some(_) => Ok(()),
    }
}

/// `saslname`: `=2C` is a comma and `=3D` an equals sign; there is no other `=`.
fn name(text: &str) -> Option<String> {
    let name = text.replace("=2C", ",").replace("=3D", "=");
    let escapes = text.matches("=2C").count() + text.matches("=3D").count();
    (!name.is_empty() && !name.contains('\0') && text.matches('=').count() == escapes).then_some(name)
}

/// `client-final-message`.
#[derive(Debug)]
pub(super) struct ClientFinal<'a> {
    /// `cbind-input`, decoded.
    pub(super) bound: Vec<u8>,
    pub(super) nonce: &'a str,
    pub(super) proof: [u8; KEY_BYTES],
    /// `client-final-message-without-proof`.
    pub(super) without_proof: &'a str,
}

impl<'a> ClientFinal<'a> {
    pub(super) fn read(message: &'a str) -> Result<Self, SaslFailure> {
        Self::parts(message).ok_or(SaslFailure::Malformed)
    }

    fn parts(message: &'a str) -> Option<Self> {
        // The proof comes last; extensions before it are not ours and count for the proof only.
        let (without_proof, proof) = message.rsplit_once(",p=")?;
        let mut attributes = without_proof.split(',');
        let bound = attributes.next()?.strip_prefix("c=")?;
        let nonce = attributes.next()?.strip_prefix("r=")?;
        Some(Self {
            bound: STANDARD.decode(bound).ok()?,
            nonce,
            proof: STANDARD.decode(proof).ok()?.try_into().ok()?,
            without_proof,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bindings() -> Bindings {
        Bindings::new(vec![("tls-exporter", b"secret".to_vec()), ("tls-server-end-point", b"hash".to_vec())])
    }

    fn read(message: &str, plus: bool) -> Result<(String, Vec<u8>), SaslFailure> {
        ClientFirst::read(message, plus, &bindings()).map(|first| (first.login, first.bound))
    }

    #[test]
    fn a_binding_is_one_that_the_connection_has() {
        assert_eq!(
            read("p=tls-exporter,,n=ada,r=x", true),
            Ok(("ada".to_owned(), b"p=tls-exporter,,secret".to_vec()))
        );
        assert_eq!(
            read("p=tls-server-end-point,a=ada,n=ada,r=x", true).unwrap().1,
            b"p=tls-server-end-point,a=ada,hash"
        );
        assert_eq!(read("p=tls-unique,,n=ada,r=x", true), Err(SaslFailure::ChannelBinding));
        assert_eq!(read("p=tls-exporter,,n=ada,r=x", false), Err(SaslFailure::Malformed));
        assert_eq!(read("n,,n=ada,r=x", true), Err(SaslFailure::Malformed));
    }

    #[test]
    fn a_client_that_was_not_told_of_plus_is_refused() {
        assert_eq!(read("y,,n=ada,r=x", false), Err(SaslFailure::Downgrade));
        assert!(ClientFirst::read("y,,n=ada,r=x", false, &Bindings::default()).is_ok());
        assert!(read("n,,n=ada,r=x", false).is_ok(), "it cannot bind at all");
    }

    #[test]
    fn names_are_unescaped() {
        assert_eq!(read("n,,n=a=2Cb=3Dc,r=x", false).unwrap().0, "a,b=c");
        for bad in [
            "n,,n=a=b,r=x",
            "n,,n=a=2c,r=x",
            "n,,n=,r=x",
            "n,,r=x,n=a",
            "n,,m=x,n=a,r=x",
            "n,,n=a,r=",
            "n,n=a,r=x",
            "",
        ] {
            assert_eq!(read(bad, false), Err(SaslFailure::Malformed), "{bad}");
        }
    }

    #[test]
    fn nobody_acts_for_another() {
        assert!(read("n,a=ada,n=ada,r=x", false).is_ok());
        assert_eq!(read("n,a=eve,n=ada,r=x", false), Err(SaslFailure::ActingForAnother));
        assert_eq!(read("n,eve,n=ada,r=x", false), Err(SaslFailure::Malformed));
    }

    proptest! {
        #[test]
        fn no_message_makes_it_panic(message in "\\PC{0,60}", plus: bool) {
            let _first = ClientFirst::read(&message, plus, &bindings()).is_ok();
            let _last = ClientFinal::read(&message).is_ok();
        }
    }
}
