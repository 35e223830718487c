//! What a template would send for an event, and what is to be said of it, with nothing sent.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{EventData, Facts, RenderFault, Rendered, Webhook, is_json_type};
use crate::access::Scope;
use crate::attempt::{Code, SentRequest};
use crate::event::Event;
use crate::id::DeliveryId;
use crate::integration::{Definition, Finding, Level, Payload};

/// A request that was built and not sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Preview {
    /// The request with its secrets masked; absent when none can be made.
    pub request: Option<SentRequest>,
    /// Everything found in the template, and in what it became with this event.
    pub findings: Vec<Finding>,
}

/// Builds the request that a template would send for an event.
///
/// Three things that look alike to an author are told apart by code:
///
/// - the template itself is broken (`template-syntax`, `json-syntax`, an error): no event can mend it;
/// - it is JSON only once it is filled in (`json-when-filled`, a note): nothing is wrong;
/// - what it became with this event is broken (`json-broken`, `render`, `too-large`, an error): another event
///   may do, and the message names the event and, where it can be told, the variable.
pub fn preview(
    template: &Map<String, Value>,
    scope: Scope,
    event: &Event,
    secrets: &BTreeMap<String, String>,
) -> Preview {
    let reading = Definition::read(template, scope);
    let mut findings = reading.findings;
    let Some(definition) = reading.definition else { return Preview { request: None, findings } };

    match fill(&Webhook::compile(&definition), event, secrets) {
        Ok(rendered) => {
            findings.extend(when_filled(&definition));
            findings.extend(in_result(&definition, event, &rendered));
            Preview { request: Some(rendered.sent()), findings }
        }
        Err(fault) => {
            findings.push(broken_result(event, &fault));
            Preview { request: None, findings }
        }
    }
}

/// Fills a webhook in with an event, for nobody to be sent.
pub(super) fn fill(
    webhook: &Webhook,
    event: &Event,
    secrets: &BTreeMap<String, String>,
) -> Result<Rendered, RenderFault> {
    webhook.request(&Facts {
        event,
        data: &EventData::default(),
        product_user: None,
        secrets,
        delivery: DeliveryId(Uuid::nil()),
        now: event.published_at,
        replay: None,
    })
}

/// Notes a `json` text that is no JSON as it stands and became JSON.
fn when_filled(definition: &Definition) -> Option<Finding> {
    let Payload::JsonText(text) = &definition.payload else { return None };
    let fault = serde_json::from_str::<IgnoredAny>(text.source()).err()?;
    let message = "`json` is JSON only once it is filled in; with this event it is";
    let finding = Finding::note("json-when-filled", "json", message);
    Some(finding.at(Some(fault.line()), Some(fault.column())))
}

/// Says what is wrong with what a template became with this event.
pub(super) fn broken_result(event: &Event, fault: &RenderFault) -> Finding {
    let code = match (fault.code, &fault.rendering.json_fault) {
        (Code::TooLarge, _) => "too-large",
        (_, Some(_)) => "json-broken",
        _ => "render",
    };
    let message = if fault.message.contains(&event.name) {
        fault.message.clone()
    } else {
        format!("with the event `{}`: {}", event.name, fault.message)
    };
    Finding { level: Level::Error, code, message, place: fault.place.clone() }
}

/// What the filled-in request shows that its author may not expect.
fn in_result(definition: &Definition, event: &Event, rendered: &Rendered) -> Vec<Finding> {
    let mut findings = Vec::new();
    let event = &event.name;
    for name in &rendered.rendering.missing {
        let message = format!("`{name}` has no value with the event `{event}` and became empty");
        findings.push(Finding::note("variable-missing", "template", message));
    }
    for name in &rendered.rendering.escaped {
        let message = format!(
            "the value of `{name}` was changed by HTML escaping with the event `{event}`: write `{{{{{{{name}}}}}}}` to send it as it is"
        );
        findings.push(Finding::warning("variable-escaped", "template", message));
    }
    if let Payload::Body(_) = definition.payload {
        findings.extend(body_said_to_be_json(event, rendered));
    }
    findings
}

/// Warns of a `body` that its own Content-Type says is JSON and that is none. It is sent all the same.
fn body_said_to_be_json(event: &str, rendered: &Rendered) -> Option<Finding> {
    let headers = &rendered.request.headers;
    headers.iter().find(|(name, value)| name.eq_ignore_ascii_case("content-type") && is_json_type(value))?;
    let fault = serde_json::from_slice::<IgnoredAny>(rendered.request.body.as_deref()?).err()?;
    let message = format!(
        "with the event `{event}` the body is not the JSON that its Content-Type says: {}",
        super::json_fault_text(&fault)
    );
    let finding = Finding::warning("body-not-json", "body", message);
    Some(finding.at(Some(fault.line()), Some(fault.column())))
}
