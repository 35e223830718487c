//! A PostgreSQL server for tests, which ends with the process that started it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;

/// A running server, reached by a socket in a directory of its own.
pub(super) struct Server {
    dir: TempDir,
    shell: Child,
    databases: AtomicU64,
}

/// Makes a cluster if there is none, runs it until its own input ends, as it does with the process that holds the
/// other end; then removes the directory.
const SCRIPT: &str = r#"
    dir=$1; bin=$2; keep=$3
    [ -d "$dir/data" ] || "$bin/initdb" -D "$dir/data" -U fieldhook -A trust -E UTF8 --no-locale -N >"$dir/initdb.log" 2>&1 || exit 1
    "$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c max_connections=500 -c fsync=off \
        -c full_page_writes=off -c shared_buffers=64MB >"$dir/log" 2>&1 </dev/null &
    until "$bin/pg_isready" -q -h "$dir"; do kill -0 $! || exit 1; sleep 0.02; done
    echo ready
    read _
    kill -QUIT $!; wait
    [ -n "$keep" ] || rm -rf "$dir"
"#;

/// The server that tests share which do not stop it.
pub(super) fn shared() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| Server::start(false))
}

impl Server {
    /// One of its own, for a test that stops it.
    pub(super) fn own() -> Self {
        Self::start(true)
    }

    fn start(keep: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        if is_root() {
            let given = Command::new("chown").arg("postgres").arg(dir.path()).status().unwrap();
            assert!(given.success(), "the tests of the store need PostgreSQL's own user: install postgresql");
        }
        let shell = run(dir.path(), keep);
        Self { dir, shell, databases: AtomicU64::new(0) }
    }

    /// Ends it without a word.
    pub(super) fn kill(&mut self) {
        drop(self.shell.stdin.take());
        self.shell.wait().unwrap();
    }

    /// Starts it again with what it kept.
    pub(super) fn start_again(&mut self) {
        self.shell = run(self.dir.path(), true);
    }

    /// The address of a database that nobody else has.
    pub(super) fn database(&self) -> String {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut create = Command::new(binaries().join("createdb"));
        create.args(["-U", "fieldhook", "-h"]).arg(self.dir.path()).arg(&name);
        assert!(create.status().unwrap().success(), "PostgreSQL makes a database");
        self.url(&name)
    }

    fn url(&self, database: &str) -> String {
        let socket = self.dir.path().display().to_string().replace('/', "%2F");
        format!("postgres://fieldhook@{socket}/{database}")
    }
}

fn run(dir: &Path, keep: bool) -> Child {
    // PostgreSQL refuses to run as root.
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "sh"]);
        command
    } else {
        Command::new("sh")
    };
    command.args(["-c", SCRIPT, "sh"]).arg(dir).arg(binaries()).arg(if keep { "keep" } else { "" });
    let mut shell = command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut ready = [0; 6];
    let told = std::io::Read::read_exact(shell.stdout.as_mut().unwrap(), &mut ready);
    assert!(told.is_ok(), "PostgreSQL did not start; see {}", dir.display());
    shell
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0
}

/// Where initdb and postgres are: of the newest version, as Debian installs them, or else on the path.
fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.unwrap().path().join("bin")).collect();
    found.retain(|bin| bin.join("initdb").exists());
    found.sort();
    let on_path = || {
        let path = std::env::var_os("PATH").unwrap();
        std::env::split_paths(&path).find(|bin| bin.join("initdb").exists())
    };
    found.pop().or_else(on_path).expect("the tests of the store need PostgreSQL: install postgresql")
}
