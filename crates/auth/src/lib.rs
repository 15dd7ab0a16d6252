//! Who may log in, and as whom: directories, password hashing, the memory of recent logins, SASL.
//!
//! It knows no protocol beyond SASL's own exchanges and no store: users come from a [`Directory`].

mod alias_name;
mod authenticator;
mod cache;
mod conversation;
mod directory;
mod generate;
mod login_name;
mod password;
mod pool;
mod precis;
mod sasl;
mod scram;
mod throttle;

pub use alias_name::AliasName;
pub use authenticator::{
    Authenticator, Identity, LoginError, Refusal, ScramMode, ScramSettings, Secrets, Settings,
};
pub use cache::{CacheSettings, RecentLogins};
pub use conversation::{Channel, Conversation, Turn, Unfinished};
pub use directory::{BoxFuture, Directory, DirectoryFault, MemoryDirectory, UserRecord};
pub use generate::readable_password;
pub use login_name::{InvalidLogin, LOGIN_BYTES_MAX, LoginName, a_labels};
pub use password::{Cost, InvalidCost, PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, Password, WeakPassword};
pub use pool::{HashFault, PoolError, PoolSettings};
pub use sasl::{ANSWER_BYTES_MAX, Bindings, Credentials, Mechanism, SaslFailure};
pub use scram::{ITERATIONS_DEFAULT, ITERATIONS_MAX, ITERATIONS_MIN, SECRET_BYTES};
pub use throttle::ThrottleSettings;
