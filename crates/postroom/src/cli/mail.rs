//! `postroom alias` and `postroom deliver`: where mail goes, and mail itself.

use std::collections::BTreeMap;
use std::io::{Read, stdin};

use clap::{Args, Subcommand};

use super::{Where, done};
use crate::control::client::{Client, ClientFault};
use crate::control::deliver::EX_TEMPFAIL;
use crate::control::protocol::{NotDelivered, Reply, Request};
use crate::failure::Failure;
use crate::import::with_crlf;
use crate::say::say;

/// `sysexits.h`: the configuration is wrong.
const EX_CONFIG: u8 = 78;
/// The message cannot be read.
const EX_NOINPUT: u8 = 66;

#[derive(Debug, Subcommand)]
pub(super) enum Alias {
    /// Make mail for an address go to users or to other aliases; a group when there are several
    Add {
        /// The address, a name in the default domain, or @ and a domain for all that is nobody's there
        name: String,
        /// Where its mail goes
        #[arg(required = true)]
        targets: Vec<String>,
        #[command(flatten)]
        place: Where,
    },
    /// List all aliases with where they lead to
    List {
        #[command(flatten)]
        place: Where,
    },
    /// Remove an alias, or some of the addresses it leads to
    Remove {
        /// The alias
        name: String,
        /// Only these addresses; all if none is given
        targets: Vec<String>,
        #[command(flatten)]
        place: Where,
    },
}

#[derive(Debug, Args)]
pub(super) struct Deliver {
    /// Whom to deliver to; any number of times
    #[arg(long = "to", value_name = "ADDRESS", required = true)]
    to: Vec<String>,
    /// Who sent it, for Return-Path; nobody unless given
    #[arg(long, value_name = "ADDRESS", default_value = "")]
    from: String,
    #[command(flatten)]
    place: Where,
}

impl Alias {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Add { name, targets, place } => {
                let mut client = place.connect()?;
                for target in targets {
                    done(client.ask(&Request::AliasAdd { name: name.clone(), target })?)?;
                }
                Ok(())
            }
            Self::List { place } => list(&mut place.connect()?),
            Self::Remove { name, targets, place } => {
                let mut client = place.connect()?;
                if targets.is_empty() {
                    return done(client.ask(&Request::AliasRemove { name, target: None })?);
                }
                for target in targets {
                    done(client.ask(&Request::AliasRemove { name: name.clone(), target: Some(target) })?)?;
                }
                Ok(())
            }
        }
    }
}

fn list(client: &mut Client) -> Result<(), Failure> {
    client.send(&Request::AliasList)?;
    let mut aliases: BTreeMap<String, Vec<String>> = BTreeMap::new();
    loop {
        match client.receive()? {
            Reply::Alias { name, target } => aliases.entry(name).or_default().push(target),
            other => {
                for (name, targets) in aliases {
                    say(format_args!("{name}: {}", targets.join(", ")));
                }
                return done(other);
            }
        }
    }
}

impl Deliver {
    /// Every failure has a code of `sysexits.h`: mail servers keep a message for another try when it is 75.
    pub(super) fn run(self) -> Result<(), Failure> {
        let undelivered = self.deliver().map_err(|failure| match failure {
            already @ Failure::NotDelivered { .. } => already,
            Failure::Config(why) => Failure::NotDelivered { exit: EX_CONFIG, why: why.to_string() },
            other => Failure::NotDelivered { exit: EX_TEMPFAIL, why: other.to_string() },
        })?;
        let exits = || undelivered.iter().flatten().map(|not| not.exit);
        // Where one may be reached at another try, the mail server has to keep the message.
        let exit = exits().find(|&exit| exit == EX_TEMPFAIL).or_else(|| exits().next());
        let Some(exit) = exit else { return Ok(()) };
        let told = self.to.iter().zip(&undelivered);
        let why = told.filter_map(|(to, not)| Some(format!("{to}: {}", not.as_ref()?.why)));
        Err(Failure::NotDelivered { exit, why: why.collect::<Vec<_>>().join("; ") })
    }

    fn deliver(&self) -> Result<Vec<Option<NotDelivered>>, Failure> {
        let config = self.place.config()?;
        let limit = config.limits.message_bytes;
        let mut message = Vec::new();
        let read = stdin().lock().take(limit + 1).read_to_end(&mut message);
        read.map_err(|error| Failure::NotDelivered { exit: EX_NOINPUT, why: error.to_string() })?;
        let message = with_crlf(message);
        let mut client = Client::connect(&config)?;
        let bytes = message.len() as u64;
        client.send(&Request::Deliver { to: self.to.clone(), from: self.from.clone(), bytes })?;
        client.send_bytes(&message)?;
        match client.receive()? {
            Reply::Delivered { undelivered } => Ok(undelivered),
            other => Err(ClientFault::Unexpected(other).into()),
        }
    }
}
