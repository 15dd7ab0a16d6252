//! The mechanisms of SASL, and the server's side of PLAIN (RFC 4616) and LOGIN (draft-murchison-sasl-login, which
//! Outlook speaks), as line protocols carry them: Base64, one answer a line (RFC 9051 §6.2.2).
//!
//! It reads lines and yields challenges or credentials; it neither checks a password nor sends a line. The messages of
//! SCRAM are in `scram`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::password::Password;

/// The longest answer, in Base64: all three parts of PLAIN at their longest, and room to spare.
pub const ANSWER_BYTES_MAX: usize = 4096;

/// A way to authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// Name and password in one answer (RFC 4616).
    Plain,
    /// Name and password in two.
    Login,
    /// A proof of the password (RFC 7677).
    ScramSha256,
    /// The same, bound to the TLS connection.
    ScramSha256Plus,
}

impl Mechanism {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::ScramSha256Plus, Self::ScramSha256, Self::Plain, Self::Login];

    /// The mechanism of that name, in any case (RFC 4422 §3.1).
    #[must_use]
    pub fn parse(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|mechanism| name.eq_ignore_ascii_case(mechanism.name().as_bytes()))
    }

    /// Its registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
        }
    }
}

/// What a TLS connection can be bound by: the name of each kind of channel binding with its data. Empty without TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bindings(Vec<(&'static str, Vec<u8>)>);

impl Bindings {
    /// The bindings of one connection, by the names of RFC 5929 and RFC 9266.
    #[must_use]
    pub const fn new(bindings: Vec<(&'static str, Vec<u8>)>) -> Self {
        Self(bindings)
    }

    /// Whether the connection cannot be bound, so that no -PLUS is offered.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The data of the binding of that name.
    pub(crate) fn of(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, data)| data.as_slice())
    }
}

/// What somebody claims to be, and the proof.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The login name as it was sent, not yet checked.
    pub login: String,
    /// The password.
    pub password: Password,
}

/// What an exchange asks for next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Send this, Base64 already, after `+ ` and read another line.
    Challenge(&'static str),
    /// The exchange is over; see whether the credentials are right.
    Credentials(Credentials),
    /// The exchange is over, without credentials.
    Failed(SaslFailure),
}

/// How the peer got an exchange wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SaslFailure {
    /// It sent `*` (RFC 9051 §6.2.2).
    #[error("authentication cancelled")]
    Cancelled,
    /// An answer is too long.
    #[error("the answer is longer than {max} bytes")]
    TooLong {
        /// [`ANSWER_BYTES_MAX`].
        max: usize,
    },
    /// An answer is not Base64.
    #[error("the answer is not Base64")]
    NotBase64,
    /// An answer is not UTF-8, or a part is missing or empty.
    #[error("the answer is not what the mechanism asks for")]
    Malformed,
    /// It wants to act for somebody else, which nobody may (RFC 4616 §2).
    #[error("acting for another user is not supported")]
    ActingForAnother,
    /// The client believes that channel binding is not offered here, and it is: somebody in between took it out of
    /// the offer (RFC 5802 §6).
    #[error("channel binding is offered here; what the client was told is not what the server said")]
    Downgrade,
    /// The client binds to another connection than this one, or in a way that is not offered (RFC 5802 §6).
    #[error("the channel binding is none of this connection's")]
    ChannelBinding,
    /// There was nothing more to answer.
    #[error("the exchange is over")]
    Over,
}

/// A mechanism that sends the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Simple {
    Plain,
    Login,
}

/// One exchange, from the mechanism's name to the credentials.
#[derive(Debug)]
pub(crate) struct Exchange(State);

#[derive(Debug)]
enum State {
    Plain,
    LoginName,
    LoginPassword { login: String },
    Over,
}

/// `Username:` and `Password:`.
const LOGIN_PROMPTS: [&str; 2] = ["VXNlcm5hbWU6", "UGFzc3dvcmQ6"];

impl Exchange {
    /// Begins, with the initial response if the command had one (RFC 4959 §3, where `=` stands for an
    /// empty one).
    pub(crate) fn begin(mechanism: Simple, initial: Option<&[u8]>) -> (Self, Step) {
        let (state, prompt) = match mechanism {
            Simple::Plain => (State::Plain, ""),
            Simple::Login => (State::LoginName, LOGIN_PROMPTS[0]),
        };
        let mut exchange = Self(state);
        let step = match initial {
            None => Step::Challenge(prompt),
            Some(b"=") => exchange.answer(b""),
            Some(answer) => exchange.step(answer),
        };
        (exchange, step)
    }

    /// Takes the peer's next line, without its line end.
    pub(crate) fn step(&mut self, line: &[u8]) -> Step {
        match decode(line) {
            Ok(answer) => self.answer(&answer),
            Err(failure) => self.over(Step::Failed(failure)),
        }
    }

    fn answer(&mut self, answer: &[u8]) -> Step {
        match std::mem::replace(&mut self.0, State::Over) {
            State::Plain => self.over(result(plain(answer))),
            State::LoginName => match text(answer) {
                Ok(login) => {
                    self.0 = State::LoginPassword { login: login.to_owned() };
                    Step::Challenge(LOGIN_PROMPTS[1])
                }
                Err(failure) => Step::Failed(failure),
            },
            State::LoginPassword { login } => {
                result(text(answer).map(|password| credentials(&login, password)))
            }
            State::Over => Step::Failed(SaslFailure::Over),
        }
    }

    fn over(&mut self, step: Step) -> Step {
        self.0 = State::Over;
        step
    }
}

/// `[authzid] NUL authcid NUL passwd` (RFC 4616 §2).
fn plain(message: &[u8]) -> Result<Credentials, SaslFailure> {
    let message = std::str::from_utf8(message).map_err(|_| SaslFailure::Malformed)?;
    let mut parts = message.split('\0');
    let (Some(acting_for), Some(login), Some(password), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(SaslFailure::Malformed);
    };
    if login.is_empty() || password.is_empty() {
        return Err(SaslFailure::Malformed);
    }
    if !acting_for.is_empty() && acting_for != login {
        return Err(SaslFailure::ActingForAnother);
    }
    Ok(credentials(login, password))
}

fn credentials(login: &str, password: &str) -> Credentials {
    Credentials { login: login.to_owned(), password: Password::new(password) }
}

fn result(credentials: Result<Credentials, SaslFailure>) -> Step {
    match credentials {
        Ok(credentials) => Step::Credentials(credentials),
        Err(failure) => Step::Failed(failure),
    }
}

fn text(answer: &[u8]) -> Result<&str, SaslFailure> {
    match std::str::from_utf8(answer) {
        Ok(text) if !text.is_empty() && !text.contains('\0') => Ok(text),
        _ => Err(SaslFailure::Malformed),
    }
}

/// An answer without its Base64.
///
/// # Errors
/// It has none, or the client cancels.
pub(crate) fn decode(line: &[u8]) -> Result<Zeroizing<Vec<u8>>, SaslFailure> {
    if line == b"*" {
        return Err(SaslFailure::Cancelled);
    }
    if line.len() > ANSWER_BYTES_MAX {
        return Err(SaslFailure::TooLong { max: ANSWER_BYTES_MAX });
    }
    STANDARD.decode(line).map(Zeroizing::new).map_err(|_| SaslFailure::NotBase64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ends(
        mechanism: Simple,
        initial: Option<&[u8]>,
        lines: &[&[u8]],
    ) -> Result<(String, Password), SaslFailure> {
        let (mut exchange, mut step) = Exchange::begin(mechanism, initial);
        for line in lines {
            assert!(matches!(step, Step::Challenge(_)), "{step:?} before {line:?}");
            step = exchange.step(line);
        }
        match step {
            Step::Credentials(found) => Ok((found.login, found.password)),
            Step::Failed(failure) => Err(failure),
            Step::Challenge(text) => panic!("one more challenge: {text}"),
        }
    }

    fn good(login: &str, password: &str) -> Result<(String, Password), SaslFailure> {
        Ok((login.to_owned(), Password::new(password)))
    }

    fn encoded(text: &str) -> Vec<u8> {
        STANDARD.encode(text).into_bytes()
    }

    #[test]
    fn plain_as_in_rfc_4616_section_4() {
        let answer = encoded("\0tim\0tanstaaftanstaaf");
        assert_eq!(ends(Simple::Plain, None, &[&answer]), good("tim", "tanstaaftanstaaf"));
        assert_eq!(ends(Simple::Plain, Some(&answer), &[]), good("tim", "tanstaaftanstaaf"));
        let kurt = encoded("Ursel\0Kurt\0xipj3plmq");
        assert_eq!(ends(Simple::Plain, None, &[&kurt]), Err(SaslFailure::ActingForAnother));
    }

    #[test]
    fn plain_as_in_rfc_4959_section_6() {
        assert_eq!(ends(Simple::Plain, Some(b"dGVzdAB0ZXN0AHRlc3Q="), &[]), good("test", "test"));
    }

    #[test]
    fn login_asks_for_the_name_and_then_the_password() {
        let (mut exchange, step) = Exchange::begin(Simple::Login, None);
        assert!(matches!(step, Step::Challenge("VXNlcm5hbWU6")));
        assert!(matches!(exchange.step(&encoded("ada")), Step::Challenge("UGFzc3dvcmQ6")));
        let Step::Credentials(found) = exchange.step(&encoded("secret")) else { panic!() };
        assert_eq!((found.login.as_str(), found.password), ("ada", Password::new("secret")));
        assert!(matches!(exchange.step(b""), Step::Failed(SaslFailure::Over)));
    }

    #[test]
    fn login_takes_the_name_as_initial_response() {
        assert_eq!(ends(Simple::Login, Some(&encoded("ada")), &[&encoded("secret")]), good("ada", "secret"));
    }

    #[test]
    fn a_star_cancels_at_every_point() {
        assert_eq!(ends(Simple::Plain, None, &[b"*"]), Err(SaslFailure::Cancelled));
        assert_eq!(ends(Simple::Login, None, &[b"*"]), Err(SaslFailure::Cancelled));
        assert_eq!(ends(Simple::Login, None, &[&encoded("ada"), b"*"]), Err(SaslFailure::Cancelled));
    }

    #[test]
    fn what_is_malformed_is_told_apart() {
        let plain = |line: &[u8]| ends(Simple::Plain, None, &[line]).unwrap_err();
        assert_eq!(plain(b"not base64!"), SaslFailure::NotBase64);
        assert_eq!(plain(b"dGVzdAB0ZXN0AHRlc3Q"), SaslFailure::NotBase64, "the padding is missing");
        assert_eq!(plain(&encoded("ada\0secret")), SaslFailure::Malformed);
        assert_eq!(plain(&encoded("\0ada\0")), SaslFailure::Malformed);
        assert_eq!(plain(&encoded("\0ada\0a\0b")), SaslFailure::Malformed);
        assert_eq!(plain(&vec![b'A'; ANSWER_BYTES_MAX + 4]), SaslFailure::TooLong { max: ANSWER_BYTES_MAX });
        assert_eq!(ends(Simple::Plain, Some(b"="), &[]), Err(SaslFailure::Malformed));
    }

    #[test]
    fn the_password_is_not_shown() {
        let (_, step) = Exchange::begin(Simple::Plain, Some(&encoded("\0tim\0tanstaaf")));
        assert!(!format!("{step:?}").contains("tanstaaf"));
    }

    #[test]
    fn mechanisms_are_known_in_any_case() {
        assert_eq!(Mechanism::parse(b"plain"), Some(Mechanism::Plain));
        assert_eq!(Mechanism::parse(b"Login"), Some(Mechanism::Login));
        assert_eq!(Mechanism::parse(b"scram-sha-256-plus"), Some(Mechanism::ScramSha256Plus));
        assert_eq!(Mechanism::parse(b"CRAM-MD5"), None);
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(lines in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..4)) {
            for mechanism in [Simple::Plain, Simple::Login] {
                let (mut exchange, _) = Exchange::begin(mechanism, None);
                for line in &lines {
                    exchange.step(line);
                }
            }
        }
    }
}
