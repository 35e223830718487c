//! Integrations as they are shown: secrets masked, with or without their history.

use fieldhook_core::attempt::Outcome;
use fieldhook_core::integration::{Integration, masked};
use fieldhook_core::wire::integration::{DayCounter, IntegrationHistory, IntegrationRecord, LogEntry};

use super::super::App;
use super::super::error::ApiError;
use crate::directory::SavedIntegration;
use crate::store::DayCount;

/// Attempts of each kind that the history shows.
const LAST: usize = 10;
/// Days of counts that it shows, today included.
const DAYS: u16 = 30;

/// An integration without its history.
pub(in crate::api) fn of(integration: &Integration) -> IntegrationRecord {
    let mut template = masked(&integration.template);
    // These stand in the record itself; were they shown twice, readers would not agree which one counts.
    let event = template.shift_remove("event");
    template.shift_remove("integration_type");
    for (key, usual) in [("noDefaults", false), ("rejectUnauthorized", true)] {
        template.entry(key).or_insert(usual.into());
    }
    IntegrationRecord {
        ok: false,
        id: integration.id,
        event: event.and_then(|event| event.as_str().map(str::to_owned)).unwrap_or_default(),
        created_at: integration.created_at,
        integration_type: "Webhook".to_owned(),
        revision: integration.revision,
        scope: integration.scope,
        updated_at: integration.updated_at,
        updated_by: integration.updated_by,
        disabled_since: integration.disabled.as_ref().map(|disabled| disabled.since),
        disabled_by: integration.disabled.as_ref().and_then(|disabled| disabled.by),
        hook_url: None,
        warnings: None,
        template,
    }
}

impl App {
    /// An integration with its history, up to the moment.
    pub(super) async fn integration_history(
        &self,
        saved: &SavedIntegration,
    ) -> Result<IntegrationHistory, ApiError> {
        self.recorder.caught_up().await;
        let since = self.nature.now().day().minus(DAYS - 1);
        let logs = self.store.last_attempts(saved.id, Outcome::Success, LAST).await?;
        let errors = self.store.last_attempts(saved.id, Outcome::Error, LAST).await?;
        let counts = self.store.day_counts(&[saved.id], since).await?;
        Ok(IntegrationHistory {
            record: of(&saved.to_integration()),
            logs: logs.iter().map(LogEntry::from).collect(),
            errors: errors.iter().map(LogEntry::from).collect(),
            counters: counts.iter().map(counter).collect(),
        })
    }
}

fn counter(count: &DayCount) -> DayCounter {
    DayCounter {
        date: count.day,
        success: count.success.to_string(),
        error: count.error.to_string(),
        skipped: count.skipped.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use fieldhook_core::access::Scope;
    use fieldhook_core::id::{IntegrationId, UserId};
    use fieldhook_core::time::Timestamp;
    use serde_json::{Value, json};

    use super::*;

    fn shown(template: Value) -> Value {
        let now = Timestamp::from_millis(1_767_323_045_678);
        let integration = Integration {
            id: IntegrationId([0xaa; 12]),
            scope: Scope::User(UserId([1; 12])),
            revision: 1,
            template: template.as_object().unwrap().clone(),
            created_at: now,
            updated_at: now,
            updated_by: None,
            disabled: None,
        };
        serde_json::to_value(of(&integration)).unwrap()
    }

    #[test]
    fn a_record_has_its_template_at_the_top_and_the_usual_flags_filled_in() {
        let record = shown(json!({"event": "temp", "url": "https://example.com/in", "mine": 1}));
        assert_eq!(
            record,
            json!({
                "id": "aaaaaaaaaaaaaaaaaaaaaaaa",
                "event": "temp",
                "created_at": "2026-01-02T03:04:05.678Z",
                "integration_type": "Webhook",
                "revision": 1,
                "scope": "user:010101010101010101010101",
                "updated_at": "2026-01-02T03:04:05.678Z",
                "url": "https://example.com/in",
                "mine": 1,
                "noDefaults": false,
                "rejectUnauthorized": true
            })
        );
    }

    #[test]
    fn a_record_never_shows_a_secret() {
        let record = shown(json!({
            "event": "t", "url": "https://example.com",
            "auth": {"username": "u", "password": "hunter2"}, "headers": {"Authorization": "Bearer abc"}
        }));
        let text = record.to_string();
        assert!(!text.contains("hunter2") && !text.contains("abc"), "{text}");
        assert_eq!(record["auth"]["password"], "[[SENSITIVE]]");
    }
}
