//! How a command ends, and what its client is told of it: the one mapping from errors to tagged answers.
//!
//! RFC 3501 §7.1, RFC 5530 §3. A fault of ours is logged with a reference, and the client gets only that.

use std::error::Error as StdError;

use auth::{LoginError, SaslFailure, Unfinished};
use imap_proto::response::{Code, Status};
use mailstore::Refusal;
use message::charset::{Charset, NotInCharset};
use net::{Lost, TurnedAway};

/// A command that was carried out.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<Code>,
    pub(crate) text: &'static str,
}

impl Done {
    pub(crate) const fn new(text: &'static str) -> Self {
        Self { code: None, text }
    }

    pub(crate) const fn coded(code: Code, text: &'static str) -> Self {
        Self { code: Some(code), text }
    }
}

/// Why a command was not carried out.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The client broke the protocol.
    Wrong(Wrong),
    /// What it sent is no command.
    Syntax(imap_proto::Error),
    /// The store refuses.
    Refused(Refusal),
    /// The login is refused.
    Login(auth::Refusal),
    /// The client got a SASL exchange wrong.
    Sasl(SaslFailure),
    /// There is no such SASL mechanism.
    UnknownMechanism,
    /// The user has too many connections.
    TooManyConnections(TurnedAway),
    /// A password may not be sent without TLS.
    NeedsTls,
    /// The mailbox was opened with EXAMINE.
    ReadOnly,
    /// A mailbox has one role at most.
    SeveralRoles,
    /// APPEND of nothing.
    EmptyMessage,
    /// REPLACE of a UID that no message has.
    NothingToReplace,
    /// APPEND in the form of UTF8=ACCEPT, which was not enabled.
    Utf8NotEnabled,
    /// The mailbox that messages are to go to is missing, and CREATE would make it.
    NoDestination,
    /// There is no such quota root, or it is another user's.
    NoQuotaRoot,
    /// None of the messages exists any longer.
    AllExpunged,
    /// BINARY of a part whose encoding cannot be undone (RFC 3516 §4.3).
    UnknownEncoding(message::UnknownEncoding),
    /// SEARCH with SAVE found more pieces than `$` can hold (RFC 5182 §2.3).
    NotSaved,
    /// UIDBATCHES of batches smaller than are told.
    SmallBatches,
    /// SEARCH in a character set that is not known.
    UnknownCharset,
    /// COMPARATOR of none that there is.
    UnknownComparator,
    /// COMPRESS of what is compressed.
    AlreadyCompressed,
    /// We failed.
    Ours(Fault),
    /// The session is over.
    End(End),
}

/// How a client broke the protocol: BAD.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Wrong {
    #[error("log in first")]
    NotLoggedIn,
    #[error("logged in already")]
    LoggedIn,
    #[error("select a mailbox first")]
    NoMailbox,
    #[error("there is no message of that number")]
    NoSuchMessage,
    #[error("the text to search for is {0}")]
    SearchText(NotInCharset),
    #[error("ENABLE QRESYNC first")]
    QresyncNotEnabled,
    #[error("name and password have to be UTF-8")]
    NotUtf8,
    #[error("DONE was expected")]
    NotDone,
    #[error("TLS cannot begin here")]
    NoStartTls,
    #[error("the line is too long")]
    LineTooLong,
    #[error("a message may not contain NUL")]
    NulInMessage,
}

/// Something failed that is not the client's fault.
#[derive(Debug)]
pub(crate) struct Fault {
    op: &'static str,
    source: Box<dyn StdError + Send + Sync>,
}

/// Why a session ends.
#[derive(Debug)]
pub(crate) enum End {
    /// The connection is lost.
    Lost(Lost),
    /// The client said nothing for too long (RFC 3501 §5.4).
    Silent,
    /// The client did not log in in time.
    NoLogin,
    /// The client said too much without logging in.
    TooMuchBeforeLogin,
    /// The server shuts down.
    ShuttingDown,
    /// The selected mailbox was deleted (RFC 2180 §3.3).
    MailboxDeleted,
    /// Too many commands in a row that are none.
    TooManyErrors,
    /// The stream cannot be read any further.
    Unreadable,
    /// LOGOUT.
    LoggedOut,
}

impl End {
    /// What BYE says; `None` where there is nobody to tell, or who was told already.
    pub(crate) const fn goodbye(&self) -> Option<&'static str> {
        match self {
            Self::Lost(_) | Self::LoggedOut => None,
            Self::Silent => Some("nothing came for too long"),
            Self::NoLogin => Some("nobody logged in in time"),
            Self::TooMuchBeforeLogin => Some("too much without a login"),
            Self::ShuttingDown => Some("the server is shutting down; come back in a moment"),
            Self::MailboxDeleted => Some("the selected mailbox was deleted"),
            Self::TooManyErrors => Some("too many commands that are none"),
            Self::Unreadable => Some("the literal's size is impossible"),
        }
    }

    /// For the log.
    pub(crate) const fn reason(&self) -> &'static str {
        match self {
            Self::Lost(Lost::Ended) => "the client went away",
            Self::Lost(_) => "connection lost",
            Self::Silent => "silent",
            Self::NoLogin => "no login in time",
            Self::TooMuchBeforeLogin => "too much before login",
            Self::ShuttingDown => "shutting down",
            Self::MailboxDeleted => "mailbox deleted",
            Self::TooManyErrors => "too many errors",
            Self::Unreadable => "unreadable",
            Self::LoggedOut => "logged out",
        }
    }
}

/// A tagged answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: Status,
    pub(crate) code: Option<Code>,
    pub(crate) text: String,
}

impl Failure {
    /// A fault of ours.
    pub(crate) fn ours(op: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Ours(Fault { op, source: source.into() })
    }

    /// The answer that the client gets, or how the session ends without one.
    pub(crate) fn answer(self) -> Result<Answer, End> {
        let (status, code, text) = match self {
            Self::Wrong(wrong) => (Status::Bad, None, wrong.to_string()),
            Self::Sasl(failure) => sasl_answer(failure),
            Self::Syntax(error) => (error.status(), error.code(), error.to_string()),
            Self::Refused(refusal) => {
                let text = refusal.to_string();
                (Status::No, refusal_code(&refusal), text)
            }
            Self::Login(refusal) => {
                let code = match refusal {
                    auth::Refusal::Credentials => Code::AuthenticationFailed,
                    auth::Refusal::Busy | auth::Refusal::Throttled => Code::Unavailable,
                };
                (Status::No, Some(code), refusal.to_string())
            }
            Self::UnknownMechanism => no(Code::Cannot, "there is no such mechanism"),
            Self::TooManyConnections(reason) => no(Code::Limit, &reason.to_string()),
            Self::NeedsTls => no(Code::PrivacyRequired, "passwords are taken under TLS only"),
            Self::ReadOnly => no(Code::NoPerm, "the mailbox is read-only"),
            Self::SeveralRoles => no(Code::UseAttr, "a mailbox has one special use at most"),
            Self::Utf8NotEnabled => no(Code::Cannot, "ENABLE UTF8=ACCEPT first"),
            Self::EmptyMessage => no(Code::Cannot, "a message has at least one byte"),
            Self::NothingToReplace => no(Code::NonExistent, "there is no message of that UID"),
            Self::NoDestination => no(Code::TryCreate, "there is no such mailbox"),
            Self::NoQuotaRoot => no(Code::NonExistent, "there is no such quota root"),
            Self::AllExpunged => no(Code::ExpungeIssued, "these messages no longer exist"),
            Self::NotSaved => no(Code::NotSaved, "the result is too scattered to be saved"),
            Self::SmallBatches => no(Code::TooFew, "batches have at least 500 messages"),
            Self::UnknownCharset => {
                no(Code::BadCharset(Charset::offered().collect()), "the character set is not known")
            }
            Self::UnknownComparator => no(Code::BadComparator, "there is no such comparator"),
            // RFC 4978 §3: NO would be for compression by another layer.
            Self::AlreadyCompressed => {
                (Status::Bad, Some(Code::CompressionActive), "DEFLATE is active already".to_owned())
            }
            Self::UnknownEncoding(unknown) => no(Code::UnknownCte, &unknown.to_string()),
            Self::Ours(fault) => no(fault.code(), &fault.report()),
            Self::End(end) => return Err(end),
        };
        Ok(Answer { status, code, text })
    }
}

impl Fault {
    /// Whether stored data is damaged, or something else went wrong.
    fn code(&self) -> Code {
        let is_damage = match self.source.downcast_ref::<mailstore::Fault>() {
            Some(fault) => fault.is_damage(),
            None => self.source.is::<mailstore::Damaged>(),
        };
        if is_damage { Code::Corruption } else { Code::ServerBug }
    }

    /// Logs the fault; answers what the client is told.
    pub(crate) fn report(&self) -> String {
        let reference = u32::from_be_bytes(model::env::random());
        let reference = format!("{reference:08x}");
        tracing::error!(reference, op = self.op, error = %self.source, "a command failed");
        format!("the server failed; reference {reference}")
    }
}

fn no(code: Code, text: &str) -> (Status, Option<Code>, String) {
    (Status::No, Some(code), text.to_owned())
}

fn sasl_answer(failure: SaslFailure) -> (Status, Option<Code>, String) {
    match failure {
        SaslFailure::ActingForAnother => no(Code::AuthorizationFailed, &failure.to_string()),
        SaslFailure::Downgrade | SaslFailure::ChannelBinding => {
            no(Code::AuthenticationFailed, &failure.to_string())
        }
        SaslFailure::Cancelled
        | SaslFailure::TooLong { .. }
        | SaslFailure::NotBase64
        | SaslFailure::Malformed
        | SaslFailure::Over => (Status::Bad, None, failure.to_string()),
    }
}

/// RFC 5530 §3, RFC 3501 §7.1, RFC 6154 §3, RFC 9051 §7.1.
fn refusal_code(refusal: &Refusal) -> Option<Code> {
    Some(match refusal {
        Refusal::MailboxMissing { .. } | Refusal::MailboxGone => Code::NonExistent,
        Refusal::MailboxExists | Refusal::UserExists => Code::AlreadyExists,
        Refusal::NeedRight(_) => Code::NoPerm,
        Refusal::HasChildren => Code::HasChildren,
        Refusal::InboxCannotBeDeleted
        | Refusal::NameBelowItself
        | Refusal::NameLimit { .. }
        | Refusal::InvalidName(_) => Code::Cannot,
        Refusal::KeywordLimit { .. }
        | Refusal::MailboxLimit { .. }
        | Refusal::AliasLimit { .. }
        | Refusal::UidsExhausted => Code::Limit,
        Refusal::MessageTooBig { .. } => Code::TooBig,
        // RFC 3516 §4.4
        Refusal::StrayNul(_) => Code::UnknownCte,
        Refusal::OverQuota(_) => Code::OverQuota,
        Refusal::MessagesGone => Code::ExpungeIssued,
        Refusal::SpecialUseTaken(_) | Refusal::SpecialUseUnsupported(_) => Code::UseAttr,
        Refusal::AccountMissing => Code::AuthenticationFailed,
        Refusal::DiskReserve { .. } => Code::Unavailable,
    })
}

impl From<Wrong> for Failure {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

impl From<End> for Failure {
    fn from(end: End) -> Self {
        Self::End(end)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A refusal of the mailbox that messages are to go to (RFC 3501 §6.3.11, §6.4.7).
pub(crate) fn destination_failure(refusal: Refusal) -> Failure {
    match refusal {
        // A mailbox that is deleted while the message comes in can be made again.
        Refusal::MailboxMissing { can_create: true } | Refusal::MailboxGone => Failure::NoDestination,
        other => Failure::Refused(other),
    }
}

impl From<mailstore::Error> for Failure {
    fn from(error: mailstore::Error) -> Self {
        match error {
            mailstore::Error::Refused(refusal) => Self::Refused(refusal),
            mailstore::Error::Failed(fault) => Self::ours(fault.op, fault),
        }
    }
}

impl From<LoginError> for Failure {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Refused(refusal) => Self::Login(refusal),
            LoginError::Directory(fault) => Self::ours("login", fault),
            LoginError::Hash(fault) => Self::ours("login", fault),
        }
    }
}

impl From<Unfinished> for Failure {
    fn from(unfinished: Unfinished) -> Self {
        match unfinished {
            Unfinished::Sasl(failure) => Self::Sasl(failure),
            Unfinished::Login(error) => error.into(),
        }
    }
}
