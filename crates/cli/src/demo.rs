//! A server with a simulated fleet, webhooks that fare differently, and a live view of it all.
//!
//! The server runs in this process; all else goes through its public API, as any user's would.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use fieldhook_server::Server;
use fieldhook_server::clock::{Nature, random_fraction};
use fieldhook_server::config::{AccountsConfig, Config};
use fieldhook_server::telemetry::{self, LogFormat};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Context;
use crate::client::{Client, Login};
use crate::failure::usage;
use crate::output::Screen;
use crate::path::Path as ApiPath;
use crate::profile::made_up_password;
use crate::serve::Signals;

mod fleet;
mod scenarios;
mod view;

use fleet::Machine;
use scenarios::{Endpoint, Stage};

const EMAIL: &str = "demo@fieldhook.local";
/// Publishes under way at once; beyond it the fleet waits rather than pile up in front of a busy server.
const MOST_AT_ONCE: usize = 64;
/// How often the live view is drawn.
const REDRAW: Duration = Duration::from_secs(1);
/// How often a line is printed where there is no terminal to draw on.
const REPORT: Duration = Duration::from_secs(5);

/// Run a server with a simulated fleet: three products, thirty devices, six webhooks that fare differently
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook demo
  fieldhook demo --data ./data/demo            kept, and taken up again by the next start
  fieldhook demo --rate 200 --for 60

The webhooks send to the built-in endpoint tester: one is healthy, one slow, one unauthorised, one fails for a
minute now and then and is put to sleep, one answers 5 KB, one has its answer cut down by a template.
Where there is no terminal, a line is printed every five seconds.")]
pub(crate) struct Demo {
    /// Where everything is kept [default: a directory that is deleted at the end]
    // Not from FIELDHOOK_DATA: a demo must never be played on somebody's real data by accident.
    #[arg(long, value_name = "DIR")]
    data: Option<std::path::PathBuf>,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Events a second, of the whole fleet
    #[arg(long, value_name = "RATE", default_value_t = 15.0)]
    rate: f64,
    /// End after so many seconds
    #[arg(long = "for", value_name = "SECONDS")]
    seconds: Option<u64>,
}

/// Who may log in to the demo. Kept beside its data, so that the next start knows it too.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Account {
    email: String,
    password: String,
}

impl Demo {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        if !(self.rate > 0.0 && self.rate <= 10_000.0) {
            usage!("--rate {} is not between 0 and 10000 events a second", self.rate);
        }
        let mut signals = Signals::new()?;
        telemetry::log(LogFormat::Text, if context.output.live() { "error" } else { "warn" });
        let passing = tempfile::tempdir().context("cannot make a directory for the demo; pass --data")?;
        let data = self.data.as_deref().unwrap_or(passing.path());
        let account = Account::of(data, &context.nature)?;
        let server = Server::start(self.config(data, &account), context.nature.clone()).await?;

        let played = tokio::select! {
            played = self.play(context, &server, &account) => played,
            () = signals.wait() => Ok(()),
        };
        context.output.note("Draining.");
        server.stop().await;
        played
    }

    fn config(&self, data: &Path, account: &Account) -> Config {
        let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        Config {
            data: data.to_path_buf(),
            listen: self.listen,
            allow_destinations: loopback.map(IpNet::from).to_vec(),
            accounts: AccountsConfig {
                open_registration: false,
                admin_email: Some(account.email.clone()),
                admin_password: Some(account.password.clone()),
            },
            ..Config::default()
        }
    }

    /// Sets the stage, then lets the fleet play on it until the time is up.
    async fn play(&self, context: &Context, server: &Server, account: &Account) -> anyhow::Result<()> {
        let client = Client::new(&format!("http://{}", server.address()), None)?;
        let login =
            Login { username: account.email.clone(), password: account.password.clone(), expires_in: 0 };
        let answer = client.log_in(&login).await.context(
            "the account kept beside the demo's data does not fit; choose another --data or delete this one",
        )?;
        let client = client.with_token(answer["access_token"].as_str().context("the server gave no token")?);
        let stage = scenarios::set(&client, context.output).await?;
        context.output.note(format!(
            "Fieldhook is at {}\nLog in as {} with the password {}",
            server.public_url(),
            account.email,
            account.password
        ));

        let ending = CancellationToken::new();
        let _end_at_last = ending.clone().drop_guard();
        let players = TaskTracker::new();
        let nature = &context.nature;
        players.spawn(publish(
            client.clone(),
            stage.machines.clone(),
            self.rate,
            nature.clone(),
            ending.clone(),
        ));
        players.spawn(flap(client.clone(), stage.flapping.clone(), nature.clone(), ending.clone()));
        if let Some(seconds) = self.seconds {
            let time = nature.clock.sleep(Duration::from_secs(seconds));
            let ending = ending.clone();
            players.spawn(async move {
                tokio::select! {
                    () = time => ending.cancel(),
                    () = ending.cancelled() => {}
                }
            });
        }
        let watched = watch(context, &client, &stage, server.public_url(), account, &ending).await;
        ending.cancel();
        players.close();
        players.wait().await;
        watched
    }
}

impl Account {
    /// The account of the demo in this directory; a new one where there is none.
    fn of(data: &Path, nature: &Nature) -> anyhow::Result<Self> {
        let file = data.join("demo-account.json");
        if let Ok(text) = std::fs::read_to_string(&file) {
            return serde_json::from_str(&text)
                .with_context(|| format!("{} is damaged; choose another --data", file.display()));
        }
        let account = Self { email: EMAIL.to_owned(), password: made_up_password(nature) };
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(data)?;
            // A temporary file is its owner's alone from the first byte on.
            let mut beside = tempfile::NamedTempFile::new_in(data)?;
            beside.write_all(serde_json::to_string(&account)?.as_bytes())?;
            beside.persist(&file)?;
            Ok(())
        };
        write().with_context(|| format!("cannot write {}", file.display()))?;
        Ok(account)
    }
}

/// Has the machines publish in turn, each with its own token, at the fleet's rate.
async fn publish(
    client: Client,
    machines: Arc<Vec<(Machine, String)>>,
    rate: f64,
    nature: Nature,
    ending: CancellationToken,
) {
    let path = ApiPath::of(&["v1", "devices", "events"]);
    let begun = nature.clock.elapsed();
    let room = Arc::new(Semaphore::new(MOST_AT_ONCE));
    let under_way = TaskTracker::new();
    for turn in 0_u64.. {
        let due = begun + Duration::from_secs_f64(turn as f64 / rate);
        tokio::select! {
            () = nature.clock.sleep(due.saturating_sub(nature.clock.elapsed())) => {}
            () = ending.cancelled() => break,
        }
        let Ok(permit) = room.clone().acquire_owned().await else { break };
        let (machine, token) = &machines[turn as usize % machines.len()];
        let reading =
            machine.reading(nature.clock.elapsed(), [(); 4].map(|()| random_fraction(&*nature.luck)));
        let client = client.with_token(token);
        let path = path.clone();
        under_way.spawn(async move {
            let body = json!({ "name": reading.name, "data": reading.data, "private": true });
            if let Err(error) = client.publish(&path, &body, None).await {
                tracing::warn!(%error, "a simulated device could not publish");
            }
            drop(permit);
        });
    }
    under_way.close();
    under_way.wait().await;
}

/// Breaks the flapping endpoint and mends it again.
async fn flap(client: Client, endpoint: Endpoint, nature: Nature, ending: CancellationToken) {
    let begun = nature.clock.elapsed();
    loop {
        let (answer, lasts) = scenarios::flapping_answer(nature.clock.elapsed().saturating_sub(begun));
        if let Err(error) = endpoint.answer(&client, &answer).await {
            tracing::warn!(%error, "the flapping endpoint could not be told how to answer");
        }
        tokio::select! {
            () = nature.clock.sleep(lasts) => {}
            () = ending.cancelled() => return,
        }
    }
}

/// Shows what happens until the end: drawn in place on a terminal, else a line now and then, and one at the last.
async fn watch(
    context: &Context,
    client: &Client,
    stage: &Stage,
    url: &str,
    account: &Account,
    ending: &CancellationToken,
) -> anyhow::Result<()> {
    let clock = &context.nature.clock;
    let begun = clock.elapsed();
    let mut screen = if context.output.live() { Some(Screen::open()?) } else { None };
    let every = if screen.is_some() { REDRAW } else { REPORT };
    let mut scene = view::Scene::default();
    loop {
        let last = ending.is_cancelled();
        match scene.look(client, stage).await {
            // A busy machine may miss a look; what was seen last stands until the next. The last figures must be true.
            Err(error) if !last => tracing::warn!(%error, "the demo could not be looked at, and goes on"),
            looked => looked?,
        }
        let running = clock.elapsed().saturating_sub(begun);
        match &mut screen {
            Some(screen) => {
                let title = view::Title { url, email: &account.email, password: &account.password, running };
                screen.draw(|size| scene.drawn(&title, size))?;
            }
            None => context.output.each(&scene.json(), || scene.line(running)),
        }
        if last {
            return Ok(());
        }
        tokio::select! {
            () = clock.sleep(every) => {}
            () = ending.cancelled() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_start_on_the_same_data_knows_the_same_account() {
        let data = tempfile::tempdir().unwrap();
        let first = Account::of(data.path(), &Nature::real()).unwrap();
        let second = Account::of(data.path(), &Nature::real()).unwrap();
        assert_eq!((first.email, first.password), (second.email, second.password));
    }
}
