//! Logins a second: each is a new connection of the next user, LOGIN and LOGOUT, with whole handshakes of TLS.

use std::io;
use std::rc::Rc;

use super::Scene;
use crate::measure::{Figure, Meter, together};
use crate::server::Server;

/// Clients that log in at once.
const CLIENTS: usize = 16;

pub(super) async fn run(scene: &Rc<Scene>, server: &Server) -> io::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (name, tls) in [("logins without TLS", false), ("logins over TLS", true)] {
        let (doors, shared) = (server.doors.clone(), Rc::clone(scene));
        let meter = Meter::start(server);
        let work = async move |(): &mut (), client: usize, done: usize| {
            let user = shared.own_user(client + done * CLIENTS);
            let login = if tls { doors.login_tls(user).await } else { doors.login(user).await };
            login?.expect("LOGOUT").await.map(drop)
        };
        let (_, done) = together(vec![(); CLIENTS], scene.sizes.time() / 2, work).await?;
        figures.push(Figure::rate(name, meter.stop(done)));
    }
    Ok(figures)
}
