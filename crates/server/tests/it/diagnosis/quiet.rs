//! Nothing fires: the funnel, and the first reason that is proven.

use serde_json::{Value, json};

use super::{DEVICE, card, cards, cause, fact, hook, offers, says, tester};
use crate::world::{World, reply, secs};

async fn funnel(world: &World, id: &str, window: &str) -> Value {
    world.settled().await;
    world.admin().get(&format!("/fieldhook/v1/integrations/{id}/funnel{window}")).await.expect(200)
}

#[tokio::test]
async fn a_name_that_nearly_fits_is_proposed() {
    let world = World::start().await;
    let url = tester(&world, json!({})).await;
    let id = hook(&world, &url, json!({})).await;
    let event = world.publish("Temp/kitchen", "1").await;

    let card = card(&world, &id, "nothing-fires").await;
    says(cause(&card), "upper and lower case differ");
    says(fact(&card), "`Temp/kitchen` does not begin with `temp`");
    assert_eq!(card["cause"]["fact"]["read_in"][0]["id"], event);
    assert_eq!(card["steps"][0]["action"]["value"], "Temp");
    assert!(offers(&card, "replay-missing"));
}

#[tokio::test]
async fn one_that_is_switched_off_says_since_when_and_by_whom() {
    let world = World::start().await;
    let url = tester(&world, json!({})).await;
    let id = hook(&world, &url, json!({"disabled": true})).await;
    world.publish("temp", "1").await;
    let card = card(&world, &id, "nothing-fires").await;
    says(fact(&card), "switched off by user");
    assert!(offers(&card, "enable"));
}

#[tokio::test]
async fn another_device_than_the_one_it_is_narrowed_to_is_named() {
    let world = World::start().await;
    let url = tester(&world, json!({})).await;
    let device = world.device(DEVICE).await;
    let id = hook(&world, &url, json!({"deviceID": "ffffffffffffffffffffffff"})).await;
    device.post("/v1/devices/events", json!({"name": "temp", "data": "1"})).await.expect(200);
    let card = card(&world, &id, "nothing-fires").await;
    says(cause(&card), "narrowed to another device");
    says(fact(&card), DEVICE);
}

#[tokio::test]
async fn a_device_of_a_product_that_nobody_claimed_is_to_be_claimed() {
    let world = World::start().await;
    let url = tester(&world, json!({})).await;
    let product = world.product("Greenhouse").await;
    let devices = format!("/v1/products/{product}/devices");
    world.admin().post(&devices, json!({"id": DEVICE})).await.expect(200);
    let token = world.admin().post(&format!("{devices}/{DEVICE}/token"), json!({})).await.expect(201);
    let device = world.nobody().with_token(token["token"].as_str().unwrap());
    let id = hook(&world, &url, json!({})).await;
    device.post("/v1/devices/events", json!({"name": "temp", "data": "1"})).await.expect(200);

    let card = card(&world, &id, "nothing-fires").await;
    says(cause(&card), "is claimed by nobody");
    says(fact(&card), DEVICE);
    assert!(offers(&card, "claim"));
}

#[tokio::test]
async fn no_event_at_all_and_none_of_that_name_are_told_apart() {
    let world = World::start().await;
    let url = tester(&world, json!({})).await;
    let id = hook(&world, &url, json!({})).await;
    says(cause(&card(&world, &id, "nothing-fires").await), "No event reaches this server");
    world.publish("humidity", "1").await;
    says(fact(&card(&world, &id, "nothing-fires").await), "the newest is `humidity`");
}

#[tokio::test]
async fn what_has_fired_and_has_nothing_to_do_now_is_healthy() {
    let world = World::start().await;
    let url = tester(&world, json!({})).await;
    let id = hook(&world, &url, json!({})).await;
    world.publish("temp", "1").await;
    world.advance(secs(3 * 24 * 3600)).await;
    world.publish("humidity", "1").await;
    assert_eq!(cards(&world, &id).await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_rate_cap_that_lets_too_little_through_is_why_events_are_late() {
    let world = World::start().await;
    let url = tester(&world, json!({})).await;
    let id = hook(&world, &url, json!({"rateLimit": {"perSecond": 0.001, "burst": 1}})).await;
    for n in 0..3 {
        world.publish("temp", &n.to_string()).await;
    }
    world.advance(secs(120)).await;
    let card = card(&world, &id, "nothing-fires").await;
    says(cause(&card), "rate cap of 0.001");
    assert_eq!(card["steps"][0]["action"]["field"], "rateLimit");
}

#[tokio::test]
async fn the_funnel_counts_each_step_and_names_the_one_that_leaks() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200), reply(404)]).await;
    let id = hook(&world, &endpoint.url, json!({})).await;
    for name in ["temp/a", "temp/b", "humidity"] {
        world.publish(name, "1").await;
        world.settled().await;
    }
    let counted = funnel(&world, &id, "").await;
    let steps: Vec<_> = ["published", "received", "matched", "attempted", "succeeded"]
        .iter()
        .map(|step| counted[step].as_u64().unwrap())
        .collect();
    assert_eq!((steps, counted["leak"].as_str()), (vec![3, 3, 2, 2, 1], Some("succeeded")));

    let before = funnel(&world, &id, "?since=2020-01-01&until=2020-01-02").await;
    assert_eq!((&before["published"], &before["leak"]), (&json!(0), &json!("published")));
    let path = format!("/fieldhook/v1/integrations/{id}/funnel?since=2020-01-02&until=2020-01-01");
    assert_eq!(world.admin().get(&path).await.expect(400)["field"], "since");
}
