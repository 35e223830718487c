//! What the demo's webhooks live through, and how the stage for it is set: again at every start, by name.
//!
//! A destination's gate belongs to the scope that owns the webhook, and all of these send to one host. So the two
//! that fail have a scope each for themselves; in another's they would put healthy ones to sleep.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use fieldhook_core::access::Scope;
use fieldhook_core::id::IntegrationId;
use serde_json::{Value, json};

use super::fleet::{Kind, Machine};
use crate::client::{Client, ClientError};
use crate::commands::scope::ScopeArgs;
use crate::output::{Output, text_at};
use crate::path::Path;

/// How long the flapping endpoint is well before it first fails.
const WELL_AT_FIRST: Duration = Duration::from_secs(40);
/// How long it then fails, each time.
const FAILS: Duration = Duration::from_secs(60);
/// How long it is well in between.
const WELL: Duration = Duration::from_secs(120);

/// The stage, set.
#[derive(Debug)]
pub(super) struct Stage {
    /// Each device, with its token.
    pub(super) machines: Arc<Vec<(Machine, String)>>,
    /// The webhooks, in the order they are shown.
    pub(super) acts: Vec<Act>,
    /// The endpoint that fails now and then.
    pub(super) flapping: Endpoint,
}

/// A webhook on the stage.
#[derive(Debug)]
pub(super) struct Act {
    /// Its id.
    pub(super) id: IntegrationId,
    /// Its name.
    pub(super) name: &'static str,
    /// Who owns it.
    pub(super) scope: Scope,
}

/// An endpoint of the built-in tester.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    id: String,
    url: String,
}

impl Endpoint {
    async fn create(client: &Client) -> Result<Self, ClientError> {
        let made = client.post(&tester(), &json!({})).await?;
        Ok(Self { id: text_at(&made, "/id"), url: text_at(&made, "/url") })
    }

    /// Tells it how to answer.
    pub(super) async fn answer(&self, client: &Client, answer: &Value) -> Result<Value, ClientError> {
        client.put(&tester().then(&self.id).then("answer"), answer).await
    }
}

fn tester() -> Path {
    Path::of(&["fieldhook", "v1", "tester"])
}

/// What one webhook is, and how its endpoint answers.
struct Scenario {
    name: &'static str,
    /// The product that owns it; the person who runs the demo when absent.
    owner: Option<Kind>,
    template: Value,
    answer: Value,
}

/// The flapping one's place in [`scenarios`].
const FLAPPING: usize = 3;

fn scenarios() -> [Scenario; 6] {
    [
        Scenario {
            name: "Readings to the dashboard",
            owner: Some(Kind::Greenhouse),
            template: json!({
                "event": "climate/reading",
                "json": {
                    "device": "{{{PARTICLE_DEVICE_ID}}}",
                    "at": "{{{PARTICLE_PUBLISHED_AT}}}",
                    "celsius": "{{{celsius}}}",
                    "humidity": "{{{humidity}}}",
                },
                "noDefaults": true,
            }),
            answer: json!({ "status": 200, "headers": {"Content-Type": "application/json"}, "body": "{\"stored\":true}" }),
        },
        Scenario {
            name: "Meter readings to billing (slow)",
            owner: Some(Kind::WaterMeter),
            template: json!({ "event": "meter/reading", "responseTopic": "" }),
            answer: json!({ "status": 202, "delay_ms": 1_500 }),
        },
        Scenario {
            name: "Alarms to the pager (401)",
            owner: None,
            template: json!({
                "event": "alarm/",
                "headers": { "Authorization": "Bearer expired-last-week" },
                "json": { "alarm": "{{{PARTICLE_EVENT_NAME}}}", "device": "{{{PARTICLE_DEVICE_ID}}}" },
            }),
            answer: json!({
                "status": 401,
                "headers": {
                    "Content-Type": "application/json",
                    "WWW-Authenticate": "Bearer error=\"invalid_token\"",
                },
                "body": "{\"error\":\"the token expired last week\"}",
            }),
        },
        Scenario {
            name: "Positions to the map (flapping)",
            owner: Some(Kind::ColdChain),
            template: json!({
                "event": "truck/position",
                "body": "{\"truck\":\"{{{PARTICLE_DEVICE_ID}}}\",\"lat\":{{lat}},\"lon\":{{lon}},\"celsius\":{{celsius}}}",
                "headers": { "Content-Type": "application/json" },
                "responseTopic": "",
            }),
            answer: flapping_answer(Duration::ZERO).0,
        },
        Scenario {
            name: "Tariffs (5 KB answers)",
            owner: Some(Kind::WaterMeter),
            template: json!({ "event": "meter/tariff", "requestType": "GET", "query": { "zone": "{{{zone}}}" } }),
            answer: json!({ "status": 200, "headers": {"Content-Type": "text/csv"}, "body": tariff() }),
        },
        Scenario {
            name: "Forecasts (response template)",
            owner: Some(Kind::Greenhouse),
            template: json!({
                "event": "climate/forecast",
                "requestType": "GET",
                "query": { "place": "{{{place}}}", "hours": "{{{hours}}}" },
                "noDefaults": true,
                "responseTemplate": "{\"min\":{{summary.min}},\"max\":{{summary.max}},\"rain\":{{summary.rain}}}",
            }),
            answer: json!({
                "status": 200,
                "headers": {"Content-Type": "application/json"},
                "body": forecast(),
            }),
        },
    ]
}

/// How the flapping endpoint answers at a time since the start, and how long that lasts.
pub(super) fn flapping_answer(at: Duration) -> (Value, Duration) {
    let well = json!({ "status": 200, "body": "ok" });
    let Some(since) = at.checked_sub(WELL_AT_FIRST) else { return (well, WELL_AT_FIRST - at) };
    let within = Duration::from_millis((since.as_millis() % (FAILS + WELL).as_millis()) as u64);
    match FAILS.checked_sub(within).filter(|left| !left.is_zero()) {
        Some(left) => (json!({ "status": 500, "body": "the map's database is away" }), left),
        None => (well, FAILS + WELL - within),
    }
}

/// A price list of about 5 KB: ten parts of a reply.
fn tariff() -> String {
    let line = |hour| {
        format!("2026-01-{:02}T{:02}:00,{}.{:02},EUR/m3\n", hour / 24 + 1, hour % 24, hour % 3, hour % 97)
    };
    (0..176).map(line).collect()
}

fn forecast() -> String {
    let hours: Vec<Value> =
        (0..12).map(|hour| json!({ "hour": hour, "celsius": 8 + hour % 7, "rain": hour % 5 })).collect();
    json!({ "summary": { "min": 8, "max": 14, "rain": 22 }, "hours": hours }).to_string()
}

/// Makes what is missing of products, devices, endpoints and webhooks.
pub(super) async fn set(client: &Client, output: &Output) -> anyhow::Result<Stage> {
    let products = products(client).await?;
    let machines = devices(client, &products, output).await?;
    let mut acts = Vec::new();
    let mut endpoints = Vec::new();
    for scenario in scenarios() {
        let endpoint = Endpoint::create(client).await?;
        endpoint.answer(client, &scenario.answer).await?;
        acts.push(webhook(client, &products, &scenario, &endpoint).await?);
        endpoints.push(endpoint);
    }
    Ok(Stage { machines: Arc::new(machines), acts, flapping: endpoints.swap_remove(FLAPPING) })
}

/// The products' numbers, in the order of the kinds.
async fn products(client: &Client) -> anyhow::Result<Vec<String>> {
    let path = Path::of(&["v1", "user", "products"]);
    let there = client.get(&path).await?;
    let mut numbers = Vec::new();
    for kind in Kind::ALL {
        let known = there["products"].as_array().into_iter().flatten();
        let known = known.into_iter().find(|product| product["name"] == kind.product());
        let product = match known {
            Some(product) => product.clone(),
            None => {
                client.post(&path, &json!({ "product": { "name": kind.product() } })).await?["product"].take()
            }
        };
        numbers.push(text_at(&product, "/id"));
    }
    Ok(numbers)
}

/// Adds each device to its product, claims it, names it, and gives it a token.
async fn devices(
    client: &Client,
    products: &[String],
    output: &Output,
) -> anyhow::Result<Vec<(Machine, String)>> {
    let machines: Vec<Machine> = Machine::fleet().collect();
    let progress = output.progress(machines.len() as u64, "Making devices");
    let mut made = Vec::new();
    for machine in machines {
        let id = machine.id();
        let fleet = Path::of(&["v1", "products", &products[machine.kind as usize], "devices"]);
        client.post(&fleet, &json!({ "id": id })).await?;
        client.post(&Path::of(&["v1", "devices"]), &json!({ "id": id })).await?;
        client.put(&fleet.clone().then(&id), &json!({ "name": machine.name() })).await?;
        // A token ends when the device's owner changes, so it comes last.
        let answer = client.post(&fleet.then(&id).then("token"), &json!({})).await?;
        made.push((machine, text_at(&answer, "/token")));
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(made)
}

async fn webhook(
    client: &Client,
    products: &[String],
    scenario: &Scenario,
    endpoint: &Endpoint,
) -> anyhow::Result<Act> {
    let scope = match scenario.owner {
        Some(kind) => ScopeArgs::product(&products[kind as usize]),
        None => ScopeArgs::default(),
    };
    let mut template = scenario.template.clone();
    template["name"] = scenario.name.into();
    template["url"] = endpoint.url.clone().into();
    template["integration_type"] = "Webhook".into();
    let path = scope.base().then("integrations");
    let there = client.get(&path).await?;
    let known = there.as_array().into_iter().flatten().find(|record| record["name"] == scenario.name);
    let record = match known {
        Some(record) => client.put(&path.then(&text_at(record, "/id")), &template).await?,
        None => client.post(&path, &template).await?,
    };
    let read = || -> Option<(IntegrationId, Scope)> {
        Some((text_at(&record, "/id").parse().ok()?, text_at(&record, "/scope").parse().ok()?))
    };
    let (id, scope) = read().context("the server's answer names no integration")?;
    Ok(Act { id, name: scenario.name, scope })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(at: u64) -> (u64, u64) {
        let (answer, lasts) = flapping_answer(Duration::from_secs(at));
        (answer["status"].as_u64().unwrap(), lasts.as_secs())
    }

    #[test]
    fn the_flapping_endpoint_fails_for_a_minute_now_and_then() {
        assert_eq!(status(0), (200, 40));
        assert_eq!(status(39), (200, 1));
        assert_eq!(status(40), (500, 60));
        assert_eq!(status(99), (500, 1));
        assert_eq!(status(100), (200, 120));
        assert_eq!(status(220), (500, 60));
    }

    #[test]
    fn the_two_that_fail_have_a_scope_each_for_themselves() {
        let scenarios = scenarios();
        for failing in [2, FLAPPING] {
            let same = scenarios.iter().filter(|scenario| scenario.owner == scenarios[failing].owner);
            assert_eq!(same.count(), 1, "{}", scenarios[failing].name);
        }
        assert!(scenarios[FLAPPING].name.contains("flapping"));
    }

    #[test]
    fn the_tariff_is_about_five_kilobytes() {
        assert!((4_800..5_400).contains(&tariff().len()), "{}", tariff().len());
    }
}
