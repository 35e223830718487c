//! Books: what is counted, so that every number shown opens onto its rows.

use std::iter::Sum;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::attempt::Verdict;
use crate::event::{Event, Publisher, Source};

/// Bytes of data that make one operation, started ones included (Particle, "Data Operations").
pub const OPERATION_BYTES: usize = 1024;

/// Operations for a publish with this many bytes of data: one for each 1,024 started, at least one.
pub fn publish_operations(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(OPERATION_BYTES).max(1)).unwrap_or(u32::MAX)
}

/// Operations for taking in this event. Only a device's publish costs any.
pub fn operations_of(event: &Event) -> u32 {
    match (event.publisher, event.source) {
        (Publisher::Device(_), Source::Test) | (Publisher::Api | Publisher::Internal, _) => 0,
        (Publisher::Device(_), _) => publish_operations(event.data_text().len()),
    }
}

/// Operations for handing one event, or one part of a reply, to this many devices that listen with their
/// own tokens: one each, whatever its size. People's streams cost nothing.
pub fn receive_operations(device_listeners: u32) -> u32 {
    device_listeners
}

/// What has become of deliveries: of one integration, or of all.
///
/// The books balance at every moment: `matched` is the sum of the others. A test enters no books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Books {
    /// Deliveries begun.
    pub matched: u64,
    /// Those that succeeded.
    pub delivered: u64,
    /// Those whose last try ended in an error.
    pub failed: u64,
    /// Those given up without an error at the last.
    pub dropped: u64,
    /// Those still waiting.
    pub waiting: u64,
}

/// A delivery was to end, but none is waiting: it ended before, or never began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no delivery is waiting, so none can end as {verdict:?}: each ends once, after it began")]
pub struct NoneWaiting {
    /// What it was to end as.
    pub verdict: Verdict,
}

impl Books {
    /// A delivery begins: it waits.
    pub fn begin(&mut self) {
        self.matched += 1;
        self.waiting += 1;
    }

    /// A waiting delivery gets its verdict. `Waiting` is none yet and changes nothing.
    pub fn end(&mut self, verdict: Verdict) -> Result<(), NoneWaiting> {
        let count = match verdict {
            Verdict::Waiting => return Ok(()),
            Verdict::Delivered => &mut self.delivered,
            Verdict::Failed => &mut self.failed,
            Verdict::Dropped => &mut self.dropped,
        };
        self.waiting = self.waiting.checked_sub(1).ok_or(NoneWaiting { verdict })?;
        *count += 1;
        Ok(())
    }

    /// Whether every delivery begun is accounted for exactly once.
    pub fn balanced(&self) -> bool {
        self.matched == self.delivered + self.failed + self.dropped + self.waiting
    }
}

impl AddAssign for Books {
    fn add_assign(&mut self, other: Self) {
        self.matched += other.matched;
        self.delivered += other.delivered;
        self.failed += other.failed;
        self.dropped += other.dropped;
        self.waiting += other.waiting;
    }
}

impl Sum for Books {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |mut total, books| {
            total += books;
            total
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::id::{DeviceId, EventId};
    use crate::time::Timestamp;

    #[test]
    fn a_publish_costs_one_operation_for_each_1024_bytes_started_and_at_least_one() {
        for (bytes, operations) in
            [(0, 1), (1, 1), (1023, 1), (1024, 1), (1025, 2), (2048, 2), (2049, 3), (16_384, 16)]
        {
            assert_eq!(publish_operations(bytes), operations, "{bytes} bytes");
        }
    }

    fn event(publisher: Publisher, source: Source) -> Event {
        let now = Timestamp::from_millis(0);
        Event {
            id: EventId::new(now, [0; 10]),
            name: "temp".to_owned(),
            data: Some("x".repeat(1025)),
            published_at: now,
            ttl: 60,
            publisher,
            private: true,
            owner: None,
            product: None,
            product_version: None,
            source,
            idempotency_key: None,
        }
    }

    #[test]
    fn only_a_devices_own_publish_costs_operations() {
        let device = Publisher::Device(DeviceId([1; 12]));
        assert_eq!(operations_of(&event(device, Source::Http)), 2);
        assert_eq!(operations_of(&event(device, Source::Mqtt)), 2);
        assert_eq!(operations_of(&event(device, Source::Test)), 0);
        assert_eq!(operations_of(&event(Publisher::Api, Source::Http)), 0);
        assert_eq!(operations_of(&event(Publisher::Internal, Source::Http)), 0);
    }

    #[test]
    fn receiving_costs_one_operation_for_each_listening_device() {
        assert_eq!(receive_operations(0), 0);
        assert_eq!(receive_operations(3), 3);
    }

    #[test]
    fn a_delivery_that_did_not_begin_cannot_end() {
        let mut books = Books::default();
        assert_eq!(books.end(Verdict::Failed), Err(NoneWaiting { verdict: Verdict::Failed }));
        assert_eq!(books.end(Verdict::Waiting), Ok(()));
        assert_eq!(books, Books::default());
    }

    proptest! {
        #[test]
        fn the_books_balance_after_every_step_of_each_integration_and_in_total(
            steps in prop::collection::vec((0..3_usize, prop::option::of(prop::sample::select(vec![
                Verdict::Delivered, Verdict::Failed, Verdict::Dropped, Verdict::Waiting,
            ]))), 0..200),
        ) {
            let mut books = [Books::default(); 3];
            for (integration, verdict) in steps {
                let before = books[integration];
                match verdict {
                    None => books[integration].begin(),
                    Some(verdict) => {
                        let ended = books[integration].end(verdict);
                        prop_assert_eq!(ended.is_err(), before.waiting == 0 && verdict != Verdict::Waiting);
                    }
                }
                prop_assert!(books.iter().all(Books::balanced));
                prop_assert!(books.into_iter().sum::<Books>().balanced());
            }
        }
    }
}
