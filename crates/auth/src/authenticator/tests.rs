//! Logins by password: who gets in, who waits, and what nobody learns.

use std::net::Ipv4Addr;

use model::{ManualClock, Timestamp};

use super::*;
use crate::directory::MemoryDirectory;
use crate::password::{CHEAP, hash};
use crate::scram::ITERATIONS_MIN;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

fn user(login: &str, password: &str) -> UserRecord {
    let password_hash = hash(&Password::new(password), CHEAP).unwrap();
    let (account, login) = (AccountId(7), login.to_owned());
    UserRecord { account, login, password_hash, scram_verifier: None, enabled: true }
}

pub(crate) fn world() -> (Arc<MemoryDirectory>, Authenticator) {
    let directory = Arc::new(MemoryDirectory::default());
    directory.put(user("ada@example.org", "good password"));
    directory.put(UserRecord { enabled: false, ..user("eve@example.org", "good password") });
    let settings = Settings {
        default_domain: "example.org".to_owned(),
        pool: PoolSettings { cost: CHEAP, ..PoolSettings::default() },
        cache: CacheSettings::default(),
        throttle: ThrottleSettings::default(),
        scram: ScramSettings {
            mode: ScramMode::Offered,
            iterations: ITERATIONS_MIN,
            secret: [3; SECRET_BYTES],
        },
    };
    let authenticator =
        Authenticator::new(directory.clone(), settings, Arc::new(ManualClock::new(Timestamp(1_000_000_000))))
            .unwrap();
    (directory, authenticator)
}

async fn login(authenticator: &Authenticator, login: &str, password: &str) -> Result<Identity, LoginError> {
    let credentials = Credentials { login: login.to_owned(), password: Password::new(password) };
    authenticator.login(credentials, PEER).await
}

#[tokio::test]
async fn full_and_bare_names_lead_to_one_identity() {
    let (_, authenticator) = world();
    let ada = Identity { account: AccountId(7), login: "ada@example.org".to_owned() };
    for name in ["ada", "ADA@Example.org"] {
        assert_eq!(login(&authenticator, name, "good password").await.unwrap(), ada);
    }
}

#[tokio::test]
async fn unknown_wrong_and_disabled_get_one_answer() {
    let (_, authenticator) = world();
    let too_long = "x".repeat(2000);
    for (name, password) in [
        ("bob", "good password"),
        ("ada", "bad password"),
        ("eve", "good password"),
        ("not a name", "good password"),
        ("ada@elsewhere.example", "good password"),
        ("ada", too_long.as_str()),
    ] {
        let refused = login(&authenticator, name, password).await.unwrap_err();
        assert!(matches!(refused, LoginError::Refused(Refusal::Credentials)), "{name}: {refused}");
    }
}

#[tokio::test]
async fn a_new_password_is_the_only_one_at_once() {
    let (directory, authenticator) = world();
    login(&authenticator, "ada", "good password").await.unwrap();
    directory.put(user("ada@example.org", "better password"));
    assert!(login(&authenticator, "ada", "good password").await.is_err());
    login(&authenticator, "ada", "better password").await.unwrap();
}

#[tokio::test]
async fn a_disabled_user_is_refused_though_remembered() {
    let (directory, authenticator) = world();
    login(&authenticator, "ada", "good password").await.unwrap();
    let ada = user("ada@example.org", "good password");
    directory.put(UserRecord { enabled: false, ..ada });
    assert!(login(&authenticator, "ada", "good password").await.is_err());
}

#[tokio::test]
async fn a_remembered_login_needs_no_hashing() {
    let (_, authenticator) = world();
    login(&authenticator, "ada", "good password").await.unwrap();
    let ada = authenticator.find("ada").await.unwrap().unwrap();
    assert!(authenticator.recent.knows(&ada, &Password::new("good password")));
    authenticator.forget("ada@example.org");
    assert!(!authenticator.recent.knows(&ada, &Password::new("good password")));
}
#[tokio::test]
async fn a_login_by_password_leaves_a_verifier_behind() {
    let (directory, authenticator) = world();
    login(&authenticator, "ada", "bad password").await.unwrap_err();
    assert!(authenticator.find("ada").await.unwrap().unwrap().scram_verifier.is_none());
    login(&authenticator, "ada", "good password").await.unwrap();
    let ada = authenticator.find("ada").await.unwrap().unwrap();
    assert!(ada.scram_verifier.as_deref().unwrap().starts_with("SCRAM-SHA-256$4096:"));
    // A password that was changed meanwhile gets no verifier of the one before.
    directory.put(user("ada@example.org", "better password"));
    directory.keep_verifier(&ada, "of the old one".to_owned()).await.unwrap();
    assert_eq!(authenticator.find("ada").await.unwrap().unwrap().scram_verifier, None);
}

#[tokio::test]
async fn verifiers_can_be_switched_off() {
    let (_, mut authenticator) = world();
    authenticator.scram.mode = ScramMode::Off;
    login(&authenticator, "ada", "good password").await.unwrap();
    assert!(authenticator.find("ada").await.unwrap().unwrap().scram_verifier.is_none());
    assert!(authenticator.secrets(Password::new("x")).await.unwrap().scram_verifier.is_none());
    assert!(!authenticator.offers_scram());
}

/// How long a login takes while time stands still but for waiting.
async fn waited(authenticator: &Authenticator, name: &str, password: &str) -> u64 {
    let since = tokio::time::Instant::now();
    let _answer = login(authenticator, name, password).await.is_ok();
    since.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn failures_slow_down_those_who_exist_and_those_who_do_not_alike() {
    let mut waits = Vec::new();
    for name in ["ada", "nobody"] {
        let (_, authenticator) = world();
        let mut these = Vec::new();
        for attempt in 0..8 {
            these.push(waited(&authenticator, name, &format!("wrong {attempt}")).await);
        }
        waits.push(these);
    }
    assert_eq!(waits[0], waits[1]);
    assert!(waits[0][7] > waits[0][6] && waits[0][5] == 0, "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn a_password_that_was_right_lately_does_not_wait() {
    let (_, authenticator) = world();
    login(&authenticator, "ada", "good password").await.unwrap();
    for attempt in 0..8 {
        waited(&authenticator, "ada", &format!("wrong {attempt}")).await;
    }
    assert_eq!(waited(&authenticator, "ada", "good password").await, 0);
}
