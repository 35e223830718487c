//! What is said of a segment as a whole: in its first unit, and beside it in a note.

use super::disk;
use super::record::{UNIT, u32_at};

/// What stands in the first unit of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opening {
    /// The segment's number.
    pub(super) segment: u32,
    /// Units of the segment before it that count; what stands beyond them was given up. 0 for the first.
    pub(super) previous: u32,
    /// Units this segment has, when it is known: it has been compacted.
    pub(super) compacted: Option<u32>,
}

impl Opening {
    const TITLE: &[u8; 8] = b"FHQUEUE1";

    /// As it stands on disk.
    pub(super) fn to_bytes(self) -> [u8; UNIT] {
        let mut bytes = [0; UNIT];
        bytes[..8].copy_from_slice(Self::TITLE);
        bytes[8..12].copy_from_slice(&self.segment.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.previous.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.compacted.unwrap_or(0).to_le_bytes());
        let sum = crc32fast::hash(&bytes[..28]);
        bytes[28..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Reads it; `None` when it is not sound, or not that of this segment.
    pub(super) fn parse(bytes: &[u8], segment: u32) -> Option<Self> {
        let bytes = bytes.get(..UNIT)?;
        let sound = bytes[..8] == *Self::TITLE && crc32fast::hash(&bytes[..28]) == u32_at(bytes, 28)?;
        let compacted = Some(u32_at(bytes, 16)?).filter(|units| *units > 0);
        let opening = Self { segment: u32_at(bytes, 8)?, previous: u32_at(bytes, 12)?, compacted };
        (sound && opening.segment == segment).then_some(opening)
    }
}

/// Says, beside the segments, how far the last one was durable. It is written after every sync and never
/// synced itself, so what it says is true, though it may be old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Synced {
    /// The segment's number.
    pub(super) segment: u32,
    /// Units of it that were durable.
    pub(super) units: u32,
}

impl Synced {
    /// The name of its file.
    pub(super) const NAME: &str = disk::NOTE;
    /// Bytes it has.
    pub(super) const SIZE: usize = 12;

    /// As it stands on disk.
    pub(super) fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[..4].copy_from_slice(&self.segment.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.units.to_le_bytes());
        let sum = crc32fast::hash(&bytes[..8]);
        bytes[8..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Reads it; `None` when it is not sound, and then says nothing.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let sound = crc32fast::hash(bytes.get(..8)?) == u32_at(bytes, 8)?;
        sound.then_some(Self { segment: u32_at(bytes, 0)?, units: u32_at(bytes, 4)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_and_a_note_are_believed_only_when_sound() {
        let opening = Opening { segment: 3, previous: 99, compacted: Some(4) };
        assert_eq!(Opening::parse(&opening.to_bytes(), 3), Some(opening));
        assert_eq!(Opening::parse(&opening.to_bytes(), 4), None);

        let note = Synced { segment: 3, units: 12 };
        let mut bytes = note.to_bytes();
        assert_eq!(Synced::parse(&bytes), Some(note));
        bytes[5] ^= 4;
        assert_eq!(Synced::parse(&bytes), None);
    }
}
