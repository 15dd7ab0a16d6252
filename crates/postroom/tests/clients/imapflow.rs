//! ImapFlow: one connection is told what another does.

use std::path::Path;

use super::server::Server;
use super::{PASSWORD, SCRIPTS, USER, bounded, count, run};

#[test]
fn imapflow_works_through_a_session_while_another_changes_the_mailbox() {
    let server = Server::start(None);
    let port = server.address().port().to_string();
    let modules = Path::new(env!("CARGO_TARGET_TMPDIR")).join("imapflow");
    std::fs::create_dir_all(&modules).unwrap();
    std::fs::copy(format!("{SCRIPTS}/package.json"), modules.join("package.json")).unwrap();
    std::fs::copy(format!("{SCRIPTS}/package-lock.json"), modules.join("package-lock.json")).unwrap();
    std::fs::copy(format!("{SCRIPTS}/imapflow-session.mjs"), modules.join("imapflow-session.mjs")).unwrap();
    if !modules.join("node_modules/imapflow").exists() {
        run(bounded("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&modules));
    }
    run(bounded("node").args(["imapflow-session.mjs", &port, USER, PASSWORD]).current_dir(&modules));
    assert_eq!(count(&server, "INBOX", "FLAGGED"), 1);
    assert_eq!(count(&server, "Archive", "ALL"), 1);
    server.check();
}
