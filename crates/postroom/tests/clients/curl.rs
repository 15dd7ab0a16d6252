//! curl: one command for each call.

use super::server::Server;
use super::{PASSWORD, USER, bounded, count, message, run};

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
            run(bounded("curl").args(["--silent", "--show-error", "--user", &login]).args(arguments));
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
