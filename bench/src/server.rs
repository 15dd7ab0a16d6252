//! A server under test: started by its script, stopped, restarted, connected to.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::connection::Connection;

/// The password of every user.
pub(crate) const PASSWORD: &str = "benchmark-1";

/// How long a server has to make its users and to start.
const START: Duration = Duration::from_secs(600);

/// How long a server has to stop before it is killed.
const STOP: Duration = Duration::from_secs(60);

/// How a server finds text.
#[derive(Clone, Debug)]
pub(crate) enum TextIndex {
    /// It looks at every message.
    None,
    /// By an index that it makes in the background.
    Background,
    /// By an index in this folder, which it makes at the first search.
    AtFirstSearch(PathBuf),
}

/// Variables of the environment, with their values.
pub(crate) type Environment = Vec<(&'static str, &'static str)>;

/// What a server is started from.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    /// Its name in tables.
    pub(crate) name: &'static str,
    /// The script that runs it.
    pub(crate) script: PathBuf,
    /// The folder of all it has.
    pub(crate) folder: PathBuf,
    /// How many users there are.
    pub(crate) users: usize,
    /// What its script is told besides.
    pub(crate) more: Vec<PathBuf>,
    /// What its script is told by variables.
    pub(crate) environment: Environment,
    pub(crate) text_index: TextIndex,
}

/// Where a server is reached.
#[derive(Clone)]
pub(crate) struct Doors {
    imap: SocketAddr,
    imaps: SocketAddr,
    lmtp: SocketAddr,
    tls: Arc<rustls::ClientConfig>,
}

impl Doors {
    /// Ports of loopback that nobody uses at the moment.
    fn free() -> io::Result<Self> {
        let listen = || TcpListener::bind("127.0.0.1:0");
        // All three are held before one is given back, so that they differ.
        let listeners = [listen()?, listen()?, listen()?];
        let [imap, imaps, lmtp] = &listeners;
        Ok(Self {
            imap: imap.local_addr()?,
            imaps: imaps.local_addr()?,
            lmtp: lmtp.local_addr()?,
            tls: whole_handshakes()?,
        })
    }

    /// Where it takes mail.
    pub(crate) fn lmtp(&self) -> SocketAddr {
        self.lmtp
    }

    /// How TLS is spoken with it.
    pub(crate) fn tls(&self) -> &Arc<rustls::ClientConfig> {
        &self.tls
    }

    /// A connection on which a user has logged in.
    pub(crate) async fn login(&self, user: usize) -> io::Result<Connection> {
        let mut connection = Connection::open(self.imap, None).await?;
        connection.expect(&login(user)).await?;
        Ok(connection)
    }

    /// The same over TLS.
    pub(crate) async fn login_tls(&self, user: usize) -> io::Result<Connection> {
        let mut connection = Connection::open(self.imaps, Some(&self.tls)).await?;
        connection.expect(&login(user)).await?;
        Ok(connection)
    }
}

/// TLS whose sessions are not resumed, so that every handshake costs what it costs a new client.
fn whole_handshakes() -> io::Result<Arc<rustls::ClientConfig>> {
    let mut config = testkit::tls::client_config()?;
    config.resumption = rustls::client::Resumption::disabled();
    Ok(Arc::new(config))
}

/// A server, running.
pub(crate) struct Server {
    recipe: Recipe,
    /// Where it is reached, also after a restart.
    pub(crate) doors: Doors,
    child: Child,
    /// What it calls itself.
    pub(crate) version: String,
}

impl Server {
    /// Starts it for the first time; its users are made.
    pub(crate) async fn start(recipe: Recipe) -> io::Result<Self> {
        fs::create_dir_all(&recipe.folder)?;
        let doors = Doors::free()?;
        let child = spawn(&recipe, &doors)?;
        let mut server = Self { recipe, doors, child, version: String::new() };
        server.wait_until_ready().await?;
        let version = fs::read_to_string(server.recipe.folder.join("version"))?;
        server.version = version.trim().replace('\n', ", ");
        Ok(server)
    }

    /// Its name in tables.
    pub(crate) fn name(&self) -> &'static str {
        self.recipe.name
    }

    /// The folder of all it has.
    pub(crate) fn folder(&self) -> &Path {
        &self.recipe.folder
    }

    /// How it finds text.
    pub(crate) fn text_index(&self) -> &TextIndex {
        &self.recipe.text_index
    }

    /// Its first process; 0 once it has ended.
    pub(crate) fn process(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    /// Stops it and starts it again; `between` happens while it is down.
    pub(crate) async fn restart(&mut self, between: impl AsyncFnOnce() -> io::Result<()>) -> io::Result<()> {
        self.stop().await?;
        between().await?;
        self.child = spawn(&self.recipe, &self.doors)?;
        self.wait_until_ready().await
    }

    /// Has it run, and with these variables: starts it if it was stopped, and again if they are others.
    pub(crate) async fn run_with(&mut self, environment: Environment) -> io::Result<()> {
        if self.pid().is_some() && self.recipe.environment == environment {
            return Ok(());
        }
        self.recipe.environment = environment;
        self.restart(async || Ok(())).await
    }

    /// Stops it.
    pub(crate) async fn stop(&mut self) -> io::Result<()> {
        let Some(pid) = self.pid() else { return Ok(()) };
        kill_process(pid, Signal::TERM)?;
        if timeout(STOP, self.child.wait()).await.is_err() {
            kill_process_group(pid, Signal::KILL)?;
            self.child.wait().await?;
        }
        Ok(())
    }

    /// A connection on which a user has logged in.
    pub(crate) async fn login(&self, user: usize) -> io::Result<Connection> {
        self.doors.login(user).await
    }

    async fn wait_until_ready(&mut self) -> io::Result<()> {
        let end = Instant::now() + START;
        loop {
            if let Ok(Ok(_)) = timeout(Duration::from_secs(10), self.login(0)).await {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("{} ended: {status}", self.name())));
            }
            if Instant::now() > end {
                return Err(io::Error::other(format!("{} does not take a login", self.name())));
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.child.id()?).ok()?)
    }
}

impl Drop for Server {
    /// Whatever went wrong, no process is left behind.
    fn drop(&mut self) {
        if let Some(pid) = self.pid() {
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

/// The name of a user.
pub(crate) fn user(number: usize) -> String {
    format!("u{number}")
}

fn login(number: usize) -> String {
    format!("LOGIN {} {PASSWORD}", user(number))
}

fn spawn(recipe: &Recipe, doors: &Doors) -> io::Result<Child> {
    let output = fs::File::options().append(true).create(true).open(recipe.folder.join("output"))?;
    let mut command = Command::new(std::path::absolute(&recipe.script)?);
    command.arg(std::path::absolute(&recipe.folder)?);
    command.args([doors.imap, doors.imaps, doors.lmtp].map(|address| address.port().to_string()));
    command.arg(recipe.users.to_string());
    for path in &recipe.more {
        command.arg(std::path::absolute(path)?);
    }
    command.envs(recipe.environment.iter().copied());
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
    command.process_group(0).spawn()
}
