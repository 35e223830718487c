//! Logging in, and what becomes of tokens.

use reqwest::Method;
use serde_json::json;

use crate::world::{Reply, World, secs};

const EMAIL: &str = "admin@example.com";
const PASSWORD: &str = "a password of the tests";

async fn ask_for_token(world: &World, fields: &[(&str, &str)]) -> Reply {
    let visitor = world.nobody();
    let request = visitor.request(Method::POST, "/oauth/token").basic_auth("particle", Some("particle"));
    visitor.send(request.form(fields)).await
}

async fn log_in(world: &World, password: &str) -> Reply {
    ask_for_token(world, &[("grant_type", "password"), ("username", EMAIL), ("password", password)]).await
}

#[tokio::test]
async fn a_login_gives_a_token_of_ninety_days_that_nobody_caches() {
    let world = World::start().await;
    let reply = log_in(&world, PASSWORD).await;
    assert_eq!((reply.header("cache-control"), reply.header("pragma")), ("no-store", "no-cache"));

    let answer = reply.expect(200);
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("bearer"), &json!(7_776_000)));
    for key in ["access_token", "refresh_token"] {
        let token = answer[key].as_str().unwrap();
        assert!(token.len() == 40 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}: {token}");
    }
}

#[tokio::test]
async fn a_token_lives_as_long_as_was_asked() {
    let world = World::start().await;
    let fields = [("grant_type", "password"), ("username", EMAIL), ("password", PASSWORD)];
    let short = ask_for_token(&world, &[&fields[..], &[("expires_in", "3600")]].concat()).await.expect(200);
    let endless = ask_for_token(&world, &[&fields[..], &[("expires_in", "0")]].concat()).await.expect(200);
    assert_eq!((&short["expires_in"], &endless["expires_in"]), (&json!(3600), &json!(0)));
    let short = world.nobody().with_token(short["access_token"].as_str().unwrap());
    let endless = world.nobody().with_token(endless["access_token"].as_str().unwrap());

    let current = endless.get("/v1/access_tokens/current").await.expect(200);
    assert_eq!((current.get("expires_at"), &current["client_id"]), (None, &json!("particle")));

    world.tick(secs(3600));
    let refusal = short.get("/v1/user").await.expect(401);
    assert_eq!(refusal["error"], "invalid_token");
    endless.get("/v1/user").await.expect(200);
}

#[tokio::test]
async fn a_wrong_password_is_an_invalid_grant_and_so_is_an_unknown_name() {
    let world = World::start().await;
    let wrong = log_in(&world, "not the password").await;
    assert_eq!(wrong.header("cache-control"), "no-store");
    let wrong = wrong.expect(400);
    let fields = [("grant_type", "password"), ("username", "nobody@example.com"), ("password", PASSWORD)];
    let unknown = ask_for_token(&world, &fields).await.expect(400);
    assert_eq!(wrong["error"], "invalid_grant");
    assert_eq!(wrong, unknown);
}

#[tokio::test]
async fn after_ten_failures_in_a_row_an_address_waits_ever_longer() {
    let world = World::start().await;
    for _ in 0..10 {
        log_in(&world, "not the password").await.expect(400);
    }
    let first = log_in(&world, PASSWORD).await;
    let second = log_in(&world, PASSWORD).await;
    assert_eq!((first.status, second.status), (429, 429));
    let wait = |reply: &Reply| reply.header("retry-after").parse::<u64>().unwrap();
    assert!(wait(&first) < wait(&second), "{} then {}", wait(&first), wait(&second));

    world.tick(secs(30 * 60));
    log_in(&world, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_refresh_token_gives_another_token_once() {
    let world = World::start().await;
    let first = log_in(&world, PASSWORD).await.expect(200);
    let fields =
        [("grant_type", "refresh_token"), ("refresh_token", first["refresh_token"].as_str().unwrap())];

    let second = ask_for_token(&world, &fields).await.expect(200);
    world.nobody().with_token(second["access_token"].as_str().unwrap()).get("/v1/user").await.expect(200);
    world.nobody().with_token(first["access_token"].as_str().unwrap()).get("/v1/user").await.expect(401);
    assert_eq!(ask_for_token(&world, &fields).await.expect(400)["error"], "invalid_grant");
}

#[tokio::test]
async fn other_grants_and_other_clients_are_refused_in_the_words_of_oauth() {
    let world = World::start().await;
    let grant = ask_for_token(&world, &[("grant_type", "client_credentials")]).await;
    assert_eq!(grant.expect(400)["error"], "unsupported_grant_type");
    let stranger = json!({"grant_type": "password", "client_id": "x", "client_secret": "y"});
    assert_eq!(world.nobody().post("/oauth/token", stranger).await.expect(400)["error"], "invalid_client");
}

#[tokio::test]
async fn whoever_knows_a_token_can_revoke_it_without_any_other() {
    let world = World::start().await;
    let person = world.person("ada@example.com").await;
    let token = person.token.clone().unwrap();
    let answer = world.nobody().delete(&format!("/v1/access_tokens/{token}")).await;
    assert_eq!(answer.expect(200), json!({"ok": true}));
    person.get("/v1/user").await.expect(401);
    world.nobody().delete(&format!("/v1/access_tokens/{token}")).await.expect(404);
}

#[tokio::test]
async fn the_list_of_tokens_shows_handles_by_which_only_their_owner_revokes() {
    let world = World::start().await;
    let person = world.person("ada@example.com").await;
    let request = world.nobody().request(Method::GET, "/v1/access_tokens");
    let list = world.nobody().send(request.basic_auth("ada@example.com", Some(PASSWORD))).await.expect(200);
    let handle = list[0]["token"].as_str().unwrap().to_owned();
    assert_ne!(Some(&handle), person.token.as_ref());
    assert_eq!(list[0]["client"], "particle-cli");

    world.nobody().delete(&format!("/v1/access_tokens/{handle}")).await.expect(404);
    world.admin().delete(&format!("/v1/access_tokens/{handle}")).await.expect(404);
    person.delete(&format!("/v1/access_tokens/{handle}")).await.expect(200);
    person.get("/v1/user").await.expect(401);
}

#[tokio::test]
async fn a_log_out_ends_one_token_and_a_purge_ends_all() {
    let world = World::start().await;
    let one = world.person("ada@example.com").await;
    let other = world.nobody().log_in("ada@example.com", PASSWORD).await;
    one.delete("/v1/access_tokens/current").await.expect(200);
    one.get("/v1/user").await.expect(401);
    other.get("/v1/user").await.expect(200);
    other.delete("/v1/access_tokens").await.expect(200);
    other.get("/v1/user").await.expect(401);
}

#[tokio::test]
async fn a_token_may_come_in_the_query_or_in_a_form() {
    let world = World::start().await;
    let token = world.admin().token.clone().unwrap();
    let nobody = world.nobody();
    nobody.get(&format!("/v1/user?access_token={token}")).await.expect(200);
    let form = [("access_token", token.as_str()), ("name", "t"), ("data", "1")];
    let request = nobody.request(Method::POST, "/v1/devices/events").form(&form);
    nobody.send(request).await.expect(200);
}
