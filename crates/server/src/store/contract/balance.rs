//! The promise that counts and rows agree, tried on many histories that no one would think of.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use fieldhook_core::attempt::{Attempt, Next, Outcome, Verdict};
use fieldhook_core::event::Event;
use fieldhook_core::id::{DeliveryId, IntegrationId};
use fieldhook_core::time::Day;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;

use super::all;
use super::making::{
    attempted, by_replay, ended, error, event, last, matched, refusal, replay, replayed, success, test,
};
use crate::store::{AttemptQuery, BookRow, DeliveryQuery, Entry, MatchedEntry, ReplayRow, Store};

/// Deliveries in a history, by turns for two integrations, each of an event of its own but for the last, which
/// replays the first event.
const DELIVERIES: usize = 5;
/// Attempts each may have.
const ATTEMPTS: usize = 3;
/// Histories tried.
const HISTORIES: u32 = 40;

/// Something that a history may record, once or again.
#[derive(Debug, Clone, Copy)]
enum Step {
    Event(usize),
    Matched(usize),
    Attempted(usize, usize),
    Tested(usize),
    Ended(usize),
}

/// How an attempt goes.
#[derive(Debug, Clone, Copy)]
enum Way {
    Success,
    Error,
    LastError,
    Refusal,
    LastRefusal,
}

#[derive(Debug, Clone)]
struct History {
    ways: Vec<Way>,
    batches: Vec<Vec<Step>>,
}

fn histories() -> impl Strategy<Value = History> {
    let delivery = || 0..DELIVERIES;
    let step = prop_oneof![
        1 => delivery().prop_map(Step::Event),
        3 => delivery().prop_map(Step::Matched),
        6 => (delivery(), 0..ATTEMPTS).prop_map(|(delivery, number)| Step::Attempted(delivery, number)),
        1 => delivery().prop_map(Step::Tested),
        1 => delivery().prop_map(Step::Ended),
    ];
    let way = prop_oneof![
        Just(Way::Success),
        Just(Way::Error),
        Just(Way::LastError),
        Just(Way::Refusal),
        Just(Way::LastRefusal)
    ];
    let ways = prop::collection::vec(way, DELIVERIES * ATTEMPTS);
    let batches = prop::collection::vec(prop::collection::vec(step, 1..8), 1..8);
    (ways, batches).prop_map(|(ways, batches)| History { ways, batches })
}

pub(crate) fn the_books_balance_and_equal_the_rows(store: &dyn Store, runtime: &Runtime) {
    let config = Config { cases: HISTORIES, failure_persistence: None, ..Config::default() };
    let tried = Cell::new(0);
    TestRunner::new(config)
        .run(&histories(), |history| {
            tried.set(tried.get() + 1);
            runtime.block_on(World::new(tried.get(), &history).live_through(store, &history));
            Ok(())
        })
        .unwrap();
}

/// The things that one history is about, none of them in another.
struct World {
    integrations: [IntegrationId; 2],
    replay: ReplayRow,
    events: Vec<Arc<Event>>,
    deliveries: Vec<MatchedEntry>,
    attempts: Vec<Vec<Attempt>>,
}

impl World {
    fn new(number: u32, history: &History) -> Self {
        let integrations = [0, 1].map(|last| {
            let mut id = [last; 12];
            id[..4].copy_from_slice(&number.to_be_bytes());
            IntegrationId(id)
        });
        let event = |nth| Arc::new(event(u64::from(number) * 100 + nth as u64));
        let mut events: Vec<_> = (0..DELIVERIES).map(event).collect();
        events[DELIVERIES - 1] = events[0].clone();
        let replay = replay(u64::from(number) * 100 + 50, integrations[0]);
        let delivery = |(nth, event): (usize, &Arc<Event>)| match nth {
            nth if nth == DELIVERIES - 1 => replayed(event, &replay),
            nth => matched(event, integrations[nth % 2]),
        };
        let deliveries: Vec<_> = events.iter().enumerate().map(delivery).collect();
        let attempts = (0..DELIVERIES)
            .map(|nth| {
                let ways = history.ways[nth * ATTEMPTS..][..ATTEMPTS].iter();
                let attempt =
                    |(tries, way): (u32, &Way)| attempt(&events[nth], &deliveries[nth], tries, *way);
                let mut attempts: Vec<Attempt> = (1..).zip(ways).map(attempt).collect();
                if deliveries[nth].replay.is_some() {
                    attempts[0] = by_replay(attempts[0].clone(), &replay);
                }
                attempts
            })
            .collect();
        Self { integrations, replay, events, deliveries, attempts }
    }

    fn entry(&self, step: Step) -> Entry {
        match step {
            Step::Event(nth) => Entry::Event(self.events[nth].clone()),
            Step::Matched(nth) => Entry::Matched(self.deliveries[nth].clone()),
            Step::Attempted(nth, number) => attempted(&self.attempts[nth][number]),
            Step::Tested(nth) => {
                let next = success(&self.events[nth], &self.deliveries[nth], 9);
                attempted(&test(next))
            }
            Step::Ended(nth) => Entry::Ended(ended(&self.deliveries[nth], Verdict::Dropped)),
        }
    }

    async fn live_through(&self, store: &dyn Store, history: &History) {
        store.record(vec![Entry::ReplayBegan(Arc::new(self.replay.clone()))]).await.unwrap();
        let mut begun = HashSet::new();
        let mut over: HashMap<DeliveryId, Verdict> = HashMap::new();
        for batch in &history.batches {
            store.record(batch.iter().map(|step| self.entry(*step)).collect()).await.unwrap();
            begun.extend(batch.iter().filter_map(|step| match step {
                Step::Matched(nth) | Step::Attempted(nth, _) => Some(self.deliveries[*nth].delivery),
                Step::Event(_) | Step::Tested(_) | Step::Ended(_) => None,
            }));
            let verdicts = self.check(store).await;
            assert_eq!(verdicts.keys().copied().collect::<HashSet<_>>(), begun);
            for (delivery, verdict) in &over {
                assert_eq!(verdicts[delivery], *verdict, "an ended delivery changed");
            }
            over = verdicts.into_iter().filter(|(_, verdict)| *verdict != Verdict::Waiting).collect();
        }
    }

    /// Checks that every count equals its rows; returns what has become of each delivery.
    async fn check(&self, store: &dyn Store) -> HashMap<DeliveryId, Verdict> {
        let mut verdicts = HashMap::new();
        for integration in self.integrations {
            let found = rows(store, integration).await;
            let book = store.books(&[integration]).await.unwrap();
            let book = book.first().map(|(_, book)| *book).unwrap_or_default();
            assert_eq!(book, counted(&found));
            verdicts.extend(found.iter().map(|(delivery, verdict, _)| (*delivery, *verdict)));
            self.check_days(store, integration, &found).await;
        }
        self.check_replay(store).await;
        verdicts
    }

    /// Checks that the replay's numbers equal its deliveries.
    async fn check_replay(&self, store: &dyn Store) {
        let query = DeliveryQuery { replay: Some(self.replay.id), ..DeliveryQuery::default() };
        let rows = store.deliveries(&query, &all()).await.unwrap().items;
        let rows: Vec<_> = rows.iter().map(|row| (row.id, row.verdict, row.attempts)).collect();
        let counted = counted(&rows);
        let progress = store.replay(self.replay.id).await.unwrap().unwrap().progress;
        assert_eq!(
            (progress.sent, progress.succeeded, progress.failed, progress.waiting()),
            (counted.matched, counted.delivered, counted.failed + counted.dropped, counted.waiting)
        );
    }

    async fn check_days(&self, store: &dyn Store, integration: IntegrationId, found: &[Row]) {
        let scopes = vec![super::making::MINE];
        let query = AttemptQuery { scopes, integration: Some(integration), ..AttemptQuery::default() };
        let log = store.attempts(&query, &all()).await.unwrap().items;
        let counting: Vec<_> = log.iter().filter(|row| row.trigger != "test").collect();
        for (delivery, _, attempts) in found {
            let of_delivery = counting.iter().filter(|row| row.delivery == *delivery);
            assert_eq!(of_delivery.count(), *attempts as usize);
        }
        let with = |outcome| counting.iter().filter(move |row| row.outcome == outcome);
        let refused: HashSet<_> = with(Outcome::Skipped).map(|row| row.delivery).collect();
        let days = store.day_counts(&[integration], Day(0)).await.unwrap();
        let sums = days
            .iter()
            .fold((0, 0, 0), |sums, day| (sums.0 + day.success, sums.1 + day.error, sums.2 + day.skipped));
        let expected = (with(Outcome::Success).count(), with(Outcome::Error).count(), refused.len());
        assert_eq!(sums, (expected.0 as u64, expected.1 as u64, expected.2 as u64));
    }
}

type Row = (DeliveryId, Verdict, u32);

/// The integration's deliveries, asked for by each verdict and all at once.
async fn rows(store: &dyn Store, integration: IntegrationId) -> Vec<Row> {
    let ask = async |verdict| {
        let query = DeliveryQuery { integration: Some(integration), verdict, ..DeliveryQuery::default() };
        let page = store.deliveries(&query, &all()).await.unwrap();
        page.items.iter().map(|row| (row.id, row.verdict, row.attempts)).collect::<Vec<_>>()
    };
    let mut by_verdict = Vec::new();
    for verdict in [Verdict::Delivered, Verdict::Failed, Verdict::Dropped, Verdict::Waiting] {
        by_verdict.extend(ask(Some(verdict)).await);
    }
    let together = ask(None).await;
    by_verdict.sort_by_key(|row| std::cmp::Reverse(row.0));
    assert_eq!(by_verdict, together);
    together
}

fn counted(rows: &[Row]) -> BookRow {
    let with = |wanted| rows.iter().filter(|(_, verdict, _)| *verdict == wanted).count() as u64;
    BookRow {
        matched: rows.len() as u64,
        delivered: with(Verdict::Delivered),
        failed: with(Verdict::Failed),
        dropped: with(Verdict::Dropped),
        waiting: with(Verdict::Waiting),
    }
}

fn attempt(event: &Arc<Event>, matched: &MatchedEntry, number: u32, way: Way) -> Attempt {
    let attempt = match way {
        Way::Success => success(event, matched, number),
        Way::Error => error(event, matched, number),
        Way::LastError => last(error(event, matched, number), Verdict::Failed),
        Way::Refusal => refusal(event, matched, number),
        Way::LastRefusal => last(refusal(event, matched, number), Verdict::Dropped),
    };
    assert!(!matches!(attempt.next, Next::Final(Verdict::Waiting)));
    attempt
}
