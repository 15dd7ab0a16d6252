//! Flag lists as they go on the wire, each distinct list spelt once per answer.
//!
//! RFC 3501 §2.3.2, §7.2.6. A mailbox of 100,000 messages has a handful of distinct flag words; spelling each
//! message's flags anew would take most of a FETCH FLAGS.

use std::collections::HashMap;

use mailstore::Keywords;
use model::Flags;

/// Distinct lists remembered; beyond, the memory starts anew. Reached only by mailboxes with very many keywords.
const LISTS_MAX: usize = 4096;

/// Spells flags by an account's keyword table.
pub(crate) struct FlagLists {
    keywords: Keywords,
    lists: HashMap<(Flags, bool), Box<[u8]>>,
}

impl FlagLists {
    pub(crate) fn new(keywords: Keywords) -> Self {
        Self { keywords, lists: HashMap::new() }
    }

    /// Takes a newer table. Tables only grow, so that what was spelt stays right unless it lacked a name.
    pub(crate) fn set_keywords(&mut self, keywords: Keywords) {
        if keywords.all().len() != self.keywords.all().len() {
            self.keywords = keywords;
            self.lists.clear();
        }
    }

    /// The parenthesised list of `flags`, with `\Recent` if the message is.
    pub(crate) fn list(&mut self, flags: Flags, recent: bool) -> &[u8] {
        if self.lists.len() >= LISTS_MAX {
            self.lists.clear();
        }
        let keywords = &self.keywords;
        self.lists.entry((flags, recent)).or_insert_with(|| spell(keywords, flags, recent).into())
    }
}

fn spell(keywords: &Keywords, flags: Flags, recent: bool) -> Vec<u8> {
    let system = Flags::SYSTEM.iter().filter(|(flag, _)| flags.contains(*flag)).map(|&(_, name)| name);
    let recent = recent.then_some("\\Recent");
    let names: Vec<&str> = system.chain(recent).chain(keywords.names(flags)).collect();
    format!("({})", names.join(" ")).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_spelt_with_recent_last_among_the_system_flags() {
        let mut lists = FlagLists::new(Keywords::default());
        assert_eq!(lists.list(Flags::NONE, false), b"()");
        assert_eq!(lists.list(Flags::SEEN.with(Flags::DRAFT), true), b"(\\Seen \\Draft \\Recent)");
        assert_eq!(lists.list(Flags::NONE, true), b"(\\Recent)");
    }
}
