//! Python's IMAPClient: a session over TLS while another connection is told of it by IDLE.

use std::path::{Path, PathBuf};

use super::home::Home;
use super::server::Server;
use super::{PASSWORD, SCRIPTS, USER, bounded, contents, run};

/// Makes the environment that the script runs in, unless it is there; its interpreter.
fn environment() -> PathBuf {
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("imapclient");
    let (wanted, installed) = (format!("{SCRIPTS}/requirements.txt"), environment.join("requirements.txt"));
    let python = environment.join("bin/python");
    if std::fs::read(&installed).ok() != Some(std::fs::read(&wanted).unwrap()) {
        run(bounded("python3").args(["-m", "venv", "--clear"]).arg(&environment));
        let pip = ["-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "-r", &wanted];
        run(bounded(&python.display().to_string()).args(pip));
        std::fs::copy(&wanted, &installed).unwrap();
    }
    python
}

#[test]
fn imapclient_works_through_a_session_while_another_connection_idles() {
    let server = Server::start(None);
    let limited = ["quota", "set", "--user", USER, "--storage", "5 GiB", "--messages", "100", "--data"];
    run(bounded(env!("CARGO_BIN_EXE_postroom")).args(limited).arg(server.data()));
    let home = Home::new(&server);
    let mut session = home.command(&environment().display().to_string());
    session.arg(format!("{SCRIPTS}/imapclient-session.py")).arg(server.imaps().port().to_string());
    run(session.args([USER, PASSWORD]).arg(home.certificate()));
    assert_eq!(contents(&server, "INBOX"), ["Grüße 1 $Work \\Flagged", "Grüße 4"]);
    assert_eq!(contents(&server, "\"Ablage/Gr&APwA3w-e\""), ["Grüße 2"]);
    server.check();
}
