//! One message on its way through a session: its envelope, and its text as it comes in.

use delivery::{Delivery, Incoming, Recipient, Trace};

use super::command::Mail;
use super::limits::{DISCARD_MESSAGES_MAX, Settings};
use super::reply::Reply;
use super::text::TextCheck;

/// A message of which at least the sender is known.
pub(super) struct Transaction {
    pub(super) mail: Mail,
    /// Those that were accepted, in their order (RFC 2033 §4.2).
    pub(super) recipients: Vec<Recipient>,
    /// The text, once BDAT has begun it.
    pub(super) body: Option<Body>,
}

/// A message's text, as far as it has come.
pub(super) struct Body {
    /// What was taken; or, once it is refused, why, while the rest is read and thrown away.
    taken: Result<Incoming, Reply>,
    check: TextCheck,
    /// Bytes that may come yet before the client is cut off.
    patience: u64,
    checked: Vec<u8>,
}

/// The client sends much more than could be taken.
pub(super) struct TooMuch;

impl Transaction {
    pub(super) const fn new(mail: Mail) -> Self {
        Self { mail, recipients: Vec::new(), body: None }
    }

    /// The sender as Return-Path has it: nothing for the null sender.
    pub(super) fn sender(&self) -> String {
        self.mail.sender.as_ref().map(ToString::to_string).unwrap_or_default()
    }
}

impl Body {
    pub(super) fn new(delivery: &Delivery, trace: &Trace, settings: &Settings) -> Self {
        Self {
            taken: delivery.receive(trace).map_err(|undelivered| Reply::from(&undelivered)),
            check: TextCheck::new(settings.bare_line_ends, settings.text_line_bytes),
            patience: delivery.message_bytes_max().saturating_mul(DISCARD_MESSAGES_MAX),
            checked: Vec::new(),
        }
    }

    /// Takes more of the text.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), TooMuch> {
        self.patience = self.patience.checked_sub(bytes.len() as u64).ok_or(TooMuch)?;
        let checked = self.check.push(bytes, &mut self.checked);
        self.pass_on(checked.map_err(|unfit| Reply::from(&unfit)));
        Ok(())
    }

    /// Why the text is refused already.
    pub(super) fn refusal(&self) -> Option<&Reply> {
        self.taken.as_ref().err()
    }

    /// The whole text, or why it is refused.
    pub(super) fn end(mut self) -> Result<Incoming, Reply> {
        let checked = self.check.end(&mut self.checked);
        self.pass_on(checked.map_err(|unfit| Reply::from(&unfit)));
        self.taken
    }

    fn pass_on(&mut self, checked: Result<(), Reply>) {
        if let Ok(incoming) = &mut self.taken {
            let written = checked.and_then(|()| {
                incoming.write(&self.checked).map_err(|undelivered| Reply::from(&undelivered))
            });
            if let Err(refusal) = written {
                self.taken = Err(refusal);
            }
        }
        self.checked.clear();
    }
}
