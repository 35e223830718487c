//! The console's session: a cookie that stands for a token, and the guard against other sites.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Reply, Visitor, World, secs};

const SESSION: &str = "/fieldhook/v1/session";
const EMAIL: &str = "admin@example.com";
const PASSWORD: &str = "a password of the tests";
const DEVICE: &str = "0123456789abcdef01234567";

/// Somebody with a browser.
struct Browser {
    visitor: Visitor,
    cookie: String,
    csrf: String,
}

impl Browser {
    async fn signed_in(world: &World, username: &str) -> Self {
        let visitor = world.nobody();
        let reply = sign_in(&visitor, username, PASSWORD).await;
        let cookie = cookie_of(&reply);
        let csrf = reply.expect(201)["csrf"].as_str().unwrap().to_owned();
        Self { visitor, cookie, csrf }
    }

    async fn get(&self, path: &str) -> Reply {
        let request = self.visitor.request(Method::GET, path).header("cookie", &self.cookie);
        self.visitor.send(request).await
    }

    /// As the console does it.
    async fn change(&self, method: Method, path: &str, body: Value) -> Reply {
        self.change_with(method, path, body, Some(&self.csrf)).await
    }

    async fn change_with(&self, method: Method, path: &str, body: Value, csrf: Option<&str>) -> Reply {
        let mut request = self.visitor.request(method, path).header("cookie", &self.cookie).json(&body);
        if let Some(csrf) = csrf {
            request = request.header("x-csrf-token", csrf);
        }
        self.visitor.send(request).await
    }
}

async fn sign_in(visitor: &Visitor, username: &str, password: &str) -> Reply {
    visitor.post(SESSION, json!({"username": username, "password": password})).await
}

/// What a browser would send back.
fn cookie_of(reply: &Reply) -> String {
    reply.header("set-cookie").split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn signing_in_sets_a_cookie_that_no_script_reads_and_no_other_site_sends() {
    let world = World::start().await;
    let reply = sign_in(&world.nobody(), EMAIL, PASSWORD).await;
    let cookie = reply.header("set-cookie").to_owned();
    assert!(cookie.starts_with("fieldhook_session="), "{cookie}");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000"), "{cookie}");
    assert_eq!(reply.header("cache-control"), "no-store");

    let session = reply.expect(201);
    assert_eq!(session["user"]["username"], EMAIL);
    assert_eq!(session["expires_at"], "2026-02-01T03:04:05.678Z");
    let token = cookie_token(&cookie);
    assert!(!session.to_string().contains(token), "the token stands in the cookie alone");
}

fn cookie_token(cookie: &str) -> &str {
    cookie.split(['=', ';']).nth(1).unwrap()
}

#[tokio::test]
async fn a_server_that_is_reached_by_https_keeps_the_cookie_there() {
    let world =
        World::start_with(|config| config.public_url = Some("https://hooks.example.com".into())).await;
    let reply = sign_in(&world.nobody(), EMAIL, PASSWORD).await;
    assert!(reply.header("set-cookie").ends_with("; Secure"), "{}", reply.header("set-cookie"));
}

#[tokio::test]
async fn every_route_takes_the_cookie_in_place_of_a_token() {
    let world = World::start().await;
    let browser = Browser::signed_in(&world, EMAIL).await;
    let session = browser.get(SESSION).await.expect(200);
    assert_eq!((&session["csrf"], &session["user"]["username"]), (&json!(browser.csrf), &json!(EMAIL)));

    let read = browser.get("/v1/user").await;
    assert_eq!(read.header("cache-control"), "no-store");
    read.expect(200);
    browser.change(Method::POST, "/v1/devices", json!({"id": DEVICE})).await.expect(200);
    let device = format!("/v1/devices/{DEVICE}");
    browser.change(Method::PUT, &device, json!({"name": "pump"})).await.expect(200);
    assert_eq!(browser.get(&device).await.expect(200)["name"], "pump");
    browser.get("/fieldhook/v1/attempts").await.expect(200);
    let hook = json!({"event": "t", "url": "http://127.0.0.1:1"});
    browser.change(Method::POST, "/v1/integrations", hook).await.expect(201);
}

#[tokio::test]
async fn event_streams_take_the_cookie_and_end_with_the_session() {
    let world = World::start().await;
    let browser = Browser::signed_in(&world, EMAIL).await;
    let mut stream = world.nobody().stream_with_cookie("/v1/devices/events", &browser.cookie).await;
    world.publish("t", "1").await;
    assert_eq!(stream.next().await.name, "t");

    browser.change(Method::DELETE, SESSION, json!({})).await.expect(204);
    world.publish("t", "2").await;
    assert!(stream.next_or_end().await.is_none());
}

#[tokio::test]
async fn a_change_by_cookie_needs_the_csrf_token_of_that_session() {
    let world = World::start().await;
    let browser = Browser::signed_in(&world, EMAIL).await;
    let other = Browser::signed_in(&world, EMAIL).await;
    let event = || json!({"name": "t", "data": "1"});
    for wrong in [None, Some(""), Some("guessed"), Some(other.csrf.as_str())] {
        let refused = browser.change_with(Method::POST, "/v1/devices/events", event(), wrong).await;
        assert_eq!(refused.expect(403)["error"], "csrf", "{wrong:?}");
    }
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let refused = browser.change_with(method.clone(), "/v1/user", json!({}), None).await;
        assert_eq!(refused.expect(403)["error"], "csrf", "{method}");
    }
    browser.change_with(Method::DELETE, SESSION, json!({}), None).await.expect(403);
    assert_eq!(world.admin().get("/fieldhook/v1/events").await.expect(200)["items"], json!([]));
    browser.change(Method::POST, "/v1/devices/events", event()).await.expect(200);
}

#[tokio::test]
async fn a_token_given_on_purpose_goes_before_the_cookie_and_needs_no_csrf_token() {
    let world = World::start().await;
    let browser = Browser::signed_in(&world, EMAIL).await;
    let ada = world.person("ada@example.com").await;
    let with_cookie =
        |method: Method, path: &str| ada.request(method, path).header("cookie", &browser.cookie);

    let user = ada.send(with_cookie(Method::GET, "/v1/user")).await.expect(200);
    assert_eq!(user["username"], "ada@example.com");
    let event = json!({"name": "t", "data": "1"});
    ada.send(with_cookie(Method::POST, "/v1/devices/events").json(&event)).await.expect(200);
    ada.send(with_cookie(Method::GET, SESSION)).await.expect(401);
    ada.send(with_cookie(Method::DELETE, SESSION)).await.expect(204);
    browser.get(SESSION).await.expect(200);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_clears_the_cookie() {
    let world = World::start().await;
    let browser = Browser::signed_in(&world, EMAIL).await;
    let reply = browser.change(Method::DELETE, SESSION, json!({})).await;
    assert!(reply.header("set-cookie").starts_with("fieldhook_session=;"), "{}", reply.header("set-cookie"));
    assert!(reply.header("set-cookie").contains("Max-Age=0"));
    reply.expect(204);

    browser.get(SESSION).await.expect(401);
    browser.get("/v1/user").await.expect(401);
    browser.change(Method::DELETE, SESSION, json!({})).await.expect(204);
    world.nobody().with_token(cookie_token(&browser.cookie)).get("/v1/user").await.expect(401);
}

#[tokio::test]
async fn a_session_ends_after_thirty_days_and_with_all_other_tokens() {
    let world = World::start().await;
    let browser = Browser::signed_in(&world, EMAIL).await;
    world.tick(secs(30 * 86_400 - 1));
    browser.get(SESSION).await.expect(200);
    world.tick(secs(1));
    browser.get(SESSION).await.expect(401);

    let browser = Browser::signed_in(&world, EMAIL).await;
    browser.change(Method::DELETE, "/v1/access_tokens", json!({})).await.expect(200);
    browser.get(SESSION).await.expect(401);
}

#[tokio::test]
async fn signing_in_again_needs_no_csrf_token_and_ends_the_session_before() {
    let world = World::start().await;
    world.person("ada@example.com").await;
    let browser = Browser::signed_in(&world, EMAIL).await;
    let account = json!({"username": "ada@example.com", "password": PASSWORD});
    let reply = browser.change_with(Method::POST, SESSION, account, None).await;
    assert_eq!(reply.expect(201)["user"]["username"], "ada@example.com");
    browser.get(SESSION).await.expect(401);
}

#[tokio::test]
async fn no_form_of_another_site_signs_anybody_in() {
    let world = World::start().await;
    let nobody = world.nobody();
    let form = nobody.request(Method::POST, SESSION).form(&[("username", EMAIL), ("password", PASSWORD)]);
    let refused = nobody.send(form).await;
    assert_eq!(refused.header("set-cookie"), "");
    assert!(refused.refusal(400).contains("application/json"));
    let text = json!({"username": EMAIL, "password": PASSWORD}).to_string();
    let plain = nobody.request(Method::POST, SESSION).header("content-type", "text/plain").body(text);
    nobody.send(plain).await.expect(400);
}

#[tokio::test]
async fn failed_logins_are_slowed_down_whichever_way_they_come() {
    let world = World::start().await;
    let nobody = world.nobody();
    for _ in 0..10 {
        let refused = sign_in(&nobody, EMAIL, "not the password").await;
        assert_eq!(refused.header("set-cookie"), "");
        assert_eq!(refused.expect(400)["error"], "invalid_grant");
    }
    let early = sign_in(&nobody, EMAIL, PASSWORD).await;
    assert_eq!((early.status, early.header("retry-after")), (429, "30"));
    let token = nobody.request(Method::POST, "/oauth/token").basic_auth("particle", Some("particle"));
    let fields = [("grant_type", "password"), ("username", EMAIL), ("password", PASSWORD)];
    nobody.send(token.form(&fields)).await.expect(429);

    world.tick(secs(30 * 60));
    sign_in(&nobody, EMAIL, PASSWORD).await.expect(201);
}

#[tokio::test]
async fn one_persons_session_opens_nothing_of_anothers() {
    let world = World::start().await;
    let hook = world.integration(json!({"event": "t", "url": "http://127.0.0.1:1"})).await;
    world.person("ada@example.com").await;
    let ada = Browser::signed_in(&world, "ada@example.com").await;
    ada.get(&format!("/v1/integrations/{hook}")).await.expect(404);
    ada.change(Method::DELETE, &format!("/v1/integrations/{hook}"), json!({})).await.expect(404);
    ada.change(Method::POST, "/v1/users", json!({"username": "b@example.com", "password": PASSWORD}))
        .await
        .expect(403);
}

#[tokio::test]
async fn a_refresh_token_in_the_cookie_opens_nothing() {
    let world = World::start().await;
    let token = world.nobody().request(Method::POST, "/oauth/token").basic_auth("particle", Some("particle"));
    let fields = [("grant_type", "password"), ("username", EMAIL), ("password", PASSWORD)];
    let answer = world.nobody().send(token.form(&fields)).await.expect(200);
    let cookie = format!("fieldhook_session={}", answer["refresh_token"].as_str().unwrap());
    let browser = Browser { visitor: world.nobody(), cookie, csrf: String::new() };
    browser.get("/v1/user").await.expect(401);
}

#[tokio::test]
async fn the_endpoint_tester_catches_requests_as_before_and_shows_no_session() {
    let world = World::start().await;
    let browser = Browser::signed_in(&world, EMAIL).await;
    let made = browser.change(Method::POST, "/fieldhook/v1/tester", json!({})).await.expect(201);
    let id = made["id"].as_str().unwrap();
    let request = browser.visitor.request(Method::POST, &format!("/t/{id}"));
    let request = request.header("cookie", format!("a=1; {}; b=2", browser.cookie)).body("x");
    let answered = browser.visitor.send(request).await;
    assert_eq!(answered.header("content-security-policy"), "sandbox");
    answered.expect(200);

    let page = browser.get(&format!("/fieldhook/v1/tester/{id}/requests")).await;
    assert!(!page.text.contains(cookie_token(&browser.cookie)));
    let headers = &page.expect(200)["items"][0]["headers"];
    let cookie = headers.as_array().unwrap().iter().find(|header| header[0] == "cookie").unwrap();
    let shown = cookie[1].as_str().unwrap();
    assert!(shown.starts_with("a=1; fieldhook_session=") && shown.ends_with("; b=2"), "{shown}");
}

#[tokio::test]
async fn pages_of_other_origins_may_read_only_what_needs_no_cookie() {
    let world = World::start().await;
    let nobody = world.nobody();
    let preflight =
        nobody.request(Method::OPTIONS, "/v1/devices/events").header("origin", "https://x.example");
    let reply = nobody.send(preflight).await;
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert_eq!(reply.header("access-control-allow-credentials"), "");
    assert!(!reply.header("access-control-allow-headers").to_lowercase().contains("x-csrf-token"));
}
