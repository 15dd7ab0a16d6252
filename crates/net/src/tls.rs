//! What TLS is offered with: certificate, key, versions.
//!
//! TLS 1.2 and 1.3 only (RFC 8996, RFC 9051 §11.1), with rustls' own choice of cipher suites.

mod self_signed;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::version::{TLS12, TLS13};

/// The largest certificate or key file that is read.
const PEM_BYTES_MAX: u64 = 1024 * 1024;

/// What the server's side of TLS needs. Cloning it is cheap.
#[derive(Clone)]
pub struct Tls(Arc<ServerConfig>);

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
    /// A self-signed certificate could not be made.
    #[error("cannot make a self-signed certificate: {0}")]
    SelfSigned(#[from] rcgen::Error),
}

impl Tls {
    /// Reads a certificate chain, the server's own first, and its key.
    ///
    /// # Errors
    /// Which file is wrong, and what is wrong with it.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, TlsFault> {
        let chain = read_chain(certificate)?;
        let secret = read_key(key)?;
        let unusable =
            |source| TlsFault::Unusable { certificate: certificate.to_owned(), key: key.to_owned(), source };
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(unusable)?
            .with_no_client_auth()
            .with_single_cert(chain, secret)
            .map_err(unusable)?;
        // No resumption: a mail client connects seldom and stays for hours, so a full handshake costs
        // less than remembering sessions, and there is no ticket key to rotate or to lose.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self(Arc::new(config)))
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
        Self::from_files(certificate, key)
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
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
    use super::*;

    fn made() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        self_signed::write(&certificate, &key).unwrap();
        (folder, certificate, key)
    }

    #[test]
    fn a_missing_file_is_named() {
        let fault =
            Tls::from_files(Path::new("/no/such/cert.pem"), Path::new("/no/such/key.pem")).unwrap_err();
        assert!(fault.to_string().starts_with("cannot read /no/such/cert.pem:"), "{fault}");
    }

    #[test]
    fn certificate_and_key_must_not_be_mixed_up() {
        let (_folder, certificate, key) = made();
        let fault = Tls::from_files(&key, &certificate).unwrap_err();
        assert!(matches!(fault, TlsFault::NoCertificate { .. }), "{fault}");
        let fault = Tls::from_files(&certificate, &certificate).unwrap_err();
        assert!(matches!(fault, TlsFault::NoKey { .. }), "{fault}");
    }

    #[test]
    fn a_key_that_belongs_to_another_certificate_is_refused() {
        let (_one, certificate, _) = made();
        let (_other, _, key) = made();
        let fault = Tls::from_files(&certificate, &key).unwrap_err();
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
        let fault = Tls::from_files(&certificate, &key).unwrap_err();
        assert!(matches!(fault, TlsFault::EncryptedKey { .. }), "{fault}");
        std::fs::write(&key, "-----BEGIN PRIVATE KEY-----\nAAAA\n").unwrap();
        let fault = Tls::from_files(&certificate, &key).unwrap_err();
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
}
