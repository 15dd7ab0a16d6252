//! Durable delivery over LMTP: a few and many clients, to one user and to many.

use std::io;
use std::rc::Rc;

use super::{SHARED, Scene, selected};
use crate::lmtp::Lmtp;
use crate::measure::{Figure, Meter, together};
use crate::server::{Server, user};

pub(super) async fn run(scene: &Rc<Scene>, server: &Server) -> io::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (clients, many) in [(1, false), (16, false), (128, false), (16, true), (128, true)] {
        figures.push(deliver(scene, server, clients, many).await?);
    }
    Ok(figures)
}

async fn deliver(scene: &Rc<Scene>, server: &Server, clients: usize, many: bool) -> io::Result<Figure> {
    let mut connections = Vec::new();
    for _ in 0..clients {
        connections.push(Lmtp::open(server.doors.lmtp()).await?);
    }
    let shared = Rc::clone(scene);
    let recipient = move |client| if many { shared.own_user(client) } else { SHARED };
    let shared = Rc::clone(scene);
    let to = recipient.clone();
    let meter = Meter::start(server);
    let work = async move |lmtp: &mut Lmtp, client: usize, _| {
        let address = format!("{}@localhost", user(to(client)));
        lmtp.deliver(&address, &shared.fresh_note()).await
    };
    let (connections, done) = together(connections, scene.sizes.time(), work).await?;
    let cost = meter.stop(done);
    drop(connections);
    for client in 0..if many { clients } else { 1 } {
        forget(scene, server, recipient(client)).await?;
    }
    let to = if many { "to a user each" } else { "to one user" };
    let clients = if clients == 1 { "1 client".to_owned() } else { format!("{clients} clients, {to}") };
    Ok(Figure::rate(&format!("LMTP, {clients}"), cost))
}

/// Takes out of an INBOX what was delivered, so that it does not grow from round to round.
async fn forget(scene: &Scene, server: &Server, user: usize) -> io::Result<()> {
    // What it was filled with has the first numbers, and stays.
    let kept = if user == SHARED { 0 } else { scene.sizes.small };
    let mut connection = selected(server, user, "INBOX").await?;
    if connection
        .expect("STATUS INBOX (MESSAGES)")
        .await?
        .kept
        .concat()
        .contains(&format!("MESSAGES {kept})"))
    {
        return Ok(());
    }
    connection.expect(&format!("STORE {}:* +FLAGS.SILENT (\\Deleted)", kept + 1)).await?;
    connection.expect("EXPUNGE").await.map(drop)
}
