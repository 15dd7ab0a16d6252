//! A view that follows a mailbox without a session around it: what `crates/instructions` counts.
//!
//! It takes the steps of the pump up to where something would be sent. Nothing else uses this.

use mailstore::Record;
use model::{ModSeq, UidSet};

use crate::pump::{News, Own};
use crate::view::View;

/// What a client believes, and what it did itself.
pub struct Follower {
    view: View,
    own: Own,
}

impl Follower {
    /// A client that was just told of exactly these messages.
    #[must_use]
    pub fn new(uids: &UidSet, through: ModSeq) -> Self {
        Self { view: View::new(uids, through), own: Own::new() }
    }

    /// Applies changes, oldest first, and gives up what was expunged: how much there is to be told.
    pub fn follow(&mut self, records: &[Record], through: ModSeq) -> u64 {
        let news = News::follow(&mut self.view, records, through, &mut self.own);
        let gone = self.view.announce();
        news.flags.len() + news.modseqs.len() + news.arrived.len() + gone.numbers.len() as u64
    }
}
