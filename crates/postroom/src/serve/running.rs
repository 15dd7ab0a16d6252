//! The time between "serving" and the end: listeners, housekeeping, and signals.

use std::sync::Arc;

use imap::{ImapServer, PlaintextLogin, Settings};
use net::{Bounds, Drain, Drained, Gate, Listener, Service, Tls};
use textproto::lmtp::{self, LmtpServer};
use textproto::socketmap::SocketmapServer;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use web::Metrics;

use super::{Prepared, certificates};
use crate::assembly::Mail;
use crate::config::{self, Config, Protocol};
use crate::control::server as control;
use crate::failure::Failure;
use crate::folder::socket_of;

/// What a client is told that may not come in (RFC 3501 §7.1.5).
const TURNED_AWAY: &[u8] = b"* BYE [UNAVAILABLE] Too many connections\r\n";

/// What runs until the end. A task that ends by itself before has failed.
type Tasks = JoinSet<Result<(), Failure>>;

impl Prepared {
    /// Serves until the process is told to stop. `ready` is called when everything can be reached.
    ///
    /// # Errors
    /// The store or a listener failed.
    pub(crate) async fn serve(
        &mut self,
        mail: &Mail,
        config: &Config,
        ready: impl FnOnce(),
    ) -> Result<(), Failure> {
        let Self { folder, listeners, tls } = self;
        let listeners = std::mem::take(listeners);
        let (mut signals, hang_up) = (Signals::listen()?, Signals::hang_up()?);
        // Sessions end at the first; health and metrics go on until the second, so that they can tell.
        let (serving, stopping) = (Drain::new(), Drain::new());
        let mut tasks = Tasks::new();
        let socket = control::listen(&socket_of(folder.path()));
        let socket =
            socket.map_err(|source| Failure::System { op: "listen for the command line", source })?;
        tasks.spawn(done(control::serve(socket, mail.control.clone(), serving.clone())));
        let (http, others): (Vec<_>, Vec<_>) =
            listeners.into_iter().partition(|(protocol, _)| *protocol == Protocol::Http);
        let (mail_servers, imap) = others.into_iter().partition(|(protocol, _)| protocol.is_for_sockets());
        spawn_for_mail_servers(&mut tasks, mail_servers, mail, config, &serving);
        spawn_imap(&mut tasks, imap, imap_server(mail, tls.clone(), config), tls.clone(), config, &serving);
        spawn_http(&mut tasks, http, config, &serving, &stopping)?;
        tasks.spawn(done(certificates::keep(tls.clone(), hang_up)));
        tracing::info!(version = env!("CARGO_PKG_VERSION"), data = %folder.path().display(), "serving");
        ready();

        let ended = tokio::select! {
            signal = signals.next() => {
                tracing::info!(signal, sessions = serving.sessions(), "stopping");
                Ok(())
            }
            // Housekeeping goes on until the store fails; it waits its turn when the server is busy.
            _ = mail.store.maintain() => Err(Failure::StoreFailed),
            () = mail.store.failed() => Err(Failure::StoreFailed),
            failure = first_failure(&mut tasks) => Err(failure),
        };
        serving.begin();
        let ended = match ended {
            Ok(()) => drain(&serving, config, &mut signals, mail).await,
            failed => failed,
        };
        if let Err(failure) = &ended {
            tracing::error!(%failure, "dropping all connections");
        }
        stopping.begin();
        tasks.shutdown().await;
        // Nobody listens there any more; a command that finds the file would wait for somebody.
        let _removed = std::fs::remove_file(socket_of(folder.path())).is_ok();
        ended
    }
}

async fn done(task: impl Future<Output = ()>) -> Result<(), Failure> {
    task.await;
    Ok(())
}

fn imap_server(mail: &Mail, tls: Option<Tls>, config: &Config) -> Arc<ImapServer> {
    let plaintext_login = match config.plaintext_login {
        config::PlaintextLogin::Never => PlaintextLogin::Never,
        config::PlaintextLogin::Loopback => PlaintextLogin::Loopback,
    };
    let settings = Settings {
        plaintext_login,
        login_timeout: config.limits.login,
        idle_timeout: config.imap.idle,
        idle_keepalive: config.imap.keepalive,
        progress_every: config.imap.progress,
        bad_commands_max: config.imap.bad_commands,
        commands_before_login_max: config.imap.commands_before_login,
        bytes_before_login_max: config.imap.bytes_before_login,
        text_searches_max: config.imap.text_searches,
        saved_ranges_max: config.imap.saved_ranges,
        limits: config.imap.commands.clone(),
        switches: config.switches.clone(),
    };
    Arc::new(ImapServer::new(mail.store.clone(), mail.authenticator.clone(), tls, settings))
}

fn spawn_imap(
    tasks: &mut Tasks,
    listeners: Vec<(Protocol, Listener)>,
    server: Arc<ImapServer>,
    tls: Option<Tls>,
    config: &Config,
    serving: &Drain,
) {
    let gate = Gate::new(config.limits.connections);
    for (protocol, listener) in listeners {
        tracing::info!(protocol = protocol.name(), address = %listener.place(), "listening");
        let service = Service {
            name: protocol.name(),
            implicit_tls: tls.clone().filter(|_| protocol == Protocol::Imaps),
            gate: gate.clone(),
            drain: serving.clone(),
            bounds: Bounds {
                write: config.imap.slow_reader,
                handshake: config.imap.handshake,
                waiting_bytes: config.imap.waiting_bytes,
            },
            turned_away: TURNED_AWAY,
        };
        let (server, drain) = (server.clone(), serving.clone());
        tasks.spawn(async move {
            Ok(net::serve(listener, service, move |conn| server.clone().serve(conn, drain.clone())).await?)
        });
    }
}

/// What mail servers connect to. They have a gate of their own, so that no number of mail clients keeps mail out.
fn spawn_for_mail_servers(
    tasks: &mut Tasks,
    listeners: Vec<(Protocol, Listener)>,
    mail: &Mail,
    config: &Config,
    serving: &Drain,
) {
    let arriving = &config.arriving;
    let lmtp = Arc::new(LmtpServer::new(mail.delivery.clone(), arriving.lmtp.clone()));
    let socketmap = Arc::new(SocketmapServer::new(mail.delivery.clone(), arriving.socketmap_timeout));
    let limits = net::Limits {
        total: arriving.connections,
        per_address: arriving.connections,
        // Nobody logs in there.
        unauthenticated: arriving.connections,
        ..net::Limits::default()
    };
    let (lmtp_gate, socketmap_gate) = (Gate::new(limits), Gate::new(limits));
    for (protocol, listener) in listeners {
        tracing::info!(protocol = protocol.name(), address = %listener.place(), "listening");
        let is_lmtp = protocol == Protocol::Lmtp;
        let service = Service {
            name: protocol.name(),
            implicit_tls: None,
            gate: if is_lmtp { lmtp_gate.clone() } else { socketmap_gate.clone() },
            drain: serving.clone(),
            bounds: Bounds { write: arriving.lmtp.timeout, ..Bounds::default() },
            turned_away: if is_lmtp { lmtp::TURNED_AWAY } else { b"" },
        };
        let (lmtp, socketmap, drain) = (lmtp.clone(), socketmap.clone(), serving.clone());
        let session = move |conn| {
            let (lmtp, socketmap, drain) = (lmtp.clone(), socketmap.clone(), drain.clone());
            async move {
                match is_lmtp {
                    true => lmtp.serve(conn, drain).await,
                    false => socketmap.serve(conn, drain).await,
                }
            }
        };
        tasks.spawn(async move { Ok(net::serve(listener, service, session).await?) });
    }
}

fn spawn_http(
    tasks: &mut Tasks,
    listeners: Vec<(Protocol, Listener)>,
    config: &Config,
    serving: &Drain,
    stopping: &Drain,
) -> Result<(), Failure> {
    // Recorded whether somebody fetches them or not: `web` files them away either way.
    let metrics = Metrics::install()?;
    let listeners: Vec<Listener> = listeners.into_iter().map(|(_, listener)| listener).collect();
    for listener in &listeners {
        tracing::info!(protocol = "http", address = %listener.place(), "listening");
    }
    let (settings, serving, stopping) = (config.http, serving.clone(), stopping.clone());
    tasks.spawn(async move { Ok(web::serve(listeners, settings, metrics, serving, stopping).await?) });
    Ok(())
}

/// Waits until a task has failed. Those that end well are forgotten.
async fn first_failure(tasks: &mut Tasks) -> Failure {
    loop {
        match tasks.join_next().await {
            Some(Ok(Ok(()))) => {}
            Some(Ok(Err(failure))) => return failure,
            Some(Err(broken)) => {
                return Failure::System { op: "go on", source: std::io::Error::other(broken) };
            }
            None => return std::future::pending().await,
        }
    }
}

/// Lets sessions end, at most for as long as is configured; a second signal ends them at once.
async fn drain(serving: &Drain, config: &Config, signals: &mut Signals, mail: &Mail) -> Result<(), Failure> {
    tokio::select! {
        drained = serving.drained(config.limits.drain) => match drained {
            Drained::Whole => tracing::info!("all sessions have ended"),
            Drained::Left(sessions) => tracing::warn!(sessions, "cutting off what is left"),
        },
        signal = signals.next() => tracing::warn!(signal, sessions = serving.sessions(), "stopping at once"),
        () = mail.store.failed() => return Err(Failure::StoreFailed),
    }
    Ok(())
}

/// The signals that tell a server to stop.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> Result<Self, Failure> {
        let refused = |source| Failure::System { op: "listen for signals", source };
        let terminate = signal(SignalKind::terminate()).map_err(refused)?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt()).map_err(refused)? })
    }

    /// The one that asks for certificates to be read again.
    fn hang_up() -> Result<Signal, Failure> {
        signal(SignalKind::hangup()).map_err(|source| Failure::System { op: "listen for signals", source })
    }

    /// The name of the next one.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
