//! Time and luck. The only file that reads the wall clock or asks for random numbers.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fieldhook_core::time::Timestamp;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::oneshot;

/// What tells the time. Handed in everywhere, so that a test or a simulation drives it.
pub trait Clock: Send + Sync {
    /// The time of day.
    fn now(&self) -> Timestamp;

    /// Time since an arbitrary start; never goes backwards. For measuring.
    fn elapsed(&self) -> Duration;

    /// Resolves when `wait` has passed.
    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()>;

    /// Resolves when `wait` has passed, for those who wait only so that there is more to do in one go. A clock that
    /// is driven keeps nobody waiting for that.
    fn linger(&self, wait: Duration) -> BoxFuture<'static, ()>;
}

/// Resolves at `moment`, at once when it has passed.
pub fn sleep_until(clock: &dyn Clock, moment: Timestamp) -> BoxFuture<'static, ()> {
    clock.sleep(moment.since(clock.now()))
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Starts measuring now.
    #[expect(clippy::new_without_default, reason = "a default that reads a clock would surprise")]
    #[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "this is where real time passes")]
    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(wait))
    }

    fn linger(&self, wait: Duration) -> BoxFuture<'static, ()> {
        self.sleep(wait)
    }
}

/// A clock that stands still until it is told to move.
#[derive(Debug)]
pub struct ManualClock {
    state: Mutex<ManualState>,
}

#[derive(Debug)]
struct ManualState {
    started_at: Timestamp,
    elapsed: Duration,
    next_sleeper: u64,
    sleepers: BinaryHeap<Reverse<Sleeper>>,
}

#[derive(Debug)]
struct Sleeper {
    wakes_at: Duration,
    order: u64,
    wake: oneshot::Sender<()>,
}

impl PartialEq for Sleeper {
    fn eq(&self, other: &Self) -> bool {
        (self.wakes_at, self.order) == (other.wakes_at, other.order)
    }
}

impl Eq for Sleeper {}

impl PartialOrd for Sleeper {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sleeper {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.wakes_at, self.order).cmp(&(other.wakes_at, other.order))
    }
}

impl ManualClock {
    /// A clock that says it is `now`.
    pub fn at(now: Timestamp) -> Self {
        let state = ManualState {
            started_at: now,
            elapsed: Duration::ZERO,
            next_sleeper: 0,
            sleepers: BinaryHeap::new(),
        };
        Self { state: Mutex::new(state) }
    }

    /// Lets `time` pass at once, and wakes whoever slept until then or sooner, the earliest first.
    pub fn advance(&self, time: Duration) {
        let mut state = self.state.lock();
        state.elapsed += time;
        while state.sleepers.peek().is_some_and(|Reverse(sleeper)| sleeper.wakes_at <= state.elapsed) {
            if let Some(Reverse(sleeper)) = state.sleepers.pop() {
                // Whoever no longer waits need not be woken.
                let _ = sleeper.wake.send(());
            }
        }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        let state = self.state.lock();
        state.started_at + state.elapsed
    }

    fn elapsed(&self) -> Duration {
        self.state.lock().elapsed
    }

    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        if wait.is_zero() {
            return Box::pin(std::future::ready(()));
        }
        let mut state = self.state.lock();
        let (wake, woken) = oneshot::channel();
        let sleeper = Sleeper { wakes_at: state.elapsed + wait, order: state.next_sleeper, wake };
        state.next_sleeper += 1;
        state.sleepers.push(Reverse(sleeper));
        Box::pin(async move {
            if woken.await.is_err() {
                // The clock is gone: time stands still for good.
                std::future::pending::<()>().await;
            }
        })
    }

    fn linger(&self, _wait: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::task::yield_now())
    }
}

/// What gives random numbers. Handed in like the clock.
pub trait Luck: Send + Sync {
    /// Fills `bytes` with random ones, fit for secrets when it is the machine's luck.
    fn fill(&self, bytes: &mut [u8]);
}

/// Random bytes of a fixed size.
pub fn random<const N: usize>(luck: &dyn Luck) -> [u8; N] {
    let mut bytes = [0; N];
    luck.fill(&mut bytes);
    bytes
}

/// A number in `0.0..1.0`.
pub fn random_fraction(luck: &dyn Luck) -> f64 {
    let bits = u64::from_le_bytes(random(luck)) >> 11;
    bits as f64 / (1_u64 << 53) as f64
}

/// The machine's luck: a cryptographic generator per thread, seeded by the operating system.
#[derive(Debug, Default)]
pub struct SystemLuck;

impl Luck for SystemLuck {
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

/// Luck that is the same for the same seed. Never for secrets.
#[derive(Debug)]
pub struct SeededLuck(Mutex<StdRng>);

impl SeededLuck {
    /// Luck of this seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl Luck for SeededLuck {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().fill_bytes(bytes);
    }
}

/// The clock and the luck that a part is given.
#[derive(Clone)]
pub struct Nature {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives random numbers.
    pub luck: Arc<dyn Luck>,
}

impl Nature {
    /// The machine's own.
    pub fn real() -> Self {
        Self { clock: Arc::new(SystemClock::new()), luck: Arc::new(SystemLuck) }
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_only_those_whose_time_has_come() {
        let clock = ManualClock::at(Timestamp::from_millis(0));
        let soon = clock.sleep(Duration::from_secs(1));
        let mut late = clock.sleep(Duration::from_secs(2));

        clock.advance(Duration::from_secs(1));
        soon.await;
        assert!(futures_util::poll!(&mut late).is_pending());

        clock.advance(Duration::from_secs(1));
        late.await;
        assert_eq!(clock.now(), Timestamp::from_millis(2_000));
    }

    #[test]
    fn the_same_seed_gives_the_same_luck() {
        let (one, other) = (SeededLuck::new(7), SeededLuck::new(7));
        assert_eq!(random::<32>(&one), random::<32>(&other));
        assert!((0.0..1.0).contains(&random_fraction(&one)));
    }
}
