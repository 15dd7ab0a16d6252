//! Python's imaplib: a session over STARTTLS.

use super::server::Server;
use super::{PASSWORD, SCRIPTS, USER, bounded, count, run};

#[test]
fn imaplib_works_through_a_session() {
    let server = Server::start(None);
    let port = server.address().port().to_string();
    run(bounded("python3").arg(format!("{SCRIPTS}/imaplib-session.py")).args([&port, USER, PASSWORD]));
    assert_eq!(count(&server, "Reports", "ALL"), 1);
    assert_eq!(count(&server, "INBOX", "ALL"), 1);
    assert_eq!(count(&server, "INBOX", "KEYWORD $Work"), 1);
    server.check();
}
