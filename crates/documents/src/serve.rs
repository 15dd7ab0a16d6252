//! The process that reads documents: it takes them from its standard input, one after the other, and answers with their text.

use std::io::{self, BufReader, BufWriter};
use std::panic::{self, AssertUnwindSafe};

use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use crate::protocol::{DOCUMENT_BYTES_MAX, receive, send};
use crate::sink::Sink;
use crate::{Kind, office, pdf};

/// Memory that it may have, in bytes.
const MEMORY_BYTES_MAX: u64 = 2 << 30;
/// Seconds of processor time that a document may take: nobody waits for it any longer, if there is anybody left.
const PROCESSOR_SECONDS_MAX: u64 = 15;

/// The document has text.
pub(crate) const TEXT: u8 = 1;
/// It cannot be read.
pub(crate) const UNREADABLE: u8 = 0;

/// Reads documents until the input ends.
///
/// # Errors
/// The limits cannot be set, or the other side is gone.
pub fn serve() -> io::Result<()> {
    limit()?;
    // Their libraries panic where something is wrong with a document; nobody wants to read of each.
    panic::set_hook(Box::new(|_| {}));
    let (mut input, mut output) = (BufReader::new(io::stdin()), BufWriter::new(io::stdout()));
    while let Some((kind, document)) = receive(&mut input, DOCUMENT_BYTES_MAX)? {
        limit_time()?;
        let text = Kind::from_number(kind).and_then(|kind| text_of(kind, &document));
        match text {
            Some(text) => send(&mut output, TEXT, text.as_bytes())?,
            None => send(&mut output, UNREADABLE, &[])?,
        }
    }
    Ok(())
}

pub(crate) fn text_of(kind: Kind, document: &[u8]) -> Option<String> {
    let read = || {
        let mut sink = Sink::default();
        match kind {
            Kind::Pdf => pdf::read(document, &mut sink)?,
            Kind::Office => office::read(document, &mut sink)?,
        }
        Some(sink.into_text())
    };
    panic::catch_unwind(AssertUnwindSafe(read)).ok().flatten()
}

/// The process is ended where the next document takes more time than it may.
fn limit_time() -> io::Result<()> {
    let taken = u64::try_from(clock_gettime(ClockId::ProcessCPUTime).tv_sec).unwrap_or(0);
    let current = Some(taken + 1 + PROCESSOR_SECONDS_MAX);
    Ok(setrlimit(Resource::Cpu, Rlimit { current, maximum: None })?)
}

/// No more memory than that, no file written, none opened, no process started, no core left behind.
fn limit() -> io::Result<()> {
    for (what, most) in [
        (Resource::As, MEMORY_BYTES_MAX),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
        (Resource::Nofile, 3),
        (Resource::Nproc, 0),
    ] {
        setrlimit(what, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::sink::TEXT_BYTES_MAX;

    #[test]
    fn documents_have_text() {
        for (kind, document, text) in [
            (
                Kind::Office,
                &include_bytes!("../tests/samples/offer.docx")[..],
                "Windmill offer\nAda\nGenerators\nA & B, café\nSecond paragraph\nLetterhead\n",
            ),
            (
                Kind::Office,
                include_bytes!("../tests/samples/prices.xlsx"),
                "Gearbox\nRotorblade\n0\n1234.5\n",
            ),
            (Kind::Office, include_bytes!("../tests/samples/talk.pptx"), "Anemometer\n"),
            (Kind::Office, include_bytes!("../tests/samples/letter.odt"), "Heading\nNacelle\ncover\n"),
            (Kind::Pdf, include_bytes!("../tests/samples/invoice.pdf"), "Invoice for turbines"),
        ] {
            assert_eq!(text_of(kind, document).unwrap().trim_start_matches('\n').trim_end_matches(' '), text);
        }
    }

    #[test]
    fn what_is_damaged_is_read_as_far_as_it_goes_or_not_at_all() {
        let samples = [
            (Kind::Office, &include_bytes!("../tests/samples/offer.docx")[..]),
            (Kind::Pdf, include_bytes!("../tests/samples/invoice.pdf")),
        ];
        for (kind, document) in samples {
            for end in 0..document.len() {
                let _cut = text_of(kind, document.get(..end).unwrap());
            }
            for at in 0..document.len() {
                let mut damaged = document.to_vec();
                damaged[at] ^= 0x55;
                let _damaged = text_of(kind, &damaged);
            }
        }
        assert_eq!(text_of(Kind::Pdf, b"no PDF"), None);
        assert_eq!(text_of(Kind::Office, b"no archive"), None);
    }

    #[test]
    fn a_few_bytes_that_stand_for_many_are_read_up_to_the_limit() {
        let mut archive = ZipWriter::new(io::Cursor::new(Vec::new()));
        archive.start_file("content.xml", SimpleFileOptions::default()).unwrap();
        archive.write_all(b"<p>").unwrap();
        (0..100).for_each(|_| archive.write_all(&vec![b'a'; 1 << 20]).unwrap());
        let bomb = archive.finish().unwrap().into_inner();
        assert!(bomb.len() < 1 << 20);
        assert!(text_of(Kind::Office, &bomb).unwrap().len() <= TEXT_BYTES_MAX);
    }
}
