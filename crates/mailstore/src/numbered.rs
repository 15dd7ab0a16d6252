//! Rows that are looked up by number, many together. What came in one after another has neighbouring numbers, and one scan reads
//! these several times faster than as many look-ups.

use storage::Snapshot;

use crate::account::load;
use crate::error::Fault;

/// So few rows are looked up one by one.
const SCANNED_MIN: usize = 8;

/// A scan meets at most so many rows for each that is wanted.
const SCANNED_PER_ROW_MAX: u64 = 2;

/// A table whose rows have numbers.
pub(crate) struct Table<K, N> {
    /// The key of a number; keys ascend as numbers do.
    pub(crate) key: K,
    /// The number of a key.
    pub(crate) number: N,
}

impl<K: Fn(u64) -> Vec<u8>, N: Fn(&[u8]) -> Option<u64>> Table<K, N> {
    /// What the rows of numbers hold, in the order asked for; `None` where there is none.
    ///
    /// # Errors
    /// Those of the engine, and of `decode`, which is given a number and the value of its row.
    pub(crate) fn read<T>(
        &self,
        snapshot: &dyn Snapshot,
        numbers: &[u64],
        decode: impl Fn(u64, &[u8]) -> Result<T, Fault>,
    ) -> Result<Vec<Option<T>>, Fault> {
        if let Some((first, last)) = dense(numbers) {
            return self.scan(snapshot, numbers, (first, last), decode);
        }
        let keys: Vec<Vec<u8>> = numbers.iter().map(|&number| (self.key)(number)).collect();
        let rows = snapshot.get_many(&keys)?;
        let decode =
            |(&number, row): (&u64, Option<Vec<u8>>)| row.map(|row| decode(number, &row)).transpose();
        numbers.iter().zip(rows).map(decode).collect()
    }

    /// The same of numbers that ascend, by scanning from the first to the last.
    fn scan<T>(
        &self,
        snapshot: &dyn Snapshot,
        numbers: &[u64],
        (first, last): (u64, u64),
        decode: impl Fn(u64, &[u8]) -> Result<T, Fault>,
    ) -> Result<Vec<Option<T>>, Fault> {
        let (from, mut to) = ((self.key)(first), (self.key)(last));
        to.push(0);
        let mut found: Vec<Option<T>> = numbers.iter().map(|_| None).collect();
        let mut wanted = numbers.iter().zip(&mut found).peekable();
        load::scan_kept(snapshot, &from, &to, |key, value| {
            let Some(number) = (self.number)(key) else { return Ok(()) };
            while wanted.next_if(|(wanted, _)| **wanted < number).is_some() {}
            if let Some((_, slot)) = wanted.next_if(|(wanted, _)| **wanted == number) {
                *slot = Some(decode(number, value)?);
            }
            Ok(())
        })?;
        Ok(found)
    }
}

/// The first and the last of numbers that ascend with few gaps between them.
fn dense(numbers: &[u64]) -> Option<(u64, u64)> {
    let (first, last) = (*numbers.first()?, *numbers.last()?);
    let ascends = numbers.is_sorted_by(|a, b| a < b);
    let is_dense =
        ascends && numbers.len() >= SCANNED_MIN && last - first < SCANNED_PER_ROW_MAX * numbers.len() as u64;
    is_dense.then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use storage::{Batch, Engine as _, MemoryEngine};

    #[test]
    fn numbers_that_ascend_with_few_gaps_are_scanned() {
        assert_eq!(dense(&[3, 4, 5, 6, 7, 8, 9, 18]), Some((3, 18)));
        for numbers in [
            &[][..],
            &[3, 4, 5],
            &[3, 4, 5, 6, 7, 8, 9, 19],
            &[3, 4, 5, 6, 7, 8, 10, 9],
            &[3, 3, 4, 5, 6, 7, 8, 9],
            &[0, 1, 2, 3, 4, 5, 6, u64::MAX],
        ] {
            assert_eq!(dense(numbers), None, "{numbers:?}");
        }
    }

    proptest! {
        #[test]
        fn rows_are_found_however_they_are_looked_up(
            there in prop::collection::btree_set(0u64..40, 0..30),
            mut wanted in prop::collection::vec(0u64..40, 0..20),
            ascending: bool
        ) {
            if ascending {
                wanted.sort_unstable();
                wanted.dedup();
            }
            let engine = MemoryEngine::default();
            let mut batch = Batch::default();
            for &number in &there {
                batch.put(number.to_be_bytes().to_vec(), vec![1; number as usize]);
            }
            engine.commit(&batch).unwrap();
            let table = Table {
                key: |number: u64| number.to_be_bytes().to_vec(),
                number: |key: &[u8]| Some(u64::from_be_bytes(key.try_into().ok()?)),
            };
            let decode = |number, value: &[u8]| {
                assert_eq!(value.len() as u64, number);
                Ok(number)
            };
            let found = table.read(&*engine.snapshot().unwrap(), &wanted, decode).unwrap();
            let expected: Vec<_> = wanted.iter().map(|number| there.get(number).copied()).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
