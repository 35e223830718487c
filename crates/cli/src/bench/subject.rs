//! The servers that are measured: this same program, each in a process and a directory of its own.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use fieldhook_server::clock::Nature;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::sink::Sink;
use super::{LOOK, STANDSTILL};
use crate::Context;
use crate::client::{Client, Login};
use crate::output::text_at;
use crate::path::Path;
use crate::profile::made_up_password;

/// For how long a server does nothing before it counts as being at rest.
const REST: Duration = Duration::from_secs(2);
/// The kernel counts CPU time in these.
const TICK: Duration = Duration::from_millis(10);

/// The queue and the store that the nodes of a measurement share. Nobody else uses them.
#[derive(Debug, Clone)]
pub(super) struct Engines {
    pub(super) queue: String,
    pub(super) store: String,
}

/// What is measured: a server, or several nodes. They are killed, and their directories deleted, when this is dropped.
pub(super) struct Subject {
    client: Client,
    token: String,
    email: &'static str,
    password: String,
    options: Vec<String>,
    nodes: Vec<Node>,
}

struct Node {
    url: String,
    address: SocketAddr,
    process: u32,
    _child: Child,
    data: TempDir,
}

impl Subject {
    /// Starts a server on one machine, and logs in.
    pub(super) async fn start(nature: &Nature) -> anyhow::Result<Self> {
        Self::start_with(nature, Vec::new()).await
    }

    /// Starts the first node on these engines, and logs in.
    pub(super) async fn start_on(nature: &Nature, engines: &Engines) -> anyhow::Result<Self> {
        let options = ["--queue", &engines.queue, "--store", &engines.store].map(str::to_owned);
        Self::start_with(nature, options.to_vec()).await
    }

    /// The same as `start`, with more options.
    pub(super) async fn start_with(nature: &Nature, options: Vec<String>) -> anyhow::Result<Self> {
        let (email, password) = ("bench@fieldhook.local", made_up_password(nature));
        let node = Node::start(email, &password, &options).await?;
        let client = Client::new(&node.url, None)?;
        let login = Login { username: email.to_owned(), password: password.clone(), expires_in: 0 };
        let token = text_at(&client.log_in(&login).await?, "/access_token");
        Ok(Self { client: client.with_token(&token), token, email, password, options, nodes: vec![node] })
    }

    /// Starts another node beside those there are.
    pub(super) async fn join(&mut self) -> anyhow::Result<()> {
        let key = self.nodes[0].data.path().join("secret.key").display().to_string();
        let name = format!("node{}", self.nodes.len() + 1);
        let more = ["--key-file", &key, "--node", &name].map(str::to_owned);
        let options: Vec<_> = self.options.iter().cloned().chain(more).collect();
        self.nodes.push(Node::start(self.email, &self.password, &options).await?);
        Ok(())
    }

    /// Where each of them listens.
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.address).collect()
    }

    /// The administrator's token.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Somebody to ask the first of them.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Makes a webhook, and waits until all nodes know of it; gives its id.
    pub(super) async fn webhook(&self, event: &str, url: &str, more: Value) -> anyhow::Result<String> {
        let id = self.webhook_at(&Path::of(&["v1", "integrations"]), event, url, more).await?;
        let path = Path::of(&["v1", "integrations", &id]);
        for node in &self.nodes {
            let client = Client::new(&node.url, None)?.with_token(&self.token);
            // What one node saves the others hear of within milliseconds.
            while client.get(&path).await.is_err() {
                tokio::task::yield_now().await;
            }
        }
        Ok(id)
    }

    /// Makes a webhook where this path says; gives its id.
    pub(super) async fn webhook_at(
        &self,
        path: &Path,
        event: &str,
        url: &str,
        more: Value,
    ) -> anyhow::Result<String> {
        let mut template = more;
        template["event"] = event.into();
        template["url"] = url.into();
        template["integration_type"] = "Webhook".into();
        Ok(text_at(&self.client.post(path, &template).await?, "/id"))
    }

    /// Deliveries that wait or are on their way, on all of them.
    pub(super) async fn pending(&self) -> anyhow::Result<u64> {
        let mut pending = 0;
        for node in &self.nodes {
            let status = Client::new(&node.url, None)?.get(&Path::of(&["status.json"])).await?;
            pending += status["queue_pending"].as_u64().context("a server does not say what is under way")?;
        }
        Ok(pending)
    }

    /// Waits until `count` requests have come to the sink and nothing is under way any more, so that all of it is
    /// logged. A standstill is a failed measurement.
    pub(super) async fn settled(&self, sink: &Sink, count: u64, context: &Context) -> anyhow::Result<()> {
        sink.until(count, context).await?;
        let clock = &context.nature.clock;
        let (mut last, mut since) = (u64::MAX, clock.elapsed());
        loop {
            let pending = self.pending().await?;
            if pending == 0 {
                return Ok(());
            }
            if pending != last {
                (last, since) = (pending, clock.elapsed());
            }
            let standstill = clock.elapsed().saturating_sub(since);
            anyhow::ensure!(standstill < STANDSTILL, "{pending} deliveries are under way and do not end");
            clock.sleep(LOOK).await;
        }
    }

    /// Waits until they do next to nothing any more.
    pub(super) async fn at_rest(&self, context: &Context) -> anyhow::Result<()> {
        loop {
            let before = self.cpu()?;
            context.nature.clock.sleep(REST).await;
            if self.cpu()?.saturating_sub(before) < REST / 20 {
                return Ok(());
            }
        }
    }

    /// CPU time used so far, by all of them.
    pub(super) fn cpu(&self) -> anyhow::Result<Duration> {
        self.nodes.iter().map(Node::cpu).sum()
    }

    /// The most memory that each of them ever had, together, in megabytes.
    pub(super) fn peak_memory(&self) -> anyhow::Result<f64> {
        self.nodes.iter().map(|node| node.memory("VmHWM:")).sum()
    }

    /// The memory that they have now, in megabytes.
    pub(super) fn memory(&self) -> anyhow::Result<f64> {
        self.nodes.iter().map(|node| node.memory("VmRSS:")).sum()
    }
}

impl Node {
    async fn start(email: &str, password: &str, options: &[String]) -> anyhow::Result<Self> {
        let data = tempfile::tempdir().context("cannot make a directory for the measured server")?;
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--json", "serve", "--listen", "127.0.0.1:0", "--allow-destinations", "127.0.0.0/8"])
            .args(["--log", "warn", "--data"])
            .arg(data.path())
            .args(options)
            .env("FIELDHOOK_ADMIN_EMAIL", email)
            .env("FIELDHOOK_ADMIN_PASSWORD", password)
            .env_remove("FIELDHOOK_CONFIG")
            .env_remove("FIELDHOOK_PUBLIC_URL")
            .env_remove("FIELDHOOK_QUEUE")
            .env_remove("FIELDHOOK_STORE")
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
        Ok(Self { url, address, process, _child: child, data })
    }

    fn cpu(&self) -> anyhow::Result<Duration> {
        let file = format!("/proc/{}/stat", self.process);
        let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
        cpu_of(&text).with_context(|| format!("{file} does not say how much CPU time was used"))
    }

    fn memory(&self, which: &str) -> anyhow::Result<f64> {
        let file = format!("/proc/{}/status", self.process);
        let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
        memory_of(&text, which).with_context(|| format!("{file} does not say how much memory was used"))
    }
}

/// User and system time of a line of `/proc/PID/stat`. The name before them is in brackets and may hold anything.
fn cpu_of(stat: &str) -> Option<Duration> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u32>().ok();
    Some(TICK * (ticks(11)? + ticks(12)?))
}

/// The resident set of a `/proc/PID/status`: `VmRSS:` now, `VmHWM:` at its peak.
fn memory_of(status: &str, which: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(which))?;
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
    fn memory_is_read_in_megabytes() {
        let status = "Name:\tx\nVmHWM:\t  125000 kB\nVmRSS:\t62500 kB\n";
        assert_eq!((memory_of(status, "VmHWM:"), memory_of(status, "VmRSS:")), (Some(128.0), Some(64.0)));
        assert_eq!(memory_of("Name:\tx\n", "VmRSS:"), None);
    }
}
