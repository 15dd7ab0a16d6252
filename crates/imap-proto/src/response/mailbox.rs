//! What is told of mailboxes: LIST, LSUB, STATUS, FLAGS, NAMESPACE.
//!
//! RFC 3501 §7.2.2 to §7.2.4, §7.2.6; RFC 5258 §3 and §3.5; RFC 2342 §5.

use model::{MailboxName, SEPARATOR};

use super::{astring, number, quoted};
use crate::command::StatusItem;
use crate::dialect::Dialect;
use crate::mailbox::encode;

/// One name of a LIST or LSUB answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListLine<'a> {
    /// The name.
    pub name: &'a MailboxName,
    /// Its attributes, each with its backslash.
    pub attributes: Vec<&'static str>,
    /// The selection options that names below it satisfy (RFC 5258 §3.5); empty for no CHILDINFO.
    pub child_info: Vec<&'static str>,
    /// The name that the mailbox had, or was called by (RFC 9051 §6.3.9.7).
    pub old_name: Option<&'a str>,
}

impl<'a> ListLine<'a> {
    /// A line that tells the name alone.
    #[must_use]
    pub const fn new(name: &'a MailboxName) -> Self {
        Self { name, attributes: Vec::new(), child_info: Vec::new(), old_name: None }
    }
}

/// The value of a STATUS item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusValue {
    /// A number.
    Number(u64),
    /// An object id (RFC 8474 §4.3).
    ObjectId(String),
    /// No limit (RFC 7889 §3.1).
    Nil,
}

impl From<u64> for StatusValue {
    fn from(value: u64) -> Self {
        Self::Number(value)
    }
}

impl StatusValue {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Number(n) => number(out, *n),
            Self::ObjectId(id) => {
                out.push(b'(');
                out.extend_from_slice(id.as_bytes());
                out.push(b')');
            }
            Self::Nil => out.extend_from_slice(b"NIL"),
        }
    }
}

/// `* LIST`
pub fn list(out: &mut Vec<u8>, dialect: Dialect, line: &ListLine<'_>) {
    list_line(out, dialect, b"* LIST (", line);
}

/// `* LSUB`
pub fn lsub(out: &mut Vec<u8>, dialect: Dialect, line: &ListLine<'_>) {
    list_line(out, dialect, b"* LSUB (", line);
}

fn list_line(out: &mut Vec<u8>, dialect: Dialect, start: &[u8], line: &ListLine<'_>) {
    out.extend_from_slice(start);
    out.extend_from_slice(line.attributes.join(" ").as_bytes());
    out.extend_from_slice(b") ");
    write_separator(out);
    out.push(b' ');
    name(out, dialect, line.name.as_str());
    extended_data(out, dialect, line);
    out.extend_from_slice(b"\r\n");
}

/// The answer to `LIST "" ""`: the separator, and that names have no root (RFC 3501 §6.3.8).
pub fn separator(out: &mut Vec<u8>) {
    out.extend_from_slice(b"* LIST (\\Noselect) ");
    write_separator(out);
    out.extend_from_slice(b" \"\"\r\n");
}

fn write_separator(out: &mut Vec<u8>) {
    quoted(out, SEPARATOR.encode_utf8(&mut [0; 4]));
}

/// `mbox-list-extended` (RFC 5258 §6), if there is any.
fn extended_data(out: &mut Vec<u8>, dialect: Dialect, line: &ListLine<'_>) {
    let mut start: &[u8] = b" (";
    if !line.child_info.is_empty() {
        out.extend_from_slice(start);
        out.extend_from_slice(b"\"CHILDINFO\" (");
        for (i, option) in line.child_info.iter().enumerate() {
            out.extend_from_slice(if i > 0 { b" " } else { b"" });
            quoted(out, option);
        }
        out.push(b')');
        start = b" ";
    }
    if let Some(old) = line.old_name {
        out.extend_from_slice(start);
        out.extend_from_slice(b"\"OLDNAME\" (");
        name(out, dialect, old);
        out.push(b')');
    }
    if !line.child_info.is_empty() || line.old_name.is_some() {
        out.push(b')');
    }
}

/// Appends a mailbox's name, in UTF-8 or modified UTF-7.
pub(super) fn name(out: &mut Vec<u8>, dialect: Dialect, name: &str) {
    if !dialect.has_utf8() {
        astring(out, encode(name).as_bytes());
    } else if name.is_ascii() {
        astring(out, name.as_bytes());
    } else {
        quoted(out, name);
    }
}

/// `* STATUS` (RFC 3501 §7.2.4)
pub fn mailbox_status(
    out: &mut Vec<u8>,
    dialect: Dialect,
    mailbox: &MailboxName,
    values: impl IntoIterator<Item = (StatusItem, StatusValue)>,
) {
    out.extend_from_slice(b"* STATUS ");
    name(out, dialect, mailbox.as_str());
    out.extend_from_slice(b" (");
    for (i, (item, value)) in values.into_iter().enumerate() {
        out.extend_from_slice(if i > 0 { b" " } else { b"" });
        out.extend_from_slice(item.name().as_bytes());
        out.push(b' ');
        value.write(out);
    }
    out.extend_from_slice(b")\r\n");
}

/// `* FLAGS` with the names of the flags that the mailbox can have (RFC 3501 §7.2.6)
pub fn flags<'a>(out: &mut Vec<u8>, names: impl IntoIterator<Item = &'a str>) {
    out.extend_from_slice(b"* FLAGS (");
    for (i, name) in names.into_iter().enumerate() {
        out.extend_from_slice(if i > 0 { b" " } else { b"" });
        out.extend_from_slice(name.as_bytes());
    }
    out.extend_from_slice(b")\r\n");
}

/// `* NAMESPACE`: one personal namespace without a prefix (RFC 2342 §5)
pub fn namespace(out: &mut Vec<u8>) {
    out.extend_from_slice(b"* NAMESPACE ((\"\" ");
    write_separator(out);
    out.extend_from_slice(b")) NIL NIL\r\n");
}
