//! COMPARATOR (RFC 5255 §4.7): how SEARCH, SORT and THREAD compare texts in this session.

use imap_proto::command::ComparatorOrder;
use imap_proto::response;
use message::Comparator;

use crate::io::Io;
use crate::reply::{Done, Failure};
use crate::state::Authenticated;

/// What stands for the comparator that is used unless another is asked for.
const DEFAULT: &str = "default";

/// How a session compares texts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Collation {
    pub(crate) comparator: Comparator,
    /// Whether what it sorts is the other way round (RFC 4790 §3.3).
    pub(crate) reverse: bool,
}

impl Authenticated {
    pub(crate) fn comparator(&mut self, orders: &[ComparatorOrder], io: &mut Io) -> Result<Done, Failure> {
        let wanted = |order: &ComparatorOrder, comparator: Comparator| match order.pattern.as_str() {
            name if name.eq_ignore_ascii_case(DEFAULT) => comparator == Comparator::default(),
            _ => order.matches(comparator.name()),
        };
        let matching =
            |order| Comparator::ALL.into_iter().filter(move |&comparator| wanted(order, comparator));
        let first = orders.iter().find_map(|order| Some((order, matching(order).next()?)));
        match first {
            Some((order, comparator)) => self.collation = Collation { comparator, reverse: order.reverse },
            None if orders.is_empty() => {}
            None => return Err(Failure::UnknownComparator),
        }
        let all = Comparator::ALL.into_iter().filter(|&one| orders.iter().any(|order| wanted(order, one)));
        let all: Vec<&str> = all.map(Comparator::name).collect();
        let Collation { comparator, reverse } = self.collation;
        response::comparator(io.out(), (reverse, comparator.name()), &all);
        Ok(Done::new("COMPARATOR completed"))
    }
}
