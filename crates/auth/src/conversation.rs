//! A login by SASL, from the name of the mechanism to the identity: which line asks for which, and who checks it.
//!
//! Front ends carry the lines to and fro and know no mechanism. RFC 4422, RFC 4959 (initial responses).

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::authenticator::{Authenticator, Identity, LoginError};
use crate::sasl::{self, Bindings, Exchange, Mechanism, SaslFailure, Simple, Step};
use crate::scram::{ClientFirst, Pending};

/// What the server knows of the client's side of the connection.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Where the client is.
    pub peer: IpAddr,
    /// What the connection can be bound by.
    pub bindings: Bindings,
}

/// One login by SASL.
#[derive(Debug)]
pub struct Conversation {
    authenticator: Arc<Authenticator>,
    channel: Channel,
    state: State,
}

#[derive(Debug)]
enum State {
    /// PLAIN or LOGIN.
    Simple(Exchange),
    /// SCRAM, before the client's first message; with channel binding or without.
    ScramBegin {
        plus: bool,
    },
    /// SCRAM, before its last.
    ScramPending(Box<Pending>),
    /// SCRAM: the client has to take note of the server's proof.
    ScramProven(Identity),
    Over,
}

/// What comes next in a conversation.
#[derive(Debug)]
pub enum Turn {
    /// Send this, Base64 already, after `+ `, and read a line.
    Ask(String),
    /// The conversation is over, and this is who it was with.
    Done(Identity),
}

/// Why a conversation ended without an identity.
#[derive(Debug, thiserror::Error)]
pub enum Unfinished {
    /// The client got it wrong, or has cancelled.
    #[error(transparent)]
    Sasl(#[from] SaslFailure),
    /// It was right in form, and nobody was let in.
    #[error(transparent)]
    Login(#[from] LoginError),
}

impl Conversation {
    /// Begins, with the initial response if there was one (`=` is an empty one, RFC 4959 §3). The mechanism is one
    /// that is offered on this connection.
    ///
    /// # Errors
    /// It is over already.
    pub async fn begin(
        authenticator: Arc<Authenticator>,
        mechanism: Mechanism,
        initial: Option<&[u8]>,
        channel: Channel,
    ) -> Result<(Self, Turn), Unfinished> {
        let mut conversation = Self { authenticator, channel, state: State::Over };
        let turn = match mechanism {
            Mechanism::Plain => conversation.begin_simple(Simple::Plain, initial).await?,
            Mechanism::Login => conversation.begin_simple(Simple::Login, initial).await?,
            Mechanism::ScramSha256 => conversation.begin_scram(false, initial).await?,
            Mechanism::ScramSha256Plus => conversation.begin_scram(true, initial).await?,
        };
        Ok((conversation, turn))
    }

    /// Takes the client's next line, without its line end.
    ///
    /// # Errors
    /// It is over.
    pub async fn answer(&mut self, line: &[u8]) -> Result<Turn, Unfinished> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Simple(mut exchange) => {
                let step = exchange.step(line);
                self.simple(exchange, step).await
            }
            State::ScramBegin { plus } => self.challenge(&sasl::decode(line)?, plus).await,
            State::ScramPending(pending) => {
                let message = sasl::decode(line)?;
                let proven = self.authenticator.prove(*pending, &message, self.channel.peer).await?;
                self.state = State::ScramProven(proven.identity);
                Ok(Turn::Ask(STANDARD.encode(proven.server_final)))
            }
            State::ScramProven(identity) if sasl::decode(line)?.is_empty() => Ok(Turn::Done(identity)),
            State::ScramProven(_) => Err(SaslFailure::Malformed.into()),
            State::Over => Err(SaslFailure::Over.into()),
        }
    }

    async fn begin_simple(&mut self, mechanism: Simple, initial: Option<&[u8]>) -> Result<Turn, Unfinished> {
        let (exchange, step) = Exchange::begin(mechanism, initial);
        self.simple(exchange, step).await
    }

    async fn simple(&mut self, exchange: Exchange, step: Step) -> Result<Turn, Unfinished> {
        match step {
            Step::Challenge(prompt) => {
                self.state = State::Simple(exchange);
                Ok(Turn::Ask(prompt.to_owned()))
            }
            Step::Credentials(credentials) => {
                Ok(Turn::Done(self.authenticator.login(credentials, self.channel.peer).await?))
            }
            Step::Failed(failure) => Err(failure.into()),
        }
    }

    async fn begin_scram(&mut self, plus: bool, initial: Option<&[u8]>) -> Result<Turn, Unfinished> {
        match initial {
            None => {
                self.state = State::ScramBegin { plus };
                Ok(Turn::Ask(String::new()))
            }
            // An empty one is no message of SCRAM.
            Some(b"=") => Err(SaslFailure::Malformed.into()),
            Some(initial) => self.challenge(&sasl::decode(initial)?, plus).await,
        }
    }

    async fn challenge(&mut self, message: &[u8], plus: bool) -> Result<Turn, Unfinished> {
        let message = std::str::from_utf8(message).map_err(|_| SaslFailure::Malformed)?;
        let first = ClientFirst::read(message, plus, &self.channel.bindings)?;
        let (pending, server_first) = self.authenticator.challenge(first).await.map_err(LoginError::from)?;
        self.state = State::ScramPending(Box::new(pending));
        Ok(Turn::Ask(STANDARD.encode(server_first)))
    }
}

#[cfg(test)]
mod tests;
