//! The two facts of a certificate that we need and rustls does not tell: when it expires, and how it is signed.
//!
//! Just so much of DER (X.690) as leads there through RFC 5280 §4.1; whether the certificate is good is not judged here.

use model::{InternalDate, Timestamp};

/// Hashes that a certificate can be signed with, as far as channel bindings know them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignatureHash {
    /// Also in place of MD5 and SHA-1 (RFC 5929 §4.1).
    Sha256,
    Sha384,
    Sha512,
}

const SEQUENCE: u8 = 0x30;
const OID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// `[0] EXPLICIT`: the version, which may be left out.
const VERSION: u8 = 0xa0;

/// Object identifiers of signature algorithms: RSA (RFC 8017 §A.2.4) and ECDSA (RFC 5758 §3.2).
const SIGNATURES: [(&[u8], SignatureHash); 9] = [
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4], SignatureHash::Sha256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5], SignatureHash::Sha256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11], SignatureHash::Sha256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12], SignatureHash::Sha384),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13], SignatureHash::Sha512),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1], SignatureHash::Sha256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2], SignatureHash::Sha256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3], SignatureHash::Sha384),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4], SignatureHash::Sha512),
];

/// RSASSA-PSS (RFC 8017 §A.2.3), which names its hash among its parameters.
const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
/// `[0] EXPLICIT`: there, the hash.
const PSS_HASH: u8 = 0xa0;
/// Object identifiers of hashes (RFC 8017 §B.1). Without one it is SHA-1.
const HASHES: [(&[u8], SignatureHash); 4] = [
    (&[0x2b, 0x0e, 0x03, 0x02, 0x1a], SignatureHash::Sha256),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1], SignatureHash::Sha256),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2], SignatureHash::Sha384),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3], SignatureHash::Sha512),
];

/// When a certificate expires (RFC 5280 §4.1.2.5); `None` where it cannot be read.
pub(super) fn expires(certificate: &[u8]) -> Option<Timestamp> {
    let (certificate, _) = inside(SEQUENCE, certificate)?;
    let (mut rest, _) = inside(SEQUENCE, certificate)?;
    if let Some((_, after)) = inside(VERSION, rest) {
        rest = after;
    }
    // Serial number, signature, issuer.
    for _ in 0..3 {
        (_, _, rest) = element(rest)?;
    }
    let (validity, _) = inside(SEQUENCE, rest)?;
    let (_, _, not_after) = element(validity)?;
    let (tag, text, _) = element(not_after)?;
    moment(tag, std::str::from_utf8(text).ok()?)
}

/// The hash that a certificate is signed with. Some signatures have none of their own, such as Ed25519.
pub(super) fn signature_hash(certificate: &[u8]) -> Option<SignatureHash> {
    let (certificate, _) = inside(SEQUENCE, certificate)?;
    let (_, _, rest) = element(certificate)?;
    let (algorithm, _) = inside(SEQUENCE, rest)?;
    let (oid, parameters) = inside(OID, algorithm)?;
    if oid == RSASSA_PSS {
        return pss_hash(parameters);
    }
    SIGNATURES.iter().find(|(known, _)| *known == oid).map(|(_, hash)| *hash)
}

fn pss_hash(parameters: &[u8]) -> Option<SignatureHash> {
    let (parameters, _) = inside(SEQUENCE, parameters)?;
    let Some((hash, _)) = inside(PSS_HASH, parameters) else { return Some(SignatureHash::Sha256) };
    let (oid, _) = inside(OID, inside(SEQUENCE, hash)?.0)?;
    HASHES.iter().find(|(known, _)| *known == oid).map(|(_, hash)| *hash)
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ` (RFC 5280 §4.1.2.5.1 and §4.1.2.5.2).
fn moment(tag: u8, text: &str) -> Option<Timestamp> {
    let (year, rest) = match tag {
        UTC_TIME => {
            let year: i64 = text.get(..2)?.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, text.get(2..)?)
        }
        GENERALIZED_TIME => (text.get(..4)?.parse().ok()?, text.get(4..)?),
        _ => return None,
    };
    let two = |at: usize| rest.get(at..at + 2)?.parse::<u32>().ok();
    let day = InternalDate::days_of(year, two(0)?, two(2)?)?;
    let seconds = day * 86_400 + i64::from(two(4)? * 3600 + two(6)? * 60 + two(8)?);
    Some(Timestamp(u64::try_from(seconds).unwrap_or(0).saturating_mul(1000)))
}

/// What is in an element of that kind, and what follows it.
fn inside(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = element(bytes)?;
    (found == tag).then_some((content, rest))
}

/// The first element: its tag, its content, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short @ 0..=0x7f => (usize::from(short), rest),
        // No certificate needs more than three bytes of length.
        long @ 0x81..=0x83 => {
            let (length, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            (length.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

    use super::*;

    fn made(algorithm: &'static rcgen::SignatureAlgorithm, year: i32) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["mail.example.org".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 2, 3);
        let key = KeyPair::generate_for(algorithm).unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn the_end_of_a_certificate_is_read_in_both_spellings() {
        for (year, seconds) in [(2030, 1_896_307_200), (2060, 2_842_992_000)] {
            assert_eq!(expires(&made(&PKCS_ECDSA_P256_SHA256, year)).unwrap().seconds(), seconds, "{year}");
        }
    }

    #[test]
    fn the_hash_of_the_signature_is_read() {
        assert_eq!(signature_hash(&made(&PKCS_ECDSA_P256_SHA256, 2030)), Some(SignatureHash::Sha256));
        assert_eq!(signature_hash(&made(&PKCS_ECDSA_P384_SHA384, 2030)), Some(SignatureHash::Sha384));
        assert_eq!(signature_hash(&made(&PKCS_ED25519, 2030)), None);
    }

    #[test]
    fn rsassa_pss_names_its_hash_among_its_parameters() {
        let element = |tag: u8, content: &[&[u8]]| {
            let content = content.concat();
            [&[tag, u8::try_from(content.len()).unwrap()], content.as_slice()].concat()
        };
        let signed = |parameters: &[u8]| {
            let algorithm = element(SEQUENCE, &[&element(OID, &[RSASSA_PSS]), parameters]);
            signature_hash(&element(SEQUENCE, &[&element(SEQUENCE, &[]), &algorithm]))
        };
        let sha384 = element(OID, &[HASHES[2].0]);
        let named = element(PSS_HASH, &[&element(SEQUENCE, &[&sha384])]);
        assert_eq!(signed(&element(SEQUENCE, &[&named])), Some(SignatureHash::Sha384));
        assert_eq!(signed(&element(SEQUENCE, &[])), Some(SignatureHash::Sha256), "SHA-1 is meant");
        assert_eq!(signed(&[]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(cut in 0_usize..600, at in 0_usize..600, byte: u8) {
            let mut bytes = made(&PKCS_ECDSA_P256_SHA256, 2030);
            if let Some(damaged) = bytes.get_mut(at) {
                *damaged = byte;
            }
            bytes.truncate(cut);
            let _read = (expires(&bytes), signature_hash(&bytes));
        }
    }
}
