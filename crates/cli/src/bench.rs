//! Measures a server of its own, in a process of its own, against what the machine could do at best.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use fieldhook_core::matching::Tree;
use hdrhistogram::Histogram;
use serde_json::json;

use crate::Context;

mod load;
mod report;
mod sink;
mod subject;

use load::{Job, Load};
use report::{Report, Row, at_least, at_most};
use sink::Sink;
use subject::Subject;

/// Connections of the load generator.
const CONNECTIONS: usize = 64;
/// Events that may be published and not yet delivered, so that throughput is not measured into a growing backlog.
const WINDOW: u64 = 4_096;
/// Events a second for the latency rows.
const STEADY: u64 = 1_000;
const PUBLISH: &str = "/v1/devices/events";

/// Measure: events a second, latency, CPU and memory, against the bare limit of this machine
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook bench
  fieldhook bench throughput latency
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
}

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Events a second from publish to log, its share of the bare limit, CPU per event, peak memory
    Throughput,
    /// Publish to wire at 1,000 events a second
    Latency,
    /// What more integrations cost an event that they are not for
    Matching,
    /// Peak memory with a million events queued and 100,000 integrations
    Memory,
}

/// How much of everything.
#[derive(Debug, Clone, Copy)]
struct Scale {
    events: u64,
    steady: Duration,
    integrations: [usize; 3],
    missed: u64,
    queued: u64,
}

const FULL: Scale = Scale {
    events: 200_000,
    steady: Duration::from_secs(20),
    integrations: [10, 1_000, 100_000],
    missed: 40_000,
    queued: 1_000_000,
};

const QUICK: Scale = Scale {
    events: 600,
    steady: Duration::from_secs(1),
    integrations: [10, 50, 200],
    missed: 300,
    queued: 1_000,
};

impl Bench {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let scale = if self.quick { QUICK } else { FULL };
        let wanted = |part: &&Part| self.parts.is_empty() || self.parts.contains(part);
        let bed = Bed { context, scale };
        let mut report = Report::default();
        for part in Part::value_variants().iter().filter(wanted) {
            let rows = match part {
                Part::Throughput => bed.throughput().await,
                Part::Latency => bed.latency().await,
                Part::Matching => bed.matching().await,
                Part::Memory => bed.memory().await,
            };
            report.rows.extend(rows.with_context(|| format!("{part:?} could not be measured"))?);
        }
        report.print(&context.output);
        Ok(())
    }
}

/// What every measurement needs.
#[derive(Clone, Copy)]
struct Bed<'a> {
    context: &'a Context,
    scale: Scale,
}

impl Bed<'_> {
    async fn throughput(&self) -> anyhow::Result<Vec<Row>> {
        let count = self.scale.events;
        let warm_up = count / 20;
        let sink = Arc::new(Sink::start(&self.context.nature, 0).await?);
        let bare = Job { token: None, path: "/", ..publish(count, "") };
        let bare = per_second(count, self.timed(self.post(sink.address(), bare, "bare limit")).await?);

        let subject = Subject::start(&self.context.nature).await?;
        let hook = subject.webhook("bench", &sink.url(), json!({ "responseTopic": "" })).await?;
        self.post(subject.address(), behind(&sink, publish(warm_up, subject.token())), "warming up").await?;
        subject.settled(&hook, warm_up, self.context).await?;
        let before = subject.cpu()?;
        let took = self
            .timed(async {
                let job = behind(&sink, publish(count, subject.token()));
                self.post(subject.address(), job, "end to end").await?;
                subject.settled(&hook, warm_up + count, self.context).await
            })
            .await?;
        let cpu = subject.cpu()? - before;
        let rate = per_second(count, took);
        Ok(vec![
            Row::new("bare limit", bare, "requests/s"),
            Row::new("end to end", rate, "events/s"),
            Row::new("end to end / bare limit", rate / bare, "").target(at_least(0.10)),
            Row::new("CPU", micros_each(cpu, count), "µs/event"),
            Row::new("peak memory under load", subject.peak_memory()?, "MB"),
        ])
    }

    async fn latency(&self) -> anyhow::Result<Vec<Row>> {
        let count = STEADY * self.scale.steady.as_secs();
        let sink = Sink::start(&self.context.nature, count as usize).await?;
        let subject = Subject::start(&self.context.nature).await?;
        // The body is the event's data, which is its number: that is how the sink knows it again.
        let body = json!({ "body": "{{{PARTICLE_EVENT_VALUE}}}", "responseTopic": "" });
        let hook = subject.webhook("bench", &sink.url(), body).await?;
        let load = self.load(subject.address(), count, "1,000 events/s").await?;
        let sent = load.post_steadily(publish(count, subject.token()), STEADY).await?;
        subject.settled(&hook, count, self.context).await?;

        let mut waits = Histogram::<u64>::new(3).expect("three digits are few enough");
        for (number, sent) in sent.iter().enumerate() {
            let arrived = sink.arrival(number).with_context(|| format!("event {number} never arrived"))?;
            waits.saturating_record(arrived.saturating_sub(*sent).as_micros() as u64);
        }
        let millis = |quantile| waits.value_at_quantile(quantile) as f64 / 1e3;
        Ok(vec![
            Row::new("publish to wire, p50", millis(0.50), "ms"),
            Row::new("publish to wire, p99", millis(0.99), "ms").target(at_most(20.0)),
            Row::new("publish to wire, worst", millis(1.0), "ms"),
        ])
    }

    async fn matching(&self) -> anyhow::Result<Vec<Row>> {
        let subject = Subject::start(&self.context.nature).await?;
        let sink = Sink::start(&self.context.nature, 0).await?;
        let mut rows = Vec::new();
        let mut costs = Vec::new();
        let mut there = 0;
        for integrations in self.scale.integrations {
            self.integrate(&subject, &sink, there..integrations).await?;
            there = integrations;
            // Once unmeasured: what making the integrations left behind is not what an event costs.
            self.miss(&subject, integrations, self.scale.missed / 4).await?;
            let before = subject.cpu()?;
            self.miss(&subject, integrations, self.scale.missed).await?;
            let cost = micros_each(subject.cpu()? - before, self.scale.missed);
            costs.push(cost);
            rows.push(Row::new(format!("publish beside {integrations} integrations"), cost, "µs CPU/event"));
            rows.push(Row::new(
                format!("look-up among {integrations} prefixes"),
                self.look_up(integrations),
                "ns",
            ));
        }
        let growth = costs[costs.len() - 1] / costs[0].max(f64::MIN_POSITIVE);
        rows.push(Row::new("growth of a publish's cost", growth, "×").target(at_most(2.0)));
        Ok(rows)
    }

    async fn memory(&self) -> anyhow::Result<Vec<Row>> {
        let Scale { queued, integrations: [.., integrations], .. } = self.scale;
        let subject = Subject::start(&self.context.nature).await?;
        let sink = Sink::start(&self.context.nature, 0).await?;
        self.integrate(&subject, &sink, 0..integrations).await?;
        // One request in a thousand seconds: what is published stays in the queue.
        let slow = json!({ "rateLimit": 0.001, "responseTopic": "" });
        let hook = subject.webhook("bench", &sink.url(), slow).await?;
        self.post(subject.address(), publish(queued, subject.token()), "filling the queue").await?;
        let waiting = subject.books(&hook).await?["waiting"].as_u64().unwrap_or(0);
        anyhow::ensure!(waiting + 1 >= queued, "only {waiting} of {queued} events wait in the queue");
        let what = format!("peak memory, {queued} queued, {integrations} integrations");
        Ok(vec![Row::new(what, subject.peak_memory()?, "MB").target(at_most(150.0))])
    }

    /// Publishes events whose names nearly match, and match nothing.
    async fn miss(&self, subject: &Subject, integrations: usize, count: u64) -> anyhow::Result<()> {
        let body = move |turn: u64| event(&other(turn as usize % integrations, "humidity"), turn);
        let job = Job { body: Arc::new(body), ..publish(count, subject.token()) };
        self.post(subject.address(), job, "matching").await
    }

    /// Makes integrations of other names, many at once.
    async fn integrate(&self, subject: &Subject, sink: &Sink, numbers: Range<usize>) -> anyhow::Result<()> {
        let (url, first, count) = (sink.url(), numbers.start, numbers.len() as u64);
        let body = move |turn: u64| {
            let event = other(first + turn as usize, "temperature");
            json!({ "integration_type": "Webhook", "event": event, "url": url }).to_string()
        };
        let job = Job { path: "/v1/integrations", body: Arc::new(body), ..publish(count, subject.token()) };
        self.post(subject.address(), job, "making integrations").await
    }

    /// Nanoseconds for one look-up in a tree of so many prefixes, in this process, without a server around it.
    fn look_up(&self, integrations: usize) -> f64 {
        let mut tree = Tree::new();
        for number in 0..integrations {
            tree.insert(&other(number, "temperature"), number);
        }
        let names: Vec<String> = (0..1_000).map(|turn| other(turn * 97 % integrations, "humidity")).collect();
        let rounds = 100;
        let begun = self.context.nature.clock.elapsed();
        let mut found = 0;
        for _ in 0..rounds {
            found += names.iter().map(|name| tree.matches(std::hint::black_box(name)).count()).sum::<usize>();
        }
        std::hint::black_box(found);
        let took = self.context.nature.clock.elapsed() - begun;
        took.as_nanos() as f64 / (rounds * names.len()) as f64
    }

    async fn post(&self, address: SocketAddr, job: Job, what: &'static str) -> anyhow::Result<()> {
        self.load(address, job.count, what).await?.post(job).await
    }

    async fn load(&self, address: SocketAddr, count: u64, what: &'static str) -> anyhow::Result<Load> {
        let progress = self.context.output.progress(count, what);
        Load::open(address, CONNECTIONS, &self.context.nature, progress).await
    }

    async fn timed(&self, work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<Duration> {
        let begun = self.context.nature.clock.elapsed();
        work.await?;
        Ok(self.context.nature.clock.elapsed() - begun)
    }
}

/// Publishes so many events named `bench`.
fn publish(count: u64, token: &str) -> Job {
    Job {
        count,
        path: PUBLISH,
        token: Some(token.to_owned()),
        body: Arc::new(|turn| event("bench", turn)),
        hold: Arc::new(|_| false),
    }
}

/// The same, no further ahead of what arrives at the sink than the window.
fn behind(sink: &Arc<Sink>, job: Job) -> Job {
    let (sink, before) = (sink.clone(), sink.arrived());
    Job { hold: Arc::new(move |turn| turn > sink.arrived() - before + WINDOW), ..job }
}

/// A publish's body; its data is its number.
fn event(name: &str, number: u64) -> String {
    format!("{{\"name\":\"{name}\",\"data\":\"{number}\",\"private\":true}}")
}

/// A name of a fleet like any other: thousands that share their beginning.
fn other(number: usize, what: &str) -> String {
    format!("fleet/{number:06}/{what}")
}

fn per_second(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64().max(f64::MIN_POSITIVE)
}

fn micros_each(cpu: Duration, count: u64) -> f64 {
    cpu.as_secs_f64() * 1e6 / count as f64
}
