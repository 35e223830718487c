//! What is told of alerts, by event and by e-mail. However many come at once, a message stays short.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Alert, Cause, Turn};
use crate::access::Scope;
use crate::event::ALERT_PREFIX;

/// Alerts of a scope that are published one by one at a time; of more, one event tells how many.
const MOST_EVENTS: usize = 20;
/// Alerts that one e-mail lists.
const MOST_LISTED: usize = 20;
/// Most characters of a title in a subject.
const SUBJECT_LIMIT: usize = 120;
/// The name of the event by which somebody tries whether alerts reach them.
pub const TEST_EVENT: &str = "fieldhook/alert/test";

/// An event to publish in the scope of the alerts it tells of.
#[derive(Debug, Clone, PartialEq)]
pub struct Post {
    /// Its name.
    pub name: String,
    /// Its data.
    pub data: Value,
    /// Of the alerts that were given, those it tells of.
    pub of: Vec<usize>,
}

/// An e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Its subject: one line.
    pub subject: String,
    /// Its text.
    pub text: String,
}

/// The events that tell of these alerts of one scope: one each, or one for all when there are more than twenty.
/// `base` is the address of the server.
pub fn posts(told: &[(Alert, Turn)], base: &str) -> Vec<Post> {
    if told.len() > MOST_EVENTS {
        return vec![together(told, base)];
    }
    let post = |(at, (alert, turn)): (usize, &(Alert, Turn))| Post {
        name: event_name(alert, *turn),
        data: data(alert, *turn, base),
        of: vec![at],
    };
    told.iter().enumerate().map(post).collect()
}

/// The data of the event that tells of one alert.
fn data(alert: &Alert, turn: Turn, base: &str) -> Value {
    let mut data = json!({
        "alert": alert.id,
        "state": turn,
        "over": turn == Turn::Over,
        "kind": alert.kind,
        "title": alert.title,
        "fact": alert.fact,
        "scope": alert.scope,
        "cause": alert.cause,
        "raised_at": alert.raised_at,
        "url": page(alert, base),
    });
    if let Some(percent) = alert.percent {
        data["percent"] = percent.into();
    }
    if let (Some(at), Some(by)) = (alert.ended_at, &alert.ended_by) {
        data["ended_at"] = json!(at);
        data["ended_by"] = by.clone().into();
    }
    data
}

fn event_name(alert: &Alert, turn: Turn) -> String {
    let last = if turn == Turn::Over { "over" } else { alert.kind.as_str() };
    format!("{ALERT_PREFIX}{last}")
}

fn together(told: &[(Alert, Turn)], base: &str) -> Post {
    let titles: Vec<&str> = told.iter().take(MOST_LISTED).map(|(alert, _)| alert.title.as_str()).collect();
    let data = json!({
        "alert": told.first().map(|(alert, _)| alert.id),
        "state": "many",
        "over": told.iter().all(|(_, turn)| *turn == Turn::Over),
        "kind": "many",
        "title": format!("{} alerts at once", told.len()),
        "fact": format!("Among them: {}.", titles.join("; ")),
        "count": told.len(),
        "url": list(told.first().map(|(alert, _)| alert.scope), base),
    });
    Post { name: format!("{ALERT_PREFIX}many"), data, of: (0..told.len()).collect() }
}

/// The e-mail that tells of these alerts of one scope. None when there are none.
pub fn mail(told: &[(Alert, Turn)], whose: &str, base: &str) -> Option<Mail> {
    let (first, turn) = told.first()?;
    let mut subject = format!("[Fieldhook] {}{}", lead(*turn), first.title);
    if let more @ 1.. = told.len() - 1 {
        let _ = write!(subject, ", and {more} more");
    }
    let mut text = String::new();
    for (alert, turn) in told.iter().take(MOST_LISTED) {
        let _ = writeln!(text, "{}{}", lead(*turn), alert.title);
        match (&alert.ended_by, alert.ended_at) {
            (Some(by), Some(at)) => {
                let _ = writeln!(text, "  At {at}: {by}.");
            }
            _ => {
                let _ = writeln!(text, "  {}", alert.fact);
            }
        }
        let _ = writeln!(text, "  {}\n", page(alert, base));
    }
    if told.len() > MOST_LISTED {
        let _ = writeln!(text, "… and {} more.\n", told.len() - MOST_LISTED);
    }
    let _ =
        write!(text, "-- \nAll alerts of {whose}, and who is mailed:\n{}\n", list(Some(first.scope), base));
    Some(Mail { subject: one_line(&subject), text })
}

fn lead(turn: Turn) -> &'static str {
    match turn {
        Turn::Raised => "",
        Turn::Worse => "Worse: ",
        Turn::Over => "Over: ",
    }
}

/// Where a person reads on.
fn page(alert: &Alert, base: &str) -> String {
    let at = format!("{base}/console/{}", slug(alert.scope));
    match &alert.cause {
        Cause::Issue { integration, .. } | Cause::Integration { integration } => {
            format!("{at}/integrations/{integration}")
        }
        Cause::Device { device } => format!("{at}/devices/{device}"),
        Cause::Operations => format!("{at}/usage"),
        Cause::Destination { .. } | Cause::Disk => format!("{at}/alerts"),
    }
}

fn list(scope: Option<Scope>, base: &str) -> String {
    format!("{base}/console/{}/alerts", scope.map_or_else(|| "me".to_owned(), slug))
}

/// The scope's word in the console's addresses.
fn slug(scope: Scope) -> String {
    match scope {
        Scope::User(_) => "me".to_owned(),
        Scope::Product(product) => format!("product-{product}"),
        Scope::Organisation(id) => format!("org-{id}"),
    }
}

/// A subject has no line breaks, and an end.
fn one_line(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() <= SUBJECT_LIMIT {
        return line;
    }
    line.chars().take(SUBJECT_LIMIT - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{Sign, disk_low};
    use crate::id::{AlertId, UserId};
    use crate::time::Timestamp;

    const T0: Timestamp = Timestamp::from_millis(1_767_323_045_678);
    const BASE: &str = "https://hooks.example.com";

    fn told(count: usize, title: &str) -> Vec<(Alert, Turn)> {
        let sign = Sign { title: title.to_owned(), ..disk_low(Some(1 << 20)) };
        let alert = Alert::raise(AlertId([1; 12]), Scope::User(UserId([2; 12])), sign, T0);
        vec![(alert, Turn::Raised); count]
    }

    #[test]
    fn twenty_alerts_are_twenty_events_and_one_more_is_one_event() {
        assert_eq!(posts(&told(20, "low"), BASE).len(), 20);
        let many = posts(&told(21, "low"), BASE);
        assert_eq!((many.len(), many[0].of.len()), (1, 21));
        assert_eq!(many[0].name, "fieldhook/alert/many");
        assert_eq!(many[0].data["title"], "21 alerts at once");
    }

    #[test]
    fn an_event_is_named_by_its_kind_and_one_that_is_over_by_that() {
        let (mut alert, _) = told(1, "low").remove(0);
        assert_eq!(event_name(&alert, Turn::Raised), "fieldhook/alert/disk");
        alert.end("there is room again", T0);
        assert_eq!(event_name(&alert, Turn::Over), "fieldhook/alert/over");
        assert_eq!(data(&alert, Turn::Over, BASE)["ended_by"], "there is room again");
    }

    #[test]
    fn a_mail_lists_twenty_and_says_how_many_more_there_are() {
        let mail = mail(&told(1_000, "low"), "me@example.com", BASE).unwrap();
        assert_eq!(mail.subject, "[Fieldhook] low, and 999 more");
        assert_eq!(mail.text.matches("low\n").count(), MOST_LISTED);
        assert!(mail.text.contains("… and 980 more."), "{}", mail.text);
        assert!(mail.text.contains("https://hooks.example.com/console/me/alerts"), "{}", mail.text);
    }

    #[test]
    fn a_title_cannot_add_a_header() {
        let mail = mail(&told(1, "x\r\nBcc: all@example.com"), "me", BASE).unwrap();
        assert!(!mail.subject.contains(['\r', '\n']), "{:?}", mail.subject);
    }
}
