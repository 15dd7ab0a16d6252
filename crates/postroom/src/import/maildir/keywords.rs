//! Where Dovecot and Courier keep the keywords of a Maildir's messages.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use super::split_info;
use crate::import::walk::Entries;

/// The largest file of keywords that is read: Courier's names every message that has one.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Dovecot's letters, `a` to `z`.
const LETTERS: usize = 26;

/// The keywords of one folder.
#[derive(Debug, Default)]
pub(super) struct Keywords {
    /// By letter: `a` is the first.
    letters: Vec<Option<String>>,
    /// Courier's names.
    names: Vec<String>,
    /// Which of them each file has, by the file's unique name.
    files: HashMap<String, Vec<usize>>,
}

impl Keywords {
    /// Reads what there is in `folder`. A file that cannot be read has no keywords: the messages matter more.
    pub(super) fn read(folder: &Path, inside: &Entries) -> Self {
        let mut keywords = Self::default();
        if inside.files.iter().any(|name| name == "dovecot-keywords") {
            keywords.read_dovecot(&text_of(&folder.join("dovecot-keywords")));
        }
        if inside.folders.iter().any(|name| name == "courierimapkeywords") {
            keywords.read_courier(&text_of(&folder.join("courierimapkeywords/:list")));
        }
        keywords
    }

    /// Lines of a number and the keyword that the letter of that number stands for.
    fn read_dovecot(&mut self, text: &str) {
        self.letters = vec![None; LETTERS];
        for line in text.lines() {
            let Some((number, name)) = line.split_once(' ') else { continue };
            let place = number.parse().ok().and_then(|number: usize| self.letters.get_mut(number));
            if let Some(place) = place {
                *place = Some(name.to_owned());
            }
        }
    }

    /// The keywords, a blank line, and then lines of a file's name and the numbers of its keywords.
    fn read_courier(&mut self, text: &str) {
        let mut lines = text.lines();
        self.names = lines.by_ref().take_while(|line| !line.is_empty()).map(str::to_owned).collect();
        for line in lines {
            let Some((file, numbers)) = line.rsplit_once(':') else { continue };
            let numbers = numbers.split(' ').filter_map(|number| number.parse().ok()).collect();
            self.files.insert(split_info(file).0.to_owned(), numbers);
        }
    }

    /// The keyword that a letter in a file's name stands for.
    pub(super) fn of_letter(&self, letter: char) -> Option<&str> {
        let number = u32::from(letter).checked_sub(u32::from('a'))?;
        self.letters.get(number as usize)?.as_deref()
    }

    /// The keywords that are kept for a file of this name.
    pub(super) fn of_file(&self, name: &str) -> impl Iterator<Item = &str> {
        let numbers = self.files.get(split_info(name).0).map(Vec::as_slice).unwrap_or_default();
        numbers.iter().filter_map(|&number| self.names.get(number)).map(String::as_str)
    }
}

fn text_of(path: &Path) -> String {
    let mut text = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut text));
    match read {
        Ok(_) => String::from_utf8_lossy(&text).into_owned(),
        Err(_) => String::new(),
    }
}
