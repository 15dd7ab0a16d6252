//! What the server offers: one record for each capability, from which CAPABILITY and ENABLE answers are made.
//!
//! RFC 3501 §6.1.1 and §7.2.1, RFC 5161 §3.1.

/// One capability.
#[derive(Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its name in CAPABILITY.
    pub capability: &'static str,
    /// The RFC that defines it.
    pub rfc: u16,
    /// What it is, in some words.
    pub title: &'static str,
    /// When it is offered.
    pub when: When,
    /// Whether ENABLE switches it on, by the same name.
    pub can_be_enabled: bool,
    /// The commands it adds, or adds arguments to.
    pub commands: &'static [&'static str],
    /// The items, keys, options and response codes it adds.
    pub items: &'static [&'static str],
}

/// When a capability is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// Before login.
    BeforeLogin,
    /// After login.
    AfterLogin,
    /// Before login and TLS, where TLS can be begun (RFC 3501 §6.2.1).
    TlsCanBegin,
    /// Before login, where a password may be sent.
    PasswordAllowed,
    /// Before login, where no password may be sent in the clear (RFC 3501 §6.2.3).
    PasswordForbidden,
}

/// What the offer depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Somebody is logged in.
    pub authenticated: bool,
    /// STARTTLS would work: the connection is in the clear, and there is a certificate.
    pub tls_can_begin: bool,
    /// A password may be sent: over TLS, or because the configuration says so.
    pub password_allowed: bool,
}

impl When {
    const fn holds(self, now: Conditions) -> bool {
        match self {
            Self::Always => true,
            Self::AfterLogin => now.authenticated,
            Self::BeforeLogin => !now.authenticated,
            Self::TlsCanBegin => !now.authenticated && now.tls_can_begin,
            Self::PasswordAllowed => !now.authenticated && now.password_allowed,
            Self::PasswordForbidden => !now.authenticated && !now.password_allowed,
        }
    }
}

/// The names to offer now, in the order of [`EXTENSIONS`].
#[must_use]
pub fn capabilities(now: Conditions) -> Vec<&'static str> {
    EXTENSIONS.iter().filter(|extension| extension.when.holds(now)).map(|e| e.capability).collect()
}

/// The extension that ENABLE switches on by this name, in any case.
#[must_use]
pub fn enabled_by(name: &str) -> Option<&'static Extension> {
    EXTENSIONS.iter().find(|e| e.can_be_enabled && e.capability.eq_ignore_ascii_case(name))
}

/// A record that is offered always, for those that differ little from it.
const BASE: Extension = Extension {
    capability: "IMAP4rev1",
    rfc: 3501,
    title: "the protocol itself",
    when: When::Always,
    can_be_enabled: false,
    commands: &[],
    items: &[],
};

/// Every capability. IMAP4rev1 comes first (RFC 3501 §7.2.1).
pub static EXTENSIONS: [Extension; 22] = [
    BASE,
    Extension {
        capability: "STARTTLS",
        title: "begin TLS on a connection in the clear",
        when: When::TlsCanBegin,
        commands: &["STARTTLS"],
        ..BASE
    },
    Extension {
        capability: "LOGINDISABLED",
        title: "no password in the clear",
        when: When::PasswordForbidden,
        ..BASE
    },
    Extension {
        capability: "AUTH=PLAIN",
        rfc: 4616,
        title: "name and password in one answer",
        when: When::PasswordAllowed,
        commands: &["AUTHENTICATE"],
        ..BASE
    },
    Extension {
        capability: "AUTH=LOGIN",
        title: "name and password in two answers, for old clients",
        when: When::PasswordAllowed,
        commands: &["AUTHENTICATE"],
        ..BASE
    },
    Extension {
        capability: "SASL-IR",
        rfc: 4959,
        title: "the first answer comes with AUTHENTICATE",
        commands: &["AUTHENTICATE"],
        ..BASE
    },
    Extension {
        capability: "LITERAL-",
        rfc: 7888,
        title: "small literals without waiting",
        when: When::BeforeLogin,
        ..BASE
    },
    Extension {
        capability: "LITERAL+",
        rfc: 7888,
        title: "literals without waiting",
        when: When::AfterLogin,
        ..BASE
    },
    Extension {
        capability: "ENABLE",
        rfc: 5161,
        title: "switch extensions on",
        commands: &["ENABLE"],
        ..BASE
    },
    Extension { capability: "ID", rfc: 2971, title: "say which software this is", commands: &["ID"], ..BASE },
    Extension {
        capability: "IDLE",
        rfc: 2177,
        title: "hear of changes at once",
        commands: &["IDLE"],
        ..BASE
    },
    Extension {
        capability: "NAMESPACE",
        rfc: 2342,
        title: "where mailboxes are",
        commands: &["NAMESPACE"],
        ..BASE
    },
    Extension {
        capability: "CHILDREN",
        rfc: 3348,
        title: "whether there are mailboxes below",
        commands: &["LIST"],
        items: &["\\HasChildren", "\\HasNoChildren"],
        ..BASE
    },
    Extension {
        capability: "UNSELECT",
        rfc: 3691,
        title: "leave a mailbox without expunging",
        commands: &["UNSELECT"],
        ..BASE
    },
    Extension {
        capability: "UIDPLUS",
        rfc: 4315,
        title: "UIDs of new messages, and UID EXPUNGE",
        commands: &["UID EXPUNGE", "APPEND", "COPY"],
        items: &["APPENDUID", "COPYUID", "UIDNOTSTICKY"],
        ..BASE
    },
    Extension {
        capability: "LIST-EXTENDED",
        rfc: 5258,
        title: "LIST with options",
        commands: &["LIST"],
        items: &["SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "CHILDREN", "CHILDINFO"],
        ..BASE
    },
    Extension {
        capability: "LIST-STATUS",
        rfc: 5819,
        title: "STATUS of all that is listed",
        commands: &["LIST"],
        items: &["STATUS"],
        ..BASE
    },
    Extension {
        capability: "SPECIAL-USE",
        rfc: 6154,
        title: "the roles of mailboxes",
        commands: &["LIST"],
        items: &["SPECIAL-USE"],
        ..BASE
    },
    Extension {
        capability: "CREATE-SPECIAL-USE",
        rfc: 6154,
        title: "create a mailbox with a role",
        commands: &["CREATE"],
        items: &["USE", "USEATTR"],
        ..BASE
    },
    Extension {
        capability: "MOVE",
        rfc: 6851,
        title: "move messages",
        commands: &["MOVE", "UID MOVE"],
        ..BASE
    },
    Extension {
        capability: "CONDSTORE",
        rfc: 7162,
        title: "mod-sequences",
        can_be_enabled: true,
        commands: &["SELECT", "EXAMINE", "FETCH", "STORE", "SEARCH", "STATUS"],
        items: &["MODSEQ", "CHANGEDSINCE", "UNCHANGEDSINCE", "HIGHESTMODSEQ", "NOMODSEQ", "MODIFIED"],
        ..BASE
    },
    Extension {
        capability: "QRESYNC",
        rfc: 7162,
        title: "come back to a mailbox with one question",
        can_be_enabled: true,
        commands: &["SELECT", "EXAMINE", "UID FETCH"],
        items: &["VANISHED", "CLOSED"],
        ..BASE
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn passwords_are_offered_only_where_they_may_be_sent() {
        let clear = capabilities(Conditions { tls_can_begin: true, ..Conditions::default() });
        assert_eq!(clear.first(), Some(&"IMAP4rev1"));
        assert!(clear.contains(&"STARTTLS") && clear.contains(&"LOGINDISABLED"));
        assert!(!clear.contains(&"AUTH=PLAIN"));
        let tls = capabilities(Conditions { password_allowed: true, ..Conditions::default() });
        assert!(tls.contains(&"AUTH=PLAIN") && tls.contains(&"SASL-IR"));
        assert!(!tls.contains(&"STARTTLS") && !tls.contains(&"LOGINDISABLED"));
    }

    #[test]
    fn only_one_kind_of_literal_is_offered_at_a_time() {
        // RFC 7888 §3: "A server MUST NOT advertise both".
        let before = capabilities(Conditions::default());
        let after = capabilities(Conditions { authenticated: true, ..Conditions::default() });
        assert!(before.contains(&"LITERAL-") && !before.contains(&"LITERAL+"));
        assert!(after.contains(&"LITERAL+") && !after.contains(&"LITERAL-"));
        assert!(!after.contains(&"AUTH=PLAIN") && !after.contains(&"LOGINDISABLED"));
    }

    #[test]
    fn each_capability_has_one_record() {
        let names: BTreeSet<_> = EXTENSIONS.iter().map(|extension| extension.capability).collect();
        assert_eq!(names.len(), EXTENSIONS.len());
    }

    #[test]
    fn enable_knows_what_can_be_switched_on() {
        assert_eq!(enabled_by("qresync").map(|extension| extension.rfc), Some(7162));
        assert!(enabled_by("IDLE").is_none());
    }
}
