//! Command lines out of a stream of bytes: ended by CRLF and nothing else, and of bounded length (RFC 5321 §2.3.8).

use memchr::memchr;

use super::command::Violation;

/// Cuts lines.
#[derive(Debug)]
pub(super) struct Lines {
    limit: usize,
    /// Up to here the input has no LF.
    looked: usize,
    /// Whether the rest of a line that is too long is being thrown away.
    skipping: bool,
}

impl Lines {
    pub(super) const fn new(limit: usize) -> Self {
        Self { limit, looked: 0, skipping: false }
    }

    /// Takes the next line out of `input`, without its end; `None` when more is needed. A line that is too long, or that
    /// ends in a bare LF, is a violation, and gone.
    pub(super) fn next(&mut self, input: &mut Vec<u8>) -> Option<Result<Vec<u8>, Violation>> {
        let found = memchr(b'\n', input.get(self.looked..).unwrap_or_default()).map(|at| self.looked + at);
        let Some(end) = found else {
            if self.skipping || input.len() > self.limit {
                self.skipping = true;
                input.clear();
            }
            self.looked = input.len();
            return None;
        };
        let mut line: Vec<u8> = input.drain(..=end).collect();
        self.looked = 0;
        if std::mem::take(&mut self.skipping) || line.len() > self.limit {
            return Some(Err(Violation::LineTooLong { limit: self.limit }));
        }
        line.pop();
        if line.pop() != Some(b'\r') || line.contains(&b'\r') {
            return Some(Err(Violation::BareLineEnd));
        }
        Some(Ok(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&str]) -> Vec<Result<String, Violation>> {
        let (mut lines, mut input, mut found) = (Lines::new(12), Vec::new(), Vec::new());
        for piece in pieces {
            input.extend_from_slice(piece.as_bytes());
            while let Some(line) = lines.next(&mut input) {
                found.push(line.map(|line| String::from_utf8(line).unwrap()));
            }
        }
        found
    }

    #[test]
    fn lines_end_in_crlf_however_they_arrive() {
        let good = vec![Ok("LHLO x".to_owned()), Ok(String::new()), Ok("QUIT".to_owned())];
        assert_eq!(lines(&["LHLO x\r\n\r\nQUIT\r\n"]), good);
        assert_eq!(lines(&["LHLO x\r", "\n\r\nQU", "IT\r\nRE"]), good);
    }

    #[test]
    fn a_bare_line_end_is_a_violation_and_not_a_line() {
        assert_eq!(lines(&["NOOP\nQUIT\r\n"]), vec![Err(Violation::BareLineEnd), Ok("QUIT".to_owned())]);
        assert_eq!(lines(&["NO\rOP\r\n"]), vec![Err(Violation::BareLineEnd)]);
        assert_eq!(lines(&["\n"]), vec![Err(Violation::BareLineEnd)]);
    }

    #[test]
    fn a_line_of_the_limit_is_taken_and_a_longer_one_is_not() {
        let too_long = Err(Violation::LineTooLong { limit: 12 });
        assert_eq!(lines(&["0123456789\r\n"]), vec![Ok("0123456789".to_owned())]);
        assert_eq!(lines(&["01234567890\r\nNOOP\r\n"]), vec![too_long.clone(), Ok("NOOP".to_owned())]);
        let long = "x".repeat(100);
        assert_eq!(lines(&[&long, &long, "\r\nNOOP\r\n"]), vec![too_long, Ok("NOOP".to_owned())]);
    }
}
