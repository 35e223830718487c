//! What failures have in common that successes have not.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::card::Fact;
use crate::attempt::Attempt;

/// Fewest failures, and fewest successes, that a contrast is drawn from.
const FEWEST: usize = 3;
/// A trait must be had by so large a share of the failures, in percent …
const MOST_FAILURES: usize = 90;
/// … and by no larger a share of the successes.
const FEW_SUCCESSES: usize = 10;
/// Most keys of one event's data that are looked at.
const MOST_KEYS: usize = 64;

/// A trait that nearly all failures have and nearly no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contrast {
    /// The trait, to be put behind "have in common that".
    pub(super) what: String,
    /// What it is a trait of.
    pub(super) about: About,
    failures: (usize, usize),
    successes: (usize, usize),
}

/// What a trait is one of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum About {
    /// The data's key.
    Key(String),
    /// The size of the data.
    Size,
    /// The firmware version.
    Firmware,
    /// The device.
    Device,
}

/// The trait that tells failures from successes best, if one does.
pub(super) fn contrast(failures: &[Arc<Attempt>], successes: &[Arc<Attempt>]) -> Option<Contrast> {
    if failures.len() < FEWEST || successes.len() < FEWEST {
        return None;
    }
    let (failing, succeeding) = (counted(failures), counted(successes));
    let of_traits = failing.into_iter().filter_map(|(one, failed)| {
        let succeeded = succeeding.get(&one).copied().unwrap_or(0);
        let tells = failed * 100 >= failures.len() * MOST_FAILURES
            && succeeded * 100 <= successes.len() * FEW_SUCCESSES;
        tells.then_some(Contrast {
            what: one.1,
            about: one.0,
            failures: (failed, failures.len()),
            successes: (succeeded, successes.len()),
        })
    });
    // Of traits equally telling, what stands in the data says more than who sent it.
    let best = of_traits.min_by_key(|one| {
        let missed = one.failures.1 - one.failures.0 + one.successes.0;
        (missed, one.about.clone(), one.what.clone())
    });
    best.or_else(|| larger(failures, successes))
}

impl Contrast {
    /// The contrast as a fact, read in these attempts.
    pub(super) fn fact(&self, failure: &Attempt, success: &Attempt) -> Fact {
        let ((failed, failures), (succeeded, successes)) = (self.failures, self.successes);
        let words = format!(
            "Of the last {failures} failures {failed} have in common that {}; of the last {successes} successes \
             {} so.",
            self.what,
            match succeeded {
                0 => "none is".to_owned(),
                1 => "one is".to_owned(),
                more => format!("{more} are"),
            }
        );
        Fact::read_in(failure, words)
            .with("failures", format_args!("{failed} of {failures}"))
            .with("successes", format_args!("{succeeded} of {successes}"))
            .and_in(success)
    }
}

type Trait = (About, String);

fn counted(attempts: &[Arc<Attempt>]) -> BTreeMap<Trait, usize> {
    let mut counts = BTreeMap::new();
    for one in attempts.iter().flat_map(|attempt| traits(attempt)) {
        *counts.entry(one).or_insert(0) += 1;
    }
    counts
}

fn traits(attempt: &Attempt) -> Vec<Trait> {
    let event = &attempt.event;
    let mut traits = Vec::new();
    if let Some(device) = event.device() {
        traits.push((About::Device, format!("the event came from device {device}")));
    }
    if let Some(version) = event.product_version {
        traits.push((About::Firmware, format!("the device runs firmware version {version}")));
    }
    match serde_json::from_str::<Value>(event.data_text()) {
        Ok(Value::Object(members)) => {
            for (key, value) in members.iter().take(MOST_KEYS) {
                traits.push((About::Key(key.clone()), format!("`{key}` is {}", type_of(value))));
            }
            for name in &attempt.rendering.missing {
                traits.push((About::Key(name.clone()), format!("`{name}` is missing from the event's data")));
            }
        }
        _ if event.data_text().is_empty() => {
            traits.push((About::Size, "the event has no data".to_owned()));
        }
        _ => traits.push((About::Size, "the event's data is no JSON object".to_owned())),
    }
    traits
}

/// The type of a value, told apart as far as endpoints stumble over it.
pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.as_f64().is_some_and(|number| number < 0.0) => "a negative number",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "an empty text",
        Value::String(_) => "a text",
        Value::Array(items) if items.is_empty() => "an empty list",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Whether every failure had more data than any success.
fn larger(failures: &[Arc<Attempt>], successes: &[Arc<Attempt>]) -> Option<Contrast> {
    let size = |attempt: &Arc<Attempt>| attempt.event.data_text().len();
    let (least, most) = (failures.iter().map(size).min()?, successes.iter().map(size).max()?);
    (least > most).then(|| Contrast {
        what: format!("the event's data has {least} bytes or more"),
        about: About::Size,
        failures: (failures.len(), failures.len()),
        successes: (0, successes.len()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{Story, answered};
    use super::*;

    fn drawn(story: Story) -> Option<Contrast> {
        let recent = story.told().recent;
        contrast(&recent.failures, &recent.successes)
    }

    /// Three failures with this data, three successes with the other.
    fn apart(failing: &str, succeeding: &str) -> Story {
        (0..3).fold(Story::of(json!({})), |story, _| {
            story.attempt(succeeding, answered(200, &[], "")).attempt(failing, answered(500, &[], ""))
        })
    }

    #[test]
    fn a_key_that_only_failures_have_so_is_named() {
        for (failing, succeeding, what) in [
            (r#"{"t": null}"#, r#"{"t": 1}"#, "`t` is null"),
            (r#"{"t": "warm"}"#, r#"{"t": 1}"#, "`t` is a text"),
            (r#"{"t": -3}"#, r#"{"t": 3}"#, "`t` is a negative number"),
            ("warm", r#"{"t": 1}"#, "the event's data is no JSON object"),
            ("", "12", "the event has no data"),
            ("a long text", "a text", "the event's data has 11 bytes or more"),
        ] {
            assert_eq!(drawn(apart(failing, succeeding)).map(|found| found.what).as_deref(), Some(what));
        }
    }

    #[test]
    fn a_device_and_a_firmware_are_told_apart_from_the_rest() {
        let by = |failing: (u8, u32), succeeding: (u8, u32)| {
            (0..4).fold(Story::of(json!({})), |story, _| {
                story.attempt_of(succeeding.0, succeeding.1, "{}", answered(200, &[], "")).attempt_of(
                    failing.0,
                    failing.1,
                    "{}",
                    answered(500, &[], ""),
                )
            })
        };
        assert_eq!(drawn(by((1, 7), (2, 7))).unwrap().about, About::Device);
        assert_eq!(drawn(by((1, 8), (2, 7))).unwrap().what, "the device runs firmware version 8");
        assert_eq!(drawn(by((1, 7), (1, 7))), None);
    }

    #[test]
    fn two_failures_prove_nothing() {
        let story = Story::of(json!({}))
            .attempt("1", answered(200, &[], ""))
            .attempt("", answered(500, &[], ""))
            .attempt("", answered(500, &[], ""));
        assert_eq!(drawn(story), None);
    }
}
