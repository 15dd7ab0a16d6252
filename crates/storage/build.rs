//! Says what to install when the engine's C++ cannot be built, before its own build fails with less helpful words.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=LIBCLANG_PATH");
    if env::var_os("CARGO_FEATURE_ROCKSDB").is_none() {
        return;
    }
    let compiler =
        env::var_os("CXX").is_some() || ["c++", "g++", "clang++"].iter().any(|name| is_on_path(name));
    if !(compiler && has_libclang()) {
        println!(
            "cargo::error=the storage engine needs a C++ compiler and libclang to build; install them with"
        );
        println!("cargo::error=    apt-get install -y g++ libclang-dev        (Debian, Ubuntu)");
        println!("cargo::error=    dnf install -y gcc-c++ clang-devel         (Fedora, RHEL)");
    }
}

fn is_on_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Looks where bindgen will look.
fn has_libclang() -> bool {
    if let Some(folder) = env::var_os("LIBCLANG_PATH") {
        return Path::new(&folder).exists();
    }
    let mut folders: Vec<PathBuf> = [
        "/usr/lib",
        "/usr/lib64",
        "/usr/local/lib",
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
    ]
    .iter()
    .map(PathBuf::from)
    .collect();
    let versions = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    folders.extend(versions.map(|entry| entry.path().join("lib")).filter(|lib| lib.is_dir()));
    let is_libclang =
        |name: &str| name.starts_with("libclang") && (name.contains(".so") || name.ends_with(".dylib"));
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
    cfg!(target_os = "macos")
        || files.into_iter().any(|file| is_libclang(&file.file_name().to_string_lossy()))
}
