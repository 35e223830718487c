//! Sending a template once, before it is saved or beside what is saved.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fieldhook_core::access::{Act, Scope};
use fieldhook_core::event::{Event, Publisher};
use fieldhook_core::integration::Definition;
use fieldhook_core::origin::Origin;
use fieldhook_core::wire::ErrorBody;
use fieldhook_core::wire::history::Attempt;
use fieldhook_core::wire::render::{RenderSend, RenderSent, SampleEvent};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::App;
use super::super::auth::Person;
use super::super::error::ApiError;
use super::super::input::Body;
use super::super::listing::given;
use super::{Tried, data_text};

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(render_send))
}

/// Sends a template once, with an event, and answers how the attempt ended.
///
/// As a test does, it passes the gate, enters no count, and its replies are published. It enters the log only when
/// an integration is named. Whoever may test may send a template of their own; one that uses secrets of the scope
/// or of the integration could carry them to any place, so it takes the right to change integrations.
#[utoipa::path(
    post, path = "/fieldhook/v1/render/send", tag = "fieldhook",
    request_body = RenderSend,
    responses(
        (status = 200, body = RenderSent, description = "The attempt ended, well or not."),
        (status = 400, body = ErrorBody, description = "The template is broken; `findings` says where."),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)
    )
)]
async fn render_send(
    State(app): State<Arc<App>>,
    person: Person,
    body: Body,
) -> Result<Json<RenderSent>, ApiError> {
    let asked: RenderSend = body.read()?;
    let Tried { scope, saved, mut template, put_back } =
        app.template_to_try(&person, asked.template, asked.scope, asked.integration)?;
    app.allow(&person, scope, Act::Troubleshoot)?;
    if let Some(to) = given(asked.to.as_deref()) {
        template.insert("url".to_owned(), app.place_to_send(&person, to)?.into());
    }
    let reading = Definition::read(&template, scope);
    let Some(definition) = reading.definition else { return Err(ApiError::template(&reading.findings)) };
    if put_back || !definition.secrets.is_empty() {
        app.allow(&person, scope, Act::Change)?;
    }
    let event = app.event_to_send(&person, scope, &definition, asked.event)?;
    let (by, logged) = (person.id(), saved.is_some());
    let draft = app.directory.draft(scope, saved, &template, &definition, by);
    let attempt = if logged {
        app.engine.test_changed(&draft, event, by).await
    } else {
        app.engine.test_draft(&draft, event, by).await
    };
    Ok(Json(RenderSent { attempt: Attempt::from(&attempt) }))
}

impl App {
    /// The URL that `to` means: its own, or that of a test endpoint the person may see.
    pub(in crate::api) fn place_to_send(&self, person: &Person, to: &str) -> Result<String, ApiError> {
        if to.contains("://") {
            return match Origin::split(to) {
                Ok(_) => Ok(to.to_owned()),
                Err(error) => Err(ApiError::invalid_field("to", error.to_string())),
            };
        }
        let endpoint = self.endpoint(person, to, Act::See).map_err(|error| error.field("to"))?;
        Ok(self.capture_url(&endpoint.id))
    }

    /// The event as it was written, standing in this scope and nowhere else, whatever it says of itself.
    ///
    /// It has an id of its own: the log keeps an event by its id, so under the id of another one that other event
    /// would be shown, be it somebody else's.
    fn event_to_send(
        &self,
        person: &Person,
        scope: Scope,
        definition: &Definition,
        sample: SampleEvent,
    ) -> Result<Event, ApiError> {
        let device = match sample.coreid {
            Some(Publisher::Device(id)) => {
                let unknown = || ApiError::unknown_device(&id.to_string()).field("event.coreid");
                Some(self.device_within(scope, id).ok_or_else(unknown)?)
            }
            Some(Publisher::Api | Publisher::Internal) | None => None,
        };
        let name = sample.name.unwrap_or_else(|| definition.event.clone());
        let event = self.test_event(scope, person.id(), name, data_text(sample.data), device)?;
        let now = event.published_at;
        Ok(Event {
            published_at: sample.published_at.map_or(now, |at| at.min(now)),
            private: !sample.public.unwrap_or(false),
            product_version: sample.product_version.or(event.product_version),
            ..event
        })
    }
}
