//! A real mail server, aiosmtpd, that shows what it took.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// A mail server; gone when it is dropped.
pub(crate) struct MailServer {
    scheme: &'static str,
    port: u16,
    mails: Lines<BufReader<ChildStdout>>,
    process: Child,
}

impl MailServer {
    /// Starts one on a free port.
    pub(crate) async fn start() -> Self {
        Self::start_with("smtp", &[]).await
    }

    /// The same, which speaks TLS with this certificate and key, both in PEM files.
    pub(crate) async fn start_tls(certificate: &Path, key: &Path) -> Self {
        Self::start_with("smtps", &[certificate, key]).await
    }

    async fn start_with(scheme: &'static str, arguments: &[&Path]) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/world/smtp.py");
        // Debian's package is seen by Debian's Python only.
        let python = if Path::new("/usr/bin/python3").exists() { "/usr/bin/python3" } else { "python3" };
        let mut process = Command::new(python)
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut mails = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = mails.next_line().await.unwrap();
        let port =
            port.expect("the mail server runs: `make test` installs aiosmtpd, Debian's python3-aiosmtpd");
        Self { scheme, port: port.parse().unwrap(), mails, process }
    }

    /// Its address, as an operator sets it.
    pub(crate) fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    /// The next mail it took.
    pub(crate) async fn next(&mut self) -> Value {
        let line = self.mails.next_line().await.unwrap().unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// What it took and nobody looked at.
    pub(crate) async fn rest(mut self) -> Vec<Value> {
        drop(self.process.stdin.take());
        let mut rest = Vec::new();
        while let Some(line) = self.mails.next_line().await.unwrap() {
            rest.push(serde_json::from_str(&line).unwrap());
        }
        rest
    }
}
