//! Text that is gathered up to a limit.

/// The most text that is taken of one document, in bytes: some hundred pages.
pub(crate) const TEXT_BYTES_MAX: usize = 2 << 20;

/// Takes text.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    text: String,
}

impl Sink {
    /// Adds text, as far as there is room.
    pub(crate) fn push(&mut self, text: &str) {
        let room = TEXT_BYTES_MAX.saturating_sub(self.text.len());
        let end = text.floor_char_boundary(room.min(text.len()));
        self.text.push_str(text.get(..end).unwrap_or_default());
    }

    /// Keeps what follows apart from what came.
    pub(crate) fn part(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(char::is_whitespace) {
            self.push("\n");
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.text.len() + char::MAX_LEN_UTF8 > TEXT_BYTES_MAX
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_as_much_as_there_is_room_for() {
        let mut sink = Sink::default();
        sink.part();
        while !sink.is_full() {
            sink.push(&"é".repeat(1000));
            sink.part();
            sink.part();
        }
        assert!((TEXT_BYTES_MAX - 4..=TEXT_BYTES_MAX).contains(&sink.into_text().len()));
    }
}
