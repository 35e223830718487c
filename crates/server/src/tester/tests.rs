use fieldhook_core::id::UserId;
use serde_json::json;

use super::*;
use crate::clock::{ManualClock, SeededLuck};

const ANN: Scope = Scope::User(UserId([1; 12]));
const BOB: Scope = Scope::User(UserId([2; 12]));

fn tester() -> (Tester, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_000)));
    (Tester::new(Nature { clock: clock.clone(), luck: Arc::new(SeededLuck::new(1)) }), clock)
}

fn arrival(body: &str) -> Arrival {
    Arrival {
        method: "POST".to_owned(),
        path: "/in".to_owned(),
        query: None,
        http: "HTTP/1.1".to_owned(),
        headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
        body: kept_body(body.as_bytes().to_vec(), body.len() as u64),
    }
}

fn numbers(caught: &Caught) -> Vec<u64> {
    caught.requests.iter().map(|request| request.number).collect()
}

#[test]
fn what_is_caught_is_listed_newest_first_and_in_pages() {
    let (tester, _) = tester();
    let id = tester.create(ANN).unwrap().id;
    for body in ["one", "two", "three"] {
        tester.catch(&id, arrival(body)).unwrap();
    }

    let first = tester.caught(&id, None, 2, None).unwrap();
    assert_eq!((numbers(&first), first.before), (vec![3, 2], Some(2)));
    let rest = tester.caught(&id, first.before, 2, None).unwrap();
    assert_eq!((numbers(&rest), rest.before), (vec![1], None));
    assert_eq!(numbers(&tester.caught(&id, None, 9, Some("TWO")).unwrap()), [2]);
}

#[test]
fn an_endpoint_keeps_the_last_200_requests_and_counts_all() {
    let (tester, _) = tester();
    let id = tester.create(ANN).unwrap().id;
    for _ in 0..=MOST_KEPT {
        tester.catch(&id, arrival("x")).unwrap();
    }
    let caught = tester.caught(&id, None, 1_000, None).unwrap();
    assert_eq!(caught.requests.len(), MOST_KEPT);
    assert_eq!(caught.requests.last().unwrap().number, 2);
    assert_eq!(tester.endpoint(&id).unwrap().caught, 201);
}

#[test]
fn memory_is_bounded_for_one_endpoint_and_for_all() {
    let (tester, _) = tester();
    let big = "x".repeat(BODY_KEPT);
    for _ in 0..30 {
        let id = tester.create(ANN).unwrap().id;
        for _ in 0..40 {
            tester.catch(&id, arrival(&big)).unwrap();
        }
        assert!(tester.state.lock().endpoints[&id].bytes <= ENDPOINT_BYTES);
    }
    let state = tester.state.lock();
    assert!(state.bytes <= ALL_BYTES);
    assert_eq!(state.bytes, state.endpoints.values().map(|endpoint| endpoint.bytes).sum::<usize>());
}

#[test]
fn an_endpoint_is_forgotten_after_a_day_without_use_unless_it_is_kept() {
    let (tester, clock) = tester();
    let idle = tester.create(ANN).unwrap().id;
    let used = tester.create(ANN).unwrap().id;
    tester.keep("demo", ANN);

    clock.advance(IDLE_LIFE / 2);
    tester.catch(&used, arrival("x")).unwrap();
    clock.advance(IDLE_LIFE / 2);
    tester.forget_idle();

    assert!(tester.endpoint(&idle).is_none());
    assert!(tester.endpoint(&used).is_some());
    assert!(tester.endpoint("demo").is_some());
}

#[test]
fn a_scope_may_have_50_endpoints_and_sees_only_its_own() {
    let (tester, _) = tester();
    for _ in 0..MOST_IN_SCOPE {
        tester.create(ANN).unwrap();
    }
    assert_eq!(tester.create(ANN), Err(TesterError::TooMany { scope: ANN }));
    tester.create(BOB).unwrap();
    assert_eq!(tester.endpoints(&[BOB]).len(), 1);
}

#[test]
fn each_request_is_answered_as_the_rules_say() {
    let (tester, _) = tester();
    let id = tester.create(ANN).unwrap().id;
    let settings = json!({
        "status": 201,
        "rules": [{"when": {"every": 2}, "answer": {"status": 503}}],
    });
    tester.answer(&id, serde_json::from_value(settings).unwrap()).unwrap();

    let statuses: Vec<u16> =
        (0..4).map(|_| tester.catch(&id, arrival("x")).unwrap().answer().status).collect();
    assert_eq!(statuses, [201, 503, 201, 503]);
    let caught = tester.caught(&id, None, 1, None).unwrap();
    assert_eq!((caught.requests[0].status, caught.requests[0].rule), (Some(503), Some(1)));
}

#[tokio::test]
async fn whoever_watches_sees_each_request_as_it_comes_until_the_endpoint_goes() {
    let (tester, _) = tester();
    let id = tester.create(ANN).unwrap().id;
    let mut watching = tester.watch(&id).unwrap();

    tester.catch(&id, arrival("x")).unwrap();
    assert_eq!(watching.recv().await.unwrap().number, 1);
    tester.remove(&id);
    assert!(watching.recv().await.is_err());
    assert!(tester.catch(&id, arrival("x")).is_none());
}

#[test]
fn a_cleared_endpoint_gives_its_memory_back_and_counts_on() {
    let (tester, _) = tester();
    let id = tester.create(ANN).unwrap().id;
    tester.catch(&id, arrival("x")).unwrap();
    assert!(tester.clear(&id));
    assert_eq!(tester.state.lock().bytes, 0);
    tester.catch(&id, arrival("x")).unwrap();
    assert_eq!(numbers(&tester.caught(&id, None, 9, None).unwrap()), [2]);
}

#[test]
fn a_body_is_kept_as_text_where_it_is_text_even_when_cut_through_a_character() {
    let whole = kept_body("grün".as_bytes().to_vec(), 5);
    assert_eq!((whole.text.as_str(), whole.binary, whole.cut), ("grün", false, false));
    let cut = kept_body("grü".as_bytes()[..3].to_vec(), 5);
    assert_eq!((cut.text.as_str(), cut.binary, cut.cut), ("gr", false, true));
    let binary = kept_body(vec![0xff, 0xfe], 2);
    assert_eq!((binary.text.as_str(), binary.binary), ("//4=", true));
}
