//! Clears up after a process that ends without its destructors: SIGKILL, an abort, a sandbox in a `static`.
//! Owns a small shell that waits for the end of a pipe; the ordinary end belongs to `process` and the directory's drop.
//! Invariant: it acts only when every holder of the pipe is gone, and finds nothing to do after an ordinary end.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

/// `$0` is the directory. PostgreSQL removes its pid file as the last thing it does.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
cat > /dev/null
pid_file="$0/data/postmaster.pid"
[ -f "$pid_file" ] && kill -s QUIT "$(head -n 1 "$pid_file")" 2> /dev/null
tries=0
while [ -f "$pid_file" ] && [ "$tries" -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
rm -rf -- "$0"
"#;

/// A waiting shell; dropping it lets it go.
#[derive(Debug)]
pub(super) struct Watchdog {
    shell: Child,
}

impl Watchdog {
    /// Guards a directory and the server that keeps its data below it.
    pub(super) fn start(directory: &Path) -> Result<Self> {
        let shell = Command::new("sh")
            .args(["-c", SCRIPT])
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Out of reach of a terminal's Ctrl-C, and of whoever kills the sandbox's process group.
            .process_group(0)
            .spawn()
            .context("cannot start sh to guard the engine's directory")?;
        Ok(Self { shell })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}
