//! A home for a client: a folder of its own for its configuration and what it keeps, with the server's certificate in it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::bounded;
use super::server::Server;

pub(crate) struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new(server: &Server) -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::copy(server.certificate(), home.certificate()).unwrap();
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The server's certificate, as what a client is to trust.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.path().join("certificate.pem")
    }

    /// Writes a file that only its owner may read, which some clients ask of one with a password in it.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// A program that knows of no other home.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = bounded(program);
        self.furnish(&mut command);
        command
    }

    /// Gives a program this home, and nothing of the environment that the tests run in but where programs are.
    pub(crate) fn furnish(&self, command: &mut Command) {
        command.env_clear().current_dir(self.path());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.path()).env("LANG", "C.UTF-8").env("TERM", "screen");
        // Where OpenSSL looks for whom to trust, for clients that have no setting for it.
        command.env("SSL_CERT_FILE", self.certificate());
    }
}
