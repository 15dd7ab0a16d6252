//! Which capabilities a command makes use of, beyond IMAP4rev1: what is not offered to a client is not served to it
//! either, wherever in a command it stands.

use super::{
    AppendHead, Command, Fetch, FetchItem, List, MessageForm, MessageHead, ReplaceHead, Search, SearchKey,
    StatusItem,
};
use crate::sequence::MessageSet;

impl Command {
    /// The capabilities without which this command is none, by their names. Only those are among them that can be
    /// offered or not; what every session serves is not.
    #[must_use]
    pub fn uses(&self) -> Vec<&'static str> {
        let mut uses = Vec::new();
        match self {
            Self::Search(search) => of_search(search, &mut uses),
            Self::Fetch(fetch) => of_fetch(fetch, &mut uses),
            Self::Status(status) => of_status_items(&status.items, &mut uses),
            Self::List(list) => of_list(list, &mut uses),
            Self::Store(store) => of_set(&store.set, &mut uses),
            Self::Copy(copy) | Self::Move(copy) => of_set(&copy.set, &mut uses),
            Self::Expunge(expunge) => expunge.uids.iter().for_each(|set| of_set(set, &mut uses)),
            Self::Compress => uses.push("COMPRESS=DEFLATE"),
            Self::Unauthenticate => uses.push("UNAUTHENTICATE"),
            Self::UidBatches(_) => uses.push("UIDBATCHES"),
            Self::GetQuota(_) | Self::GetQuotaRoot(_) => uses.push("QUOTA"),
            Self::SetQuota(_) => uses.push("QUOTASET"),
            _ => {}
        }
        uses
    }
}

impl AppendHead {
    /// As [`Command::uses`].
    #[must_use]
    pub fn uses(&self) -> Vec<&'static str> {
        self.message.form.uses().into_iter().collect()
    }
}

impl MessageHead {
    /// As [`Command::uses`], of an APPEND's second message or a later one.
    #[must_use]
    pub fn uses(&self) -> Vec<&'static str> {
        std::iter::once("MULTIAPPEND").chain(self.form.uses()).collect()
    }
}

impl ReplaceHead {
    /// As [`Command::uses`].
    #[must_use]
    pub fn uses(&self) -> Vec<&'static str> {
        std::iter::once("REPLACE").chain(self.message.form.uses()).collect()
    }
}

impl MessageForm {
    const fn uses(self) -> Option<&'static str> {
        match self {
            Self::Literal => None,
            Self::Literal8 => Some("BINARY"),
            Self::Utf8 => Some("UTF8=ACCEPT"),
        }
    }
}

fn of_set(set: &MessageSet, uses: &mut Vec<&'static str>) {
    if *set == MessageSet::Saved {
        uses.push("SEARCHRES");
    }
}

fn of_search(search: &Search, uses: &mut Vec<&'static str>) {
    if let Some(returns) = search.returns {
        uses.push("ESEARCH");
        uses.extend(returns.save.then_some("SEARCHRES"));
        uses.extend(returns.partial.map(|_| "PARTIAL"));
    }
    // Looks at every key and finds none.
    search.has_key(&mut |key| {
        uses.extend(of_key(key));
        false
    });
}

const fn of_key(key: &SearchKey) -> Option<&'static str> {
    Some(match key {
        SearchKey::Saved => "SEARCHRES",
        SearchKey::Older(_) | SearchKey::Younger(_) => "WITHIN",
        SearchKey::SavedBefore(_)
        | SearchKey::SavedOn(_)
        | SearchKey::SavedSince(_)
        | SearchKey::SaveDateSupported => "SAVEDATE",
        SearchKey::EmailId(_) | SearchKey::ThreadId(_) => "OBJECTID",
        _ => return None,
    })
}

fn of_fetch(fetch: &Fetch, uses: &mut Vec<&'static str>) {
    of_set(&fetch.set, uses);
    uses.extend(fetch.partial.map(|_| "PARTIAL"));
    uses.extend(fetch.items.iter().filter_map(|item| match item {
        FetchItem::EmailId | FetchItem::ThreadId => Some("OBJECTID"),
        FetchItem::SaveDate => Some("SAVEDATE"),
        FetchItem::Preview { .. } => Some("PREVIEW"),
        FetchItem::Binary(_) | FetchItem::BinarySize(_) => Some("BINARY"),
        _ => None,
    }));
}

fn of_list(list: &List, uses: &mut Vec<&'static str>) {
    of_status_items(&list.returns.status, uses);
}

fn of_status_items(items: &[StatusItem], uses: &mut Vec<&'static str>) {
    uses.extend(items.iter().filter_map(|item| match item {
        StatusItem::Size => Some("STATUS=SIZE"),
        StatusItem::DeletedStorage => Some("QUOTA=RES-STORAGE"),
        StatusItem::AppendLimit => Some("APPENDLIMIT"),
        StatusItem::MailboxId => Some("OBJECTID"),
        _ => None,
    }));
}
