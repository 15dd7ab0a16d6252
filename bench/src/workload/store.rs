//! STORE: on single messages, and on all at once.

use std::io;
use std::rc::Rc;

use super::{LARGE, Scene, selected};
use crate::connection::Connection;
use crate::measure::{Figure, Meter, together};
use crate::server::Server;

pub(super) async fn run(scene: &Rc<Scene>, server: &Server) -> io::Result<Vec<Figure>> {
    let mut figures = vec![single(scene, server, 1).await?, single(scene, server, 16).await?];
    for (name, data) in [("STORE 1:* .SILENT", "FLAGS.SILENT"), ("STORE 1:*", "FLAGS")] {
        figures.push(all(scene, server, name, data).await?);
    }
    Ok(figures)
}

/// Each client has messages of its own, and goes through them again and again, with the flag and then without.
async fn single(scene: &Scene, server: &Server, clients: usize) -> io::Result<Figure> {
    let mut connections = Vec::new();
    for _ in 0..clients {
        connections.push(selected(server, 0, LARGE).await?);
    }
    let own = (scene.sizes.messages / clients).max(1);
    let meter = Meter::start(server);
    let work = async move |connection: &mut Connection, client: usize, done: usize| {
        let sign = if (done / own).is_multiple_of(2) { '+' } else { '-' };
        let uid = client * own + done % own + 1;
        connection.expect(&format!("UID STORE {uid} {sign}FLAGS.SILENT (\\Flagged)")).await.map(drop)
    };
    let (mut connections, done) = together(connections, scene.sizes.time() / 2, work).await?;
    let cost = meter.stop(done);
    if let Some(connection) = connections.first_mut() {
        connection.expect("STORE 1:* -FLAGS.SILENT (\\Flagged)").await?;
    }
    let clients = if clients == 1 { "1 client".to_owned() } else { format!("{clients} clients, one user") };
    Ok(Figure::rate(&format!("STORE of one message, {clients}"), cost))
}

/// Every message is changed, and changed back.
async fn all(scene: &Scene, server: &Server, name: &str, data: &str) -> io::Result<Figure> {
    let mut connection = selected(server, 0, LARGE).await?;
    let meter = Meter::start(server);
    for sign in ['+', '-'] {
        connection.expect(&format!("STORE 1:* {sign}{data} (\\Draft)")).await?;
    }
    Ok(Figure::rate(name, meter.stop(2 * scene.sizes.messages as u64)))
}
