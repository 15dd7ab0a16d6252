//! Maildir and Maildir++: a file for each message, its flags in the file's name.
//!
//! Folders are those of Maildir++ (`.Sent.2024` beside `cur`) and plain folders in folders. Keywords are read where
//! Dovecot (`dovecot-keywords`) and Courier (`courierimapkeywords/:list`) keep them.

mod keywords;

use std::path::{Path, PathBuf};

use model::{Flags, MailboxName, NamedFlags};

use self::keywords::Keywords;
use super::detect::is_maildir;
use super::walk::{Entries, Folder, Folders, entries};
use super::{Found, Messages, Origin, Skipped, Undetected, Wishes, add_keyword, lines, name};

/// The folders of a Maildir that hold its messages. What is in `tmp` has not arrived.
const ARRIVED: [&str; 2] = ["cur", "new"];

/// Opens a Maildir with all its folders.
pub(super) fn open(root: &Path, wishes: &Wishes) -> Result<(u64, Messages), Undetected> {
    std::fs::read_dir(root).map_err(|source| Undetected::Unreadable { path: root.to_owned(), source })?;
    let count = folders(root).flatten().map(|(folder, _)| count(&folder)).sum();
    let wishes = wishes.clone();
    let messages = folders(root).flat_map(move |folder| -> Messages {
        match folder {
            Ok((folder, entries)) => in_folder(&folder, &entries, &wishes),
            Err(skipped) => Box::new(std::iter::once(Err(skipped))),
        }
    });
    Ok((count, Box::new(messages)))
}

/// The folders that hold messages.
fn folders(root: &Path) -> impl Iterator<Item = Result<(Folder, Entries), Skipped>> + use<> {
    Folders::below(root).filter(|folder| folder.as_ref().map_or(true, |(_, entries)| is_maildir(entries)))
}

fn count(folder: &Folder) -> u64 {
    let files = |of: &str| entries(&folder.path.join(of)).map_or(0, |e| visible(e.files).count() as u64);
    ARRIVED.iter().map(|of| files(of)).sum()
}

fn visible(files: Vec<String>) -> impl Iterator<Item = String> {
    files.into_iter().filter(|name| !name.starts_with('.'))
}

/// The levels of a folder's name: those of Maildir++ are all in one, after a dot.
fn levels(folder: &Folder) -> Vec<String> {
    let mut levels = Vec::new();
    for level in &folder.levels {
        match level.strip_prefix('.') {
            Some(dotted) => levels.extend(dotted.split('.').map(name::from_utf7)),
            None => levels.push(name::from_utf7(level)),
        }
    }
    levels
}

fn in_folder(folder: &Folder, inside: &Entries, wishes: &Wishes) -> Messages {
    let skipped = |why, units| -> Messages {
        Box::new(std::iter::once(Err(Skipped { path: folder.path.clone(), why, units })))
    };
    let mailbox = match name::mailbox(&levels(folder), wishes.into.as_ref()) {
        Ok(mailbox) => mailbox,
        Err(error) => return skipped(error.into(), count(folder)),
    };
    let files = match files(&folder.path) {
        Ok(files) => files,
        Err(error) => return skipped(error.into(), 0),
    };
    let reader = Reader {
        path: folder.path.clone(),
        prefix: folder.levels.iter().flat_map(|level| [level, "/"]).collect(),
        mailbox,
        keywords: Keywords::read(&folder.path, inside),
        limit: wishes.message_bytes_max,
    };
    Box::new(files.into_iter().map(move |file| reader.message(&file)))
}

/// A message's file: which of [`ARRIVED`] it is in, and its name.
struct File {
    of: &'static str,
    name: String,
}

/// The files of a folder in the order in which they arrived, which is that of the times that their names begin with.
fn files(folder: &Path) -> std::io::Result<Vec<File>> {
    let mut files = Vec::new();
    for of in ARRIVED {
        files.extend(visible(entries(&folder.join(of))?.files).map(|name| File { of, name }));
    }
    let time = |file: &File| file.name.split('.').next().and_then(|time| time.parse::<u64>().ok());
    files.sort_unstable_by(|a, b| {
        let by_time = time(a).unwrap_or(u64::MAX).cmp(&time(b).unwrap_or(u64::MAX));
        by_time.then_with(|| a.name.cmp(&b.name))
    });
    Ok(files)
}

/// Reads the messages of one folder.
struct Reader {
    path: PathBuf,
    prefix: String,
    mailbox: MailboxName,
    keywords: Keywords,
    limit: u64,
}

impl Reader {
    fn message(&self, file: &File) -> Result<Found, Skipped> {
        let path = self.path.join(file.of).join(&file.name);
        let (content, date) = lines::read_message(&path, self.limit)?;
        let (unique, info) = split_info(&file.name);
        Ok(Found {
            // Reading a message moves it from `new` to `cur`, and flagging it changes the rest of its name.
            origin: Origin { path: format!("{}{unique}", self.prefix), offset: 0 },
            mailbox: self.mailbox.clone(),
            flags: self.flags(&file.name, info),
            date,
            content,
            units: 1,
        })
    }

    fn flags(&self, file: &str, info: &str) -> NamedFlags {
        let mut flags = NamedFlags::default();
        for letter in info.chars() {
            match system_flag(letter) {
                Some(flag) => flags.system = flags.system.with(flag),
                // RFC 5788 §3.4.1 has a keyword for what Maildir calls passed.
                None if letter == 'P' => add_keyword(&mut flags, "$Forwarded"),
                None => {
                    self.keywords.of_letter(letter).into_iter().for_each(|name| add_keyword(&mut flags, name))
                }
            }
        }
        for name in self.keywords.of_file(file) {
            add_keyword(&mut flags, name);
        }
        flags
    }
}

/// A file's unique name and the letters of its flags, which come after `:2,`. Where a colon cannot be in a name, other
/// characters take its place.
fn split_info(name: &str) -> (&str, &str) {
    match name.rsplit_once("2,").map(|(before, letters)| (before.strip_suffix([':', ';', '!', '-']), letters))
    {
        Some((Some(unique), letters)) => (unique, letters),
        _ => (name.split_once(':').map_or(name, |(unique, _)| unique), ""),
    }
}

fn system_flag(letter: char) -> Option<Flags> {
    Some(match letter {
        'D' => Flags::DRAFT,
        'F' => Flags::FLAGGED,
        'R' => Flags::ANSWERED,
        'S' => Flags::SEEN,
        'T' => Flags::DELETED,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maildir(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            let folder = path.parent().unwrap().parent().unwrap();
            for part in ["cur", "new", "tmp"] {
                std::fs::create_dir_all(folder.join(part)).unwrap();
            }
            std::fs::write(&path, format!("Subject: {file}\n\n")).unwrap();
        }
        root
    }

    fn read(root: &Path) -> Vec<Found> {
        let (units, messages) = open(root, &Wishes { message_bytes_max: 1000, into: None }).unwrap();
        let all: Vec<Found> = messages.map(Result::unwrap).collect();
        assert_eq!(units, all.len() as u64);
        all
    }

    fn named(flags: &NamedFlags) -> (Flags, Vec<&str>) {
        (flags.system, flags.keywords.iter().map(model::Keyword::as_str).collect())
    }

    #[test]
    fn flags_and_folders_are_read() {
        let root = maildir(&[
            "cur/1000000000.a:2,FRS",
            "new/1000000001.b",
            "cur/999999999.c:2,PT",
            "tmp/1000000003.d",
            ".Sent.Entw&APw-rfe/cur/1.x:2,D",
        ]);
        let all = read(root.path());
        let seen: Vec<_> =
            all.iter().map(|m| (m.origin.path.as_str(), m.mailbox.as_str(), named(&m.flags))).collect();
        let flagged = Flags::FLAGGED.with(Flags::ANSWERED).with(Flags::SEEN);
        assert_eq!(
            seen,
            [
                ("999999999.c", "INBOX", (Flags::DELETED, vec!["$Forwarded"])),
                ("1000000000.a", "INBOX", (flagged, vec![])),
                ("1000000001.b", "INBOX", (Flags::NONE, vec![])),
                (".Sent.Entw&APw-rfe/1.x", "Sent/Entw\u{fc}rfe", (Flags::DRAFT, vec![])),
            ]
        );
        assert!(all.iter().all(|m| m.date.is_some() && m.content.ends_with(b"\r\n\r\n")));
    }

    #[test]
    fn plain_folders_in_folders_are_mailboxes_too() {
        let root = maildir(&["INBOX/cur/1.a", "Work/cur/2.b", "Work/2024/cur/3.c"]);
        let names: Vec<String> = read(root.path()).iter().map(|m| m.mailbox.to_string()).collect();
        assert_eq!(names, ["INBOX", "Work", "Work/2024"]);
    }

    #[test]
    fn reading_a_message_elsewhere_does_not_make_it_another_source() {
        let before = maildir(&["new/1.a"]);
        let after = maildir(&["cur/1.a:2,S"]);
        std::fs::write(after.path().join("cur/1.a:2,S"), "Subject: new/1.a\n\n").unwrap();
        let (before, after) = (read(before.path()), read(after.path()));
        assert_eq!(before[0].identity(), after[0].identity());
    }

    #[test]
    fn two_equal_messages_are_two_sources() {
        let root = maildir(&["cur/1.a", "cur/1.b"]);
        std::fs::write(root.path().join("cur/1.b"), "Subject: cur/1.a\n\n").unwrap();
        let all = read(root.path());
        assert_eq!(all[0].content, all[1].content);
        assert_ne!(all[0].identity(), all[1].identity());
    }

    #[test]
    fn keywords_of_dovecot_and_courier_are_read() {
        let root = maildir(&["cur/1.a:2,Sab", "cur/2.b:2,"]);
        std::fs::write(root.path().join("dovecot-keywords"), "0 $Label1\n1 NotJunk\nx\n27 far\n").unwrap();
        std::fs::create_dir(root.path().join("courierimapkeywords")).unwrap();
        std::fs::write(root.path().join("courierimapkeywords/:list"), "Work\nHome\n\n2.b:1 0 7\n").unwrap();
        let all = read(root.path());
        assert_eq!(named(&all[0].flags), (Flags::SEEN, vec!["$Label1", "NotJunk"]));
        assert_eq!(named(&all[1].flags), (Flags::NONE, vec!["Home", "Work"]));
    }

    #[test]
    fn the_unique_name_is_what_stands_before_the_info() {
        assert_eq!(split_info("1.a:2,FS"), ("1.a", "FS"));
        assert_eq!(split_info("1.a,S=12,W=13:2,"), ("1.a,S=12,W=13", ""));
        assert_eq!(split_info("1.a;2,S"), ("1.a", "S"));
        assert_eq!(split_info("1.a2,b"), ("1.a2,b", ""));
        assert_eq!(split_info("1.a:1,x"), ("1.a", ""));
    }
}
