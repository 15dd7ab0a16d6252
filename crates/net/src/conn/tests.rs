//! What a connection promises, over memory and over TCP, in plain text and in TLS.

mod compressed;

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::TcpListener;
use tokio_rustls::TlsConnector;

use super::*;

const SOON: Duration = Duration::from_secs(10);

fn pair(room: usize) -> (Conn, DuplexStream) {
    let (ours, theirs) = duplex(room);
    (Conn::memory(ours, Bounds::default()), theirs)
}

/// A server's side with a self-signed certificate, and a client that trusts it.
fn tls(version: &'static SupportedProtocolVersion) -> (Tls, TlsConnector) {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let server = Tls::self_signed(&certificate, &key).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&certificate).unwrap()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (server, TlsConnector::from(Arc::new(client)))
}

fn localhost() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}

#[tokio::test]
async fn what_is_written_waits_for_the_flush() {
    let (mut conn, mut client) = pair(64);
    conn.out().extend_from_slice(b"* OK\r\n");
    let mut got = [0; 6];
    assert!(timeout(Duration::from_millis(5), client.read(&mut got)).await.is_err());
    conn.flush().await.unwrap();
    client.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"* OK\r\n");
}

#[tokio::test]
async fn waiting_for_input_sends_what_waits_first() {
    let (mut conn, mut client) = pair(64);
    conn.send(b"+ go\r\n").await.unwrap();
    let asking = tokio::spawn(async move {
        let mut got = [0; 6];
        client.read_exact(&mut got).await.unwrap();
        client.write_all(b"went").await.unwrap();
    });
    let mut received = Vec::new();
    assert_eq!(conn.fill(&mut received, SOON).await.unwrap(), 4);
    assert_eq!(received, b"went");
    asking.await.unwrap();
}

#[tokio::test]
async fn an_idle_connection_holds_no_buffer() {
    let (mut conn, _client) = pair(1 << 20);
    conn.send(&[b'x'; Bounds::WAITING_BYTES_DEFAULT]).await.unwrap();
    let mut received = Vec::with_capacity(100_000);
    let silent = conn.fill(&mut received, Duration::from_millis(5)).await.unwrap_err();
    assert!(matches!(silent, Lost::Silent { .. }), "{silent}");
    assert_eq!((received.capacity(), conn.out.capacity()), (0, 0));
}

#[tokio::test]
async fn a_dropped_wait_loses_nothing() {
    let (mut conn, mut client) = pair(8);
    let mut received = Vec::new();
    let many: Vec<u8> = (0..=255).collect();
    conn.send(&many).await.unwrap();
    let mut echoed = Vec::new();
    for byte in 0..32 {
        // Dropped in the middle of writing: the peer has taken only a part.
        let dropped = timeout(Duration::from_millis(1), conn.fill(&mut received, SOON)).await;
        assert!(dropped.is_err());
        let mut got = [0; 8];
        client.read_exact(&mut got).await.unwrap();
        echoed.extend_from_slice(&got);
        assert_eq!(echoed.len(), 8 * (byte + 1));
        tokio::task::yield_now().await;
    }
    assert_eq!(echoed, many);
    client.write_all(b"ab").await.unwrap();
    conn.fill(&mut received, SOON).await.unwrap();
    assert_eq!(received, b"ab");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_a_byte_now_and_then_is_given_up_too() {
    let (mut conn, mut client) = pair(1);
    let dripping = tokio::spawn(async move {
        let mut taken = 0;
        while client.read(&mut [0; 1]).await.is_ok_and(|n| n > 0) {
            taken += 1;
            tokio::time::sleep(Bounds::default().write / 2).await;
        }
        taken
    });
    let stalled = conn.send(&vec![0; 1 << 20]).await.unwrap_err();
    assert!(matches!(stalled, Lost::Stalled { .. }), "{stalled}");
    drop(conn);
    assert!(dripping.await.unwrap() < 10);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_given_up() {
    let (mut conn, _client) = pair(16);
    let stalled = conn.send(&vec![0; 1 << 20]).await.unwrap_err();
    assert!(matches!(stalled, Lost::Stalled { .. }), "{stalled}");
}

#[tokio::test]
async fn a_peer_that_hangs_up_has_ended_the_connection() {
    let (mut conn, client) = pair(16);
    drop(client);
    let ended = conn.fill(&mut Vec::new(), SOON).await.unwrap_err();
    assert!(matches!(ended, Lost::Ended), "{ended}");
}

#[tokio::test]
async fn large_answers_arrive_whole() {
    let (mut conn, mut client) = pair(1000);
    let body: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let expected = [b"<".as_slice(), &body, b">"].concat();
    let reader = tokio::spawn(async move {
        let mut got = Vec::new();
        client.read_to_end(&mut got).await.unwrap();
        got
    });
    for part in [b"<".as_slice(), &body, b">"] {
        conn.send(part).await.unwrap();
        conn.flush_if_full().await.unwrap();
    }
    conn.close().await;
    assert!(reader.await.unwrap() == expected);
}

#[tokio::test]
async fn both_tls_versions_carry_both_directions() {
    for (version, name) in [(&TLS12, "TLSv1_2"), (&TLS13, "TLSv1_3")] {
        let (server, connector) = tls(version);
        let (mut conn, client) = pair(4096);
        let client = tokio::spawn(async move {
            let mut client = connector.connect(localhost(), client).await.unwrap();
            client.write_all(b"a NOOP\r\n").await.unwrap();
            let mut got = Vec::new();
            client.read_to_end(&mut got).await.unwrap();
            got
        });
        conn.handshake(&server).await.unwrap();
        assert_eq!((conn.is_tls(), conn.tls_version()), (true, Some(name)));
        let mut received = Vec::new();
        conn.fill(&mut received, SOON).await.unwrap();
        assert_eq!(received, b"a NOOP\r\n");
        conn.send(b"a OK\r\n").await.unwrap();
        conn.close().await;
        assert_eq!(client.await.unwrap(), b"a OK\r\n", "{name}: the end is announced");
    }
}

#[tokio::test]
async fn starttls_discards_what_was_pipelined_in_plain_text() {
    for late in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, peer) = listener.accept().await.unwrap();
        let mut conn = Conn::tcp(stream, peer, Bounds::default());
        let mut received = Vec::new();

        client.write_all(b"a STARTTLS\r\n").await.unwrap();
        if late {
            // Read before the rest is there: what follows waits in the kernel.
            conn.fill(&mut received, SOON).await.unwrap();
        }
        client.write_all(b"b LOGIN eve stolen\r\n").await.unwrap();
        while !late && !received.ends_with(b"stolen\r\n") {
            conn.fill(&mut received, SOON).await.unwrap();
        }

        let (server, connector) = tls(&TLS13);
        let client = tokio::spawn(async move {
            let mut ok = [0; 6];
            client.read_exact(&mut ok).await.unwrap();
            assert_eq!(&ok, b"a OK\r\n");
            let mut client = connector.connect(localhost(), client).await.unwrap();
            client.write_all(b"c NOOP\r\n").await.unwrap();
            client
        });
        conn.start_tls(&server, &mut received, b"a OK\r\n").await.unwrap();
        assert!(received.is_empty() && conn.is_tls());
        conn.fill(&mut received, SOON).await.unwrap();
        assert_eq!(received, b"c NOOP\r\n", "late: {late}");
        drop(client.await.unwrap());
    }
}

#[tokio::test]
async fn a_failed_handshake_never_falls_back_to_plain_text() {
    let (server, _) = tls(&TLS13);
    let (mut conn, mut client) = pair(4096);
    client.write_all(b"a CAPABILITY\r\n").await.unwrap();
    let failed = conn.handshake(&server).await.unwrap_err();
    assert!(matches!(failed, Lost::Handshake(_)), "{failed}");
    conn.out().extend_from_slice(b"in the open");
    assert!(conn.flush().await.is_err());
}
