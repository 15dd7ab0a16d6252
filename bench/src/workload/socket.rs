//! FETCH beside the least that it could cost: an answer of the server is recorded, and then the server's own rate is
//! compared with that of a loop that only writes these bytes to a socket ([`crate::player`]), read by the same client.

use std::io;
use std::rc::Rc;

use super::Scene;
use super::fetch::{CONTENTS, ENVELOPE, HEADERS_OF_THUNDERBIRD, again_and_again, examined};
use crate::measure::Figure;
use crate::player::Player;
use crate::server::Server;

/// What is fetched, over TLS or not, of how many messages at most: contents are held in memory as a whole.
const ANSWERS: [(&str, &str, bool, usize); 5] = [
    ("ENVELOPE", ENVELOPE, false, usize::MAX),
    ("header fields as Thunderbird", HEADERS_OF_THUNDERBIRD, false, usize::MAX),
    ("BODY[]", CONTENTS, false, RECORDED_MAX),
    ("ENVELOPE, over TLS", ENVELOPE, true, usize::MAX),
    ("BODY[], over TLS", CONTENTS, true, RECORDED_MAX),
];

/// Messages whose contents are recorded: some 270 MB.
const RECORDED_MAX: usize = 10_000;

pub(super) async fn run(scene: &Rc<Scene>, server: &Server) -> io::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (what, items, tls, most) in ANSWERS {
        let command = format!("FETCH 1:{} {items}", scene.sizes.messages.min(most));
        let name = format!("answer to FETCH of {what}");
        let mut connection = examined(server, tls).await?;
        // This also has the server read it once.
        let recording = connection.record(&command).await?;
        let player = Player::start(server.folder(), &recording).await?;
        drop(recording);
        figures.extend(again_and_again(scene, &mut connection, server.process(), &name, &command).await?);
        let mut connection = player.connect(server, tls).await?;
        connection.expect(&command).await?;
        let played = again_and_again(scene, &mut connection, player.process(), &name, &command).await?;
        figures.extend(played.map(Figure::of_socket));
    }
    Ok(figures)
}
