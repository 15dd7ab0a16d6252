//! The records: one for each capability, in the order in which CAPABILITY names them.

use super::{Extension, When};

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

/// A record of what the sessions do not serve yet.
const UNSERVED: Extension = Extension { when: When::Unserved, ..BASE };

/// Every capability. IMAP4rev1 comes first (RFC 3501 §7.2.1).
pub static EXTENSIONS: [Extension; 56] = [
    BASE,
    Extension {
        capability: "IMAP4rev2",
        rfc: 9051,
        title: "the protocol's second revision",
        can_be_enabled: true,
        commands: &["SEARCH", "LIST", "STATUS"],
        items: &["ESEARCH", "OLDNAME", "DELETED", "HASCHILDREN"],
        ..BASE
    },
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
        capability: "AUTH=SCRAM-SHA-256-PLUS",
        rfc: 7677,
        title: "a proof of the password, bound to the TLS connection",
        when: When::ChannelBindable,
        commands: &["AUTHENTICATE"],
        ..BASE
    },
    Extension {
        capability: "AUTH=SCRAM-SHA-256",
        rfc: 7677,
        title: "a proof of the password",
        when: When::ScramOffered,
        commands: &["AUTHENTICATE"],
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
    Extension {
        capability: "ESEARCH",
        rfc: 4731,
        title: "the result of a search in the form that is wanted",
        commands: &["SEARCH", "UID SEARCH"],
        items: &["RETURN", "MIN", "MAX", "ALL", "COUNT"],
        ..BASE
    },
    Extension {
        capability: "SEARCHRES",
        rfc: 5182,
        title: "name the result of the last search",
        commands: &["SEARCH", "UID SEARCH"],
        items: &["SAVE", "$", "NOTSAVED"],
        ..BASE
    },
    Extension {
        capability: "PARTIAL",
        rfc: 9394,
        title: "results page by page",
        commands: &["SEARCH", "UID SEARCH", "SORT", "UID SORT", "UID FETCH"],
        items: &["PARTIAL"],
        ..BASE
    },
    Extension {
        capability: "SORT",
        rfc: 5256,
        title: "the result of a search in the order that is wanted",
        commands: &["SORT", "UID SORT"],
        items: &["ARRIVAL", "CC", "DATE", "FROM", "REVERSE", "SIZE", "SUBJECT", "TO"],
        ..BASE
    },
    Extension {
        capability: "SORT=DISPLAY",
        rfc: 5957,
        title: "sort by the names that are shown",
        commands: &["SORT", "UID SORT"],
        items: &["DISPLAYFROM", "DISPLAYTO"],
        ..BASE
    },
    Extension {
        capability: "ESORT",
        rfc: 5267,
        title: "the result of a sort in the form that is wanted",
        commands: &["SORT", "UID SORT"],
        items: &["RETURN", "MIN", "MAX", "ALL", "COUNT"],
        ..BASE
    },
    Extension {
        capability: "SEARCH=FUZZY",
        rfc: 6203,
        title: "search for what is like it, and how much",
        commands: &["SEARCH", "UID SEARCH", "SORT", "UID SORT", "THREAD", "UID THREAD"],
        items: &["FUZZY", "RELEVANCY"],
        ..BASE
    },
    Extension {
        capability: "I18NLEVEL=1",
        rfc: 5255,
        title: "text is compared by i;unicode-casemap",
        commands: &["SEARCH", "SORT", "THREAD"],
        ..BASE
    },
    Extension {
        capability: "I18NLEVEL=2",
        rfc: 5255,
        title: "text is compared as the client chooses",
        commands: &["COMPARATOR", "SEARCH", "SORT", "THREAD"],
        items: &["BADCOMPARATOR"],
        ..BASE
    },
    Extension {
        capability: "THREAD=ORDEREDSUBJECT",
        rfc: 5256,
        title: "conversations by subject",
        commands: &["THREAD", "UID THREAD"],
        items: &["ORDEREDSUBJECT"],
        ..BASE
    },
    Extension {
        capability: "THREAD=REFERENCES",
        rfc: 5256,
        title: "conversations by what messages refer to, and by subject",
        commands: &["THREAD", "UID THREAD"],
        items: &["REFERENCES"],
        ..BASE
    },
    Extension {
        capability: "THREAD=REFS",
        rfc: 5256,
        title: "conversations by what messages refer to, the newest last (draft-ietf-morg-inthread)",
        commands: &["THREAD", "UID THREAD"],
        items: &["REFS"],
        ..BASE
    },
    Extension {
        capability: "WITHIN",
        rfc: 5032,
        title: "search by age in seconds",
        commands: &["SEARCH"],
        items: &["OLDER", "YOUNGER"],
        ..BASE
    },
    Extension {
        capability: "SAVEDATE",
        rfc: 8514,
        title: "when a message was put into its mailbox",
        commands: &["FETCH", "SEARCH"],
        items: &["SAVEDATE", "SAVEDBEFORE", "SAVEDON", "SAVEDSINCE", "SAVEDATESUPPORTED"],
        ..BASE
    },
    Extension {
        capability: "OBJECTID",
        rfc: 8474,
        title: "names that last, for mailboxes, messages and threads",
        commands: &["CREATE", "SELECT", "STATUS", "FETCH", "SEARCH"],
        items: &["MAILBOXID", "EMAILID", "THREADID"],
        ..BASE
    },
    Extension {
        capability: "PREVIEW",
        rfc: 8970,
        title: "the first words of a message",
        commands: &["FETCH"],
        items: &["PREVIEW", "LAZY"],
        ..BASE
    },
    Extension {
        capability: "BINARY",
        rfc: 3516,
        title: "parts without their transfer encoding",
        commands: &["FETCH", "APPEND"],
        items: &["BINARY", "BINARY.PEEK", "BINARY.SIZE", "UNKNOWN-CTE"],
        ..BASE
    },
    Extension {
        capability: "STATUS=SIZE",
        rfc: 8438,
        title: "the size of a mailbox",
        commands: &["STATUS"],
        items: &["SIZE"],
        ..BASE
    },
    Extension {
        capability: "APPENDLIMIT",
        rfc: 7889,
        title: "the largest message that may be appended",
        commands: &["STATUS"],
        items: &["APPENDLIMIT"],
        ..BASE
    },
    Extension {
        capability: "MULTIAPPEND",
        rfc: 3502,
        title: "append several messages at once",
        commands: &["APPEND"],
        ..BASE
    },
    Extension {
        capability: "REPLACE",
        rfc: 8508,
        title: "put a message in the place of another",
        commands: &["REPLACE", "UID REPLACE"],
        ..BASE
    },
    Extension {
        capability: "INPROGRESS",
        rfc: 9585,
        title: "how far a long command has come",
        items: &["INPROGRESS"],
        ..BASE
    },
    Extension {
        capability: "UTF8=ACCEPT",
        rfc: 6855,
        title: "names and headers in UTF-8",
        can_be_enabled: true,
        commands: &["APPEND"],
        items: &["UTF8"],
        ..BASE
    },
    Extension {
        capability: "COMPRESS=DEFLATE",
        rfc: 4978,
        title: "compress the connection",
        commands: &["COMPRESS"],
        items: &["COMPRESSIONACTIVE"],
        ..BASE
    },
    Extension {
        capability: "UNAUTHENTICATE",
        rfc: 8437,
        title: "log out and stay connected",
        commands: &["UNAUTHENTICATE"],
        ..BASE
    },
    Extension {
        capability: "UIDBATCHES",
        rfc: 10022,
        title: "where to cut a mailbox into batches",
        commands: &["UIDBATCHES"],
        items: &["TOOFEW", "TOOMANY"],
        ..BASE
    },
    Extension {
        capability: "UIDONLY",
        rfc: 9586,
        title: "no message numbers at all",
        can_be_enabled: true,
        items: &["UIDFETCH", "UIDREQUIRED"],
        when: When::WhereWanted,
        ..BASE
    },
    Extension {
        capability: "QUOTA",
        rfc: 9208,
        title: "how much may be kept",
        commands: &["GETQUOTA", "GETQUOTAROOT"],
        items: &["OVERQUOTA"],
        ..BASE
    },
    Extension {
        capability: "QUOTA=RES-STORAGE",
        rfc: 9208,
        title: "how many bytes may be kept",
        commands: &["STATUS"],
        items: &["STORAGE", "DELETED-STORAGE"],
        ..BASE
    },
    Extension {
        capability: "QUOTA=RES-MESSAGE",
        rfc: 9208,
        title: "how many messages may be kept",
        commands: &["STATUS"],
        items: &["MESSAGE", "DELETED"],
        ..BASE
    },
    Extension { capability: "QUOTASET", rfc: 9208, title: "set quotas", commands: &["SETQUOTA"], ..UNSERVED },
];
