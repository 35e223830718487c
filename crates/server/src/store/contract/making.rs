//! Things to record, each from a number that tells it from others.

use std::sync::Arc;
use std::time::Duration;

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{
    Answer, Attempt, Code, FollowedBy, GateEvidence, KeptBody, Network, Next, Outcome, Phase, Rendering,
    SentRequest, Timings, Trigger, Verdict,
};
use fieldhook_core::event::{Event, Publisher, Source};
use fieldhook_core::id::{
    AttemptId, DeliveryId, DeviceId, EventId, IntegrationId, ProductId, ReplayId, UserId,
};
use fieldhook_core::replay::{Plan, Progress, Revision, Selection, Sending, Span};
use fieldhook_core::time::Timestamp;

use crate::store::{EndedEntry, Entry, MatchedEntry, ReplayRow};

/// Noon of 2026-01-02.
pub(crate) const NOON: Timestamp = Timestamp::from_millis(1_767_355_200_000);
pub(crate) const OWNER: UserId = UserId([0xA1; 12]);
pub(crate) const MINE: Scope = Scope::User(OWNER);
pub(crate) const DEVICE: DeviceId = DeviceId([0xD1; 12]);
pub(crate) const HOOK: IntegrationId = IntegrationId([0xB1; 12]);
pub(crate) const OTHER_HOOK: IntegrationId = IntegrationId([0xB2; 12]);

/// The moment so many seconds past noon.
pub(crate) fn at(seconds: u64) -> Timestamp {
    NOON + Duration::from_secs(seconds)
}

fn luck(number: u64, kind: u16) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[..2].copy_from_slice(&kind.to_be_bytes());
    bytes[2..].copy_from_slice(&number.to_be_bytes());
    bytes
}

/// An event that a device published `number` seconds past noon.
pub(crate) fn event(number: u64) -> Event {
    Event {
        id: EventId::new(at(number), luck(number, 0)),
        name: "temperature/kitchen".to_owned(),
        data: Some(format!("{{\"celsius\": {number}}}")),
        published_at: at(number),
        ttl: 60,
        publisher: Publisher::Device(DEVICE),
        private: true,
        owner: Some(OWNER),
        product: None,
        product_version: None,
        source: Source::Http,
        idempotency_key: None,
    }
}

/// The delivery of an event for an integration of mine.
pub(crate) fn matched(event: &Event, integration: IntegrationId) -> MatchedEntry {
    let of_event = event.id.0.as_u128() as u64;
    MatchedEntry {
        delivery: DeliveryId::new(event.published_at, luck(of_event, u16::from(integration.0[11]))),
        event: event.id,
        event_name: event.name.clone(),
        integration,
        scope: MINE,
        device: event.device(),
        replay: None,
        at: event.published_at,
    }
}

/// A delivery's attempt of this number: begun so many seconds after the match, over 80 ms later, a success.
pub(crate) fn success(event: &Arc<Event>, matched: &MatchedEntry, number: u32) -> Attempt {
    let started_at = matched.at + Duration::from_secs(number.into());
    let of_delivery = matched.delivery.0.as_u128() as u64;
    Attempt {
        id: AttemptId::new(
            started_at,
            luck(of_delivery ^ u64::from(matched.integration.0[11]), number as u16),
        ),
        delivery: matched.delivery,
        event: event.clone(),
        integration: matched.integration,
        revision: 3,
        scope: matched.scope,
        trigger: if number == 1 { Trigger::Event } else { Trigger::Retry },
        number,
        started_at,
        ended_at: started_at + Duration::from_millis(80),
        outcome: Outcome::Success,
        code: None,
        status: Some(200),
        stopped_in: None,
        message: None,
        origin: Some("https://example.com:443".to_owned()),
        rendering: Rendering::default(),
        request: None,
        answer: None,
        timings: Timings { total_us: 80_000, ..Timings::default() },
        network: Network::default(),
        gate: None,
        next: Next::Final(Verdict::Delivered),
        followed_by: Vec::new(),
    }
}

/// An attempt that nobody answered, after which the delivery waits for a minute.
pub(crate) fn error(event: &Arc<Event>, matched: &MatchedEntry, number: u32) -> Attempt {
    let success = success(event, matched, number);
    Attempt {
        outcome: Outcome::Error,
        code: Some(Code::Refused),
        status: None,
        stopped_in: Some(Phase::Connect),
        message: Some("connecting: nobody listens at example.com".to_owned()),
        next: Next::TryAt(success.ended_at + Duration::from_mins(1)),
        ..success
    }
}

/// An attempt that the gate refused, after which the delivery waits for a minute.
pub(crate) fn refusal(event: &Arc<Event>, matched: &MatchedEntry, number: u32) -> Attempt {
    let error = error(event, matched, number);
    Attempt { outcome: Outcome::Skipped, code: None, stopped_in: Some(Phase::Gate), ..error }
}

/// The attempt, as the last of its delivery.
pub(crate) fn last(attempt: Attempt, verdict: Verdict) -> Attempt {
    Attempt { next: Next::Final(verdict), ..attempt }
}

/// The attempt, as a test that somebody made.
pub(crate) fn test(attempt: Attempt) -> Attempt {
    Attempt { trigger: Trigger::Test { by: OWNER }, ..attempt }
}

/// An attempt in which every field has something to say.
pub(crate) fn talkative(event: &Arc<Event>, matched: &MatchedEntry) -> Attempt {
    let body = |text: &str| KeptBody { text: text.to_owned(), binary: false, bytes: 4_096, cut: true };
    let headers = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    Attempt {
        trigger: Trigger::Replay { by: OWNER, replay: "r-1".to_owned() },
        rendering: Rendering {
            used: vec!["celsius".to_owned()],
            missing: vec!["fahrenheit".to_owned()],
            escaped: vec!["note".to_owned()],
            json_fault: Some("line 2, column 7: a comma is missing".to_owned()),
        },
        request: Some(SentRequest {
            method: "POST".to_owned(),
            url: "https://example.com/intake?room=kitchen".to_owned(),
            headers: headers("x-sender", "Fieldhook \"é\""),
            body: Some(body("{\"warm\": true}\n")),
        }),
        answer: Some(Answer {
            status: 503,
            headers: headers("retry-after", "Tuesday"),
            body: body("<h1>Gone Fishing</h1>"),
        }),
        timings: Timings { queued_us: Some(1), wait_us: Some(2), total_us: 1_234_567, ..Timings::default() },
        network: Network { address: Some("192.0.2.1:443".to_owned()), reused: true, ..Network::default() },
        gate: Some(GateEvidence {
            counted: true,
            attempts_before: 7,
            accepts_before: 2,
            probability_before: 0.1,
            probability_after: 1.0 / 3.0,
        }),
        followed_by: vec![FollowedBy {
            name: "hook-error/x/0".to_owned(),
            bytes: 3,
            listeners: 2,
            operations: 1,
        }],
        status: Some(503),
        ..error(event, matched, 1)
    }
}

/// A delivery's end without an attempt.
pub(crate) fn ended(matched: &MatchedEntry, verdict: Verdict) -> EndedEntry {
    EndedEntry {
        delivery: matched.delivery,
        integration: matched.integration,
        verdict,
        reason: "the integration was disabled".to_owned(),
        at: matched.at + Duration::from_secs(30),
    }
}

/// A replay that began `number` seconds past noon, to recover ten events of an integration of mine.
pub(crate) fn replay(number: u64, integration: IntegrationId) -> ReplayRow {
    let span = Span { integration, since: None, until: at(number) };
    ReplayRow {
        id: ReplayId::new(at(number), luck(number, 7)),
        integration,
        scope: MINE,
        by: OWNER,
        by_name: "ada@example.com".to_owned(),
        plan: Plan { selection: Selection::Recover(span), to: None, rate: 10.0, revision: Revision::Then },
        sending: Sending::Underway,
        reason: None,
        progress: Progress { total: 10, ..Progress::default() },
        ended_at: None,
        changed_at: at(number),
    }
}

/// The delivery of an event that a replay makes.
pub(crate) fn replayed(event: &Event, replay: &ReplayRow) -> MatchedEntry {
    let first = matched(event, replay.integration);
    let luck = luck(event.id.0.as_u128() as u64, 0xAA);
    let began = replay.changed_at;
    MatchedEntry { delivery: DeliveryId::new(began, luck), replay: Some(replay.id), at: began, ..first }
}

/// The attempt, as the first of a delivery that a replay made.
pub(crate) fn by_replay(attempt: Attempt, replay: &ReplayRow) -> Attempt {
    Attempt { trigger: Trigger::Replay { by: replay.by, replay: replay.id.to_string() }, ..attempt }
}

/// An event of a product's device.
pub(crate) fn of_product(event: Event, product: u32) -> Event {
    Event { product: Some(ProductId(product)), ..event }
}

/// The attempt as an entry.
pub(crate) fn attempted(attempt: &Attempt) -> Entry {
    Entry::Attempted(Arc::new(attempt.clone()))
}
