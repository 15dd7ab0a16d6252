//! Netstrings: a length in decimal, a colon, so many bytes, a comma.

/// The longest request, in bytes: a map's name and the longest address.
pub const REQUEST_BYTES_MAX: usize = 1024;
/// Digits of the longest request's length.
const DIGITS_MAX: usize = 4;

/// What was sent is no netstring, or too long a one. Where the next begins cannot be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("that is no netstring of at most {REQUEST_BYTES_MAX} bytes")]
pub(super) struct NoNetstring;

/// Takes the next netstring out of `input`; `None` when more is needed.
pub(super) fn take(input: &mut Vec<u8>) -> Result<Option<Vec<u8>>, NoNetstring> {
    let digits = input.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits > DIGITS_MAX {
        return Err(NoNetstring);
    }
    match input.get(digits) {
        None => return Ok(None),
        Some(b':') => {}
        Some(_) => return Err(NoNetstring),
    }
    let length = input.get(..digits).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    let length: usize = length.filter(|&length| length <= REQUEST_BYTES_MAX).ok_or(NoNetstring)?;
    let (begin, end) = (digits + 1, digits + 1 + length);
    match input.get(end) {
        None => Ok(None),
        Some(b',') => {
            let found = input.get(begin..end).map(<[u8]>::to_vec);
            input.drain(..=end);
            Ok(found)
        }
        Some(_) => Err(NoNetstring),
    }
}

/// Appends a netstring.
pub(super) fn write(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(bytes.len().to_string().as_bytes());
    out.push(b':');
    out.extend_from_slice(bytes);
    out.push(b',');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_netstring_is_refused_as_soon_as_it_shows() {
        for bad in ["x", ":,", "5x", "1025:", "00001:", "3:abcd", "-1:"] {
            assert_eq!(take(&mut bad.into()), Err(NoNetstring), "{bad:?}");
        }
        for part in ["", "1", "3:", "3:abc", "1024:"] {
            assert_eq!(take(&mut part.into()), Ok(None), "{part:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(strings in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..5)) {
            let mut input = Vec::new();
            for string in &strings {
                write(string, &mut input);
            }
            let mut found = Vec::new();
            while let Ok(Some(string)) = take(&mut input) {
                found.push(string);
            }
            prop_assert_eq!(found, strings);
            prop_assert!(input.is_empty());
        }
    }
}
