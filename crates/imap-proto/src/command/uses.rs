//! Which capabilities a command makes use of, beyond IMAP4rev1: what is not offered to a client is not served to it
//! either, wherever in a command it stands.

use super::{
    AppendHead, Authenticate, Command, Expunge, Fetch, FetchItem, List, MessageForm, MessageHead,
    ReplaceHead, Search, SearchKey, Sort, StatusItem,
};
use crate::extension::{EXTENSIONS, Extension};
use crate::sequence::MessageSet;

impl Command {
    /// The capabilities without which this command is none, by their names. Only those are among them that can be
    /// offered or not; what every session serves is not.
    #[must_use]
    pub fn uses(&self) -> Vec<&'static str> {
        let mut uses = Vec::new();
        match self {
            Self::Search(search) => of_search(search, "ESEARCH", &mut uses),
            Self::Sort(sort) => of_sort(sort, &mut uses),
            Self::Thread(thread) => {
                uses.push(thread.algorithm.capability());
                of_search(&thread.search, "ESEARCH", &mut uses);
            }
            Self::Fetch(fetch) => of_fetch(fetch, &mut uses),
            Self::Status(status) => of_status_items(&status.items, &mut uses),
            Self::List(list) => of_list(list, &mut uses),
            Self::Store(store) => {
                of_set(&store.set, &mut uses);
                uses.extend(store.unchanged_since.map(|_| "CONDSTORE"));
            }
            Self::Copy(copy) => of_set(&copy.set, &mut uses),
            Self::Move(copy) => {
                uses.push("MOVE");
                of_set(&copy.set, &mut uses);
            }
            Self::Expunge(Expunge { uids: Some(set) }) => {
                uses.push("UIDPLUS");
                of_set(set, &mut uses);
            }
            Self::Select(select) | Self::Examine(select) => {
                uses.extend(select.condstore.then_some("CONDSTORE"));
                uses.extend(select.qresync.as_ref().map(|_| "QRESYNC"));
            }
            Self::Create(create) if !create.special_use.is_empty() => uses.push("CREATE-SPECIAL-USE"),
            Self::Authenticate(authenticate) => of_authenticate(authenticate, &mut uses),
            Self::Enable(_) => uses.push("ENABLE"),
            Self::Id(_) => uses.push("ID"),
            Self::Idle => uses.push("IDLE"),
            Self::Namespace => uses.push("NAMESPACE"),
            Self::Unselect => uses.push("UNSELECT"),
            Self::Compress => uses.push("COMPRESS=DEFLATE"),
            Self::Unauthenticate => uses.push("UNAUTHENTICATE"),
            Self::UidBatches(_) => uses.push("UIDBATCHES"),
            Self::Comparator(_) => uses.push("I18NLEVEL=2"),
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

/// The mechanism, if it is one of ours, and the initial response (RFC 4959 §3).
fn of_authenticate(authenticate: &Authenticate, uses: &mut Vec<&'static str>) {
    let names = |e: &&Extension| e.capability.strip_prefix("AUTH=") == Some(&authenticate.mechanism);
    uses.extend(EXTENSIONS.iter().find(names).map(|e| e.capability));
    uses.extend(authenticate.initial.as_ref().map(|_| "SASL-IR"));
}

fn of_set(set: &MessageSet, uses: &mut Vec<&'static str>) {
    if *set == MessageSet::Saved {
        uses.push("SEARCHRES");
    }
}

fn of_sort(sort: &Sort, uses: &mut Vec<&'static str>) {
    uses.push("SORT");
    uses.extend(sort.criteria.iter().any(|criterion| criterion.key.is_display()).then_some("SORT=DISPLAY"));
    of_search(&sort.search, "ESORT", uses);
}

/// The options to return are of the capability `extended`.
fn of_search(search: &Search, extended: &'static str, uses: &mut Vec<&'static str>) {
    if let Some(returns) = search.returns {
        uses.push(extended);
        uses.extend(returns.save.then_some("SEARCHRES"));
        uses.extend(returns.relevancy.then_some("SEARCH=FUZZY"));
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
        SearchKey::Fuzzy(_) => "SEARCH=FUZZY",
        SearchKey::Older(_) | SearchKey::Younger(_) => "WITHIN",
        SearchKey::SavedBefore(_)
        | SearchKey::SavedOn(_)
        | SearchKey::SavedSince(_)
        | SearchKey::SaveDateSupported => "SAVEDATE",
        SearchKey::EmailId(_) | SearchKey::ThreadId(_) => "OBJECTID",
        SearchKey::ModSeq(_) => "CONDSTORE",
        _ => return None,
    })
}

fn of_fetch(fetch: &Fetch, uses: &mut Vec<&'static str>) {
    of_set(&fetch.set, uses);
    uses.extend(fetch.partial.map(|_| "PARTIAL"));
    uses.extend(fetch.changed_since.map(|_| "CONDSTORE"));
    uses.extend(fetch.vanished.then_some("QRESYNC"));
    uses.extend(fetch.items.iter().filter_map(|item| match item {
        FetchItem::EmailId | FetchItem::ThreadId => Some("OBJECTID"),
        FetchItem::SaveDate => Some("SAVEDATE"),
        FetchItem::ModSeq => Some("CONDSTORE"),
        FetchItem::Preview { .. } => Some("PREVIEW"),
        FetchItem::Binary(_) | FetchItem::BinarySize(_) => Some("BINARY"),
        _ => None,
    }));
}

fn of_list(list: &List, uses: &mut Vec<&'static str>) {
    uses.extend(list.extended.then_some("LIST-EXTENDED"));
    let roles = list.selection.special_use || list.returns.special_use;
    uses.extend(roles.then_some("SPECIAL-USE"));
    uses.extend((!list.returns.status.is_empty()).then_some("LIST-STATUS"));
    of_status_items(&list.returns.status, uses);
}

fn of_status_items(items: &[StatusItem], uses: &mut Vec<&'static str>) {
    uses.extend(items.iter().filter_map(|item| match item {
        StatusItem::Size => Some("STATUS=SIZE"),
        StatusItem::DeletedStorage => Some("QUOTA=RES-STORAGE"),
        StatusItem::AppendLimit => Some("APPENDLIMIT"),
        StatusItem::MailboxId => Some("OBJECTID"),
        StatusItem::HighestModSeq => Some("CONDSTORE"),
        _ => None,
    }));
}
