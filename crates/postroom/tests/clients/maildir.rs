//! Reading a Maildir that a client keeps.

use std::path::{Path, PathBuf};

/// The files of a Maildir's messages, read or not, in no order.
pub(crate) fn files(maildir: &Path) -> Vec<PathBuf> {
    let files = |sub: &str| std::fs::read_dir(maildir.join(sub)).unwrap();
    files("cur").chain(files("new")).map(|file| file.unwrap().path()).collect()
}

/// The subjects of a Maildir's messages with the letters of their flags, sorted: `Message 1 FS`.
pub(crate) fn contents(maildir: &Path) -> Vec<String> {
    let mut contents: Vec<String> = files(maildir).iter().map(|file| subject_and_flags(file)).collect();
    contents.sort_unstable();
    contents
}

/// The file of the message with this subject.
pub(crate) fn find(maildir: &Path, subject: &str) -> PathBuf {
    files(maildir).into_iter().find(|file| read_subject(file) == subject).unwrap()
}

/// Gives a message these flags, in the order of the alphabet, as a reader of the Maildir would.
pub(crate) fn flag(maildir: &Path, subject: &str, flags: &str) {
    let file = find(maildir, subject);
    let name = file.file_name().unwrap().to_string_lossy();
    let base = name.split(":2,").next().unwrap();
    std::fs::rename(&file, maildir.join("cur").join(format!("{base}:2,{flags}"))).unwrap();
}

fn subject_and_flags(file: &Path) -> String {
    let name = file.file_name().unwrap().to_string_lossy();
    let flags = name.split_once(":2,").map_or("", |(_, flags)| flags);
    format!("{} {flags}", read_subject(file)).trim_end().to_owned()
}

fn read_subject(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap().to_owned()
}
