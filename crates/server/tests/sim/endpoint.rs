//! Endpoints that cope, fail, ask for silence, hang and lie.

use std::time::Duration;

use fieldhook_core::integration::RetryKind;

/// What an endpoint does with requests for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Answers 200, with a body of this many letters.
    Fine(usize),
    /// Answers with this status.
    Fails(u16),
    /// Answers 503 and asks for this much patience.
    Busy(Duration),
    /// Says nothing until the deadline.
    Hangs,
}

impl Mood {
    /// The mood that a draw makes.
    pub(crate) fn drawn(draw: u64) -> Self {
        match draw % 10 {
            0..=3 => Self::Fine((draw / 10 % 2000) as usize),
            4 => Self::Fails(500),
            5 => Self::Fails(404),
            6 => Self::Fails(302),
            7 | 8 => Self::Busy(Duration::from_secs(draw / 10 % 5000)),
            _ => Self::Hangs,
        }
    }

    /// How long it takes to answer.
    pub(crate) fn takes(self, draw: u64) -> Duration {
        match self {
            Self::Hangs => Duration::from_secs(20),
            _ => Duration::from_millis(draw % 3000),
        }
    }
}

/// An integration of the world: how it retries, and the destination it sends to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hook {
    pub(crate) retry: RetryKind,
    pub(crate) destination: usize,
}

/// The integrations: two destinations are shared, one is not.
pub(crate) const HOOKS: [Hook; 5] = [
    Hook { retry: RetryKind::Standard, destination: 0 },
    Hook { retry: RetryKind::Extended, destination: 0 },
    Hook { retry: RetryKind::Skipped, destination: 1 },
    Hook { retry: RetryKind::None, destination: 1 },
    Hook { retry: RetryKind::Extended, destination: 2 },
];

/// How many destinations there are.
pub(crate) const DESTINATIONS: usize = 3;
