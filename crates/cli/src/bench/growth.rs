//! What an event costs beside more and more of everything else.

use std::sync::Arc;

use serde_json::json;

use super::listeners::Listeners;
use super::load::Job;
use super::report::{Row, at_most};
use super::shapes::tokens;
use super::sink::{Manner, Sink};
use super::subject::Subject;
use super::{Bed, publish};
use crate::path::Path;

/// How much of an event's cost may be added by ten thousand times as much of something else.
const MOST: f64 = 2.0;

/// Costs at different amounts of one thing.
struct Costs {
    what: &'static str,
    at: Vec<(u64, f64)>,
}

impl Costs {
    fn of(what: &'static str) -> Self {
        Self { what, at: Vec::new() }
    }

    fn rows(self) -> Vec<Row> {
        let what = self.what;
        let mut rows: Vec<_> = self
            .at
            .iter()
            .map(|(amount, cost)| Row::new(format!("an event beside {amount} {what}"), *cost, "µs CPU/event"))
            .collect();
        if let [(_, first), .., (_, last)] = self.at[..] {
            let growth = last / first.max(f64::MIN_POSITIVE);
            rows.push(Row::new(format!("growth of its cost with {what}"), growth, "×").target(at_most(MOST)));
        }
        rows
    }
}

/// A server with one webhook, and where that leads.
struct Ready {
    subject: Subject,
    sink: Arc<Sink>,
}

impl Bed<'_> {
    pub(super) async fn growth(&self) -> anyhow::Result<Vec<Row>> {
        let mut rows = self.beside_devices().await?;
        rows.extend(self.beside_a_log().await?);
        rows.extend(self.beside_a_backlog().await?);
        rows.extend(self.beside_listeners().await?);
        Ok(rows)
    }

    async fn beside_devices(&self) -> anyhow::Result<Vec<Row>> {
        let mut costs = Costs::of("devices");
        for devices in self.scale.growth.devices {
            let ready = self.ready().await?;
            let (product, ids) = self.devices(&ready.subject, devices).await?;
            let path = Path::of(&["v1", "products", &product, "integrations"]);
            ready
                .subject
                .webhook_at(&path, "bench", &ready.sink.url(), json!({ "responseTopic": "" }))
                .await?;
            let tokens = tokens(&ready.subject, &product, &ids).await?;
            let job = Job { tokens: tokens.into(), ..publish(self.scale.growth.events, "") };
            let flow = self.flow(&ready.subject, &ready.sink, job, 1).await?;
            costs.at.push((devices, flow.cpu));
        }
        Ok(costs.rows())
    }

    async fn beside_a_log(&self) -> anyhow::Result<Vec<Row>> {
        let mut costs = Costs::of("attempts in the log");
        let ready = self.ready_to_publish().await?;
        let mut there = 0;
        for attempts in self.scale.growth.attempts {
            if attempts > there {
                let job = publish(attempts - there, ready.subject.token());
                self.through(&ready.subject, &ready.sink, job, 1, "filling the log").await?;
            }
            costs.at.push((attempts, self.cost(&ready).await?));
            there = ready.sink.arrived();
        }
        Ok(costs.rows())
    }

    async fn beside_a_backlog(&self) -> anyhow::Result<Vec<Row>> {
        let mut costs = Costs::of("waiting deliveries");
        let ready = self.ready_to_publish().await?;
        // One request in a thousand seconds: what is published stays in the queue.
        let slow = json!({ "rateLimit": 0.001, "responseTopic": "" });
        ready.subject.webhook("slow", &ready.sink.url(), slow).await?;
        let mut there = 0;
        for waiting in self.scale.growth.waiting {
            let body = |turn| super::event("slow", turn);
            let job = Job { body: Arc::new(body), ..publish(waiting - there, ready.subject.token()) };
            self.post(&ready.subject.addresses(), job, "filling the queue").await?;
            there = waiting;
            costs.at.push((waiting, self.cost_of_arrival(&ready).await?));
        }
        Ok(costs.rows())
    }

    async fn beside_listeners(&self) -> anyhow::Result<Vec<Row>> {
        let mut costs = Costs::of("listeners to other events");
        for listeners in self.scale.growth.listeners {
            let ready = self.ready_to_publish().await?;
            let address = ready.subject.addresses()[0];
            let token = ready.subject.token();
            let _open = Listeners::open(address, listeners as usize, "other", token).await?;
            costs.at.push((listeners, self.cost(&ready).await?));
        }
        Ok(costs.rows())
    }

    async fn ready(&self) -> anyhow::Result<Ready> {
        let subject = Subject::start(&self.context.nature).await?;
        let sink = Arc::new(Sink::start(&self.context.nature, Manner::default()).await?);
        Ok(Ready { subject, sink })
    }

    async fn ready_to_publish(&self) -> anyhow::Result<Ready> {
        let ready = self.ready().await?;
        ready.subject.webhook("bench", &ready.sink.url(), json!({ "responseTopic": "" })).await?;
        Ok(ready)
    }

    /// Microseconds of CPU time for each event from its publish to its line in the log.
    async fn cost(&self, ready: &Ready) -> anyhow::Result<f64> {
        let job = publish(self.scale.growth.events, ready.subject.token());
        Ok(self.flow(&ready.subject, &ready.sink, job, 1).await?.cpu)
    }

    /// The same where other deliveries wait, so that all is over when the last event has come.
    async fn cost_of_arrival(&self, ready: &Ready) -> anyhow::Result<f64> {
        let count = self.scale.growth.events;
        let arrived = ready.sink.arrived();
        ready.subject.at_rest(self.context).await?;
        let before = ready.subject.cpu()?;
        self.post(&ready.subject.addresses(), publish(count, ready.subject.token()), "measuring").await?;
        ready.sink.until(arrived + count, self.context).await?;
        ready.subject.at_rest(self.context).await?;
        Ok(super::micros_each(ready.subject.cpu()?.saturating_sub(before), count))
    }
}
