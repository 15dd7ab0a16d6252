//! Where aliases lead, by a directory in memory.

use std::sync::Arc;

use auth::{MemoryDirectory, UserRecord};
use mailstore::{Options, Store};
use model::SystemClock;
use storage::{MemoryBlobs, MemoryEngine};

use super::*;

struct World {
    delivery: Delivery,
    directory: Arc<MemoryDirectory>,
    _staging: tempfile::TempDir,
}

fn world() -> World {
    let staging = tempfile::tempdir().unwrap();
    let (engine, blobs) = (Arc::new(MemoryEngine::default()), Arc::new(MemoryBlobs::default()));
    let options = Options::new(staging.path().to_owned());
    let store = Store::open(engine, blobs, Arc::new(SystemClock), options).unwrap();
    let rules = Rules {
        default_domain: "a.example".to_owned(),
        domains: vec!["a.example".to_owned(), "b.example".to_owned()],
        separators: "+-".to_owned(),
        detail_folders: true,
        host_name: "mail.a.example".to_owned(),
        received_max: 100,
        refuse_over_quota: false,
    };
    let directory = Arc::new(MemoryDirectory::default());
    let delivery = Delivery::new(store, directory.clone(), Arc::new(SystemClock), rules);
    World { delivery, directory, _staging: staging }
}

impl World {
    fn user(&self, login: &str, account: u64) {
        let account = AccountId(account);
        let login = LoginName::parse(login, "a.example").unwrap().to_string();
        let password_hash = "-".to_owned();
        self.directory.put(UserRecord { account, login, password_hash, scram_verifier: None, enabled: true });
    }

    fn alias(&self, name: &str, targets: &[String]) {
        let name = AliasName::parse(name, "a.example").unwrap();
        let targets = targets.iter().map(|target| LoginName::parse(target, "a.example").unwrap());
        self.directory.put_alias(&name, targets.collect());
    }

    async fn users(&self, address: &str) -> Result<Vec<u64>, Undelivered> {
        let found = self.delivery.recipient(Address::plain(address)).await?;
        Ok(found.users.iter().map(|user| user.0).collect())
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[tokio::test]
async fn each_user_is_found_once_in_the_order_of_the_group() {
    let world = world();
    for (account, login) in ["ada", "ben", "cy@b.example"].iter().enumerate() {
        world.user(login, account as u64 + 1);
    }
    world.alias("inner", &names(&["cy@b.example", "ada"]));
    world.alias("outer", &names(&["ben", "inner", "ada", "outer", "nobody"]));
    assert_eq!(world.users("outer").await, Ok(vec![2, 1, 3]));
    assert_eq!(world.users("OUTER@A.Example").await, Ok(vec![2, 1, 3]));
    assert_eq!(world.users("outer@b.example").await, Err(Undelivered::UnknownUser));
    assert_eq!(world.users("outer@c.example").await, Err(Undelivered::UnknownDomain));
}

#[tokio::test]
async fn a_detail_is_split_off_only_where_the_whole_name_is_nobodys() {
    let world = world();
    world.user("ada", 1);
    world.user("ada-b", 2);
    world.alias("info", &names(&["ada"]));
    let detail = |address: &'static str| {
        let found = world.delivery.recipient(Address::plain(address));
        async move { found.await.map(|found| (found.users[0].0, found.detail)) }
    };
    assert_eq!(detail("ada-b").await, Ok((2, None)));
    assert_eq!(detail("ada-c").await, Ok((1, Some("c".to_owned()))));
    assert_eq!(detail("ada+Lists/Rust").await, Ok((1, Some("Lists/Rust".to_owned()))));
    assert_eq!(detail("info+x").await, Ok((1, Some("x".to_owned()))));
    assert_eq!(detail("+x").await, Err(Undelivered::UnknownUser));
}

#[tokio::test]
async fn a_group_of_too_many_users_is_not_followed() {
    let world = world();
    for number in 0..=RECIPIENT_USERS_MAX {
        world.user(&format!("u{number}"), number as u64);
    }
    let all: Vec<String> = (0..=RECIPIENT_USERS_MAX).map(|number| format!("u{number}")).collect();
    world.alias("most", &all[1..]);
    world.alias("all", &all);
    assert_eq!(world.users("most").await.unwrap().len(), RECIPIENT_USERS_MAX);
    assert_eq!(world.users("all").await, Err(Undelivered::AliasTrouble));
}

#[tokio::test]
async fn one_step_of_an_alias_is_told_to_mail_servers() {
    let world = world();
    world.user("ada", 1);
    world.alias("team", &names(&["ada", "inner"]));
    world.alias("@b.example", &names(&["ada"]));
    let step = |address: &'static str| {
        let address = Address::plain(address);
        let delivery = &world.delivery;
        async move { delivery.alias(&address).await.unwrap() }
    };
    assert_eq!(step("team@a.example").await, Some(names(&["ada@a.example", "inner@a.example"])));
    assert_eq!(step("ada@a.example").await, Some(names(&["ada@a.example"])));
    assert_eq!(step("@b.example").await, Some(names(&["ada@a.example"])));
    for nobody in ["nobody@a.example", "x@b.example", "@a.example", "team", "team@c.example"] {
        assert_eq!(step(nobody).await, None, "{nobody}");
    }
}
