//! mbox (RFC 4155): many messages in one file, each after a line `From sender date`.
//!
//! A line of a message that would look like one is quoted with `>`, once more for each time that it was quoted before;
//! that is undone. Where programs keep flags in header fields, they become flags, and the fields are left out.

mod status;

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use model::{InternalDate, MailboxName};

use super::detect::begins_like_mbox;
use super::walk::Folders;
use super::{Found, Messages, Origin, Skipped, Undetected, Why, Wishes, date, lines, name};

/// A line longer than this is read in pieces.
const PIECE_BYTES_MAX: u64 = 64 * 1024;
/// What is read of the file at once.
const READ_BYTES: usize = 256 * 1024;

/// Opens a file, or a folder with all the files below it that begin like an mbox.
pub(super) fn open(root: &Path, wishes: &Wishes) -> Result<(u64, Messages), Undetected> {
    let unreadable = |source| Undetected::Unreadable { path: root.to_owned(), source };
    let metadata = std::fs::metadata(root).map_err(unreadable)?;
    if !metadata.is_dir() {
        let path = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        return Ok((metadata.len(), one_file(root.to_owned(), path, &[], wishes)));
    }
    let bytes = files(root).map(|file| std::fs::metadata(&file.path).map_or(0, |m| m.len())).sum();
    let wishes = wishes.clone();
    let messages = files(root).flat_map(move |file| one_file(file.path, file.origin, &file.levels, &wishes));
    Ok((bytes, Box::new(messages)))
}

/// One mbox file of a folder.
struct InFolder {
    path: PathBuf,
    /// Its path below the root.
    origin: String,
    levels: Vec<String>,
}

fn files(root: &Path) -> impl Iterator<Item = InFolder> + use<> {
    Folders::below(root).flatten().flat_map(|(folder, entries)| {
        let prefix: String = folder.levels.iter().flat_map(|level| [level, "/"]).collect();
        entries.files.into_iter().filter_map(move |file| {
            let path = folder.path.join(&file);
            if !begins_like_mbox(&path).unwrap_or(false) {
                return None;
            }
            let named = folder.levels.iter().chain([&file]);
            let levels = named.map(|level| without_suffix(level).to_owned()).collect();
            Some(InFolder { path, origin: format!("{prefix}{file}"), levels })
        })
    })
}

/// Thunderbird keeps the folders below `Work` in `Work.sbd`; others name files `Work.mbox`.
fn without_suffix(name: &str) -> &str {
    [".sbd", ".mbox", ".mbx"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
}

fn one_file(path: PathBuf, origin: String, levels: &[String], wishes: &Wishes) -> Messages {
    let skipped =
        |why| -> Messages { Box::new(std::iter::once(Err(Skipped { path: path.clone(), why, units: 0 }))) };
    let mailbox = match name::mailbox(levels, wishes.into.as_ref()) {
        Ok(mailbox) => mailbox,
        Err(error) => return skipped(error.into()),
    };
    match File::open(&path) {
        Ok(file) => {
            let input = BufReader::with_capacity(READ_BYTES, file);
            Box::new(Reader::new(input, path, origin, mailbox, wishes.message_bytes_max))
        }
        Err(error) => skipped(error.into()),
    }
}

/// Reads the messages of one file.
struct Reader<R> {
    input: R,
    path: PathBuf,
    origin: String,
    mailbox: MailboxName,
    limit: u64,
    /// How far the file has been read.
    at: u64,
    /// Where the message that comes next begins, and the date of its From_ line.
    next: Option<(u64, Option<InternalDate>)>,
    /// The piece that was read last.
    piece: Vec<u8>,
    /// Whether the next piece begins a line.
    at_line_start: bool,
    failed: bool,
}

/// A message as it stands in the file.
struct Raw {
    offset: u64,
    date: Option<InternalDate>,
    /// As much of it as is within the limit.
    text: Vec<u8>,
    /// All of it.
    bytes: u64,
}

impl<R: BufRead> Reader<R> {
    fn new(input: R, path: PathBuf, origin: String, mailbox: MailboxName, limit: u64) -> Self {
        let (at, next, piece, at_line_start, failed) = (0, None, Vec::new(), true, false);
        Self { input, path, origin, mailbox, limit, at, next, piece, at_line_start, failed }
    }

    /// Reads a line, or a piece of a long one; false at the end of the file.
    fn read_piece(&mut self) -> io::Result<bool> {
        self.piece.clear();
        let read = io::Read::take(&mut self.input, PIECE_BYTES_MAX).read_until(b'\n', &mut self.piece)?;
        self.at += read as u64;
        Ok(read > 0)
    }

    /// Goes to the first From_ line, whose date need not be readable.
    fn begin(&mut self) -> io::Result<()> {
        while self.at == 0 || (self.next.is_none() && self.piece.trim_ascii().is_empty()) {
            if !self.read_piece()? {
                return Ok(());
            }
            if self.piece.starts_with(b"From ") {
                self.next = Some((self.at, date::of_from_line(&self.piece)));
            }
        }
        Ok(())
    }

    /// Reads up to the next From_ line, which comes after a blank line or the end of the file.
    fn raw(&mut self) -> io::Result<Option<Raw>> {
        if self.at == 0 {
            self.begin()?;
        }
        let Some((offset, date)) = self.next.take() else { return Ok(None) };
        let mut raw = Raw { offset, date, text: Vec::new(), bytes: 0 };
        let mut after_blank = false;
        while self.read_piece()? {
            let begins_line = std::mem::replace(&mut self.at_line_start, self.piece.ends_with(b"\n"));
            if begins_line && after_blank && self.piece.starts_with(b"From ") {
                let date = date::of_from_line(&self.piece);
                if date.is_some() {
                    self.next = Some((self.at, date));
                    break;
                }
            }
            after_blank = begins_line && matches!(self.piece.as_slice(), b"\n" | b"\r\n");
            let quoted = begins_line && is_quoted_from(&self.piece);
            let piece = self.piece.get(usize::from(quoted)..).unwrap_or_default();
            raw.bytes += piece.len() as u64;
            if raw.bytes <= self.limit {
                raw.text.extend_from_slice(piece);
            }
        }
        if after_blank && raw.bytes <= self.limit {
            // The blank line belongs to the file's format and not to the message.
            let end = raw.text.len() - if raw.text.ends_with(b"\r\n") { 2 } else { 1 };
            raw.text.truncate(end);
        }
        Ok(Some(raw))
    }

    fn skipped(&self, why: Why, from: u64) -> Skipped {
        Skipped { path: self.path.clone(), why, units: self.at.saturating_sub(from) }
    }

    fn found(&self, raw: Raw, from: u64) -> Result<Option<Found>, Skipped> {
        let too_large = |bytes| Why::TooLarge { offset: raw.offset, bytes, limit: self.limit };
        if raw.bytes > self.limit {
            return Err(self.skipped(too_large(raw.bytes), from));
        }
        let text = lines::with_crlf(raw.text);
        let Some((flags, content)) = status::take_flags(&text) else { return Ok(None) };
        if content.len() as u64 > self.limit {
            return Err(self.skipped(too_large(content.len() as u64), from));
        }
        let date = raw.date.or_else(|| date::of_header(&content));
        let origin = Origin { path: self.origin.clone(), offset: raw.offset };
        let units = self.at.saturating_sub(from);
        Ok(Some(Found { origin, mailbox: self.mailbox.clone(), flags, date, content, units }))
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Found, Skipped>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.failed {
            let from = self.at;
            match self.raw() {
                Ok(raw) => match self.found(raw?, from).transpose() {
                    Some(found) => return Some(found),
                    None => continue,
                },
                Err(error) => {
                    self.failed = true;
                    return Some(Err(self.skipped(error.into(), from)));
                }
            }
        }
        None
    }
}

/// A line `From ` behind one or more `>`.
fn is_quoted_from(line: &[u8]) -> bool {
    let unquoted = line.iter().position(|&b| b != b'>').unwrap_or(0);
    unquoted > 0 && line.get(unquoted..).is_some_and(|rest| rest.starts_with(b"From "))
}

#[cfg(test)]
mod tests;
