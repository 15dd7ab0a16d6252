//! (in the making)
mod config;
mod import;
fn main() {}
