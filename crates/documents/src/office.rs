//! The text of Office Open XML (ECMA-376) and OpenDocument (ISO/IEC 26300): archives with XML in them.

use std::io::{BufReader, Cursor, Read as _};

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};
use zip::ZipArchive;

use crate::sink::Sink;

/// Files in one archive that are looked at.
const FILES_MAX: usize = 4096;
/// Bytes of one of them, unpacked: a few kilobytes can stand for gigabytes.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Bytes of all of them.
const ALL_BYTES_MAX: u64 = 256 << 20;

pub(crate) fn read(document: &[u8], sink: &mut Sink) -> Option<()> {
    let mut archive = ZipArchive::new(Cursor::new(document)).ok()?;
    let mut names: Vec<(usize, String)> = archive
        .file_names()
        .take(FILES_MAX)
        .filter_map(|name| {
            let name = name.ok()?;
            Some((place(&name)?, name.into_owned()))
        })
        .collect();
    names.sort_unstable();
    let mut left = ALL_BYTES_MAX;
    for (_, name) in names {
        let Ok(file) = archive.by_name(&name) else { continue };
        let bytes = file.size().min(FILE_BYTES_MAX).min(left);
        left -= bytes;
        // What is damaged is read as far as it goes.
        text_of(BufReader::new(file.take(bytes)), sink);
        sink.part();
        if sink.is_full() || left == 0 {
            break;
        }
    }
    Some(())
}

/// Whether a file of the archive has text, and which comes first.
fn place(name: &str) -> Option<usize> {
    const BEGINNINGS: [&str; 11] = [
        "docProps/core",
        "content",
        "word/document",
        "word/header",
        "word/footer",
        "word/footnotes",
        "word/comments",
        "xl/sharedStrings",
        "xl/worksheets/",
        "ppt/slides/",
        "ppt/notesSlides/",
    ];
    let name = name.strip_suffix(".xml")?;
    BEGINNINGS.iter().position(|begin| name.starts_with(begin))
}

/// The text between the tags. A paragraph ends where its element does; elements within one join their texts, since a word may
/// be written in several.
fn text_of(xml: impl std::io::BufRead, sink: &mut Sink) {
    let mut reader = Reader::from_reader(xml);
    let mut buffer = Vec::new();
    while !sink.is_full() {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Text(text)) => sink.push(&text),
            Ok(Event::CData(text)) => sink.push(&text),
            Ok(Event::GeneralRef(entity)) => sink.push(&character(&entity)),
            Ok(Event::End(tag)) if is_paragraph(tag.local_name().as_ref()) => sink.part(),
            Ok(Event::Empty(tag)) if is_space(tag.local_name().as_ref()) => sink.part(),
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
}

/// What a reference stands for; nothing where it is none that XML defines.
fn character(entity: &BytesRef<'_>) -> String {
    if let Ok(Some(character)) = entity.resolve_char_ref() {
        return character.to_string();
    }
    resolve_predefined_entity(entity).unwrap_or_default().to_owned()
}

/// Tabulators and breaks within a paragraph.
fn is_space(name: &str) -> bool {
    matches!(name, "tab" | "br" | "cr" | "s" | "line-break")
}

/// Paragraphs, headings, cells and single values.
fn is_paragraph(name: &str) -> bool {
    matches!(
        name,
        "p" | "h"
            | "si"
            | "c"
            | "v"
            | "table-cell"
            | "title"
            | "subject"
            | "creator"
            | "keywords"
            | "description"
    )
}
