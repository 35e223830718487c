//! The server that is measured: this same program, in a process and a directory of its own.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use fieldhook_server::clock::{Nature, random};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::Context;
use crate::client::{Client, Login};
use crate::output::text_at;
use crate::path::Path;

/// The kernel counts CPU time in these.
const TICK: Duration = Duration::from_millis(10);
/// How often to ask whether the books are closed.
const LOOK: Duration = Duration::from_millis(20);

/// A server under measurement. It is killed, and its directory deleted, when this is dropped.
pub(super) struct Subject {
    client: Client,
    address: SocketAddr,
    token: String,
    process: u32,
    _child: Child,
    _data: TempDir,
}

impl Subject {
    /// Starts one, and logs in.
    pub(super) async fn start(nature: &Nature) -> anyhow::Result<Self> {
        let data = tempfile::tempdir().context("cannot make a directory for the measured server")?;
        let secret: [u8; 16] = random(&*nature.luck);
        let password: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let email = "bench@fieldhook.local";
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--json", "serve", "--listen", "127.0.0.1:0", "--allow-destinations", "127.0.0.0/8"])
            .args(["--log", "warn", "--data"])
            .arg(data.path())
            .env("FIELDHOOK_ADMIN_EMAIL", email)
            .env("FIELDHOOK_ADMIN_PASSWORD", &password)
            .env_remove("FIELDHOOK_CONFIG")
            .env_remove("FIELDHOOK_PUBLIC_URL")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the server to be measured")?;
        let process = child.id().context("the measured server ended at once")?;
        let output = child.stdout.take().context("the measured server has no output")?;
        let line =
            BufReader::new(output).lines().next_line().await?.context("the measured server did not start")?;
        let ready: Value =
            serde_json::from_str(&line).context("the measured server did not say where it is")?;
        let url = text_at(&ready, "/url");
        let address = url.trim_start_matches("http://").parse().context("the measured server is nowhere")?;

        let client = Client::new(&url, None)?;
        let login = Login { username: email.to_owned(), password, expires_in: 0 };
        let token = text_at(&client.log_in(&login).await?, "/access_token");
        Ok(Self { client: client.with_token(&token), address, token, process, _child: child, _data: data })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its administrator's token.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Makes a webhook; gives its id.
    pub(super) async fn webhook(&self, event: &str, url: &str, more: Value) -> anyhow::Result<String> {
        let mut template = more;
        template["event"] = event.into();
        template["url"] = url.into();
        template["integration_type"] = "Webhook".into();
        let record = self.client.post(&Path::of(&["v1", "integrations"]), &template).await?;
        Ok(text_at(&record, "/id"))
    }

    /// The books of a webhook.
    pub(super) async fn books(&self, webhook: &str) -> anyhow::Result<Value> {
        Ok(self.client.get(&Path::of(&["fieldhook", "v1", "integrations", webhook, "books"])).await?)
    }

    /// Waits until `count` events of the webhook are delivered and logged. One that fails is a failed measurement.
    pub(super) async fn settled(&self, webhook: &str, count: u64, context: &Context) -> anyhow::Result<()> {
        loop {
            let books = self.books(webhook).await?;
            let of = |key: &str| books[key].as_u64().unwrap_or(0);
            anyhow::ensure!(of("failed") + of("dropped") == 0, "events were not delivered: {}", json!(books));
            if of("delivered") >= count {
                return Ok(());
            }
            context.nature.clock.sleep(LOOK).await;
        }
    }

    /// CPU time it has used so far.
    pub(super) fn cpu(&self) -> anyhow::Result<Duration> {
        let file = format!("/proc/{}/stat", self.process);
        let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
        cpu_of(&text).with_context(|| format!("{file} does not say how much CPU time was used"))
    }

    /// The most memory it ever had, in megabytes.
    pub(super) fn peak_memory(&self) -> anyhow::Result<f64> {
        let file = format!("/proc/{}/status", self.process);
        let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
        peak_of(&text).with_context(|| format!("{file} does not say how much memory was used"))
    }
}

/// User and system time of a line of `/proc/PID/stat`. The name before them is in brackets and may hold anything.
fn cpu_of(stat: &str) -> Option<Duration> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u32>().ok();
    Some(TICK * (ticks(11)? + ticks(12)?))
}

/// The peak resident set of a `/proc/PID/status`.
fn peak_of(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_any_name() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 1 0 100 1 1 1";
        assert_eq!(cpu_of(stat), Some(Duration::from_secs(2)));
        assert_eq!(cpu_of("nothing"), None);
    }

    #[test]
    fn peak_memory_is_read_in_megabytes() {
        assert_eq!(peak_of("Name:\tx\nVmHWM:\t  125000 kB\nVmRSS:\t1 kB\n"), Some(128.0));
        assert_eq!(peak_of("Name:\tx\n"), None);
    }
}
