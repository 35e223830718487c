//! What is known in memory of one segment: what still holds it back, and which events it keeps.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use fieldhook_core::id::EventId;

use super::record::UNIT;

/// One segment.
#[derive(Debug)]
pub(super) struct Segment {
    /// Its number; the one after it has the next.
    pub(super) number: u32,
    /// How often it has been compacted; part of its file's name.
    pub(super) generation: u32,
    /// Bytes that count.
    pub(super) bytes: u64,
    /// Slots that hold it back.
    pub(super) live: Live,
    /// Slots it was written with.
    pub(super) slots: u32,
    /// The events it keeps.
    pub(super) ids: Ids,
    /// Where records stand now that were written elsewhere: pairs of units, sorted. `None` before it is compacted.
    pub(super) moved: Option<Box<[(u32, u32)]>>,
}

impl Segment {
    /// A segment to be filled.
    pub(super) fn new(number: u32, bytes: u64) -> Self {
        Self {
            number,
            generation: 0,
            bytes,
            live: Live::default(),
            slots: 0,
            ids: Ids::Open(Arc::default()),
            moved: None,
        }
    }

    /// The name of its file.
    pub(super) fn name(&self) -> String {
        name(self.number, self.generation)
    }

    /// The byte at which the record stands that was written at `unit`; `None` when it is there no more.
    pub(super) fn byte_of(&self, unit: u32) -> Option<u64> {
        let now = match &self.moved {
            None => unit,
            Some(moved) => moved[moved.binary_search_by_key(&unit, |(before, _)| *before).ok()?].1,
        };
        Some(u64::from(now) * UNIT as u64)
    }

    /// Takes in a record at `unit`: the event's slot, unless the store has it, and one slot for each delivery.
    pub(super) fn add(&mut self, event: EventId, unit: u32, recorded: bool, deliveries: usize) {
        self.hold(unit, recorded, deliveries);
        self.ids.add(event, unit);
    }

    /// Sets the slots of a record.
    pub(super) fn hold(&mut self, unit: u32, recorded: bool, deliveries: usize) {
        let first = if recorded { unit + 1 } else { unit };
        for slot in first..=unit + deliveries as u32 {
            self.live.set(slot);
            self.slots += 1;
        }
    }

    /// Whether nothing holds it back.
    pub(super) fn is_dead(&self) -> bool {
        self.live.count() == 0
    }

    /// Bytes of memory it takes, about.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        let moved = self.moved.as_ref().map_or(0, |moved| moved.len() * 8);
        size_of::<Self>() + self.live.memory() + self.ids.memory() + moved
    }
}

/// The name of a segment's file.
pub(super) fn name(number: u32, generation: u32) -> String {
    format!("{number:09}.{generation}.log")
}

/// The number and generation in the name of a segment's file.
pub(super) fn read_name(name: &str) -> Option<(u32, u32)> {
    let (number, generation) = name.strip_suffix(".log")?.split_once('.')?;
    Some((number.parse().ok()?, generation.parse().ok()?))
}

/// A set of slots.
#[derive(Debug, Clone)]
pub(super) enum Live {
    /// One bit for each slot, while most are set.
    Many(Vec<u64>, u32),
    /// Those that are set, once few are.
    Few(BTreeSet<u32>),
}

impl Default for Live {
    fn default() -> Self {
        Self::Many(Vec::new(), 0)
    }
}

impl Live {
    /// How many are set.
    pub(super) fn count(&self) -> u32 {
        match self {
            Self::Many(_, count) => *count,
            Self::Few(slots) => slots.len() as u32,
        }
    }

    /// Whether this one is set.
    pub(super) fn contains(&self, slot: u32) -> bool {
        match self {
            Self::Many(words, _) => words.get(word(slot)).is_some_and(|word| word & bit(slot) != 0),
            Self::Few(slots) => slots.contains(&slot),
        }
    }

    /// Whether any of these is set.
    pub(super) fn any(&self, mut slots: RangeInclusive<u32>) -> bool {
        slots.any(|slot| self.contains(slot))
    }

    /// Sets one.
    pub(super) fn set(&mut self, slot: u32) {
        match self {
            Self::Many(words, count) => {
                if words.len() <= word(slot) {
                    words.resize(word(slot) + 1, 0);
                }
                *count += u32::from(words[word(slot)] & bit(slot) == 0);
                words[word(slot)] |= bit(slot);
            }
            Self::Few(slots) => _ = slots.insert(slot),
        }
    }

    /// Clears one; says whether it was set.
    pub(super) fn clear(&mut self, slot: u32) -> bool {
        let was = self.contains(slot);
        match self {
            Self::Many(words, count) if was => {
                words[word(slot)] &= !bit(slot);
                *count -= 1;
            }
            Self::Many(..) => {}
            Self::Few(slots) => _ = slots.remove(&slot),
        }
        was
    }

    /// The same set, kept as the few that are set.
    pub(super) fn thinned(&self) -> Self {
        match self {
            Self::Few(slots) => Self::Few(slots.clone()),
            Self::Many(words, _) => {
                Self::Few((0..(words.len() * 64) as u32).filter(|slot| self.contains(*slot)).collect())
            }
        }
    }

    #[cfg(test)]
    fn memory(&self) -> usize {
        match self {
            Self::Many(words, _) => words.capacity() * 8,
            // A tree's leaves are about two thirds full.
            Self::Few(slots) => slots.len() * 7,
        }
    }
}

fn word(slot: u32) -> usize {
    slot as usize / 64
}

fn bit(slot: u32) -> u64 {
    1 << (slot % 64)
}

/// Which events a segment keeps, and at which units.
#[derive(Debug)]
pub(super) enum Ids {
    /// Exactly, while the segment is being filled: fresh events are asked about most.
    Open(Arc<BTreeSet<(EventId, u32)>>),
    /// By 32 bits of each id, 8 bytes an event. Who asks must look whether the record is the event's.
    Packed(Packed),
}

/// Ids by 32 of their bits, and the span of time they were made in.
///
/// The span keeps fresh ids from being looked for in old segments at all.
#[derive(Debug, Default, Clone)]
pub(super) struct Packed {
    entries: Box<[(u32, u32)]>,
    made: Option<(i64, i64)>,
}

impl Packed {
    /// Packs ids with their units.
    pub(super) fn new(ids: impl Iterator<Item = (EventId, u32)>) -> Self {
        let mut made: Option<(i64, i64)> = None;
        let mut entries: Vec<_> = ids
            .map(|(id, unit)| {
                let at = id.made_at().as_millis();
                made = Some(made.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
                (few_bits(id), unit)
            })
            .collect();
        entries.sort_unstable();
        Self { entries: entries.into_boxed_slice(), made }
    }

    fn units(&self, id: EventId) -> impl Iterator<Item = u32> {
        let at = id.made_at().as_millis();
        let spans = self.made.is_some_and(|(first, last)| (first..=last).contains(&at));
        let entries = if spans { &*self.entries } else { &[] };
        let wanted = few_bits(id);
        let start = entries.partition_point(|(bits, _)| *bits < wanted);
        entries[start..].iter().take_while(move |(bits, _)| *bits == wanted).map(|(_, unit)| *unit)
    }
}

impl Ids {
    /// Units at which the event is kept; when `exact` is false some may be those of other events.
    pub(super) fn units(&self, id: EventId) -> (Vec<u32>, bool) {
        match self {
            Self::Open(ids) => (ids.range((id, 0)..=(id, u32::MAX)).map(|(_, unit)| *unit).collect(), true),
            Self::Packed(packed) => (packed.units(id).collect(), false),
        }
    }

    fn add(&mut self, id: EventId, unit: u32) {
        if let Self::Open(ids) = self {
            Arc::make_mut(ids).insert((id, unit));
        }
    }

    #[cfg(test)]
    fn memory(&self) -> usize {
        match self {
            Self::Open(ids) => ids.len() * 30,
            Self::Packed(packed) => packed.entries.len() * 8,
        }
    }
}

/// The last 32 bits of an id, which are luck.
fn few_bits(id: EventId) -> u32 {
    let bytes = id.0.as_bytes();
    u32::from_le_bytes([bytes[12], bytes[13], bytes[14], bytes[15]])
}

#[cfg(test)]
mod tests {
    use fieldhook_core::time::Timestamp;

    use super::*;

    fn id(millis: i64, luck: u8) -> EventId {
        EventId::new(Timestamp::from_millis(millis), [luck; 10])
    }

    #[test]
    fn a_segment_is_dead_when_its_event_is_recorded_and_its_deliveries_are_settled() {
        let mut segment = Segment::new(1, 0);
        segment.add(id(1, 1), 4, false, 2);
        assert_eq!(segment.live.count(), 3);
        assert!([4, 5, 6].into_iter().all(|slot| !segment.is_dead() && segment.live.clear(slot)));
        assert!(segment.is_dead());
        assert!(!segment.live.clear(4));
    }

    #[test]
    fn a_thinned_set_is_the_same_set() {
        let mut many = Live::default();
        for slot in [3, 64, 700] {
            many.set(slot);
        }
        let few = many.thinned();
        assert_eq!(few.count(), 3);
        assert!((0..800).all(|slot| few.contains(slot) == many.contains(slot)));
    }

    #[test]
    fn packed_ids_are_found_and_those_of_another_time_are_not_looked_for() {
        let packed = Ids::Packed(Packed::new([(id(10, 1), 5), (id(12, 2), 9), (id(11, 1), 7)].into_iter()));
        assert_eq!(packed.units(id(12, 2)), (vec![9], false));
        assert_eq!(packed.units(id(11, 1)), (vec![5, 7], false));
        assert_eq!(packed.units(id(11, 3)), (vec![], false));
        assert_eq!(packed.units(id(13, 1)), (vec![], false));
    }

    #[test]
    fn the_name_of_a_file_reads_back() {
        assert_eq!(read_name(&name(12, 3)), Some((12, 3)));
        assert_eq!(read_name("12.log"), None);
        assert_eq!(read_name("lock"), None);
    }
}
