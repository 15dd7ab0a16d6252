//! What can be chosen about mail that arrives: the sections `[delivery]` and `[lmtp]`, and Unix sockets of listeners.

use std::time::Duration;

use delivery::{RECEIVED_MAX_DEFAULT, Rules};
use net::SocketAccess;
use textproto::lmtp::{BareLineEnds, Settings};
use textproto::socketmap::TIMEOUT_DEFAULT;

use super::Config;
use super::reader::Section;

/// Connections of mail servers, unless configured: they open few and keep them.
const CONNECTIONS_DEFAULT: usize = 200;
/// The most that can be configured.
const CONNECTIONS_MAX: u64 = 100_000;
const RECIPIENTS_MAX: u64 = 100_000;
const TIMEOUT_SECONDS_MAX: u64 = 24 * 3600;

/// How mail is taken.
#[derive(Clone, Debug)]
pub(crate) struct Arriving {
    /// What this server calls itself, if not what the machine does.
    pub(crate) host_name: Option<String>,
    /// The characters between a user and a detail.
    pub(crate) separators: String,
    /// Whether a detail names a folder.
    pub(crate) detail_folders: bool,
    /// A message with more Received fields is in a loop.
    pub(crate) received_max: usize,
    /// Whether mail for a user over quota is refused for good.
    pub(crate) refuse_over_quota: bool,
    /// How long a mail server may keep a socketmap connection without a question.
    pub(crate) socketmap_timeout: Duration,
    /// Connections over LMTP and socketmap, each.
    pub(crate) connections: usize,
    /// The bounds of LMTP.
    pub(crate) lmtp: Settings,
}

impl Default for Arriving {
    fn default() -> Self {
        Self {
            host_name: None,
            separators: "+".to_owned(),
            detail_folders: true,
            received_max: RECEIVED_MAX_DEFAULT,
            refuse_over_quota: false,
            socketmap_timeout: TIMEOUT_DEFAULT,
            connections: CONNECTIONS_DEFAULT,
            lmtp: Settings::default(),
        }
    }
}

impl Config {
    /// What holds for deliveries.
    pub(crate) fn delivery_rules(&self) -> Rules {
        let Arriving { host_name, separators, detail_folders, received_max, refuse_over_quota, .. } =
            &self.arriving;
        Rules {
            default_domain: self.default_domain.clone(),
            domains: self.domains.clone(),
            separators: separators.clone(),
            detail_folders: *detail_folders,
            host_name: host_name.clone().unwrap_or_else(net::host_name),
            received_max: *received_max,
            refuse_over_quota: *refuse_over_quota,
        }
    }
}

/// Reads the two sections.
pub(super) fn arriving(delivery: &Section<'_>, lmtp: &Section<'_>) -> Arriving {
    let usual = Arriving::default();
    let host = |text: &str| is_host_name(text).then(|| text.to_owned());
    let separators = |text: &str| is_separators(text).then(|| text.to_owned());
    Arriving {
        host_name: delivery.read("host_name", "no host name, such as \"mail.example.org\"", host),
        separators: delivery
            .read("subaddress_separators", "no list of separators, such as \"+\" or \"+-\"", separators)
            .unwrap_or(usual.separators),
        detail_folders: delivery.truth("subaddress_folders").unwrap_or(usual.detail_folders),
        received_max: delivery.number("received_max", 1..=10_000).unwrap_or(usual.received_max),
        refuse_over_quota: delivery
            .choice("over_quota", &[("later", false), ("refuse", true)])
            .unwrap_or(usual.refuse_over_quota),
        socketmap_timeout: delivery
            .number("socketmap_timeout_seconds", 1..=TIMEOUT_SECONDS_MAX)
            .map_or(usual.socketmap_timeout, Duration::from_secs),
        connections: lmtp.number("connections", 1..=CONNECTIONS_MAX).unwrap_or(usual.connections),
        lmtp: settings(lmtp),
    }
}

fn settings(section: &Section<'_>) -> Settings {
    let usual = Settings::default();
    let bare = [("refuse", BareLineEnds::Refuse), ("convert", BareLineEnds::Convert)];
    Settings {
        command_line_bytes: section
            .bytes("command_line_bytes", 1024..=1 << 20)
            .unwrap_or(usual.command_line_bytes),
        text_line_bytes: section.bytes("text_line_bytes", 1000..=1 << 30).unwrap_or(usual.text_line_bytes),
        recipients: section.number("recipients", 1..=RECIPIENTS_MAX).unwrap_or(usual.recipients),
        timeout: section
            .number("timeout_seconds", 1..=TIMEOUT_SECONDS_MAX)
            .map_or(usual.timeout, Duration::from_secs),
        bad_commands_max: section.number("bad_commands", 1..=10_000).unwrap_or(usual.bad_commands_max),
        bare_line_ends: section.choice("bare_line_ends", &bare).unwrap_or(usual.bare_line_ends),
    }
}

/// Who may connect to the listener's Unix socket.
pub(super) fn socket_access(section: &Section<'_>) -> SocketAccess {
    let right = "no mode of a file in octal digits, such as \"0660\"";
    let mode = section.read("socket_mode", right, |text| {
        u32::from_str_radix(text, 8).ok().filter(|mode| (1..=0o777).contains(mode))
    });
    SocketAccess {
        mode: mode.unwrap_or(SocketAccess::MODE_DEFAULT),
        group: section.text("socket_group").map(str::to_owned),
    }
}

/// Characters that can stand in a local part, but in no domain.
fn is_separators(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_punctuation() && !"@\"\\(),:;<>[]".contains(c))
}

fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}
