//! The server's side of the conversation: it carries out what the command line asks for.

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use auth::{Authenticator, LoginName, Password, PoolError};
use delivery::Delivery;
use mailstore::Store;
use model::AccountId;
use net::Drain;
use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::deliver;
use super::importer::Importer;
use super::protocol::{LINE_BYTES_MAX, Reply, Request, Secret, line};
use crate::config::{Config, DefaultFolders, Language};

/// Conversations at once; one more waits to be accepted.
const CONVERSATIONS_MAX: usize = 16;

/// What conversations are about.
pub(crate) struct Control {
    pub(super) store: Arc<Store>,
    pub(super) delivery: Arc<Delivery>,
    authenticator: Arc<Authenticator>,
    pub(super) default_domain: String,
    pub(super) domains: Vec<String>,
    folders: DefaultFolders,
    /// The accounts into which something is imported now.
    pub(super) importing: Mutex<HashSet<AccountId>>,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Undone {
    /// The caller is told.
    #[error("{0}")]
    Refused(String),
    /// We failed; the caller is told just that, and the log tells the rest.
    #[error(transparent)]
    Fault(Box<dyn std::error::Error + Send + Sync>),
    /// There is nobody left to tell.
    #[error(transparent)]
    Lost(#[from] std::io::Error),
}

impl From<mailstore::Error> for Undone {
    fn from(error: mailstore::Error) -> Self {
        match error {
            mailstore::Error::Refused(refusal) => refusal.into(),
            mailstore::Error::Failed(fault) => Self::Fault(fault.into()),
        }
    }
}

impl From<mailstore::Refusal> for Undone {
    fn from(refusal: mailstore::Refusal) -> Self {
        Self::Refused(match refusal {
            mailstore::Refusal::AccountMissing => "there is no such user".to_owned(),
            other => other.to_string(),
        })
    }
}

impl Control {
    pub(crate) fn new(
        store: Arc<Store>,
        authenticator: Arc<Authenticator>,
        delivery: Arc<Delivery>,
        config: &Config,
    ) -> Self {
        Self {
            store,
            delivery,
            authenticator,
            default_domain: config.default_domain.clone(),
            domains: config.domains.clone(),
            folders: config.folders.clone(),
            importing: Mutex::default(),
        }
    }

    /// Makes a user, whose full address is returned; the demo and the command line do it here alike.
    ///
    /// # Errors
    /// There is one of that name, the name or domain will not do, or we failed.
    pub(crate) async fn add_user(
        &self,
        login: &str,
        password: Password,
        language: Option<&Language>,
    ) -> Result<String, UserUnmade> {
        let name = self.login(login).map_err(UserUnmade::Refused)?;
        let login = name.to_string();
        // Before the work of hashing; the store looks again when it makes the user.
        if self.store.user(&login)?.is_some() {
            return Err(UserUnmade::Exists { login });
        }
        let secrets = stored(self.authenticator.secrets(password).await?);
        let folders = language.map_or_else(|| self.folders.of(name.domain()).to_vec(), Language::folders);
        self.store.add_user(address(name), secrets, &folders).await?;
        Ok(login)
    }

    /// A login name in one of our domains.
    pub(super) fn login(&self, name: &str) -> Result<LoginName, String> {
        let login =
            LoginName::parse(name, &self.default_domain).map_err(|error| format!("{name:?}: {error}"))?;
        if self.domains.iter().any(|domain| domain == login.domain()) {
            return Ok(login);
        }
        Err(format!("{:?} is none of the domains here: {}", login.domain(), self.domains.join(", ")))
    }

    /// One of our domains.
    pub(super) fn domain(&self, name: &str) -> Result<String, Undone> {
        let wanted = auth::a_labels(name).ok();
        wanted.filter(|wanted| self.domains.contains(wanted)).ok_or_else(|| {
            Undone::Refused(format!("{name:?} is none of the domains here: {}", self.domains.join(", ")))
        })
    }

    async fn do_add(&self, login: &str, password: Secret, language: Option<&str>) -> Result<Reply, Undone> {
        let language = language.map(Language::parse).transpose().map_err(Undone::Refused)?;
        let added = self.add_user(login, strong(&password)?, language).await;
        added.map(|_| Reply::Done).map_err(|error| match error {
            UserUnmade::Refused(why) => Undone::Refused(why),
            UserUnmade::Exists { .. } => mailstore::Refusal::UserExists.into(),
            UserUnmade::Store(error) => error.into(),
            UserUnmade::Hashing(error) => Undone::Fault(error.into()),
        })
    }

    async fn do_passwd(&self, login: &str, password: Secret) -> Result<Reply, Undone> {
        let login = self.any_login(login)?;
        // Before the work of hashing: whoever mistypes a name should hear of it at once.
        self.store.user(login.as_str())?.ok_or(mailstore::Refusal::AccountMissing)?;
        let secrets = self.authenticator.secrets(strong(&password)?).await;
        let secrets = secrets.map_err(|error| Undone::Fault(error.into()))?;
        self.store.set_password(login.as_str(), stored(secrets)).await?;
        self.authenticator.forget(login.as_str());
        Ok(Reply::Done)
    }

    async fn do_remove(&self, login: &str) -> Result<Reply, Undone> {
        let login = self.any_login(login)?;
        self.store.remove_user(login.as_str()).await?;
        self.authenticator.forget(login.as_str());
        Ok(Reply::Done)
    }

    /// A login name in any domain: what is stored can be reached when its domain is no longer configured.
    pub(super) fn any_login(&self, name: &str) -> Result<LoginName, Undone> {
        let parsed = LoginName::parse(name, &self.default_domain);
        parsed.map_err(|error| Undone::Refused(format!("{name:?}: {error}")))
    }

    async fn do_list(&self, to: &mut Replies) -> Result<Reply, Undone> {
        for user in self.store.users().await? {
            let login = user.spelling.unwrap_or(user.login);
            to.send(&Reply::User { login, enabled: user.enabled }).await?;
        }
        Ok(Reply::Done)
    }

    async fn do_check(&self, account: Option<&str>, hashes: bool, to: &mut Replies) -> Result<Reply, Undone> {
        let account = account.map(|name| self.account(name)).transpose()?;
        let report = self.store.check(account, hashes).await?;
        for problem in &report.problems {
            to.send(&Reply::Problem { text: problem.to_string() }).await?;
        }
        Ok(Reply::Checked {
            accounts: report.accounts,
            mailboxes: report.mailboxes,
            messages: report.messages,
            hashed: report.hashed,
            problems: report.problems.len() as u64,
        })
    }

    /// A user's account, or the account of that number, which may be all that is left of a user.
    fn account(&self, name: &str) -> Result<AccountId, Undone> {
        if let Ok(number) = name.parse() {
            return Ok(AccountId(number));
        }
        let user = self.store.user(self.any_login(name)?.as_str())?;
        Ok(user.ok_or(mailstore::Refusal::AccountMissing)?.account)
    }
}

/// Why a user was not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UserUnmade {
    /// The name will not do.
    #[error("{0}")]
    Refused(String),
    /// There is a user of that name.
    #[error("{login} exists already")]
    Exists {
        /// The full address.
        login: String,
    },
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] mailstore::Error),
    /// The password could not be hashed.
    #[error(transparent)]
    Hashing(#[from] PoolError),
}

/// What login makes of a password, as the store keeps it.
fn stored(secrets: auth::Secrets) -> mailstore::Secrets {
    let auth::Secrets { password_hash, scram_verifier } = secrets;
    mailstore::Secrets { password_hash, scram_verifier }
}

/// An address with what was written for it.
pub(super) fn address(name: LoginName) -> mailstore::Address {
    let spelling = format!("{}@{}", name.spelling(), name.domain());
    let name = name.to_string();
    mailstore::Address { spelling: (spelling != name).then_some(spelling), name }
}

fn strong(secret: &Secret) -> Result<Password, Undone> {
    let password = Password::new(&secret.0);
    password.check_strength().map_err(|weak| Undone::Refused(weak.to_string()))?;
    Ok(password)
}

/// A socket at `path` that only this user can open. What a server left there is removed: the folder is locked.
///
/// # Errors
/// The system refuses; the path may be too long for a socket.
pub(crate) fn listen(path: &Path) -> std::io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // Between the two calls nobody else can reach it: the folder is for this user alone.
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Holds conversations until the drain begins, and then waits for those that are in the middle of something.
pub(crate) async fn serve(listener: UnixListener, control: Arc<Control>, drain: Drain) {
    let room = Arc::new(Semaphore::new(CONVERSATIONS_MAX));
    let mut conversations = JoinSet::new();
    loop {
        let accepted = async {
            let permit = room.clone().acquire_owned().await;
            (permit, listener.accept().await)
        };
        tokio::select! {
            () = drain.begun() => break,
            Some(ended) = conversations.join_next() => report(ended),
            (permit, accepted) = accepted => match accepted {
                Ok((stream, _)) => {
                    let (control, drain) = (control.clone(), drain.clone());
                    conversations.spawn(async move {
                        let _held = (permit, drain.session());
                        converse(stream, control, drain).await;
                    });
                }
                Err(error) => tracing::warn!(%error, "cannot accept on the control socket"),
            },
        }
    }
    while let Some(ended) = conversations.join_next().await {
        report(ended);
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a conversation of the command line broke off");
    }
}

/// Holds one conversation. When the drain begins it ends after the reply that is due.
pub(crate) async fn converse(stream: UnixStream, control: Arc<Control>, drain: Drain) {
    let (from, to) = stream.into_split();
    let mut conversation =
        Conversation { control, from: BufReader::new(from), to: Replies(to), importer: None };
    loop {
        let request = tokio::select! {
            biased;
            request = conversation.request() => request,
            () = drain.begun() => return,
        };
        match request {
            Ok(Some(request)) => {
                if conversation.answer(request).await.is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) => {
                tracing::info!(%error, "the command line does not speak our protocol");
                return;
            }
        }
    }
}

struct Conversation {
    control: Arc<Control>,
    from: BufReader<OwnedReadHalf>,
    to: Replies,
    importer: Option<Importer>,
}

/// The way back to the command line.
pub(super) struct Replies(OwnedWriteHalf);

impl Replies {
    pub(super) async fn send(&mut self, reply: &Reply) -> std::io::Result<()> {
        self.0.write_all(&line(reply)?).await
    }
}

impl Conversation {
    async fn request(&mut self) -> std::io::Result<Option<Request>> {
        let mut line = Vec::new();
        (&mut self.from).take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut line).await?;
        if line.is_empty() {
            return Ok(None);
        }
        let request = serde_json::from_slice(&line)?;
        zeroize::Zeroize::zeroize(&mut line);
        Ok(Some(request))
    }

    async fn answer(&mut self, request: Request) -> std::io::Result<()> {
        let reply = match self.carry_out(request).await {
            Ok(Some(reply)) => reply,
            Ok(None) => return Ok(()),
            Err(Undone::Refused(why)) => Reply::Refused { why },
            Err(Undone::Fault(error)) => {
                tracing::error!(%error, "a request of the command line failed");
                Reply::Failed
            }
            Err(Undone::Lost(error)) => return Err(error),
        };
        self.to.send(&reply).await
    }

    async fn carry_out(&mut self, request: Request) -> Result<Option<Reply>, Undone> {
        let control = &self.control;
        let reply = match request {
            Request::UserAdd { login, password, language } => {
                control.do_add(&login, password, language.as_deref()).await?
            }
            Request::UserList => control.do_list(&mut self.to).await?,
            Request::UserPasswd { login, password } => control.do_passwd(&login, password).await?,
            Request::UserRemove { login } => control.do_remove(&login).await?,
            Request::QuotaList => control.list_quotas(&mut self.to).await?,
            Request::QuotaShow { whose } => control.show_quota(whose).await?,
            Request::QuotaSet { whose, storage, messages } => {
                control.set_quota(whose, storage, messages).await?
            }
            Request::IndexShow { login } => control.show_index(login.as_deref(), &mut self.to).await?,
            Request::IndexRebuild { login } => control.rebuild_index(login.as_deref(), &mut self.to).await?,
            Request::Check { account, hashes } => {
                control.do_check(account.as_deref(), hashes, &mut self.to).await?
            }
            Request::AliasAdd { name, target } => control.do_alias_add(&name, &target).await?,
            Request::AliasList => control.do_alias_list(&mut self.to).await?,
            Request::AliasRemove { name, target } => {
                control.do_alias_remove(&name, target.as_deref()).await?
            }
            Request::Deliver { to, from, bytes } => {
                deliver::deliver(&control.delivery, &to, &from, &mut (&mut self.from).take(bytes)).await?
            }
            Request::Import { login } => {
                self.importer = None;
                self.importer = Some(Importer::begin(control.clone(), &login).await?);
                Reply::Ready { message_bytes_max: control.store.message_bytes_max() }
            }
            Request::Known { sources } => Reply::Known { known: self.importer()?.known(&sources).await? },
            Request::Message(header) => {
                let importer = self.importer.as_mut().ok_or_else(no_import)?;
                importer.message(header, &mut self.from).await?;
                return Ok(None);
            }
            Request::Store => Reply::Stored { refused: self.importer()?.store().await? },
        };
        Ok(Some(reply))
    }

    fn importer(&mut self) -> Result<&mut Importer, Undone> {
        self.importer.as_mut().ok_or_else(no_import)
    }
}

/// After this nothing that follows could be understood, as a message's bytes may come next.
fn no_import() -> Undone {
    Undone::Lost(std::io::Error::other("no import has begun"))
}
