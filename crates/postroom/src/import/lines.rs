//! Line ends, and files in which messages are stored one to a file.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use memchr::{memchr, memchr_iter};
use model::InternalDate;

use super::{Skipped, Why};

/// A message with every line ended by CRLF, as the protocols have it: files of Unix end them by LF.
pub(crate) fn with_crlf(text: Vec<u8>) -> Vec<u8> {
    let bare = |&at: &usize| at == 0 || text.get(at - 1) != Some(&b'\r');
    let Some(first) = memchr_iter(b'\n', &text).find(bare) else { return text };
    let mut out = Vec::with_capacity(text.len() + text.len() / 32 + 2);
    let mut rest = &text[..];
    let mut next = first;
    loop {
        let (line, after) = rest.split_at(next.min(rest.len()));
        out.extend_from_slice(line);
        if line.last() != Some(&b'\r') {
            out.push(b'\r');
        }
        out.push(b'\n');
        rest = after.get(1..).unwrap_or_default();
        match memchr(b'\n', rest) {
            Some(at) => next = at,
            None => break,
        }
    }
    out.extend_from_slice(rest);
    out
}

/// Reads a file that is one message, and when the file was last changed.
pub(super) fn read_message(path: &Path, limit: u64) -> Result<(Vec<u8>, Option<InternalDate>), Skipped> {
    let skipped = |why: Why| Skipped { path: path.to_owned(), why, units: 1 };
    let read = || -> Result<_, Why> {
        let too_large = |bytes| Why::TooLarge { offset: 0, bytes, limit };
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.len() > limit {
            return Err(too_large(metadata.len()));
        }
        let mut content = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1);
        // The file may grow meanwhile.
        file.take(limit + 1).read_to_end(&mut content)?;
        let content = with_crlf(content);
        match content.len() as u64 {
            0 => Err(Why::Empty),
            bytes if bytes > limit => Err(too_large(bytes)),
            _ => Ok((content, metadata.modified().ok().map(moment))),
        }
    };
    read().map_err(skipped)
}

/// A moment of the system as an internal date in UTC.
fn moment(time: SystemTime) -> InternalDate {
    let seconds = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |s| -s),
    };
    InternalDate::utc(seconds)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bare_line_feeds_become_crlf_and_nothing_else_changes() {
        for (from, to) in [
            ("", ""),
            ("a", "a"),
            ("a\nb\r\nc\rd\n", "a\r\nb\r\nc\rd\r\n"),
            ("\n\n", "\r\n\r\n"),
            ("\r\n", "\r\n"),
        ] {
            assert_eq!(with_crlf(from.as_bytes().to_vec()), to.as_bytes(), "{from:?}");
        }
    }

    proptest! {
        #[test]
        fn no_line_feed_stays_bare_and_the_rest_is_untouched(text in "[ab\r\n]{0,40}") {
            let out = String::from_utf8(with_crlf(text.clone().into_bytes())).unwrap();
            prop_assert_eq!(out.replace("\r\n", "\n"), text.replace("\r\n", "\n"));
            prop_assert_eq!(out.matches('\n').count(), out.matches("\r\n").count());
            prop_assert_eq!(with_crlf(out.clone().into_bytes()), out.into_bytes());
        }
    }
}
