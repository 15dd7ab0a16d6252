//! The text of attachments, as far as there is time for it: whoever sends mail decides how many there are and what is in them.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use message::Attachment;
use parking_lot::Mutex;

/// How long the attachments of one e-mail are read for the index, and those of all e-mails for one search.
const TIME_MAX: Duration = Duration::from_secs(10);

/// Knows how to read attachments.
pub trait AttachmentText: fmt::Debug + Send + Sync {
    /// The text of one; `None` if it has none, or none that is to be searched. Blocks, but not for long.
    fn text_of(&self, attachment: &Attachment<'_>) -> Option<String>;
}

/// Reads attachments until the time is up; the others have no text.
#[derive(Debug)]
pub(super) struct Reading {
    reader: Arc<dyn AttachmentText>,
    left: Mutex<Duration>,
}

impl Reading {
    pub(super) const fn new(reader: Arc<dyn AttachmentText>) -> Self {
        Self { reader, left: Mutex::new(TIME_MAX) }
    }

    pub(super) fn text_of(&self, attachment: &Attachment<'_>) -> Option<String> {
        if self.left.lock().is_zero() {
            return None;
        }
        let begun = Instant::now();
        let text = self.reader.text_of(attachment);
        let mut left = self.left.lock();
        *left = left.saturating_sub(begun.elapsed());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use message::Tree;

    /// Takes its time.
    #[derive(Debug)]
    struct Slow;

    impl AttachmentText for Slow {
        fn text_of(&self, _: &Attachment<'_>) -> Option<String> {
            std::thread::sleep(Duration::from_millis(20));
            Some("text".to_owned())
        }
    }

    #[test]
    fn attachments_are_read_until_the_time_is_up() {
        let message = b"Content-Type: application/pdf\r\n\r\nx";
        let attachments = Attachment::all(message, &Tree::of(message));
        let reading = Reading { reader: Arc::new(Slow), left: Mutex::new(Duration::from_millis(30)) };
        let texts = [(); 5].map(|()| reading.text_of(&attachments[0]).is_some());
        assert!(texts[0] && !texts[2] && !texts[4], "{texts:?}");
    }
}
