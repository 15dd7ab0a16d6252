//! What the configuration promises.

use super::keys::{self, SectionKeys};
use super::*;

const REFERENCE: &str = include_str!("../../../../docs/configuration.md");

const LIMITS_PAGE: &str = include_str!("../../../../docs/limits.md");

const GOOD: &str = r#"
data = "/var/lib/postroom"
default_domain = "example.org"

[[listener]]
protocol = "imap"
address = "127.0.0.1:1143"

[tls]
self_signed = true
"#;

fn wrong(text: &str) -> Vec<String> {
    read::config(text).unwrap_err().iter().map(ToString::to_string).collect()
}

/// The good configuration with one more line in it, at the top or in a new section at the end.
fn with(section: &str, line: &str) -> String {
    match section {
        "" => format!("{line}\n{GOOD}"),
        _ => format!("{GOOD}\n[{section}]\n{line}\n"),
    }
}

#[test]
fn what_is_not_configured_has_its_default() {
    let config = read::config(GOOD).unwrap();
    assert_eq!(config.domains, ["example.org"]);
    assert_eq!(config.plaintext_login, PlaintextLogin::Never);
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.folders.of("example.org").len(), 5);
    assert_eq!(config.log, LogSettings::default());
    assert_eq!(config.run_as, None);
}

#[test]
fn domains_are_a_labels_however_they_are_written() {
    let config = read::config(&with("", "domains = [\"B\u{fc}cher.example\"]")).unwrap();
    assert_eq!(config.domains, ["xn--bcher-kva.example", "example.org"]);
    assert!(wrong(&with("", "domains = [\"a b\"]"))[0].contains("\"a b\" is no domain"));
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest_key() {
    assert_eq!(
        wrong(&with("limits", "conections = 5"))[0],
        "13: limits.conections: unknown key; did you mean `connections`?"
    );
    assert_eq!(wrong(&with("", "doman = \"x\""))[0], "1: doman: unknown key; did you mean `domains`?");
    assert_eq!(
        wrong(&with("log", "colour = true"))[0],
        "13: log.colour: unknown key; known are format, level"
    );
    assert_eq!(wrong(&with("limit", "x = 1"))[0], "12: limit: unknown key; did you mean `limits`?");
}

#[test]
fn a_bad_value_is_refused_with_what_would_be_right() {
    for (section, line, expected) in [
        (
            "log",
            "level = \"loud\"",
            "13: log.level: \"loud\" is none of \"error\", \"warn\", \"info\", \"debug\", \"trace\"",
        ),
        (
            "limits",
            "connections = \"many\"",
            "13: limits.connections: must be a whole number from 1 to 1000000",
        ),
        (
            "limits",
            "message_bytes = \"3 MB\"",
            "13: limits.message_bytes: must be a number of bytes, or a text such as \"64 MiB\", from 1024 to 2147483648",
        ),
        (
            "search",
            "attachments = [\"pdf\", \"exe\"]",
            "13: search.attachments: \"exe\" is none of \"pdf\", \"office\"",
        ),
        ("", "user = 5", "1: user: must be a text in quotes, not integer"),
        (
            "",
            "allow_plaintext_login = \"always\"",
            "1: allow_plaintext_login: \"always\" is none of \"never\", \"loopback\"",
        ),
        ("", "group = \"mail\"", "1: group: needs a user: write for example user = \"postroom\""),
        ("folders", "sent = \"Drafts\"", "13: folders.sent: \"Drafts\" is another mailbox already"),
        ("folders", "sent = \"a//b\"", "13: folders.sent: \"a//b\" is no mailbox name"),
        (
            "passwords",
            "lanes = 4\nmemory_kib = 8",
            "14: passwords.memory_kib: must be at least 8 for each of the lanes",
        ),
    ] {
        assert_eq!(wrong(&with(section, line)), [expected]);
    }
}

#[test]
fn folders_have_the_names_of_their_domain() {
    let sections = "[folders]\nlanguage = \"fr\"\nsent = \"Courrier\"\n\n\
        [[domain_folders]]\ndomain = \"example.net\"\nlanguage = \"de\"\ntrash = \"Müll\"\n";
    let config = read::config(&format!("domains = [\"example.net\"]\n{GOOD}\n{sections}")).unwrap();
    let names = |domain| -> Vec<String> {
        config.folders.of(domain).iter().map(|(name, _)| name.as_str().to_owned()).collect()
    };
    assert_eq!(names("example.org"), ["Brouillons", "Courrier", "Archives", "Indésirables", "Corbeille"]);
    assert_eq!(names("example.net"), ["Entwürfe", "Gesendet", "Archiv", "Spam", "Müll"]);
    for (lines, expected) in [
        ("domain = \"example.org\"\nlanguage = \"tlh\"", "is none of the languages en, "),
        ("language = \"de\"", "is missing; write for example domain = "),
        ("domain = \"example.com\"", "is none of the domains here: example.org"),
    ] {
        let problems = wrong(&format!("{GOOD}\n[[domain_folders]]\n{lines}\n"));
        assert!(problems[0].contains(expected), "{problems:?}");
    }
}

#[test]
fn capabilities_are_switched_for_users_and_addresses() {
    let rule = "[[capabilities]]\noff = [\"compress=deflate\"]\nusers = [\"Mia\"]\naddresses = [\"192.0.2.0/24\", \"::1\"]\n";
    let config = read::config(&format!("{GOOD}\n{rule}")).unwrap();
    let [switch] = config.switches.as_slice() else { panic!("one rule") };
    assert!(switch.off.contains("COMPRESS=DEFLATE") && !switch.on.contains("UIDONLY"));
    assert_eq!(switch.users, ["mia@example.org"]);
    assert_eq!(switch.addresses.len(), 2);
    for (line, expected) in [
        (
            "off = [\"IMAP4rev1\"]",
            "13: capabilities.off: \"IMAP4rev1\" is no capability that can be switched; docs/rfc/support.md lists all",
        ),
        (
            "on = [\"UIDONLY\"]\naddresses = [\"192.0.2.0/33\"]",
            "14: capabilities.addresses: \"192.0.2.0/33\" is no address or range, such as \"192.0.2.0/24\"",
        ),
        (
            "on = [\"UIDONLY\"]\nusers = [\"@\"]",
            "14: capabilities.users: \"@\" is no login name, such as \"mia@example.org\"",
        ),
        (
            "off = [\"auth=login\"]\nusers = [\"mia\"]",
            "14: capabilities.users: cannot hold for AUTH=LOGIN: before login nobody is any of them",
        ),
        (
            "users = [\"mia\"]",
            "12: capabilities.off: is missing; write for example off = [\"COMPRESS=DEFLATE\"], or on = [\"UIDONLY\"]",
        ),
    ] {
        assert_eq!(wrong(&with("[capabilities]", line)), [expected]);
    }
}

#[test]
fn what_is_not_toml_is_refused_with_its_line() {
    let problems = wrong("data = \"x\"\nhostname \"y\"\n");
    assert!(problems[0].starts_with("2: "), "{problems:?}");
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let problems = wrong("[[listener]]\nprotocol = \"pop3\"\n");
    let keys: Vec<&str> = problems.iter().filter_map(|p| p.split(": ").nth(1)).collect();
    assert_eq!(keys, ["data", "default_domain", "listener.address", "listener.protocol"]);
}

#[test]
fn a_listener_is_bound_or_handed_over_but_not_both() {
    let both = "data = \"d\"\ndefault_domain = \"example.org\"\n[[listener]]\nprotocol = \"http\"\naddress = \"[::1]:80\"\nsystemd = \"http\"\n";
    assert_eq!(wrong(both), ["6: listener.systemd: and address exclude each other: write one of them"]);
    let config = read::config(&both.replace("address = \"[::1]:80\"\n", "")).unwrap();
    assert_eq!(
        config.listeners,
        [Listen { protocol: Protocol::Http, place: Place::Systemd("http".to_owned()) }]
    );
}

#[test]
fn mail_needs_a_certificate_and_a_whole_one() {
    let without = GOOD.replace("[tls]\nself_signed = true\n", "");
    assert!(wrong(&without)[0].contains("tls: is missing"), "{:?}", wrong(&without));
    let half = without.clone() + "[tls]\ncertificate = \"c.pem\"\n";
    assert!(wrong(&half)[0].contains("tls.key: is missing"), "{:?}", wrong(&half));
    assert!(read::config(&without.replace("\"imap\"", "\"http\"")).is_ok());
}

#[test]
fn there_are_as_many_certificates_as_hosts_need() {
    let files = |stem: &str| format!("certificate = \"{stem}.pem\"\nkey = \"{stem}.key\"\n");
    let first = GOOD.replace("self_signed = true\n", &files("a"));
    let config = read::config(&format!("{first}[[certificate]]\n{}", files("b"))).unwrap();
    let Some(TlsSource::Files(found)) = config.tls else { panic!() };
    let found: Vec<_> = found.iter().map(|files| files.certificate.to_string_lossy().into_owned()).collect();
    assert_eq!(found, ["a.pem", "b.pem"]);
    let half = wrong(&format!("{first}[[certificate]]\nkey = \"b.key\"\n"));
    assert!(half[0].starts_with("12: certificate.certificate: is missing"), "{half:?}");
    let both = wrong(&format!("{GOOD}[[certificate]]\n{}", files("b")));
    assert_eq!(both, ["10: tls.self_signed: and [[certificate]] exclude each other"]);
}

#[test]
fn the_sample_is_good_as_it_is() {
    read::config(SAMPLE).unwrap();
}

/// The sample with every default written out: `#key = value` is one, and `# text` is a comment.
fn uncommented() -> String {
    let lines = SAMPLE.lines().map(|line| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => rest,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_sample_shows_every_key_and_is_good_with_all_of_them() {
    let all = uncommented();
    read::config(&all).unwrap();
    let document = toml_edit::Document::parse(all).unwrap();
    for section in keys::ALL {
        let tables: Vec<&dyn toml_edit::TableLike> = match (section.name, document.get(section.name)) {
            ("", _) => vec![document.as_table()],
            (_, Some(toml_edit::Item::ArrayOfTables(tables))) => {
                tables.iter().map(|t| t as &dyn toml_edit::TableLike).collect()
            }
            (_, Some(item)) => item.as_table_like().into_iter().collect(),
            _ => Vec::new(),
        };
        for key in section.keys {
            assert!(tables.iter().any(|table| table.contains_key(key)), "[{}] {key}", section.name);
        }
    }
}

#[test]
fn the_defaults_that_the_sample_shows_are_the_defaults() {
    let shown = read::config(&uncommented()).unwrap();
    assert_eq!(shown.limits, Limits::default());
    assert_eq!(shown.imap, Imap::default());
    assert_eq!(shown.http, web::Settings::default());
    let usual = DefaultFolders::default();
    assert_eq!(shown.folders.of("example.com"), usual.of("example.com"));
    assert_eq!(shown.folders.of("example.org"), usual.of("example.org"));
    assert_eq!(shown.hashing.cost, Cost::default());
    assert_eq!(shown.recent_logins, CacheSettings::default());
    assert_eq!(shown.scram, Scram::default());
    assert_eq!(shown.failed_logins, ThrottleSettings::default());
}

#[test]
fn the_reference_documents_every_key() {
    for SectionKeys { name, keys } in keys::ALL {
        let heading = match *name {
            "" => "## Before the first section".to_owned(),
            "listener" | "capabilities" | "certificate" | "domain_folders" => format!("## `[[{name}]]`"),
            name => format!("## `[{name}]`"),
        };
        let section = REFERENCE.split("\n## ").find(|s| heading.ends_with(s.lines().next().unwrap_or("-")));
        let section = section.unwrap_or_else(|| panic!("{heading} is missing"));
        for key in *keys {
            // The sections are documented by their own headings.
            let is_section = name.is_empty() && keys::ALL.iter().any(|s| s.name == *key);
            assert!(is_section || section.contains(&format!("| `{key}` |")), "{heading}: {key}");
        }
    }
}

#[test]
fn every_listed_key_is_read() {
    // A value that no key can have: whoever reads it complains.
    for SectionKeys { name, keys } in keys::ALL {
        for key in *keys {
            let line = format!("{key} = 1979-05-27");
            let text = match *name {
                "" => format!("{line}\n"),
                "listener" | "capabilities" | "certificate" | "domain_folders" => {
                    format!("[[{name}]]\n{line}\n")
                }
                name => format!("[{name}]\n{line}\n"),
            };
            let place = if name.is_empty() { format!("1: {key}: ") } else { format!("2: {name}.{key}: ") };
            assert!(wrong(&text).iter().any(|p| p.starts_with(&place)), "{place} {:?}", wrong(&text));
        }
    }
}

/// The cells of each row of the limits' page.
fn limits_page() -> Vec<Vec<&'static str>> {
    let rows = LIMITS_PAGE.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix('|'));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    cells.filter(|cells| !matches!(cells[0], "limit" | "---")).collect()
}

/// What stands in backticks in a cell.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_page_of_limits_has_every_key_with_its_default() {
    let document = toml_edit::Document::parse(uncommented()).unwrap();
    let rows = limits_page();
    for SectionKeys { name, keys } in [keys::LIMITS, keys::IMAP, keys::LMTP, keys::HTTP] {
        for key in keys.iter().filter(|key| **key != "bare_line_ends") {
            let full = format!("{name}.{key}");
            assert!(rows.iter().any(|cells| quoted(cells[2]).contains(&full.as_str())), "{full} is missing");
        }
    }
    let sections: Vec<&str> = keys::ALL.iter().map(|section| section.name).collect();
    for cells in &rows {
        for full in quoted(cells[2]) {
            let Some((section, key)) = full.split_once('.').filter(|(name, _)| sections.contains(name))
            else {
                continue;
            };
            let value = &document[section][key];
            let default = value.as_str().map_or_else(|| value.to_string().trim().to_owned(), str::to_owned);
            assert_eq!(quoted(cells[1]), [default], "{full}");
        }
    }
}

#[test]
fn the_page_of_limits_names_tests_that_exist() {
    fn sources(folder: &Path, text: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                sources(&entry, text);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&std::fs::read_to_string(entry).unwrap());
            }
        }
    }
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut all = String::new();
    sources(crates, &mut all);
    for cells in limits_page() {
        for test in quoted(cells[cells.len() - 1]) {
            let exists = match test.ends_with(".imap") {
                true => crates.join("imap/tests/dialogue").join(test).is_file(),
                false => all.contains(&format!("fn {test}()")),
            };
            assert!(exists, "{test}");
        }
    }
}
