//! Values that are lists: keywords, names of mailboxes, e-mails.

use crate::codec::{Damaged, Reader, put_bytes, put_i64};
use model::{EmailId, Keyword, MailboxName};
use std::collections::BTreeSet;

/// The keyword table's value.
pub(crate) fn encode_keywords(keywords: &[Keyword]) -> Vec<u8> {
    let mut out = Vec::new();
    for keyword in keywords {
        put_bytes(&mut out, keyword.as_str().as_bytes());
    }
    out
}

pub(crate) fn decode_keywords(bytes: &[u8]) -> Result<Vec<Keyword>, Damaged> {
    let mut r = Reader::new(bytes, "keyword table");
    let mut keywords = Vec::new();
    while !r.is_empty() {
        keywords.push(Keyword::new(&r.string()?).map_err(|_| r.damaged())?);
    }
    Ok(keywords)
}

/// The subscriptions' value.
pub(crate) fn encode_names(names: &BTreeSet<MailboxName>) -> Vec<u8> {
    let mut out = Vec::new();
    for name in names {
        put_bytes(&mut out, name.as_str().as_bytes());
    }
    out
}

pub(crate) fn decode_names(bytes: &[u8]) -> Result<BTreeSet<MailboxName>, Damaged> {
    let mut r = Reader::new(bytes, "subscriptions");
    let mut names = BTreeSet::new();
    while !r.is_empty() {
        names.insert(MailboxName::new(&r.string()?).map_err(|_| r.damaged())?);
    }
    Ok(names)
}

/// A grave's value: the e-mails, ascending or not.
pub(crate) fn encode_emails(emails: &[EmailId]) -> Vec<u8> {
    let mut out = Vec::with_capacity(emails.len() * 2);
    let mut before = 0i64;
    for email in emails {
        put_i64(&mut out, (email.0 as i64).wrapping_sub(before));
        before = email.0 as i64;
    }
    out
}

pub(crate) fn decode_emails(bytes: &[u8]) -> Result<Vec<EmailId>, Damaged> {
    let mut r = Reader::new(bytes, "grave");
    let (mut emails, mut before) = (Vec::new(), 0i64);
    while !r.is_empty() {
        before = before.wrapping_add(r.i64()?);
        emails.push(EmailId(before as u64));
    }
    Ok(emails)
}
