//! A stream of events on the wire: Particle's framing, signs of life, and an end when it must.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, StatusCode};

use super::super::App;
use super::super::auth::Caller;
use super::super::error::ApiError;
use crate::live::{Audience, Ear, Frame, Subscription};

/// After this long without an event a bare line break goes out. Clients take 13 seconds of silence for the end.
pub(in super::super) const SIGN_OF_LIFE: Duration = Duration::from_secs(9);
/// Most bytes of a prefix. No event's name is longer than 64, so a longer one hears nothing anyway.
const PREFIX_LIMIT: usize = 256;

/// An open stream.
struct Listening {
    app: Arc<App>,
    subscription: Subscription,
    right: Right,
    greeted: bool,
}

/// What entitles a listener to the stream. It is checked again for everything that goes out, so that a token
/// revoked, a device given away or a member taken off a team hears nothing more.
#[derive(Debug, Clone)]
pub(in super::super) struct Right {
    caller: Caller,
    token: String,
    ear: Ear,
}

impl Right {
    /// The caller, known by this token, listens with this ear.
    pub(in super::super) fn new(caller: Caller, token: String, ear: Ear) -> Self {
        Self { caller, token, ear }
    }

    /// Whether it still stands.
    pub(in super::super) fn holds(&self, app: &App) -> bool {
        if app.directory.token(&self.token).is_none() {
            return false;
        }
        match (&self.caller, &self.ear) {
            (Caller::Person(_), Ear::Device { .. }) => false,
            (Caller::Person(person), ear) => {
                ear.scopes().iter().all(|scope| app.directory.role(person.id(), *scope).is_some())
            }
            (Caller::Device(then), _) => app
                .directory
                .device(then.id)
                .is_some_and(|now| (now.owner, now.product) == (then.owner, then.product)),
        }
    }
}

/// Opens the stream and answers with it.
pub(super) fn open(app: &Arc<App>, right: Right, prefix: String) -> Result<Response, ApiError> {
    let audience = audience(app, &right, "prefix", prefix)?;
    let subscription = app.live.subscribe(audience);
    let listening = Listening { app: app.clone(), subscription, right, greeted: false };
    Ok(answer(stream::unfold(listening, async |mut listening| {
        let bytes = listening.next().await?;
        Some((bytes, listening))
    })))
}

/// Whoever listens by this right, to events whose name begins with the prefix, which is the field `field` of the
/// request. Refused while the server drains.
pub(in super::super) fn audience(
    app: &App,
    right: &Right,
    field: &str,
    prefix: String,
) -> Result<Audience, ApiError> {
    if prefix.len() > PREFIX_LIMIT {
        return Err(ApiError::invalid_field(
            field,
            format!(
                "the prefix is {} bytes long, over the limit of {PREFIX_LIMIT}: shorten it",
                prefix.len()
            ),
        ));
    }
    if app.draining.is_cancelled() {
        return Err(ApiError::unavailable(
            Duration::from_secs(5),
            "the server is shutting down: listen again soon",
        ));
    }
    Ok(Audience { ear: right.ear.clone(), prefix })
}

/// An answer that goes on until there is nothing more.
pub(in super::super) fn answer(frames: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-cache"),
        // Tells nginx, which would otherwise hold events back until its buffer is full.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (StatusCode::OK, headers, Body::from_stream(frames.map(Ok::<_, Infallible>))).into_response()
}

impl Listening {
    /// What goes out next; none when the stream ends. Every frame goes out in one piece, as clients that decode
    /// piece by piece need.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.greeted {
            self.greeted = true;
            return Some(Bytes::from_static(b":ok\n\n"));
        }
        let bytes = tokio::select! {
            biased;
            () = self.app.draining.cancelled() => return None,
            frame = self.subscription.next() => frame.map(|Frame { bytes, .. }| bytes)?,
            () = self.app.nature.clock.sleep(SIGN_OF_LIFE) => Bytes::from_static(b"\n"),
        };
        self.right.holds(&self.app).then_some(bytes)
    }
}
