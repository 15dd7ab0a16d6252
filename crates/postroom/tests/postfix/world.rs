//! `postroom serve` with users, and a Postfix that hands mail to it.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use testkit::client::Client;

use crate::instance::Postfix;

/// How long anything may take.
const WITHIN: Duration = Duration::from_secs(90);
const PASSWORD: &str = "correct-horse";

pub(crate) struct World {
    // ORDER: fields are dropped in this order, and Postfix is to go before its folder does.
    pub(crate) postfix: Postfix,
    server: Child,
    config: PathBuf,
    imap: SocketAddr,
    _root: tempfile::TempDir,
}

impl World {
    pub(crate) fn start() -> Self {
        let root = tempfile::tempdir().unwrap();
        // Neither server stays root, and both have to come in.
        std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let imap = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let config = root.path().join("postroom.toml");
        let shown = root.path().display();
        let text = format!(
            "data = \"{shown}/data\"\ndefault_domain = \"example.org\"\nuser = \"nobody\"\n\
             allow_plaintext_login = \"loopback\"\n[tls]\nself_signed = true\n\
             [[listener]]\nprotocol = \"imap\"\naddress = \"{imap}\"\n\
             [[listener]]\nprotocol = \"lmtp\"\nsocket = \"{shown}/lmtp\"\nsocket_group = \"postfix\"\n\
             [[listener]]\nprotocol = \"socketmap\"\nsocket = \"{shown}/socketmap\"\nsocket_group = \"postfix\"\n"
        );
        std::fs::write(&config, text).unwrap();
        let serve = Command::new(env!("CARGO_BIN_EXE_postroom"))
            .args(["serve", "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .spawn();
        let server = serve.unwrap();
        let start = Instant::now();
        while Client::connect(imap).is_err() {
            assert!(start.elapsed() < WITHIN, "the server did not start; this test needs root");
            std::thread::sleep(Duration::from_millis(50));
        }
        let postfix = Postfix::start(root.path());
        let world = Self { postfix, server, config, imap, _root: root };
        for user in ["ada", "ben"] {
            world.command(&["user", "add", user, "--password-stdin"], PASSWORD);
        }
        world.command(&["alias", "add", "team", "ada", "ben"], "");
        world
    }

    fn command(&self, args: &[&str], input: &str) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postroom"));
        command.args(args).arg("--config").arg(&self.config).stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Waits until a mailbox has so many messages.
    pub(crate) fn wait_for(&self, user: &str, mailbox: &str, messages: usize) {
        let start = Instant::now();
        let mut client = Client::login(self.imap, user, PASSWORD).unwrap();
        let wanted = format!("(MESSAGES {messages})");
        loop {
            let answer = client.expect(&format!("STATUS {mailbox} (MESSAGES)")).unwrap();
            let line = String::from_utf8_lossy(&answer.untagged.concat()).into_owned();
            if line.contains(&wanted) {
                return;
            }
            assert!(start.elapsed() < WITHIN, "{line} is not {wanted}\n{}", self.postfix.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The text of the only message of a mailbox.
    pub(crate) fn only_message(&self, user: &str, mailbox: &str) -> String {
        let mut client = Client::login(self.imap, user, PASSWORD).unwrap();
        client.expect(&format!("SELECT {mailbox}")).unwrap();
        let answer = client.expect("FETCH 1:* BODY.PEEK[]").unwrap();
        let [line] = &answer.untagged[..] else { panic!("{} messages", answer.untagged.len()) };
        let line = String::from_utf8_lossy(line).into_owned();
        // The literal stands right behind its announcement.
        line.split_once('}').map(|(_, text)| text.to_owned()).unwrap_or(line)
    }

    pub(crate) fn check(&self) {
        self.command(&["check", "--hashes"], "");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.server.kill().and_then(|()| self.server.wait());
    }
}
