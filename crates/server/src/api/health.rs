//! How the server is: for load balancers, for Prometheus, and for people who ask "is it us?".
//!
//! All of it is public; none of it tells anything of what the server keeps.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use fieldhook_core::wire::health::{Health, Part, PartStatus, Status};
use http::{HeaderValue, StatusCode, header};
use metrics::{Unit, describe_gauge, gauge};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use crate::vitals::{Signs, Trouble};

mod page;

/// The server's version.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(health))
        .routes(routes!(metrics_text))
        .routes(routes!(status_json))
        .routes(routes!(status_page))
}

/// Whether the server takes events.
#[utoipa::path(
    get, path = "/health", tag = "server", security(()),
    responses((status = 200, body = Health), (status = 503, body = Health))
)]
async fn health(State(app): State<Arc<App>>) -> Response {
    let signs = app.vitals.look().await;
    let stopping = signs.troubles.iter().filter(|trouble| trouble.stops_ingest());
    let reasons: Vec<String> = stopping.map(ToString::to_string).collect();
    let ok = reasons.is_empty();
    let body = Health { ok, reasons, version: VERSION.to_owned(), now: app.nature.now() };
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    fresh((status, Json(body)))
}

/// What the server measures, in Prometheus's text format.
#[utoipa::path(
    get, path = "/metrics", tag = "server", operation_id = "metrics", security(()),
    responses((status = 200, body = String, content_type = "text/plain"))
)]
async fn metrics_text(State(app): State<Arc<App>>) -> Response {
    let signs = app.vitals.look().await;
    app.refresh_gauges(&signs);
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    fresh((kind, app.metrics.render()))
}

/// How the server is, part by part.
#[utoipa::path(
    get, path = "/status.json", tag = "server", security(()),
    responses((status = 200, body = Status))
)]
async fn status_json(State(app): State<Arc<App>>) -> Response {
    fresh(Json(app.status().await))
}

/// The same, as a page for people.
#[utoipa::path(
    get, path = "/status", tag = "server", security(()),
    responses((status = 200, body = String, content_type = "text/html"))
)]
async fn status_page(State(app): State<Arc<App>>) -> Response {
    fresh(Html(page::of(&app.status().await)))
}

impl App {
    pub(super) async fn status(&self) -> Status {
        let signs = self.vitals.look().await;
        let now = self.nature.now();
        let lag = self.engine.lag();
        let in_flight = self.engine.in_flight() as u64;
        Status {
            ok: signs.troubles.is_empty(),
            version: VERSION.to_owned(),
            now,
            started_at: self.started_at,
            uptime_s: now.since(self.started_at).as_secs(),
            parts: parts(&signs, in_flight),
            queue_pending: signs.backlog.map(|backlog| backlog.pending),
            queue_in_flight: in_flight,
            queue_bytes: signs.backlog.map(|backlog| backlog.bytes),
            delivery_lag_ms: lag.map(|lag| u64::try_from(lag.as_millis()).unwrap_or(u64::MAX)),
            store_bytes: signs.store_bytes,
            disk_free_bytes: signs.disk_free,
            incidents: self.vitals.incidents(),
        }
    }

    /// Sets the gauges that nobody keeps up on the way.
    fn refresh_gauges(&self, signs: &Signs) {
        let uptime = self.nature.now().since(self.started_at).as_secs();
        set("fieldhook_uptime_seconds", Unit::Seconds, "Time since the start.", uptime);
        let integrations = self.directory.integration_count() as u64;
        set("fieldhook_integrations", Unit::Count, "Integrations saved.", integrations);
        let devices = self.directory.device_count() as u64;
        set("fieldhook_devices", Unit::Count, "Devices known.", devices);
        let listeners = self.live.count() as u64;
        set("fieldhook_stream_listeners", Unit::Count, "Open event streams.", listeners);
        let sending = self.engine.in_flight() as u64;
        set("fieldhook_deliveries_in_flight", Unit::Count, "Attempts under way.", sending);
        if let Some(backlog) = signs.backlog {
            let pending = backlog.pending;
            set("fieldhook_queue_pending_deliveries", Unit::Count, "Deliveries not settled.", pending);
            set("fieldhook_queue_bytes", Unit::Bytes, "Bytes of the queue.", backlog.bytes);
        }
        if let Some(bytes) = signs.store_bytes {
            set("fieldhook_store_bytes", Unit::Bytes, "Bytes of the store.", bytes);
        }
        if let Some(bytes) = signs.disk_free {
            set("fieldhook_disk_free_bytes", Unit::Bytes, "Bytes free on the disk.", bytes);
        }
        let lag = self.engine.lag().map_or(0, |lag| lag.as_secs());
        set("fieldhook_delivery_lag_seconds", Unit::Seconds, "Worst wait of the last minute.", lag);
        let troubles = signs.troubles.len() as u64;
        set("fieldhook_troubles", Unit::Count, "Parts that are not well.", troubles);
    }
}

fn set(name: &'static str, unit: Unit, help: &'static str, value: u64) {
    describe_gauge!(name, unit, help);
    gauge!(name).set(value as f64);
}

/// An answer that nobody may keep: it is about now.
fn fresh(response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn parts(signs: &Signs, in_flight: u64) -> Vec<PartStatus> {
    [Part::Ingest, Part::Delivery, Part::Queue, Part::Store, Part::Disk, Part::Clock]
        .into_iter()
        .map(|part| part_status(part, signs, in_flight))
        .collect()
}

fn part_status(part: Part, signs: &Signs, in_flight: u64) -> PartStatus {
    let wrong =
        |trouble: &&Trouble| trouble.part() == part || (part == Part::Ingest && trouble.stops_ingest());
    if let Some(trouble) = signs.troubles.iter().find(wrong) {
        return PartStatus { part, ok: false, says: format!("{trouble}.") };
    }
    let says = match part {
        Part::Ingest => "Events are taken in.".to_owned(),
        Part::Delivery => format!("{in_flight} requests are on the wire."),
        Part::Queue => {
            let pending = signs.backlog.map_or(0, |backlog| backlog.pending);
            format!("{pending} deliveries wait or are on their way.")
        }
        Part::Store => "What happens is written down.".to_owned(),
        Part::Disk => signs.disk_free.map_or_else(
            || "Nothing is kept on this machine.".to_owned(),
            |free| format!("{} MiB are free.", free / (1024 * 1024)),
        ),
        Part::Clock => "The time of day runs steadily.".to_owned(),
    };
    PartStatus { part, ok: true, says }
}

#[cfg(test)]
mod tests {
    use fieldhook_core::time::Timestamp;

    use super::*;
    use crate::queue::Backlog;

    fn signs(troubles: Vec<Trouble>) -> Signs {
        Signs {
            at: Timestamp::from_millis(0),
            troubles,
            backlog: Some(Backlog { pending: 3, claimed: 1, bytes: 10, ..Backlog::default() }),
            store_bytes: Some(1),
            disk_free: Some(5 << 30),
        }
    }

    #[test]
    fn a_store_that_refuses_shows_at_the_store_and_at_ingest_and_nowhere_else() {
        let parts = parts(&signs(vec![Trouble::StoreRefuses]), 0);
        let wrong: Vec<Part> = parts.iter().filter(|part| !part.ok).map(|part| part.part).collect();
        assert_eq!(wrong, [Part::Ingest, Part::Store]);
    }

    #[test]
    fn a_well_server_says_so_of_every_part() {
        assert!(parts(&signs(Vec::new()), 2).iter().all(|part| part.ok));
    }
}
