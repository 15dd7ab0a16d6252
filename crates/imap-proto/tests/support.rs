//! `docs/rfc/support.md` says what the extension records say. `UPDATE_EXPECT=1` writes it anew.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use imap_proto::extension::{EXTENSIONS, When};
use std::fmt::Write as _;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/rfc/support.md");

fn when(when: When) -> &'static str {
    match when {
        When::Unserved => "not yet",
        When::Always => "always",
        When::BeforeLogin => "before login",
        When::AfterLogin => "after login",
        When::TlsCanBegin => "before TLS",
        When::PasswordAllowed => "before login, where a password may be sent",
        When::ScramOffered => "before login, where a password may be sent, unless switched off",
        When::ChannelBindable => "before login, under TLS, unless switched off",
        When::PasswordForbidden => "before login, where no password may be sent",
        When::WhereWanted => "where it is switched on",
    }
}

fn page() -> String {
    let mut page = String::from(
        "# What Postroom serves over IMAP\n\nGenerated from the records in `crates/imap-proto/src/extension/records.rs`; \
         `UPDATE_EXPECT=1 cargo test -p imap-proto --test support` writes it anew.\n\n\
         | capability | RFC | what | offered | adds |\n| --- | --- | --- | --- | --- |\n",
    );
    for e in EXTENSIONS.iter().filter(|e| e.when != When::Unserved) {
        let adds: Vec<&str> = e.commands.iter().chain(e.items).copied().collect();
        let enable = if e.can_be_enabled { " (by ENABLE)" } else { "" };
        let adds = adds.join(", ").replace('|', "\\|");
        writeln!(page, "| {}{enable} | {} | {} | {} | {adds} |", e.capability, e.rfc, e.title, when(e.when))
            .unwrap();
    }
    page
}

#[test]
fn the_support_page_says_what_the_records_say() {
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(PAGE, page()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(PAGE).unwrap_or_default(), page(), "run with UPDATE_EXPECT=1");
}
