//! getmail: each message once into a Maildir, told apart by UIDVALIDITY and UID; left on the server, or deleted from it.

use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};

use super::home::Home;
use super::server::Server;
use super::{PASSWORD, USER, contents, fill, login, maildir, run};

/// The user and group of nobody: getmail does not deliver for root.
const NOBODY: u32 = 65534;

struct Getmail {
    home: Home,
    maildir: PathBuf,
    /// Because the tests are root's.
    as_nobody: bool,
}

impl Getmail {
    fn new(server: &Server) -> Self {
        let home = Home::new(server);
        let maildir = home.path().join("mail");
        for folder in ["cur", "new", "tmp"] {
            std::fs::create_dir_all(maildir.join(folder)).unwrap();
        }
        home.write(
            "getmailrc",
            &format!(
                "[retriever]\ntype = SimpleIMAPSSLRetriever\nserver = localhost\nport = {}\nusername = {USER}\n\
                 password = {PASSWORD}\nca_certs = {}\nmailboxes = (\"INBOX\", \"Projects\")\n\n\
                 [destination]\ntype = Maildir\npath = {}/\n\n[options]\nread_all = false\n",
                server.imaps().port(),
                home.certificate().display(),
                maildir.display(),
            ),
        );
        let as_nobody = std::fs::metadata(home.path()).unwrap().uid() == 0;
        if as_nobody {
            give_to_nobody(home.path());
        }
        Self { home, maildir, as_nobody }
    }

    /// Retrieves what is new, and gives back what the Maildir has then.
    fn retrieve(&self, delete: &str) -> Vec<String> {
        let mut getmail = self.home.command("getmail");
        getmail.arg("--getmaildir").arg(self.home.path()).args(["--rcfile", "getmailrc", delete]);
        if self.as_nobody {
            getmail.uid(NOBODY).gid(NOBODY);
        }
        run(&mut getmail);
        maildir::contents(&self.maildir)
    }
}

fn give_to_nobody(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() {
        std::fs::read_dir(path).unwrap().for_each(|entry| give_to_nobody(&entry.unwrap().path()));
    }
}

#[test]
fn getmail_takes_each_message_once_and_deletes_when_told_to() {
    let server = Server::start(None);
    login(&server).expect("CREATE Projects").unwrap();
    fill(&server, "INBOX", 1..=3);
    fill(&server, "Projects", 4..=5);
    let getmail = Getmail::new(&server);

    let first = ["Message 1", "Message 2", "Message 3", "Message 4", "Message 5"];
    assert_eq!(getmail.retrieve("--dont-delete"), first);
    assert_eq!(getmail.retrieve("--dont-delete"), first);
    // It only looked: nothing is marked as read.
    assert_eq!(contents(&server, "INBOX"), first[..3]);
    assert_eq!(contents(&server, "Projects"), first[3..]);

    fill(&server, "INBOX", [6]);
    let all = ["Message 1", "Message 2", "Message 3", "Message 4", "Message 5", "Message 6"];
    assert_eq!(getmail.retrieve("--delete"), all);
    assert_eq!(contents(&server, "INBOX"), [""; 0]);
    assert_eq!(contents(&server, "Projects"), [""; 0]);
    server.check();
}
