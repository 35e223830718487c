//! How often an address may fail to log in, and how long it waits then.

use core::net::{IpAddr, Ipv6Addr};
use std::collections::HashMap;
use std::time::Duration;

use crate::time::Timestamp;

/// Failures in a row that cost an address nothing.
pub const FREE_FAILURES: u32 = 10;
/// The wait after the last free failure.
pub const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait, and how long failures are remembered.
pub const LONGEST_WAIT: Duration = Duration::from_mins(30);
/// Addresses remembered at once; beyond it the one that failed longest ago is forgotten.
pub const ADDRESSES: usize = 10_000;

/// Failed logins by address.
///
/// The wait doubles with every further try, also with one that comes too early, so a program that guesses
/// passwords soon gets one guess in half an hour. A login that succeeds clears its address.
#[derive(Debug, Default)]
pub struct Logins {
    failures: HashMap<IpAddr, Failures>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    in_a_row: u32,
    last_at: Timestamp,
}

impl Logins {
    /// Whether this address may try to log in now; if not, how long it has to wait.
    pub fn may_try(&mut self, from: IpAddr, now: Timestamp) -> Result<(), Duration> {
        let Some(failures) = self.failures.get_mut(&neighbourhood(from)) else { return Ok(()) };
        if now.since(failures.last_at) >= failures.wait() {
            return Ok(());
        }
        failures.add(now);
        Err(failures.wait())
    }

    /// Remembers that a login from this address failed.
    pub fn failed(&mut self, from: IpAddr, now: Timestamp) {
        let address = neighbourhood(from);
        if !self.failures.contains_key(&address) && self.failures.len() >= ADDRESSES {
            self.make_room(now);
        }
        let fresh = Failures { in_a_row: 0, last_at: now };
        let failures = self.failures.entry(address).or_insert(fresh);
        if now.since(failures.last_at) >= LONGEST_WAIT {
            *failures = fresh;
        }
        failures.add(now);
    }

    /// Clears an address: its login succeeded.
    pub fn succeeded(&mut self, from: IpAddr) {
        self.failures.remove(&neighbourhood(from));
    }

    fn make_room(&mut self, now: Timestamp) {
        self.failures.retain(|_, failures| now.since(failures.last_at) < LONGEST_WAIT);
        if self.failures.len() >= ADDRESSES
            && let Some(oldest) =
                self.failures.iter().min_by_key(|(_, f)| f.last_at).map(|(address, _)| *address)
        {
            self.failures.remove(&oldest);
        }
    }
}

impl Failures {
    fn add(&mut self, now: Timestamp) {
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.last_at = now;
    }

    fn wait(self) -> Duration {
        match self.in_a_row.checked_sub(FREE_FAILURES) {
            None => Duration::ZERO,
            Some(more) => {
                let doublings = more.saturating_sub(1).min(16);
                LONGEST_WAIT.min(FIRST_WAIT * 2_u32.pow(doublings))
            }
        }
    }
}

/// What counts as one address: of IPv6 the first 64 bits, as whoever has one address there has them all.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        four @ IpAddr::V4(_) => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn secs(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn after_failures(count: u32) -> Logins {
        let mut logins = Logins::default();
        for _ in 0..count {
            logins.failed(address(1), T0);
        }
        logins
    }

    #[test]
    fn nine_failures_cost_nothing_and_the_tenth_costs_half_a_minute() {
        assert_eq!(after_failures(9).may_try(address(1), T0), Ok(()));
        let mut logins = after_failures(10);
        assert_eq!(logins.may_try(address(1), T0 + secs(29)), Err(secs(30)));
        assert_eq!(after_failures(10).may_try(address(1), T0 + secs(30)), Ok(()));
    }

    #[test]
    fn every_further_try_doubles_the_wait_up_to_half_an_hour() {
        let mut logins = after_failures(10);
        let waits: Vec<u64> = (0..9)
            .map(|_| logins.may_try(address(1), T0).map_or_else(|wait| wait.as_secs(), |()| 0))
            .collect();
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]);
    }

    #[test]
    fn a_success_clears_its_address_and_others_never_wait() {
        let mut logins = after_failures(10);
        assert_eq!(logins.may_try(address(2), T0), Ok(()));
        logins.succeeded(address(1));
        assert_eq!(logins.may_try(address(1), T0), Ok(()));
    }

    #[test]
    fn failures_are_forgotten_after_half_an_hour_without_one() {
        let mut logins = after_failures(9);
        logins.failed(address(1), T0 + LONGEST_WAIT);
        assert_eq!(logins.may_try(address(1), T0 + LONGEST_WAIT), Ok(()));
    }

    #[test]
    fn neighbours_in_ipv6_count_as_one_and_mapped_addresses_as_ipv4() {
        let mut logins = Logins::default();
        for n in 1..=10_u16 {
            logins.failed(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, n).into(), T0);
        }
        assert!(logins.may_try(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 9, 9, 9, 9).into(), T0).is_err());
        assert!(logins.may_try(Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 0, 0, 0, 1).into(), T0).is_ok());

        let mut logins = after_failures(10);
        let mapped = core::net::Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped();
        assert!(logins.may_try(mapped.into(), T0).is_err());
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let mut logins = Logins::default();
        let addresses = (0..=ADDRESSES as u32).map(|n| IpAddr::from((0x0a00_0000 + n).to_be_bytes()));
        for (at, address) in addresses.enumerate() {
            for _ in 0..FREE_FAILURES {
                logins.failed(address, T0 + Duration::from_millis(at as u64));
            }
        }
        assert_eq!(logins.failures.len(), ADDRESSES);
        assert!(logins.may_try(IpAddr::from([10, 0, 0, 0]), T0).is_ok());
        assert!(logins.may_try(IpAddr::from([10, 0, 0, 1]), T0).is_err());
    }
}
