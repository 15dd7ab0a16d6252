//! What is written above a delivered message: Return-Path, Delivered-To and Received (RFC 5321 §4.4).

use model::{InternalDate, Timestamp};

/// How a message came to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// From a client that spoke to us.
    Protocol {
        /// The registered name of the protocol (RFC 3848, RFC 6531 §4.3).
        name: &'static str,
        /// What the client called itself; one word.
        client: String,
        /// Its address, where it has one.
        address: Option<std::net::IpAddr>,
    },
    /// From the command line.
    CommandLine,
}

/// A message's last step, which the Received field tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// How it came.
    pub via: Via,
    /// What it is called in our log.
    pub id: String,
}

/// The names of RFC 5322 §3.3.
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Trace {
    /// The Received field, with its line end.
    pub(crate) fn received(&self, host: &str, now: Timestamp) -> String {
        let (id, date) = (&self.id, date(now));
        match &self.via {
            Via::Protocol { name, client, address } => {
                let address = match address {
                    Some(std::net::IpAddr::V4(v4)) => format!(" ([{v4}])"),
                    Some(std::net::IpAddr::V6(v6)) => format!(" ([IPv6:{v6}])"),
                    None => String::new(),
                };
                format!(
                    "Received: from {client}{address}\r\n\tby {host} with {name} id {id};\r\n\t{date}\r\n"
                )
            }
            Via::CommandLine => format!("Received: by {host} (postroom deliver) id {id};\r\n\t{date}\r\n"),
        }
    }
}

/// A date as RFC 5322 §3.3 writes it, in UTC.
fn date(now: Timestamp) -> String {
    let seconds = i64::try_from(now.seconds()).unwrap_or_default();
    let (year, month, day) = InternalDate::utc(seconds).ymd();
    let of_day = now.seconds() % 86_400;
    let week_day = DAYS.get((now.seconds() / 86_400 % 7) as usize).unwrap_or(&"Thu");
    let month = MONTHS.get(month as usize - 1).unwrap_or(&"Jan");
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{week_day}, {day} {month} {year} {hour:02}:{minute:02}:{second:02} +0000")
}

/// The lines that only one recipient's copy has: who sent it, as the envelope says, and to which address.
pub(crate) fn preface(sender: &str, recipient: &str) -> String {
    // An address that would end its line says no more than that it is none.
    let line = |text: &str| text.replace(char::is_control, "?");
    format!("Return-Path: <{}>\r\nDelivered-To: {}\r\n", line(sender), line(recipient))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_cannot_end_its_line() {
        let preface = preface("a@b\r\nX-Evil: 1", "c\n@d");
        assert_eq!(preface, "Return-Path: <a@b??X-Evil: 1>\r\nDelivered-To: c?@d\r\n");
    }

    #[test]
    fn a_received_field_says_from_whom_by_whom_how_and_when() {
        let via = Via::Protocol {
            name: "LMTP",
            client: "mx.example.org".to_owned(),
            address: Some([192, 0, 2, 1].into()),
        };
        let trace = Trace { via, id: "1f".to_owned() };
        assert_eq!(
            trace.received("mail.example.org", Timestamp(1_795_433_400_000)),
            "Received: from mx.example.org ([192.0.2.1])\r\n\tby mail.example.org with LMTP id 1f;\r\n\t\
             Mon, 23 Nov 2026 11:30:00 +0000\r\n"
        );
    }
}
