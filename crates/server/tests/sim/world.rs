//! The world of one seed: publishers, the queue on a disk that forgets, the engine's decisions, the endpoints.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Next, Outcome, Trigger, Verdict};
use fieldhook_core::event::{DEFAULT_TTL, Event, Publisher, Source};
use fieldhook_core::id::{DeliveryId, DeviceId, EventId, IntegrationId, UserId};
use fieldhook_core::outcome::{self, Tried};
use fieldhook_core::reply::{AnswerFacts, PART_LIMIT, Replies};
use fieldhook_core::retry;
use fieldhook_core::template::Values;
use fieldhook_core::throttle::{Decision, Gate, LONGEST_CLOSURE};
use fieldhook_core::time::Timestamp;
use fieldhook_server::clock::{SeededLuck, random, random_fraction};
use fieldhook_server::queue::embedded::disk::Disk;
use fieldhook_server::queue::embedded::memory::MemoryDisk;
use fieldhook_server::queue::embedded::{Embedded, EmbeddedConfig};
use fieldhook_server::queue::{Append, Claim, Delivery, LEASE, Lane, Queue, QueueError, Settlement};
use futures_util::future::{join_all, poll_immediate};
use serde_json::Value;

use super::endpoint::{DESTINATIONS, HOOKS, Mood};
use super::ledger::Ledger;

/// Requests at once in one lane.
const WIDTH: usize = 3;
/// Small segments, so that some fill up and are compacted.
const SEGMENT_BYTES: u64 = 4096;
/// Most rounds until nothing waits any more, once all is calm.
const ROUNDS: u32 = 5_000;
const T0: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// A request on its way.
struct Flight {
    claim: Claim,
    line: u64,
    hook: usize,
    mood: Mood,
    began: Timestamp,
    ends: Timestamp,
}

/// What the recorder was told, and the store has not yet.
enum Told {
    Taken(EventId, Vec<(DeliveryId, usize)>),
    Tried { claim: Claim, hook: usize, line: u64, next: Next },
}

/// An event as it was published.
struct Published {
    event: Arc<Event>,
    deliveries: BTreeMap<DeliveryId, usize>,
    acknowledged: bool,
}

/// What runs in the server's process, and is gone when it ends.
struct Process {
    queue: Embedded,
    gates: Vec<Gate>,
    /// Until when each destination asked for silence.
    silent: Vec<Option<Timestamp>>,
    flights: Vec<Flight>,
    told: Vec<Told>,
    /// Before when a delivery must not be tried again.
    dues: BTreeMap<DeliveryId, Timestamp>,
}

/// Everything.
pub(crate) struct World {
    luck: SeededLuck,
    now: Timestamp,
    /// The latest that the clock has ever said. What fell due then stays so when the clock is set back.
    latest: Timestamp,
    disk: Arc<MemoryDisk>,
    process: Process,
    moods: Vec<Mood>,
    published: BTreeMap<EventId, Published>,
    ledger: Ledger,
    /// Attempts made, and those of them whose end a crash forgot.
    lines: u64,
    forgotten: BTreeSet<u64>,
    story: String,
}

impl Process {
    fn on(disk: &Arc<MemoryDisk>) -> Self {
        let config = EmbeddedConfig { segment_bytes: SEGMENT_BYTES, ..EmbeddedConfig::in_dir("/queue") };
        let queue = Embedded::open_driven(config, Arc::clone(disk) as Arc<dyn Disk>);
        Self {
            queue: queue.expect("what a crash leaves is opened"),
            gates: vec![Gate::new(); DESTINATIONS],
            silent: vec![None; DESTINATIONS],
            flights: Vec::new(),
            told: Vec::new(),
            dues: BTreeMap::new(),
        }
    }

    fn taken(&self, lane: Lane) -> usize {
        self.flights.iter().filter(|flight| flight.claim.delivery.lane == lane).count()
    }
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let disk = Arc::new(MemoryDisk::default());
        Self {
            luck: SeededLuck::new(seed),
            now: T0,
            latest: T0,
            process: Process::on(&disk),
            disk,
            moods: vec![Mood::Fine(10); DESTINATIONS],
            published: BTreeMap::new(),
            ledger: Ledger::default(),
            lines: 0,
            forgotten: BTreeSet::new(),
            story: String::new(),
        }
    }

    /// What happened so far.
    pub(crate) fn story(&self) -> &str {
        &self.story
    }

    /// What happened.
    pub(crate) fn into_story(self) -> String {
        self.story
    }

    /// Lets one thing happen.
    pub(crate) async fn step(&mut self) {
        match self.draw(100) {
            0..28 => self.publish(false).await,
            28..48 => self.feed().await,
            48..68 => self.land(),
            68..80 => self.record(true).await,
            80..86 => self.process.queue.drive(),
            86..91 => self.pass(Duration::from_millis(self.draw(40_000))),
            91..94 => self.turn_mood(),
            94..96 => self.jump(),
            96 => self.fill_disk(),
            97 => self.publish(true).await,
            _ => self.crash().await,
        }
    }

    /// Heals everything, waits until nothing waits, and looks whether every promise was kept.
    pub(crate) async fn calm_down(&mut self) {
        self.tell(format_args!("calm"));
        self.disk.set_capacity(None);
        self.moods = vec![Mood::Fine(700); DESTINATIONS];
        for round in 0.. {
            assert!(round < ROUNDS, "what waits is never sent");
            self.feed().await;
            while !self.process.flights.is_empty() {
                self.land();
            }
            self.record(false).await;
            self.process.queue.drive();
            let backlog = self.process.queue.backlog(self.now).await.unwrap();
            if backlog.pending == 0 && self.process.flights.is_empty() {
                break;
            }
            let next = self.process.queue.due(self.now).await.unwrap().next;
            let next = next.map_or(self.now + LEASE, |next| next.min(self.now + LEASE));
            self.set_clock(self.now.max(next));
        }
        self.account();
    }

    /// A number below `below`.
    fn draw(&self, below: u64) -> u64 {
        u64::from_le_bytes(random(&self.luck)) % below
    }

    fn tell(&mut self, what: std::fmt::Arguments<'_>) {
        writeln!(self.story, "{} {what}", self.now.as_millis() - T0.as_millis()).unwrap();
    }

    /// Publishes a few events at once; with `power_goes`, the power goes while they are being written.
    async fn publish(&mut self, power_goes: bool) {
        let mut appends = Vec::new();
        let mut reserved: BTreeMap<Lane, usize> = BTreeMap::new();
        for _ in 0..=self.draw(4) {
            let append = self.event(&mut reserved);
            appends.push((append.event.id, append));
        }
        if power_goes {
            self.disk.fail_after(self.draw(8) as u32);
        }
        let queue = &self.process.queue;
        let ids: Vec<_> = appends.iter().map(|(id, _)| *id).collect();
        let mut waiting =
            Box::pin(join_all(appends.into_iter().map(|(_, append)| queue.append(append, self.now))));
        assert!(poll_immediate(&mut waiting).await.is_none(), "nothing is acknowledged before it is written");
        queue.drive();
        let answers = poll_immediate(&mut waiting).await.expect("each append is answered");
        drop(waiting);

        for (id, answer) in ids.into_iter().zip(answers) {
            match answer {
                Ok(claims) => self.acknowledge(id, claims),
                Err(QueueError::Full(_) | QueueError::Unavailable(_)) => {
                    self.tell(format_args!("refused {id}"));
                }
                Err(other) => panic!("{other}"),
            }
        }
        if power_goes {
            self.tell(format_args!("the power goes"));
            self.restart(true).await;
        }
    }

    /// An event nobody has published yet, for one to three integrations, to be claimed where its lane has room.
    fn event(&mut self, reserved: &mut BTreeMap<Lane, usize>) -> Append {
        let id = EventId::new(self.now, random(&self.luck));
        let event = Arc::new(Event {
            id,
            name: format!("temp/{}", self.draw(10)),
            data: Some("x".repeat(self.draw(300) as usize)),
            published_at: self.now,
            ttl: DEFAULT_TTL,
            publisher: Publisher::Device(DeviceId([9; 12])),
            private: true,
            owner: Some(UserId([1; 12])),
            product: None,
            product_version: None,
            source: Source::Http,
            idempotency_key: None,
        });
        let first = self.draw(HOOKS.len() as u64) as usize;
        let hooks: Vec<_> = (0..=self.draw(3) as usize).map(|nth| (first + nth) % HOOKS.len()).collect();
        let mut deliveries = Vec::new();
        let mut expected = BTreeMap::new();
        for hook in hooks {
            let lane = Lane(HOOKS[hook].destination as u64);
            let places = reserved.entry(lane).or_default();
            let claimed = self.process.taken(lane) + *places < WIDTH;
            *places += usize::from(claimed);
            let delivery = Delivery {
                id: DeliveryId::new(self.now, random(&self.luck)),
                event: Arc::clone(&event),
                integration: IntegrationId([hook as u8; 12]),
                lane,
                due: self.now,
                attempts: 0,
                first_tried_at: None,
                replayed: None,
                postponed: false,
            };
            expected.insert(delivery.id, hook);
            deliveries.push((delivery, claimed));
        }
        let published = Published { event: Arc::clone(&event), deliveries: expected, acknowledged: false };
        self.published.insert(id, published);
        Append { event, deliveries }
    }

    fn acknowledge(&mut self, id: EventId, claims: Vec<Claim>) {
        self.tell(format_args!("acknowledged {id}, {} claimed", claims.len()));
        let published = self.published.get_mut(&id).unwrap();
        published.acknowledged = true;
        let deliveries = published.deliveries.iter().map(|(delivery, hook)| (*delivery, *hook)).collect();
        self.process.told.push(Told::Taken(id, deliveries));
        for claim in claims {
            self.try_one(claim);
        }
    }

    /// Claims what is due, as far as the lanes have room.
    async fn feed(&mut self) {
        for lane in self.process.queue.due(self.now).await.unwrap().lanes {
            let room = WIDTH.saturating_sub(self.process.taken(lane));
            if room == 0 {
                continue;
            }
            let claims = self.process.queue.claim(lane, room, self.now).await.unwrap();
            assert!(claims.len() <= room, "a lane is no wider than it is");
            for claim in claims {
                assert_eq!(claim.delivery.lane, lane);
                self.try_one(claim);
            }
        }
        // A lane is named once; what is left in a full one comes up again when a claim has looked there.
        for lane in (0..DESTINATIONS as u64).map(Lane) {
            let room = WIDTH.saturating_sub(self.process.taken(lane));
            for claim in self.process.queue.claim(lane, room, self.now).await.unwrap() {
                self.try_one(claim);
            }
        }
    }

    /// Begins an attempt, unless the gate refuses it.
    fn try_one(&mut self, claim: Claim) {
        let delivery = &claim.delivery;
        let published = self.published.get(&delivery.event.id).expect("only what was published is sent");
        assert_eq!(delivery.event, published.event, "an event is sent as it was published");
        let hook = *published.deliveries.get(&delivery.id).expect("a repeat has the same delivery id");
        assert_eq!(delivery.integration, IntegrationId([hook as u8; 12]));
        assert!(delivery.due <= self.latest, "nothing is tried before it is due");
        let due = self.process.dues.remove(&delivery.id);
        assert!(due.is_none_or(|due| due <= self.latest), "no retry comes before its time");
        let twin = |flight: &&Flight| flight.claim.delivery.id == delivery.id;
        if let Some(twin) = self.process.flights.iter().find(twin) {
            assert!(
                twin.claim.lease_ends <= self.latest,
                "a claim is its holder's alone until its lease ends"
            );
        }

        let line = self.lines;
        self.lines += 1;
        let destination = HOOKS[hook].destination;
        let luck = random_fraction(&self.luck);
        let decision = self.process.gates[destination].decide(self.now, luck);
        self.tell(format_args!("attempt {line} at {} by {hook}: {decision:?}", claim.delivery.id));
        let began = self.now;
        match decision {
            Decision::Pass => {
                if let Some(until) = self.process.silent[destination] {
                    assert!(
                        until <= self.latest,
                        "destination {destination} hears nothing while it asked for silence"
                    );
                }
                let mood = self.moods[destination];
                let ends = self.now + mood.takes(self.draw(1 << 20));
                self.process.flights.push(Flight { claim, line, hook, mood, began, ends });
                assert!(
                    self.process.taken(Lane(destination as u64)) <= WIDTH,
                    "a lane is no wider than it is"
                );
            }
            Decision::Skip { .. } => self.judge(claim, hook, line, began, (Outcome::Skipped, None, None)),
            Decision::Closed { until } => {
                let wait = Some(until.since(self.now));
                self.judge(claim, hook, line, began, (Outcome::Skipped, None, wait));
            }
        }
    }

    /// The request that ends first does so.
    fn land(&mut self) {
        let flights = self.process.flights.iter().enumerate();
        let Some((first, _)) = flights.min_by_key(|(_, flight)| (flight.ends, flight.line)) else { return };
        let Flight { claim, line, hook, mood, began, ends } = self.process.flights.remove(first);
        self.set_clock(self.now.max(ends));
        let ended = match mood {
            Mood::Fine(size) => {
                reply(&claim.delivery.event, size);
                (outcome::judge(200, b"{}", None), Some(200), None)
            }
            Mood::Fails(status) => (outcome::judge(status, b"", None), Some(status), None),
            Mood::Busy(wait) => (outcome::judge(503, b"", None), Some(503), Some(wait)),
            Mood::Hangs => (Outcome::Error, None, None),
        };
        self.judge(claim, hook, line, began, ended);
    }

    /// Tells the gate, decides what comes next, and tells the recorder.
    fn judge(
        &mut self,
        claim: Claim,
        hook: usize,
        line: u64,
        began: Timestamp,
        (outcome, status, retry_after): (Outcome, Option<u16>, Option<Duration>),
    ) {
        let tried = Tried {
            outcome,
            status,
            code: None,
            number: claim.delivery.attempts + 1,
            first_tried_at: claim.delivery.first_tried_at.unwrap_or(began),
            ended_at: self.now,
            retry_after,
        };
        let destination = HOOKS[hook].destination;
        if outcome != Outcome::Skipped {
            let ended = outcome::for_gate(&Trigger::Event, &tried);
            self.process.gates[destination].learn(self.now, ended);
            if let (Some(503), Some(wait)) = (status, retry_after) {
                let silent = &mut self.process.silent[destination];
                *silent = (*silent).max(Some(self.now + wait.min(LONGEST_CLOSURE)));
            }
        }
        let next = retry::next(HOOKS[hook].retry, &tried, random_fraction(&self.luck));
        self.tell(format_args!("attempt {line} ended {outcome:?} {status:?}, then {next:?}"));
        self.process.told.push(Told::Tried { claim, hook, line, next });
    }

    /// The recorder writes what it was told, and then settles; the process may be killed before, between and after.
    async fn record(&mut self, dangerous: bool) {
        let killed = if dangerous { self.draw(30) } else { u64::MAX };
        if killed == 0 {
            self.tell(format_args!("killed before recording"));
            return self.restart(false).await;
        }
        let told = std::mem::take(&mut self.process.told);
        for told in &told {
            match told {
                Told::Taken(_, deliveries) => {
                    for (delivery, hook) in deliveries {
                        self.ledger.matched(*delivery, *hook);
                    }
                }
                Told::Tried { claim, hook, line, next } => {
                    let verdict = match next {
                        Next::Final(verdict) => Some(*verdict),
                        Next::TryAt(_) => None,
                    };
                    self.ledger.attempted(claim.delivery.id, *hook, *line, verdict);
                }
            }
        }
        if killed == 1 {
            self.tell(format_args!("killed before settling"));
            return self.restart(true).await;
        }
        for told in told {
            self.settle(told).await;
        }
        self.check().await;
    }

    async fn settle(&mut self, told: Told) {
        let queue = &self.process.queue;
        match told {
            Told::Taken(event, _) => queue.recorded(&[event]).await.unwrap(),
            Told::Tried { claim, next, .. } => {
                let settlement = match next {
                    Next::TryAt(due) => Settlement::TryAt(due),
                    Next::Final(_) => Settlement::Done,
                };
                match queue.settle(&claim, settlement, self.now).await {
                    Ok(()) => {
                        if let Next::TryAt(due) = next {
                            self.process.dues.insert(claim.delivery.id, due);
                        }
                    }
                    Err(QueueError::LeaseEnded(id)) => self.tell(format_args!("the lease of {id} had ended")),
                    Err(other) => panic!("{other}"),
                }
            }
        }
    }

    /// What must hold whenever the store has all it was told.
    async fn check(&mut self) {
        self.ledger.balances();
        let backlog = self.process.queue.backlog(self.now).await.unwrap();
        let waiting = self.ledger.waiting();
        self.tell(format_args!("{waiting} wait, {} in the queue", backlog.pending));
        assert!(waiting <= backlog.pending, "whatever waits stands in the queue");
        for published in self.published.values().filter(|published| published.acknowledged) {
            let has_row = |delivery| self.ledger.rows.contains_key(delivery);
            assert!(published.deliveries.keys().all(has_row), "what was acknowledged is in the books");
        }
    }

    fn pass(&mut self, time: Duration) {
        self.set_clock(self.now + time);
    }

    fn set_clock(&mut self, now: Timestamp) {
        self.now = now;
        self.latest = self.latest.max(now);
        // A clock that was set back makes no silence longer than an hour, counted from when it was.
        for until in self.process.silent.iter_mut().flatten() {
            *until = (*until).min(now + LONGEST_CLOSURE);
        }
    }

    fn turn_mood(&mut self) {
        let destination = self.draw(DESTINATIONS as u64) as usize;
        let mood = Mood::drawn(self.draw(1 << 40));
        self.moods[destination] = mood;
        self.tell(format_args!("destination {destination} is {mood:?}"));
    }

    /// The clock jumps up to three hours ahead, or up to ten minutes back.
    fn jump(&mut self) {
        let by = Duration::from_secs(self.draw(600));
        self.set_clock(if self.draw(3) == 0 { self.now - by } else { self.now + by * 18 });
        self.tell(format_args!("the clock jumped"));
    }

    fn fill_disk(&mut self) {
        let full = self.draw(3) == 0;
        self.disk.set_capacity(full.then_some(self.disk.used() + self.draw(2000) as usize));
        self.tell(format_args!("the disk is {}", if full { "nearly full" } else { "large" }));
    }

    async fn crash(&mut self) {
        let power = self.draw(2) == 0;
        self.tell(format_args!("{}", if power { "the power goes" } else { "killed" }));
        self.restart(power).await;
    }

    /// Starts anew on what the disk has left, and has the store catch up, as the server does.
    async fn restart(&mut self, power: bool) {
        let survives = || self.draw(2) == 0;
        let left = if power { self.disk.after_power_loss(survives) } else { self.disk.after_crash() };
        self.disk = Arc::new(left);
        let gone = std::mem::replace(&mut self.process, Process::on(&self.disk));
        self.forgotten.extend(gone.flights.iter().map(|flight| flight.line));
        self.forgotten.extend(gone.told.iter().filter_map(|told| match told {
            Told::Tried { line, .. } => Some(*line),
            Told::Taken(..) => None,
        }));
        loop {
            let batch = self.process.queue.unrecorded(5).await.unwrap();
            if batch.is_empty() {
                break;
            }
            let mut ids = Vec::new();
            for (event, deliveries) in batch {
                let published = self.published.get(&event.id).expect("only what was published is found");
                assert_eq!(event, published.event, "an event is found as it was published");
                for delivery in deliveries {
                    self.ledger.matched(delivery.id, published.deliveries[&delivery.id]);
                }
                ids.push(event.id);
            }
            self.tell(format_args!("{} events caught up with", ids.len()));
            self.process.queue.recorded(&ids).await.unwrap();
        }
        self.tell(format_args!("started on {} bytes", self.disk.used()));
        self.check_after_crash().await;
    }

    async fn check_after_crash(&mut self) {
        let backlog = self.process.queue.backlog(self.now).await.unwrap();
        assert!(self.ledger.waiting() <= backlog.pending, "a crash loses nothing that waits");
    }

    /// Looks whether every acknowledged delivery has ended, once, and every attempt left its line.
    fn account(&mut self) {
        self.ledger.balances();
        assert_eq!(self.ledger.waiting(), 0, "every delivery has ended");
        for published in self.published.values().filter(|published| published.acknowledged) {
            for delivery in published.deliveries.keys() {
                let row = self.ledger.rows.get(delivery).expect("what was acknowledged is in the books");
                let ended =
                    matches!(row.verdict, Some(Verdict::Delivered | Verdict::Failed | Verdict::Dropped));
                assert!(ended && !row.lines.is_empty(), "{delivery} ended and shows why");
            }
        }
        let mut logged: BTreeSet<u64> = BTreeSet::new();
        for row in self.ledger.rows.values() {
            assert!(row.lines.iter().all(|line| logged.insert(*line)), "a line is of one delivery");
        }
        let missing: Vec<_> =
            (0..self.lines).filter(|line| !logged.contains(line) && !self.forgotten.contains(line)).collect();
        assert_eq!(missing, [0; 0], "every attempt that no crash cut off left a line");
        let (made, cut_off) = (self.lines, self.forgotten.len());
        self.tell(format_args!("{made} attempts, {cut_off} cut off"));
    }
}

/// Publishes the answer in parts.
fn reply(event: &Event, size: usize) {
    let body: String = "aä€😀".chars().cycle().take(size).collect();
    let answer = AnswerFacts { content_type: None, body: body.as_bytes() };
    let values = Values::of_json(&Value::Null);
    let replies = Replies::standard(Scope::User(UserId([1; 12]))).response(event, &values, &answer, 16_384);
    let parts: Vec<_> = replies.iter().map(|reply| reply.data.as_deref().unwrap()).collect();
    assert!(parts.iter().all(|part| part.len() <= PART_LIMIT));
    assert_eq!(parts.concat(), body, "the parts of an answer are the answer");
}
