//! The HTTP API: Particle's routes under `/v1`, ours under `/fieldhook/v1`, and nothing decided here.

use std::sync::Arc;

use fieldhook_core::time::Timestamp;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;

use crate::clock::Nature;
use crate::delivery::Engine;
use crate::directory::Directory;
use crate::ingest::Ingest;
use crate::live::Live;
use crate::queue::Queue;
use crate::recorder::Recorder;
use crate::store::Store;
use crate::tester::Tester;
use crate::vitals::Vitals;

pub mod auth;
mod books;
pub mod error;
mod health;
mod history;
pub mod input;
mod listing;
pub mod openapi;
mod render;
mod tester;

/// Every route that the OpenAPI file describes.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .merge(history::routes())
        .merge(books::routes())
        .merge(render::routes())
        .merge(tester::routes())
        .merge(health::routes())
}

/// What the routes work with.
pub struct App {
    /// Who and what there is.
    pub directory: Arc<Directory>,
    /// What became of everything.
    pub store: Arc<dyn Store>,
    /// What is in flight; only read here.
    pub queue: Arc<dyn Queue>,
    /// Takes events in.
    pub ingest: Arc<Ingest>,
    /// Sends them out.
    pub engine: Arc<Engine>,
    /// Tells listeners.
    pub live: Arc<Live>,
    /// Remembers what happens.
    pub recorder: Recorder,
    /// The built-in endpoint tester.
    pub tester: Arc<Tester>,
    /// Whether the server is well.
    pub vitals: Arc<Vitals>,
    /// Time and luck.
    pub nature: Nature,
    /// What the operator set.
    pub settings: Settings,
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
    /// When the server started.
    pub started_at: Timestamp,
    /// Cancelled when the server drains: streams end, publishes are refused.
    pub draining: CancellationToken,
}

/// What the operator set, as far as the API needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Most bytes of event data.
    pub data_limit: usize,
    /// Whether anybody may create an account.
    pub open_registration: bool,
    /// The address under which people reach the server, without a slash at the end.
    pub public_url: String,
}
