//! Nothing fires: events come or do not, and this integration sends nothing.

use super::action::{Action, Step};
use super::card::{Card, Cause, Extent, Fact, Situation, Source};
use super::evidence::Evidence;
use super::fate::Fate;
use super::funnel::{Funnel, Leak, Missed};
use super::telling::{Proof, When};
use crate::matching::{NearMiss, Reason};

/// How long a delivery may wait for its first attempt before that is told, in seconds.
const LATE: u64 = 60;

/// Asked in the order in which people look, stopping at the first proof. Told only when nothing fired in the
/// window, or what fired was never sent.
pub(super) fn card(evidence: &Evidence) -> Option<Card> {
    let funnel = evidence.funnel.as_ref()?;
    let proof = if funnel.matched > 0 { late(funnel, evidence)? } else { unmatched(funnel, evidence)? };
    let lost = funnel.reasons.iter().filter(|missed| missed.telling()).map(|missed| missed.count).sum();
    Some(Card {
        situation: Situation::NothingFires,
        title: if funnel.matched > 0 {
            "Events match and are not sent".to_owned()
        } else {
            "No event fires this integration".to_owned()
        },
        happened: counted(funnel),
        extent: Extent {
            since: Some(funnel.since),
            last: funnel.reasons.first().map(|missed| missed.at),
            count: lost,
            of: funnel.published,
            unit: "events".to_owned(),
            devices: 0,
            last_good: funnel.last_fired,
        },
        cause: proof.cause,
        also: Vec::new(),
        steps: proof.steps,
        fate: Fate {
            words: "Events that match nothing are stored, and can be replayed once they would.".to_owned(),
            ..Fate::default()
        },
        page: Situation::NothingFires.page(),
        issue: None,
    })
}

fn counted(funnel: &Funnel) -> String {
    let Funnel { published, received, matched, attempted, succeeded, .. } = funnel;
    let more = if funnel.more { " (the newest of very many)" } else { "" };
    format!(
        "Since {}: {published} events published{more}, {received} of them in the scope of this integration, {matched} \
         fired it, {attempted} were sent, {succeeded} were accepted.",
        When(funnel.since)
    )
}

fn unmatched(funnel: &Funnel, evidence: &Evidence) -> Option<Proof> {
    let prefix = &evidence.subject.prefix;
    let watch = || Step::click("Watch events as they come.", Action::WatchLive { prefix: String::new() });
    if let Some(health) = &funnel.health {
        let fact = Fact::read_in(Source::Health, health.clone());
        return Some(Proof::new(
            "This server itself is not well.",
            fact,
            [Step::by_hand("See the status page.")],
        ));
    }
    if let Some(missed) = funnel.reasons.iter().find(|missed| missed.telling()) {
        return Some(by_reason(missed, evidence));
    }
    // One that has fired before may just have nothing to do; what is proven is proven above.
    if funnel.last_fired.is_some() {
        return None;
    }
    if let Some(disabled) = &evidence.subject.disabled {
        let words =
            format!("The integration was switched off at {}, and has never fired.", When(disabled.since));
        let fact = Fact::read_in(evidence.subject.source(), words).with("since", disabled.since);
        return Some(Proof::new(
            "The integration is switched off.",
            fact,
            [Step::click("Switch it on.", Action::Enable)],
        ));
    }
    let counters = Source::Counters { integration: evidence.subject.integration };
    let window = When(funnel.since);
    if funnel.leak == Some(Leak::Published) {
        let words = format!(
            "Not one event has been published since {window} where the owner of this integration can see it."
        );
        let curl = Step::by_hand(
            "Publish one by hand, from the Events page or with `fieldhook publish`: if it fires, the devices are silent.",
        );
        let cause = "No event reaches this server: the devices are offline, or publish elsewhere.";
        return Some(Proof::new(cause, Fact::read_in(counters, words).with("published", 0), [curl, watch()]));
    }
    let missed = funnel.reasons.first()?;
    let words = format!(
        "None of the {} events since {window} begins with `{prefix}`; the newest is `{}`, at {}.",
        funnel.published,
        missed.name,
        When(missed.at)
    );
    let fact =
        Fact::read_in(Source::Event { id: missed.event }, words).and_in(counters).with("event", &missed.name);
    let steps = [
        Step::click("Compare the name that the firmware publishes with this one.", Action::edit("event")),
        watch(),
    ];
    Some(Proof::new(format!("Events come, and none has a name that begins with `{prefix}`."), fact, steps))
}

/// The cause and the remedy of one reason.
fn by_reason(missed: &Missed, evidence: &Evidence) -> Proof {
    let prefix = &evidence.subject.prefix;
    let words = format!(
        "{} It was published at {}{}.",
        missed.explanation,
        When(missed.at),
        if missed.count > 1 {
            format!(", the newest of {} such events", missed.count)
        } else {
            String::new()
        }
    );
    let fact = Fact::read_in(Source::Event { id: missed.event }, words)
        .and_in(evidence.subject.source())
        .with("event", &missed.name)
        .with("prefix", prefix);
    let fact = match missed.device {
        Some(device) => fact.with("device", device),
        None => fact,
    };
    let (cause, mut steps) = told(&missed.reason, missed, prefix);
    steps.push(Step::click(
        "Then replay what was missed.",
        Action::ReplayMissing { since: evidence.funnel.as_ref().map_or(missed.at, |funnel| funnel.since) },
    ));
    Proof { cause: Cause::new(cause, fact), steps }
}

fn told(reason: &Reason, missed: &Missed, prefix: &str) -> (String, Vec<Step>) {
    let name = &missed.name;
    match reason {
        Reason::Prefix { nearest } => {
            let how = match nearest {
                Some(NearMiss::Case) => "upper and lower case differ",
                Some(NearMiss::Space) => "there is a space too many",
                Some(NearMiss::Slash) => "the slash at the front differs",
                Some(NearMiss::Reversed) => "the integration asks for more than the event's name has",
                Some(NearMiss::Edits { .. }) => "it looks like a slip of the pen",
                None => "they have nothing in common",
            };
            let proposal = match nearest {
                Some(NearMiss::Edits { head, .. }) => head.clone(),
                Some(NearMiss::Case) => name.get(..prefix.len()).unwrap_or(name).to_owned(),
                _ => name.clone(),
            };
            let step = Step::click(
                "Change the event name of the integration, or that of the firmware.",
                Action::put("event", proposal),
            );
            (format!("`{name}` does not begin with `{prefix}`: {how}."), vec![step])
        }
        Reason::Scope => (
            "The events are published in another scope than the integration's.".to_owned(),
            vec![Step::by_hand(
                "Move the integration to the scope of the devices, or the devices to its own.",
            )],
        ),
        Reason::Claim { by_another } => {
            let whose = if *by_another { "is claimed by another person" } else { "is claimed by nobody" };
            let mut steps: Vec<_> = missed
                .device
                .filter(|_| !by_another)
                .map(|device| Step::click("Claim the device.", Action::Claim { device }))
                .into_iter()
                .collect();
            steps.push(Step::by_hand("Or make it an integration of the device's product, which fires for claimed and unclaimed ones."));
            (
                format!(
                    "The device that publishes {whose}, and an integration of a person fires for that person's devices."
                ),
                steps,
            )
        }
        Reason::DeviceFilter => (
            "The integration is narrowed to another device.".to_owned(),
            vec![Step::click(
                "Take the device out, or choose the one that publishes.",
                Action::edit("deviceID"),
            )],
        ),
        Reason::Disabled { .. } => (
            "The integration is switched off.".to_owned(),
            vec![Step::click("Switch it on.", Action::Enable)],
        ),
        Reason::Reserved | Reason::LoopGuard => (
            format!("`{name}` is a name of the system's own, and such events fire nothing."),
            vec![Step::click("Choose another event name.", Action::edit("event"))],
        ),
        Reason::NotListed => (
            "The product of the device is not among those that the integration lists.".to_owned(),
            vec![Step::click("Add the product.", Action::edit("products"))],
        ),
        Reason::Fired | Reason::Test | Reason::NotThen { .. } => {
            ("The integration was not as it is now when the event came.".to_owned(), Vec::new())
        }
    }
}

/// Events matched, and have waited too long for their first attempt.
fn late(funnel: &Funnel, evidence: &Evidence) -> Option<Proof> {
    let since = funnel.late_since.filter(|since| evidence.now.since(*since).as_secs() > LATE)?;
    let capped = evidence.subject.definition.as_ref().and_then(|definition| definition.rate_limit);
    let waiting = funnel.matched - funnel.attempted.min(funnel.matched);
    let words = format!(
        "{waiting} deliveries have waited for their first attempt, the oldest since {}.",
        When(since)
    );
    let fact = Fact::read_in(Source::Counters { integration: evidence.subject.integration }, words)
        .with("oldest", since);
    Some(match (capped, &funnel.health) {
        (_, Some(health)) => Proof::new(
            format!("This server is behind: {health}"),
            fact.and_in(Source::Health),
            [Step::by_hand("See the status page.")],
        ),
        (Some(rate), None) => Proof::new(
            format!(
                "More events match than the rate cap of {} a second lets through, so they queue up.",
                rate.per_second
            ),
            fact,
            [Step::click("Raise the cap, if the endpoint can take it.", Action::edit("rateLimit"))],
        ),
        (None, None) => Proof::new(
            "The destination's lane is full: its requests take so long that others wait for room.",
            fact,
            [Step::by_hand(
                "Have the endpoint answer sooner: as long as it does not, what waits is sent as others end.",
            )],
        ),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::funnel::Reached;
    use super::super::testing::{DEVICE, HOOK, OWNER, Story, T0, at, event, only_card};
    use super::*;
    use crate::access::Scope;
    use crate::event::Event;
    use crate::id::{DeviceId, UserId};
    use crate::integration::Disabled;
    use crate::matching::Candidate;

    fn after(events: &[Event], disabled: Option<&Disabled>, device: Option<DeviceId>) -> Evidence {
        let mut evidence = Story::of(json!({})).told();
        evidence.subject.disabled = disabled.cloned();
        let candidate = Candidate {
            integration: HOOK,
            scope: Scope::User(OWNER),
            prefix: "temp",
            device_filter: device,
            disabled,
            products: &[],
            updated_at: T0,
        };
        evidence.funnel = Some(Funnel::of((T0, at(60)), events, &candidate, Reached::default()));
        evidence
    }

    #[test]
    fn the_first_reason_that_is_proven_is_told_with_its_event() {
        let off = Disabled { since: at(5), by: Some(OWNER) };
        let temp = event(1, "temp", "1");
        let other_owner = Event { owner: Some(UserId([9; 12])), ..temp.clone() };
        for (event, disabled, filter, cause, step) in [
            (event(1, "Temp/x", "1"), None, None, "upper and lower case", "event name"),
            (event(1, "tamp", "1"), None, None, "slip of the pen", "event name"),
            (temp.clone(), Some(&off), None, "switched off", "Switch it on"),
            (
                temp.clone(),
                None,
                Some(DeviceId([7; 12])),
                "narrowed to another device",
                "Take the device out",
            ),
            (other_owner, None, None, "claimed by another person", "product"),
            (Event { owner: None, ..temp.clone() }, None, None, "claimed by nobody", "Claim the device"),
        ] {
            let card = only_card(&after(std::slice::from_ref(&event), disabled, filter));
            assert!(card.cause.words.contains(cause), "{}: {}", event.name, card.cause.words);
            assert!(card.steps[0].words.contains(step), "{}", card.steps[0].words);
            assert!(card.cause.fact.sources().contains(&Source::Event { id: event.id }));
        }
    }

    #[test]
    fn a_near_miss_proposes_the_name_that_was_published() {
        let card = only_card(&after(&[event(1, "Temp/kitchen", "1")], None, None));
        assert_eq!(card.steps[0].action, Some(Action::put("event", "Temp")));
        assert!(card.cause.fact.values.iter().any(|named| named.value == DEVICE.to_string()));
    }

    #[test]
    fn no_event_at_all_and_none_of_that_name_are_told_apart() {
        let silent = only_card(&after(&[], None, None));
        assert!(silent.cause.words.contains("No event reaches"), "{}", silent.cause.words);
        let others = only_card(&after(&[event(1, "humidity", "1")], None, None));
        assert!(others.cause.fact.words.contains("the newest is `humidity`"));
    }

    #[test]
    fn what_fired_before_and_has_nothing_to_do_is_healthy() {
        let mut evidence = after(&[event(1, "humidity", "1")], None, None);
        evidence.funnel.as_mut().unwrap().last_fired = Some(T0);
        assert_eq!(card(&evidence), None);
    }

    #[test]
    fn our_own_trouble_comes_before_everything_else() {
        let mut evidence = after(&[event(1, "Temp", "1")], None, None);
        evidence.funnel.as_mut().unwrap().health = Some("The store takes nothing.".to_owned());
        assert!(only_card(&evidence).cause.words.contains("This server itself"));
    }

    #[test]
    fn what_matches_and_waits_too_long_is_late() {
        let mut evidence = after(&[event(1, "temp", "1")], None, None);
        let funnel = evidence.funnel.as_mut().unwrap();
        (funnel.matched, funnel.late_since) = (3, Some(at(1)));
        assert!(only_card(&evidence).cause.words.contains("lane is full"));
        evidence.funnel.as_mut().unwrap().late_since = Some(evidence.now);
        assert_eq!(card(&evidence), None);
    }
}
