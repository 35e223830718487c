//! What a server is measured by in the first place: throughput, latency, matching, memory.

use std::ops::Range;
use std::sync::Arc;

use anyhow::Context as _;
use fieldhook_core::matching::Tree;
use hdrhistogram::Histogram;
use serde_json::json;

use super::load::Job;
use super::report::{Row, at_least, at_most};
use super::sink::{Manner, Sink};
use super::subject::Subject;
use super::{Bed, STEADY, Scale, event, micros_each, per_second, publish};
use crate::path::Path;

/// The longest wait told apart from longer ones.
const LONGEST_MICROS: u64 = 60_000_000;
/// Devices claimed by one request.
const CLAIMED: usize = 1_000;
/// Events a second for a destination that hangs.
const HANGING: u64 = 50;

/// How long it took from publishing to the wire, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waits {
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) worst: f64,
}

impl Bed<'_> {
    pub(super) async fn throughput(&self) -> anyhow::Result<Vec<Row>> {
        let bare = self.bare_limit().await?;
        let subject = Subject::start(&self.context.nature).await?;
        let sink = Arc::new(Sink::start(&self.context.nature, Manner::default()).await?);
        subject.webhook("bench", &sink.url(), json!({ "responseTopic": "" })).await?;
        let flow = self.flow(&subject, &sink, publish(self.scale.events, subject.token()), 1).await?;
        Ok(vec![
            Row::new("bare limit", bare, "requests/s"),
            Row::new("end to end", flow.rate, "events/s"),
            Row::new("end to end / bare limit", flow.rate / bare, "").target(at_least(0.22)),
            Row::new("CPU", flow.cpu, "µs/event").target(at_most(45.0)),
            Row::new("peak memory under load", subject.peak_memory()?, "MB"),
        ])
    }

    /// Requests a second from the load generator to a sink, with nothing between them.
    pub(super) async fn bare_limit(&self) -> anyhow::Result<f64> {
        let count = self.scale.events;
        let sink = Sink::start(&self.context.nature, Manner::default()).await?;
        let job = Job { tokens: [].into(), path: "/".to_owned(), ..publish(count, "") };
        Ok(per_second(count, self.timed(self.post(&[sink.address()], job, "bare limit")).await?))
    }

    pub(super) async fn latency(&self) -> anyhow::Result<Vec<Row>> {
        let subject = Subject::start(&self.context.nature).await?;
        let waits = self.waits(&subject).await?;
        Ok(vec![
            Row::new("publish to wire, p50", waits.p50, "ms").target(at_most(1.0)),
            Row::new("publish to wire, p99", waits.p99, "ms").target(at_most(5.0)),
            Row::new("publish to wire, worst", waits.worst, "ms"),
        ])
    }

    pub(super) async fn isolation(&self) -> anyhow::Result<Vec<Row>> {
        let subject = Subject::start(&self.context.nature).await?;
        self.beside_a_hung_one(&subject, "").await
    }

    /// The waits of a healthy destination, alone and beside one that hangs.
    pub(super) async fn beside_a_hung_one(&self, subject: &Subject, on: &str) -> anyhow::Result<Vec<Row>> {
        let alone = self.waits(subject).await?;
        let hung = Sink::start(&self.context.nature, Manner { hangs: true, ..Manner::default() }).await?;
        subject.webhook("hung", &hung.url(), json!({ "responseTopic": "" })).await?;
        let count = HANGING * (self.scale.steady.as_secs() + 5);
        let body = |turn| event("hung", turn);
        let job = Job { body: Arc::new(body), ..publish(count, subject.token()) };
        let load = self.load(&subject.addresses(), count, "50 events/s that hang").await?;
        let hanging = load.post_steadily(job, HANGING);
        let (beside, _) = tokio::try_join!(self.waits(subject), hanging)?;
        Ok(vec![
            Row::new(format!("publish to wire{on}, p99, alone"), alone.p99, "ms"),
            Row::new(format!("publish to wire{on}, p99, beside a hung destination"), beside.p99, "ms"),
        ])
    }

    /// Publishes 1,000 events a second for a webhook of its own and says how long they took to the wire.
    pub(super) async fn waits(&self, subject: &Subject) -> anyhow::Result<Waits> {
        let count = STEADY * self.scale.steady.as_secs();
        let manner = Manner { numbers: count as usize, ..Manner::default() };
        let sink = Sink::start(&self.context.nature, manner).await?;
        // The body is the event's data, which is its number: that is how the sink knows it again.
        let body = json!({ "body": "{{{PARTICLE_EVENT_VALUE}}}", "responseTopic": "" });
        let name = format!("waits/{}/", sink.address().port());
        subject.webhook(&name, &sink.url(), body).await?;
        let load = self.load(&subject.addresses(), count, "1,000 events/s").await?;
        let job = Job { body: Arc::new(move |turn| event(&name, turn)), ..publish(count, subject.token()) };
        let sent = load.post_steadily(job, STEADY).await?;
        sink.until(count, self.context).await?;

        let mut waits = Histogram::<u64>::new_with_max(LONGEST_MICROS, 3).expect("the bounds are sound");
        for (number, sent) in sent.iter().enumerate() {
            let arrived = sink.arrival(number).with_context(|| format!("event {number} never arrived"))?;
            waits.saturating_record(arrived.saturating_sub(*sent).as_micros() as u64);
        }
        let millis = |quantile| waits.value_at_quantile(quantile) as f64 / 1e3;
        Ok(Waits { p50: millis(0.50), p99: millis(0.99), worst: millis(1.0) })
    }

    pub(super) async fn matching(&self) -> anyhow::Result<Vec<Row>> {
        let subject = Subject::start(&self.context.nature).await?;
        let sink = Sink::start(&self.context.nature, Manner::default()).await?;
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
            let cost = micros_each(subject.cpu()?.saturating_sub(before), self.scale.missed);
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

    pub(super) async fn memory(&self) -> anyhow::Result<Vec<Row>> {
        let Scale { queued, integrations: [.., integrations], fleet, .. } = self.scale;
        let subject = Subject::start(&self.context.nature).await?;
        let sink = Sink::start(&self.context.nature, Manner::default()).await?;
        self.integrate(&subject, &sink, 0..integrations).await?;
        self.devices(&subject, fleet).await?;
        subject.at_rest(self.context).await?;
        let at_rest = subject.memory()?;
        // One request in a thousand seconds: what is published stays in the queue.
        let slow = json!({ "rateLimit": 0.001, "responseTopic": "" });
        let hook = subject.webhook("bench", &sink.url(), slow).await?;
        self.post(&subject.addresses(), publish(queued, subject.token()), "filling the queue").await?;
        let books = Path::of(&["fieldhook", "v1", "integrations", &hook, "books"]);
        let waiting = subject.client().get(&books).await?["waiting"].as_u64().unwrap_or(0);
        anyhow::ensure!(waiting + 1 >= queued, "only {waiting} of {queued} events wait in the queue");
        let with = format!("{integrations} integrations, {fleet} devices");
        Ok(vec![
            Row::new(format!("memory at rest, {with}"), at_rest, "MB").target(at_most(100.0)),
            Row::new(format!("the same with {queued} queued"), subject.memory()?, "MB"),
            Row::new("its peak", subject.peak_memory()?, "MB").target(at_most(300.0)),
        ])
    }

    /// Makes a product with so many devices; gives its number and their ids.
    pub(super) async fn devices(
        &self,
        subject: &Subject,
        count: u64,
    ) -> anyhow::Result<(String, Vec<String>)> {
        let named = json!({ "product": { "name": "fleet" } });
        let made = subject.client().post(&Path::of(&["v1", "user", "products"]), &named).await?;
        let product = made["product"]["id"].to_string();
        let ids: Vec<String> =
            (0..count).map(|number| format!("{:024x}", (0xF1EE7_u128 << 64) | u128::from(number))).collect();
        let progress = self.context.output.progress(count, "claiming devices");
        for claimed in ids.chunks(CLAIMED) {
            let path = Path::of(&["v1", "products", &product, "devices"]);
            subject.client().post(&path, &json!({ "ids": claimed })).await?;
            progress.inc(claimed.len() as u64);
        }
        progress.finish_and_clear();
        Ok((product, ids))
    }

    /// Publishes events whose names nearly match, and match nothing.
    async fn miss(&self, subject: &Subject, integrations: usize, count: u64) -> anyhow::Result<()> {
        let body = move |turn: u64| event(&other(turn as usize % integrations, "humidity"), turn);
        let job = Job { body: Arc::new(body), ..publish(count, subject.token()) };
        self.post(&subject.addresses(), job, "matching").await
    }

    /// Makes integrations of other names, many at once.
    pub(super) async fn integrate(
        &self,
        subject: &Subject,
        sink: &Sink,
        numbers: Range<usize>,
    ) -> anyhow::Result<()> {
        let (url, first, count) = (sink.url(), numbers.start, numbers.len() as u64);
        let body = move |turn: u64| {
            let event = other(first + turn as usize, "temperature");
            json!({ "integration_type": "Webhook", "event": event, "url": url }).to_string()
        };
        let job = Job {
            path: "/v1/integrations".to_owned(),
            body: Arc::new(body),
            ..publish(count, subject.token())
        };
        self.post(&subject.addresses(), job, "making integrations").await
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
        let took = self.context.nature.clock.elapsed().saturating_sub(begun);
        took.as_nanos() as f64 / (rounds * names.len()) as f64
    }
}

/// A name of a fleet like any other: thousands that share their beginning.
fn other(number: usize, what: &str) -> String {
    format!("fleet/{number:06}/{what}")
}
