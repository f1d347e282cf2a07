//! Compiles the variadic functions: stable Rust can call such functions, but not define them.

fn main() {
    println!("cargo::rerun-if-changed=src/variadic.c");
    cc::Build::new().file("src/variadic.c").warnings(true).warnings_into_errors(true).std("c11").compile("ofx_test_host_variadic");
}
