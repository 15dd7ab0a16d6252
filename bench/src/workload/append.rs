//! Durable APPEND: a few and many clients, of one user and of a user each.

use std::io;
use std::rc::Rc;

use super::{SHARED, Scene};
use crate::connection::Connection;
use crate::measure::{Figure, Meter, together};
use crate::server::Server;

/// What is appended to. It is made before and deleted after, so that no mailbox grows from round to round.
const MAILBOX: &str = "Append";

pub(super) async fn run(scene: &Rc<Scene>, server: &Server) -> io::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (clients, many) in [(1, false), (16, false), (128, false), (16, true), (128, true)] {
        figures.push(append(scene, server, clients, many).await?);
    }
    Ok(figures)
}

async fn append(scene: &Rc<Scene>, server: &Server, clients: usize, many: bool) -> io::Result<Figure> {
    let user = |client| if many { scene.own_user(client) } else { SHARED };
    let mut connections: Vec<Connection> = Vec::new();
    for client in 0..clients {
        let mut connection = server.login(user(client)).await?;
        if many || client == 0 {
            connection.expect(&format!("CREATE {MAILBOX}")).await?;
        }
        connections.push(connection);
    }
    let shared = Rc::clone(scene);
    let meter = Meter::start(server);
    let work = async move |connection: &mut Connection, _, _| {
        let note = shared.fresh_note();
        connection.append(MAILBOX, "", std::iter::once(note.as_slice())).await
    };
    let (mut connections, done) = together(connections, scene.sizes.time(), work).await?;
    let cost = meter.stop(done);
    let owners = if many { clients } else { 1 };
    for connection in connections.iter_mut().take(owners) {
        connection.expect(&format!("DELETE {MAILBOX}")).await?;
    }
    let users = if many { "a user each" } else { "one user" };
    let clients = if clients == 1 { "1 client".to_owned() } else { format!("{clients} clients, {users}") };
    Ok(Figure::rate(&format!("APPEND, {clients}"), cost))
}
