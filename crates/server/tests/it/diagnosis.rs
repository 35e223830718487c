//! Diagnosis: the server is driven into each situation, and its card is asked for the cause, the fact that proves it,
//! and the remedy.

use serde_json::{Value, json};

use crate::world::World;

mod answers;
mod certificates;
mod healthy;
mod network;
mod quiet;
mod side_by_side;

const TESTER: &str = "/fieldhook/v1/tester";
const DEVICE: &str = "0123456789abcdef01234567";

/// An endpoint of the built-in tester that answers so; returns its address.
async fn tester(world: &World, answer: Value) -> String {
    let made = world.admin().post(TESTER, json!({})).await.expect(201);
    let id = made["id"].as_str().unwrap();
    told(world, id, answer).await;
    made["url"].as_str().unwrap().to_owned()
}

/// Has an endpoint of the tester answer otherwise.
async fn told(world: &World, id: &str, answer: Value) {
    world.admin().put(&format!("{TESTER}/{id}/answer"), answer).await.expect(200);
}

/// The id of an endpoint, from its address.
fn id_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap()
}

/// An integration for `temp` that is never tried again, with these keys.
async fn hook(world: &World, url: &str, keys: Value) -> String {
    let mut template = json!({"event": "temp", "url": url, "retryPolicy": "none"});
    template.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    world.integration(template).await
}

async fn cards(world: &World, integration: &str) -> Vec<Value> {
    world.settled().await;
    let path = format!("/fieldhook/v1/integrations/{integration}/diagnosis");
    world.admin().get(&path).await.expect(200)["cards"].as_array().unwrap().clone()
}

/// The only card of an integration, which is about this situation.
async fn card(world: &World, integration: &str, situation: &str) -> Value {
    let mut cards = cards(world, integration).await;
    assert_eq!(cards.len(), 1, "{cards:#?}");
    assert_eq!(cards[0]["situation"], situation, "{cards:#?}");
    let card = cards.remove(0);
    assert!(!card["cause"]["fact"]["read_in"].as_array().unwrap().is_empty(), "{card:#?}");
    assert!(!card["steps"].as_array().unwrap().is_empty(), "{card:#?}");
    card
}

fn cause(card: &Value) -> &str {
    card["cause"]["words"].as_str().unwrap()
}

fn fact(card: &Value) -> &str {
    card["cause"]["fact"]["words"].as_str().unwrap()
}

/// Whether a step offers an action of this kind.
fn offers(card: &Value, kind: &str) -> bool {
    card["steps"].as_array().unwrap().iter().any(|step| step["action"]["kind"] == kind)
}

#[track_caller]
fn says(text: &str, part: &str) {
    assert!(text.contains(part), "`{part}` is not in: {text}");
}
