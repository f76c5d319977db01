//! Link settings of the shared library, and the part of the C header that cbindgen can write.
//!
//! It owns no text of the header but calls cbindgen with `cbindgen.toml`. Invariant: it writes only to `OUT_DIR`; the
//! test `ffi::header` compares the result with `include/adbc_driver_redshift.h`.

use std::env;
use std::error::Error;
use std::path::Path;

/// The file with the functions that cbindgen is to see.
const INIT_FUNCTIONS: &str = "src/ffi/driver.rs";

fn main() -> Result<(), Box<dyn Error>> {
    for input in ["build.rs", "cbindgen.toml", INIT_FUNCTIONS] {
        println!("cargo::rerun-if-changed={input}");
    }
    if env::var("CARGO_CFG_TARGET_OS")? == "linux" {
        link_settings();
    }
    write_header()
}

fn link_settings() {
    for argument in [
        "-Wl,-soname,libadbc_driver_redshift.so",
        // A driver manager exports functions of the same names; ours must call ours. All exports are functions; of
        // the options for that, this is the one that every linker knows.
        "-Wl,-Bsymbolic",
        // Threads of the runtime may outlive `dlclose`, so the code stays mapped.
        "-Wl,-z,nodelete",
    ] {
        println!("cargo::rustc-link-arg-cdylib={argument}");
    }
}

fn write_header() -> Result<(), Box<dyn Error>> {
    let root = env::var("CARGO_MANIFEST_DIR")?;
    let root = Path::new(&root);
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml"))?;
    let bindings =
        cbindgen::Builder::new().with_config(config).with_src(root.join(INIT_FUNCTIONS)).generate()?;
    let header = Path::new(&env::var("OUT_DIR")?).join("adbc_driver_redshift.h");
    bindings.write_to_file(header);
    Ok(())
}
