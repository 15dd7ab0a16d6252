//! `check-config` and `serve` with configurations good and bad.

use crate::running::{postroom, stderr, stdout};

fn with_config(text: &str, args: &[&str]) -> std::process::Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("postroom.toml");
    std::fs::write(&file, text.replace("DATA", folder.path().join("data").to_str().unwrap())).unwrap();
    postroom(args).arg("--config").arg(&file).output().unwrap()
}

#[test]
fn a_wrong_configuration_is_refused_with_file_line_and_key() {
    for args in [&["check-config"][..], &["serve"]] {
        let output = with_config("data = \"DATA\"\n\n[limits]\nconections = 5\n", args);
        let errors = stderr(&output);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            errors.contains("postroom.toml:4: limits.conections: unknown key; did you mean `connections`?"),
            "{errors}"
        );
        assert!(errors.contains("postroom.toml:1: default_domain: is missing"), "{errors}");
    }
}

#[test]
fn the_sample_is_printed_and_is_good_but_for_the_certificate() {
    let output = postroom(&["check-config", "--sample"]).output().unwrap();
    assert!(output.status.success());
    let self_signed = stdout(&output)
        .replace("certificate = \"/etc", "#certificate = \"/etc")
        .replace("key = \"/etc", "#key = \"/etc")
        .replace("#self_signed = false", "self_signed = true");
    let output = with_config(&self_signed, &["check-config"]);
    assert!(output.status.success() && stdout(&output).ends_with("is good\n"), "{}", stderr(&output));
}

#[test]
fn a_missing_certificate_is_named() {
    let output =
        with_config(&stdout(&postroom(&["check-config", "--sample"]).output().unwrap()), &["check-config"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("/etc/postroom/certificate.pem"), "{}", stderr(&output));
}

#[test]
fn a_server_does_not_stay_root() {
    let config = "data = \"DATA\"\ndefault_domain = \"example.org\"\n[[listener]]\nprotocol = \"http\"\naddress = \"127.0.0.1:0\"\n";
    let is_root = std::process::Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if !is_root {
        return; // Then it would serve, and there is nothing to refuse.
    }
    let output = with_config(config, &["serve"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("does not stay root: name a user"), "{}", stderr(&output));
}
