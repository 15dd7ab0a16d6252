//! Response codes: the part of a status response that a client acts upon.
//!
//! RFC 3501 §7.1, RFC 5530 §3, RFC 4315 §3, RFC 4469 §4.2 (TOOBIG), RFC 5182 §2.1,
//! RFC 4978 §3, RFC 6154 §3, RFC 7162 §3.1 and §3.2.11, RFC 8474 §4, RFC 9051 §7.1,
//! RFC 9585, RFC 9586 §3, RFC 10022.

use std::num::NonZeroU32;

use model::{ModSeq, SeqNo, Uid, UidSet, UidValidity};

use super::{astring, number, quoted, uid_set};
use crate::command::Tag;

/// A response code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// ALERT: the text has to be shown to the user.
    Alert,
    /// ALREADYEXISTS: CREATE or RENAME to a name that is taken.
    AlreadyExists,
    /// APPENDUID: which UID the message got.
    AppendUid(AppendUid),
    /// AUTHENTICATIONFAILED: wrong credentials.
    AuthenticationFailed,
    /// AUTHORIZATIONFAILED: right credentials, but not for this identity.
    AuthorizationFailed,
    /// BADCHARSET, with the character sets that are supported.
    BadCharset(Vec<&'static str>),
    /// BADCOMPARATOR: there is none of these (RFC 5255 §4.9).
    BadComparator,
    /// CANNOT: never possible on this server.
    Cannot,
    /// CAPABILITY, with what is offered now.
    Capability(Vec<&'static str>),
    /// CLIENTBUG: allowed, but surely not meant.
    ClientBug,
    /// CLOSED: what follows is of the newly selected mailbox (RFC 7162 §3.2.11).
    Closed,
    /// COMPRESSIONACTIVE: the connection is compressed already (RFC 4978 §3).
    CompressionActive,
    /// CONTACTADMIN
    ContactAdmin,
    /// COPYUID: which UIDs the copies got.
    CopyUid(CopyUid),
    /// CORRUPTION: the server found its own data damaged.
    Corruption,
    /// EXPIRED: the credentials no longer hold.
    Expired,
    /// EXPUNGEISSUED: somebody expunged a message that the command named.
    ExpungeIssued,
    /// HASCHILDREN: a mailbox with others below it cannot be deleted (RFC 9051 §7.1).
    HasChildren,
    /// HIGHESTMODSEQ
    HighestModSeq(ModSeq),
    /// INPROGRESS: how far a long command has come (RFC 9585).
    InProgress(InProgress),
    /// INUSE: somebody else is at it.
    InUse,
    /// LIMIT: beyond a limit of the server.
    Limit,
    /// MAILBOXID: the object id of the mailbox that was created or selected (RFC 8474 §4).
    MailboxId(String),
    /// MODIFIED: messages that UNCHANGEDSINCE kept from being changed; message numbers or UIDs, as in the command.
    Modified(UidSet),
    /// NOMODSEQ: the mailbox has no lasting mod-sequences.
    NoModSeq,
    /// NONEXISTENT: no such mailbox.
    NonExistent,
    /// NOPERM: lack of rights.
    NoPerm,
    /// NOTSAVED: SEARCH with SAVE kept nothing, and `$` is empty now (RFC 5182 §2.1).
    NotSaved,
    /// OVERQUOTA
    OverQuota,
    /// PARSE: a message could not be parsed.
    Parse,
    /// PERMANENTFLAGS, with the flags that can be changed; `\*` for new keywords.
    PermanentFlags(Vec<String>),
    /// PRIVACYREQUIRED: only over TLS.
    PrivacyRequired,
    /// READ-ONLY
    ReadOnly,
    /// READ-WRITE
    ReadWrite,
    /// SERVERBUG
    ServerBug,
    /// TOOBIG: the message is too large.
    TooBig,
    /// TOOFEW: batches of so few messages are not supported (RFC 10022).
    TooFew,
    /// TOOMANY: so many messages at once are not supported (RFC 10022).
    TooMany,
    /// TRYCREATE: it would work if the mailbox were created.
    TryCreate,
    /// UIDREQUIRED: message numbers are switched off (RFC 9586 §3).
    UidRequired,
    /// UIDNEXT
    UidNext(Uid),
    /// UIDNOTSTICKY: UIDs do not last.
    UidNotSticky,
    /// UIDVALIDITY
    UidValidity(UidValidity),
    /// UNAVAILABLE: something the server needs does not answer.
    Unavailable,
    /// UNSEEN, with the first message that is.
    Unseen(SeqNo),
    /// UNKNOWN-CTE: a part's transfer encoding is not known, so that BINARY cannot undo it (RFC 3516 §4.3).
    UnknownCte,
    /// USEATTR: CREATE with a role that cannot be given.
    UseAttr,
}

/// The UIDs of appended messages (RFC 4315 §3, RFC 3502).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppendUid {
    /// The mailbox's UIDVALIDITY.
    pub uid_validity: UidValidity,
    /// The messages' UIDs, in the order in which they came, which is ascending.
    pub uids: UidSet,
}

/// The UIDs of copied messages (RFC 4315 §3): the n-th source became the n-th copy, both ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyUid {
    /// The destination's UIDVALIDITY.
    pub uid_validity: UidValidity,
    /// The messages that were copied.
    pub from: UidSet,
    /// The copies; as many.
    pub to: UidSet,
}

/// How far a command has come (RFC 9585).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InProgress {
    /// The command's tag.
    pub tag: Tag,
    /// How much is done; it never goes back. `None` where that cannot be said.
    pub done: Option<u32>,
    /// How much there is to do. It is told only with `done`.
    pub goal: Option<NonZeroU32>,
}

impl InProgress {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b" (");
        quoted(out, self.tag.as_str());
        let goal = self.goal.filter(|_| self.done.is_some()).map(NonZeroU32::get);
        for value in [self.done, goal] {
            match value {
                Some(value) => spaced(out, u64::from(value)),
                None => out.extend_from_slice(b" NIL"),
            }
        }
        out.push(b')');
    }
}

impl Code {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Alert => "ALERT",
            Self::AlreadyExists => "ALREADYEXISTS",
            Self::AppendUid(_) => "APPENDUID",
            Self::AuthenticationFailed => "AUTHENTICATIONFAILED",
            Self::AuthorizationFailed => "AUTHORIZATIONFAILED",
            Self::BadCharset(_) => "BADCHARSET",
            Self::BadComparator => "BADCOMPARATOR",
            Self::Cannot => "CANNOT",
            Self::Capability(_) => "CAPABILITY",
            Self::ClientBug => "CLIENTBUG",
            Self::Closed => "CLOSED",
            Self::CompressionActive => "COMPRESSIONACTIVE",
            Self::ContactAdmin => "CONTACTADMIN",
            Self::CopyUid(_) => "COPYUID",
            Self::Corruption => "CORRUPTION",
            Self::Expired => "EXPIRED",
            Self::ExpungeIssued => "EXPUNGEISSUED",
            Self::HasChildren => "HASCHILDREN",
            Self::HighestModSeq(_) => "HIGHESTMODSEQ",
            Self::InProgress(_) => "INPROGRESS",
            Self::InUse => "INUSE",
            Self::Limit => "LIMIT",
            Self::MailboxId(_) => "MAILBOXID",
            Self::Modified(_) => "MODIFIED",
            Self::NoModSeq => "NOMODSEQ",
            Self::NonExistent => "NONEXISTENT",
            Self::NoPerm => "NOPERM",
            Self::NotSaved => "NOTSAVED",
            Self::OverQuota => "OVERQUOTA",
            Self::Parse => "PARSE",
            Self::PermanentFlags(_) => "PERMANENTFLAGS",
            Self::PrivacyRequired => "PRIVACYREQUIRED",
            Self::ReadOnly => "READ-ONLY",
            Self::ReadWrite => "READ-WRITE",
            Self::ServerBug => "SERVERBUG",
            Self::TooBig => "TOOBIG",
            Self::TooFew => "TOOFEW",
            Self::TooMany => "TOOMANY",
            Self::TryCreate => "TRYCREATE",
            Self::UidRequired => "UIDREQUIRED",
            Self::UidNext(_) => "UIDNEXT",
            Self::UidNotSticky => "UIDNOTSTICKY",
            Self::UidValidity(_) => "UIDVALIDITY",
            Self::Unavailable => "UNAVAILABLE",
            Self::Unseen(_) => "UNSEEN",
            Self::UnknownCte => "UNKNOWN-CTE",
            Self::UseAttr => "USEATTR",
        }
    }

    /// Appends the code in its brackets, with a space behind it.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        out.extend_from_slice(self.name().as_bytes());
        self.write_arguments(out);
        out.extend_from_slice(b"] ");
    }

    fn write_arguments(&self, out: &mut Vec<u8>) {
        match self {
            Self::AppendUid(code) => {
                spaced(out, u64::from(code.uid_validity.get()));
                spaced_set(out, &code.uids);
            }
            Self::CopyUid(code) => {
                spaced(out, u64::from(code.uid_validity.get()));
                spaced_set(out, &code.from);
                spaced_set(out, &code.to);
            }
            Self::BadCharset(names) => {
                out.extend_from_slice(b" (");
                for (i, name) in names.iter().enumerate() {
                    out.extend_from_slice(if i > 0 { b" " } else { b"" });
                    astring(out, name.as_bytes());
                }
                out.push(b')');
            }
            Self::Capability(names) => {
                out.push(b' ');
                out.extend_from_slice(names.join(" ").as_bytes());
            }
            Self::PermanentFlags(names) => {
                out.extend_from_slice(b" (");
                out.extend_from_slice(names.join(" ").as_bytes());
                out.push(b')');
            }
            Self::HighestModSeq(modseq) => spaced(out, modseq.0),
            Self::MailboxId(id) => {
                out.extend_from_slice(b" (");
                out.extend_from_slice(id.as_bytes());
                out.push(b')');
            }
            Self::InProgress(progress) => progress.write(out),
            Self::Modified(set) => spaced_set(out, set),
            Self::UidNext(uid) => spaced(out, u64::from(uid.get())),
            Self::UidValidity(validity) => spaced(out, u64::from(validity.get())),
            Self::Unseen(seq) => spaced(out, u64::from(seq.0)),
            // All others stand alone.
            _ => {}
        }
    }
}

fn spaced(out: &mut Vec<u8>, n: u64) {
    out.push(b' ');
    number(out, n);
}

fn spaced_set(out: &mut Vec<u8>, set: &UidSet) {
    out.push(b' ');
    uid_set(out, set);
}
