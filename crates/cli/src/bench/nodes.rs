//! Nodes that share a queue and a store: one of them, and three.

use std::sync::Arc;

use serde_json::json;

use super::load::Job;
use super::report::Row;
use super::sink::{Manner, Sink};
use super::subject::{Engines, Subject};
use super::{Bed, event, publish};

impl Bed<'_> {
    pub(super) async fn nodes(&self, engines: &Engines) -> anyhow::Result<Vec<Row>> {
        let bare = self.bare_limit().await?;
        let mut subject = Subject::start_on(&self.context.nature, engines).await?;
        let mut rows = vec![Row::new("bare limit beside NATS and PostgreSQL", bare, "requests/s")];
        rows.extend(self.on_nodes(&subject, bare, "one node").await?);
        subject.join().await?;
        subject.join().await?;
        rows.extend(self.on_nodes(&subject, bare, "three nodes").await?);
        rows.extend(self.beside_a_hung_one(&subject, " on three nodes").await?);
        Ok(rows)
    }

    async fn on_nodes(&self, subject: &Subject, bare: f64, who: &str) -> anyhow::Result<Vec<Row>> {
        let sink = Arc::new(Sink::start(&self.context.nature, Manner::default()).await?);
        subject.webhook(who, &sink.url(), json!({ "responseTopic": "" })).await?;
        let body = {
            let who = who.to_owned();
            move |turn| event(&who, turn)
        };
        let job = Job { body: Arc::new(body), ..publish(self.scale.events / 4, subject.token()) };
        let flow = self.flow(subject, &sink, job, 1).await?;
        let waits = self.waits(subject).await?;
        Ok(vec![
            Row::new(format!("{who} on NATS and PostgreSQL"), flow.rate, "events/s"),
            Row::new(format!("{who} on NATS and PostgreSQL / bare limit"), flow.rate / bare, ""),
            Row::new(format!("{who}, CPU of the nodes"), flow.cpu, "µs/event"),
            Row::new(format!("{who}, publish to wire, p50"), waits.p50, "ms"),
            Row::new(format!("{who}, publish to wire, p99"), waits.p99, "ms"),
        ])
    }
}
