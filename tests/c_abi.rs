//! The built library as a C program meets it: what it exports, how it is linked, and the C programs in `tests/c`.
//!
//! It needs the C compiler that the crate needs anyway, and the binutils that come with it. With `C_ABI_CHECKER` set to
//! `asan` or `valgrind` the programs run under that checker (`make asan`), with `C_ABI_LIBRARY` on another build of the
//! library. Invariant: sizes are taken from the Rust definitions, so the C declarations cannot drift from them.

#![cfg(target_os = "linux")]
#![allow(clippy::panic, clippy::unwrap_used)] // OK because a failed helper is a failed test.

use std::mem::{offset_of, size_of};
use std::path::{Path, PathBuf};
use std::process::Command;

use adbc_ffi::{FFI_AdbcDriver, FFI_AdbcError, FFI_AdbcPartitions};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use redshift_sandbox::{BlockingSandbox, Sandbox, SandboxConfig};

/// What looks for memory errors while a program runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Checker {
    AddressSanitizer,
    None,
    Valgrind,
}

impl Checker {
    fn chosen() -> Self {
        match std::env::var("C_ABI_CHECKER").as_deref() {
            Ok("asan") => Self::AddressSanitizer,
            Ok("valgrind") => Self::Valgrind,
            Ok(other) => panic!("C_ABI_CHECKER is '{other}'; expected asan or valgrind"),
            Err(_) => Self::None,
        }
    }

    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::AddressSanitizer => &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
            Self::None | Self::Valgrind => &[],
        }
    }

    /// The command that runs a program.
    fn command(self, program: &Path) -> Command {
        if self != Self::Valgrind {
            return Command::new(program);
        }
        let mut command = Command::new("valgrind");
        // What a thread of the driver still holds when the host ends is no leak; what nobody can reach is one.
        command.args([
            "--quiet",
            "--error-exitcode=97",
            "--leak-check=full",
            "--errors-for-leak-kinds=definite",
        ]);
        command.arg(program);
        command
    }

    /// What it says of a write behind the end of a block.
    fn verdict(self) -> &'static str {
        match self {
            Self::AddressSanitizer => "AddressSanitizer: heap-buffer-overflow",
            Self::None => "",
            Self::Valgrind => "Invalid write of size 1",
        }
    }
}

/// The shared library: the one beside this test, where Cargo puts what the test depends on, or the one given.
fn library() -> PathBuf {
    let beside = || std::env::current_exe().unwrap().with_file_name("libadbc_driver_redshift.so");
    std::env::var_os("C_ABI_LIBRARY").map_or_else(beside, PathBuf::from)
}

fn library_folder() -> PathBuf {
    library().parent().unwrap().to_owned()
}

fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[track_caller]
fn output_of(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{text}{errors}", output.status);
    text
}

fn compiler() -> Command {
    let mut command = Command::new("cc");
    command.args(["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O1", "-g"]);
    command.arg("-I").arg(source("include"));
    for (name, size) in [
        ("DRIVER_SIZE", size_of::<FFI_AdbcDriver>()),
        ("DRIVER_1_0_0_SIZE", offset_of!(FFI_AdbcDriver, ErrorGetDetailCount)),
        ("ERROR_SIZE", size_of::<FFI_AdbcError>()),
        ("ERROR_1_0_0_SIZE", offset_of!(FFI_AdbcError, private_data)),
        ("PARTITIONS_SIZE", size_of::<FFI_AdbcPartitions>()),
        ("STREAM_SIZE", size_of::<FFI_ArrowArrayStream>()),
    ] {
        command.arg(format!("-DRUST_{name}={size}"));
    }
    command
}

/// Compiles `tests/c/<name>.c`; answers the command that runs it.
#[track_caller]
fn program(name: &str, flags: &[&str]) -> Command {
    let checker = Checker::chosen();
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("c_abi_{name}"));
    let mut compile = compiler();
    compile.args(checker.flags());
    compile.arg(source("tests/c").join(name).with_extension("c")).arg("-o").arg(&program);
    compile.arg("-L").arg(library_folder()).args(flags).args(["-ldl", "-lpthread"]);
    output_of(&mut compile);
    let mut command = checker.command(&program);
    command.env("LD_LIBRARY_PATH", library_folder());
    command
}

/// Compiles `tests/c/<name>.c` and runs it with the path of the library.
#[track_caller]
fn run(name: &str, flags: &[&str]) {
    run_with(name, flags, &[]);
}

/// As [`run`], with further arguments.
#[track_caller]
fn run_with(name: &str, flags: &[&str], arguments: &[&str]) {
    output_of(program(name, flags).arg(library()).args(arguments));
}

fn uri(sandbox: &BlockingSandbox) -> String {
    let uri = sandbox.uri();
    if Checker::chosen() != Checker::Valgrind {
        return uri;
    }
    // Valgrind does not follow the cipher's assembler and takes what it encrypts for uninitialised; what the resolver of
    // the C library keeps for itself it counts as lost.
    uri.replace("@localhost:", "@127.0.0.1:") + "&tls.mode=disable"
}

#[test]
fn the_handshake_follows_the_version() {
    run("table", &[]);
}

#[test]
fn every_slot_survives_every_handle() {
    run("handles", &[]);
}

#[test]
fn bound_data_is_sent_and_released_exactly_once() {
    let sandbox = Sandbox::start_blocking(SandboxConfig::default()).unwrap();
    run_with("bind", &[], &[&uri(&sandbox)]);
}

#[test]
fn every_plain_function_can_be_linked_and_called() {
    let sandbox = Sandbox::start_blocking(SandboxConfig::default()).unwrap();
    run_with("linked", &["-ladbc_driver_redshift"], &[&uri(&sandbox)]);
}

#[test]
fn a_host_with_the_same_names_is_not_called_and_code_outlives_dlclose() {
    let sandbox = Sandbox::start_blocking(SandboxConfig::default()).unwrap();
    run_with("host", &["-rdynamic"], &[&uri(&sandbox)]);
}

#[test]
fn a_waiting_connect_can_be_cancelled() {
    run("cancel", &[]);
}

#[test]
fn threads_share_connections_and_statements() {
    let sandbox = Sandbox::start_blocking(SandboxConfig::default()).unwrap();
    run_with("threads", &[], &[&uri(&sandbox)]);
}

#[test]
fn errors_have_details_at_once_and_in_mid_stream() {
    let sandbox = Sandbox::start_blocking(SandboxConfig::default()).unwrap();
    run_with("details", &[], &[&uri(&sandbox)]);
}

#[test]
#[ignore = "`make asan` runs it, under each checker"]
fn a_planted_overflow_is_found() {
    let checker = Checker::chosen();
    assert!(checker != Checker::None, "set C_ABI_CHECKER");
    let output = program("planted", &[]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains(checker.verdict()), "{}: {text}", output.status);
}

#[test]
fn only_adbc_functions_are_exported() {
    let symbols = output_of(Command::new("nm").args(["-D", "--defined-only", "-P"]).arg(library()));
    let names: Vec<&str> = symbols.lines().filter_map(|line| line.split_whitespace().next()).collect();
    // All slots but `release` and the two private fields, and the two init functions.
    assert_eq!(names.len(), size_of::<FFI_AdbcDriver>() / size_of::<usize>() - 3 + 2, "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("Adbc")), "{names:?}");
}

#[test]
fn the_library_is_linked_as_the_build_script_says() {
    let dynamic = output_of(Command::new("readelf").args(["--dynamic", "--wide"]).arg(library()));
    assert!(dynamic.contains("soname: [libadbc_driver_redshift.so]"), "{dynamic}");
    assert!(dynamic.lines().any(|line| line.contains("FLAGS_1") && line.contains("NODELETE")), "{dynamic}");
    // Bound inside the library, a call to an exported function needs no entry in the jump table.
    let relocations = output_of(Command::new("readelf").args(["--relocs", "--wide"]).arg(library()));
    let foreign: Vec<&str> = relocations.lines().filter(|line| line.contains(" Adbc")).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}

#[test]
fn the_header_stands_alone_in_c99_and_cpp() {
    let header = source("include/adbc_driver_redshift.h");
    for (compiler, language) in [("cc", ["-xc", "-std=c99"]), ("c++", ["-xc++", "-std=c++11"])] {
        let mut check = Command::new(compiler);
        check.args(language).args(["-fsyntax-only", "-pedantic", "-Wall", "-Wextra", "-Werror"]).arg(&header);
        // A C compiler without its C++ sibling is a complete toolchain for this crate.
        let missing = Command::new(compiler).arg("--version").output().is_err();
        if compiler == "cc" || !missing {
            output_of(&mut check);
        }
    }
}
