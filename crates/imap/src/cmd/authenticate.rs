//! AUTHENTICATE (RFC 3501 §6.2.2, RFC 4959): the exchange of lines that yields credentials.

use auth::{Credentials, Exchange, Mechanism, Step};
use imap_proto::command::Authenticate;
use imap_proto::response;

use crate::io::Io;
use crate::reply::Failure;

/// Carries out the exchange.
///
/// # Errors
/// The mechanism is unknown, the client got the exchange wrong or cancelled it, or the connection is lost.
pub(crate) async fn exchange(command: &Authenticate, io: &mut Io) -> Result<Credentials, Failure> {
    let Some(mechanism) = Mechanism::parse(command.mechanism.as_bytes()) else {
        return Err(Failure::UnknownMechanism);
    };
    let (mut exchange, mut step) = Exchange::begin(mechanism, command.initial.as_deref());
    loop {
        match step {
            Step::Credentials(credentials) => return Ok(credentials),
            Step::Failed(failure) => return Err(Failure::Sasl(failure)),
            Step::Challenge(prompt) => {
                response::continuation(io.out(), prompt);
                let line = io.raw_line().await?;
                step = exchange.step(&line);
            }
        }
    }
}
