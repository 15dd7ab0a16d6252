//! SCRAM against the directory: whose verifier a proof is checked with, and what comes of it.
//!
//! A user who does not exist, or has no verifier, is challenged like one who has, with a verifier made up.

use std::net::IpAddr;

use super::{Challenged, ClientFirst, Proof, Verifier};
use crate::authenticator::{Authenticator, Identity, LoginError, Refusal, identity};
use crate::conversation::Unfinished;
use crate::directory::{DirectoryFault, UserRecord};
use crate::sasl::SaslFailure;

/// A login that waits for its proof.
#[derive(Debug)]
pub(crate) struct Pending {
    exchange: Challenged,
    /// The name as it was sent.
    login: String,
    /// `None` where no proof can be right.
    user: Option<UserRecord>,
}

/// Both sides know the password.
#[derive(Debug)]
pub(crate) struct Proven {
    pub(crate) identity: Identity,
    /// The server's last message.
    pub(crate) server_final: String,
}

impl Authenticator {
    /// The server's first message to whoever sent `first`.
    ///
    /// # Errors
    /// The directory failed us.
    pub(crate) async fn challenge(&self, first: ClientFirst) -> Result<(Pending, String), DirectoryFault> {
        let login = first.login.clone();
        let found = self.find(&login).await?;
        // Made up in any case, so that it takes the same time.
        let decoy = self.decoys.of(&self.key_of(&login));
        let stored = found.as_ref().and_then(|user| Verifier::parse(user.scram_verifier.as_deref()?));
        let user = found.filter(|user| user.enabled && stored.is_some());
        let (exchange, message) = Challenged::new(first, stored.unwrap_or(decoy));
        Ok((Pending { exchange, login, user }, message))
    }

    /// Checks the client's last message.
    ///
    /// # Errors
    /// It is none, or proves nothing.
    pub(crate) async fn prove(
        &self,
        pending: Pending,
        message: &[u8],
        peer: IpAddr,
    ) -> Result<Proven, Unfinished> {
        let Pending { exchange, login, user } = pending;
        let message = std::str::from_utf8(message).map_err(|_| SaslFailure::Malformed)?;
        let turn = self.turn(&login, peer, None).await;
        if let Err(refusal) = turn {
            return Err(LoginError::from(refusal).into());
        }
        let (answer, server_final) = match (exchange.check(message)?, user) {
            (Proof::Right { server_final }, Some(user)) => (Ok(identity(&user)), server_final),
            _ => (Err(Refusal::Credentials.into()), String::new()),
        };
        self.note(&login, peer, None, &answer);
        drop(turn);
        Ok(Proven { identity: answer?, server_final })
    }
}
