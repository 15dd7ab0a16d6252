//! `postroom serve` with a configuration of the test's, and its log.

use std::fs::{File, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output};
use std::time::{Duration, Instant};

use crate::running::{postroom, stderr, with_input};

/// How long anything may take.
const WITHIN: Duration = Duration::from_secs(60);

/// A server in a folder of its own, until it is dropped. Its domain is example.org, and its log goes to a file.
pub(crate) struct Server {
    pub(crate) process: Child,
    pub(crate) folder: tempfile::TempDir,
}

impl Server {
    /// Starts one with what `sections` has to say beyond the keys before the first section.
    pub(crate) fn start(sections: impl FnOnce(&Path) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Whom it becomes has to get there.
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let sections = sections(folder.path());
        let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
        let user = if is_root { "user = \"nobody\"\n" } else { "" };
        let at = folder.path().display();
        let config = format!(
            "{user}data = \"{at}/data\"\ndefault_domain = \"example.org\"\n\
             allow_plaintext_login = \"loopback\"\n{sections}\n\
             [log]\nformat = \"json\"\nlevel = \"debug\"\n"
        );
        std::fs::write(folder.path().join("postroom.toml"), config).unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        let mut command = postroom(&["serve", "--config"]);
        let process = command.arg(folder.path().join("postroom.toml")).stderr(log).spawn().unwrap();
        let server = Self { process, folder };
        server.logged("\"serving\"");
        server
    }

    /// Makes a user beside it.
    pub(crate) fn add(&self, user: &str, password: &str) {
        let added = with_input(self.command(&["user", "add", user, "--password-stdin"]), password);
        assert!(added.status.success(), "{}", stderr(&added));
    }

    /// A command beside it.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = postroom(args);
        command.arg("--data").arg(self.folder.path().join("data"));
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Waits for a line of the log with this in it.
    pub(crate) fn logged(&self, text: &str) -> String {
        let start = Instant::now();
        loop {
            if let Some(line) = self.log().lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            assert!(start.elapsed() < WITHIN, "{text} is not in the log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Where it listens for a protocol.
    pub(crate) fn address(&self, protocol: &str) -> SocketAddr {
        let line = self.logged(&format!("\"protocol\":\"{protocol}\",\"address\""));
        let (_, rest) = line.split_once("\"address\":\"").unwrap();
        rest.split('"').next().unwrap().parse().unwrap()
    }

    pub(crate) fn hang_up(&self) {
        self.signal("HUP");
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Waits for its end, and says how it ended.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < WITHIN, "the server does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.process.kill().and_then(|()| self.process.wait());
    }
}
