//! Every key of the configuration, by section: what is not listed here is refused as unknown.

/// One section, and the keys in it.
#[derive(Debug)]
pub(crate) struct SectionKeys {
    /// Its name in the file; empty for what stands before the first section.
    pub(crate) name: &'static str,
    /// Its keys.
    pub(crate) keys: &'static [&'static str],
}

/// What stands before the first section.
pub(crate) const ROOT: SectionKeys = SectionKeys {
    name: "",
    keys: &[
        "data",
        "default_domain",
        "domains",
        "user",
        "group",
        "allow_plaintext_login",
        "listener",
        "capabilities",
        "tls",
        "certificate",
        "log",
        "limits",
        "imap",
        "delivery",
        "lmtp",
        "http",
        "search",
        "folders",
        "domain_folders",
        "passwords",
    ],
};
/// `[[listener]]`, any number of times.
pub(crate) const LISTENER: SectionKeys = SectionKeys {
    name: "listener",
    keys: &["protocol", "address", "systemd", "socket", "socket_mode", "socket_group"],
};
/// `[[capabilities]]`, any number of times.
pub(crate) const CAPABILITIES: SectionKeys =
    SectionKeys { name: "capabilities", keys: &["on", "off", "users", "addresses"] };
/// `[tls]`
pub(crate) const TLS: SectionKeys = SectionKeys { name: "tls", keys: &["certificate", "key", "self_signed"] };
/// `[[certificate]]`, any number of times.
pub(crate) const CERTIFICATE: SectionKeys =
    SectionKeys { name: "certificate", keys: &["certificate", "key"] };
/// `[log]`
pub(crate) const LOG: SectionKeys = SectionKeys { name: "log", keys: &["format", "level"] };
/// `[limits]`
pub(crate) const LIMITS: SectionKeys = SectionKeys {
    name: "limits",
    keys: &[
        "connections",
        "connections_per_address",
        "connections_per_user",
        "connections_unauthenticated",
        "login_seconds",
        "login_failures_free",
        "login_failures_seconds",
        "login_failures_remembered",
        "login_wait_seconds",
        "message_bytes",
        "mailboxes_per_user",
        "mailbox_levels",
        "mailbox_name_bytes",
        "keywords_per_user",
        "mime_levels",
        "mime_parts",
        "changes_waiting",
        "changes_waiting_per_user",
        "image_cache_bytes",
        "row_cache_bytes",
        "disk_reserve_bytes",
        "drain_seconds",
    ],
};
/// `[imap]`
pub(crate) const IMAP: SectionKeys = SectionKeys {
    name: "imap",
    keys: &[
        "idle_seconds",
        "keepalive_seconds",
        "progress_seconds",
        "slow_reader_seconds",
        "waiting_bytes",
        "handshake_seconds",
        "bad_commands",
        "commands_before_login",
        "bytes_before_login",
        "text_searches",
        "saved_ranges",
        "line_bytes",
        "line_bytes_before_login",
        "literal_bytes",
        "literal_bytes_before_login",
        "command_bytes",
        "literals",
        "append_messages",
        "tag_bytes",
        "search_depth",
        "search_keys",
        "sort_criteria",
        "set_ranges",
        "list_patterns",
        "keywords",
        "fetch_items",
        "section_depth",
        "section_fields",
        "enable_names",
    ],
};
/// `[delivery]`
pub(crate) const DELIVERY: SectionKeys = SectionKeys {
    name: "delivery",
    keys: &[
        "host_name",
        "subaddress_separators",
        "subaddress_folders",
        "received_max",
        "over_quota",
        "socketmap_timeout_seconds",
    ],
};
/// `[lmtp]`
pub(crate) const LMTP: SectionKeys = SectionKeys {
    name: "lmtp",
    keys: &[
        "connections",
        "command_line_bytes",
        "text_line_bytes",
        "recipients",
        "timeout_seconds",
        "bad_commands",
        "bare_line_ends",
    ],
};
/// `[http]`
pub(crate) const HTTP: SectionKeys = SectionKeys {
    name: "http",
    keys: &["connections", "connections_per_address", "head_seconds", "connection_seconds"],
};
/// `[search]`
pub(crate) const SEARCH: SectionKeys = SectionKeys { name: "search", keys: &["attachments"] };
/// `[folders]`
pub(crate) const FOLDERS: SectionKeys =
    SectionKeys { name: "folders", keys: &["language", "drafts", "sent", "archive", "junk", "trash"] };
/// `[[domain_folders]]`, any number of times.
pub(crate) const DOMAIN_FOLDERS: SectionKeys = SectionKeys {
    name: "domain_folders",
    keys: &["domain", "language", "drafts", "sent", "archive", "junk", "trash"],
};
/// `[passwords]`
pub(crate) const PASSWORDS: SectionKeys = SectionKeys {
    name: "passwords",
    keys: &[
        "memory_kib",
        "passes",
        "lanes",
        "workers",
        "queue",
        "remembered_logins",
        "remembered_seconds",
        "scram",
        "scram_iterations",
    ],
};

/// All of them, for the test that compares the code, the sample and the reference.
#[cfg(test)]
pub(crate) const ALL: [&SectionKeys; 15] = [
    &ROOT,
    &LISTENER,
    &CAPABILITIES,
    &TLS,
    &CERTIFICATE,
    &LOG,
    &LIMITS,
    &IMAP,
    &DELIVERY,
    &LMTP,
    &HTTP,
    &SEARCH,
    &FOLDERS,
    &DOMAIN_FOLDERS,
    &PASSWORDS,
];

/// The known key that was probably meant by an unknown one.
pub(crate) fn nearest(keys: &[&'static str], unknown: &str) -> Option<&'static str> {
    /// More edits than this make another word.
    const EDITS_MAX: usize = 3;
    let unknown = unknown.to_ascii_lowercase().replace('-', "_");
    let best = keys.iter().map(|key| (edits(key, &unknown), *key)).min()?;
    (best.0 <= EDITS_MAX.min(unknown.len().div_ceil(2))).then_some(best.1)
}

/// Levenshtein's distance: how many characters to insert, delete or replace.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, &cb) in row.iter_mut().skip(1).zip(&b) {
            let replaced = diagonal + usize::from(ca != cb);
            diagonal = *cell;
            left = replaced.min(left + 1).min(*cell + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("same", "same"), 0);
        assert_eq!(edits("", "abc"), 3);
    }

    #[test]
    fn the_nearest_key_is_suggested_but_not_a_far_one() {
        assert_eq!(nearest(ROOT.keys, "domain"), Some("domains"));
        assert_eq!(nearest(ROOT.keys, "default-domain"), Some("default_domain"));
        assert_eq!(nearest(TLS.keys, "cert"), None);
        assert_eq!(nearest(LOG.keys, "colour"), None);
    }
}
