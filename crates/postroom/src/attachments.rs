//! Whose text of attachments is searched, and the process of this program that reads it.

use std::path::PathBuf;

use documents::{Kind, Limits, Reader};
use mailstore::AttachmentText;
use message::Attachment;

/// The program itself, also after another has been installed in its place.
const PROGRAM: &str = "/proc/self/exe";
/// The largest attachment that is read, in bytes.
const ATTACHMENT_BYTES_MAX: usize = 32 << 20;

/// Reads attachments of some kinds.
#[derive(Debug)]
pub(crate) struct Attachments {
    kinds: Vec<Kind>,
    reader: Reader,
}

impl Attachments {
    pub(crate) fn new(kinds: Vec<Kind>) -> Self {
        let arguments = vec!["read-documents".into()];
        Self { kinds, reader: Reader::new(PathBuf::from(PROGRAM), arguments, Limits::default()) }
    }
}

impl AttachmentText for Attachments {
    fn text_of(&self, attachment: &Attachment<'_>) -> Option<String> {
        let kind = Kind::of(&attachment.media_type, attachment.file_name.as_deref())?;
        if !self.kinds.contains(&kind) {
            return None;
        }
        self.reader.text(kind, attachment.decode(ATTACHMENT_BYTES_MAX)?)
    }
}
