//! Tells the linker where libtorch lies, so that the binary and the tests run without LD_LIBRARY_PATH.
use std::path::PathBuf;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    // Set by torch-sys, because we depend on it directly.
    let Ok(lib) = std::env::var("DEP_TCH_LIBTORCH_LIB") else {
        return;
    };
    let lib = PathBuf::from(lib);
    let lib = lib.canonicalize().unwrap_or(lib);
    // An installed binary finds its libraries beside itself (`make install`); a built one where they were found.
    let origin = if cfg!(target_os = "macos") {
        "@loader_path"
    } else {
        "$ORIGIN"
    };
    println!("cargo:rustc-link-arg=-Wl,-rpath,{origin}/../lib/odin");
    println!("cargo:rustc-link-arg=-Wl,-rpath,{}", lib.display());
    if cfg!(target_os = "linux") {
        start_without_libtorch();
        // Nothing refers to libtorch_cuda by name, so linkers drop it and CUDA would be silently missing.
        if lib.join("libtorch_cuda.so").exists() {
            // Not to `odin`, which must start without libtorch.
            for what in ["bin=odin-engine", "tests", "benches"] {
                println!("cargo:rustc-link-arg-{what}=-L{}", lib.display());
                println!(
                    "cargo:rustc-link-arg-{what}=-Wl,--push-state,--no-as-needed,-ltorch_cuda,--pop-state"
                );
            }
            println!("cargo:rustc-cfg=linked_cuda");
        }
    }
    println!("cargo:rustc-check-cfg=cfg(linked_cuda)");
}

/// Nothing that `odin` calls needs libtorch, so that the linker leaves all of it out, but for the constructors of tch's C++
/// files, which count as called. So the linker is not shown those files. Only lld can be told, which Rust 1.90 and newer take
/// for this target unless somebody chose another; with another linker `odin` loads libtorch too, and only starts later.
fn start_without_libtorch() {
    let set = |name: &str| std::env::var(name).unwrap_or_default();
    let is_lld = set("TARGET") == "x86_64-unknown-linux-gnu"
        && set("RUSTC_LINKER").is_empty()
        && !set("CARGO_ENCODED_RUSTFLAGS").contains("link")
        && minor_version(&set("RUSTC")).is_some_and(|minor| minor >= 90);
    if is_lld {
        println!("cargo:rustc-link-arg-bin=odin=-Wl,--remap-inputs=*libtorch_sys-*.rlib=/dev/null");
    }
}

/// 90 for Rust 1.90.
fn minor_version(rustc: &str) -> Option<u32> {
    let output = std::process::Command::new(rustc).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.strip_prefix("rustc 1.")?.split('.').next()?.parse().ok()
}
