//! FETCH over the large mailbox, and of single messages of it.

use std::io;
use std::rc::Rc;

use super::{LARGE, Scene};
use crate::connection::Connection;
use crate::measure::{Figure, Meter, Unit, together};
use crate::server::Server;

/// What is fetched of all messages, with the name of the figure. The sets of header fields are those that the
/// clients of the name ask for when they see a mailbox for the first time.
const OF_ALL: [(&str, &str); 7] = [
    ("FETCH 1:* FLAGS", "(FLAGS)"),
    ("FETCH 1:* ENVELOPE", "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)"),
    ("FETCH 1:* ENVELOPE BODYSTRUCTURE", "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)"),
    (
        "FETCH 1:* as Thunderbird",
        "(UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority X-Priority \
         References Newsgroups In-Reply-To Content-Type Reply-To)])",
    ),
    (
        "FETCH 1:* as Apple Mail",
        "(INTERNALDATE UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (date subject from to cc message-id \
         in-reply-to references content-type x-priority x-uniform-type-identifier \
         x-universally-unique-identifier list-id list-unsubscribe bimi-indicator bimi-location \
         x-bimi-indicator-hash authentication-results dkim-signature)])",
    ),
    ("FETCH 1:* as Outlook", "(UID FLAGS RFC822.SIZE BODY.PEEK[HEADER] INTERNALDATE)"),
    ("FETCH 1:* BODY[]", "(BODY.PEEK[])"),
];

/// The share of the usual time after which a FETCH of all is not repeated.
const SHARE_OF_TIME: u32 = 5;

pub(super) async fn run(scene: &Rc<Scene>, server: &Server) -> io::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (name, items) in OF_ALL {
        figures.extend(of_all(scene, server, name, items).await?);
    }
    for (name, items) in
        [("BODY[] of random messages", "BODY.PEEK[]"), ("partial FETCH", "BODY.PEEK[]<0.8192>")]
    {
        figures.push(random(scene, server, &format!("{name}, 1 client"), items, 1).await?);
        figures.push(random(scene, server, &format!("{name}, 16 clients"), items, 16).await?);
    }
    Ok(figures)
}

async fn of_all(scene: &Scene, server: &Server, name: &str, items: &str) -> io::Result<Vec<Figure>> {
    let mut connection = selected(server).await?;
    let meter = Meter::start(server);
    let (mut messages, mut bytes) = (0, 0);
    let end = std::time::Instant::now() + scene.sizes.time() / SHARE_OF_TIME;
    while messages == 0 || std::time::Instant::now() < end {
        let answer = connection.expect(&format!("FETCH 1:* {items}")).await?;
        messages += answer.responses;
        bytes += answer.bytes;
    }
    let cost = meter.stop(messages);
    let megabytes = bytes as f64 / 1e6 / cost.wall.as_secs_f64();
    let mut figures = vec![Figure::rate(name, cost)];
    if name.ends_with("BODY[]") {
        figures.push(Figure::plain(name, Unit::MegabytesPerSecond, megabytes));
    }
    Ok(figures)
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
        connections.push(selected(server).await?);
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

async fn selected(server: &Server) -> io::Result<Connection> {
    let mut connection = server.login(0).await?;
    connection.expect(&format!("EXAMINE {LARGE}")).await?;
    Ok(connection)
}
