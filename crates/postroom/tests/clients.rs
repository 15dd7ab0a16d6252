//! Real clients against a real server: each session ends in an assertion on what the server then has.
//!
//! mbsync synchronises both ways and proves its password by SCRAM, ImapFlow and Python's imaplib read and change, curl
//! appends and fetches, all over TLS or STARTTLS with the server's own certificate.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

#[path = "kills/server.rs"]
#[allow(dead_code, reason = "kills use more of it")]
mod server;

use server::Server;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use testkit::client::Client;

const USER: &str = "kills";
const PASSWORD: &str = "kills-password-1";
/// Messages that mbsync carries.
const MESSAGES: usize = 2000;

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}\n{}\n{}", text(&output.stdout), text(&output.stderr));
    output
}

fn login(server: &Server) -> Client {
    Client::login(server.address(), USER, PASSWORD).unwrap()
}

fn message(number: usize) -> String {
    format!(
        "From: a@example.org\r\nSubject: Message {number}\r\nMessage-ID: <{number}@clients.example>\r\n\r\nBody {number}\r\n"
    )
}

/// How many messages a mailbox has.
fn count(server: &Server, mailbox: &str, key: &str) -> usize {
    let mut client = login(server);
    client.expect(&format!("SELECT {mailbox}")).unwrap();
    let found = client.expect(&format!("UID SEARCH {key}")).unwrap();
    let line = found.untagged.iter().find(|line| line.starts_with(b"* SEARCH")).unwrap();
    String::from_utf8_lossy(line).split_whitespace().skip(2).count()
}

/// A Maildir with mbsync's configuration beside it, which logs in by one of these mechanisms.
fn mbsync(server: &Server, folder: &Path, mechanisms: &str) -> PathBuf {
    let configuration = folder.join("mbsyncrc");
    let (host, port) = (server.address().ip(), server.address().port());
    let (maildir, folder) = (folder.join("mail"), folder.display());
    std::fs::create_dir_all(&maildir).unwrap();
    let text = format!(
        "IMAPAccount server\nHost {host}\nPort {port}\nUser {USER}\nPass {PASSWORD}\nSSLType None\nAuthMechs {mechanisms}\n\n\
         IMAPStore far\nAccount server\n\nMaildirStore near\nPath {}/\nInbox {}/INBOX\nSubFolders Verbatim\n\n\
         Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nExpunge Both\nSyncState {folder}/\n",
        maildir.display(),
        maildir.display(),
    );
    std::fs::write(&configuration, text).unwrap();
    configuration
}

fn in_maildir(folder: &Path, mailbox: &str) -> Vec<PathBuf> {
    let files = |sub: &str| std::fs::read_dir(folder.join("mail").join(mailbox).join(sub)).unwrap();
    files("cur").chain(files("new")).map(|file| file.unwrap().path()).collect()
}

#[test]
fn mbsync_carries_two_thousand_messages_and_then_changes_of_both_sides() {
    let server = Server::start(None);
    let mut client = login(&server);
    for number in 0..MESSAGES {
        assert!(client.append("INBOX", "", message(number).as_bytes()).unwrap().is_ok());
    }
    client.expect("CREATE Projects").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let configuration = mbsync(&server, folder.path(), "LOGIN PLAIN");
    let sync = || run(Command::new("mbsync").arg("-c").arg(&configuration).arg("-a"));
    sync();
    assert_eq!(in_maildir(folder.path(), "INBOX").len(), MESSAGES);

    // Here: two messages are flagged, one is new, one is deleted. There: one is deleted, one is answered, one is new.
    let files = in_maildir(folder.path(), "INBOX");
    for file in &files[..2] {
        let base = file.file_name().unwrap().to_string_lossy().split(":2,").next().unwrap().to_owned();
        std::fs::rename(file, folder.path().join("mail/INBOX/cur").join(format!("{base}:2,FS"))).unwrap();
    }
    std::fs::remove_file(&files[2]).unwrap();
    std::fs::write(folder.path().join("mail/Projects/new/1.here"), message(90_001).replace("\r\n", "\n"))
        .unwrap();
    client.expect("SELECT INBOX").unwrap();
    client.expect("UID STORE 1990 +FLAGS (\\Answered)").unwrap();
    client.expect("UID STORE 1991 +FLAGS (\\Deleted)").unwrap();
    client.expect("UID EXPUNGE 1991").unwrap();
    assert!(client.append("INBOX", "", message(90_002).as_bytes()).unwrap().is_ok());
    sync();
    sync();

    let near = in_maildir(folder.path(), "INBOX").len();
    assert_eq!(near, count(&server, "INBOX", "ALL"));
    assert!((MESSAGES - 1..=MESSAGES).contains(&near), "{near}");
    assert_eq!(count(&server, "INBOX", "FLAGGED SEEN"), 2);
    assert_eq!(count(&server, "INBOX", "SUBJECT 90002"), 1);
    assert_eq!(count(&server, "Projects", "SUBJECT 90001"), 1);
    let answered =
        in_maildir(folder.path(), "INBOX").iter().filter(|f| f.to_string_lossy().contains(":2,R")).count();
    assert_eq!(answered, 1);
    server.check();
}

#[test]
fn mbsync_proves_its_password_by_scram() {
    let server = Server::start(None);
    assert!(login(&server).append("INBOX", "", message(1).as_bytes()).unwrap().is_ok());
    let folder = tempfile::tempdir().unwrap();
    let configuration = mbsync(&server, folder.path(), "SCRAM-SHA-256");
    run(Command::new("mbsync").arg("-c").arg(&configuration).arg("-a"));
    assert_eq!(in_maildir(folder.path(), "INBOX").len(), 1);
}

#[test]
fn curl_appends_searches_and_fetches() {
    let server = Server::start(None);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mail.eml");
    std::fs::write(&file, message(7)).unwrap();
    let url = format!("imap://{}", server.address());
    let curl = |arguments: &[&str]| {
        let login = format!("{USER}:{PASSWORD}");
        let output =
            run(Command::new("curl").args(["--silent", "--show-error", "--user", &login]).args(arguments));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    curl(&["--upload-file", &file.display().to_string(), &format!("{url}/INBOX")]);
    assert_eq!(curl(&[&format!("{url}/INBOX;UID=1")]), message(7));
    assert_eq!(curl(&[&format!("{url}/INBOX;UID=1;SECTION=TEXT")]), "Body 7\r\n");
    assert!(curl(&[&url]).contains("INBOX"));
    assert!(
        curl(&["--request", "SEARCH SUBJECT \"Message 7\"", &format!("{url}/INBOX")]).contains("* SEARCH 1")
    );
    assert_eq!(count(&server, "INBOX", "ALL"), 1);
    server.check();
}

#[test]
fn imaplib_works_through_a_session() {
    let server = Server::start(None);
    let port = server.address().port().to_string();
    run(Command::new("python3").arg(format!("{SCRIPTS}/session.py")).args([&port, USER, PASSWORD]));
    assert_eq!(count(&server, "Reports", "ALL"), 1);
    assert_eq!(count(&server, "INBOX", "ALL"), 1);
    assert_eq!(count(&server, "INBOX", "KEYWORD $Work"), 1);
    server.check();
}

#[test]
fn imapflow_works_through_a_session_while_another_changes_the_mailbox() {
    let server = Server::start(None);
    let port = server.address().port().to_string();
    let modules = Path::new(env!("CARGO_TARGET_TMPDIR")).join("imapflow");
    std::fs::create_dir_all(&modules).unwrap();
    std::fs::copy(format!("{SCRIPTS}/package.json"), modules.join("package.json")).unwrap();
    std::fs::copy(format!("{SCRIPTS}/package-lock.json"), modules.join("package-lock.json")).unwrap();
    std::fs::copy(format!("{SCRIPTS}/session.mjs"), modules.join("session.mjs")).unwrap();
    if !modules.join("node_modules/imapflow").exists() {
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&modules));
    }
    run(Command::new("node").args(["session.mjs", &port, USER, PASSWORD]).current_dir(&modules));
    assert_eq!(count(&server, "INBOX", "FLAGGED"), 1);
    assert_eq!(count(&server, "Archive", "ALL"), 1);
    server.check();
}
