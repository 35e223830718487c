//! From one machine to many.

use std::path::PathBuf;

use clap::Args;
use fieldhook_server::config::Config;
use fieldhook_server::migration::{Migrated, migrate};
use fieldhook_server::telemetry::{self, LogFormat};
use serde_json::{Map, Value, json};

use crate::Context;

/// Carry one machine's data into a store and a queue that many share
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook migrate --from /var/lib/fieldhook --to postgres://me:secret@db.example/fieldhook
  fieldhook migrate --from data --to postgres://… --queue nats://nats.example:4222     what is under way goes along

Stop the server first. The database must be empty: all of it is filled, or nothing. What broke off later goes on
when the same command is given again. The data directory keeps everything but the deliveries under way.")]
pub(crate) struct Migrate {
    /// The data directory of the one machine
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The store that the nodes will share, such as postgres://user:password@db.example/fieldhook
    #[arg(long, value_name = "URL", env = "FIELDHOOK_STORE", hide_env_values = true)]
    to: String,
    /// The queue that the nodes will share, such as nats://nats.example:4222; needed when deliveries are under way
    #[arg(long, value_name = "URL", env = "FIELDHOOK_QUEUE", hide_env_values = true)]
    queue: Option<String>,
    /// On how many servers of a NATS cluster the queue is kept: 1, 3 or 5
    #[arg(long, value_name = "COUNT", env = "FIELDHOOK_QUEUE_REPLICAS", default_value_t = 1)]
    queue_replicas: usize,
    /// The key that seals secrets [default: secret.key in the data directory]
    #[arg(long, value_name = "FILE", env = "FIELDHOOK_KEY_FILE")]
    key_file: Option<PathBuf>,
    /// Certificates to trust beside the system's, in a PEM file
    #[arg(long, value_name = "FILE", env = "FIELDHOOK_TLS_ROOTS")]
    tls_roots: Option<PathBuf>,
}

impl Migrate {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        telemetry::log(LogFormat::Text, "info");
        let config = Config {
            data: self.from,
            queue: self.queue,
            queue_replicas: self.queue_replicas,
            key_file: self.key_file,
            tls_roots: self.tls_roots,
            ..Config::default()
        };
        let migrated = migrate(&config, &self.to, &context.nature).await?;
        let told = json!({
            "rows": rows(&migrated),
            "deliveries": migrated.deliveries,
            "key_file": migrated.key_file,
        });
        context.output.answer(&told, |output| output.line(summary(&migrated)));
        Ok(())
    }
}

fn rows(migrated: &Migrated) -> Value {
    let Some(rows) = &migrated.rows else { return Value::Null };
    rows.iter().map(|(table, rows)| ((*table).to_owned(), (*rows).into())).collect::<Map<_, _>>().into()
}

fn summary(migrated: &Migrated) -> String {
    let rows = match &migrated.rows {
        Some(rows) => {
            format!("{} rows were carried over", rows.iter().map(|(_, rows)| rows).sum::<u64>())
        }
        None => "The rows had been carried over before".to_owned(),
    };
    format!(
        "{rows}, and {} deliveries that were under way.\n\n\
         Give every node the key in {}, and start them:\n  \
         fieldhook serve --queue … --store … --key-file …\n\n\
         Do not start the old server again: from here on the two would go different ways.",
        migrated.deliveries,
        migrated.key_file.display()
    )
}
