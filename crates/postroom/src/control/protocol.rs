//! The conversation between the command line and the server: a JSON object a line, requests one way, replies the other.
//!
//! Each request has one reply, but for what says otherwise. An import is a state of the connection: after
//! [`Request::Import`] come [`Request::Known`], [`Request::Message`] with the message's bytes behind its line, and
//! [`Request::Store`]. Both sides are always of one version, as they are one program.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest line, in bytes.
pub(crate) const LINE_BYTES_MAX: usize = 64 * 1024;
/// The most messages that are stored in one go.
pub(crate) const GROUP_MESSAGES_MAX: usize = 64;
/// With so many bytes a group is stored, even if it has few messages.
pub(crate) const GROUP_BYTES: usize = 4 << 20;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Request {
    /// Make a user.
    UserAdd {
        /// The full address, or a name in the default domain.
        login: String,
        /// The password.
        password: Secret,
        /// The tag of the language that names the folders, if it is not what the configuration says.
        language: Option<String>,
    },
    /// List all users: a [`Reply::User`] for each, then [`Reply::Done`].
    UserList,
    /// Give a user another password.
    UserPasswd {
        /// As above.
        login: String,
        /// The new password.
        password: Secret,
    },
    /// Remove a user with all mail.
    UserRemove {
        /// As above.
        login: String,
    },
    /// List the limits that are set: a [`Reply::Limits`] for each, then [`Reply::Done`].
    QuotaList,
    /// What somebody keeps, and may keep. The reply is [`Reply::Usage`].
    QuotaShow {
        /// A user, or a domain as a whole.
        whose: QuotaWhose,
    },
    /// Set limits. What is `None` stays as it is.
    QuotaSet {
        /// Whose.
        whose: QuotaWhose,
        /// In bytes.
        storage: Option<Bound>,
        /// How many.
        messages: Option<Bound>,
    },
    /// How much of the mail is in the text index: a [`Reply::Indexed`] for each user, then [`Reply::Done`].
    IndexShow {
        /// Only this user's.
        login: Option<String>,
    },
    /// Make the text index anew; the replies are the same.
    IndexRebuild {
        /// Only this user's.
        login: Option<String>,
    },
    /// Check the store: a [`Reply::Problem`] for each, then [`Reply::Checked`].
    Check {
        /// Only this user's account, or the account of this number.
        account: Option<String>,
        /// Whether to read every message too.
        hashes: bool,
    },
    /// Make mail for an alias go to an address too; the alias is made if it does not exist.
    AliasAdd {
        /// The alias: an address, or `@` and a domain.
        name: String,
        /// Where its mail goes.
        target: String,
    },
    /// List all aliases: a [`Reply::Alias`] for each address that one leads to, then [`Reply::Done`].
    AliasList,
    /// Make mail for an alias go to an address no longer, or remove the alias.
    AliasRemove {
        /// As above.
        name: String,
        /// As above; all of them if none is named.
        target: Option<String>,
    },
    /// Deliver a message, whose bytes follow the line. The reply is [`Reply::Delivered`].
    Deliver {
        /// The addresses.
        to: Vec<String>,
        /// Who sent it; empty for nobody.
        from: String,
        /// How many bytes follow.
        bytes: u64,
    },
    /// Begin to import into a user's account. The reply is [`Reply::Ready`].
    Import {
        /// As above.
        login: String,
    },
    /// Which of these sources were imported before? At most [`GROUP_MESSAGES_MAX`].
    Known {
        /// Their identities.
        sources: Vec<SourceId>,
    },
    /// A message of the next group. There is no reply, and the message's bytes follow the line.
    Message(Header),
    /// Store the messages sent since the last time. The reply is [`Reply::Stored`].
    Store,
}

/// Whose mail is limited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum QuotaWhose {
    /// Each user's.
    Each,
    /// Each user's of a domain.
    EachOf {
        /// The domain.
        domain: String,
    },
    /// One user's.
    User {
        /// The full address, or a name in the default domain.
        name: String,
    },
    /// That of all users of a domain together.
    Domain {
        /// The domain.
        domain: String,
    },
}

/// A limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Bound {
    /// What is said in more general terms.
    Inherited,
    /// None.
    Unlimited,
    /// So many.
    Max(u64),
}

/// What goes before a message.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// What tells its source from all others.
    pub(crate) source: SourceId,
    /// The mailbox; it is made if it does not exist.
    pub(crate) mailbox: String,
    /// System flags and keywords, by name.
    pub(crate) flags: Vec<String>,
    /// INTERNALDATE as RFC 9051 §9 writes it.
    pub(crate) date: Option<String>,
    /// How many bytes follow.
    pub(crate) bytes: u64,
}

/// What the server answers.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Reply {
    /// It is done.
    Done,
    /// One user of the list.
    User {
        /// The full address.
        login: String,
        /// Whether the user may log in.
        enabled: bool,
    },
    /// One entry of the list of limits.
    Limits {
        /// Whose.
        whose: QuotaWhose,
        /// In bytes.
        storage: Bound,
        /// How many.
        messages: Bound,
    },
    /// What somebody keeps, and may keep.
    Usage {
        /// In bytes.
        bytes: u64,
        /// In bytes; `None` is unlimited.
        bytes_max: Option<u64>,
        /// How many.
        messages: u64,
        /// `None` is unlimited.
        messages_max: Option<u64>,
    },
    /// How much of a user's mail is in the text index.
    Indexed {
        /// The full address.
        login: String,
        /// Messages that are in it.
        messages: u64,
        /// Messages that are not yet.
        pending: u64,
        /// Bytes of text of those that are.
        text_bytes: u64,
        /// Bytes that the index takes.
        bytes: u64,
    },
    /// One address of one alias of the list.
    Alias {
        /// The alias.
        name: String,
        /// Where its mail goes.
        target: String,
    },
    /// What became of a delivery: it is durable, but for what is named here.
    Delivered {
        /// For each address in order, why not, if not.
        undelivered: Vec<Option<NotDelivered>>,
    },
    /// One thing that is wrong with the store.
    Problem {
        /// What, and where.
        text: String,
    },
    /// The check is over.
    Checked {
        /// How many accounts were looked at.
        accounts: u64,
        /// How many mailboxes.
        mailboxes: u64,
        /// How many messages.
        messages: u64,
        /// How many of them were read.
        hashed: u64,
        /// How many problems there are.
        problems: u64,
    },
    /// The import can begin.
    Ready {
        /// The largest message that is taken, in bytes.
        message_bytes_max: u64,
    },
    /// For each source asked about, whether it was imported before.
    Known {
        /// In the order of the question.
        known: Vec<bool>,
    },
    /// The group is durable, but for what was refused.
    Stored {
        /// For each message in order, why it was refused, if it was.
        refused: Vec<Option<String>>,
    },
    /// It cannot be done, and nothing was.
    Refused {
        /// Why.
        why: String,
    },
    /// The server failed; its log says how.
    Failed,
}

/// Why a message did not reach an address.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NotDelivered {
    /// The exit code that says so (`sysexits.h`).
    pub(crate) exit: u8,
    /// In words.
    pub(crate) why: String,
}

/// A password on its way. It is wiped when dropped and never printed.
#[derive(PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) zeroize::Zeroizing<String>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self(String::deserialize(from)?.into()))
    }
}

/// The identity of an import's source, in hexadecimal on the wire.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct SourceId(pub(crate) [u8; 32]);

impl fmt::Debug for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl Serialize for SourceId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl<'de> Deserialize<'de> for SourceId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        blake3::Hash::from_hex(text).map(|hash| Self(*hash.as_bytes())).map_err(serde::de::Error::custom)
    }
}

/// A line of the conversation. Nothing that is sent here can fail to be JSON.
pub(crate) fn line<T: Serialize>(of: &T) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(of)?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_read_back() {
        let header = Header {
            source: SourceId([7; 32]),
            mailbox: "Entw\u{fc}rfe".to_owned(),
            flags: vec!["\\Seen".to_owned(), "$Work".to_owned()],
            date: None,
            bytes: 5,
        };
        let password = Secret("a \"b\"\n".to_owned().into());
        for request in [
            Request::Message(header),
            Request::UserList,
            Request::UserAdd { login: "ada".to_owned(), password, language: None },
            Request::Known { sources: vec![SourceId([255; 32]); GROUP_MESSAGES_MAX] },
            Request::Check { account: None, hashes: true },
            Request::QuotaSet {
                whose: QuotaWhose::EachOf { domain: "example.org".to_owned() },
                storage: Some(Bound::Max(u64::MAX)),
                messages: None,
            },
        ] {
            let line = line(&request).unwrap();
            assert!(line.len() <= LINE_BYTES_MAX);
            assert_eq!(line.iter().filter(|&&b| b == b'\n').count(), 1);
            assert_eq!(serde_json::from_slice::<Request>(&line).unwrap(), request);
        }
    }

    #[test]
    fn a_password_is_not_printed() {
        let secret = Secret("hunter2!".to_owned().into());
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
