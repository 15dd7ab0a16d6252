//! The commands of LMTP (RFC 2033 §4, RFC 5321 §4.1.1, RFC 3030 §2) and their parameters.

use delivery::Address;

use super::limits::PARAMETERS_MAX;
use super::path;

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// With what the client calls itself.
    Lhlo(String),
    /// A message begins.
    Mail(Mail),
    /// One more recipient.
    Rcpt(Address),
    Data,
    /// A chunk of so many bytes follows the line; the last one ends the message.
    Bdat {
        bytes: u64,
        last: bool,
    },
    Rset,
    Noop,
    Vrfy,
    Help,
    Quit,
}

impl Command {
    /// Its verb, for the log and the metrics.
    pub(super) const fn verb(&self) -> &'static str {
        match self {
            Self::Lhlo(_) => "lhlo",
            Self::Mail(_) => "mail",
            Self::Rcpt(_) => "rcpt",
            Self::Data => "data",
            Self::Bdat { .. } => "bdat",
            Self::Rset => "rset",
            Self::Noop => "noop",
            Self::Vrfy => "vrfy",
            Self::Help => "help",
            Self::Quit => "quit",
        }
    }
}

/// MAIL with its parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mail {
    /// `None` for the null sender.
    pub(super) sender: Option<Address>,
    /// How large the message will be, in bytes (RFC 1870).
    pub(super) size: Option<u64>,
    /// Whether addresses and header may be UTF-8 (RFC 6531).
    pub(super) is_utf8: bool,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Violation {
    #[error("the line is longer than {limit} bytes")]
    LineTooLong { limit: usize },
    #[error("a line ends in CRLF")]
    BareLineEnd,
    #[error("the line is not UTF-8")]
    NotUtf8,
    #[error("HELO and EHLO are of SMTP; this is LMTP: say LHLO")]
    Smtp,
    #[error("no such command")]
    UnknownCommand,
    #[error("not offered here")]
    NotOffered,
    #[error("write {0}")]
    Syntax(&'static str),
    #[error("{0}")]
    Path(PathFault),
    #[error("the parameter {0} is not known here")]
    UnknownParameter(String),
    #[error("the parameter {0} is given twice, or its value is none")]
    BadParameter(String),
}

/// What is wrong with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PathFault {
    #[error("an address stands in angle brackets")]
    Brackets,
    #[error("what begins like a source route is none")]
    Route,
    #[error("what is before the @ is no local part")]
    LocalPart,
    #[error("what is after the @ is no domain")]
    Domain,
    #[error("the address is too long")]
    TooLong,
    #[error("a recipient has an address")]
    Null,
}

/// Reads a line.
pub(super) fn parse(line: &[u8]) -> Result<Command, Violation> {
    let line = std::str::from_utf8(line).map_err(|_| Violation::NotUtf8)?;
    // RFC 5321 §4.1.1: trailing white space is to be tolerated.
    let line = line.trim_end_matches([' ', '\t']);
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let alone = |command, right| if rest.is_empty() { Ok(command) } else { Err(Violation::Syntax(right)) };
    match verb.to_ascii_uppercase().as_str() {
        "LHLO" => lhlo(rest),
        "MAIL" => mail(rest),
        "RCPT" => rcpt(rest),
        "DATA" => alone(Command::Data, "DATA and nothing more"),
        "BDAT" => bdat(rest),
        "RSET" => alone(Command::Rset, "RSET and nothing more"),
        // RFC 5321 §4.1.1.9: what follows is ignored.
        "NOOP" => Ok(Command::Noop),
        "VRFY" if rest.is_empty() => Err(Violation::Syntax("VRFY and an address")),
        "VRFY" => Ok(Command::Vrfy),
        "HELP" => Ok(Command::Help),
        "QUIT" => alone(Command::Quit, "QUIT and nothing more"),
        "HELO" | "EHLO" => Err(Violation::Smtp),
        "EXPN" | "STARTTLS" | "AUTH" => Err(Violation::NotOffered),
        _ => Err(Violation::UnknownCommand),
    }
}

fn lhlo(rest: &str) -> Result<Command, Violation> {
    // More than a domain name is let through: what it says is only noted in Received, and clients call themselves many things.
    let is_word =
        !rest.is_empty() && rest.chars().all(|c| matches!(c, '!'..='~') && !"()<>,;\\\"".contains(c));
    match is_word || path::is_domain(rest) {
        true => Ok(Command::Lhlo(rest.to_owned())),
        false => Err(Violation::Syntax("LHLO and the name of your host")),
    }
}

fn mail(rest: &str) -> Result<Command, Violation> {
    let text = keyword(rest, "FROM:").ok_or(Violation::Syntax("MAIL FROM:<address>"))?;
    let (sender, rest) = path::path(text)?;
    let mut mail = Mail { sender, ..Mail::default() };
    let mut seen: Vec<String> = Vec::new();
    for (name, value) in parameters(rest)? {
        let bad = || Violation::BadParameter(name.clone());
        if seen.contains(&name) {
            return Err(bad());
        }
        match (name.as_str(), value) {
            // RFC 1870 §6.1: up to 20 digits. More than we can count is more than we take.
            ("SIZE", Some(value)) if is_number(value) && value.len() <= 20 => {
                mail.size = Some(value.parse().unwrap_or(u64::MAX));
            }
            // RFC 6152 §3. Both are stored as they come.
            ("BODY", Some(value)) if ["7BIT", "8BITMIME"].iter().any(|b| value.eq_ignore_ascii_case(b)) => {}
            ("SMTPUTF8", None) => mail.is_utf8 = true,
            ("SIZE" | "BODY" | "SMTPUTF8", _) => return Err(bad()),
            _ => return Err(Violation::UnknownParameter(name)),
        }
        seen.push(name);
    }
    Ok(Command::Mail(mail))
}

fn rcpt(rest: &str) -> Result<Command, Violation> {
    let text = keyword(rest, "TO:").ok_or(Violation::Syntax("RCPT TO:<address>"))?;
    let (recipient, rest) = path::path(text)?;
    let recipient = recipient.ok_or(Violation::Path(PathFault::Null))?;
    match parameters(rest)?.into_iter().next() {
        Some((name, _)) => Err(Violation::UnknownParameter(name)),
        None => Ok(Command::Rcpt(recipient)),
    }
}

fn bdat(rest: &str) -> Result<Command, Violation> {
    let wrong = Violation::Syntax("BDAT, the number of bytes, and LAST if it is the last chunk");
    let (number, last) = match rest.split_once(' ') {
        Some((number, last)) if last.eq_ignore_ascii_case("LAST") => (number, true),
        Some(_) => return Err(wrong),
        None => (rest, false),
    };
    let bytes = Some(number).filter(|n| is_number(n)).and_then(|n| n.parse().ok()).ok_or(wrong)?;
    Ok(Command::Bdat { bytes, last })
}

/// What follows a word that is written in any case. Some clients put a space behind the colon.
fn keyword<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(word.len())?;
    head.eq_ignore_ascii_case(word).then(|| rest.trim_start_matches(' '))
}

/// `NAME=VALUE` and `NAME`, each after a space (RFC 5321 §4.1.2); names in capitals.
fn parameters(text: &str) -> Result<Vec<(String, Option<&str>)>, Violation> {
    let wrong = Violation::Syntax("parameters after a space, each as NAME or NAME=VALUE");
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let text = text.strip_prefix(' ').ok_or_else(|| wrong.clone())?;
    let mut all = Vec::new();
    for parameter in text.split(' ').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = match parameter.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (parameter, None),
        };
        let in_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if name.is_empty() || !name.chars().all(in_name) || all.len() >= PARAMETERS_MAX {
            return Err(wrong);
        }
        all.push((name.to_ascii_uppercase(), value));
    }
    Ok(all)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests;
