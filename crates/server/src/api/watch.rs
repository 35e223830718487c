//! What happens, told to the console as it happens: a sample of the events, and which integrations have changed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use fieldhook_core::access::Scope;
use fieldhook_core::id::{DeviceId, IntegrationId};
use fieldhook_core::sample::Taken;
use fieldhook_core::wire::ErrorBody;
use fieldhook_core::wire::history::Event;
use fieldhook_core::wire::live::{LiveChanges, LiveEvent, LiveEvents, LiveMessage};
use futures_util::stream;
use http::request::Parts;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::{Caller, Person, token_of};
use super::error::ApiError;
use super::events::stream::{Right, SIGN_OF_LIFE, answer, audience};
use super::input::Asked;
use super::listing::{given, parsed};
use crate::clock::Clock;
use crate::live::{Ear, Happening, Watch};
use crate::recorder::{ChangeWatch, Gathered};

/// Least time between two messages with events.
const EVENTS_EVERY: Duration = Duration::from_millis(250);
/// Most events of one message.
const MOST_EVENTS: usize = 50;
/// Least time between two messages with changes.
const CHANGES_EVERY: Duration = Duration::from_secs(1);

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(live))
}

/// What to watch.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct LiveParams {
    /// This scope only; else all that the caller may see. An organisation covers its products.
    #[param(value_type = Option<Scope>)]
    scope: Option<String>,
    /// Events whose name begins so.
    name: Option<String>,
    /// Events that this device publishes, and the replies to them.
    #[param(value_type = Option<DeviceId>)]
    device: Option<String>,
}

/// Tells what happens, as it happens.
///
/// `events` come at most four times a second, 50 at a time: an even sample when there were more, and `left_out` says
/// how many. `changed` comes at most once a second, when the log, counters or books of integrations have changed
/// and can be read anew. A comment line breaks a silence of nine seconds.
#[utoipa::path(
    get, path = "/fieldhook/v1/live", tag = "fieldhook", operation_id = "watch",
    params(LiveParams),
    responses(
        (
            status = 200, description = "The stream; this is the `data` of each message.",
            body = LiveMessage, content_type = "text/event-stream"
        ),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody)
    )
)]
async fn live(
    State(app): State<Arc<App>>,
    person: Person,
    parts: Parts,
    Asked(params): Asked<LiveParams>,
) -> Result<Response, ApiError> {
    let scopes = app.scopes_asked(&person, params.scope.as_ref())?;
    let ear = match parsed("device", params.device.as_ref())? {
        Some(device) => Ear::PersonAboutDevice(scopes.clone(), device),
        None => Ear::Person(scopes.clone()),
    };
    let right = Right::new(Caller::Person(person), token_of(&parts).unwrap_or_default(), ear);
    let prefix = given(params.name.as_deref()).unwrap_or_default().to_owned();
    let audience = audience(&app, &right, "name", prefix)?;
    let now = app.nature.clock.elapsed();
    let watching = Watching {
        events: app.live.watch(audience, MOST_EVENTS),
        events_at: now,
        changes: app.recorder.watch_changes(),
        changes_at: now,
        silent_since: now,
        scopes,
        right,
        app,
    };
    let messages = stream::unfold(watching, async |mut watching| {
        let bytes = watching.next().await?;
        Some((bytes, watching))
    });
    let hello = stream::iter([Bytes::from_static(b":ok\n\n")]);
    Ok(answer(futures_util::StreamExt::chain(hello, messages)))
}

/// An open stream. The times are those of [`Clock::elapsed`].
struct Watching {
    app: Arc<App>,
    right: Right,
    scopes: Vec<Scope>,
    events: Watch,
    /// When the next events may go out.
    events_at: Duration,
    changes: ChangeWatch,
    /// When the next changes may go out.
    changes_at: Duration,
    silent_since: Duration,
}

impl Watching {
    /// What goes out next; none when the stream ends.
    async fn next(&mut self) -> Option<Bytes> {
        let clock = self.app.nature.clock.clone();
        let bytes = loop {
            let message = tokio::select! {
                biased;
                () = self.app.draining.cancelled() => return None,
                () = in_turn(&*clock, self.events_at, self.events.something()) => {
                    self.events_at = clock.elapsed() + EVENTS_EVERY;
                    LiveMessage::Events(written(&self.events.take()))
                }
                () = in_turn(&*clock, self.changes_at, self.changes.something()) => {
                    self.changes_at = clock.elapsed() + CHANGES_EVERY;
                    match self.own(self.changes.take()) {
                        changes if changes.is_empty() => continue,
                        changes => LiveMessage::Changed(changes),
                    }
                }
                () = until(&*clock, self.silent_since + SIGN_OF_LIFE) => break Bytes::from_static(b":\n\n"),
            };
            let data = serde_json::to_string(&message).expect("what is sent is plain JSON");
            break format!("event: {}\ndata: {data}\n\n", message.name()).into();
        };
        self.silent_since = clock.elapsed();
        self.right.holds(&self.app).then_some(bytes)
    }

    /// Of what has changed, what belongs to the watched scopes.
    fn own(&self, gathered: Gathered) -> LiveChanges {
        let covered = self.app.paying_scopes(self.scopes.clone());
        let scopes: BTreeSet<Scope> = self.scopes.iter().copied().chain(covered).collect();
        let own = |id: &IntegrationId| {
            self.app.directory.scope_of(*id).is_some_and(|scope| scopes.contains(&scope))
        };
        LiveChanges::new(gathered.integrations.into_iter().filter(own).collect(), gathered.more)
    }
}

/// Returns when there is something, and its time has come.
async fn in_turn(clock: &dyn Clock, at: Duration, something: impl Future<Output = ()>) {
    something.await;
    until(clock, at).await;
}

async fn until(clock: &dyn Clock, at: Duration) {
    let wait = at.saturating_sub(clock.elapsed());
    if !wait.is_zero() {
        clock.sleep(wait).await;
    }
}

fn written(taken: &Taken<Happening>) -> LiveEvents {
    let event = |happening: &Happening| {
        LiveEvent::new(Event::from(&*happening.event), happening.reply.and_then(|reply| reply.part))
    };
    LiveEvents { items: taken.items.iter().map(event).collect(), left_out: taken.left_out }
}
