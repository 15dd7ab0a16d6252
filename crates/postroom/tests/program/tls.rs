//! Certificates of a server that runs, seen by openssl: by name, read again, and near their end. And what its log says.

use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use testkit::client::Client;

use crate::serving::Server;

/// A certificate for ten days, and its key, that the server may read as whoever it becomes.
fn certificate(folder: &Path, stem: &str, host: &str) {
    let [certificate, key] = ["pem", "key"].map(|end| folder.join(format!("{stem}.{end}")));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
    openssl.args([
        "-days",
        "10",
        "-subj",
        &format!("/CN={host}"),
        "-addext",
        &format!("subjectAltName=DNS:{host}"),
    ]);
    let made = openssl.arg("-keyout").arg(&key).arg("-out").arg(&certificate).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    std::fs::set_permissions(key, Permissions::from_mode(0o644)).unwrap();
}

/// The common name of the certificate that a client gets who asks for a host.
fn shown(address: SocketAddr, host: &str) -> String {
    let mut client = Command::new("openssl");
    client.args(["s_client", "-connect", &address.to_string(), "-servername", host]);
    let shown = client.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    let subject = text.lines().find_map(|line| line.trim().strip_prefix("subject=")).unwrap_or_default();
    subject.rsplit('=').next().unwrap_or_default().trim().to_owned()
}

/// `postroom serve` with two certificates.
fn server() -> Server {
    Server::start(|folder| {
        certificate(folder, "a", "mail.example.org");
        certificate(folder, "b", "mail.example.net");
        let at = folder.display();
        format!(
            "[[listener]]\nprotocol = \"imaps\"\naddress = \"127.0.0.1:0\"\n\
             [[listener]]\nprotocol = \"http\"\naddress = \"127.0.0.1:0\"\n\
             [tls]\ncertificate = \"{at}/a.pem\"\nkey = \"{at}/a.key\"\n\
             [[certificate]]\ncertificate = \"{at}/b.pem\"\nkey = \"{at}/b.key\"\n\
             [limits]\nconnections_per_user = 1\n"
        )
    })
}

#[test]
fn certificates_are_chosen_by_name_read_again_and_warned_of() {
    let server = server();
    let (imaps, at) = (server.address("imaps"), server.folder.path());
    assert_eq!(shown(imaps, "mail.example.net"), "mail.example.net");
    assert_eq!(shown(imaps, "mail.example.org"), "mail.example.org");
    assert_eq!(shown(imaps, "elsewhere.example"), "mail.example.org");
    let warning = server.logged("the certificate expires soon");
    let days = ["\"days\":10,", "\"days\":9,"];
    assert!(days.iter().any(|days| warning.contains(days)), "{warning}");

    certificate(at, "b", "other.example.net");
    assert_eq!(shown(imaps, "other.example.net"), "mail.example.org", "nothing changes by itself");
    server.hang_up();
    server.logged("certificates are read again");
    assert_eq!(shown(imaps, "other.example.net"), "other.example.net");
    std::fs::write(at.join("b.pem"), "broken").unwrap();
    server.hang_up();
    let error = server.logged("certificates stay as they were");
    assert!(error.contains("b.pem"), "{error}");
    assert_eq!(shown(imaps, "other.example.net"), "other.example.net");

    let http = server.address("http").to_string();
    let metrics = Command::new("curl").args(["-s", &format!("http://{http}/metrics")]).output().unwrap();
    let metrics = String::from_utf8_lossy(&metrics.stdout).into_owned();
    let days: Vec<f64> = metrics
        .lines()
        .filter(|line| line.starts_with("postroom_tls_certificate_left_seconds{"))
        .map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap() / 86_400.0)
        .collect();
    assert!(days.len() == 2 && days.iter().all(|days| *days > 8.9 && *days <= 10.0), "{days:?}");
}

#[test]
fn the_log_tells_of_connections_and_commands_without_passwords_or_content() {
    let server = server();
    let imaps = server.address("imaps");
    server.add("cora", "correct horse");
    let mut client = Client::connect_tls(imaps).unwrap();
    client.expect("LOGIN cora \"correct horse\"").unwrap();
    let second = Client::connect_tls(imaps).unwrap().command("LOGIN cora \"correct horse\"").unwrap();
    assert!(second.tagged.starts_with("NO [LIMIT] all 1 connections of one user"), "{}", second.tagged);
    client.append("INBOX", "", b"Subject: whispers\r\n\r\nwhispers\r\n").unwrap();
    client.expect("LOGOUT").unwrap();
    let line = server.logged("\"commands\":3");
    for part in [
        "\"peer\":\"127.0.0.1:",
        "\"tls\":\"TLSv1_3\"",
        "\"login\":\"cora@example.org\"",
        "\"mechanism\":\"login\"",
        "\"bytes_in\":",
        "\"bytes_out\":",
        "\"reason\":\"logged out\"",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    let log = server.log();
    assert!(log.contains("\"verb\":\"append\""), "{log}");
    assert!(!log.contains("correct horse") && !log.contains("whispers"), "{log}");
}
