//! What is looked at now and then, because it does not say so by itself.

use std::collections::HashSet;

use fieldhook_core::access::Scope;
use fieldhook_core::alert::{self, Alert, Cause, Quiet, Sign};
use fieldhook_core::time::Timestamp;

use super::{Alerts, COUNT_EVERY, Due, LISTEN_EVERY, LOOK_EVERY};
use crate::store::{StoreError, UsageBy, UsageQuery};
use crate::vitals::Trouble;

/// Days that a day's operations are held against.
const DAYS: u16 = 7;

impl Alerts {
    /// Looks at what is due, and keeps what came of it.
    pub(super) async fn look(&self, due: &mut Due) {
        let now = self.parts.nature.now();
        if now >= due.look {
            due.look = now + LOOK_EVERY;
            self.weigh(self.gates(), now, |cause| matches!(cause, Cause::Destination { .. }));
        }
        if now >= due.listen {
            due.listen = now + LISTEN_EVERY;
            if self.parts.queue.leads() {
                self.listen(now);
            }
            self.weigh(self.disk().await, now, |cause| *cause == Cause::Disk);
            self.book.lock().tidy(now);
        }
        if now >= due.count {
            due.count = now + COUNT_EVERY;
            let counted = if self.parts.queue.leads() { self.operations(now).await } else { Ok(Vec::new()) };
            match counted {
                Ok(signs) => self.weigh(signs, now, |cause| *cause == Cause::Operations),
                Err(error) => tracing::error!(%error, "operations could not be counted to raise alerts"),
            }
        }
        self.save().await;
    }

    /// Takes in what shows now of the causes that were looked at.
    fn weigh(&self, signs: Vec<(Scope, Sign)>, now: Timestamp, looked_at: impl Fn(&Cause) -> bool) {
        let shown: HashSet<_> = signs.iter().map(|(scope, sign)| (*scope, sign.cause.clone())).collect();
        let mut book = self.book.lock();
        for (scope, sign) in signs {
            book.see(scope, sign, now, || self.new_id(now));
        }
        book.miss(now, |alert| {
            looked_at(&alert.cause) && !shown.contains(&(alert.scope, alert.cause.clone()))
        });
    }

    fn gates(&self) -> Vec<(Scope, Sign)> {
        let troubled = self.parts.engine.troubled().into_iter();
        troubled.filter_map(|(scope, origin, gate)| Some((scope, alert::asleep(&origin, &gate)?))).collect()
    }

    /// Raises alerts of who has gone quiet, and ends those of who was heard since, or is gone.
    fn listen(&self, now: Timestamp) {
        let signs: Vec<_> = self.quiet_devices(now).into_iter().chain(self.quiet_integrations(now)).collect();
        let mut book = self.book.lock();
        for (scope, sign) in signs {
            book.see(scope, sign, now, || self.new_id(now));
        }
        book.miss(now, |alert| self.is_heard(alert));
    }

    fn quiet_devices(&self, now: Timestamp) -> Vec<(Scope, Sign)> {
        let sign = |(id, rhythm): (_, _)| {
            let device = self.parts.directory.device(id)?;
            let scope = device.product.map(Scope::Product).or(device.owner.map(Scope::User))?;
            let quiet = Quiet::Device(id, &device.name);
            self.settings(scope).silence.then_some((scope, alert::silent(quiet, &rhythm, now)?))
        };
        self.parts.rhythms.missed_devices(now).into_iter().filter_map(sign).collect()
    }

    fn quiet_integrations(&self, now: Timestamp) -> Vec<(Scope, Sign)> {
        let sign = |(id, rhythm): (_, _)| {
            let saved = self.parts.directory.integration(id)?;
            if saved.disabled.is_some() || alert::tells_of_alerts(&saved.prefix) {
                return None;
            }
            let words = alert::integration_words(saved.name().as_deref(), &saved.prefix);
            let quiet = Quiet::Integration(id, &words);
            let scope = saved.scope;
            self.settings(scope).silence.then_some((scope, alert::silent(quiet, &rhythm, now)?))
        };
        self.parts.rhythms.missed_integrations(now).into_iter().filter_map(sign).collect()
    }

    /// Whether who had gone quiet was heard again, or what it is about is gone.
    fn is_heard(&self, alert: &Alert) -> bool {
        let Alert { seen_at, scope, .. } = *alert;
        let (known, heard) = match alert.cause {
            Cause::Device { device } => {
                (self.parts.directory.device(device).is_some(), self.parts.rhythms.device_heard(device))
            }
            Cause::Integration { integration } => {
                let saved = self.parts.directory.integration(integration);
                let fires = saved.is_some_and(|saved| saved.disabled.is_none());
                (fires, self.parts.rhythms.integration_heard(integration))
            }
            Cause::Issue { integration, .. } => {
                return self.parts.directory.integration(integration).is_none();
            }
            _ => return false,
        };
        !known || !self.settings(scope).silence || heard.is_some_and(|heard| heard >= seen_at)
    }

    /// The disk is the administrators' business.
    async fn disk(&self) -> Vec<(Scope, Sign)> {
        let signs = self.parts.vitals.look().await;
        if !signs.troubles.contains(&Trouble::DiskLow) {
            return Vec::new();
        }
        let sign = alert::disk_low(signs.disk_free);
        let people = self.parts.directory.users();
        let administrators = people.iter().filter(|user| user.administrator);
        administrators.map(|user| (Scope::User(user.id), sign.clone())).collect()
    }

    async fn operations(&self, now: Timestamp) -> Result<Vec<(Scope, Sign)>, StoreError> {
        let mut signs = Vec::new();
        for scope in self.parts.directory.scopes() {
            signs.extend(self.operations_of(scope, now).await?.map(|sign| (scope, sign)));
        }
        Ok(signs)
    }

    async fn operations_of(&self, scope: Scope, now: Timestamp) -> Result<Option<Sign>, StoreError> {
        let today = now.day();
        let query = |by, since| UsageQuery { by, scopes: vec![scope], since, until: today };
        let days = self.parts.store.usage(&query(UsageBy::Day, today.minus(DAYS))).await?;
        let of = |day: fieldhook_core::time::Day| {
            let key = day.to_string();
            days.iter().filter(|row| row.key == key).map(|row| row.publishes + row.received).sum::<u64>()
        };
        let before: Vec<u64> = (1..=DAYS).map(|back| of(today.minus(back))).collect();
        if !alert::operations_jump(of(today), &before) {
            return Ok(None);
        }
        let devices = self.parts.store.usage(&query(UsageBy::Device, today)).await?;
        let most = devices.first().map(|row| {
            let count = row.publishes + row.received;
            let device = row.key.parse().ok().and_then(|id| self.parts.directory.device(id));
            let name = device.map_or_else(|| row.key.clone(), |device| device.name.into());
            format!("device `{name}`, with {count}")
        });
        Ok(alert::operations(of(today), &before, most.as_deref()))
    }
}
