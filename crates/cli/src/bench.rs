//! Measures a server of its own, in a process of its own, against what the machine could do at best.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::Context;
use crate::failure::usage;

mod basics;
mod growth;
mod listeners;
mod load;
mod nodes;
mod report;
mod shapes;
mod sink;
mod subject;

use load::{Job, Load};
use report::{Report, Row};
use sink::Sink;
use subject::{Engines, Subject};

/// Connections of the load generator.
const CONNECTIONS: usize = 64;
/// Deliveries that may be caused and not yet made, so that throughput is not measured into a growing backlog.
const WINDOW: u64 = 4_096;
/// How often to look whether all is over.
const LOOK: Duration = Duration::from_millis(5);
/// How long nothing may come before waiting for more is in vain.
const STANDSTILL: Duration = Duration::from_secs(30);
/// Events a second for the latency rows.
const STEADY: u64 = 1_000;
const PUBLISH: &str = "/v1/devices/events";

/// Measure: events a second, latency, CPU and memory, against the bare limit of this machine
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook bench
  fieldhook bench throughput latency
  fieldhook bench nodes --queue nats://127.0.0.1:4222 --store postgres://me@127.0.0.1/bench
  fieldhook bench --json > bench.json
  fieldhook bench --quick                  every step in seconds, to see that it works; the figures mean nothing

The server runs as a process of its own on a fresh directory, so CPU and memory are its own. Load generator and
sink share the machine with it; the bare limit is what those two reach without a server between them.
Use a release build, on a machine with nothing else to do.")]
pub(crate) struct Bench {
    /// What to measure; everything when nothing is named
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Small numbers, for a run of seconds
    #[arg(long)]
    quick: bool,
    /// A NATS server for the nodes, whose streams nobody else uses
    #[arg(long, value_name = "URL", requires = "store")]
    queue: Option<String>,
    /// An empty PostgreSQL database for the nodes
    #[arg(long, value_name = "URL", requires = "queue")]
    store: Option<String>,
}

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Events a second from publish to log, its share of the bare limit, CPU per event, peak memory
    Throughput,
    /// Publish to wire at 1,000 events a second
    Latency,
    /// The same while another destination hangs
    Isolation,
    /// What more integrations cost an event that they are not for
    Matching,
    /// Memory with 100,000 integrations and a million devices, at rest and with a million events queued
    Memory,
    /// One event for 100 integrations
    FanOut,
    /// 100,000 devices for one integration
    FanIn,
    /// 10,000 destinations
    Destinations,
    /// Events of 1 KB and of 16 KB
    Sizes,
    /// A destination that speaks TLS
    Https,
    /// Answers of 5 KB that 1,000 listeners hear
    Replies,
    /// What an event costs beside more devices, a longer log, a longer backlog, more listeners
    Growth,
    /// One node and three on NATS and PostgreSQL; needs --queue and --store
    Nodes,
}

/// How much of everything.
#[derive(Debug, Clone, Copy)]
struct Scale {
    events: u64,
    steady: Duration,
    integrations: [usize; 3],
    missed: u64,
    queued: u64,
    fan_out: usize,
    devices: u64,
    fleet: u64,
    destinations: usize,
    replies: u64,
    listeners: usize,
    growth: Growth,
}

/// Amounts beside which an event's cost is measured.
#[derive(Debug, Clone, Copy)]
struct Growth {
    events: u64,
    devices: [u64; 3],
    attempts: [u64; 3],
    waiting: [u64; 3],
    listeners: [u64; 3],
}

const FULL: Scale = Scale {
    events: 200_000,
    steady: Duration::from_secs(20),
    integrations: [10, 1_000, 100_000],
    missed: 40_000,
    queued: 1_000_000,
    fan_out: 100,
    devices: 100_000,
    fleet: 1_000_000,
    destinations: 10_000,
    replies: 100,
    listeners: 1_000,
    growth: Growth {
        events: 50_000,
        devices: [10, 1_000, 100_000],
        attempts: [0, 100_000, 1_000_000],
        waiting: [0, 10_000, 1_000_000],
        listeners: [0, 100, 5_000],
    },
};

const QUICK: Scale = Scale {
    events: 600,
    steady: Duration::from_secs(1),
    integrations: [10, 50, 200],
    missed: 300,
    queued: 1_000,
    fan_out: 10,
    devices: 50,
    fleet: 100,
    destinations: 20,
    replies: 3,
    listeners: 5,
    growth: Growth {
        events: 100,
        devices: [2, 4, 8],
        attempts: [0, 200, 400],
        waiting: [0, 10, 20],
        listeners: [0, 2, 4],
    },
};

impl Bench {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let scale = if self.quick { QUICK } else { FULL };
        let engines = self.queue.zip(self.store).map(|(queue, store)| Engines { queue, store });
        if engines.is_none() && self.parts.contains(&Part::Nodes) {
            usage!("nodes need a queue and a store that they share: name them with --queue and --store");
        }
        let wanted = |part: &&Part| match part {
            Part::Nodes if engines.is_none() => false,
            part => self.parts.is_empty() || self.parts.contains(part),
        };
        let bed = Bed { context, scale };
        let mut report = Report::default();
        for part in Part::value_variants().iter().filter(wanted) {
            let rows = match part {
                Part::Throughput => bed.throughput().await,
                Part::Latency => bed.latency().await,
                Part::Isolation => bed.isolation().await,
                Part::Matching => bed.matching().await,
                Part::Memory => bed.memory().await,
                Part::FanOut => bed.fan_out().await,
                Part::FanIn => bed.fan_in().await,
                Part::Destinations => bed.destinations().await,
                Part::Sizes => bed.sizes().await,
                Part::Https => bed.https().await,
                Part::Replies => bed.replies().await,
                Part::Growth => bed.growth().await,
                Part::Nodes => match &engines {
                    Some(engines) => bed.nodes(engines).await,
                    None => Ok(Vec::new()),
                },
            };
            match rows {
                Ok(rows) => report.rows.extend(rows),
                Err(error) => {
                    // What was measured so far took minutes.
                    report.print(context.output);
                    return Err(error.context(format!("{part:?} could not be measured")));
                }
            }
        }
        report.print(context.output);
        Ok(())
    }
}

/// What every measurement needs.
#[derive(Clone, Copy)]
struct Bed<'a> {
    context: &'a Context,
    scale: Scale,
}

/// What flowed: requests a second that came to the sink, and the server's CPU time for each.
#[derive(Debug, Clone, Copy)]
struct Flow {
    rate: f64,
    cpu: f64,
}

impl Flow {
    fn rows(self, what: &str, each: &str) -> [Row; 2] {
        [
            Row::new(what, self.rate, "deliveries/s"),
            Row::new(format!("{what}, CPU"), self.cpu, format!("µs/{each}")),
        ]
    }
}

impl Bed<'_> {
    /// Does the job, of which each turn causes `fan_out` deliveries, until all of them are made and logged: a
    /// twentieth of it unmeasured first, for a server that has just started is not what is to be measured.
    async fn flow(
        &self,
        subject: &Subject,
        sink: &Arc<Sink>,
        job: Job,
        fan_out: u64,
    ) -> anyhow::Result<Flow> {
        let warm_up = Job { count: (job.count / 20).max(1), ..job.clone() };
        self.through(subject, sink, warm_up, fan_out, "warming up").await?;
        let before = subject.cpu()?;
        let deliveries = job.count * fan_out;
        let took = self.timed(self.through(subject, sink, job, fan_out, "measuring")).await?;
        let cpu = micros_each(subject.cpu()?.saturating_sub(before), deliveries);
        Ok(Flow { rate: per_second(deliveries, took), cpu })
    }

    async fn through(
        &self,
        subject: &Subject,
        sink: &Arc<Sink>,
        job: Job,
        fan_out: u64,
        what: &'static str,
    ) -> anyhow::Result<()> {
        let (seen, before, count) = (sink.clone(), sink.arrived(), job.count);
        // No further ahead of what arrives at the sink than the window.
        let hold = move |turn: u64| turn * fan_out > seen.arrived() - before + WINDOW;
        self.post(&subject.addresses(), Job { hold: Arc::new(hold), ..job }, what).await?;
        subject.settled(sink, before + count * fan_out, self.context).await
    }

    async fn post(&self, addresses: &[SocketAddr], job: Job, what: &'static str) -> anyhow::Result<()> {
        self.load(addresses, job.count, what).await?.post(job).await
    }

    async fn load(&self, addresses: &[SocketAddr], count: u64, what: &'static str) -> anyhow::Result<Load> {
        let progress = self.context.output.progress(count, what);
        Load::open(addresses, CONNECTIONS, &self.context.nature, progress).await
    }

    async fn timed(&self, work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<Duration> {
        let begun = self.context.nature.clock.elapsed();
        work.await?;
        Ok(self.context.nature.clock.elapsed().saturating_sub(begun))
    }
}

/// Waits until so many of something came. A standstill is a failed measurement.
async fn until(count: u64, came: impl Fn() -> u64, what: &str, context: &Context) -> anyhow::Result<()> {
    let clock = &context.nature.clock;
    let (mut last, mut since) = (0, clock.elapsed());
    while came() < count {
        if came() > last {
            (last, since) = (came(), clock.elapsed());
        }
        let standstill = clock.elapsed().saturating_sub(since);
        anyhow::ensure!(standstill < STANDSTILL, "of {count} {what}, {last} came and then no more");
        clock.sleep(LOOK).await;
    }
    Ok(())
}

/// Publishes so many events named `bench`.
fn publish(count: u64, token: &str) -> Job {
    Job {
        count,
        path: PUBLISH.to_owned(),
        tokens: [token.to_owned()].into(),
        body: Arc::new(|turn| event("bench", turn)),
        hold: Arc::new(|_| false),
    }
}

/// A publish's body; its data is its number.
fn event(name: &str, number: u64) -> String {
    format!("{{\"name\":\"{name}\",\"data\":\"{number}\",\"private\":true}}")
}

fn per_second(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64().max(f64::MIN_POSITIVE)
}

fn micros_each(cpu: Duration, count: u64) -> f64 {
    cpu.as_secs_f64() * 1e6 / count as f64
}
