//! The order that a SORT asks for: what of each message is compared, and how. RFC 5256 §3, RFC 5957 §4.
//!
//! Pure: rows and e-mails come in, an order goes out.

use std::cmp::Ordering;

use imap_proto::command::{SortCriterion, SortKey};
use mailstore::{Damaged, Email, Message};
use message::{Collated, Comparator, FirstAddress, StoredEnvelope};
use model::Uid;

use crate::cmd::comparator::Collation;

/// The criteria, each key once: one that comes again decides nothing.
#[derive(Clone, Debug)]
pub(super) struct Order {
    criteria: Vec<SortCriterion>,
    comparator: Comparator,
}

/// A message with what it is compared by, in the order of the criteria.
#[derive(Debug)]
pub(super) struct Keyed {
    pub(super) uid: Uid,
    values: Box<[Value]>,
}

/// What is compared by one criterion.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    /// Seconds since 1970, or bytes.
    Number(i64),
    Text(Collated),
    Score(Best),
}

/// How much a message fits; the best comes first (RFC 6203 §6).
#[derive(Clone, Copy, Debug)]
struct Best(f32);

impl Ord for Best {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.total_cmp(&self.0)
    }
}

impl PartialOrd for Best {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Best {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Best {}

impl Order {
    pub(super) fn of(criteria: &[SortCriterion], collation: Collation) -> Self {
        let mut kept: Vec<SortCriterion> = Vec::new();
        for &SortCriterion { reverse, key } in criteria {
            if !kept.iter().any(|earlier| earlier.key == key) {
                kept.push(SortCriterion { reverse: reverse ^ (collation.reverse && is_text(key)), key });
            }
        }
        Self { criteria: kept, comparator: collation.comparator }
    }

    /// Whether what the mailbox knows of messages does not suffice.
    pub(super) fn needs_emails(&self) -> bool {
        self.criteria
            .iter()
            .any(|criterion| !matches!(criterion.key, SortKey::Arrival | SortKey::Size | SortKey::Relevancy))
    }

    /// What a message is compared by. `email` is there if [`Self::needs_emails`].
    ///
    /// # Errors
    /// The stored envelope cannot be read.
    pub(super) fn keyed(
        &self,
        message: &Message,
        email: Option<&Email>,
        score: f32,
    ) -> Result<Keyed, Damaged> {
        let envelope = match email {
            Some(email) => envelope(email)?,
            None => StoredEnvelope::default(),
        };
        let value = |criterion: &SortCriterion| self.value(criterion.key, (message, email, score), &envelope);
        Ok(Keyed { uid: message.uid, values: self.criteria.iter().map(value).collect() })
    }

    fn value(
        &self,
        key: SortKey,
        (message, email, score): (&Message, Option<&Email>, f32),
        envelope: &StoredEnvelope<'_>,
    ) -> Value {
        let local =
            |address: &Option<FirstAddress<'_>>| self.text(address.as_ref().map(FirstAddress::mailbox));
        let shown =
            |address: &Option<FirstAddress<'_>>| self.text(address.as_ref().map(FirstAddress::display));
        match key {
            SortKey::Relevancy => Value::Score(Best(score)),
            SortKey::Arrival => Value::Number(message.date.seconds),
            SortKey::Size => Value::Number(message.size.into()),
            SortKey::Date => Value::Number(sent(message, email)),
            SortKey::Subject => self.text(Some(envelope.base_subject().text)),
            SortKey::Cc => local(&envelope.cc),
            SortKey::From => local(&envelope.from),
            SortKey::To => local(&envelope.to),
            SortKey::DisplayFrom => shown(&envelope.from),
            SortKey::DisplayTo => shown(&envelope.to),
        }
    }

    /// What is absent is the empty text, which comes first (RFC 5256 §3).
    fn text(&self, decoded: Option<String>) -> Value {
        Value::Text(decoded.map(|decoded| Collated::of(&decoded, self.comparator)).unwrap_or_default())
    }

    /// Sorts messages. Those that are equal keep the order of their numbers, also where it is REVERSE.
    pub(super) fn sort(&self, messages: &mut [Keyed]) {
        messages.sort_unstable_by(|a, b| self.compare(a, b));
    }

    fn compare(&self, a: &Keyed, b: &Keyed) -> Ordering {
        let by_values = self
            .criteria
            .iter()
            .zip(a.values.iter().zip(&b.values))
            .map(|(criterion, (a, b))| if criterion.reverse { b.cmp(a) } else { a.cmp(b) });
        by_values.fold(Ordering::Equal, Ordering::then).then(a.uid.cmp(&b.uid))
    }
}

/// The stored envelope of a message.
pub(in crate::cmd) fn envelope(email: &Email) -> Result<StoredEnvelope<'_>, Damaged> {
    StoredEnvelope::read(email.envelope()).ok_or(Damaged { what: "envelope" })
}

/// The sent date: that of the Date field, or else the internal one (RFC 5256 §2.2). In seconds since 1970.
pub(in crate::cmd) fn sent(message: &Message, email: Option<&Email>) -> i64 {
    email.and_then(|email| email.sent).unwrap_or(message.date).seconds
}

/// Whether texts are compared.
const fn is_text(key: SortKey) -> bool {
    !matches!(key, SortKey::Arrival | SortKey::Size | SortKey::Date | SortKey::Relevancy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    fn keyed(uid: u32, values: Vec<Value>) -> Keyed {
        Keyed { uid: Uid::new(uid).unwrap(), values: values.into() }
    }

    fn of(criteria: &[SortCriterion]) -> Order {
        Order::of(criteria, Collation::default())
    }

    fn criterion(reverse: bool, key: SortKey) -> SortCriterion {
        SortCriterion { reverse, key }
    }

    #[test]
    fn a_key_that_comes_again_decides_nothing() {
        let order = of(&[
            criterion(true, SortKey::Date),
            criterion(false, SortKey::Size),
            criterion(false, SortKey::Date),
        ]);
        assert_eq!(order.criteria, [criterion(true, SortKey::Date), criterion(false, SortKey::Size)]);
        assert!(order.needs_emails());
        assert!(!of(&[criterion(true, SortKey::Arrival)]).needs_emails());
    }

    proptest! {
        /// A criterion at a time, from the last to the first, with a sort that keeps what is equal in its place.
        #[test]
        fn an_order_is_that_of_sorting_by_each_criterion_in_turn(
            rows in vec((0i64..4, "[a-c]?"), 0..30), reverse in any::<[bool; 2]>(), swap in any::<bool>(),
        ) {
            let mut keys = [criterion(reverse[0], SortKey::Size), criterion(reverse[1], SortKey::Subject)];
            let values = |(number, letters): &(i64, String)| {
                let mut values = vec![Value::Number(*number), Value::Text(Collated::of(letters, Comparator::default()))];
                if swap { values.reverse(); }
                values
            };
            if swap { keys.reverse(); }
            let mut messages: Vec<Keyed> =
                rows.iter().zip(1..).map(|(row, uid)| keyed(uid, values(row))).collect();
            let mut expected: Vec<(u32, &(i64, String))> = (1..).zip(&rows).collect();
            for key in keys.iter().rev() {
                let sign = |order: Ordering| if key.reverse { order.reverse() } else { order };
                match key.key {
                    SortKey::Size => expected.sort_by(|(_, a), (_, b)| sign(a.0.cmp(&b.0))),
                    _ => expected.sort_by(|(_, a), (_, b)| sign(a.1.cmp(&b.1))),
                }
            }
            of(&keys).sort(&mut messages);
            let sorted: Vec<u32> = messages.iter().map(|message| message.uid.get()).collect();
            prop_assert_eq!(sorted, expected.iter().map(|(uid, _)| *uid).collect::<Vec<_>>());
        }

        #[test]
        fn whatever_is_sorted_is_all_there(uids in vec(select(vec![1u32, 2, 3]), 0..9)) {
            let mut messages: Vec<Keyed> = uids.iter().map(|&uid| keyed(uid, vec![])).collect();
            of(&[]).sort(&mut messages);
            let mut expected = uids;
            expected.sort_unstable();
            prop_assert_eq!(messages.iter().map(|m| m.uid.get()).collect::<Vec<_>>(), expected);
        }
    }
}
