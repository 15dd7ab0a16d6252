//! What an idle session costs: many users with a mailbox each, a TLS session for every one of them, and the server's
//! memory before and after.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use testkit::client::Client;
use testkit::tls::TlsStream;

/// Bytes of the one message that a mailbox is filled with copies of.
const MESSAGE_BYTES: usize = 1024;

/// How long a server that has just started is left alone before its memory without sessions is taken: what its start
/// took for a moment is no part of it.
const SETTLE: Duration = Duration::from_secs(60);

/// Appends one message and copies it until INBOX has so many; nothing if it has them already.
pub(crate) fn fill_by_copies(client: &mut Client, messages: usize) -> io::Result<()> {
    let mut exists = exists(&client.expect("SELECT INBOX")?.untagged);
    if exists == 0 {
        let answer = client.append("INBOX", "\\Seen", &crate::message(0, MESSAGE_BYTES))?;
        if !answer.is_ok() {
            return Err(io::Error::other(answer.tagged));
        }
        exists = 1;
        client.expect("NOOP")?;
    }
    while exists < messages {
        let more = exists.min(messages - exists);
        client.expect(&format!("COPY 1:{more} INBOX"))?;
        exists += more;
    }
    Ok(())
}

fn exists(untagged: &[Vec<u8>]) -> usize {
    let count = |line: &Vec<u8>| {
        String::from_utf8_lossy(line).strip_suffix(" EXISTS")?.strip_prefix("* ")?.parse().ok()
    };
    untagged.iter().find_map(count).unwrap_or_default()
}

/// Opens a TLS session for each login, leaves them in IDLE, and says what the process has grown by for each.
pub(crate) fn measure(
    server: SocketAddr,
    process: u32,
    logins: impl Iterator<Item = (String, String)>,
    wait: Duration,
) -> io::Result<()> {
    std::thread::sleep(SETTLE.min(wait));
    let without = pss_kib(process)?;
    let sessions =
        logins.map(|(user, password)| idling(server, &user, &password)).collect::<io::Result<Vec<_>>>()?;
    let opened = pss_kib(process)?;
    std::thread::sleep(wait);
    let with = pss_kib(process)?;
    let each = |now: u64| now.saturating_sub(without) as f64 / sessions.len().max(1) as f64;
    println!(
        "{} idle TLS sessions: {:.1} KiB each after {} s ({:.1} as soon as they were there); PSS {without} KiB without, {with} KiB with",
        sessions.len(),
        each(with),
        wait.as_secs(),
        each(opened),
    );
    Ok(())
}

fn idling(server: SocketAddr, user: &str, password: &str) -> io::Result<Client<TlsStream>> {
    let mut client = Client::connect_tls(server)?;
    client.expect(&format!("LOGIN {user} {password}"))?;
    client.expect("SELECT INBOX")?;
    client.send(b"IDLE")?;
    let continuation = client.response()?;
    if continuation.starts_with(b"+") { Ok(client) } else { Err(io::Error::other("IDLE was not taken")) }
}

/// The memory of a process, shared pages counted by share, in KiB (proc(5), smaps_rollup).
fn pss_kib(process: u32) -> io::Result<u64> {
    let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or_default();
    line.trim_end_matches("kB").trim().parse().map_err(io::Error::other)
}
