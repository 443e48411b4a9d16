//! Names the shared library for the dynamic linker. Writes nothing into the source tree.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        let major = std::env::var("CARGO_PKG_VERSION_MAJOR").unwrap_or_default();
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libcourtyard.so.{major}");
        // The library keeps per-thread state that must outlive dlclose().
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        // A symbol looked up at its first call would add thousands of steps to a stepped operation.
        println!("cargo:rustc-link-arg-tests=-Wl,-z,now");
    }
}
