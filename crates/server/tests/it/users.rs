//! Accounts: who may make them, change them, delete them.

use fieldhook_server::Server;
use fieldhook_server::clock::Nature;
use fieldhook_server::config::Config;
use serde_json::json;

use crate::world::{Visitor, World};

const PASSWORD: &str = "a password of the tests";

#[tokio::test]
async fn a_person_reads_their_account_under_the_name_they_log_in_with() {
    let world = World::start().await;
    let user = world.person("Ada@Example.com").await.get("/v1/user").await.expect(200);
    assert_eq!(user["username"], "ada@example.com");
    assert_eq!((&user["mfa"]["enabled"], &user["administrator"]), (&json!(false), &json!(false)));
}

#[tokio::test]
async fn only_administrators_create_accounts_unless_registration_is_open() {
    let account = json!({"username": "new@example.com", "password": PASSWORD});
    let world = World::start().await;
    world.nobody().post("/v1/users", account.clone()).await.expect(401);
    let person = world.person("ada@example.com").await;
    person.post("/v1/users", account.clone()).await.expect(403);

    let open = World::start_with(|config| config.accounts.open_registration = true).await;
    let greedy = json!({"username": "new@example.com", "password": PASSWORD, "administrator": true});
    assert_eq!(open.nobody().post("/v1/users", greedy).await.expect(200), json!({"ok": true}));
    let newcomer = open.nobody().log_in("new@example.com", PASSWORD).await;
    assert_eq!(newcomer.get("/v1/user").await.expect(200)["administrator"], false);
}

#[tokio::test]
async fn an_account_needs_a_new_address_and_a_password_that_is_not_too_short() {
    let world = World::start().await;
    let create = async |username: &str, password: &str| {
        world.admin().post("/v1/users", json!({"username": username, "password": password})).await
    };
    create("ada@example.com", PASSWORD).await.expect(200);
    assert!(create("Ada@example.com", PASSWORD).await.refusal(409).contains("ada@example.com"));
    assert!(create("no address", PASSWORD).await.refusal(400).contains("no address"));
    assert!(create("b@example.com", "1234567").await.refusal(400).contains("at least 8"));
}

#[tokio::test]
async fn the_password_changes_only_for_whoever_knows_the_old_one() {
    let world = World::start().await;
    let person = world.person("ada@example.com").await;
    let change = |current: &str| json!({"password": "another password", "current_password": current});
    person.put("/v1/user", change("a guess")).await.expect(400);

    let mut everywhere = change(PASSWORD);
    everywhere["invalidate_tokens"] = true.into();
    person.put("/v1/user", everywhere).await.expect(200);
    person.get("/v1/user").await.expect(401);
    world.nobody().log_in("ada@example.com", "another password").await.get("/v1/user").await.expect(200);
}

#[tokio::test]
async fn a_deleted_account_is_gone_with_its_tokens_and_its_devices_are_free() {
    let world = World::start().await;
    let device = "0123456789abcdef01234567";
    let person = world.person("ada@example.com").await;
    person.post("/v1/devices", json!({"id": device})).await.expect(200);

    person.delete("/v1/user").await.expect(400);
    let delete = person.request(reqwest::Method::DELETE, "/v1/user").json(&json!({"password": PASSWORD}));
    person.send(delete).await.expect(200);

    person.get("/v1/user").await.expect(401);
    world.admin().post("/v1/devices", json!({"id": device})).await.expect(200);
}

#[tokio::test]
async fn neither_the_only_administrator_nor_the_only_owner_of_a_product_can_go() {
    let world = World::start().await;
    let delete = |who: &Visitor| {
        let who = who.clone();
        async move {
            let request =
                who.request(reqwest::Method::DELETE, "/v1/user").json(&json!({"password": PASSWORD}));
            who.send(request).await
        }
    };
    assert!(delete(world.admin()).await.refusal(409).contains("administrator"));

    let person = world.person("ada@example.com").await;
    person.post("/v1/user/products", json!({"product": {"name": "Pump"}})).await.expect(201);
    assert!(delete(&person).await.refusal(409).contains("Pump"));
}

#[tokio::test]
async fn a_new_server_is_set_up_once_with_the_token_it_printed() {
    let data = tempfile::tempdir().unwrap();
    let listen = ([127, 0, 0, 1], 0).into();
    let config = Config { data: data.path().to_owned(), listen, ..Config::default() };
    let server = Server::start(config, Nature::real()).await.unwrap();
    let link = server.setup_link().expect("a server without users prints a link").to_owned();
    let token = link.split_once("/console/setup?token=").unwrap().1;
    let nobody = Visitor::new(format!("http://{}", server.address()), None);
    let set_up = |username: &str| json!({"token": token, "username": username, "password": PASSWORD});
    let guess = json!({"token": "guessed", "username": "first@example.com", "password": PASSWORD});
    nobody.post("/fieldhook/v1/setup", guess).await.expect(403);
    nobody.with_token(token).get("/v1/user").await.expect(401);

    let reply = nobody.post("/fieldhook/v1/setup", set_up("first@example.com")).await;
    let cookie = reply.header("set-cookie").split(';').next().unwrap().to_owned();
    let session = nobody.request(reqwest::Method::GET, "/fieldhook/v1/session").header("cookie", cookie);
    assert_eq!(nobody.send(session).await.expect(200)["user"]["username"], "first@example.com");
    let answer = reply.expect(201);
    let first = nobody.with_token(answer["access_token"].as_str().unwrap());
    assert_eq!(first.get("/v1/user").await.expect(200)["administrator"], true);
    nobody.post("/fieldhook/v1/setup", set_up("second@example.com")).await.expect(403);
}
