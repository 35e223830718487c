//! Remembers what happened, a batch at a time.
//!
//! A batch is one transaction of a dozen statements, whatever its size: each takes whole columns. What is new is
//! found out first; then what becomes of deliveries, issues and counts is decided in memory, entry by entry; then it
//! is written.
//!
//! Nodes record at once. Each locks the integrations that its batch is about, so that what it reads of a delivery or
//! an issue holds until it is written; everything else is written in the order of its keys.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use deadpool_postgres::{Object, Transaction};
use fieldhook_core::attempt::Attempt;
use fieldhook_core::event::{Event, Source};
use fieldhook_core::id::{AttemptId, DeviceId, EventId, IntegrationId};
use fieldhook_core::issue::Issue;
use fieldhook_core::time::Timestamp;
use parking_lot::Mutex;

use super::codec::{Db, column, get, raw};
use super::deliveries::Deliveries;
use super::failure::Failure;
use super::{issues, replays, tally};
use crate::store::course::Course;
use crate::store::numbers::{key_slot, publisher_number, trigger_name};
use crate::store::tally::Tally;
use crate::store::{EndedEntry, Entry, MatchedEntry, UsedEntry, detail, grouping};

/// What tells the locks of integrations from others.
const INTEGRATIONS: i32 = 0x4669_6864;
/// Bytes that an event takes besides its text, its index entries included.
pub(super) const EVENT_BYTES: usize = 420;
/// Bytes that an attempt takes besides its text and detail, its delivery and their index entries included.
pub(super) const ATTEMPT_BYTES: usize = 1_100;

/// Remembers all entries or none. Returns the issues that turned.
pub(super) async fn record(
    client: &mut Object,
    node: &str,
    entries: &[Entry],
    doubt: &Mutex<Option<Doubt>>,
) -> Result<Vec<Issue>, Failure> {
    let entries_hash = hash(entries);
    let transaction = client.transaction().await?;
    lock(&transaction, concerned(entries)).await?;
    let batch = begin_batch(&transaction, node).await?;
    let doubted = doubt.lock().take_if(|doubt| doubt.entries == entries_hash);
    if let Some(doubted) = doubted.filter(|doubt| doubt.batch < batch) {
        return Ok(doubted.turned);
    }
    let (turned, transaction) = write(transaction, entries).await?;
    *doubt.lock() = Some(Doubt { batch, entries: entries_hash, turned: turned.clone() });
    let committed = transaction.commit().await.map_err(Failure::from);
    if committed.is_ok() {
        *doubt.lock() = None;
    }
    committed.map(|()| turned)
}

/// A batch whose end has not been heard of: it must not be written twice.
#[derive(Debug)]
pub(super) struct Doubt {
    batch: i64,
    entries: u64,
    turned: Vec<Issue>,
}

/// Counts the node's batches in the transaction of each: the next one waits for the end of the one before, and sees by
/// the count whether that was committed. The number of the transaction would not tell: after a crash PostgreSQL may give
/// it to another.
async fn begin_batch(transaction: &Transaction<'_>, node: &str) -> Result<i64, Failure> {
    let sql = "INSERT INTO batches AS b (node, count, at) \
        VALUES ($1, 1, (extract(epoch FROM now()) * 1000)::bigint) \
        ON CONFLICT (node) DO UPDATE SET count = b.count + 1, at = excluded.at RETURNING count";
    let sql = transaction.prepare_cached(sql).await?;
    raw(&transaction.query_one(&sql, &[&node]).await?, 0)
}

#[cfg(test)]
impl Doubt {
    /// As the loss of the connection at the end of a batch leaves it.
    pub(super) fn about(batch: i64, entries: &[Entry]) -> Self {
        Self { batch, entries: hash(entries), turned: Vec::new() }
    }
}

/// Tells one batch from another.
fn hash(entries: &[Entry]) -> u64 {
    let mut hasher = DefaultHasher::new();
    entries.len().hash(&mut hasher);
    for entry in entries {
        match entry {
            Entry::Event(event) => event.id.hash(&mut hasher),
            Entry::Matched(matched) => matched.delivery.hash(&mut hasher),
            Entry::Attempted(attempt) => attempt.id.hash(&mut hasher),
            Entry::Ended(ended) => ended.delivery.hash(&mut hasher),
            Entry::Used(used) => (used.event, used.scope, used.device, used.received).hash(&mut hasher),
            Entry::ReplayBegan(replay) => replay.id.hash(&mut hasher),
            Entry::ReplayWent(went) => (went.replay, went.at).hash(&mut hasher),
        }
    }
    hasher.finish()
}

/// The integrations of whose deliveries or issues something is to be decided.
fn concerned(entries: &[Entry]) -> impl Iterator<Item = IntegrationId> {
    entries.iter().filter_map(|entry| match entry {
        Entry::Matched(matched) => Some(matched.integration),
        Entry::Attempted(attempt) => Some(attempt.integration),
        Entry::Ended(ended) => Some(ended.integration),
        Entry::Event(_) | Entry::Used(_) | Entry::ReplayBegan(_) | Entry::ReplayWent(_) => None,
    })
}

/// Locks these integrations until the transaction ends. Several integrations share a lock, for PostgreSQL's table of
/// locks is bounded.
pub(super) async fn lock(
    transaction: &Transaction<'_>,
    integrations: impl IntoIterator<Item = IntegrationId>,
) -> Result<(), Failure> {
    let locks: BTreeSet<i32> = integrations.into_iter().map(|id| i32::from(id.0[11])).collect();
    let locks: Vec<i32> = locks.into_iter().collect();
    let sql = "SELECT pg_advisory_xact_lock($1, slot) FROM unnest($2::integer[]) slot";
    let sql = transaction.prepare_cached(sql).await?;
    transaction.query(&sql, &[&INTEGRATIONS, &locks]).await?;
    Ok(())
}

async fn write<'a>(
    transaction: Transaction<'a>,
    entries: &[Entry],
) -> Result<(Vec<Issue>, Transaction<'a>), Failure> {
    let first = insert_events(&transaction, entries).await?;
    let new = insert_attempts(&transaction, entries).await?;
    hold_events(&transaction, entries).await?;
    let counting: Vec<&Attempt> = new.iter().copied().filter(|attempt| attempt.counts()).collect();
    let deliveries = read_deliveries(&transaction, entries, &counting).await?;
    let issues = issues::read(&transaction, &counting).await?;
    for entry in entries {
        match entry {
            Entry::ReplayBegan(replay) => replays::begin(&transaction, replay).await?,
            Entry::ReplayWent(went) => replays::go_on(&transaction, went).await?,
            _ => {}
        }
    }

    let new = new.iter().map(|attempt| attempt.id).collect();
    let mut batch = Batch { new, first, deliveries, issues, tally: Tally::default(), heard: BTreeMap::new() };
    for entry in entries {
        batch.decide(entry);
    }
    let Batch { deliveries, mut issues, mut tally, heard, .. } = batch;

    deliveries.write(&transaction, &mut tally).await?;
    tally::write(tally, &transaction).await?;
    hear(&transaction, heard).await?;
    issues::write(&transaction, &mut issues).await?;
    Ok((issues.into_turned(), transaction))
}

/// A batch under way, once it is known what of it is new.
struct Batch {
    /// Attempts that were not there before.
    new: HashSet<AttemptId>,
    /// Events that this batch takes in, and no other did.
    first: HashSet<EventId>,
    deliveries: Deliveries,
    issues: grouping::Issues,
    tally: Tally,
    heard: BTreeMap<DeviceId, Timestamp>,
}

impl Batch {
    fn decide(&mut self, entry: &Entry) {
        match entry {
            Entry::Event(event) => self.event(event),
            Entry::Matched(matched) => self.matched(matched),
            Entry::Attempted(attempt) => self.attempted(attempt),
            Entry::Ended(ended) => self.ended(ended),
            Entry::Used(used) => self.used(used),
            Entry::ReplayBegan(_) | Entry::ReplayWent(_) => {}
        }
    }

    fn event(&mut self, event: &Event) {
        if event.source != Source::Test
            && let Some(device) = event.device()
        {
            let at = self.heard.entry(device).or_insert(event.published_at);
            *at = event.published_at.max(*at);
        }
    }

    fn matched(&mut self, entry: &MatchedEntry) {
        if let Some(known) = self.deliveries.find(entry.delivery) {
            known.changed |= known.course.matched_again(entry);
        } else {
            let course = Course::matched(entry);
            self.count_match(&course);
            self.deliveries.add(entry.delivery, course);
        }
    }

    fn ended(&mut self, entry: &EndedEntry) {
        match self.deliveries.find(entry.delivery) {
            Some(known) => known.changed |= known.course.ended(entry),
            None => self.deliveries.end_early(entry),
        }
    }

    /// A day's matches are the publishes that fired the integration, and a replay is none.
    fn count_match(&mut self, course: &Course) {
        if course.replay.is_none() {
            self.tally.matched(course.integration, course.matched_at.day());
        }
    }

    fn attempted(&mut self, attempt: &Attempt) {
        // Should this batch bring it twice, it is not new the second time.
        if !self.new.remove(&attempt.id) || !attempt.counts() {
            return;
        }
        self.tally.saw(attempt);
        self.issues.attempted(attempt);
        if self.deliveries.find(attempt.delivery).is_none() {
            let course = Course::of_attempt(attempt);
            self.count_match(&course);
            self.deliveries.add(attempt.delivery, course);
        }
        let Some(known) = self.deliveries.find(attempt.delivery) else { return };
        known.changed = true;
        if let Some(outcome) = known.course.attempted(attempt) {
            self.tally.attempted(attempt.integration, attempt.started_at.day(), outcome);
        }
    }

    fn used(&mut self, entry: &UsedEntry) {
        // Should this batch bring it twice, its event is not new the second time.
        if entry.event.is_none_or(|event| self.first.remove(&event)) {
            self.tally.used(entry);
        }
    }
}

/// Inserts the events, each once. Returns those that were not there before, or only for their attempts' sake.
async fn insert_events(
    transaction: &Transaction<'_>,
    entries: &[Entry],
) -> Result<HashSet<EventId>, Failure> {
    let mut events: BTreeMap<EventId, (&Event, bool)> = BTreeMap::new();
    for entry in entries {
        match entry {
            Entry::Event(event) => events.entry(event.id).or_insert((event, true)).1 = true,
            Entry::Attempted(attempt) => {
                events.entry(attempt.event.id).or_insert((&attempt.event, false));
            }
            _ => {}
        }
    }
    if events.is_empty() {
        return Ok(HashSet::new());
    }
    let events: Vec<_> = events.into_values().collect();
    let sql = transaction.prepare_cached(INSERT_EVENTS).await?;
    let inserted = transaction
        .query(
            &sql,
            &[
                &column(&events, |(event, _)| Db(event.id)),
                &column(&events, |(event, _)| Db(event.published_at)),
                &column(&events, |(_, taken)| *taken),
                &column(&events, |(event, _)| publisher_number(event.publisher)),
                &column(&events, |(event, _)| event.device().map(Db)),
                &column(&events, |(event, _)| event.owner.map(Db)),
                &column(&events, |(event, _)| event.product.map(Db)),
                &column(&events, |(event, _)| event.product_version.map(i64::from)),
                &column(&events, |(event, _)| i64::from(event.ttl)),
                &column(&events, |(event, _)| event.private),
                &column(&events, |(event, _)| Db(event.source)),
                &column(&events, |(event, _)| event.idempotency_key.as_deref().map(Db)),
                &column(&events, |(event, _)| Db(&*event.name)),
                &column(&events, |(event, _)| event.data.as_deref().map(Db)),
                &column(&events, |(event, _)| {
                    (EVENT_BYTES + event.name.len() + event.data_text().len()) as i64
                }),
            ],
        )
        .await?;
    let inserted: HashSet<EventId> = inserted.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
    let first: Vec<&Event> = events
        .iter()
        .filter(|(event, taken)| *taken && inserted.contains(&event.id))
        .map(|(event, _)| *event)
        .collect();
    remember_keys(transaction, &first).await?;
    Ok(first.iter().map(|event| event.id).collect())
}

async fn remember_keys(transaction: &Transaction<'_>, events: &[&Event]) -> Result<(), Failure> {
    let mut keys = BTreeMap::new();
    for event in events {
        let Some(key) = event.idempotency_key.as_deref() else { continue };
        let slot = (key, key_slot(event.publisher, event.owner, event.product));
        let newest = keys.entry(slot).or_insert((event.id, event.published_at));
        if event.published_at > newest.1 {
            *newest = (event.id, event.published_at);
        }
    }
    if keys.is_empty() {
        return Ok(());
    }
    let keys: Vec<_> = keys.into_iter().collect();
    let sql = transaction.prepare_cached(INSERT_KEYS).await?;
    transaction
        .execute(
            &sql,
            &[
                &column(&keys, |((key, _), _)| Db(*key)),
                &column(&keys, |((_, slot), _)| &*slot.0),
                &column(&keys, |((_, slot), _)| &*slot.1),
                &column(&keys, |((_, slot), _)| slot.2),
                &column(&keys, |(_, (event, _))| Db(*event)),
                &column(&keys, |(_, (_, at))| Db(*at)),
            ],
        )
        .await?;
    Ok(())
}

/// Inserts the attempts; returns those that were not there before.
async fn insert_attempts<'e>(
    transaction: &Transaction<'_>,
    entries: &'e [Entry],
) -> Result<Vec<&'e Attempt>, Failure> {
    let mut seen = HashSet::new();
    let attempts = entries.iter().filter_map(|entry| match entry {
        Entry::Attempted(attempt) => seen.insert(attempt.id).then_some(&**attempt),
        _ => None,
    });
    let mut attempts: Vec<&Attempt> = attempts.collect();
    if attempts.is_empty() {
        return Ok(attempts);
    }
    let details = column(&attempts, |attempt| {
        let mut detail = Vec::new();
        detail::encode(attempt, &mut detail);
        detail
    });
    let bytes: Vec<i64> = attempts
        .iter()
        .zip(&details)
        .map(|(attempt, detail)| {
            let text = attempt.message.as_ref().map_or(0, String::len) + detail.len();
            (ATTEMPT_BYTES + text + 2 * attempt.event.name.len()) as i64
        })
        .collect();
    let sql = transaction.prepare_cached(INSERT_ATTEMPTS).await?;
    let inserted = transaction
        .query(
            &sql,
            &[
                &column(&attempts, |attempt| Db(attempt.id)),
                &column(&attempts, |attempt| Db(attempt.delivery)),
                &column(&attempts, |attempt| Db(attempt.event.id)),
                &column(&attempts, |attempt| Db(attempt.integration)),
                &column(&attempts, |attempt| Db(attempt.scope)),
                &column(&attempts, |attempt| attempt.event.device().map(Db)),
                &column(&attempts, |attempt| i64::from(attempt.revision)),
                &column(&attempts, |attempt| i64::from(attempt.number)),
                &column(&attempts, |attempt| trigger_name(&attempt.trigger)),
                &column(&attempts, |attempt| Db(attempt.started_at)),
                &column(&attempts, |attempt| attempt.duration_ms() as i64),
                &column(&attempts, |attempt| Db(attempt.outcome)),
                &column(&attempts, |attempt| attempt.code.map(Db)),
                &column(&attempts, |attempt| attempt.status.map(i32::from)),
                &column(&attempts, |attempt| attempt.message.as_deref().map(Db)),
                &column(&attempts, |attempt| attempt.origin.as_deref().map(Db)),
                &details,
                &bytes,
            ],
        )
        .await?;
    let inserted: HashSet<AttemptId> = inserted.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
    attempts.retain(|attempt| inserted.contains(&attempt.id));
    Ok(attempts)
}

/// Keeps the events of deliveries that begin from being pruned before these can be seen. Events of this batch are
/// locked by having been inserted.
async fn hold_events(transaction: &Transaction<'_>, entries: &[Entry]) -> Result<(), Failure> {
    let mut events = BTreeSet::new();
    for entry in entries {
        if let Entry::Matched(matched) = entry {
            events.insert(matched.event);
        }
    }
    for entry in entries {
        if let Entry::Event(event) = entry {
            events.remove(&event.id);
        }
    }
    if !events.is_empty() {
        let events: Vec<_> = events.into_iter().map(Db).collect();
        let sql = "SELECT 1 FROM events WHERE id = ANY($1) ORDER BY id FOR KEY SHARE";
        let sql = transaction.prepare_cached(sql).await?;
        transaction.query(&sql, &[&events]).await?;
    }
    Ok(())
}

async fn read_deliveries(
    transaction: &Transaction<'_>,
    entries: &[Entry],
    counting: &[&Attempt],
) -> Result<Deliveries, Failure> {
    let mut begun: BTreeSet<_> = counting.iter().map(|attempt| attempt.delivery).collect();
    let mut ended = BTreeSet::new();
    for entry in entries {
        match entry {
            Entry::Matched(matched) => drop(begun.insert(matched.delivery)),
            Entry::Ended(end) => drop(ended.insert(end.delivery)),
            _ => {}
        }
    }
    let all: Vec<_> = begun.union(&ended).copied().collect();
    Deliveries::read(transaction, &all, &begun.into_iter().collect::<Vec<_>>()).await
}

async fn hear(transaction: &Transaction<'_>, heard: BTreeMap<DeviceId, Timestamp>) -> Result<(), Failure> {
    if heard.is_empty() {
        return Ok(());
    }
    let heard: Vec<_> = heard.into_iter().collect();
    let sql = transaction.prepare_cached(HEAR).await?;
    let (devices, moments) = (column(&heard, |(device, _)| Db(*device)), column(&heard, |(_, at)| Db(*at)));
    transaction.execute(&sql, &[&devices, &moments]).await?;
    Ok(())
}

const INSERT_EVENTS: &str = "\
    INSERT INTO events (id, published_at, taken, publisher, device, owner, product, product_version, ttl, \
    private, source, idempotency_key, name, data, bytes) \
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::boolean[], $4::smallint[], $5::bytea[], $6::bytea[], \
    $7::bigint[], $8::bigint[], $9::bigint[], $10::boolean[], $11::smallint[], $12::text[], $13::text[], $14::text[], \
    $15::bigint[]) \
    ON CONFLICT (id) DO UPDATE SET taken = true WHERE NOT events.taken AND excluded.taken RETURNING id";

const INSERT_KEYS: &str = "\
    INSERT INTO event_keys AS k (key, publisher, owner, product, event, at) \
    SELECT * FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::bigint[], $5::uuid[], $6::bigint[]) \
    ON CONFLICT (key, publisher, owner, product) DO UPDATE SET event = excluded.event, at = excluded.at \
    WHERE excluded.at > k.at";

const INSERT_ATTEMPTS: &str = "\
    INSERT INTO attempts (id, delivery, event, integration, scope, device, revision, number, trigger, started_at, \
    duration_ms, outcome, code, status, message, origin, detail, bytes) \
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bigint[], \
    $8::bigint[], $9::text[], $10::bigint[], $11::bigint[], $12::smallint[], $13::text[], $14::integer[], $15::text[], \
    $16::text[], $17::bytea[], $18::bigint[]) \
    ON CONFLICT (id) DO NOTHING RETURNING id";

const HEAR: &str = "\
    INSERT INTO heard AS h (device, at) SELECT * FROM unnest($1::bytea[], $2::bigint[]) \
    ON CONFLICT (device) DO UPDATE SET at = excluded.at WHERE excluded.at > h.at";
