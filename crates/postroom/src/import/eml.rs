//! Files of one message each, as programs save them: `.eml`, in folders that become mailboxes.

use std::path::{Path, PathBuf};

use model::{MailboxName, NamedFlags};

use super::detect::is_eml;
use super::walk::Folders;
use super::{Found, Messages, Origin, Skipped, Undetected, Wishes, date, lines, name};

/// Opens a file, or a folder with all below it.
pub(super) fn open(root: &Path, wishes: &Wishes) -> Result<(u64, Messages), Undetected> {
    let unreadable = |source| Undetected::Unreadable { path: root.to_owned(), source };
    if !std::fs::metadata(root).map_err(unreadable)?.is_dir() {
        let path = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let (wishes, root) = (wishes.clone(), root.to_owned());
        let only = std::iter::once_with(move || {
            let mailbox = wishes.into.clone().unwrap_or_else(MailboxName::inbox);
            message(&root, path, mailbox, wishes.message_bytes_max)
        });
        return Ok((1, Box::new(only)));
    }
    let count = Folders::below(root).flatten().map(|(_, entries)| emls(entries.files).count() as u64).sum();
    let wishes = wishes.clone();
    let messages = Folders::below(root).flat_map(move |folder| -> Messages {
        match folder {
            Ok((folder, entries)) => in_folder(folder.path, &folder.levels, entries.files, &wishes),
            Err(skipped) => Box::new(std::iter::once(Err(skipped))),
        }
    });
    Ok((count, Box::new(messages)))
}

fn emls(files: Vec<String>) -> impl Iterator<Item = String> {
    files.into_iter().filter(|name| is_eml(name))
}

fn in_folder(path: PathBuf, levels: &[String], files: Vec<String>, wishes: &Wishes) -> Messages {
    let mailbox = match name::mailbox(levels, wishes.into.as_ref()) {
        Ok(mailbox) => mailbox,
        Err(error) => {
            let units = emls(files).count() as u64;
            return Box::new(std::iter::once(Err(Skipped { path, why: error.into(), units })));
        }
    };
    let prefix: String = levels.iter().flat_map(|level| [level, "/"]).collect();
    let limit = wishes.message_bytes_max;
    Box::new(
        emls(files)
            .map(move |file| message(&path.join(&file), format!("{prefix}{file}"), mailbox.clone(), limit)),
    )
}

fn message(file: &Path, path: String, mailbox: MailboxName, limit: u64) -> Result<Found, Skipped> {
    let (content, changed) = lines::read_message(file, limit)?;
    // A saved file is as old as the saving, so the message's own date tells more.
    let date = date::of_header(&content).or(changed);
    let origin = Origin { path, offset: 0 };
    Ok(Found { origin, mailbox, flags: NamedFlags::default(), date, content, units: 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(into: Option<&str>) -> Wishes {
        Wishes { message_bytes_max: 100, into: into.map(|into| MailboxName::new(into).unwrap()) }
    }

    #[test]
    fn a_folder_is_read_in_order_with_folders_as_mailboxes() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("Work")).unwrap();
        let put = |name: &str, text: &str| std::fs::write(root.path().join(name), text).unwrap();
        put("b.eml", "Subject: b\nDate: Wed, 17 Jul 1996 02:23:25 -0700\n\nhello\n");
        put("Work/a.eml", "Subject: a\n\n");
        put("notes.txt", "no message");
        put("large.eml", &"x".repeat(101));
        put("none.eml", "");
        let (units, messages) = open(root.path(), &wishes(None)).unwrap();
        let all: Vec<_> = messages.collect();
        assert_eq!((units, all.len()), (4, 4));
        let b = all[0].as_ref().unwrap();
        assert_eq!((b.origin.path.as_str(), b.mailbox.as_str()), ("b.eml", "INBOX"));
        assert_eq!(b.date.unwrap().to_string(), "17-Jul-1996 02:23:25 -0700");
        assert_eq!(b.content, b"Subject: b\r\nDate: Wed, 17 Jul 1996 02:23:25 -0700\r\n\r\nhello\r\n");
        assert!(all[1].as_ref().unwrap_err().to_string().contains("101 bytes"));
        assert!(all[2].as_ref().unwrap_err().to_string().ends_with("none.eml: is empty"));
        let a = all[3].as_ref().unwrap();
        assert_eq!((a.origin.path.as_str(), a.mailbox.as_str()), ("Work/a.eml", "Work"));
        assert!(a.date.is_some(), "the file's");
    }

    #[test]
    fn a_single_file_goes_where_it_is_asked_to() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("one.eml");
        std::fs::write(&file, "Subject: one\n\n").unwrap();
        let (units, mut messages) = open(&file, &wishes(Some("Old"))).unwrap();
        let one = messages.next().unwrap().unwrap();
        assert_eq!((units, one.mailbox.as_str(), one.origin.path.as_str()), (1, "Old", "one.eml"));
        assert!(messages.next().is_none());
    }
}
