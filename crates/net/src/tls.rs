//! What TLS is offered with: certificates, which of them for which name, versions; and reading them anew.
//!
//! TLS 1.2 and 1.3 only (RFC 8996, RFC 9051 §11.1), with rustls' own choice of cipher suites. A client that names a
//! host (RFC 6066 §3) gets the first certificate for it, any other the first of all.

mod certificate;
mod der;
mod self_signed;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::Timestamp;
use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem;
use rustls::server::NoServerSessionStorage;
use rustls::version::{TLS12, TLS13};

use self::certificate::{Certificates, PEM_BYTES_MAX};

/// What the server's side of TLS needs. Cloning it is cheap, and clones are reloaded together.
#[derive(Clone)]
pub struct Tls {
    files: Arc<[CertificateFiles]>,
    loaded: Arc<RwLock<Arc<Loaded>>>,
}

/// Where a certificate and its key are, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// Its key, not encrypted.
    pub key: PathBuf,
}

/// What an operator should know of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateState {
    /// Its file.
    pub path: PathBuf,
    /// When it expires, if that can be read.
    pub expires: Option<Timestamp>,
}

/// What is in use.
pub(crate) struct Loaded {
    config: Arc<ServerConfig>,
    certificates: Arc<Certificates>,
}

/// What is wrong with a certificate or key.
#[derive(Debug, thiserror::Error)]
pub enum TlsFault {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {source}", path = path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is too large to be what it should be.
    #[error("{path} is larger than any certificate or key ({PEM_BYTES_MAX} bytes at most)", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A file is damaged.
    #[error("{path} is not good PEM: {source}", path = path.display())]
    BadPem {
        /// The file.
        path: PathBuf,
        /// Where it goes wrong.
        source: pem::Error,
    },
    /// A file has no certificate.
    #[error("{path} holds no certificate (`-----BEGIN CERTIFICATE-----`)", path = path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A file has no key.
    #[error("{path} holds no private key (`-----BEGIN PRIVATE KEY-----`)", path = path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// A key has a passphrase.
    #[error("the key in {path} is encrypted; store it without a passphrase, readable by the server only", path = path.display())]
    EncryptedKey {
        /// The file.
        path: PathBuf,
    },
    /// Each is readable, but they cannot be used together, or not at all.
    #[error("{certificate} and {key} cannot be used: {source}", certificate = certificate.display(), key = key.display())]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// The library has no version of TLS in common with us.
    #[error("TLS cannot be offered: {0}")]
    Unoffered(rustls::Error),
    /// A self-signed certificate could not be made.
    #[error("cannot make a self-signed certificate: {0}")]
    SelfSigned(#[from] rcgen::Error),
}

impl Tls {
    /// Reads certificates and their keys; the first is for clients that name no host, or one that no certificate is for.
    ///
    /// # Errors
    /// Which file is wrong, and what is wrong with it.
    pub fn from_files(files: Vec<CertificateFiles>) -> Result<Self, TlsFault> {
        let loaded = Arc::new(Loaded::read(&files)?);
        Ok(Self { files: files.into(), loaded: Arc::new(RwLock::new(loaded)) })
    }

    /// Reads the files again, for handshakes that begin from now on.
    ///
    /// # Errors
    /// As [`Tls::from_files`]; what was in use stays in use.
    pub fn reload(&self) -> Result<(), TlsFault> {
        let loaded = Arc::new(Loaded::read(&self.files)?);
        *self.loaded.write() = loaded;
        Ok(())
    }

    /// What there is to know of the certificates in use, in the order of the files.
    #[must_use]
    pub fn certificates(&self) -> Vec<CertificateState> {
        let expire = self.current().certificates.expire();
        let states = self.files.iter().zip(expire);
        states.map(|(files, expires)| CertificateState { path: files.certificate.clone(), expires }).collect()
    }

    /// Reads the certificate and key of these files, and makes them first if neither is there:
    /// self-signed, for this machine's name, `localhost` and the loopback addresses.
    ///
    /// # Errors
    /// The files can be neither read nor made.
    pub fn self_signed(certificate: &Path, key: &Path) -> Result<Self, TlsFault> {
        if !certificate.exists() && !key.exists() {
            self_signed::write(certificate, key)?;
        }
        Self::from_files(vec![CertificateFiles { certificate: certificate.to_owned(), key: key.to_owned() }])
    }

    /// What a handshake that begins now is held with.
    pub(crate) fn current(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.read())
    }
}

impl Loaded {
    fn read(files: &[CertificateFiles]) -> Result<Self, TlsFault> {
        let certificates = Arc::new(Certificates::read(files)?);
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(TlsFault::Unoffered)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&certificates) as _);
        // No resumption: a mail client connects seldom and stays for hours, so a full handshake costs
        // less than remembering sessions, and there is no ticket key to rotate or to lose.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self { config: Arc::new(config), certificates })
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// The data of the binding `tls-server-end-point` (RFC 5929 §4) for a client that has named this host, or none.
    pub(crate) fn end_point(&self, host: Option<&str>) -> Option<Arc<[u8]>> {
        self.certificates.end_point(host)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_files(certificate: &Path, key: &Path) -> Result<Tls, TlsFault> {
        Tls::from_files(vec![CertificateFiles { certificate: certificate.to_owned(), key: key.to_owned() }])
    }

    fn made() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        self_signed::write(&certificate, &key).unwrap();
        (folder, certificate, key)
    }

    #[test]
    fn a_missing_file_is_named() {
        let fault = from_files(Path::new("/no/such/cert.pem"), Path::new("/no/such/key.pem")).unwrap_err();
        assert!(fault.to_string().starts_with("cannot read /no/such/cert.pem:"), "{fault}");
    }

    #[test]
    fn certificate_and_key_must_not_be_mixed_up() {
        let (_folder, certificate, key) = made();
        let fault = from_files(&key, &certificate).unwrap_err();
        assert!(matches!(fault, TlsFault::NoCertificate { .. }), "{fault}");
        let fault = from_files(&certificate, &certificate).unwrap_err();
        assert!(matches!(fault, TlsFault::NoKey { .. }), "{fault}");
    }

    #[test]
    fn a_key_that_belongs_to_another_certificate_is_refused() {
        let (_one, certificate, _) = made();
        let (_other, _, key) = made();
        let fault = from_files(&certificate, &key).unwrap_err();
        assert!(matches!(fault, TlsFault::Unusable { .. }), "{fault}");
    }

    #[test]
    fn a_damaged_file_and_an_encrypted_key_are_told_apart() {
        let (_folder, certificate, key) = made();
        std::fs::write(
            &key,
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        )
        .unwrap();
        let fault = from_files(&certificate, &key).unwrap_err();
        assert!(matches!(fault, TlsFault::EncryptedKey { .. }), "{fault}");
        std::fs::write(&key, "-----BEGIN PRIVATE KEY-----\nAAAA\n").unwrap();
        let fault = from_files(&certificate, &key).unwrap_err();
        assert!(matches!(fault, TlsFault::BadPem { .. }), "{fault}");
    }

    #[test]
    fn a_self_signed_certificate_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        Tls::self_signed(&certificate, &key).unwrap();
        let first = std::fs::read(&certificate).unwrap();
        Tls::self_signed(&certificate, &key).unwrap();
        assert_eq!(std::fs::read(&certificate).unwrap(), first);
    }

    #[test]
    fn new_files_are_taken_and_broken_ones_leave_the_old_in_use() {
        let (_folder, certificate, key) = made();
        let tls = from_files(&certificate, &key).unwrap();
        let (_other, newer, newer_key) = made();
        let before = tls.current().end_point(None);
        std::fs::write(&certificate, "broken").unwrap();
        assert!(tls.reload().is_err());
        assert_eq!(tls.current().end_point(None), before);
        std::fs::copy(newer, &certificate).unwrap();
        std::fs::copy(newer_key, &key).unwrap();
        tls.reload().unwrap();
        assert_ne!(tls.current().end_point(None), before);
    }

    #[test]
    fn it_is_known_when_a_certificate_expires() {
        let (_folder, certificate, key) = made();
        let states = from_files(&certificate, &key).unwrap().certificates();
        assert_eq!(states[0].path, certificate);
        let years = states[0].expires.unwrap().seconds() / (365 * 24 * 3600);
        assert!(years > 50, "{years} since 1970");
    }
}
