//! Postfix's socketmap: a mail server asks whose an address is (Postfix's socketmap_table(5)).
//!
//! A request is a netstring `map key`, an answer a netstring `OK value`, `NOTFOUND `, `TEMP reason` or `PERM reason`.
//! Three maps are served: `domains`, `mailboxes` and `aliases`.

mod netstring;
mod session;

use std::sync::Arc;
use std::time::Duration;

use delivery::{Address, Delivery, Undelivered};
use net::{Conn, Drain};

pub use netstring::REQUEST_BYTES_MAX;

/// The longest answer, in bytes: Postfix refuses longer ones (`socketmap_max_reply_size`).
pub const REPLY_BYTES_MAX: usize = 100_000;
/// How long a client may be silent: Postfix keeps its connections for as long as it may need them again.
pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(600);

/// Answers lookups.
pub struct SocketmapServer {
    delivery: Arc<Delivery>,
    timeout: Duration,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Found(String),
    NotFound,
    /// We failed; ask again.
    Later(&'static str),
    /// The question makes no sense.
    Wrong(&'static str),
}

impl Answer {
    /// For the log.
    const fn name(&self) -> &'static str {
        match self {
            Self::Found(_) => "OK",
            Self::NotFound => "NOTFOUND",
            Self::Later(_) => "TEMP",
            Self::Wrong(_) => "PERM",
        }
    }
}

impl SocketmapServer {
    /// A server that knows the users and aliases that `delivery` delivers to.
    #[must_use]
    pub const fn new(delivery: Arc<Delivery>, timeout: Duration) -> Self {
        Self { delivery, timeout }
    }

    /// Serves one connection to its end.
    pub async fn serve(self: Arc<Self>, conn: Conn, drain: Drain) {
        session::run(&self, conn, drain).await;
    }

    /// Looks one key up.
    async fn answer(&self, request: &[u8]) -> Answer {
        let Ok(request) = std::str::from_utf8(request) else { return Answer::NotFound };
        let Some((map, key)) = request.split_once(' ') else {
            return Answer::Wrong("a request is a map, a space and a key");
        };
        let answer = match map {
            "domains" if self.delivery.keeps(key) => Answer::Found(key.to_owned()),
            "domains" => Answer::NotFound,
            "mailboxes" => self.mailbox(key).await,
            "aliases" => self.alias(key).await,
            _ => Answer::Wrong("the maps here are domains, mailboxes and aliases"),
        };
        match answer {
            Answer::Found(value) if value.len() > REPLY_BYTES_MAX => {
                Answer::Later("the alias leads to more addresses than Postfix takes")
            }
            answer => answer,
        }
    }

    /// Whether mail for an address is taken, by LMTP's own rules.
    async fn mailbox(&self, key: &str) -> Answer {
        // Postfix also asks for user names alone and for `@domain`; only whole addresses are anybody's.
        let address = Address::plain(key);
        if address.domain.is_none() || address.local.is_empty() {
            return Answer::NotFound;
        }
        match self.delivery.recipient(address).await {
            Ok(recipient) => Answer::Found(recipient.address().to_owned()),
            // There is such an alias; delivery says what is wrong with it.
            Err(Undelivered::AliasTrouble) => Answer::Found(key.to_owned()),
            Err(undelivered) => missing(&undelivered),
        }
    }

    /// Where an alias leads to, one step on.
    async fn alias(&self, key: &str) -> Answer {
        match self.delivery.alias(&Address::plain(key)).await {
            Ok(Some(targets)) => Answer::Found(targets.join(",")),
            Ok(None) => Answer::NotFound,
            Err(undelivered) => missing(&undelivered),
        }
    }
}

fn missing(undelivered: &Undelivered) -> Answer {
    match undelivered.may_pass() {
        true => Answer::Later("the directory cannot be asked"),
        false => Answer::NotFound,
    }
}

impl Answer {
    fn write(&self, out: &mut Vec<u8>) {
        let text = match self {
            Self::Found(value) => format!("OK {value}"),
            Self::NotFound => "NOTFOUND ".to_owned(),
            Self::Later(reason) => format!("TEMP {reason}"),
            Self::Wrong(reason) => format!("PERM {reason}"),
        };
        netstring::write(text.as_bytes(), out);
    }
}
