//! How stored values are written: varints, zigzag differences and length-prefixed bytes.
//!
//! Reading never panics: whatever does not fit is [`Damaged`], and every count is bounded by the bytes that are there.

/// A stored value that cannot be read: damage, or a format this version does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored {what} cannot be read")]
pub struct Damaged {
    /// Which value.
    pub what: &'static str,
}

/// Appends an unsigned LEB128 varint.
pub(crate) fn put_u64(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Appends a signed number, zigzag encoded.
pub(crate) fn put_i64(out: &mut Vec<u8>, n: i64) {
    put_u64(out, ((n << 1) ^ (n >> 63)) as u64);
}

/// Appends an unsigned varint of 128 bits.
pub(crate) fn put_u128(out: &mut Vec<u8>, mut n: u128) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Appends the length, then the bytes.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u64(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads a value from front to back.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    /// A reader of `bytes`; `what` names the value in errors.
    pub(crate) const fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, what }
    }

    pub(crate) const fn damaged(&self) -> Damaged {
        Damaged { what: self.what }
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Damaged> {
        let (&first, rest) = self.rest.split_first().ok_or_else(|| self.damaged())?;
        self.rest = rest;
        Ok(first)
    }

    pub(crate) fn u128(&mut self) -> Result<u128, Damaged> {
        let mut n = 0u128;
        for shift in (0..128).step_by(7) {
            let byte = self.u8()?;
            let bits = u128::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(self.damaged());
            }
            n |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(n);
            }
        }
        Err(self.damaged())
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Damaged> {
        // The common case, one byte, without the wide arithmetic.
        if let Some((&first, rest)) = self.rest.split_first()
            && first & 0x80 == 0
        {
            self.rest = rest;
            return Ok(u64::from(first));
        }
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(self.damaged());
            }
            n |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(n);
            }
        }
        Err(self.damaged())
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Damaged> {
        u32::try_from(self.u64()?).map_err(|_| self.damaged())
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Damaged> {
        let n = self.u64()?;
        Ok((n >> 1) as i64 ^ -((n & 1) as i64))
    }

    /// A number of things that each take at least one more byte, so that it can be trusted for an allocation.
    pub(crate) fn count(&mut self) -> Result<usize, Damaged> {
        let n = usize::try_from(self.u64()?).map_err(|_| self.damaged())?;
        if n > self.rest.len() { Err(self.damaged()) } else { Ok(n) }
    }

    /// An index into something that has `len` entries.
    pub(crate) fn count_below(&mut self, len: usize) -> Result<usize, Damaged> {
        match usize::try_from(self.u64()?) {
            Ok(n) if n < len => Ok(n),
            _ => Err(self.damaged()),
        }
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Damaged> {
        let n = self.count()?;
        let (bytes, rest) = self.rest.split_at(n);
        self.rest = rest;
        Ok(bytes)
    }

    pub(crate) fn string(&mut self) -> Result<String, Damaged> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| self.damaged())
    }

    /// How many bytes have not been read.
    pub(crate) const fn left(&self) -> usize {
        self.rest.len()
    }

    /// Whether all has been read.
    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The end of the value: nothing may follow.
    pub(crate) const fn end(self) -> Result<(), Damaged> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.damaged()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_read_as_they_were_written(a: u64, b: i64, c: u128, d in proptest::collection::vec(any::<u8>(), 0..20)) {
            let mut out = Vec::new();
            put_u64(&mut out, a);
            put_i64(&mut out, b);
            put_u128(&mut out, c);
            put_bytes(&mut out, &d);
            let mut r = Reader::new(&out, "test");
            prop_assert_eq!((r.u64()?, r.i64()?, r.u128()?, r.bytes()?), (a, b, c, &d[..]));
            prop_assert!(r.end().is_ok());
        }

        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut r = Reader::new(&bytes, "test");
            while !r.is_empty() {
                if r.u64().is_err() || r.bytes().is_err() || r.u128().is_err() { break }
            }
        }
    }
}
