//! Looking a template over before it is saved.

use serde_json::{Value, json};

use crate::world::{Visitor, World};

const URL: &str = "https://example.com/in";

async fn linted(visitor: &Visitor, asked: Value) -> (bool, Vec<String>) {
    let report = visitor.post("/fieldhook/v1/lint", asked).await.expect(200);
    let codes = report["findings"].as_array().unwrap().iter();
    (report["ok"].as_bool().unwrap(), codes.map(|one| one["code"].as_str().unwrap().to_owned()).collect())
}

fn codes(of: &[&str]) -> Vec<String> {
    of.iter().map(|code| (*code).to_owned()).collect()
}

#[tokio::test]
async fn a_template_is_looked_over_by_itself_and_beside_the_others() {
    let world = World::start().await;
    let id = world.integration(json!({"event": "temperature", "url": URL, "name": "kitchen"})).await;
    let admin = world.admin();

    let good = json!({"event": "humidity", "url": URL});
    assert_eq!(linted(admin, json!({"template": good})).await, (true, vec![]));
    let broken = json!({"event": "humidity", "url": URL, "json": "{\"a\": }"});
    assert_eq!(linted(admin, json!({"template": broken})).await, (false, codes(&["json-syntax"])));
    let short = json!({"event": "temp", "url": URL});
    assert_eq!(linted(admin, json!({"template": short})).await, (true, codes(&["prefix-overlap"])));
    let same = json!({"event": "temperature", "url": URL});
    assert_eq!(linted(admin, json!({"template": same})).await, (true, codes(&["same-hook-twice"])));
    assert_eq!(linted(admin, json!({"template": same, "integration": id})).await, (true, vec![]));
}

#[tokio::test]
async fn others_see_nothing_of_my_integrations() {
    let world = World::start().await;
    let id = world.integration(json!({"event": "temperature", "url": URL})).await;
    let stranger = world.person("stranger@example.com").await;
    let same = json!({"event": "temperature", "url": URL});
    assert_eq!(linted(&stranger, json!({"template": same})).await, (true, vec![]));
    let of_mine = json!({"template": same, "integration": id});
    stranger.post("/fieldhook/v1/lint", of_mine).await.expect(404);
}
