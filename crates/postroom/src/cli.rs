//! The command line: what can be typed, and which part carries it out.

mod quota;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use index::Index;
use model::MailboxName;
use quota::Quota;

use crate::config::{Config, SAMPLE};
use crate::control::client::{Client, ClientFault};
use crate::control::protocol::{Reply, Request, Secret};
use crate::failure::Failure;
use crate::import::{self, Format};
use crate::say::say;
use crate::{demo, password, rebuild, serve};

mod index;
mod mail;

use mail::{Alias, Deliver};

/// Where a demo keeps everything, and where commands look for a server, unless told otherwise.
const DATA: &str = "./postroom-data";

/// An IMAP server whose every device sees the same.
#[derive(Debug, Parser)]
#[command(name = "postroom", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a server to try, without any configuration: two users, sample mail, a self-signed certificate
    Demo(Demo),
    /// Run the server
    Serve {
        /// The configuration file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Say whether a configuration is good
    CheckConfig {
        /// The configuration file
        #[arg(long, value_name = "FILE", required_unless_present = "sample")]
        config: Option<PathBuf>,
        /// Print a commented sample instead
        #[arg(long, conflicts_with = "config")]
        sample: bool,
    },
    /// Make, list and remove users
    #[command(subcommand)]
    User(User),
    /// Make, list and remove aliases and groups
    #[command(subcommand)]
    Alias(Alias),
    /// Deliver a message from the standard input, as a mail server would
    Deliver(Deliver),
    /// Import mail from a Maildir, an mbox or a folder of .eml files
    Import(Import),
    /// Read documents for the server, which starts it by itself
    #[command(hide = true)]
    ReadDocuments,
    /// Limit how much mail users and domains may keep, and show how much they do
    #[command(subcommand)]
    Quota(Quota),
    /// Show how much of the mail is in the text index, or make it anew
    #[command(subcommand)]
    Index(Index),
    /// Prove that the store is consistent, also while the server runs
    Check(Check),
    /// Make the store anew from its segments when its engine is lost; the server must not run
    Rebuild(Rebuild),
}

#[derive(Debug, Args)]
struct Demo {
    /// The folder that everything is kept in
    #[arg(long, value_name = "DIR", default_value = DATA)]
    data: PathBuf,
    /// Where to listen for IMAP with STARTTLS
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:1143")]
    imap: SocketAddr,
    /// Where to listen for IMAP inside TLS
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:1993")]
    imaps: SocketAddr,
    /// Where to serve health and metrics
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    http: SocketAddr,
    /// Where to take mail over LMTP; nowhere unless given
    #[arg(long, value_name = "ADDR")]
    lmtp: Option<SocketAddr>,
    /// A user to make instead of the usual two; any number of times
    #[arg(long = "user", value_name = "NAME:PASSWORD", value_parser = name_and_password)]
    users: Vec<(String, String)>,
    /// Make no sample mail
    #[arg(long)]
    empty: bool,
    /// Take passwords without TLS, from this machine only
    #[arg(long)]
    insecure_loopback: bool,
}

/// Which server, or which store when no server runs.
#[derive(Debug, Args)]
struct Where {
    /// The data folder
    #[arg(long, value_name = "DIR", default_value = DATA)]
    data: PathBuf,
    /// The configuration of the server, which names the data folder
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum User {
    /// Make a user; the password is asked for
    Add {
        /// The full address, or a name in the default domain
        name: String,
        /// The language of the folders' names, such as de; what the configuration says unless given
        #[arg(long, value_name = "TAG")]
        language: Option<String>,
        #[command(flatten)]
        password: PasswordFrom,
        #[command(flatten)]
        place: Where,
    },
    /// List all users
    List {
        #[command(flatten)]
        place: Where,
    },
    /// Give a user another password, which is asked for
    Passwd {
        /// The full address, or a name in the default domain
        name: String,
        #[command(flatten)]
        password: PasswordFrom,
        #[command(flatten)]
        place: Where,
    },
    /// Remove a user with all mail
    Remove {
        /// The full address, or a name in the default domain
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        place: Where,
    },
}

#[derive(Debug, Args)]
struct PasswordFrom {
    /// Read the password from the first line of the standard input
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Args)]
struct Import {
    /// A Maildir, an mbox file, an .eml file, or a folder of them
    source: PathBuf,
    /// Whose mail it is
    #[arg(long, value_name = "NAME")]
    user: String,
    /// The mailbox to put everything into; the source's other mailboxes are put below it
    #[arg(long, value_name = "MAILBOX", value_parser = mailbox_name)]
    into: Option<MailboxName>,
    /// What the source is, if it shall not be guessed
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Import once more what was imported before
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Args)]
struct Check {
    /// Only this user's account, or the account of this number
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Read every message too, and compare it with its checksum
    #[arg(long)]
    hashes: bool,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Args)]
struct Rebuild {
    /// Rebuild it also if the engine is whole; the changes of the last minutes are undone
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    place: Where,
}

fn name_and_password(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((name, password)) if !name.is_empty() && !password.is_empty() => {
            Ok((name.to_owned(), password.to_owned()))
        }
        _ => Err("write a name, a colon and a password".to_owned()),
    }
}

fn mailbox_name(text: &str) -> Result<MailboxName, model::InvalidName> {
    MailboxName::new(text)
}

impl Where {
    fn config(&self) -> Result<Config, Failure> {
        Ok(match &self.config {
            Some(file) => Config::load(file)?,
            None => Config::demo(self.data.clone()),
        })
    }

    fn connect(&self) -> Result<Client, Failure> {
        Client::connect(&self.config()?)
    }
}

impl Cli {
    /// Does what was typed.
    ///
    /// # Errors
    /// It failed.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Demo(demo) => demo.run(),
            Command::Serve { config } => serve::serve(&Config::load(&config)?),
            Command::CheckConfig { config, .. } => check_config(config),
            Command::User(user) => user.run(),
            Command::Alias(alias) => alias.run(),
            Command::Deliver(deliver) => deliver.run(),
            Command::Import(import) => import.run(),
            Command::ReadDocuments => documents::serve().map_err(Failure::ReadDocuments),
            Command::Quota(quota) => quota.run(),
            Command::Index(index) => index.run(),
            Command::Check(check) => check.run(),
            Command::Rebuild(Rebuild { force, place }) => rebuild::run(&place.config()?, force),
        }
    }
}

fn check_config(file: Option<PathBuf>) -> Result<(), Failure> {
    match file {
        None => say(SAMPLE.trim_end()),
        Some(file) => {
            serve::check(&Config::load(&file)?)?;
            say(format_args!("{} is good", file.display()));
        }
    }
    Ok(())
}

impl Demo {
    fn run(self) -> Result<(), Failure> {
        let Self { data, imap, imaps, http, lmtp, users, empty, insecure_loopback } = self;
        demo::run(&demo::Wishes { data, imap, imaps, http, lmtp, users, empty, insecure_loopback })
    }
}

impl User {
    fn run(self) -> Result<(), Failure> {
        match self {
            Self::Add { name, language, password, place } => {
                let mut client = place.connect()?;
                let password = Secret(password::new_password(password.password_stdin)?);
                done(client.ask(&Request::UserAdd { login: name, password, language })?)
            }
            Self::List { place } => list(&mut place.connect()?),
            Self::Passwd { name, password, place } => {
                let mut client = place.connect()?;
                let password = Secret(password::new_password(password.password_stdin)?);
                done(client.ask(&Request::UserPasswd { login: name, password })?)
            }
            Self::Remove { name, yes, place } => {
                if !yes && !password::confirmed(&format!("Remove {name} with all mail?")) {
                    return Err(Failure::NotConfirmed);
                }
                done(place.connect()?.ask(&Request::UserRemove { login: name })?)
            }
        }
    }
}

fn done(reply: Reply) -> Result<(), Failure> {
    match reply {
        Reply::Done => Ok(()),
        other => Err(ClientFault::Unexpected(other).into()),
    }
}

fn list(client: &mut Client) -> Result<(), Failure> {
    client.send(&Request::UserList)?;
    loop {
        match client.receive()? {
            Reply::User { login, enabled: true } => say(login),
            Reply::User { login, enabled: false } => say(format_args!("{login} (disabled)")),
            other => return done(other),
        }
    }
}

impl Import {
    fn run(self) -> Result<(), Failure> {
        let Self { source: root, user: login, into, format, again, place } = self;
        let mut client = place.connect()?;
        let order = import::Order { login, root, format, into, again };
        let summary = import::run(&mut client, &order)?;
        say(summary);
        match summary.skipped {
            0 => Ok(()),
            skipped => Err(Failure::Skipped { skipped }),
        }
    }
}

impl Check {
    fn run(self) -> Result<(), Failure> {
        let mut client = self.place.connect()?;
        client.send(&Request::Check { account: self.account, hashes: self.hashes })?;
        loop {
            match client.receive()? {
                Reply::Problem { text } => say(text),
                Reply::Checked { accounts, mailboxes, messages, hashed, problems } => {
                    say(format_args!(
                        "{accounts} accounts, {mailboxes} mailboxes, {messages} messages, {hashed} of them read: \
                         {problems} problems"
                    ));
                    return if problems == 0 { Ok(()) } else { Err(Failure::Inconsistent { problems }) };
                }
                other => return Err(ClientFault::Unexpected(other).into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_demo_has_the_usual_addresses() {
        let cli = Cli::try_parse_from(["postroom", "demo", "--user", "ada:a:b"]).unwrap();
        let Command::Demo(demo) = cli.command else { panic!("{cli:?}") };
        assert_eq!(demo.imap.to_string(), "127.0.0.1:1143");
        assert_eq!(demo.imaps.to_string(), "127.0.0.1:1993");
        assert_eq!(demo.http.to_string(), "127.0.0.1:8080");
        assert_eq!(demo.users, [("ada".to_owned(), "a:b".to_owned())], "a password may have colons");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for args in [
            &["postroom", "demo", "--user", "ada"][..],
            &["postroom", "serve"],
            &["postroom", "check-config"],
            &["postroom", "import", "x"],
            &["postroom", "import", "x", "--user", "ada", "--into", "a//b"],
            &["postroom", "user", "add", "ada", "--password", "secret"],
            &["postroom", "check", "--data", "d", "--config", "c"],
            &["postroom", "quota", "set", "--each"],
            &["postroom", "quota", "set", "--each", "--user", "ada", "--messages", "1"],
            &["postroom", "quota", "set", "--storage", "1 GiB"],
            &["postroom", "quota", "show"],
        ] {
            assert!(Cli::try_parse_from(args).is_err(), "{args:?}");
        }
    }
}
