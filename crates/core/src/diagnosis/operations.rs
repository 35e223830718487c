//! Operations too high: each trigger costs several, because of how its replies are heard.

use std::sync::Arc;

use super::action::{Action, Step};
use super::card::{Card, Cause, Extent, Fact, Situation};
use super::evidence::Evidence;
use super::fate::Fate;
use super::pace::median;
use super::words::content_type;
use crate::attempt::{Attempt, FollowedBy};

/// Operations for one trigger from which on it is worth telling.
const TELLING: u64 = 2;
/// Fewest successes that it is told from.
const FEWEST: usize = 3;

/// The replies of the last success that cost so much are the fact: parts times the devices that hear each.
pub(super) fn card(evidence: &Evidence) -> Option<Card> {
    let successes = &evidence.recent.successes;
    let costs: Vec<u64> = successes.iter().map(|attempt| cost(attempt)).collect();
    let usual = median(costs.clone())?;
    let sample = successes.iter().find(|attempt| cost(attempt) >= TELLING)?;
    if costs.len() < FEWEST || usual < TELLING {
        return None;
    }
    let dear = costs.iter().filter(|cost| **cost >= TELLING).count() as u64;
    let heard = Heard::of(&sample.followed_by);
    let (cause, steps) = told(sample, &heard);
    Some(Card {
        situation: Situation::Operations,
        title: format!("Each trigger costs {usual} operations"),
        happened: format!(
            "The replies to one trigger cost {usual} operations in the middle case, where one or none would do."
        ),
        extent: Extent {
            since: successes
                .iter()
                .rev()
                .find(|attempt| cost(attempt) >= TELLING)
                .map(|attempt| attempt.started_at),
            last: Some(sample.started_at),
            count: dear,
            of: costs.len() as u64,
            unit: "attempts".to_owned(),
            devices: heard.devices,
            last_good: None,
        },
        cause: Cause::new(cause, fact(sample, &heard)),
        also: jump(successes).into_iter().collect(),
        steps,
        fate: Fate {
            words: "The events got through; only their replies are dear.".to_owned(),
            ..Fate::default()
        },
        page: Situation::Operations.page(),
        issue: None,
    })
}

fn cost(attempt: &Attempt) -> u64 {
    attempt.followed_by.iter().map(|reply| u64::from(reply.operations)).sum()
}

/// How the replies of one attempt were heard.
struct Heard {
    /// Replies that at least one device heard.
    parts: u64,
    /// The most devices that heard one.
    devices: u64,
    operations: u64,
    /// The first part's name.
    name: String,
}

impl Heard {
    fn of(replies: &[FollowedBy]) -> Self {
        let heard = || replies.iter().filter(|reply| reply.operations > 0);
        Self {
            parts: heard().count() as u64,
            devices: heard().map(|reply| u64::from(reply.operations)).max().unwrap_or(0),
            operations: heard().map(|reply| u64::from(reply.operations)).sum(),
            name: heard().next().map(|reply| reply.name.clone()).unwrap_or_default(),
        }
    }
}

fn told(sample: &Attempt, heard: &Heard) -> (String, Vec<Step>) {
    let answer = sample.answer.as_ref();
    let page = answer.is_some_and(|answer| {
        content_type(&answer.headers).is_some_and(|kind| kind == "text/html")
            || answer.body.text.trim_start().starts_with("<!")
    });
    let shorten = Step::click(
        "Publish only what the device needs of the answer: pick it with a response template.",
        Action::edit("responseTemplate"),
    );
    let silence =
        Step::click("Publish no response, if no device needs it.", Action::put("responseTopic", ""));
    if heard.devices > 1 {
        let narrow = Step::click(
            "Put the device id into the topic, so that only the device that triggers it hears the answer.",
            Action::put("responseTopic", "{{PARTICLE_DEVICE_ID}}/hook-response/{{PARTICLE_EVENT_NAME}}"),
        );
        let cause =
            format!("Each reply is heard by {} devices, and each of them costs an operation.", heard.devices);
        return (cause, vec![narrow, shorten, silence]);
    }
    let cause = if page {
        "The endpoint answers with a web page, which is published to the device part by part."
    } else {
        "The endpoint's answer is long, and is published to the device part by part."
    };
    (cause.to_owned(), vec![shorten, silence])
}

fn fact(sample: &Attempt, heard: &Heard) -> Fact {
    let bytes = sample.answer.as_ref().map_or(0, |answer| answer.body.bytes);
    let Heard { parts, devices, operations, name } = heard;
    let words = format!(
        "An answer of {bytes} bytes was published in {parts} parts (`{name}` is the first), each heard by up to \
         {devices} devices: {operations} operations."
    );
    Fact::read_in(sample, words)
        .with("answer bytes", bytes)
        .with("parts", parts)
        .with("devices", devices)
        .with("operations", operations)
}

/// Whether it used to cost less.
fn jump(successes: &[Arc<Attempt>]) -> Option<Fact> {
    let (newer, older) = successes.split_at(successes.len() / 2);
    let middle = |half: &[Arc<Attempt>]| median(half.iter().map(|attempt| cost(attempt)).collect());
    let (before, lately) = (middle(older)?, middle(newer)?);
    (lately >= TELLING * before.max(1)).then(|| {
        let words = format!("It used to cost less: {before} operations before, {lately} lately.");
        Fact::read_in(&*newer[0], words).and_in(&*older[older.len() - 1])
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{Story, answered, only_card};
    use super::*;

    fn heard_by(listeners: u32, parts: u32, content_type: &'static str) -> impl FnOnce(&mut Attempt) {
        move |attempt| {
            answered(200, &[("content-type", content_type)], &"x".repeat(512 * parts as usize))(attempt);
            attempt.followed_by = (0..parts)
                .map(|part| FollowedBy {
                    name: format!("hook-response/temp/kitchen/{part}"),
                    bytes: 512,
                    listeners,
                    operations: listeners,
                })
                .collect();
        }
    }

    fn times(count: usize, listeners: u32, parts: u32, content_type: &'static str) -> Story {
        (0..count).fold(Story::of(json!({})), |story, _| {
            story.attempt("1", heard_by(listeners, parts, content_type))
        })
    }

    #[test]
    fn a_long_answer_a_page_and_many_listeners_are_told_apart() {
        for (listeners, parts, kind, cause, cost) in [
            (1, 10, "application/json", "answer is long", 10),
            (1, 3, "text/html; charset=utf-8", "a web page", 3),
            (4, 1, "application/json", "heard by 4 devices", 4),
        ] {
            let card = only_card(&times(3, listeners, parts, kind).told());
            assert!(card.cause.words.contains(cause), "{}", card.cause.words);
            assert_eq!(card.title, format!("Each trigger costs {cost} operations"));
            assert!(
                card.cause.fact.words.contains(&format!("{cost} operations")),
                "{}",
                card.cause.fact.words
            );
        }
    }

    #[test]
    fn one_operation_a_trigger_is_as_it_should_be() {
        assert_eq!(card(&times(5, 1, 1, "text/plain").told()), None);
        assert_eq!(card(&times(2, 1, 9, "text/plain").told()), None);
    }

    #[test]
    fn a_jump_is_told_beside() {
        let story = times(4, 1, 1, "text/plain");
        let story = (0..5).fold(story, |story, _| story.attempt("1", heard_by(1, 8, "text/plain")));
        let card = only_card(&story.told());
        assert!(card.also[0].words.contains("1 operations before, 8 lately"), "{card:#?}");
    }
}
