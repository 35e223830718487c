//! The simulated fleet: what thirty devices measure, as functions of time and luck.

use std::f64::consts::TAU;
use std::time::Duration;

use serde_json::json;

/// A day of the simulation passes in ten minutes, so that curves can be watched.
const DAY: f64 = 600.0;
/// Devices of each kind.
pub(super) const EACH: usize = 10;

/// What a device is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Climate in a greenhouse.
    Greenhouse,
    /// A refrigerated truck's tracker.
    ColdChain,
    /// A water meter.
    WaterMeter,
}

impl Kind {
    /// All, in the order of their products.
    pub(super) const ALL: [Self; 3] = [Self::Greenhouse, Self::ColdChain, Self::WaterMeter];

    /// Its product's name.
    pub(super) fn product(self) -> &'static str {
        match self {
            Self::Greenhouse => "Greenhouse climate",
            Self::ColdChain => "Cold chain trackers",
            Self::WaterMeter => "Water meters",
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Greenhouse => "greenhouse",
            Self::ColdChain => "truck",
            Self::WaterMeter => "meter",
        }
    }
}

/// A simulated device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Machine {
    /// What it is for.
    pub(super) kind: Kind,
    /// Which of its kind, from 0.
    pub(super) number: usize,
}

/// What a machine publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    /// The event's name.
    pub(super) name: &'static str,
    /// The event's data.
    pub(super) data: String,
}

impl Machine {
    /// The whole fleet, the kinds mixed, so that taking turns mixes them too.
    pub(super) fn fleet() -> impl Iterator<Item = Self> {
        (0..EACH).flat_map(|number| Kind::ALL.map(|kind| Self { kind, number }))
    }

    /// Its id, the same at every start.
    pub(super) fn id(&self) -> String {
        format!("de000000000000000000{:02x}{:02x}", self.kind as usize + 1, self.number + 1)
    }

    /// Its name.
    pub(super) fn name(&self) -> String {
        format!("{}-{:02}", self.kind.prefix(), self.number + 1)
    }

    /// What it publishes at a time since the start; each `luck` is in 0 to 1.
    pub(super) fn reading(&self, at: Duration, luck: [f64; 4]) -> Reading {
        // Each device is a little ahead of the one before it, as sunrise is.
        let phase = (at.as_secs_f64() / DAY + self.number as f64 / 40.0) * TAU;
        match self.kind {
            Kind::Greenhouse => climate(phase, luck),
            Kind::ColdChain => truck(self.number, phase, luck),
            Kind::WaterMeter => meter(self.number, at, phase, luck),
        }
    }
}

fn climate(phase: f64, [which, a, b, c]: [f64; 4]) -> Reading {
    let warmth = 19.0 + 7.0 * phase.sin() + a;
    let humidity = 66.0 - 18.0 * phase.sin() + 3.0 * b;
    if which < 0.03 {
        let data = json!({ "kind": "frost", "celsius": round(warmth - 20.0), "limit": 2.0 });
        return Reading { name: "alarm/frost", data: data.to_string() };
    }
    if which < 0.13 {
        let data = json!({ "place": "52.37,4.90", "hours": 12 });
        return Reading { name: "climate/forecast", data: data.to_string() };
    }
    let data = json!({
        "celsius": round(warmth),
        "humidity": round(humidity),
        "co2": (420.0 + 380.0 * c).round(),
        "battery": round(3.55 + 0.4 * b),
    });
    Reading { name: "climate/reading", data: data.to_string() }
}

fn truck(number: usize, phase: f64, [which, a, b, c]: [f64; 4]) -> Reading {
    let inside = 3.5 + 1.2 * phase.cos() + 0.6 * a;
    if which < 0.03 {
        let data = json!({ "kind": "too-warm", "celsius": round(inside + 5.0), "limit": 7.0 });
        return Reading { name: "alarm/temperature", data: data.to_string() };
    }
    // Each truck drives its own loop around the depot.
    let reach = 0.05 + 0.03 * number as f64;
    let data = json!({
        "lat": place(51.92 + reach * (phase * 3.0).sin()),
        "lon": place(4.48 + 1.6 * reach * (phase * 3.0).cos()),
        "speed": (52.0 + 38.0 * b).round(),
        "celsius": round(inside),
        "door": if c < 0.05 { "open" } else { "closed" },
        "battery": round(12.1 + 0.8 * a),
    });
    Reading { name: "truck/position", data: data.to_string() }
}

fn meter(number: usize, at: Duration, phase: f64, [which, a, b, c]: [f64; 4]) -> Reading {
    if which < 0.03 {
        let data = json!({ "kind": "leak", "litres_per_hour": round(4.0 + 9.0 * a), "since_hours": 6 });
        return Reading { name: "alarm/leak", data: data.to_string() };
    }
    if which < 0.15 {
        let data = json!({ "zone": number % 4 + 1 });
        return Reading { name: "meter/tariff", data: data.to_string() };
    }
    let base = 120_000.0 + 9_000.0 * number as f64;
    let data = json!({
        "litres": (base + at.as_secs_f64() * 0.4).round(),
        "flow": round((9.0 * phase.sin() + 4.0 * b).max(0.0)),
        "celsius": round(11.0 + 2.0 * c),
        "battery": round(3.3 + 0.3 * a),
    });
    Reading { name: "meter/reading", data: data.to_string() }
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn place(degrees: f64) -> f64 {
    (degrees * 1e5).round() / 1e5
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_fleet_is_thirty_devices_with_ids_and_names_of_their_own() {
        let fleet: Vec<_> = Machine::fleet().collect();
        assert_eq!(fleet.len(), 30);
        let ids: BTreeSet<_> = fleet.iter().map(Machine::id).collect();
        let names: BTreeSet<_> = fleet.iter().map(Machine::name).collect();
        assert_eq!((ids.len(), names.len()), (30, 30));
        assert!(ids.iter().all(|id| id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit())));
    }

    #[test]
    fn every_reading_may_be_published_and_is_json() {
        for machine in Machine::fleet() {
            for which in 0..100_u32 {
                let luck = f64::from(which) / 100.0;
                let reading =
                    machine.reading(Duration::from_secs(which.into()), [luck, luck, 0.5, 1.0 - luck]);
                fieldhook_core::event::check_name(reading.name).unwrap();
                assert!(serde_json::from_str::<serde_json::Value>(&reading.data).unwrap().is_object());
            }
        }
    }
}
