//! How the server says it is.

use crate::world::World;

#[tokio::test]
async fn a_server_that_runs_is_healthy_and_says_so_to_anybody() {
    let world = World::start().await;
    let health = world.nobody().get("/health").await.expect(200);
    assert_eq!((&health["ok"], health["reasons"].as_array().unwrap().len()), (&true.into(), 0));
    assert!(health["version"].is_string());
}

#[tokio::test]
async fn the_status_names_every_part_and_nothing_that_is_kept() {
    let world = World::start().await;
    world.publish("a-private-name", "a private value").await;
    let status = world.nobody().get("/status.json").await;
    assert!(!status.text.contains("private"));
    let status = status.expect(200);
    let parts: Vec<_> =
        status["parts"].as_array().unwrap().iter().map(|part| part["part"].as_str().unwrap()).collect();
    assert_eq!(parts, ["ingest", "delivery", "queue", "store", "disk", "clock"]);
    assert_eq!(status["ok"], true);

    let page = world.nobody().get("/status").await;
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.text.contains("Everything is well"));
}

#[tokio::test]
async fn metrics_are_in_prometheus_text_with_units_in_their_names() {
    let world = World::start().await;
    let metrics = world.nobody().get("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.header("content-type").starts_with("text/plain; version=0.0.4"));
    for name in ["fieldhook_uptime_seconds", "fieldhook_queue_pending_deliveries", "fieldhook_store_bytes"] {
        assert!(metrics.text.contains(name), "{name} is missing from {}", metrics.text);
    }
}

#[tokio::test]
async fn the_openapi_file_and_its_page_are_served() {
    let world = World::start().await;
    let document = world.nobody().get("/openapi.json").await.expect(200);
    assert_eq!(document["openapi"], "3.1.0");
    for path in ["/fieldhook/v1/attempts", "/fieldhook/v1/tester/{id}/answer", "/health"] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    for path in ["/docs", "/docs/", "/docs/index.html"] {
        let page = world.nobody().get(path).await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html"), "{path}");
    }
    let script = world.nobody().get("/docs/swagger-initializer.js").await;
    assert!(script.text.contains("/openapi.json"), "{}", script.text);
}
