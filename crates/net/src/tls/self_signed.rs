//! A certificate for trying things out: nobody vouches for it, and clients will ask about it.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, SanType};

use super::TlsFault;

/// Ten years: it is for a demo, and a certificate that expires would only surprise.
const VALID_FOR: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
/// Valid since yesterday, for clients whose clock is behind.
const VALID_SINCE: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes a key and a certificate for it, and writes both; the key is for its owner's eyes only.
pub(super) fn write(certificate: &Path, key: &Path) -> Result<(), TlsFault> {
    let pair = KeyPair::generate()?;
    let made = params()?.self_signed(&pair)?;
    write_new(key, 0o600, &pair.serialize_pem())?;
    write_new(certificate, 0o644, &made.pem())
}

fn params() -> Result<CertificateParams, TlsFault> {
    let mut names = vec!["localhost".to_owned()];
    names.extend(host_name().filter(|name| name != "localhost"));
    let mut params = CertificateParams::new(names)?;
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    params.subject_alt_names.extend(loopback.map(SanType::IpAddress));
    params.distinguished_name.push(DnType::CommonName, "Postroom self-signed");
    params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
    let now = SystemTime::now();
    params.not_before = (now - VALID_SINCE).into();
    params.not_after = (now + VALID_FOR).into();
    Ok(params)
}

/// This machine's name, if it is one that a certificate can carry.
fn host_name() -> Option<String> {
    let name = crate::host_name::host_name();
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    name.chars().all(good).then_some(name)
}

fn write_new(path: &Path, mode: u32, text: &str) -> Result<(), TlsFault> {
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|source| TlsFault::Unwritable { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        write(&certificate, &key).unwrap();
        assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(write(&certificate, &key).is_err(), "nothing is overwritten");
    }
}
