//! The HTTP API: Particle's routes under `/v1`, ours under `/fieldhook/v1`, and nothing decided here.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use fieldhook_core::login::Logins;
use fieldhook_core::time::Timestamp;
use http::{Method, Uri};
use metrics_exporter_prometheus::PrometheusHandle;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tower::util::MapRequest;
use utoipa_axum::router::OpenApiRouter;

use self::error::ApiError;
use crate::alerts::Alerts;
use crate::cases::Cases;
use crate::clock::Nature;
use crate::delivery::Engine;
use crate::directory::Directory;
use crate::ingest::Ingest;
use crate::live::Live;
use crate::password::Passwords;
use crate::queue::Queue;
use crate::recorder::Recorder;
use crate::replay::Replays;
use crate::store::Store;
use crate::tester::Tester;
use crate::vitals::Vitals;

mod alerts;
pub mod auth;
mod books;
mod case;
mod console;
mod cookie;
mod devices;
mod diagnosis;
mod document;
pub mod error;
mod events;
mod health;
mod history;
pub mod input;
mod integrations;
mod issues;
mod lint;
mod listing;
pub mod login;
mod oauth;
pub mod openapi;
mod organisations;
mod overview;
mod products;
mod render;
mod replays;
mod scope;
mod search;
mod secrets;
mod session;
mod team;
mod tester;
mod tokens;
mod traffic;
mod users;
mod watch;

/// Every route, with what the OpenAPI file says of it.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    let particle = OpenApiRouter::default()
        .merge(oauth::routes())
        .merge(tokens::routes())
        .merge(users::routes())
        .merge(devices::routes())
        .merge(products::routes())
        .merge(organisations::routes())
        .merge(team::routes())
        .merge(events::routes())
        .merge(integrations::routes());
    let ours = OpenApiRouter::default()
        .merge(session::routes())
        .merge(secrets::routes())
        .merge(history::routes())
        .merge(issues::routes())
        .merge(alerts::routes())
        .merge(diagnosis::routes())
        .merge(case::routes())
        .merge(lint::routes())
        .merge(books::routes())
        .merge(watch::routes())
        .merge(overview::routes())
        .merge(integrations::copy::routes())
        .merge(search::routes())
        .merge(render::routes())
        .merge(replays::routes())
        .merge(tester::routes())
        .merge(health::routes());
    document::tidied(particle.merge(ours))
}

/// The whole API as the listener serves it.
pub fn router(app: Arc<App>) -> Router {
    let routes = openapi::with_document(routes())
        .merge(console::routes())
        .fallback(async |uri: Uri| ApiError::no_route(uri.path()))
        .method_not_allowed_fallback(async |method: Method, uri: Uri| {
            ApiError::no_method(&method, uri.path())
        })
        .layer(from_fn_with_state(app.clone(), traffic::passed))
        .with_state(app.clone());
    // Layers run after a route is chosen; a path must be put right before.
    let put_right: fn(Request) -> Request = traffic::put_right;
    // What goes to the tester's endpoints and comes back is the user's, and stays as it is.
    tester::capture_routes().with_state(app).fallback_service(MapRequest::new(routes, put_right))
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
    /// Sends them once more.
    pub replays: Arc<Replays>,
    /// Cases that were handed out.
    pub cases: Cases,
    /// Notices and tells what somebody should hear of.
    pub alerts: Arc<Alerts>,
    /// Tells listeners.
    pub live: Arc<Live>,
    /// Remembers what happens.
    pub recorder: Recorder,
    /// The built-in endpoint tester.
    pub tester: Arc<Tester>,
    /// Hashes and checks passwords.
    pub passwords: Passwords,
    /// Which addresses failed to log in lately.
    pub logins: Mutex<Logins>,
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
