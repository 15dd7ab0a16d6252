//! MAIL, RCPT, DATA and BDAT: the message under way, and an answer for each recipient when it is durable.

use std::time::Instant;

use delivery::{Address, Incoming, Trace, Undelivered, Via};
use net::Conn;

use super::super::command::Mail;
use super::super::dots::DotText;
use super::super::reply::Reply;
use super::super::transaction::{Body, TooMuch, Transaction};
use super::{End, Session};

/// Bytes of a message's id in the log and in Received.
const ID_BYTES: usize = 8;

impl From<TooMuch> for End {
    fn from(_: TooMuch) -> Self {
        Self::TooMuch
    }
}

/// RFC 6531 §3.5: an address that is not ASCII needs SMTPUTF8.
fn needs_utf8(address: Option<&Address>, is_utf8: bool) -> bool {
    !is_utf8 && address.is_some_and(|address| !address.to_string().is_ascii())
}

fn utf8_missing() -> Reply {
    Reply::new(553, "5.6.7", "say SMTPUTF8 with MAIL to use such an address")
}

impl Session {
    pub(super) fn mail(&mut self, mail: Mail) {
        let limit = self.server.delivery.message_bytes_max();
        if self.client.is_none() {
            return self.refuse(&Reply::out_of_order("say LHLO first"));
        }
        if self.transaction.is_some() {
            return self.refuse(&Reply::out_of_order("a message is under way already"));
        }
        if needs_utf8(mail.sender.as_ref(), mail.is_utf8) {
            return self.refuse(&utf8_missing());
        }
        // RFC 1870 §6.1: what is announced as too large need not be sent.
        if mail.size.is_some_and(|size| size > limit) {
            return self.accept(&Reply::from(&Undelivered::TooBig { limit }));
        }
        self.transaction = Some(Transaction::new(mail));
        self.accept(&Reply::new(250, "2.1.0", "sender noted"));
    }

    pub(super) async fn rcpt(&mut self, address: Address) {
        let limit = self.server.settings.recipients;
        let Some(transaction) = self.transaction.as_mut().filter(|transaction| transaction.body.is_none())
        else {
            return self.refuse(&Reply::out_of_order("say MAIL first, and recipients before the message"));
        };
        if needs_utf8(Some(&address), transaction.mail.is_utf8) {
            return self.refuse(&utf8_missing());
        }
        if transaction.recipients.len() >= limit {
            return self.accept(&Reply::new(
                452,
                "4.5.3",
                "too many recipients; send the message again for the others",
            ));
        }
        let delivery = &self.server.delivery;
        let accepted = async {
            let recipient = delivery.recipient(address).await?;
            delivery.has_room(&recipient, transaction.mail.size.unwrap_or_default()).await?;
            Ok::<_, Undelivered>(recipient)
        };
        let reply = match accepted.await {
            Ok(recipient) => {
                transaction.recipients.push(recipient);
                Reply::new(250, "2.1.5", "recipient noted")
            }
            Err(undelivered) => Reply::from(&undelivered),
        };
        self.accept(&reply);
    }

    /// RFC 2033 §4.2: without a recipient there is nothing to send.
    pub(super) async fn data(&mut self) -> Result<(), End> {
        let is_ready = |t: &&mut Transaction| t.body.is_none() && !t.recipients.is_empty();
        if self.transaction.as_mut().filter(is_ready).is_none() {
            self.refuse(&Reply::out_of_order("say MAIL and RCPT first, and do not mix DATA with BDAT"));
            return Ok(());
        }
        let Some(transaction) = self.transaction.take() else { return Ok(()) };
        self.accept(&Reply::plain(354, "send the message, and end it with a period on a line of its own"));
        let id = new_id();
        let mut body = self.new_body(&transaction, &id);
        let (mut dots, mut text) = (DotText::new(), Vec::new());
        loop {
            let (taken, over) = dots.take(&self.input, &mut text);
            self.input.drain(..taken);
            body.push(&text)?;
            text.clear();
            if over {
                break;
            }
            self.fill().await?;
        }
        self.finish(transaction, body.end(), &id).await
    }

    /// RFC 3030 §2: a chunk is read also where it is refused, and so are those that the client has sent behind it.
    pub(super) async fn bdat(&mut self, bytes: u64, last: bool) -> Result<(), End> {
        let Some(mut transaction) = self.transaction.take() else {
            self.skip(bytes).await?;
            self.refuse(&Reply::out_of_order("say MAIL and RCPT first"));
            return Ok(());
        };
        let id = new_id();
        let body = transaction.body.take();
        let mut body = body.unwrap_or_else(|| self.new_body(&transaction, &id));
        let mut left = bytes;
        while left > 0 {
            if self.input.is_empty() {
                self.fill().await?;
            }
            let take = usize::try_from(left).unwrap_or(usize::MAX).min(self.input.len());
            body.push(self.input.get(..take).unwrap_or_default())?;
            self.input.drain(..take);
            left -= take as u64;
        }
        if last {
            return self.finish(transaction, body.end(), &id).await;
        }
        let refusal = body.refusal().cloned();
        transaction.body = Some(body);
        self.transaction = Some(transaction);
        match refusal {
            Some(reply) => self.accept(&reply),
            None => self.accept(&Reply::new(250, "2.0.0", format!("{bytes} bytes received"))),
        }
        self.conn.flush_if_full().await?;
        Ok(())
    }

    /// Reads a chunk that belongs to no message.
    async fn skip(&mut self, bytes: u64) -> Result<(), End> {
        let most = self.server.delivery.message_bytes_max();
        let mut left = Some(bytes).filter(|&bytes| bytes <= most).ok_or(End::TooMuch)?;
        while left > 0 {
            if self.input.is_empty() {
                self.fill().await?;
            }
            let take = usize::try_from(left).unwrap_or(usize::MAX).min(self.input.len());
            self.input.drain(..take);
            left -= take as u64;
        }
        Ok(())
    }

    fn new_body(&self, transaction: &Transaction, id: &str) -> Body {
        let name = if transaction.mail.is_utf8 { "UTF8LMTP" } else { "LMTP" };
        let client = self.client.clone().unwrap_or_default();
        let via = Via::Protocol { name, client, address: address_of(&self.conn) };
        Body::new(&self.server.delivery, &Trace { via, id: id.to_owned() }, &self.server.settings)
    }

    /// One answer for each recipient, in their order (RFC 2033 §4.2, §4.3); none where there is no recipient.
    async fn finish(
        &mut self,
        transaction: Transaction,
        whole: Result<Incoming, Reply>,
        id: &str,
    ) -> Result<(), End> {
        let since = Instant::now();
        let sender = transaction.sender();
        let recipients = &transaction.recipients;
        let replies: Vec<Reply> = match whole {
            Err(refusal) => vec![refusal; recipients.len()],
            Ok(incoming) => {
                let outcomes = self.server.delivery.deliver(incoming, &sender, recipients).await;
                let reply = |outcome: &Result<(), Undelivered>| match outcome {
                    Ok(()) => Reply::new(250, "2.0.0", format!("{id} delivered")),
                    Err(undelivered) => Reply::from(undelivered),
                };
                outcomes.iter().map(reply).collect()
            }
        };
        metrics::histogram!("postroom_lmtp_delivery_seconds").record(since.elapsed());
        for (recipient, reply) in recipients.iter().zip(&replies) {
            let to = recipient.address();
            let outcome = match reply.code() / 100 {
                2 => "delivered",
                4 => "later",
                _ => "refused",
            };
            metrics::counter!("postroom_lmtp_recipients_total", "outcome" => outcome).increment(1);
            tracing::info!(id, from = sender, to, code = reply.code(), outcome, "LMTP recipient");
            self.delivered += u64::from(outcome == "delivered");
            self.accept(reply);
        }
        self.conn.flush_if_full().await?;
        Ok(())
    }
}

/// What a message is called in the log.
fn new_id() -> String {
    format!("{:016x}", u64::from_be_bytes(model::env::random::<ID_BYTES>()))
}

/// The client's address; over a Unix socket it has none.
fn address_of(conn: &Conn) -> Option<std::net::IpAddr> {
    let peer = conn.peer_addr();
    (peer.port() != 0).then(|| peer.ip())
}
