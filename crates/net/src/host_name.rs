//! What this machine calls itself.

/// What a machine is called that has no name: RFC 6762 and common practice keep it for that.
const NAMELESS: &str = "localhost";

/// The machine's name, as the system has it.
#[must_use]
pub fn host_name() -> String {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| NAMELESS.to_owned())
}
