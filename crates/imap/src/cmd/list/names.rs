//! Which names a LIST or LSUB answers with, and what is said of each: everything but the wire.
//!
//! RFC 3501 §6.3.8 and §6.3.9, RFC 5258 §3, RFC 3348, RFC 6154 §2.

use std::collections::{BTreeMap, BTreeSet};

use mailstore::{Listed, Tree};
use model::MailboxName;

use super::pattern::Pattern;

/// What a name has to be, besides matching a pattern.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Criteria {
    /// Subscribed to (RFC 5258 §3.1).
    pub(super) subscribed: bool,
    /// A mailbox with a role (RFC 6154 §2).
    pub(super) special_use: bool,
    /// Also parents of such names, with CHILDINFO (RFC 5258 §3.1).
    pub(super) recursive: bool,
}

/// One name of the answer.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: MailboxName,
    /// The mailbox; `None` when there is only something below the name, or a subscription.
    pub(super) mailbox: Option<Listed>,
    pub(super) subscribed: bool,
    pub(super) has_children: bool,
    /// Names below it satisfy the criteria (RFC 5258 §3.5).
    pub(super) child_info: bool,
}

impl Entry {
    /// What there is of one name.
    pub(super) fn of(tree: &Tree, name: &MailboxName) -> Self {
        Self {
            mailbox: tree.mailboxes.iter().find(|mailbox| mailbox.name == *name).cloned(),
            subscribed: tree.subscribed.contains(name),
            has_children: tree.mailboxes.iter().any(|mailbox| mailbox.name.is_below(name)),
            ..Self::bare(name.clone())
        }
    }

    fn satisfies(&self, criteria: Criteria) -> bool {
        let has_role = self.mailbox.as_ref().is_some_and(|mailbox| mailbox.special_use.is_some());
        let exists = self.mailbox.is_some() || self.has_children;
        (if criteria.subscribed { self.subscribed } else { exists }) && (!criteria.special_use || has_role)
    }
}

/// The names that LIST answers with, in their order.
pub(super) fn listed(tree: &Tree, patterns: &[Pattern], criteria: Criteria) -> Vec<Entry> {
    let mut entries = all(tree);
    let matches = |name: &MailboxName| patterns.iter().any(|pattern| pattern.matches(name));
    let mut needed = BTreeSet::new();
    if criteria.recursive {
        let satisfying: Vec<MailboxName> =
            entries.values().filter(|e| e.satisfies(criteria)).map(|e| e.name.clone()).collect();
        for name in satisfying {
            for parent in ancestors(&name) {
                // A parent is named for a name below it only where that name is not in the answer itself.
                if !matches(&name) {
                    needed.insert(parent.clone());
                }
                entries.entry(parent.clone()).or_insert_with(|| Entry::bare(parent)).child_info = true;
            }
        }
    }
    let wanted = |entry: &Entry| entry.satisfies(criteria) || needed.contains(&entry.name);
    entries.into_values().filter(|entry| matches(&entry.name) && wanted(entry)).collect()
}

/// The names that LSUB answers with: those subscribed to, and with `%` the levels above them, which are given
/// without a subscription of their own (RFC 3501 §6.3.9).
pub(super) fn subscribed(tree: &Tree, pattern: &Pattern) -> Vec<Entry> {
    let mut entries = all(tree);
    let mut levels = BTreeSet::new();
    if pattern.ends_with_percent() {
        for name in tree.subscribed.iter().filter(|name| !pattern.matches(name)) {
            levels.extend(ancestors(name).filter(|parent| pattern.matches(parent)));
        }
        for level in &levels {
            entries.entry(level.clone()).or_insert_with(|| Entry::bare(level.clone()));
        }
    }
    let wanted = |entry: &Entry| entry.subscribed && pattern.matches(&entry.name);
    entries.into_values().filter(|entry| wanted(entry) || levels.contains(&entry.name)).collect()
}

impl Entry {
    const fn bare(name: MailboxName) -> Self {
        Self { name, mailbox: None, subscribed: false, has_children: false, child_info: false }
    }
}

/// Every name there is: mailboxes, the levels above them, and subscriptions.
fn all(tree: &Tree) -> BTreeMap<MailboxName, Entry> {
    let mut entries: BTreeMap<MailboxName, Entry> = BTreeMap::new();
    for mailbox in &tree.mailboxes {
        let entry = entries.entry(mailbox.name.clone()).or_insert_with(|| Entry::bare(mailbox.name.clone()));
        entry.mailbox = Some(mailbox.clone());
        for parent in ancestors(&mailbox.name) {
            entries.entry(parent.clone()).or_insert_with(|| Entry::bare(parent)).has_children = true;
        }
    }
    for name in tree.subscribed.iter() {
        entries.entry(name.clone()).or_insert_with(|| Entry::bare(name.clone())).subscribed = true;
    }
    entries
}

fn ancestors(name: &MailboxName) -> impl Iterator<Item = MailboxName> + use<> {
    std::iter::successors(name.parent(), MailboxName::parent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailstore::Status;
    use model::{MailboxId, ModSeq, Rights, SpecialUse, UidValidity};
    use std::sync::Arc;

    fn name(text: &str) -> MailboxName {
        MailboxName::new(text).unwrap()
    }

    fn tree(mailboxes: &[&str], subscribed: &[&str]) -> Tree {
        let status = Status {
            uid_validity: UidValidity::new(1).unwrap(),
            uid_next: 1,
            highest_modseq: ModSeq(1),
            messages: 0,
            unseen: 0,
            deleted: 0,
            deleted_size: 0,
            size: 0,
            recent_from: 1,
        };
        let listed = |text: &&str| Listed {
            id: MailboxId(1),
            name: name(text),
            special_use: (*text == "Sent").then_some(SpecialUse::Sent),
            status,
            rights: Rights::ALL,
        };
        Tree {
            mailboxes: mailboxes.iter().map(listed).collect(),
            subscribed: Arc::new(subscribed.iter().map(|text| name(text)).collect()),
        }
    }

    fn names(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.name.as_str()).collect()
    }

    fn list(tree: &Tree, pattern: &str, criteria: Criteria) -> Vec<Entry> {
        listed(tree, &[Pattern::new("", pattern)], criteria)
    }

    #[test]
    fn levels_above_mailboxes_are_listed_though_they_are_none() {
        let tree = tree(&["INBOX", "a/b"], &["gone"]);
        let entries = list(&tree, "%", Criteria::default());
        assert_eq!(names(&entries), ["INBOX", "a"]);
        assert!(entries[1].mailbox.is_none() && entries[1].has_children && !entries[0].has_children);
    }

    #[test]
    fn a_subscription_is_listed_without_a_mailbox() {
        let tree = tree(&["INBOX", "a"], &["gone", "a"]);
        let criteria = Criteria { subscribed: true, ..Criteria::default() };
        assert_eq!(names(&list(&tree, "*", criteria)), ["a", "gone"]);
    }

    #[test]
    fn a_recursive_match_names_parents_of_what_the_pattern_hides() {
        let tree = tree(&["Foo", "Moo"], &["Foo/Bar", "Foo/Baz", "Moo"]);
        let criteria = Criteria { subscribed: true, recursive: true, ..Criteria::default() };
        let entries = list(&tree, "%", criteria);
        assert_eq!(names(&entries), ["Foo", "Moo"]);
        assert!(entries[0].child_info && !entries[1].child_info);
        // RFC 5258 §3.5: what the answer holds anyway needs no CHILDINFO of a name that does not match.
        assert_eq!(names(&list(&tree, "*", criteria)), ["Foo/Bar", "Foo/Baz", "Moo"]);
    }

    #[test]
    fn only_mailboxes_with_a_role() {
        let criteria = Criteria { special_use: true, ..Criteria::default() };
        assert_eq!(names(&list(&tree(&["INBOX", "Sent"], &[]), "*", criteria)), ["Sent"]);
    }

    #[test]
    fn lsub_with_percent_names_the_level_above_a_subscription() {
        let tree = tree(&["foo"], &["foo/bar", "moo"]);
        let entries = subscribed(&tree, &Pattern::new("", "%"));
        assert_eq!(names(&entries), ["foo", "moo"]);
        assert!(!entries[0].subscribed && entries[1].subscribed);
        assert_eq!(names(&subscribed(&tree, &Pattern::new("", "*"))), ["foo/bar", "moo"]);
    }
}
