//! HTTP that is asked too often, by too many, or too slowly.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::limits::{WITHIN, last_words, outer_address};
use crate::serving::Server;

const ASKED: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
const FULL: &str = "HTTP/1.1 503 Service Unavailable\r\n";

/// A server that listens for HTTP alone, with these keys of `[http]`, at every address of this machine.
fn server(http: &str) -> (Server, SocketAddr) {
    let server = Server::start(|_| {
        format!("[[listener]]\nprotocol = \"http\"\naddress = \"0.0.0.0:0\"\n[http]\n{http}")
    });
    let port = server.address("http").port();
    (server, SocketAddr::from(([127, 0, 0, 1], port)))
}

/// What is answered to one question over a connection that stays.
fn ask(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(WITHIN)).unwrap();
    // It may have been closed already.
    let _asked = stream.write_all(ASKED);
    let mut answer = [0; 1024];
    let read = stream.read(&mut answer).unwrap_or(0);
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

fn connected(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let answer = ask(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    stream
}

#[test]
fn connections_over_http_are_limited_in_all_and_by_address() {
    let (_server, local) = server("connections = 4\nconnections_per_address = 1\n");
    // Loopback is held to the number in all alone.
    let mut held = vec![connected(local), connected(local)];
    // A machine without a network has no other address.
    if let Some(ip) = outer_address() {
        let outer = SocketAddr::from((ip, local.port()));
        held.push(connected(outer));
        assert!(last_words(TcpStream::connect(outer).unwrap()).starts_with(FULL), "one address has one");
    }
    while held.len() < 4 {
        held.push(connected(local));
    }
    assert!(last_words(TcpStream::connect(local).unwrap()).starts_with(FULL), "there are four");
}

#[test]
fn who_is_slow_over_http_is_cut_off() {
    let (_server, address) = server("head_seconds = 1\n");
    let silent = TcpStream::connect(address).unwrap();
    let answered = connected(address);
    let mut slow = TcpStream::connect(address).unwrap();
    let since = Instant::now();
    // A byte now and then buys no time.
    while slow.write_all(b"G").is_ok() {
        assert!(since.elapsed() < WITHIN, "the head may take for ever");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(since.elapsed() > Duration::from_millis(900), "{:?}", since.elapsed());
    assert_eq!(last_words(silent), "");
    assert_eq!(last_words(answered), "");
}

#[test]
fn a_connection_over_http_ends_however_much_is_asked() {
    let (_server, address) = server("head_seconds = 1\nconnection_seconds = 2\n");
    let since = Instant::now();
    let mut stream = connected(address);
    while ask(&mut stream).starts_with("HTTP/1.1 200 OK\r\n") {
        assert!(since.elapsed() < WITHIN, "the connection lasts for ever");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(since.elapsed() > Duration::from_millis(1900), "{:?}", since.elapsed());
}
