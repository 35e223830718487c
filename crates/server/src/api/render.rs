//! Trying templates: what would be sent, and what is wrong with it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fieldhook_core::access::{Act, Scope};
use fieldhook_core::event::{DEFAULT_TTL, Event, Publisher, Source};
use fieldhook_core::id::{EventId, IntegrationId};
use fieldhook_core::integration::{Definition, Finding, Level, unmasked};
use fieldhook_core::request::preview;
use fieldhook_core::template::{Template, TemplateError, Values};
use fieldhook_core::wire::ErrorBody;
use fieldhook_core::wire::render::{
    FindingPlace, Render, RenderFinding, RenderText, Rendered, RenderedRequest, RenderedText, SampleEvent,
};
use serde_json::{Map, Value};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::Person;
use super::error::ApiError;
use super::input::Body;
use crate::clock::random;
use crate::directory::SavedIntegration;

mod check;
mod send;

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(render))
        .routes(routes!(render_text))
        .merge(check::routes())
        .merge(send::routes())
}

/// Fills an integration's template in with an event, and shows the request as it would be sent.
#[utoipa::path(
    post, path = "/fieldhook/v1/render", tag = "fieldhook",
    request_body = Render,
    responses(
        (status = 200, body = Rendered, description = "Also when the template is broken: the findings say so."),
        (status = 400, body = ErrorBody)
    )
)]
async fn render(State(app): State<Arc<App>>, person: Person, body: Body) -> Result<Json<Rendered>, ApiError> {
    let asked: Render = body.read()?;
    let Tried { scope, template, .. } =
        app.template_to_try(&person, asked.template, asked.scope, asked.integration)?;
    let event = app.sample(&person, asked.event, &template, scope)?;
    let names = Definition::read(&template, scope).definition.map(|definition| definition.secrets);
    let secrets = app.directory.secrets_for(scope, &names.unwrap_or_default());
    let preview = preview(&template, scope, &event, &secrets);
    let request = preview.request.map(RenderedRequest::from);
    let url = template.get("url").and_then(Value::as_str).unwrap_or_default();
    let mut findings = app.as_guarded(url.trim(), preview.findings);
    findings.sort_by_key(|found| match found.level {
        Level::Error => 0,
        Level::Warning => 1,
        Level::Note => 2,
    });
    Ok(Json(Rendered { request, findings: findings.into_iter().map(finding).collect() }))
}

/// Fills a text in with data, by the rules of webhook templates.
#[utoipa::path(
    post, path = "/fieldhook/v1/render/text", tag = "fieldhook",
    request_body = RenderText,
    responses(
        (status = 200, body = RenderedText),
        (status = 400, body = ErrorBody),
        (status = 422, body = ErrorBody, description = "The template is broken, or over a limit; `findings` says where.")
    )
)]
async fn render_text(_: Person, body: Body) -> Result<Json<RenderedText>, ApiError> {
    let asked: RenderText = body.read()?;
    let text = Template::parse(&asked.template)
        .and_then(|template| template.render(&Values::of_json(&asked.data)))
        .map_err(|error| unrenderable(&error))?;
    Ok(Json(RenderedText { text }))
}

/// A template that somebody tries.
struct Tried {
    /// The scope whose rules apply.
    scope: Scope,
    /// The integration that is being changed, if one is.
    saved: Option<SavedIntegration>,
    /// The template, with masked secrets put back from the saved integration.
    template: Map<String, Value>,
    /// Whether there were any.
    put_back: bool,
}

impl App {
    /// The template that the person tries, in a scope that they may see.
    fn template_to_try(
        &self,
        person: &Person,
        template: Map<String, Value>,
        scope: Option<Scope>,
        integration: Option<IntegrationId>,
    ) -> Result<Tried, ApiError> {
        let saved = integration.map(|id| self.visible_integration(person, id)).transpose()?;
        let own = Scope::User(person.id());
        let scope = saved.as_ref().map(|saved| saved.scope).or(scope).unwrap_or(own);
        self.allow(person, scope, Act::See)?;
        let Some(saved) = saved else { return Ok(Tried { scope, saved: None, template, put_back: false }) };
        let whole = unmasked(template.clone(), &saved.template());
        let put_back = whole != template;
        Ok(Tried { scope, saved: Some(saved), template: whole, put_back })
    }

    /// The event as it was written, with sensible values for what is absent.
    fn sample(
        &self,
        person: &Person,
        sample: SampleEvent,
        template: &Map<String, Value>,
        scope: Scope,
    ) -> Result<Event, ApiError> {
        let filter =
            || template.get("event").or_else(|| template.get("eventName"))?.as_str().map(str::to_owned);
        let of_scope = match scope {
            Scope::Product(product) => Some(product),
            Scope::User(_) | Scope::Organisation(_) => None,
        };
        let data = data_text(sample.data);
        if let Some(size) = data.as_ref().map(String::len).filter(|size| *size > self.settings.data_limit) {
            let limit = self.settings.data_limit;
            let description =
                format!("the event data is {size} bytes long, over the limit of {limit}: send less");
            return Err(ApiError::invalid_field("event.data", description));
        }
        let now = self.nature.now();
        Ok(Event {
            id: sample.id.unwrap_or_else(|| EventId::new(now, random(&*self.nature.luck))),
            name: sample.name.or_else(filter).unwrap_or_default(),
            data,
            published_at: sample.published_at.unwrap_or(now),
            ttl: DEFAULT_TTL,
            publisher: sample.coreid.unwrap_or(Publisher::Api),
            private: !sample.public.unwrap_or(false),
            owner: Some(person.id()),
            product: sample.product.or(of_scope),
            product_version: sample.product_version,
            source: Source::Test,
            idempotency_key: None,
        })
    }
}

/// The data of an event as text, whatever JSON it was written as.
fn data_text(data: Option<Value>) -> Option<String> {
    match data? {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

pub(super) fn finding(found: Finding) -> RenderFinding {
    let level = match found.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    RenderFinding {
        level: level.to_owned(),
        code: found.code.to_string(),
        message: found.message,
        place: FindingPlace { field: found.place.field, line: found.place.line, column: found.place.column },
    }
}

fn unrenderable(error: &TemplateError) -> ApiError {
    let position = error.position();
    let found = RenderFinding {
        level: "error".to_owned(),
        code: if position.is_some() { "template-syntax" } else { "render" }.to_owned(),
        message: error.to_string(),
        place: FindingPlace {
            field: Some("template".to_owned()),
            line: position.map(|position| position.line),
            column: position.map(|position| position.column),
        },
    };
    let findings = serde_json::to_value([found]).expect("a finding is plain JSON");
    ApiError::unprocessable(error.to_string()).field("template").with("findings", findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_text_is_refused_with_line_and_column() {
        let error = Template::parse("a\n  {{x").unwrap_err();
        assert_eq!(unrenderable(&error).status().as_u16(), 422);
        let position = error.position().unwrap();
        assert_eq!((position.line, position.column), (2, 3));
    }
}
