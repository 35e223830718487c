//! What is learnt while one attempt goes on. It outlives the attempt, so a deadline can say where it struck.

use std::sync::Arc;
use std::time::Duration;

use fieldhook_core::attempt::{Network, Phase, Timings};

use super::meter::Meter;
use crate::clock::Clock;

/// The running record of one attempt.
pub(super) struct Trace<'a> {
    pub(super) host: &'a str,
    pub(super) network: Network,
    /// Whether the request was written in full, at least once.
    pub(super) written: bool,
    clock: Arc<dyn Clock>,
    on_written: Option<&'a mut (dyn FnMut() + Send + Sync)>,
    timings: Timings,
    began: Duration,
    phase: Option<Phase>,
    phase_began: Duration,
    meter: Option<Arc<Meter>>,
}

impl<'a> Trace<'a> {
    pub(super) fn begin(
        clock: Arc<dyn Clock>,
        host: &'a str,
        on_written: Option<&'a mut (dyn FnMut() + Send + Sync)>,
    ) -> Self {
        let began = clock.elapsed();
        Self {
            host,
            network: Network::default(),
            written: false,
            clock,
            on_written,
            timings: Timings::default(),
            began,
            phase: None,
            phase_began: began,
            meter: None,
        }
    }

    /// Ends the phase that is on and begins `phase`.
    pub(super) fn enter(&mut self, phase: Phase) {
        let now = self.clock.elapsed();
        self.close(now);
        self.phase = Some(phase);
        self.phase_began = now;
    }

    /// The phase that is on.
    pub(super) fn phase(&self) -> Phase {
        self.phase.unwrap_or(Phase::Resolve)
    }

    /// Time since the attempt began.
    pub(super) fn so_far(&self) -> Duration {
        self.clock.elapsed().saturating_sub(self.began)
    }

    /// Begins the exchange whose bytes `meter` counts.
    pub(super) fn exchange(&mut self, meter: Arc<Meter>) {
        self.meter = Some(meter);
        self.enter(Phase::Send);
    }

    /// The meter of the exchange, once there is one.
    pub(super) fn meter(&self) -> Option<&Meter> {
        self.meter.as_deref()
    }

    /// Moves on to the phase that the meter shows.
    pub(super) fn observe(&mut self) {
        let Some(meter) = &self.meter else { return };
        let (written, answered) = (meter.written(), meter.bytes_in() > 0);
        if written && !self.written {
            self.written = true;
            if let Some(tell) = self.on_written.take() {
                tell();
            }
        }
        if answered {
            self.answered();
        } else if written && self.phase() < Phase::Wait {
            self.enter(Phase::Wait);
        }
    }

    /// Notes that the answer has begun.
    pub(super) fn answered(&mut self) {
        if self.phase() < Phase::Receive {
            self.enter(Phase::Receive);
        }
    }

    /// Forgets a try that counts for nothing; its time stays in the total.
    pub(super) fn start_over(&mut self) {
        self.network = Network::default();
        self.timings = Timings::default();
        self.phase = None;
        self.meter = None;
    }

    /// Ends the record.
    pub(super) fn finish(mut self) -> (Timings, Network, bool) {
        let now = self.clock.elapsed();
        self.close(now);
        self.timings.total_us = micros(now.saturating_sub(self.began));
        if let Some(meter) = &self.meter {
            (self.network.bytes_out, self.network.bytes_in) = (meter.bytes_out(), meter.bytes_in());
        }
        (self.timings, self.network, self.written)
    }

    fn close(&mut self, now: Duration) {
        let took = Some(micros(now.saturating_sub(self.phase_began)));
        match self.phase {
            Some(Phase::Resolve) => self.timings.resolve_us = took,
            Some(Phase::Connect) => self.timings.connect_us = took,
            Some(Phase::Tls) => self.timings.tls_us = took,
            Some(Phase::Send) => self.timings.send_us = took,
            Some(Phase::Wait) => self.timings.wait_us = took,
            Some(Phase::Receive) => self.timings.receive_us = took,
            Some(Phase::Gate | Phase::Render) | None => {}
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
