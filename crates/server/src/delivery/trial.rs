//! One attempt: fill in, ask the gate, send, judge. What it leaves is evidence.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use fieldhook_core::attempt::{
    Answer, Attempt, GateEvidence, KeptBody, Network, Next, Outcome, Phase, Rendering, Timings, Trigger,
    Verdict,
};
use fieldhook_core::event::Event;
use fieldhook_core::id::{AttemptId, DeliveryId};
use fieldhook_core::origin::{Origin, Scheme};
use fieldhook_core::outcome::{self, Tried};
use fieldhook_core::reply::{AnswerFacts, SLEEPING, error_text};
use fieldhook_core::request::{EventData, Facts, RenderFault, Rendered, mask_text};
use fieldhook_core::retry;
use fieldhook_core::throttle::{Bucket, Decision, Ended, parse_retry_after};
use fieldhook_core::time::Timestamp;

use super::gates::Destination;
use super::replies::Announcer;
use super::{Engine, LiveIntegration};
use crate::clock::{random, random_fraction};
use crate::outbound::{Call, PoolKey, Received, Sent};
use crate::store::Entry;

/// What an attempt is made at, and why.
pub(super) struct Trial<'a> {
    /// The integration.
    pub(super) live: &'a LiveIntegration,
    /// The event.
    pub(super) event: &'a Arc<Event>,
    /// The delivery.
    pub(super) delivery: DeliveryId,
    /// Why.
    pub(super) trigger: Trigger,
    /// The replay that it is part of, retries included.
    pub(super) replay: Option<&'a str>,
    /// 1 for the delivery's first attempt.
    pub(super) number: u32,
    /// When it fell due.
    pub(super) due: Timestamp,
    /// When the delivery's first attempt began.
    pub(super) first_tried_at: Timestamp,
}

impl Trial<'_> {
    fn is_test(&self) -> bool {
        matches!(self.trigger, Trigger::Test { .. })
    }
}

/// How far an attempt got, before it is judged.
struct Ending {
    outcome: Outcome,
    tried_status: Option<u16>,
    retry_after: Option<std::time::Duration>,
    evidence: Attempt,
}

impl Engine {
    /// Makes the attempt; returns its evidence, and what devices were charged for replies.
    pub(super) async fn attempt(&self, trial: Trial<'_>) -> (Attempt, Vec<Entry>) {
        let started_at = self.nature.now();
        let data = EventData::default();
        let facts = Facts {
            event: trial.event,
            data: &data,
            product_user: None,
            secrets: &trial.live.secrets,
            delivery: trial.delivery,
            now: started_at,
            replay: trial.replay,
        };
        let announcer = Announcer::new(self, &trial, &facts);
        let blank = self.blank(&trial, started_at);
        let ending = match trial.live.webhook.request(&facts) {
            Err(fault) => unrendered(blank, fault),
            Ok(rendered) => self.knock(&trial, blank, rendered, &announcer).await,
        };
        let attempt = self.judge(&trial, ending);
        announce(attempt, announcer)
    }

    /// Asks the gate, unless it is a test, and sends when it may.
    async fn knock(
        &self,
        trial: &Trial<'_>,
        mut evidence: Attempt,
        rendered: Rendered,
        announcer: &Announcer<'_>,
    ) -> Ending {
        let origin = &rendered.request.origin;
        evidence.origin = Some(origin.to_string());
        if trial.is_test() {
            return self.send(trial, evidence, rendered, announcer).await;
        }
        let destination = self.gates.of(trial.live.saved.scope, origin, evidence.started_at);
        let luck = random_fraction(&*self.nature.luck);
        let (decision, before, probability) = destination.enter(evidence.started_at, luck);
        evidence.gate = Some(gate_evidence(before, probability));
        match decision {
            Decision::Pass => {
                let passed = Passed { destination: &destination, engine: self, left: false };
                let ending = self.send(trial, evidence, rendered, announcer).await;
                passed.leave(trial, ending)
            }
            Decision::Skip { .. } => skipped(evidence, rendered, None),
            Decision::Closed { until } => {
                let wait = until.since(evidence.started_at);
                skipped(evidence, rendered, Some(wait))
            }
        }
    }

    async fn send(
        &self,
        trial: &Trial<'_>,
        mut evidence: Attempt,
        rendered: Rendered,
        announcer: &Announcer<'_>,
    ) -> Ending {
        evidence.request = Some(rendered.sent());
        let Rendered { request, rendering, masks } = rendered;
        evidence.rendering = rendering;
        let mut written = || announcer.sent();
        let call = Call {
            pool: pool_key(trial, &request.origin),
            https: request.origin.scheme == Scheme::Https,
            host: &request.origin.host,
            port: request.origin.port,
            method: request.method.as_str(),
            target: &request.target,
            headers: &request.headers,
            body: request.body.map(Bytes::from),
            verify_tls: trial.live.webhook.verify_tls,
            keep_alive: trial.live.webhook.keep_alive,
            on_written: Some(&mut written),
        };
        let Sent { result, mut timings, network, .. } = self.outbound.send(call).await;
        let queued = evidence.started_at.since(trial.due);
        self.lag.saw(evidence.started_at, queued);
        timings.queued_us = Some(micros(queued));
        evidence.timings = timings;
        evidence.network = network;
        match result {
            Ok(received) => self.answered(trial, evidence, received, &masks, announcer),
            Err(failure) => {
                evidence.outcome = Outcome::Error;
                evidence.code = Some(failure.code);
                evidence.stopped_in = Some(failure.phase);
                evidence.message = Some(mask_text(&failure.message, &masks));
                Ending { outcome: Outcome::Error, tried_status: None, retry_after: None, evidence }
            }
        }
    }

    fn answered(
        &self,
        trial: &Trial<'_>,
        mut evidence: Attempt,
        received: Received,
        masks: &[String],
        announcer: &Announcer<'_>,
    ) -> Ending {
        let status = received.status;
        let outcome = outcome::judge(status, &received.body, trial.live.webhook.success.as_ref());
        let retry_after = header(&received.headers, "retry-after")
            .and_then(|value| parse_retry_after(value, self.nature.now()));
        evidence.outcome = outcome;
        evidence.status = Some(status);
        if outcome == Outcome::Error {
            evidence.stopped_in = Some(Phase::Receive);
            evidence.message = Some(refusal(&evidence, status, &received));
        }
        if outcome == Outcome::Success {
            let content_type = header(&received.headers, "content-type");
            announcer.answered(&AnswerFacts { content_type, body: &received.body });
        }
        evidence.answer = Some(kept_answer(received, masks));
        Ending { outcome, tried_status: Some(status), retry_after, evidence }
    }

    /// Decides what comes next.
    fn judge(&self, trial: &Trial<'_>, ending: Ending) -> Attempt {
        let mut attempt = ending.evidence;
        attempt.ended_at = self.nature.now();
        let tried = Tried {
            outcome: ending.outcome,
            status: ending.tried_status,
            code: attempt.code,
            number: trial.number,
            first_tried_at: trial.first_tried_at,
            ended_at: attempt.ended_at,
            retry_after: ending.retry_after,
        };
        let kind = if trial.is_test() {
            fieldhook_core::integration::RetryKind::None
        } else {
            trial.live.webhook.retry.unwrap_or(self.settings.retry)
        };
        attempt.next = retry::next(kind, &tried, random_fraction(&*self.nature.luck));
        attempt
    }

    fn blank(&self, trial: &Trial<'_>, started_at: Timestamp) -> Attempt {
        Attempt {
            id: AttemptId::new(started_at, random(&*self.nature.luck)),
            delivery: trial.delivery,
            event: trial.event.clone(),
            integration: trial.live.saved.id,
            revision: trial.live.saved.revision,
            scope: trial.live.saved.scope,
            trigger: trial.trigger.clone(),
            number: trial.number,
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
        }
    }
}

/// An attempt that the gate let pass. However it ends, the destination hears of it.
struct Passed<'a> {
    destination: &'a Destination,
    engine: &'a Engine,
    left: bool,
}

impl Passed<'_> {
    fn leave(mut self, trial: &Trial<'_>, mut ending: Ending) -> Ending {
        let now = self.engine.nature.now();
        let tried = Tried {
            outcome: ending.outcome,
            status: ending.tried_status,
            code: ending.evidence.code,
            number: trial.number,
            first_tried_at: trial.first_tried_at,
            ended_at: now,
            retry_after: ending.retry_after,
        };
        let ended = outcome::for_gate(&trial.trigger, &tried);
        let after = self.destination.leave(now, ended);
        self.left = true;
        if let Some(gate) = &mut ending.evidence.gate {
            gate.counted = ended != Ended::Ignored;
            gate.probability_after = after;
        }
        ending
    }
}

impl Drop for Passed<'_> {
    fn drop(&mut self) {
        if !self.left {
            self.destination.leave(self.engine.nature.now(), Ended::Ignored);
        }
    }
}

/// Publishes the reply that tells of a failure, and adds to the evidence all that was published.
fn announce(mut attempt: Attempt, announcer: Announcer<'_>) -> (Attempt, Vec<Entry>) {
    match attempt.outcome {
        Outcome::Success => {}
        Outcome::Skipped => announcer.failed(SLEEPING),
        Outcome::Error => {
            let host = attempt.origin.as_deref().and_then(host_of).unwrap_or_default();
            let message = attempt.message.as_deref().unwrap_or_default();
            announcer.failed(&error_text(attempt.status, attempt.code, host, message));
        }
    }
    let (followed_by, entries) = announcer.finish();
    attempt.followed_by = followed_by;
    (attempt, entries)
}

fn unrendered(mut evidence: Attempt, fault: RenderFault) -> Ending {
    evidence.outcome = Outcome::Error;
    evidence.code = Some(fault.code);
    evidence.stopped_in = Some(Phase::Render);
    evidence.message = Some(fault.to_string());
    evidence.rendering = *fault.rendering;
    Ending { outcome: Outcome::Error, tried_status: None, retry_after: None, evidence }
}

fn skipped(mut evidence: Attempt, rendered: Rendered, wait: Option<std::time::Duration>) -> Ending {
    evidence.request = Some(rendered.sent());
    evidence.rendering = rendered.rendering;
    evidence.outcome = Outcome::Skipped;
    evidence.stopped_in = Some(Phase::Gate);
    evidence.message = Some(SLEEPING.to_owned());
    if let Some(gate) = &mut evidence.gate {
        gate.probability_after = gate.probability_before;
    }
    Ending { outcome: Outcome::Skipped, tried_status: None, retry_after: wait, evidence }
}

fn gate_evidence(before: Bucket, probability: f64) -> GateEvidence {
    GateEvidence {
        counted: false,
        attempts_before: before.attempts,
        accepts_before: before.accepts,
        probability_before: probability,
        probability_after: probability,
    }
}

/// Connections are shared by what has the same owner and origin, and by nothing else.
fn pool_key(trial: &Trial<'_>, origin: &Origin) -> PoolKey {
    PoolKey(format!("{} {origin}", trial.live.saved.scope).into())
}

/// What an answer that is no success says, with the words of its `Location` where it has one.
fn refusal(evidence: &Attempt, status: u16, received: &Received) -> String {
    let host = evidence.origin.as_deref().and_then(host_of).unwrap_or_default();
    let mut message = if (200..300).contains(&status) {
        format!("status {status} from {host}, but the answer does not fulfil the success rule")
    } else {
        format!("error status {status} from {host}")
    };
    if (300..400).contains(&status)
        && let Some(location) = header(&received.headers, "location")
    {
        message.push_str(", which redirects to ");
        message.push_str(location);
        message.push_str("; redirects are not followed");
    }
    message
}

fn kept_answer(received: Received, masks: &[String]) -> Answer {
    let headers = received.headers.into_iter().map(|(name, value)| {
        let secret = name.eq_ignore_ascii_case("set-cookie");
        let value = if secret { fieldhook_core::attempt::MASK.to_owned() } else { mask_text(&value, masks) };
        (name, value)
    });
    let (text, binary) = match std::str::from_utf8(&received.body) {
        Ok(text) => (mask_text(text, masks), false),
        Err(_) => (STANDARD.encode(&received.body), true),
    };
    Answer {
        status: received.status,
        headers: headers.collect(),
        body: KeptBody { text, binary, bytes: received.body_bytes, cut: received.cut },
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// The host of `scheme://host:port`.
fn host_of(origin: &str) -> Option<&str> {
    let (_, rest) = origin.split_once("://")?;
    rest.rsplit_once(':').map(|(host, _)| host)
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
