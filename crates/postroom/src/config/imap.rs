//! `[imap]`: how much of anything a client may say or have at once, and how patient the server is with it.

use std::ops::RangeInclusive;
use std::time::Duration;

use ::imap::{Limits, Settings};

use super::keys;
use super::reader::Section;

/// The longest time that can be configured.
const SECONDS_MAX: u64 = 24 * 3600;
/// The largest number that can be configured of things in one command.
const COUNT_MAX: u64 = 1_000_000;
/// The numbers of bytes that can be configured for a line, a literal or a command: none fits into less.
const BYTES: RangeInclusive<u64> = 512..=64 << 20;

/// What is bounded in IMAP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Imap {
    /// Of one command.
    pub(crate) commands: Limits,
    /// How long a client that has logged in may be silent.
    pub(crate) idle: Duration,
    /// How often an idling client hears that the connection is alive.
    pub(crate) keepalive: Duration,
    /// How often a client hears how far a long command has come.
    pub(crate) progress: Duration,
    /// How long a client may take nothing of what waits for it.
    pub(crate) slow_reader: Duration,
    /// Bytes that wait for a client before no more are made.
    pub(crate) waiting_bytes: usize,
    /// How long a client may take for the handshake of TLS.
    pub(crate) handshake: Duration,
    /// BAD answers in a row after which a client is sent away.
    pub(crate) bad_commands: u32,
    /// Commands that a client may send without a login.
    pub(crate) commands_before_login: u32,
    /// Bytes that a client may send without a login.
    pub(crate) bytes_before_login: u64,
    /// Searches that read contents at the same time.
    pub(crate) text_searches: usize,
    /// The stretches of UIDs that a session may keep of a search.
    pub(crate) saved_ranges: usize,
}

impl Default for Imap {
    fn default() -> Self {
        let (usual, bounds) = (Settings::default(), net::Bounds::default());
        Self {
            commands: usual.limits,
            idle: usual.idle_timeout,
            keepalive: usual.idle_keepalive,
            progress: usual.progress_every,
            slow_reader: bounds.write,
            waiting_bytes: bounds.waiting_bytes,
            handshake: bounds.handshake,
            bad_commands: usual.bad_commands_max,
            commands_before_login: usual.commands_before_login_max,
            bytes_before_login: usual.bytes_before_login_max,
            text_searches: usual.text_searches_max,
            saved_ranges: usual.saved_ranges_max,
        }
    }
}

/// Reads the section.
pub(super) fn imap(root: &Section<'_>) -> Imap {
    let section = root.section(&keys::IMAP);
    let usual = Imap::default();
    let seconds = |key, usual| section.number(key, 1..=SECONDS_MAX).map_or(usual, Duration::from_secs);
    let count = |key, usual| section.number(key, 1..=COUNT_MAX).unwrap_or(usual);
    Imap {
        idle: seconds("idle_seconds", usual.idle),
        keepalive: seconds("keepalive_seconds", usual.keepalive),
        progress: seconds("progress_seconds", usual.progress),
        slow_reader: seconds("slow_reader_seconds", usual.slow_reader),
        waiting_bytes: section.bytes("waiting_bytes", BYTES).unwrap_or(usual.waiting_bytes),
        handshake: seconds("handshake_seconds", usual.handshake),
        bad_commands: count("bad_commands", usual.bad_commands),
        commands_before_login: count("commands_before_login", usual.commands_before_login),
        bytes_before_login: section.bytes("bytes_before_login", BYTES).unwrap_or(usual.bytes_before_login),
        text_searches: section.number("text_searches", 1..=1024).unwrap_or(usual.text_searches),
        saved_ranges: section.number("saved_ranges", 1..=COUNT_MAX).unwrap_or(usual.saved_ranges),
        commands: commands(&section, &usual.commands),
    }
}

fn commands(section: &Section<'_>, usual: &Limits) -> Limits {
    let bytes = |key, usual| section.bytes(key, BYTES).unwrap_or(usual);
    let count = |key, usual| section.number(key, 1..=COUNT_MAX).unwrap_or(usual);
    let limits = Limits {
        line_bytes: bytes("line_bytes", usual.line_bytes),
        line_bytes_before_login: bytes("line_bytes_before_login", usual.line_bytes_before_login),
        literal_bytes: bytes("literal_bytes", usual.literal_bytes),
        literal_bytes_before_login: bytes("literal_bytes_before_login", usual.literal_bytes_before_login),
        command_bytes: bytes("command_bytes", usual.command_bytes),
        literals: count("literals", usual.literals),
        append_messages: count("append_messages", usual.append_messages),
        tag_bytes: section.number("tag_bytes", 8..=1024).unwrap_or(usual.tag_bytes),
        // Each level is a call on the stack.
        search_depth: section.number("search_depth", 1..=100).unwrap_or(usual.search_depth),
        search_keys: count("search_keys", usual.search_keys),
        sort_criteria: count("sort_criteria", usual.sort_criteria),
        set_ranges: count("set_ranges", usual.set_ranges),
        list_patterns: count("list_patterns", usual.list_patterns),
        keywords: count("keywords", usual.keywords),
        fetch_items: count("fetch_items", usual.fetch_items),
        section_depth: count("section_depth", usual.section_depth),
        section_fields: count("section_fields", usual.section_fields),
        enable_names: count("enable_names", usual.enable_names),
    };
    if limits.command_bytes < limits.line_bytes {
        section.wrong("command_bytes", "must be at least line_bytes, which is a part of it");
    }
    limits
}
