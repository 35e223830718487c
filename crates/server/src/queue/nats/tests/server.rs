//! A NATS server for tests, which ends with the process that started it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// A running server, on a port of its own.
pub(super) struct Server {
    port: u16,
    dir: TempDir,
    shell: Child,
}

/// Runs the server until its own input ends, as it does with the process that holds the other end; then removes
/// the directory it is given.
const SCRIPT: &str = r#"nats-server "$@" </dev/null & read _; kill -9 $!; wait; [ -z "$0" ] || rm -rf "$0""#;

/// The server that tests share which do not stop it.
pub(super) fn shared() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().display().to_string();
        let (shell, port) = run(&path, &dir, None);
        Server { port, dir, shell }
    })
}

impl Server {
    pub(super) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (shell, port) = run("", &dir, None);
        Self { port, dir, shell }
    }

    pub(super) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Ends it without a word.
    pub(super) fn kill(&mut self) {
        // Its own input was taken already if it was killed before.
        drop(self.shell.stdin.take());
        self.shell.wait().unwrap();
    }

    /// Starts it on the same port, with what it had kept.
    pub(super) fn start_again(&mut self) {
        (self.shell, self.port) = run("", &self.dir, Some(self.port));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn run(remove: &str, dir: &TempDir, port: Option<u16>) -> (Child, u16) {
    let port = port.map_or("-1".to_owned(), |port| port.to_string());
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT, remove, "-js", "-a", "127.0.0.1", "-p", &port, "-sd"]).arg(dir.path());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut shell = command.spawn().unwrap();
    let mut lines = BufReader::new(shell.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut port = None;
    for line in lines.by_ref() {
        if let Some((_, address)) = line.split_once("Listening for client connections on ") {
            port = address.rsplit(':').next().and_then(|port| port.parse().ok());
        }
        if line.contains("Server is ready") {
            break;
        }
    }
    std::thread::spawn(move || lines.for_each(drop));
    (shell, port.expect("nats-server runs: install it, as Debian's package nats-server does"))
}
