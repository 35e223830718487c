//! The console's files, whether or not the console has been built.

use reqwest::Method;
use reqwest::redirect::Policy;

use crate::world::{Visitor, World};

async fn head(visitor: &Visitor, path: &str) -> crate::world::Reply {
    visitor.send(visitor.request(Method::HEAD, path)).await
}

#[tokio::test]
async fn the_bare_address_leads_to_the_console() {
    let world = World::start().await;
    let browser = reqwest::Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
    for path in ["/", "/console"] {
        let response = browser.get(format!("{}{path}", world.url())).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["location"]),
            (303, &"/console/".parse().unwrap())
        );
    }
}

#[tokio::test]
async fn every_page_of_the_console_is_the_same_page_and_needs_no_token() {
    let world = World::start().await;
    let nobody = world.nobody();
    let page = nobody.get("/console/").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    for path in ["/console/setup?token=abc", "/console/integrations/6789", "/console/a/b/c"] {
        let other = nobody.get(path).await;
        assert_eq!((other.status, &other.text), (200, &page.text), "{path}");
    }
}

#[tokio::test]
async fn the_console_may_talk_to_this_server_alone_and_stand_in_no_frame() {
    let world = World::start().await;
    let page = world.nobody().get("/console/").await;
    let policy = page.header("content-security-policy");
    for part in ["default-src 'none'", "script-src 'self';", "connect-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert_eq!(
        (page.header("x-content-type-options"), page.header("referrer-policy")),
        ("nosniff", "no-referrer")
    );
}

#[tokio::test]
async fn a_head_request_says_what_a_get_request_would_bring() {
    let world = World::start().await;
    let nobody = world.nobody();
    let (page, head) = (nobody.get("/console/").await, head(&nobody, "/console/").await);
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.header("content-length"), page.text.len().to_string());
    assert_eq!(head.header("content-type"), page.header("content-type"));
}

#[tokio::test]
async fn nothing_outside_the_console_is_a_file_of_it() {
    let world = World::start().await;
    let nobody = world.nobody();
    for path in [
        "/console/no-such.js",
        "/console/..%2f..%2fCargo.toml",
        "/console/assets/..%2f..%2f..%2fCargo.toml",
        "/console/%2fetc%2fhosts.conf",
        "/console/..",
    ] {
        let answer = nobody.get(path).await;
        assert!(!answer.text.contains("[workspace]"), "{path}");
        assert!(answer.status == 404 || answer.header("content-type").starts_with("text/html"), "{path}");
    }
    assert!(nobody.get("/console/no-such.js").await.refusal(404).contains("/console/no-such.js"));
    nobody.post("/console/", serde_json::json!({})).await.expect(405);
}
