//! FETCH over the large mailbox, and of single messages of it.

use std::io;
use std::rc::Rc;
use std::time::Instant;

use super::{LARGE, LARGE_OWNER, Scene};
use crate::connection::Connection;
use crate::measure::{Figure, Meter, Unit, together};
use crate::server::Server;

pub(super) const ENVELOPE: &str = "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)";
pub(super) const HEADERS_OF_THUNDERBIRD: &str = "(UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority X-Priority \
     References Newsgroups In-Reply-To Content-Type Reply-To)])";
pub(super) const CONTENTS: &str = "(BODY.PEEK[])";

/// What is fetched of all messages, with the name of the figure. The sets of header fields are those that the
/// clients of the name ask for when they see a mailbox for the first time.
const OF_ALL: [(&str, &str); 7] = [
    ("FETCH 1:* FLAGS", "(FLAGS)"),
    ("FETCH 1:* ENVELOPE", ENVELOPE),
    ("FETCH 1:* ENVELOPE BODYSTRUCTURE", "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)"),
    ("FETCH 1:* as Thunderbird", HEADERS_OF_THUNDERBIRD),
    (
        "FETCH 1:* as Apple Mail",
        "(INTERNALDATE UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (date subject from to cc message-id \
         in-reply-to references content-type x-priority x-uniform-type-identifier \
         x-universally-unique-identifier list-id list-unsubscribe bimi-indicator bimi-location \
         x-bimi-indicator-hash authentication-results dkim-signature)])",
    ),
    ("FETCH 1:* as Outlook", "(UID FLAGS RFC822.SIZE BODY.PEEK[HEADER] INTERNALDATE)"),
    ("FETCH 1:* BODY[]", CONTENTS),
];

/// The share of the usual time after which a FETCH of all is not repeated.
const SHARE_OF_TIME: u32 = 5;

pub(super) async fn run(scene: &Rc<Scene>, server: &Server) -> io::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (name, items) in OF_ALL {
        figures.extend(of_all(scene, server, name, items, false).await?);
    }
    figures.extend(of_all(scene, server, "FETCH 1:* BODY[] over TLS", CONTENTS, true).await?);
    for (name, items) in
        [("BODY[] of random messages", "BODY.PEEK[]"), ("partial FETCH", "BODY.PEEK[]<0.8192>")]
    {
        figures.push(random(scene, server, &format!("{name}, 1 client"), items, 1).await?);
        figures.push(random(scene, server, &format!("{name}, 16 clients"), items, 16).await?);
    }
    Ok(figures)
}

async fn of_all(
    scene: &Scene,
    server: &Server,
    name: &str,
    items: &str,
    tls: bool,
) -> io::Result<Vec<Figure>> {
    let mut connection = examined(server, tls).await?;
    let command = format!("FETCH 1:* {items}");
    let [rate, megabytes] = again_and_again(scene, &mut connection, server.process(), name, &command).await?;
    Ok(if items == CONTENTS { vec![rate, megabytes] } else { vec![rate] })
}

/// Fetches the same until the time is up. Gives messages and megabytes a second.
pub(super) async fn again_and_again(
    scene: &Scene,
    connection: &mut Connection,
    process: u32,
    name: &str,
    command: &str,
) -> io::Result<[Figure; 2]> {
    let meter = Meter::of(process);
    let (mut messages, mut bytes) = (0, 0);
    let end = Instant::now() + scene.sizes.time() / SHARE_OF_TIME;
    while messages == 0 || Instant::now() < end {
        let answer = connection.expect(command).await?;
        messages += answer.responses;
        bytes += answer.bytes;
    }
    let cost = meter.stop(messages);
    let megabytes = bytes as f64 / 1e6 / cost.wall.as_secs_f64();
    Ok([Figure::rate(name, cost), Figure::plain(name, Unit::MegabytesPerSecond, megabytes)])
}

async fn random(
    scene: &Scene,
    server: &Server,
    name: &str,
    items: &str,
    clients: usize,
) -> io::Result<Figure> {
    let mut connections = Vec::new();
    for _ in 0..clients {
        connections.push(examined(server, false).await?);
    }
    let (messages, items) = (scene.sizes.messages, items.to_owned());
    let meter = Meter::start(server);
    let work = async move |connection: &mut Connection, _, _| {
        let uid = fastrand::usize(1..=messages);
        connection.expect(&format!("UID FETCH {uid} {items}")).await.map(drop)
    };
    let (_, done) = together(connections, scene.sizes.time() / 2, work).await?;
    Ok(Figure::rate(name, meter.stop(done)))
}

/// A connection on which the large mailbox is open to read.
pub(super) async fn examined(server: &Server, tls: bool) -> io::Result<Connection> {
    let doors = &server.doors;
    let mut connection =
        if tls { doors.login_tls(LARGE_OWNER).await? } else { doors.login(LARGE_OWNER).await? };
    connection.expect(&format!("EXAMINE {LARGE}")).await?;
    Ok(connection)
}
