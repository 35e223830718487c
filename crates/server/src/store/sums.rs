//! Sums of operations, put together from what an engine has summed by scope.

use std::collections::HashMap;

use super::{UsageBy, UsageRow};

/// Sums under way, by the text of what they are summed by.
#[derive(Default)]
pub(super) struct Sums(HashMap<String, UsageRow>);

impl Sums {
    /// The sum under this text.
    pub(super) fn of(&mut self, key: String) -> &mut UsageRow {
        self.0.entry(key).or_insert_with_key(|key| UsageRow {
            key: key.clone(),
            publishes: 0,
            received: 0,
            triggers: 0,
        })
    }

    /// The largest first; by day, the newest first.
    pub(super) fn into_rows(self, by: UsageBy) -> Vec<UsageRow> {
        let mut rows: Vec<UsageRow> = self.0.into_values().collect();
        match by {
            UsageBy::Day => rows.sort_by(|a, b| b.key.cmp(&a.key)),
            _ => rows.sort_by(|a, b| size(b).cmp(&size(a)).then_with(|| a.key.cmp(&b.key))),
        }
        rows
    }
}

fn size(row: &UsageRow) -> (u64, u64) {
    (row.publishes + row.received, row.triggers)
}
