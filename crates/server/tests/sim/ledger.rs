//! What a store keeps: a row for each delivery, a line for each attempt, and the counts. It survives every crash.

use std::collections::{BTreeMap, BTreeSet};

use fieldhook_core::attempt::Verdict;
use fieldhook_core::id::DeliveryId;

/// One delivery.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    /// The integration's place in `HOOKS`.
    hook: usize,
    /// How it ended, once it has.
    pub(crate) verdict: Option<Verdict>,
    /// The attempts that were recorded, by number of the request.
    pub(crate) lines: BTreeSet<u64>,
}

/// The counts of one integration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    matched: u64,
    delivered: u64,
    failed: u64,
    dropped: u64,
}

/// The rows and their books.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) rows: BTreeMap<DeliveryId, Row>,
    books: BTreeMap<usize, Counts>,
}

impl Ledger {
    /// A delivery begins. Told twice is told once.
    pub(crate) fn matched(&mut self, delivery: DeliveryId, hook: usize) {
        self.rows.entry(delivery).or_insert_with(|| {
            self.books.entry(hook).or_default().matched += 1;
            Row { hook, ..Row::default() }
        });
    }

    /// An attempt ended, and with it perhaps its delivery. One that has ended stays so.
    pub(crate) fn attempted(
        &mut self,
        delivery: DeliveryId,
        hook: usize,
        line: u64,
        verdict: Option<Verdict>,
    ) {
        self.matched(delivery, hook);
        let row = self.rows.get_mut(&delivery).unwrap();
        assert!(row.lines.insert(line), "an attempt is recorded once");
        if row.verdict.is_none()
            && let Some(verdict) = verdict
        {
            row.verdict = Some(verdict);
            let counts = self.books.entry(hook).or_default();
            match verdict {
                Verdict::Delivered => counts.delivered += 1,
                Verdict::Failed => counts.failed += 1,
                Verdict::Dropped => counts.dropped += 1,
                Verdict::Waiting => panic!("waiting is no end"),
            }
        }
    }

    /// Deliveries that have not ended.
    pub(crate) fn waiting(&self) -> u64 {
        self.rows.values().filter(|row| row.verdict.is_none()).count() as u64
    }

    /// Asserts that the books equal the rows, and that each delivery is counted in one place.
    pub(crate) fn balances(&self) {
        let mut counted: BTreeMap<usize, Counts> = BTreeMap::new();
        let mut waiting: BTreeMap<usize, u64> = BTreeMap::new();
        for row in self.rows.values() {
            let counts = counted.entry(row.hook).or_default();
            counts.matched += 1;
            match row.verdict {
                Some(Verdict::Delivered) => counts.delivered += 1,
                Some(Verdict::Failed) => counts.failed += 1,
                Some(Verdict::Dropped) => counts.dropped += 1,
                Some(Verdict::Waiting) | None => *waiting.entry(row.hook).or_default() += 1,
            }
        }
        assert_eq!(counted, self.books, "the books equal the rows");
        for (hook, counts) in &self.books {
            let ended = counts.delivered + counts.failed + counts.dropped;
            assert_eq!(counts.matched, ended + waiting.get(hook).unwrap_or(&0), "hook {hook}");
        }
    }
}
