//! What each key means: from the TOML document to a [`Config`].

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use auth::{CacheSettings, ITERATIONS_MAX, ITERATIONS_MIN, PoolSettings, ScramMode, ThrottleSettings};
use documents::Kind;
use mailstore::AccountLimits;
use message::Nesting;
use model::{DEPTH_MAX, KEYWORDS_MAX, NAME_BYTES_MAX};
use net::CertificateFiles;
use toml_edit::Document;
use tracing::Level;

use super::capabilities;
use super::delivery;
use super::folders;
use super::http;
use super::imap;
use super::reader::{Problem, Problems, Section};
use super::{
    Config, Limits, Listen, LogFormat, LogSettings, Place, PlaintextLogin, Protocol, RunAs, Scram, TlsSource,
    cost, keys, usual_workers,
};

/// The most mailboxes of one user that can be configured.
const MAILBOXES_MAX: u64 = 1_000_000;
/// The most changes under way that can be configured.
const CHANGES_WAITING_MAX: u64 = 1_000_000;
/// The largest number of connections that can be configured.
const CONNECTIONS_MAX: u64 = 1_000_000;
/// The longest drain that can be configured: what service managers wait for is much shorter.
const DRAIN_SECONDS_MAX: u64 = 3_600;
/// The longest time that can be given to log in, or that a login can have to wait.
const LOGIN_SECONDS_MAX: u64 = 3_600;

/// Reads the text of a configuration file.
///
/// # Errors
/// All that is wrong with it.
pub(super) fn config(text: &str) -> Result<Config, Vec<Problem>> {
    let problems = Problems::new(text);
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            problems.note(error.span(), String::new(), error.message().to_owned());
            return Err(problems.into_found());
        }
    };
    let config = {
        let root = Section::new(&keys::ROOT, Some(document.as_table()), None, &problems);
        whole(&root)
    };
    let found = problems.into_found();
    match config {
        Some(config) if found.is_empty() => Ok(config),
        _ => Err(found),
    }
}

/// `None` only where a problem has been noted.
fn whole(root: &Section<'_>) -> Option<Config> {
    let data = required(root, "data", "\"/var/lib/postroom\"").map(PathBuf::from);
    let default_domain = default_domain(root);
    let domains = domains(root, default_domain.as_deref());
    let listeners = listeners(root);
    let tls = tls(root, &listeners);
    let passwords = root.section(&keys::PASSWORDS);
    let limits_section = root.section(&keys::LIMITS);
    let config = Config {
        run_as: run_as(root),
        plaintext_login: plaintext_login(root),
        switches: capabilities::switches(root, default_domain.as_deref()),
        log: log(&root.section(&keys::LOG)),
        arriving: delivery::arriving(&root.section(&keys::DELIVERY), &root.section(&keys::LMTP)),
        http: http::http(&root.section(&keys::HTTP)),
        attachments: root.section(&keys::SEARCH).choices("attachments", &Kind::ALL).unwrap_or_else(Kind::all),
        limits: limits(&limits_section),
        imap: imap::imap(root),
        failed_logins: failed_logins(&limits_section),
        folders: folders::folders(root, &domains),
        hashing: hashing(&passwords),
        recent_logins: recent_logins(&passwords),
        scram: scram(&passwords),
        data: data?,
        default_domain: default_domain?,
        domains,
        listeners,
        tls,
    };
    Some(config)
}

fn required<'a>(section: &Section<'a>, key: &str, example: &str) -> Option<&'a str> {
    if !section.has(key) {
        section.wrong(key, format!("is missing; write for example {key} = {example}"));
    }
    let text = section.text(key)?;
    if text.is_empty() {
        section.wrong(key, format!("is empty; write for example {key} = {example}"));
    }
    Some(text)
}

fn default_domain(root: &Section<'_>) -> Option<String> {
    let text = required(root, "default_domain", "\"example.org\"")?;
    let domain = auth::a_labels(text).ok();
    if domain.is_none() && !text.is_empty() {
        root.wrong("default_domain", "is no domain, such as \"example.org\"");
    }
    domain
}

fn domains(root: &Section<'_>, default_domain: Option<&str>) -> Vec<String> {
    let mut domains = Vec::new();
    for text in root.texts("domains").unwrap_or_default() {
        match auth::a_labels(text) {
            Ok(domain) => domains.push(domain),
            Err(_) => root.wrong("domains", format!("{text:?} is no domain, such as \"example.org\"")),
        }
    }
    if let Some(domain) = default_domain
        && !domains.iter().any(|d| d == domain)
    {
        domains.push(domain.to_owned());
    }
    domains
}

fn run_as(root: &Section<'_>) -> Option<RunAs> {
    let group = root.text("group").map(str::to_owned);
    let user = root.text("user").map(str::to_owned);
    if user.is_none() && group.is_some() {
        root.wrong("group", "needs a user: write for example user = \"postroom\"");
    }
    Some(RunAs { user: user?, group })
}

fn plaintext_login(root: &Section<'_>) -> PlaintextLogin {
    let choices = [("never", PlaintextLogin::Never), ("loopback", PlaintextLogin::Loopback)];
    root.choice("allow_plaintext_login", &choices).unwrap_or(PlaintextLogin::Never)
}

fn listeners(root: &Section<'_>) -> Vec<Listen> {
    let sections = root.sections(&keys::LISTENER);
    if !root.has("listener") {
        root.wrong(
            "listener",
            "is missing; write for example [[listener]] protocol = \"imaps\" address = \"[::]:993\"",
        );
    }
    sections.iter().filter_map(listener).collect()
}

fn listener(section: &Section<'_>) -> Option<Listen> {
    if !section.has("protocol") {
        section.wrong("protocol", "is missing; write for example protocol = \"imaps\"");
    }
    let protocol = section.choice("protocol", &Protocol::NAMES);
    let given: Vec<&str> =
        ["address", "systemd", "socket"].into_iter().filter(|key| section.has(key)).collect();
    let place = match given.as_slice() {
        ["address"] => {
            let right = "no address with a port, such as \"192.0.2.1:993\" or \"[::]:993\"";
            section.read("address", right, |text| text.parse().ok()).map(Place::Address)
        }
        ["systemd"] => section.text("systemd").map(str::to_owned).map(Place::Systemd),
        [_] => socket(section, protocol),
        [] => {
            section.wrong(
                "address",
                "is missing; write for example address = \"[::]:993\", or systemd = \"imaps\"",
            );
            None
        }
        [first, second, ..] => {
            section.wrong(second, format!("and {first} exclude each other: write one of them"));
            None
        }
    };
    for key in ["socket_mode", "socket_group"] {
        if section.has(key) && !section.has("socket") {
            section.wrong(key, "is of a Unix socket: write socket = \"/run/postroom/lmtp\"");
        }
    }
    Some(Listen { protocol: protocol?, place: place? })
}

fn socket(section: &Section<'_>, protocol: Option<Protocol>) -> Option<Place> {
    let access = delivery::socket_access(section);
    let path = section.read("socket", "no absolute path, such as \"/run/postroom/lmtp\"", |text| {
        Some(PathBuf::from(text)).filter(|path| path.is_absolute())
    })?;
    if protocol.is_some_and(|protocol| !protocol.is_for_sockets()) {
        section.wrong("socket", "is for the protocols \"lmtp\" and \"socketmap\" alone");
        return None;
    }
    Some(Place::Socket { path, access })
}

fn tls(root: &Section<'_>, listeners: &[Listen]) -> Option<TlsSource> {
    let section = root.section(&keys::TLS);
    let more = more_certificates(root);
    let certificate = section.text("certificate").map(PathBuf::from);
    let key = section.text("key").map(PathBuf::from);
    let self_signed = section.truth("self_signed").unwrap_or(false);
    let mail = listeners.iter().any(|listen| listen.protocol.needs_tls());
    match (self_signed, certificate, key) {
        (false, Some(certificate), Some(key)) => {
            let first = CertificateFiles { certificate, key };
            Some(TlsSource::Files(std::iter::once(first).chain(more).collect()))
        }
        (true, None, None) => {
            if !more.is_empty() {
                section.wrong("self_signed", "and [[certificate]] exclude each other");
            }
            Some(TlsSource::SelfSigned)
        }
        (true, ..) => {
            section.wrong("self_signed", "and certificate exclude each other: write one of them");
            None
        }
        (false, None, None) => {
            if mail && !section.has("certificate") && !section.has("key") {
                root.wrong(
                    "tls",
                    "is missing; IMAP needs [tls] with certificate and key, or self_signed = true",
                );
            }
            None
        }
        (false, certificate, _) => {
            half_a_certificate(&section, certificate.is_none());
            None
        }
    }
}

/// The certificates beside the one of `[tls]`.
fn more_certificates(root: &Section<'_>) -> Vec<CertificateFiles> {
    let mut more = Vec::new();
    for section in root.sections(&keys::CERTIFICATE) {
        let certificate = section.text("certificate").map(PathBuf::from);
        let key = section.text("key").map(PathBuf::from);
        match (certificate, key) {
            (Some(certificate), Some(key)) => more.push(CertificateFiles { certificate, key }),
            (certificate, _) => half_a_certificate(&section, certificate.is_none()),
        }
    }
    more
}

fn half_a_certificate(section: &Section<'_>, no_certificate: bool) {
    let missing = if no_certificate { "certificate" } else { "key" };
    if !section.has(missing) {
        section.wrong(
            missing,
            format!("is missing; write for example {missing} = \"/etc/postroom/{missing}.pem\""),
        );
    }
}

fn log(section: &Section<'_>) -> LogSettings {
    let usual = LogSettings::default();
    let levels = [
        ("error", Level::ERROR),
        ("warn", Level::WARN),
        ("info", Level::INFO),
        ("debug", Level::DEBUG),
        ("trace", Level::TRACE),
    ];
    LogSettings {
        format: section
            .choice("format", &[("text", LogFormat::Text), ("json", LogFormat::Json)])
            .unwrap_or(usual.format),
        level: section.choice("level", &levels).unwrap_or(usual.level),
    }
}

fn limits(section: &Section<'_>) -> Limits {
    let usual = Limits::default();
    let connections = net::Limits {
        total: section.number("connections", 1..=CONNECTIONS_MAX).unwrap_or(usual.connections.total),
        per_address: section
            .number("connections_per_address", 1..=CONNECTIONS_MAX)
            .unwrap_or(usual.connections.per_address),
        unauthenticated: section
            .number("connections_unauthenticated", 1..=CONNECTIONS_MAX)
            .unwrap_or(usual.connections.unauthenticated),
        per_user: section
            .number("connections_per_user", 1..=CONNECTIONS_MAX)
            .unwrap_or(usual.connections.per_user),
    };
    Limits {
        connections,
        login: section
            .number("login_seconds", 1..=LOGIN_SECONDS_MAX)
            .map_or(usual.login, Duration::from_secs),
        message_bytes: section.bytes("message_bytes", 1024..=1 << 31).unwrap_or(usual.message_bytes),
        account: account(section, usual.account),
        nesting: nesting(section, usual.nesting),
        changes_waiting: section
            .number("changes_waiting", 1..=CHANGES_WAITING_MAX)
            .unwrap_or(usual.changes_waiting),
        changes_waiting_per_user: section
            .number("changes_waiting_per_user", 1..=CHANGES_WAITING_MAX)
            .unwrap_or(usual.changes_waiting_per_user),
        image_cache_bytes: section
            .bytes("image_cache_bytes", 1 << 20..=1 << 40)
            .unwrap_or(usual.image_cache_bytes),
        row_cache_bytes: section.bytes("row_cache_bytes", 1 << 20..=1 << 40).unwrap_or(usual.row_cache_bytes),
        disk_reserve_bytes: section
            .bytes("disk_reserve_bytes", 0..=1 << 50)
            .unwrap_or(usual.disk_reserve_bytes),
        drain: section
            .number("drain_seconds", 0..=DRAIN_SECONDS_MAX)
            .map_or(usual.drain, Duration::from_secs),
    }
}

fn account(section: &Section<'_>, usual: AccountLimits) -> AccountLimits {
    let up_to = |key, least, most: usize, usual| section.number(key, least..=most as u64).unwrap_or(usual);
    AccountLimits {
        mailboxes: section.number("mailboxes_per_user", 10..=MAILBOXES_MAX).unwrap_or(usual.mailboxes),
        mailbox_levels: up_to("mailbox_levels", 1, DEPTH_MAX, usual.mailbox_levels),
        mailbox_name_bytes: up_to("mailbox_name_bytes", 16, NAME_BYTES_MAX, usual.mailbox_name_bytes),
        // Those of the registry that clients set by themselves have to fit.
        keywords: up_to("keywords_per_user", 16, KEYWORDS_MAX, usual.keywords),
    }
}

fn nesting(section: &Section<'_>, usual: Nesting) -> Nesting {
    let up_to = |key, most: usize, usual| section.number(key, 2..=most as u64).unwrap_or(usual);
    Nesting {
        levels: up_to("mime_levels", message::DEPTH_MAX, usual.levels),
        parts: up_to("mime_parts", message::PARTS_MAX, usual.parts),
    }
}

fn failed_logins(section: &Section<'_>) -> ThrottleSettings {
    let usual = ThrottleSettings::default();
    ThrottleSettings {
        free: section.number("login_failures_free", 0..=1_000_000).unwrap_or(usual.free),
        wait_max: section
            .number("login_wait_seconds", 0..=LOGIN_SECONDS_MAX)
            .map_or(usual.wait_max, Duration::from_secs),
        memory: section
            .number("login_failures_seconds", 1..=7 * 24 * 3600)
            .map_or(usual.memory, Duration::from_secs),
        entries: section
            .number("login_failures_remembered", 1..=10_000_000)
            .and_then(NonZeroUsize::new)
            .unwrap_or(usual.entries),
    }
}

fn hashing(section: &Section<'_>) -> PoolSettings {
    let cost = cost(
        section.number("memory_kib", 8..=1 << 20),
        section.number("passes", 1..=64),
        section.number("lanes", 1..=64),
    );
    if cost.check().is_err() {
        section.wrong("memory_kib", "must be at least 8 for each of the lanes");
    }
    PoolSettings {
        cost,
        workers: section
            .number("workers", 1..=1024)
            .and_then(NonZeroUsize::new)
            .unwrap_or_else(usual_workers),
        queue: section.number("queue", 0..=100_000).unwrap_or(PoolSettings::QUEUE_DEFAULT),
    }
}

fn recent_logins(section: &Section<'_>) -> CacheSettings {
    let usual = CacheSettings::default();
    CacheSettings {
        entries: section.number("remembered_logins", 0..=10_000_000).unwrap_or(usual.entries),
        lifetime: section
            .number("remembered_seconds", 0..=7 * 24 * 3600)
            .map_or(usual.lifetime, Duration::from_secs),
    }
}

fn scram(section: &Section<'_>) -> Scram {
    let usual = Scram::default();
    let modes = [("offer", ScramMode::Offered), ("store", ScramMode::Stored), ("off", ScramMode::Off)];
    Scram {
        mode: section.choice("scram", &modes).unwrap_or(usual.mode),
        iterations: section
            .number("scram_iterations", u64::from(ITERATIONS_MIN)..=u64::from(ITERATIONS_MAX))
            .unwrap_or(usual.iterations),
    }
}
