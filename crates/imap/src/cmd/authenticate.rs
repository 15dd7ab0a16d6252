//! AUTHENTICATE (RFC 3501 §6.2.2, RFC 4959): the lines of a SASL conversation.

use std::sync::Arc;

use auth::{Authenticator, Bindings, Channel, Conversation, Identity, Mechanism, Turn};
use imap_proto::command::Authenticate;
use imap_proto::extension::Conditions;
use imap_proto::response;

use crate::io::Io;
use crate::reply::Failure;

/// Holds the conversation.
///
/// # Errors
/// The mechanism is not offered here, the client got the conversation wrong or cancelled it, nobody is let in, or the
/// connection is lost.
pub(crate) async fn converse(
    command: &Authenticate,
    now: Conditions,
    authenticator: Arc<Authenticator>,
    io: &mut Io,
) -> Result<(Identity, Mechanism), Failure> {
    let mechanism =
        Mechanism::parse(command.mechanism.as_bytes()).filter(|mechanism| now.offers(capability(*mechanism)));
    let mechanism = mechanism.ok_or(Failure::UnknownMechanism)?;
    // A client that could bind says so where it sees no -PLUS (RFC 5802 §6), and is right where that is not offered.
    let bindings = match now.offers(capability(Mechanism::ScramSha256Plus)) {
        true => io.conn().channel_bindings(),
        false => Vec::new(),
    };
    let bindings = Bindings::new(bindings);
    let channel = Channel { peer: io.conn().peer_addr().ip(), bindings };
    let initial = command.initial.as_deref();
    let (mut conversation, mut turn) =
        Conversation::begin(authenticator, mechanism, initial, channel).await?;
    loop {
        match turn {
            Turn::Done(identity) => return Ok((identity, mechanism)),
            Turn::Ask(prompt) => {
                response::continuation(io.out(), &prompt);
                let line = io.raw_line().await?;
                turn = conversation.answer(&line).await?;
            }
        }
    }
}

/// What says that the mechanism is offered.
const fn capability(mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::Plain => "AUTH=PLAIN",
        Mechanism::Login => "AUTH=LOGIN",
        Mechanism::ScramSha256 => "AUTH=SCRAM-SHA-256",
        Mechanism::ScramSha256Plus => "AUTH=SCRAM-SHA-256-PLUS",
    }
}
