//! Alerts: one for each cause, told by event and by mail, and never a storm.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::world::{MailServer, World, reply, secs};

/// A device of the tests.
const DEVICE: &str = "0123456789abcdef01234567";

/// The alerts that the administrator sees, newest first.
async fn alerts(world: &World, query: &str) -> Vec<Value> {
    world.settled().await;
    let list = world.admin().get(&format!("/fieldhook/v1/alerts?{query}")).await.expect(200);
    list["items"].as_array().unwrap().clone()
}

fn kinds(alerts: &[Value]) -> Vec<&str> {
    alerts.iter().map(|alert| alert["kind"].as_str().unwrap()).collect()
}

async fn mail_to(world: &World, recipients: &[&str]) {
    let settings = json!({ "recipients": recipients });
    world.admin().put("/fieldhook/v1/alerts/settings", settings).await.expect(200);
}

async fn world_with_mail(server: &MailServer) -> World {
    let url = server.url();
    World::start_with(|config| {
        config.mail.url = Some(url);
        config.mail.from = Some("Fieldhook <alerts@example.com>".to_owned());
    })
    .await
}

#[tokio::test]
async fn an_issue_is_one_alert_with_its_fact_however_often_it_strikes() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200), reply(401)]).await;
    let hook = world
        .integration(json!({"event": "temp", "url": endpoint.url, "name": "Kitchen", "retryPolicy": "none"}))
        .await;
    for _ in 0..6 {
        world.publish("temp", "21").await;
        world.settled().await;
    }

    let found = alerts(&world, "state=open").await;
    let [alert] = found.iter().filter(|alert| alert["kind"] == "opened").collect::<Vec<_>>()[..] else {
        panic!("one alert of the issue: {found:#?}")
    };
    assert_eq!(alert["cause"]["type"], "issue");
    assert_eq!(alert["cause"]["integration"], hook);
    let origin = endpoint.url.trim_end_matches('/').to_owned();
    assert_eq!(alert["title"], format!("`Kitchen` fails: status 401 from {origin}"));
    assert!(alert["fact"].as_str().unwrap().contains("the last success was at"), "{alert}");
}

#[tokio::test]
async fn an_alert_is_an_event_that_any_integration_takes() {
    let world = World::start().await;
    let broken = world.endpoint([reply(500)]).await;
    let chat = world.endpoint([reply(200)]).await;
    let body = r#"{"text":"{{{title}}}","state":"{{state}}"}"#;
    world.integration(json!({"event": "fieldhook/alert", "url": chat.url, "body": body})).await;
    world.integration(json!({"event": "temp", "url": broken.url, "retryPolicy": "none"})).await;
    world.publish("temp", "21").await;

    let told: Value = serde_json::from_str(&chat.next().await.body).unwrap();
    assert_eq!(told["state"], "raised");
    assert!(
        told["text"].as_str().unwrap().starts_with("The integration on `temp` fails: status 500"),
        "{told}"
    );
}

#[tokio::test]
async fn nobody_else_can_publish_an_alert() {
    let world = World::start().await;
    let refused = world.admin().post("/v1/devices/events", json!({"name": "fieldhook/alert/opened"})).await;
    assert!(refused.refusal(400).contains("the server alone publishes alerts"));
}

#[tokio::test]
async fn what_fails_to_tell_of_alerts_is_in_the_list_and_tells_nobody_of_itself() {
    let world = World::start().await;
    let chat = world.endpoint([reply(500)]).await;
    world.integration(json!({"event": "fieldhook/alert", "url": chat.url, "retryPolicy": "none"})).await;
    world.admin().post("/fieldhook/v1/alerts/test", json!({})).await.expect(200);
    world.advance(secs(300)).await;
    world.advance(secs(300)).await;

    assert_eq!(kinds(&alerts(&world, "state=open").await), ["opened"]);
    assert_eq!(chat.hits(), 1, "the test alone");
}

#[tokio::test]
async fn ten_thousand_events_that_fail_for_three_reasons_are_three_alerts_and_few_mails() {
    let mut mails = MailServer::start().await;
    let world = world_with_mail(&mails).await;
    mail_to(&world, &["ops@example.com"]).await;
    let sick = world.endpoint((0..10_000).map(|n| reply([401, 404, 500][n % 3]))).await;
    world.integration(json!({"event": "temp", "url": sick.url, "retryPolicy": "none"})).await;
    for _ in 0..100 {
        for _ in 0..100 {
            world.publish("temp", "21").await;
        }
        world.advance(secs(1)).await;
    }

    world.advance(secs(60)).await;
    world.advance(secs(60)).await;
    let found = alerts(&world, "").await;
    let issues = found.iter().filter(|alert| alert["cause"]["type"] == "issue").count();
    assert_eq!(issues, 3, "{found:#?}");
    assert!(found.len() <= 5, "three issues, and the gate once: {found:#?}");
    let first = mails.next().await;
    assert_eq!(first["to"], json!(["ops@example.com"]));
    drop(world);
    let rest = mails.rest().await;
    assert!(rest.len() <= 4, "no more than one mail a minute: {rest:#?}");
}

#[tokio::test]
async fn a_hundred_integrations_that_fail_at_once_are_two_mails_and_two_events() {
    let mut mails = MailServer::start().await;
    let world = world_with_mail(&mails).await;
    mail_to(&world, &["ops@example.com"]).await;
    let chat = world.endpoint([reply(200)]).await;
    world.integration(json!({"event": "fieldhook/alert", "url": chat.url})).await;
    // Nobody listens there. The first failure is told at once, what comes within the minute after it together.
    for number in 2..102 {
        let url = format!("http://127.0.0.{number}:9/");
        world
            .integration(json!({"event": format!("all/{number}/"), "url": url, "retryPolicy": "none"}))
            .await;
        world.publish(&format!("all/{number}/"), "").await;
        world.settled().await;
    }
    world.advance(secs(61)).await;

    assert_eq!(mails.next().await["subject"].as_str().unwrap().matches("fails").count(), 1);
    let second = mails.next().await;
    assert!(second["subject"].as_str().unwrap().contains("more"), "{second}");
    assert!(second["text"].as_str().unwrap().matches("/integrations/").count() <= 20, "{second}");
    let told: Vec<_> = chat.seen().iter().map(|seen| seen.body.clone()).collect();
    assert!(told.len() == 2, "{told:#?}");
    assert!(told.iter().any(|body| body.contains("99%20alerts%20at%20once")), "{told:#?}");
}

#[tokio::test]
async fn an_issue_that_is_resolved_is_over_and_one_that_comes_back_is_a_regression() {
    let mut mails = MailServer::start().await;
    let world = world_with_mail(&mails).await;
    mail_to(&world, &["ops@example.com"]).await;
    let endpoint = world.endpoint([reply(401), reply(401)]).await;
    world.integration(json!({"event": "temp", "url": endpoint.url, "retryPolicy": "none"})).await;
    world.publish("temp", "1").await;
    let opened = alerts(&world, "state=open").await;
    assert_eq!(kinds(&opened), ["opened"]);
    let mail = mails.next().await;
    assert!(
        mail["subject"].as_str().unwrap().starts_with("[Fieldhook] The integration on `temp` fails"),
        "{mail}"
    );
    assert_eq!(
        (&mail["from"], &mail["auto_submitted"]),
        (&json!("alerts@example.com"), &json!("auto-generated"))
    );

    let issue = opened[0]["cause"]["issue"].as_str().unwrap();
    let path = format!("/fieldhook/v1/issues/{issue}");
    let request = world.admin().request(reqwest::Method::PATCH, &path).json(&json!({"state": "resolved"}));
    world.admin().send(request).await.expect(200);
    world.advance(secs(61)).await;
    let over = alerts(&world, "state=over").await;
    assert_eq!(over[0]["ended_by"], "the issue is resolved");
    assert!(mails.next().await["subject"].as_str().unwrap().starts_with("[Fieldhook] Over: "));

    world.publish("temp", "2").await;
    world.advance(secs(61)).await;
    assert_eq!(kinds(&alerts(&world, "state=open").await), ["regressed"]);
    assert!(mails.next().await["subject"].as_str().unwrap().contains("fails again"));
}

#[tokio::test]
async fn a_gate_is_told_on_its_way_to_sleep_as_one_alert() {
    let world = World::start().await;
    let answers = [200, 200, 200, 200, 200, 500, 500, 500, 500, 500, 500, 500].map(reply);
    let endpoint = world.endpoint(answers).await;
    world.integration(json!({"event": "temp", "url": endpoint.url, "retryPolicy": "none"})).await;
    let gate = async || {
        world.advance(secs(0)).await;
        let found = alerts(&world, "state=open").await;
        found.into_iter().find(|alert| alert["cause"]["type"] == "destination")
    };
    world.advance(secs(3)).await;
    for _ in 0..8 {
        world.publish("temp", "21").await;
        world.settled().await;
    }
    world.advance(secs(2)).await;
    let near = gate().await.unwrap();
    assert_eq!((&near["kind"], &near["percent"]), (&json!("gate-near"), &json!(50)));

    for _ in 0..4 {
        world.publish("temp", "21").await;
        world.settled().await;
    }
    world.advance(secs(5)).await;
    let asleep = gate().await.unwrap();
    assert_eq!((&asleep["kind"], &asleep["id"]), (&json!("asleep"), &near["id"]));
    assert!(asleep["fact"].as_str().unwrap().contains("attempts in 10 s have failed"), "{asleep}");

    world.advance(secs(700)).await;
    assert_eq!(gate().await, None, "quiet for ten minutes");
}

#[tokio::test]
async fn a_device_and_an_integration_with_a_rhythm_are_missed_and_bursts_are_not() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    world.integration(json!({"event": "temp", "url": endpoint.url, "name": "Kitchen"})).await;
    let device = world.device(DEVICE).await;
    let bursty = world.device("aaaaaaaaaaaaaaaaaaaaaaaa").await;
    for minute in 0..15_u64 {
        device.post("/v1/devices/events", json!({"name": "temp"})).await.expect(200);
        if [0, 1, 5].contains(&minute) {
            for _ in 0..5 {
                bursty.post("/v1/devices/events", json!({"name": "other"})).await.expect(200);
            }
        }
        world.advance(secs(60)).await;
    }
    assert_eq!(alerts(&world, "").await, [] as [Value; 0]);

    world.advance(secs(330)).await;
    let found = alerts(&world, "state=open").await;
    assert_eq!(kinds(&found), ["silent", "silent"], "{found:#?}");
    let causes: Vec<_> = found.iter().map(|alert| alert["cause"]["type"].as_str().unwrap()).collect();
    assert!(causes.contains(&"device") && causes.contains(&"integration"), "{causes:?}");
    let fact = found.iter().find(|alert| alert["cause"]["device"] == DEVICE).unwrap()["fact"].clone();
    assert!(fact.as_str().unwrap().starts_with("It published every 60 s until"), "{fact}");

    device.post("/v1/devices/events", json!({"name": "temp"})).await.expect(200);
    world.advance(secs(31)).await;
    let over = alerts(&world, "state=over").await;
    assert_eq!(over.len(), 2, "{over:#?}");
    assert!(over.iter().all(|alert| alert["ended_by"].as_str().unwrap().ends_with("again")), "{over:#?}");
}

#[tokio::test]
async fn operations_that_more_than_double_are_told_with_who_caused_them() {
    let world = World::start().await;
    let device = world.device(DEVICE).await;
    let publish = async |count: usize| {
        for _ in 0..count {
            device.post("/v1/devices/events", json!({"name": "temp"})).await.expect(200);
        }
    };
    for _ in 0..4 {
        publish(20).await;
        world.advance(secs(86_400)).await;
    }
    publish(1_001).await;
    world.advance(secs(600)).await;
    let found = alerts(&world, "state=open").await;
    let jump = found.iter().find(|alert| alert["kind"] == "operations").unwrap();
    let fact = jump["fact"].as_str().unwrap();
    assert!(fact.starts_with("1001 so far today; the busiest of the last 7 days had 20"), "{fact}");
    assert!(fact.contains("with 1001"), "{fact}");
}

#[tokio::test]
async fn a_test_says_what_it_triggered_and_whether_mail_is_taken() {
    let mut mails = MailServer::start().await;
    let world = world_with_mail(&mails).await;
    let chat = world.endpoint([reply(200)]).await;
    let hook = world.integration(json!({"event": "fieldhook/alert/", "url": chat.url, "name": "Chat"})).await;
    let channels = world.admin().get("/fieldhook/v1/alerts/settings").await.expect(200);
    assert_eq!(channels["integrations"][0]["id"], hook);
    assert_eq!((&channels["can_mail"], &channels["recipients"]), (&json!(true), &json!([])));

    let tried = world.admin().post("/fieldhook/v1/alerts/test", json!({})).await.expect(200);
    assert_eq!((&tried["triggered"][0]["name"], &tried["mailed"]), (&json!("Chat"), &Value::Null));
    assert!(chat.next().await.body.contains("fieldhook"));

    mail_to(&world, &["ops@example.com"]).await;
    let tried = world.admin().post("/fieldhook/v1/alerts/test", json!({})).await.expect(200);
    assert_eq!(tried["mailed"], true);
    assert!(mails.next().await["text"].as_str().unwrap().contains("Nothing is wrong."));

    mail_to(&world, &["nobody@refused.example"]).await;
    let tried = world.admin().post("/fieldhook/v1/alerts/test", json!({})).await.expect(200);
    assert_eq!(tried["mailed"], false);
    assert!(tried["mail_error"].as_str().unwrap().contains("no such mailbox here"), "{tried}");
    let channels = world.admin().get("/fieldhook/v1/alerts/settings").await.expect(200);
    assert!(channels["last_mail"]["error"].as_str().unwrap().contains("no such mailbox"), "{channels}");
}

#[tokio::test]
async fn a_mail_server_of_an_authority_that_the_operator_names_is_believed_and_no_other() {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = rcgen::KeyPair::generate().unwrap();
    let roots = written(&params.self_signed(&authority).unwrap().pem());
    let issuer = rcgen::Issuer::new(params, authority);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = written(&certificate.signed_by(&key, &issuer).unwrap().pem());
    let key = written(&key.serialize_pem());
    let mut mails = MailServer::start_tls(certificate.path(), key.path()).await;

    for (named, mailed) in [(None, false), (Some(roots.path().to_owned()), true)] {
        let url = mails.url();
        let world = World::start_with(|config| {
            config.mail.url = Some(url);
            config.mail.from = Some("alerts@example.com".to_owned());
            config.tls_roots = named;
        })
        .await;
        mail_to(&world, &["ops@example.com"]).await;
        let tried = world.admin().post("/fieldhook/v1/alerts/test", json!({})).await.expect(200);
        assert_eq!(tried["mailed"], mailed, "{tried}");
        let why = tried["mail_error"].as_str().unwrap_or_default();
        assert!(mailed || why.contains("certificate"), "{why}");
    }
    assert_eq!(mails.next().await["to"], json!(["ops@example.com"]));
}

fn written(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[tokio::test]
async fn a_mail_that_was_not_taken_is_sent_once_the_server_takes_it() {
    let mut mails = MailServer::start().await;
    let world = world_with_mail(&mails).await;
    mail_to(&world, &["nobody@refused.example"]).await;
    let endpoint = world.endpoint([reply(401)]).await;
    world.integration(json!({"event": "temp", "url": endpoint.url, "retryPolicy": "none"})).await;
    world.publish("temp", "1").await;
    world.settled().await;

    mail_to(&world, &["ops@example.com"]).await;
    world.advance(secs(61)).await;
    assert!(mails.next().await["subject"].as_str().unwrap().contains("fails"));
}

#[tokio::test]
async fn alerts_and_their_settings_survive_a_restart_and_are_not_raised_twice() {
    let mut world = World::start().await;
    let endpoint = world.endpoint([reply(401)]).await;
    world.integration(json!({"event": "temp", "url": endpoint.url, "retryPolicy": "none"})).await;
    mail_to(&world, &["ops@example.com"]).await;
    world.publish("temp", "1").await;
    let before = alerts(&world, "").await;
    world.admin().put("/fieldhook/v1/alerts/seen", json!({})).await.expect(200);

    world.restart().await;
    let after = world.admin().get("/fieldhook/v1/alerts").await.expect(200);
    assert_eq!(after["items"][0]["id"], before[0]["id"]);
    assert_eq!((&after["open"], &after["unseen"]), (&json!(1), &json!(0)));
    let channels = world.admin().get("/fieldhook/v1/alerts/settings").await.expect(200);
    assert_eq!(channels["recipients"], json!(["ops@example.com"]));
}

#[tokio::test]
async fn a_dismissed_alert_is_over_and_says_by_whom() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(401)]).await;
    world.integration(json!({"event": "temp", "url": endpoint.url, "retryPolicy": "none"})).await;
    world.publish("temp", "1").await;
    let id = alerts(&world, "").await[0]["id"].as_str().unwrap().to_owned();
    let dismissed =
        world.admin().post(&format!("/fieldhook/v1/alerts/{id}/dismiss"), json!({})).await.expect(200);
    assert_eq!(dismissed["ended_by"], "dismissed by admin@example.com");
    world.publish("temp", "2").await;
    assert_eq!(kinds(&alerts(&world, "state=open").await), [] as [&str; 0], "its cause is known");
}

#[tokio::test]
async fn alerts_are_seen_by_those_who_see_their_scope() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(401)]).await;
    world.integration(json!({"event": "temp", "url": endpoint.url, "retryPolicy": "none"})).await;
    world.publish("temp", "1").await;
    let id = alerts(&world, "").await[0]["id"].as_str().unwrap().to_owned();

    let stranger = world.person("stranger@example.com").await;
    assert_eq!(stranger.get("/fieldhook/v1/alerts").await.expect(200)["items"], json!([]));
    stranger.post(&format!("/fieldhook/v1/alerts/{id}/dismiss"), json!({})).await.expect(404);
    let scope = alerts(&world, "").await[0]["scope"].as_str().unwrap().to_owned();
    stranger.get(&format!("/fieldhook/v1/alerts/settings?scope={scope}")).await.expect(404);
    world.nobody().get("/fieldhook/v1/alerts").await.expect(401);
}

#[tokio::test]
async fn wrong_settings_are_refused_by_name() {
    let world = World::start().await;
    let put = async |settings: Value| {
        world.admin().put("/fieldhook/v1/alerts/settings", settings).await.refusal(400)
    };
    assert!(put(json!({"recipients": ["nobody"]})).await.contains("`nobody` is not an e-mail address"));
    assert!(put(json!({"mailed": ["sometimes"]})).await.contains("sometimes"));
    assert!(put(json!({"recipient": []})).await.contains("recipient"));
    let refused = world.admin().get("/fieldhook/v1/alerts?state=odd").await.refusal(400);
    assert!(refused.contains("open, over or all"), "{refused}");
}
