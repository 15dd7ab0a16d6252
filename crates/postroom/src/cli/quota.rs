//! `postroom quota`: limits of what users and domains may keep, and how much is kept.

use clap::{Args, Subcommand};

use super::{Where, done};
use crate::config::size;
use crate::control::client::{Client, ClientFault};
use crate::control::protocol::{Bound, QuotaWhose, Reply, Request};
use crate::failure::Failure;
use crate::say::say;

#[derive(Debug, Subcommand)]
pub(super) enum Quota {
    /// List the limits that are set
    List {
        #[command(flatten)]
        place: Where,
    },
    /// Show what a user or a domain keeps, and may keep
    Show {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        place: Where,
    },
    /// Set limits; what is not named stays as it is
    Set {
        #[command(flatten)]
        whose: Whose,
        /// How much: a size such as "5 GiB", "unlimited", or "inherited" for what is said in more general terms
        #[arg(long, value_name = "SIZE", value_parser = size_bound, required_unless_present = "messages")]
        storage: Option<Bound>,
        /// How many messages: a number, "unlimited", or "inherited"
        #[arg(long, value_name = "COUNT", value_parser = count_bound)]
        messages: Option<Bound>,
        #[command(flatten)]
        place: Where,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Who {
    /// A user, by full address or by name in the default domain
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// All users of a domain together; their sum is known only where it is limited
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<String>,
}

/// Whose limits; of what is said of a user, of each user of a domain and of each user, the first holds.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Whose {
    /// One user, by full address or by name in the default domain
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Each user of a domain
    #[arg(long, value_name = "DOMAIN")]
    each_of: Option<String>,
    /// Each user
    #[arg(long)]
    each: bool,
    /// All users of a domain together, beside what holds for each
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<String>,
}

impl From<Whose> for QuotaWhose {
    fn from(whose: Whose) -> Self {
        let Whose { user, each_of, domain, .. } = whose;
        let user = user.map(|name| Self::User { name });
        let each_of = each_of.map(|domain| Self::EachOf { domain });
        let domain = domain.map(|domain| Self::Domain { domain });
        user.or(each_of).or(domain).unwrap_or(Self::Each)
    }
}

fn size_bound(text: &str) -> Result<Bound, String> {
    bound(text, size::parse).ok_or_else(|| {
        "write a size such as 500 MiB or 5 GiB (B, KiB, MiB, GiB, TiB), unlimited or inherited".to_owned()
    })
}

fn count_bound(text: &str) -> Result<Bound, String> {
    bound(text, |text| text.parse().ok())
        .ok_or_else(|| "write a number of messages, unlimited or inherited".to_owned())
}

fn bound(text: &str, number: impl FnOnce(&str) -> Option<u64>) -> Option<Bound> {
    match text {
        "unlimited" => Some(Bound::Unlimited),
        "inherited" => Some(Bound::Inherited),
        text => number(text).map(Bound::Max),
    }
}

impl Quota {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::List { place } => list(&mut place.connect()?),
            Self::Show { who, place } => show(&mut place.connect()?, who),
            Self::Set { whose, storage, messages, place } => {
                done(place.connect()?.ask(&Request::QuotaSet { whose: whose.into(), storage, messages })?)
            }
        }
    }
}

fn list(client: &mut Client) -> Result<(), Failure> {
    client.send(&Request::QuotaList)?;
    loop {
        match client.receive()? {
            Reply::Limits { whose, storage, messages } => {
                let (storage, messages) = (said(storage, size::write), said(messages, |n| n.to_string()));
                say(format_args!("{}: storage {storage}, messages {messages}", named(&whose)));
            }
            other => return done(other),
        }
    }
}

fn named(whose: &QuotaWhose) -> String {
    match whose {
        QuotaWhose::Each => "each user".to_owned(),
        QuotaWhose::EachOf { domain } => format!("each user of {domain}"),
        QuotaWhose::User { name } => format!("user {name}"),
        QuotaWhose::Domain { domain } => format!("{domain} as a whole"),
    }
}

fn said(bound: Bound, written: impl FnOnce(u64) -> String) -> String {
    match bound {
        Bound::Inherited => "inherited".to_owned(),
        Bound::Unlimited => "unlimited".to_owned(),
        Bound::Max(n) => written(n),
    }
}

fn show(client: &mut Client, who: Who) -> Result<(), Failure> {
    let whose = match who {
        Who { user: Some(name), .. } => QuotaWhose::User { name },
        Who { domain, .. } => QuotaWhose::Domain { domain: domain.unwrap_or_default() },
    };
    match client.ask(&Request::QuotaShow { whose })? {
        Reply::Usage { bytes, bytes_max, messages, messages_max } => {
            let max = |max: Option<u64>, written: fn(u64) -> String| {
                max.map_or_else(|| "unlimited".to_owned(), written)
            };
            say(format_args!("storage {} of {}", size::write(bytes), max(bytes_max, size::write)));
            say(format_args!("messages {messages} of {}", max(messages_max, |n| n.to_string())));
            Ok(())
        }
        other => Err(ClientFault::Unexpected(other).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_people_write_them() {
        assert_eq!(size_bound("5 GiB"), Ok(Bound::Max(5 << 30)));
        assert_eq!(size_bound("unlimited"), Ok(Bound::Unlimited));
        assert_eq!(count_bound("0"), Ok(Bound::Max(0)));
        assert_eq!(count_bound("inherited"), Ok(Bound::Inherited));
        assert!(size_bound("5 Gb").unwrap_err().contains("GiB"));
        assert!(count_bound("5 GiB").is_err());
    }
}
