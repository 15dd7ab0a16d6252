//! The certificates in use: reading them from PEM, and which of them a client gets.

use std::path::Path;
use std::sync::Arc;

use model::Timestamp;
use rustls::client::verify_server_name;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::der::{self, SignatureHash};
use super::{CertificateFiles, TlsFault};

/// The largest certificate or key file that is read.
pub(super) const PEM_BYTES_MAX: u64 = 1024 * 1024;

/// Certificates in the order of the configuration; there is at least one.
pub(super) struct Certificates(Vec<Certificate>);

struct Certificate {
    key: Arc<CertifiedKey>,
    expires: Option<Timestamp>,
    /// What the binding `tls-server-end-point` is made of.
    end_point: Option<Arc<[u8]>>,
}

impl Certificates {
    pub(super) fn read(files: &[CertificateFiles]) -> Result<Self, TlsFault> {
        Ok(Self(files.iter().map(Certificate::read).collect::<Result<_, _>>()?))
    }

    /// When each expires.
    pub(super) fn expire(&self) -> Vec<Option<Timestamp>> {
        self.0.iter().map(|certificate| certificate.expires).collect()
    }

    pub(super) fn end_point(&self, host: Option<&str>) -> Option<Arc<[u8]>> {
        self.of(host)?.end_point.clone()
    }

    /// The first for this host; the first of all if there is none.
    fn of(&self, host: Option<&str>) -> Option<&Certificate> {
        let name = host.and_then(|host| ServerName::try_from(host).ok());
        let named = name.and_then(|name| self.0.iter().find(|certificate| certificate.is_for(&name)));
        named.or_else(|| self.0.first())
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.of(hello.server_name()).map(|certificate| Arc::clone(&certificate.key))
    }
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} certificates", self.0.len())
    }
}

impl Certificate {
    fn read(files: &CertificateFiles) -> Result<Self, TlsFault> {
        let (chain, secret) = (read_chain(&files.certificate)?, read_key(&files.key)?);
        let CertificateFiles { certificate, key } = files.clone();
        let made = CertifiedKey::from_der(chain, secret, &ring::default_provider());
        let made = made.map_err(|source| TlsFault::Unusable { certificate, key, source })?;
        let own = made.cert.first();
        let expires = own.and_then(|own| der::expires(own));
        let end_point = own.and_then(|own| end_point(own));
        Ok(Self { key: Arc::new(made), expires, end_point })
    }

    /// Whether the certificate names the host, perhaps by a wildcard.
    fn is_for(&self, name: &ServerName<'_>) -> bool {
        let parsed = self.key.cert.first().and_then(|own| ParsedCertificate::try_from(own).ok());
        parsed.is_some_and(|parsed| verify_server_name(&parsed, name).is_ok())
    }
}

/// RFC 5929 §4.1: the certificate's hash by the hash of its signature.
fn end_point(certificate: &[u8]) -> Option<Arc<[u8]>> {
    let algorithm = match der::signature_hash(certificate)? {
        SignatureHash::Sha256 => &::ring::digest::SHA256,
        SignatureHash::Sha384 => &::ring::digest::SHA384,
        SignatureHash::Sha512 => &::ring::digest::SHA512,
    };
    Some(::ring::digest::digest(algorithm, certificate).as_ref().into())
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    let text = read_pem(path)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|source| TlsFault::BadPem { path: path.to_owned(), source })?;
    if chain.is_empty() {
        return Err(TlsFault::NoCertificate { path: path.to_owned() });
    }
    Ok(chain)
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsFault> {
    let text = read_pem(path)?;
    let encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----";
    if text.windows(encrypted.len()).any(|window| window == encrypted) {
        return Err(TlsFault::EncryptedKey { path: path.to_owned() });
    }
    PrivateKeyDer::from_pem_slice(&text).map_err(|source| match source {
        pem::Error::NoItemsFound => TlsFault::NoKey { path: path.to_owned() },
        source => TlsFault::BadPem { path: path.to_owned(), source },
    })
}

fn read_pem(path: &Path) -> Result<Vec<u8>, TlsFault> {
    let unreadable = |source| TlsFault::Unreadable { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(unreadable)?.len() > PEM_BYTES_MAX {
        return Err(TlsFault::TooLarge { path: path.to_owned() });
    }
    std::fs::read(path).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn write(folder: &Path, stem: &str, names: &[&str]) -> CertificateFiles {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        let made = params.unwrap().self_signed(&key).unwrap();
        let files = CertificateFiles {
            certificate: folder.join(format!("{stem}.pem")),
            key: folder.join(format!("{stem}.key")),
        };
        std::fs::write(&files.certificate, made.pem()).unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }

    #[test]
    fn a_client_gets_the_certificate_of_the_host_it_names() {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            write(folder.path(), "first", &["mail.example.org"]),
            write(folder.path(), "second", &["*.example.com", "example.net"]),
        ];
        let certificates = Certificates::read(&files).unwrap();
        let [first, second] = [0, 1].map(|at| certificates.0[at].end_point.clone());
        assert_ne!(first, second);
        for (host, expected) in [
            (Some("mail.example.org"), &first),
            (Some("imap.example.com"), &second),
            (Some("EXAMPLE.net"), &second),
            (Some("a.b.example.com"), &first),
            (Some("elsewhere.example"), &first),
            (Some("not a host"), &first),
            (None, &first),
        ] {
            assert_eq!(&certificates.end_point(host), expected, "{host:?}");
        }
    }
}
