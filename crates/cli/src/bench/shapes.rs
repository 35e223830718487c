//! Fleets of other shapes: many integrations for one event, many devices, many destinations, large events, TLS, and
//! answers that many hear.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::json;
use tempfile::NamedTempFile;
use tokio_rustls::TlsAcceptor;

use super::listeners::Listeners;
use super::load::{Job, Load};
use super::report::Row;
use super::sink::{Manner, Sink};
use super::subject::Subject;
use super::{Bed, event, micros_each, per_second, publish};
use crate::output::text_at;
use crate::path::Path;

/// Requests at once while something is made ready.
const MAKING: usize = 32;
/// Bytes of an answer that many hear: ten parts.
const ANSWER: usize = 5_120;

impl Bed<'_> {
    pub(super) async fn fan_out(&self) -> anyhow::Result<Vec<Row>> {
        let subject = Subject::start(&self.context.nature).await?;
        let sink = self.sink(Manner::default()).await?;
        let integrations = self.scale.fan_out;
        for _ in 0..integrations {
            subject.webhook("bench", &sink.url(), json!({ "responseTopic": "" })).await?;
        }
        let count = (self.scale.events / integrations as u64).max(1);
        let flow = self.flow(&subject, &sink, publish(count, subject.token()), integrations as u64).await?;
        Ok(flow.rows(&format!("one event for {integrations} integrations"), "delivery").into())
    }

    pub(super) async fn fan_in(&self) -> anyhow::Result<Vec<Row>> {
        let subject = Subject::start(&self.context.nature).await?;
        let sink = self.sink(Manner::default()).await?;
        let devices = self.scale.devices;
        let (product, ids) = self.devices(&subject, devices).await?;
        let path = Path::of(&["v1", "products", &product, "integrations"]);
        subject.webhook_at(&path, "bench", &sink.url(), json!({ "responseTopic": "" })).await?;
        let tokens = tokens(&subject, &product, &ids).await?;
        let job = Job { tokens: tokens.into(), ..publish(self.scale.events, "") };
        let flow = self.flow(&subject, &sink, job, 1).await?;
        Ok(flow.rows(&format!("{devices} devices for one integration"), "event").into())
    }

    pub(super) async fn destinations(&self) -> anyhow::Result<Vec<Row>> {
        let subject = Subject::start(&self.context.nature).await?;
        let sink = self.sink(Manner::default()).await?;
        let destinations = self.scale.destinations;
        let port = sink.address().port();
        let making = stream::iter(0..destinations).map(|number| {
            // Every address that begins with 127 is this machine.
            let url = format!("http://127.1.{}.{}:{port}/in", number / 250, number % 250 + 1);
            let subject = &subject;
            async move { subject.webhook(&to(number), &url, json!({ "responseTopic": "" })).await }
        });
        making.buffered(MAKING).try_collect::<Vec<_>>().await?;
        let body = move |turn: u64| event(&to(turn as usize % destinations), turn);
        let job = Job { body: Arc::new(body), ..publish(self.scale.events, subject.token()) };
        let flow = self.flow(&subject, &sink, job, 1).await?;
        Ok(flow.rows(&format!("{destinations} destinations"), "event").into())
    }

    pub(super) async fn sizes(&self) -> anyhow::Result<Vec<Row>> {
        let mut rows = Vec::new();
        for (bytes, name) in [(1 << 10, "events of 1 KB"), (16 << 10, "events of 16 KB")] {
            let config = NamedTempFile::with_suffix(".toml")?;
            std::fs::write(config.path(), format!("[publish]\ndata_limit = {bytes}\n"))?;
            let options = vec!["--config".to_owned(), config.path().display().to_string()];
            let subject = Subject::start_with(&self.context.nature, options).await?;
            let sink = self.sink(Manner::default()).await?;
            subject.webhook("bench", &sink.url(), json!({ "responseTopic": "" })).await?;
            let data = "x".repeat(bytes);
            let body = move |_| json!({ "name": "bench", "data": data, "private": true }).to_string();
            let count = (self.scale.events / (bytes as u64 / 1_024) / 2).max(100);
            let job = Job { body: Arc::new(body), ..publish(count, subject.token()) };
            rows.extend(self.flow(&subject, &sink, job, 1).await?.rows(name, "event"));
        }
        Ok(rows)
    }

    pub(super) async fn https(&self) -> anyhow::Result<Vec<Row>> {
        let (tls, roots) = certificate()?;
        let options = vec!["--tls-roots".to_owned(), roots.path().display().to_string()];
        let subject = Subject::start_with(&self.context.nature, options).await?;
        let sink = self.sink(Manner { tls: Some(tls), ..Manner::default() }).await?;
        subject.webhook("bench", &sink.url(), json!({ "responseTopic": "" })).await?;
        let flow = self.flow(&subject, &sink, publish(self.scale.events, subject.token()), 1).await?;
        Ok(flow.rows("a destination that speaks TLS", "event").into())
    }

    pub(super) async fn replies(&self) -> anyhow::Result<Vec<Row>> {
        let (events, listeners) = (self.scale.replies, self.scale.listeners);
        let subject = Subject::start(&self.context.nature).await?;
        let answer = Bytes::from(vec![b'x'; ANSWER]);
        let sink = self.sink(Manner { answer, ..Manner::default() }).await?;
        subject.webhook("bench", &sink.url(), json!({})).await?;
        let address = subject.addresses()[0];
        let open = Listeners::open(address, listeners, "hook-response/bench", subject.token()).await?;
        let heard = (events * listeners as u64) * ANSWER.div_ceil(512) as u64;
        let before = subject.cpu()?;
        let took = self
            .timed(async {
                // One at a time: a listener that falls behind is cut off, and then there is less to measure.
                let job = publish(events, subject.token());
                let progress = self.context.output.progress(events, "answers");
                let load = Load::open(&[address], 1, &self.context.nature, progress).await?;
                let (heard_so_far, each) = (open.heard(), heard / events);
                let hold = move |turn: u64| heard_so_far.load(Ordering::Relaxed) < turn * each;
                load.post(Job { hold: Arc::new(hold), ..job }).await?;
                open.until(heard, self.context).await
            })
            .await?;
        let cpu = micros_each(subject.cpu()?.saturating_sub(before), heard);
        let what = format!("answers of 5 KB to {listeners} listeners");
        Ok(vec![
            Row::new(&what, per_second(heard, took), "parts/s"),
            Row::new(format!("{what}, CPU"), cpu, "µs/part"),
        ])
    }

    async fn sink(&self, manner: Manner) -> anyhow::Result<Arc<Sink>> {
        Ok(Arc::new(Sink::start(&self.context.nature, manner).await?))
    }
}

/// A token for each of these devices of the product.
pub(super) async fn tokens(subject: &Subject, product: &str, ids: &[String]) -> anyhow::Result<Vec<String>> {
    let tokens = stream::iter(ids).map(|id| {
        let path = Path::of(&["v1", "products", product, "devices", id, "token"]);
        let client = subject.client();
        async move { anyhow::Ok(text_at(&client.post(&path, &json!({})).await?, "/token")) }
    });
    tokens.buffered(MAKING).try_collect().await
}

/// The name of the events for a destination.
fn to(number: usize) -> String {
    format!("to/{number:05}")
}

/// A certificate for this machine that nobody else trusts, and the file by which a server is told to trust it.
fn certificate() -> anyhow::Result<(TlsAcceptor, NamedTempFile)> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    let roots = NamedTempFile::with_suffix(".pem")?;
    std::fs::write(roots.path(), made.cert.pem())?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).map_err(anyhow::Error::msg)?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .context("the certificate made for the measurement cannot be used")?;
    Ok((TlsAcceptor::from(Arc::new(config)), roots))
}
