//! Logins whose passwords cost what Postroom has them cost by default (Argon2id): of users who have not been there since
//! the server was started, and of users whose password it remembers to have been right.

use std::io;
use std::rc::Rc;

use super::{FIRST_SMALL, Scene};
use crate::measure::{Figure, Meter, together};
use crate::server::Server;

/// Users of such a server. To make one costs some time too.
pub(crate) const USERS: usize = 512;

/// Clients that log in at once.
const CLIENTS: usize = 16;

pub(super) async fn run(scene: &Rc<Scene>, server: &mut Server) -> io::Result<Vec<Figure>> {
    // It forgets who has been there.
    server.restart(async || Ok(())).await?;
    Ok(vec![first(scene, server).await?, repeated(scene, server).await?])
}

/// Each client logs in its share of the users, one after another.
async fn first(scene: &Scene, server: &Server) -> io::Result<Figure> {
    let users = (FIRST_SMALL..USERS.min(scene.sizes.users)).collect::<Vec<_>>();
    let shares: Vec<Vec<usize>> =
        users.chunks(users.len().div_ceil(CLIENTS)).map(<[usize]>::to_vec).collect();
    let meter = Meter::start(server);
    let mut clients = tokio::task::JoinSet::new();
    for share in shares {
        let doors = server.doors.clone();
        clients.spawn_local(async move {
            for user in share {
                doors.login(user).await?.expect("LOGOUT").await?;
            }
            io::Result::Ok(())
        });
    }
    while let Some(ended) = clients.join_next().await {
        ended.map_err(io::Error::other)??;
    }
    Ok(Figure::rate("logins, a user's first, 16 clients", meter.stop(users.len() as u64)))
}

async fn repeated(scene: &Scene, server: &Server) -> io::Result<Figure> {
    let (doors, users) = (server.doors.clone(), USERS.min(scene.sizes.users) - FIRST_SMALL);
    let meter = Meter::start(server);
    let work = async move |(): &mut (), client: usize, done: usize| {
        let user = FIRST_SMALL + (client + done * CLIENTS) % users;
        doors.login(user).await?.expect("LOGOUT").await.map(drop)
    };
    let (_, done) = together(vec![(); CLIENTS], scene.sizes.time() / 2, work).await?;
    Ok(Figure::rate("logins, of users who were there before, 16 clients", meter.stop(done)))
}
