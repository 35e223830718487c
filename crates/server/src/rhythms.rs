//! Who speaks how steadily: the rhythm of each device and each integration, in memory.
//!
//! A rhythm is learnt anew after a start, which takes ten beats.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, Hash};
use std::time::Duration;

use fieldhook_core::id::{DeviceId, IntegrationId};
use fieldhook_core::rhythm::Rhythm;
use fieldhook_core::time::Timestamp;
use parking_lot::Mutex;

/// What a device sends within a second is one beat.
const DEVICE_GRAIN: Duration = Duration::from_secs(1);
/// What an integration fires within a minute is one beat: many devices together have no finer rhythm.
const INTEGRATION_GRAIN: Duration = Duration::from_mins(1);
/// Rhythms of one kind that are kept; who comes later has none. About 60 MB when that many speak.
const MOST: usize = 1_000_000;
/// Parts that are locked one by one, so that a look at all holds nobody up.
const SHARDS: usize = 64;

/// The rhythms there are.
pub struct Rhythms {
    devices: Kept<DeviceId>,
    integrations: Kept<IntegrationId>,
}

impl Default for Rhythms {
    fn default() -> Self {
        Self { devices: Kept::new(DEVICE_GRAIN), integrations: Kept::new(INTEGRATION_GRAIN) }
    }
}

impl Rhythms {
    /// A device published.
    pub fn published(&self, device: DeviceId, now: Timestamp) {
        self.devices.hear(device, now);
    }

    /// An integration fired.
    pub fn fired(&self, integration: IntegrationId, now: Timestamp) {
        self.integrations.hear(integration, now);
    }

    /// When the device was last heard since the start.
    pub fn device_heard(&self, device: DeviceId) -> Option<Timestamp> {
        self.devices.heard(device)
    }

    /// When the integration last fired since the start.
    pub fn integration_heard(&self, integration: IntegrationId) -> Option<Timestamp> {
        self.integrations.heard(integration)
    }

    /// Devices with a rhythm that are silent for longer than that allows.
    pub fn missed_devices(&self, now: Timestamp) -> Vec<(DeviceId, Rhythm)> {
        self.devices.missed(now)
    }

    /// Integrations with a rhythm that have not fired for longer than that allows.
    pub fn missed_integrations(&self, now: Timestamp) -> Vec<(IntegrationId, Rhythm)> {
        self.integrations.missed(now)
    }

    /// Forgets the rhythm of a device, to learn it anew.
    pub fn forget_device(&self, device: DeviceId) {
        self.devices.forget(device);
    }

    /// Forgets the rhythm of an integration, to learn it anew.
    pub fn forget_integration(&self, integration: IntegrationId) {
        self.integrations.forget(integration);
    }
}

struct Kept<Id> {
    grain: Duration,
    shards: Vec<Mutex<HashMap<Id, Rhythm>>>,
}

impl<Id: Copy + Eq + Hash> Kept<Id> {
    fn new(grain: Duration) -> Self {
        Self { grain, shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    fn shard(&self, id: Id) -> &Mutex<HashMap<Id, Rhythm>> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(id);
        &self.shards[hash as usize % SHARDS]
    }

    fn hear(&self, id: Id, now: Timestamp) {
        let mut shard = self.shard(id).lock();
        if let Some(rhythm) = shard.get_mut(&id) {
            rhythm.hear(now, self.grain);
        } else if shard.len() < MOST / SHARDS {
            shard.insert(id, Rhythm::begin(now));
        }
    }

    fn heard(&self, id: Id) -> Option<Timestamp> {
        self.shard(id).lock().get(&id).map(Rhythm::heard)
    }

    fn missed(&self, now: Timestamp) -> Vec<(Id, Rhythm)> {
        let mut missed = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock();
            missed.extend(shard.iter().filter(|(_, rhythm)| rhythm.is_missed(now)).map(|(id, r)| (*id, *r)));
        }
        missed
    }

    fn forget(&self, id: Id) {
        self.shard(id).lock().remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(number: u64) -> DeviceId {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        DeviceId(bytes)
    }

    #[test]
    fn a_device_that_stops_is_missed_until_it_speaks_or_is_forgotten() {
        let rhythms = Rhythms::default();
        let at = |minute: u64| Timestamp::from_millis(0) + Duration::from_mins(minute);
        for minute in 0..20 {
            rhythms.published(device(1), at(minute));
            rhythms.published(device(2), at(minute));
        }
        assert_eq!(rhythms.missed_devices(at(20)), []);
        assert_eq!(rhythms.missed_devices(at(30)).len(), 2);
        rhythms.published(device(1), at(30));
        rhythms.forget_device(device(2));
        assert_eq!(rhythms.missed_devices(at(40)), []);
        assert_eq!(rhythms.device_heard(device(1)), Some(at(30)));
    }

    #[test]
    fn many_devices_together_make_one_rhythm_of_their_integration() {
        let rhythms = Rhythms::default();
        let hook = IntegrationId([7; 12]);
        let mut now = Timestamp::from_millis(0);
        for step in 0..400_u64 {
            now = now + Duration::from_secs(1 + step * 7 % 13);
            rhythms.fired(hook, now);
        }
        assert_eq!(rhythms.missed_integrations(now + Duration::from_mins(3)), []);
        assert_eq!(rhythms.missed_integrations(now + Duration::from_mins(6)).len(), 1);
    }
}
