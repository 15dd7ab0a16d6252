//! An account's keyword table: which bit of [`Flags`] stands for which keyword.

use model::{Flags, Keyword, NamedFlags};
use std::sync::Arc;

/// The table. It only grows, so a bit keeps its meaning for ever.
#[derive(Clone, Debug, Default)]
pub struct Keywords(Arc<Vec<Keyword>>);

impl Keywords {
    pub(crate) fn new(keywords: Vec<Keyword>) -> Self {
        Self(Arc::new(keywords))
    }

    /// All of them, in the order of their bits.
    #[must_use]
    pub fn all(&self) -> &[Keyword] {
        &self.0
    }

    /// The bit of a keyword; `None` when no message of the account ever had it.
    #[must_use]
    pub fn bit(&self, keyword: &Keyword) -> Option<Flags> {
        self.0.iter().position(|k| k == keyword).and_then(Flags::keyword)
    }

    /// The names of the keywords that are set.
    pub fn names(&self, flags: Flags) -> impl Iterator<Item = &str> + '_ {
        flags.keywords().filter_map(|at| self.0.get(at)).map(Keyword::as_str)
    }

    /// The bits of `flags`, as far as the table knows their keywords.
    #[must_use]
    pub fn known(&self, flags: &NamedFlags) -> Flags {
        flags.keywords.iter().filter_map(|k| self.bit(k)).fold(flags.system, Flags::with)
    }

    /// The flags with their names.
    #[must_use]
    pub fn named(&self, flags: Flags) -> NamedFlags {
        let system = Flags::SYSTEM
            .iter()
            .filter(|(f, _)| flags.contains(*f))
            .fold(Flags::NONE, |all, (f, _)| all.with(*f));
        let keywords = flags.keywords().filter_map(|at| self.0.get(at)).cloned().collect();
        NamedFlags { system, keywords }
    }

    /// A table with one keyword more, and its bit; `None` when it is full.
    pub(crate) fn with(&self, keyword: &Keyword) -> Option<(Self, Flags)> {
        let bit = Flags::keyword(self.0.len())?;
        let mut all = Vec::clone(&self.0);
        all.push(keyword.clone());
        Some((Self::new(all), bit))
    }
}
