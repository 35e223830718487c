//! Evidence to test rules with: attempts as the server records them, each made in a line.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::card::Card;
use super::evidence::{Evidence, Line, Problem, Recent, Subject};
use super::fate::FateCounts;
use crate::access::Scope;
use crate::attempt::{
    Answer, Attempt, Code, GateEvidence, KeptBody, Network, Next, Outcome, Phase, Rendering, Timings,
    Trigger, Verdict,
};
use crate::event::{Event, Publisher, Source};
use crate::id::{AttemptId, DeliveryId, DeviceId, EventId, IntegrationId, UserId};
use crate::integration::Definition;
use crate::request::{EventData, Facts, Webhook};
use crate::time::Timestamp;

pub(crate) const T0: Timestamp = Timestamp::from_millis(1_767_323_045_678);
pub(crate) const OWNER: UserId = UserId([0xA1; 12]);
pub(crate) const HOOK: IntegrationId = IntegrationId([0xB1; 12]);
pub(crate) const DEVICE: DeviceId = DeviceId([0xD1; 12]);
pub(crate) const ORIGIN: &str = "https://api.example.com:443";

fn luck(number: u64, kind: u8) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[0] = kind;
    bytes[2..].copy_from_slice(&number.to_be_bytes());
    bytes
}

/// The moment so many seconds after the first.
pub(crate) fn at(seconds: u64) -> Timestamp {
    T0 + Duration::from_secs(seconds)
}

/// An event that a device published `number` seconds after the first moment.
pub(crate) fn event(number: u64, name: &str, data: &str) -> Event {
    Event {
        id: EventId::new(at(number), luck(number, 1)),
        name: name.to_owned(),
        data: Some(data.to_owned()),
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

/// What an integration sends, and to what ends its attempts come.
pub(crate) struct Story {
    template: Map<String, Value>,
    secrets: BTreeMap<String, String>,
    attempts: Vec<Arc<Attempt>>,
    pub(crate) evidence: Evidence,
    made: u64,
}

impl Story {
    /// An integration with these keys, beside an event name and an address.
    pub(crate) fn of(keys: Value) -> Self {
        let mut template = json!({"event": "temp", "url": "https://api.example.com/in"});
        let members = template.as_object_mut().unwrap();
        members.extend(keys.as_object().unwrap().clone());
        let template = members.clone();
        let reading = Definition::read(&template, Scope::User(OWNER));
        let definition = reading.definition.unwrap_or_else(|| panic!("{:?}", reading.findings));
        let subject = Subject {
            integration: HOOK,
            scope: Scope::User(OWNER),
            prefix: definition.event.clone(),
            device: definition.device,
            revision: 3,
            updated_at: T0,
            disabled: None,
            definition: Some(Arc::new(definition)),
        };
        let evidence = Evidence {
            now: at(86_400),
            subject,
            problems: Vec::new(),
            recent: Recent::default(),
            secrets: Vec::new(),
            gate: None,
            neighbours: Vec::new(),
            funnel: None,
            twins: Vec::new(),
        };
        Self { template, secrets: BTreeMap::new(), attempts: Vec::new(), evidence, made: 0 }
    }

    pub(crate) fn secret(mut self, name: &str, value: &str) -> Self {
        self.secrets.insert(name.to_owned(), value.to_owned());
        self
    }

    fn webhook(&self) -> Webhook {
        Webhook::compile(&Definition::read(&self.template, Scope::User(OWNER)).definition.unwrap())
    }

    /// Changes a key of the template, as saving another revision does.
    pub(crate) fn edited(mut self, key: &str, value: Value) -> Self {
        self.template.insert(key.to_owned(), value);
        self
    }

    /// One more attempt, a second after the last, for an event with this data.
    pub(crate) fn attempt(mut self, data: &str, end: impl FnOnce(&mut Attempt)) -> Self {
        let number = self.made;
        self.made += 1;
        let event = Arc::new(event(number, "temp/kitchen", data));
        self.push(&event, end);
        self
    }

    /// The same for another device, with a firmware version.
    pub(crate) fn attempt_of(
        mut self,
        device: u8,
        version: u32,
        data: &str,
        end: impl FnOnce(&mut Attempt),
    ) -> Self {
        let number = self.made;
        self.made += 1;
        let event = Event {
            publisher: Publisher::Device(DeviceId([device; 12])),
            product_version: Some(version),
            ..event(number, "temp/kitchen", data)
        };
        self.push(&Arc::new(event), end);
        self
    }

    fn push(&mut self, event: &Arc<Event>, end: impl FnOnce(&mut Attempt)) {
        let mut attempt = self.filled_in(event);
        end(&mut attempt);
        self.attempts.push(Arc::new(attempt));
    }

    /// The attempt up to where the answer is waited for.
    fn filled_in(&self, event: &Arc<Event>) -> Attempt {
        let started_at = event.published_at;
        let number = started_at.as_millis() as u64;
        let delivery = DeliveryId::new(started_at, luck(number, 2));
        let mut attempt = Attempt {
            id: AttemptId::new(started_at, luck(number, 3)),
            delivery,
            event: event.clone(),
            integration: HOOK,
            revision: 3,
            scope: Scope::User(OWNER),
            trigger: Trigger::Event,
            number: 1,
            started_at,
            ended_at: started_at,
            outcome: Outcome::Error,
            code: None,
            status: None,
            stopped_in: None,
            message: None,
            origin: None,
            rendering: Rendering::default(),
            request: None,
            answer: None,
            timings: Timings::default(),
            network: Network::default(),
            gate: None,
            next: Next::Final(Verdict::Failed),
            followed_by: Vec::new(),
        };
        let facts = Facts {
            event,
            data: &EventData::default(),
            product_user: None,
            secrets: &self.secrets,
            delivery,
            now: started_at,
            replay: None,
        };
        match self.webhook().request(&facts) {
            Ok(rendered) => {
                attempt.origin = Some(rendered.request.origin.to_string());
                attempt.request = Some(rendered.sent());
                attempt.rendering = rendered.rendering;
                let gate = GateEvidence { counted: true, ..GateEvidence::default() };
                attempt.gate = Some(gate);
            }
            Err(fault) => {
                attempt.code = Some(fault.code);
                attempt.stopped_in = Some(Phase::Render);
                attempt.message = Some(fault.message);
                attempt.rendering = *fault.rendering;
            }
        }
        attempt
    }

    /// The evidence, with the failures as one problem: the last way of failing is the one asked about.
    pub(crate) fn told(mut self) -> Evidence {
        let newest = |outcome| {
            let wanted = self.attempts.iter().rev().filter(move |attempt| attempt.outcome == outcome);
            wanted.cloned().collect::<Vec<_>>()
        };
        self.evidence.recent = Recent {
            successes: newest(Outcome::Success),
            failures: newest(Outcome::Error),
            skipped: newest(Outcome::Skipped),
            lines: self.attempts.iter().rev().map(|attempt| line(attempt)).collect(),
        };
        if let Some(latest) = self.evidence.recent.failures.first() {
            let problem = self.problem(latest);
            self.evidence.problems.push(problem);
        }
        self.evidence
    }

    fn problem(&self, latest: &Arc<Attempt>) -> Problem {
        let same = |attempt: &&Arc<Attempt>| {
            attempt.outcome == Outcome::Error
                && (attempt.code, attempt.status) == (latest.code, latest.status)
        };
        let first = self.attempts.iter().find(same).unwrap();
        let good = |attempt: &&Arc<Attempt>| {
            attempt.outcome == Outcome::Success && attempt.started_at < first.started_at
        };
        let count = self.attempts.iter().filter(same).count() as u64;
        let since = self.attempts.iter().filter(|attempt| attempt.started_at >= first.started_at).count();
        let facts = Facts {
            event: &latest.event,
            data: &EventData::default(),
            product_user: None,
            secrets: &self.secrets,
            delivery: latest.delivery,
            now: latest.started_at,
            replay: None,
        };
        Problem {
            issue: Some("i1".to_owned()),
            code: latest.code,
            status: latest.status,
            origin: latest.origin.clone(),
            phase: latest.stopped_in,
            count,
            of: since as u64,
            since: first.started_at,
            last: latest.started_at,
            devices: 1,
            first: first.clone(),
            latest: latest.clone(),
            last_good: self.attempts.iter().rev().find(good).cloned(),
            edits: Vec::new(),
            fate: FateCounts { failed: count, ..FateCounts::default() },
            fault: self.webhook().json_fault(&facts),
        }
    }
}

/// The one card that the evidence gives.
#[track_caller]
pub(crate) fn only_card(evidence: &Evidence) -> Card {
    let mut cards = super::diagnose(evidence);
    assert_eq!(cards.len(), 1, "{cards:#?}");
    cards.remove(0)
}

pub(crate) fn line(attempt: &Attempt) -> Line {
    Line {
        id: attempt.id,
        at: attempt.started_at,
        duration_ms: attempt.duration_ms(),
        outcome: attempt.outcome,
        status: attempt.status,
        code: attempt.code,
        device: attempt.event.device(),
        trigger: "event".to_owned(),
    }
}

fn body(text: &str) -> KeptBody {
    KeptBody { text: text.to_owned(), bytes: text.len() as u64, ..KeptBody::default() }
}

fn took(attempt: &mut Attempt, millis: u64) {
    attempt.timings.queued_us = Some(300);
    attempt.timings.total_us = millis * 1000;
    attempt.ended_at = attempt.started_at + Duration::from_millis(millis);
}

/// Ends it with an answer.
pub(crate) fn answered(status: u16, headers: &[(&str, &str)], text: &str) -> impl FnOnce(&mut Attempt) {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let headers: Vec<_> = headers.iter().map(owned).collect();
    let answer = Answer { status, headers, body: body(text) };
    move |attempt| {
        let success = (200..300).contains(&status);
        attempt.outcome = if success { Outcome::Success } else { Outcome::Error };
        attempt.status = Some(status);
        if success {
            attempt.next = Next::Final(Verdict::Delivered);
        } else {
            attempt.stopped_in = Some(Phase::Receive);
            attempt.message = Some(format!("error status {status} from api.example.com"));
        }
        attempt.answer = Some(answer);
        attempt.network = Network {
            address: Some("192.0.2.1:443".to_owned()),
            http: Some("HTTP/1.1".to_owned()),
            bytes_out: 300,
            bytes_in: 120,
            ..Network::default()
        };
        attempt.timings.wait_us = Some(40_000);
        took(attempt, 50);
    }
}

/// Ends it without one.
pub(crate) fn unanswered(code: Code, phase: Phase, message: &str, millis: u64) -> impl FnOnce(&mut Attempt) {
    let message = format!("{}: {message}", phase.as_str());
    move |attempt| {
        attempt.code = Some(code);
        attempt.stopped_in = Some(phase);
        attempt.message = Some(message);
        took(attempt, millis);
    }
}

/// Leaves it as it is: it was never sent.
pub(crate) fn as_it_is(_: &mut Attempt) {}
