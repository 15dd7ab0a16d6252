//! Whole conversations with a client that speaks SCRAM: RFC 5802 seen from the other side.

use testkit::scram;

use super::*;
use crate::authenticator::tests::world;
use crate::directory::Directory;
use crate::login_name::LoginName;
use crate::password::Password;

const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const EXPORTED: &[u8] = b"what both ends of the connection know";

/// A client.
struct Client<'a> {
    mechanism: Mechanism,
    /// The GS2 header.
    header: &'a str,
    /// What it believes to be bound to.
    bound: &'a [u8],
    user: &'a str,
    password: &'a str,
}

const PLAIN_SCRAM: Client<'_> = Client {
    mechanism: Mechanism::ScramSha256,
    header: "n,,",
    bound: b"",
    user: "ada",
    password: "good password",
};
const BOUND: Client<'_> = Client {
    mechanism: Mechanism::ScramSha256Plus,
    header: "p=tls-exporter,,",
    bound: EXPORTED,
    ..PLAIN_SCRAM
};

fn asked(turn: Turn) -> String {
    match turn {
        Turn::Ask(text) => String::from_utf8(STANDARD.decode(text).unwrap()).unwrap(),
        Turn::Done(identity) => panic!("{identity:?} without a proof"),
    }
}

impl Client<'_> {
    /// Its conversation; `initial` says whether the first message comes with the command.
    async fn talk(
        &self,
        server: &Arc<Authenticator>,
        tls: bool,
        initial: bool,
    ) -> Result<Identity, Unfinished> {
        let bindings = if tls { vec![("tls-exporter", EXPORTED.to_vec())] } else { Vec::new() };
        let channel = Channel { peer: PEER, bindings: Bindings::new(bindings) };
        let bare = format!("n={},r=client", self.user);
        let first = STANDARD.encode(format!("{}{bare}", self.header));
        let sent = initial.then_some(first.as_bytes());
        let (mut conversation, mut turn) =
            Conversation::begin(server.clone(), self.mechanism, sent, channel).await?;
        if !initial {
            assert_eq!(asked(turn), "");
            turn = conversation.answer(first.as_bytes()).await?;
        }
        let header = [self.header.as_bytes(), self.bound].concat();
        let last = scram::answer(&header, &bare, &asked(turn), self.password).unwrap();
        let proof = asked(conversation.answer(STANDARD.encode(&last.message).as_bytes()).await?);
        assert_eq!(proof, last.expected, "the server knows the password as well");
        match conversation.answer(b"").await? {
            Turn::Done(identity) => Ok(identity),
            Turn::Ask(more) => panic!("{more}"),
        }
    }
}

/// A server on which ada has a verifier.
async fn server() -> Arc<Authenticator> {
    let (directory, authenticator) = world();
    let name = LoginName::parse("ada", "example.org").unwrap();
    let ada = directory.find(&name).await.unwrap().unwrap();
    let secrets = authenticator.secrets(Password::new("good password")).await.unwrap();
    directory.keep_verifier(&ada, secrets.scram_verifier.unwrap()).await.unwrap();
    Arc::new(authenticator)
}

fn refused(answer: Result<Identity, Unfinished>) -> String {
    answer.unwrap_err().to_string()
}

#[tokio::test]
async fn a_client_proves_to_know_the_password_and_so_does_the_server() {
    let server = server().await;
    for initial in [true, false] {
        for tls in [true, false] {
            let ada = PLAIN_SCRAM.talk(&server, tls, initial).await.unwrap();
            assert_eq!(ada.login, "ada@example.org");
        }
        BOUND.talk(&server, true, initial).await.unwrap();
    }
}

#[tokio::test]
async fn unknown_users_are_challenged_like_others_and_wrong_proofs_refused_alike() {
    let server = server().await;
    let wrong = "name or password is wrong";
    for user in ["ada", "nobody", "eve", "not a name"] {
        let client = Client { user, password: "wrong", ..PLAIN_SCRAM };
        assert_eq!(refused(client.talk(&server, true, true).await), wrong, "{user}");
    }
    let mut challenges = Vec::new();
    for user in ["nobody", "Nobody@Example.ORG", "noone"] {
        let first = ClientFirst::read(&format!("n,,n={user},r=x"), false, &Bindings::default()).unwrap();
        let (_, message) = server.challenge(first).await.unwrap();
        challenges.push(message.split_once(",s=").unwrap().1.to_owned());
    }
    assert_eq!(challenges[0], challenges[1], "the salt is stable");
    assert_ne!(challenges[0], challenges[2]);
    assert!(challenges[0].ends_with(",i=4096"), "{challenges:?}");
}

#[tokio::test]
async fn a_client_from_which_plus_was_hidden_is_refused() {
    let server = server().await;
    let misled = Client { header: "y,,", ..PLAIN_SCRAM };
    assert!(refused(misled.talk(&server, true, true).await).contains("channel binding is offered here"));
    misled.talk(&server, false, true).await.unwrap();
}

#[tokio::test]
async fn a_binding_to_another_connection_is_refused() {
    let server = server().await;
    let elsewhere = Client { bound: b"another connection", ..BOUND };
    let none = "the channel binding is none of this connection's";
    assert_eq!(refused(elsewhere.talk(&server, true, true).await), none);
    let unknown = Client { header: "p=tls-unique,,", ..BOUND };
    assert_eq!(refused(unknown.talk(&server, true, true).await), none);
}

#[tokio::test]
async fn a_cancelled_conversation_is_over() {
    let server = server().await;
    let channel = Channel { peer: PEER, bindings: Bindings::default() };
    let (mut conversation, _) =
        Conversation::begin(server, Mechanism::ScramSha256, None, channel).await.unwrap();
    assert!(matches!(conversation.answer(b"*").await, Err(Unfinished::Sasl(SaslFailure::Cancelled))));
    assert!(matches!(conversation.answer(b"").await, Err(Unfinished::Sasl(SaslFailure::Over))));
}
