//! The server, as an operator starts it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use fieldhook_server::Server;
use fieldhook_server::config::Config;
use fieldhook_server::telemetry::{self, LogFormat};
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::Context;

/// Run the server
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook serve
  fieldhook serve --data /var/lib/fieldhook --listen 0.0.0.0:8080 --public-url https://hooks.example.com
  fieldhook serve --allow-destinations 10.0.0.0/8,192.168.0.0/16     webhooks may reach these private networks
  fieldhook serve --queue nats://nats.example:4222 --store postgres://me:secret@db.example/fieldhook
                                                                     as one of many nodes: see docs/scale-out.md
  fieldhook serve --config fieldhook.toml
  FIELDHOOK_ADMIN_EMAIL=me@example.com FIELDHOOK_ADMIN_PASSWORD=… fieldhook serve     first start, unattended

A flag wins over its variable, a variable over the file, the file over the default.
The first start prints a link that creates the first account. SIGTERM and Ctrl-C drain: nothing more is
taken in, what is on the wire is finished, everything is synced. A second one quits at once; nothing that
was acknowledged is lost by it.")]
pub(crate) struct Serve {
    /// Where everything is kept [default: data]
    #[arg(long, value_name = "DIR", env = "FIELDHOOK_DATA")]
    data: Option<PathBuf>,
    /// The queue that nodes share, such as nats://nats.example:4222 [default: in the data directory]
    #[arg(long, value_name = "URL", env = "FIELDHOOK_QUEUE", hide_env_values = true)]
    queue: Option<String>,
    /// On how many servers of a NATS cluster the queue is kept: 1, 3 or 5 [default: 1]
    #[arg(long, value_name = "COUNT", env = "FIELDHOOK_QUEUE_REPLICAS")]
    queue_replicas: Option<usize>,
    /// The store that nodes share, such as postgres://user:password@db.example/fieldhook [default: in the data directory]
    #[arg(long, value_name = "URL", env = "FIELDHOOK_STORE", hide_env_values = true)]
    store: Option<String>,
    /// This node's name among those that share, different from all others [default: the machine's]
    #[arg(long, value_name = "NAME", env = "FIELDHOOK_NODE")]
    node: Option<String>,
    /// The key that seals secrets, the same for all nodes that share [default: secret.key in the data directory]
    #[arg(long, value_name = "FILE", env = "FIELDHOOK_KEY_FILE")]
    key_file: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS", env = "FIELDHOOK_LISTEN")]
    listen: Option<SocketAddr>,
    /// Private ranges that webhooks may reach, such as 10.0.0.0/8; several with commas
    #[arg(long, value_name = "CIDR,…", env = "FIELDHOOK_ALLOW_DESTINATIONS", value_delimiter = ',')]
    allow_destinations: Option<Vec<ipnet::IpNet>>,
    /// The address under which people reach the server [default: the one it listens on]
    #[arg(long, value_name = "URL", env = "FIELDHOOK_PUBLIC_URL")]
    public_url: Option<String>,
    /// Certificates to trust beside the system's, in a PEM file
    #[arg(long, value_name = "FILE", env = "FIELDHOOK_TLS_ROOTS")]
    tls_roots: Option<PathBuf>,
    /// A TOML file with these settings and more
    #[arg(long, value_name = "FILE", env = "FIELDHOOK_CONFIG")]
    config: Option<PathBuf>,
    /// Let anybody create an account
    #[arg(
        long,
        value_name = "BOOL",
        env = "FIELDHOOK_OPEN_REGISTRATION",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    open_registration: Option<bool>,
    /// How to write log lines: for people, or as one JSON object a line
    #[arg(long, value_enum, env = "FIELDHOOK_LOG_FORMAT", default_value_t = Format::Text)]
    log_format: Format,
    /// Which log lines, such as `info` or `fieldhook_server=debug`
    #[arg(long, value_name = "FILTER", env = "FIELDHOOK_LOG", default_value = "info")]
    log: String,
    /// The mail server for alerts, such as smtps://user:password@smtp.example.com, or smtp://…?tls=required
    #[arg(long, value_name = "URL", env = "FIELDHOOK_SMTP_URL", hide_env_values = true)]
    smtp_url: Option<String>,
    /// Who mails are from, such as 'Fieldhook <alerts@example.com>'
    #[arg(long, value_name = "ADDRESS", env = "FIELDHOOK_MAIL_FROM")]
    mail_from: Option<String>,
    #[arg(long, env = "FIELDHOOK_ADMIN_EMAIL", hide = true)]
    admin_email: Option<String>,
    #[arg(long, env = "FIELDHOOK_ADMIN_PASSWORD", hide = true, hide_env_values = true)]
    admin_password: Option<String>,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Serve {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let format = match self.log_format {
            Format::Text => LogFormat::Text,
            Format::Json => LogFormat::Json,
        };
        telemetry::log(format, &self.log);
        // Each stream and each connection is an open file, and the usual soft limit of 1,024 is soon reached. Where the
        // hard one cannot be had either, connections wait their turn.
        if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
            tracing::warn!(%error, "the limit of open files stays as it is");
        }
        let mut signals = Signals::new()?;
        let config = self.config()?;
        let server = Server::start(config, context.nature.clone()).await?;
        let ready = json!({ "url": server.public_url(), "setup_link": server.setup_link() });
        context.output.each(&ready, || told(server.public_url(), server.setup_link()));
        signals.wait().await;
        context.output.note("Draining; again to quit at once.");
        tokio::select! {
            () = server.stop() => Ok(()),
            () = signals.wait() => anyhow::bail!("quit before everything was drained; nothing acknowledged is lost"),
        }
    }

    /// The file where there is one, with flags and variables laid over it.
    fn config(self) -> anyhow::Result<Config> {
        let mut config = match &self.config {
            Some(file) => read(file)?,
            None => Config::default(),
        };
        lay(&mut config.data, self.data);
        config.queue = self.queue.or(config.queue);
        lay(&mut config.queue_replicas, self.queue_replicas);
        config.store = self.store.or(config.store);
        config.node = self.node.or(config.node);
        config.key_file = self.key_file.or(config.key_file);
        lay(&mut config.listen, self.listen);
        lay(&mut config.allow_destinations, self.allow_destinations);
        lay(&mut config.accounts.open_registration, self.open_registration);
        config.public_url = self.public_url.or(config.public_url);
        config.tls_roots = self.tls_roots.or(config.tls_roots);
        config.mail.url = self.smtp_url.or(config.mail.url);
        config.mail.from = self.mail_from.or(config.mail.from);
        config.accounts.admin_email = self.admin_email.or(config.accounts.admin_email);
        config.accounts.admin_password = self.admin_password.or(config.accounts.admin_password);
        Ok(config)
    }
}

fn lay<T>(under: &mut T, over: Option<T>) {
    if let Some(over) = over {
        *under = over;
    }
}

fn read(file: &Path) -> anyhow::Result<Config> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    toml::from_str(&text).with_context(|| format!("{} does not fit", file.display()))
}

fn told(url: &str, setup_link: Option<&str>) -> String {
    let mut text = format!("Fieldhook is at {url}");
    if let Some(link) = setup_link {
        text.push_str("\n\nThere is no account yet. Create the first, once, here:\n  ");
        text.push_str(link);
        text.push('\n');
    }
    text
}

/// The signals that end a server.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes them over from the system's own way, which is to end at once.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let taken = "the system does not let signals be taken over";
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context(taken)?,
            interrupt: signal(SignalKind::interrupt()).context(taken)?,
        })
    }

    /// Resolves at the next one.
    pub(crate) async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        serve: Serve,
    }

    fn config(words: &[&str]) -> anyhow::Result<Config> {
        let words = std::iter::once("serve").chain(words.iter().copied());
        Line::try_parse_from(words)?.serve.config()
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let file = file(
            "listen = '127.0.0.1:1'\ndata = 'from-file'\n\
             [accounts]\nopen_registration = true\n[delivery]\nlane_width = 8\n",
        );
        let path = file.path().to_str().unwrap();

        let config =
            config(&["--config", path, "--listen", "127.0.0.1:2", "--open-registration=false"]).unwrap();

        assert_eq!(config.listen, "127.0.0.1:2".parse().unwrap());
        assert_eq!(config.data, PathBuf::from("from-file"));
        assert_eq!(config.delivery.lane_width, 8);
        assert!(!config.accounts.open_registration);
        assert_eq!(config.publish, Config::default().publish);
    }

    #[test]
    fn several_ranges_are_given_with_commas() {
        let config = config(&["--allow-destinations", "10.0.0.0/8,::1/128"]).unwrap();
        assert_eq!(config.allow_destinations.len(), 2);
        assert!(Line::try_parse_from(["serve", "--allow-destinations", "10.0.0.0/99"]).is_err());
    }

    #[test]
    fn an_unknown_key_in_the_file_is_refused_by_name() {
        let file = file("lissten = '127.0.0.1:1'");
        let error = config(&["--config", file.path().to_str().unwrap()]).unwrap_err();
        assert!(format!("{error:#}").contains("lissten"), "{error:#}");
    }
}
