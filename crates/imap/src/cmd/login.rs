//! LOGIN (RFC 3501 §6.2.3), and what every way of logging in ends with.

use std::net::IpAddr;

use auth::{Credentials, Identity, Password};
use imap_proto::command::Login;

use crate::cmd::comparator::Collation;
use crate::reply::{Failure, Wrong};
use crate::server::ImapServer;
use crate::state::{Authenticated, Enabled};
use crate::switches::switched_off;

/// Reads the arguments of LOGIN.
///
/// # Errors
/// They are not UTF-8; no name or password of ours is anything else.
pub(crate) fn credentials(login: &Login) -> Result<Credentials, Failure> {
    let user = std::str::from_utf8(&login.user).map_err(|_| Wrong::NotUtf8)?;
    let password = std::str::from_utf8(&login.password).map_err(|_| Wrong::NotUtf8)?;
    Ok(Credentials { login: user.to_owned(), password: Password::new(password) })
}

/// Lets a user in.
///
/// # Errors
/// The account cannot be opened.
pub(crate) async fn enter(
    identity: Identity,
    peer: IpAddr,
    server: &ImapServer,
) -> Result<Authenticated, Failure> {
    let access = server.store.enter(identity.account).await?;
    let switched_off = switched_off(&server.settings.switches, peer, Some(&identity.login));
    let message_bytes_max = server.store.message_bytes_max();
    Ok(Authenticated {
        access,
        login: identity.login,
        enabled: Enabled::default(),
        collation: Collation::default(),
        switched_off,
        message_bytes_max,
        saved_ranges_max: server.settings.saved_ranges_max,
    })
}
