//! `postroom demo`: a server to try, without any configuration.
//!
//! It is the server that `serve` runs. What is special is how it begins: with users and mail of its own making.

mod compose;
mod fill;
mod sample;

use std::net::SocketAddr;
use std::path::PathBuf;

use auth::{Password, readable_password};

use crate::assembly::{self, Mail};
use crate::config::{Config, Listen, Place, PlaintextLogin, Protocol};
use crate::control::server::UserUnmade;
use crate::failure::Failure;
use crate::logging;
use crate::say::say;
use crate::serve::{Prepared, Root};

/// The users of a demo that names none.
const USERS: [&str; 2] = ["ada@demo.example", "ben@demo.example"];

/// What can be chosen about a demo.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    /// The data folder.
    pub(crate) data: PathBuf,
    /// Where to listen.
    pub(crate) imap: SocketAddr,
    /// Where to listen for TLS.
    pub(crate) imaps: SocketAddr,
    /// Where health and metrics are.
    pub(crate) http: SocketAddr,
    /// Where to take mail from a mail server, if anywhere.
    pub(crate) lmtp: Option<SocketAddr>,
    /// Users to make instead of the two, each with a password.
    pub(crate) users: Vec<(String, String)>,
    /// Whether to make no sample mail.
    pub(crate) empty: bool,
    /// Whether passwords may be sent without TLS from this machine.
    pub(crate) insecure_loopback: bool,
}

/// What became of a user that the demo was to have.
enum User {
    /// It is new, with this password, which is shown if the demo made it up.
    New { login: String, password: Option<String> },
    /// It was there.
    Kept { login: String },
}

impl User {
    fn login(&self) -> &str {
        match self {
            Self::New { login, .. } | Self::Kept { login } => login,
        }
    }
}

/// Runs the demo until it is stopped.
///
/// # Errors
/// It cannot begin, or it failed.
pub(crate) fn run(wishes: &Wishes) -> Result<(), Failure> {
    let config = config(wishes);
    logging::begin(config.log);
    let mut prepared = Prepared::new(&config, Root::Warned)?;
    let runtime = assembly::runtime()?;
    let mail = prepared.open(&config, &runtime)?;
    let served = runtime.block_on(async {
        let users = begin(&mail, wishes).await?;
        let welcome = welcome(&prepared, &config, &users);
        prepared.serve(&mail, &config, || say(welcome)).await
    });
    assembly::close(runtime, mail);
    served
}

/// Makes what a new demo has: users, and mail for the first of them.
async fn begin(mail: &Mail, wishes: &Wishes) -> Result<Vec<User>, Failure> {
    let is_new = !mail.store.has_users().await?;
    let users = users(mail, wishes, is_new).await?;
    if let (true, false, Some(first)) = (is_new, wishes.empty, users.first()) {
        fill::fill(mail, first.login()).await?;
    }
    Ok(users)
}

fn config(wishes: &Wishes) -> Config {
    let mut config = Config::demo(wishes.data.clone());
    let listen = |protocol, addr| Listen { protocol, place: Place::Address(addr) };
    config.listeners = vec![
        listen(Protocol::Imap, wishes.imap),
        listen(Protocol::Imaps, wishes.imaps),
        listen(Protocol::Http, wishes.http),
    ];
    config.listeners.extend(wishes.lmtp.map(|addr| listen(Protocol::Lmtp, addr)));
    if wishes.insecure_loopback {
        config.plaintext_login = PlaintextLogin::Loopback;
    }
    for (name, _) in &wishes.users {
        // Whoever asks for a user in another domain means that domain to be here.
        if let Some((_, domain)) = name.rsplit_once('@')
            && let Ok(domain) = auth::a_labels(domain)
            && !config.domains.contains(&domain)
        {
            config.domains.push(domain);
        }
    }
    config
}

/// Makes the users that are asked for and not there yet; without wishes, the two of a new demo.
async fn users(mail: &Mail, wishes: &Wishes, is_new: bool) -> Result<Vec<User>, Failure> {
    let mut users = Vec::new();
    for (name, password) in &wishes.users {
        users.push(user(mail, name, password, None).await?);
    }
    if !users.is_empty() {
        return Ok(users);
    }
    if !is_new {
        let kept = mail.store.users().await?;
        return Ok(kept.into_iter().map(|user| User::Kept { login: user.login }).collect());
    }
    for name in USERS {
        let password = readable_password();
        users.push(user(mail, name, &password, Some(password.clone())).await?);
    }
    Ok(users)
}

async fn user(mail: &Mail, name: &str, password: &str, shown: Option<String>) -> Result<User, Failure> {
    // As weak as it likes to be: it is for trying things out, and typed on the command line.
    match mail.control.add_user(name, Password::new(password), None).await {
        Ok(login) => Ok(User::New { login, password: shown }),
        Err(UserUnmade::Exists { login }) => Ok(User::Kept { login }),
        Err(source) => Err(Failure::User { name: name.to_owned(), source }),
    }
}

/// How to connect.
fn welcome(prepared: &Prepared, config: &Config, users: &[User]) -> String {
    let mut text = format!("\nPostroom is ready. Its data is in {}\n\n", config.data.display());
    let mut line = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    for addr in prepared.addresses(Protocol::Imap) {
        line(format!("  IMAP   {addr}   with STARTTLS{}", insecure(config)));
    }
    for addr in prepared.addresses(Protocol::Imaps) {
        line(format!("  IMAPS  {addr}   with TLS; the certificate is self-signed"));
    }
    for addr in prepared.addresses(Protocol::Http) {
        line(format!("  HTTP   {addr}   /healthz, /readyz and /metrics"));
    }
    for addr in prepared.addresses(Protocol::Lmtp) {
        line(format!("  LMTP   {addr}   for a mail server to deliver to"));
    }
    line(String::new());
    for user in users {
        line(match user {
            User::New { login, password: Some(password) } => {
                format!("  user   {login}   password {password}")
            }
            User::New { login, password: None } => format!("  user   {login}   with the password given"),
            User::Kept { login } => format!("  user   {login}   kept, with the password it has"),
        });
    }
    line(match users.iter().any(|user| matches!(user, User::New { password: Some(_), .. })) {
        true => "\nThe passwords are shown this once; `postroom user passwd` sets another.".to_owned(),
        false => "\n`postroom user passwd` sets another password.".to_owned(),
    });
    if let (Some(user), Some(imaps)) = (users.first(), prepared.addresses(Protocol::Imaps).next()) {
        let login = user.login();
        let password = match user {
            User::New { password: Some(password), .. } => format!(":{password}"),
            _ => String::new(),
        };
        line("\nTry:".to_owned());
        line(format!("  curl -k -u {login}{password} imaps://{imaps}/INBOX -X 'FETCH 1:5 (FLAGS ENVELOPE)'"));
        line(format!("  openssl s_client -quiet -crlf -connect {imaps}"));
    }
    line("\nCtrl-C stops it.".to_owned());
    text
}

fn insecure(config: &Config) -> &'static str {
    match config.plaintext_login {
        PlaintextLogin::Never => "",
        PlaintextLogin::Loopback => ", or without from this machine (--insecure-loopback)",
    }
}
