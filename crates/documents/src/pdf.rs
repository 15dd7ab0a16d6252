//! The text of PDF.

use crate::sink::Sink;

/// What the library says is wrong is of no use to anybody here.
pub(crate) fn read(document: &[u8], sink: &mut Sink) -> Option<()> {
    sink.push(&pdf_extract::extract_text_from_mem(document).ok()?);
    Some(())
}
