//! `postroom index`: how much of the users' mail is in the text index, and making the index anew.

use clap::Subcommand;

use super::{Where, done};
use crate::config::size;
use crate::control::client::Client;
use crate::control::protocol::{Reply, Request};
use crate::failure::Failure;
use crate::say::say;

#[derive(Debug, Subcommand)]
pub(super) enum Index {
    /// Show how much of each user's mail is indexed, and how large the index is
    Show {
        /// Only this user, by full address or by name in the default domain
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        #[command(flatten)]
        place: Where,
    },
    /// Drop the index and make it anew; meanwhile searches look at every message
    Rebuild {
        /// Only this user's, by full address or by name in the default domain
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        #[command(flatten)]
        place: Where,
    },
}

impl Index {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Show { user, place } => show(&mut place.connect()?, &Request::IndexShow { login: user }),
            Self::Rebuild { user, place } => {
                show(&mut place.connect()?, &Request::IndexRebuild { login: user })
            }
        }
    }
}

fn show(client: &mut Client, request: &Request) -> Result<(), Failure> {
    client.send(request)?;
    loop {
        match client.receive()? {
            Reply::Indexed { login, messages, pending, text_bytes, bytes } => {
                let (text, takes) = (size::write(text_bytes), size::write(bytes));
                let share = bytes * 100 / text_bytes.max(1);
                say(format_args!(
                    "{login}: {messages} messages with {text} of text in {takes} ({share} %), {pending} not yet"
                ));
            }
            other => return done(other),
        }
    }
}
