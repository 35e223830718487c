//! What became of the events while a problem lasted.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What became of the events since a problem began.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fate {
    /// Deliveries begun since then.
    pub matched: u64,
    /// Of these, those that got through, at once or by a later try.
    pub delivered: u64,
    /// Those given up after an error.
    pub failed: u64,
    /// Those given up without an error at the last.
    pub dropped: u64,
    /// Those that wait for their next try.
    pub waiting: u64,
    /// When the next of these is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_try: Option<Timestamp>,
    /// The same in a sentence.
    pub words: String,
}

impl Fate {
    /// The fate of deliveries, with its sentence.
    pub fn of(counts: FateCounts) -> Self {
        let FateCounts { delivered, failed, dropped, waiting, next_try, more } = counts;
        let matched = delivered + failed + dropped + waiting;
        let mut words = sentence(matched, &counts);
        if more {
            words.push_str(" Only the first of very many were counted.");
        }
        Self { matched, delivered, failed, dropped, waiting, next_try, words }
    }
}

/// Deliveries counted by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FateCounts {
    /// Delivered.
    pub delivered: u64,
    /// Failed.
    pub failed: u64,
    /// Dropped.
    pub dropped: u64,
    /// Waiting.
    pub waiting: u64,
    /// When the next is due.
    pub next_try: Option<Timestamp>,
    /// Whether there are more than were counted.
    pub more: bool,
}

fn sentence(matched: u64, counts: &FateCounts) -> String {
    if matched == 0 {
        return "No event has been matched since.".to_owned();
    }
    let part = |count: u64, what: &str| (count > 0).then(|| format!("{count} {what}"));
    let parts: Vec<_> = [
        part(counts.delivered, "got through"),
        part(counts.failed, "failed for good"),
        part(counts.dropped, "were dropped"),
        part(counts.waiting, "wait for another try"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let kept = if counts.failed + counts.dropped > 0 {
        " What failed or was dropped is kept and can be replayed."
    } else {
        ""
    };
    let events = if matched == 1 { "event" } else { "events" };
    format!("Of {matched} {events} matched since, {}.{kept}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fate_of_events_is_told_without_what_is_none() {
        let fate = Fate::of(FateCounts { failed: 3, waiting: 1, ..FateCounts::default() });
        assert_eq!(fate.matched, 4);
        assert_eq!(
            fate.words,
            "Of 4 events matched since, 3 failed for good, 1 wait for another try. \
             What failed or was dropped is kept and can be replayed."
        );
        assert_eq!(Fate::of(FateCounts::default()).words, "No event has been matched since.");
    }
}
