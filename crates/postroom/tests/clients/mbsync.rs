//! mbsync: a mirror of the whole account in a Maildir, kept the same on both sides; its password is proven by SCRAM too.

use std::path::{Path, PathBuf};

use super::server::Server;
use super::{PASSWORD, USER, bounded, contents, count, fill, login, maildir, message, run};

/// Messages that mbsync carries.
const MESSAGES: usize = 2000;

/// A Maildir with mbsync's configuration beside it, which logs in by one of these mechanisms.
fn configure(server: &Server, folder: &Path, mechanisms: &str) -> PathBuf {
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

fn sync(configuration: &Path) {
    run(bounded("mbsync").arg("-c").arg(configuration).arg("-a"));
}

#[test]
fn mbsync_carries_two_thousand_messages_and_then_changes_of_both_sides() {
    let server = Server::start(None);
    fill(&server, "INBOX", 1..=MESSAGES);
    let mut client = login(&server);
    client.expect("CREATE Projects").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let inbox = folder.path().join("mail/INBOX");
    let configuration = configure(&server, folder.path(), "LOGIN PLAIN");
    sync(&configuration);
    assert_eq!(maildir::files(&inbox).len(), MESSAGES);

    // Here: two messages are flagged, one is new, one is deleted. There: one is deleted, one is answered, one is new.
    for subject in ["Message 1", "Message 2"] {
        maildir::flag(&inbox, subject, "FS");
    }
    std::fs::remove_file(maildir::find(&inbox, "Message 3")).unwrap();
    let here = folder.path().join("mail/Projects/new/1.here");
    std::fs::write(here, message(90_001).replace("\r\n", "\n")).unwrap();
    client.expect("SELECT INBOX").unwrap();
    client.expect("UID STORE 1990 +FLAGS (\\Answered)").unwrap();
    client.expect("UID STORE 1991 +FLAGS (\\Deleted)").unwrap();
    client.expect("UID EXPUNGE 1991").unwrap();
    fill(&server, "INBOX", [90_002]);
    sync(&configuration);
    sync(&configuration);

    let near = maildir::contents(&inbox);
    assert_eq!(near.len(), MESSAGES - 1);
    assert_eq!(near.len(), count(&server, "INBOX", "ALL"));
    let has = |line: &str| near.iter().any(|near| near == line);
    assert!(has("Message 1990 R") && has("Message 90002") && !has("Message 1991"));
    let far = contents(&server, "INBOX");
    assert_eq!(far[..3], ["Message 1 \\Flagged \\Seen", "Message 2 \\Flagged \\Seen", "Message 4"]);
    assert_eq!(contents(&server, "Projects"), ["Message 90001"]);
    server.check();
}

#[test]
fn mbsync_proves_its_password_by_scram() {
    let server = Server::start(None);
    fill(&server, "INBOX", [1]);
    let folder = tempfile::tempdir().unwrap();
    sync(&configure(&server, folder.path(), "SCRAM-SHA-256"));
    assert_eq!(maildir::contents(&folder.path().join("mail/INBOX")), ["Message 1"]);
}
