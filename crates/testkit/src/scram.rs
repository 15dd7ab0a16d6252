//! The client's side of SCRAM-SHA-256 (RFC 5802 §3, RFC 7677): what it makes of the server's first message.
//!
//! Lines and Base64 of SASL are the caller's.

use std::num::NonZeroU32;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac, pbkdf2};

/// What a client sends last, and what it then expects of the server.
#[derive(Debug, PartialEq, Eq)]
pub struct Final {
    /// `client-final-message`.
    pub message: String,
    /// `server-final-message`.
    pub expected: String,
}

/// Answers the server's first message; `None` if it is none.
///
/// `bound` is the GS2 header with the channel's data behind it, `bare` the client's first message without the header.
#[must_use]
pub fn answer(bound: &[u8], bare: &str, server_first: &str, password: &str) -> Option<Final> {
    let field = |name: &str| server_first.split(',').find_map(|field| field.strip_prefix(name));
    let salt = STANDARD.decode(field("s=")?).ok()?;
    let iterations: NonZeroU32 = field("i=")?.parse().ok()?;
    let mut salted = [0; digest::SHA256_OUTPUT_LEN];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, password.as_bytes(), &mut salted);
    let client_key = mac(&salted, "Client Key");
    let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
    let without_proof = format!("c={},r={}", STANDARD.encode(bound), field("r=")?);
    let auth_message = format!("{bare},{server_first},{without_proof}");
    let signature = mac(stored_key.as_ref(), &auth_message);
    let proof: Vec<u8> = client_key.as_ref().iter().zip(signature.as_ref()).map(|(a, b)| a ^ b).collect();
    let server = mac(mac(&salted, "Server Key").as_ref(), &auth_message);
    Some(Final {
        message: format!("{without_proof},p={}", STANDARD.encode(proof)),
        expected: format!("v={}", STANDARD.encode(server)),
    })
}

fn mac(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_as_in_rfc_7677_section_3() {
        let first = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let made = answer(b"n,,", "n=user,r=rOprNGfwEbeRWgbNEkqO", first, "pencil")
            .map(|last| (last.message, last.expected));
        let message = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                       p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        assert_eq!(
            made,
            Some((message.to_owned(), "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=".to_owned()))
        );
    }
}
