//! The status page: plain HTML that needs no script and follows the reader's light or dark setting.

use std::fmt::Write;

use fieldhook_core::html::escaped;
use fieldhook_core::wire::health::{Incident, PartStatus, Status};

/// The page for this status.
pub(super) fn of(status: &Status) -> String {
    let (mark, headline) =
        if status.ok { ("ok", "Everything is well") } else { ("bad", "Something is not well") };
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"refresh\" content=\"30\">\n<title>{headline} · Fieldhook status</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<p class=\"name\">Fieldhook status</p>\n\
         <h1 class=\"{mark}\">{headline}</h1>\n<p>As of {now} UTC, version {version}, up for {uptime}. \
         The page renews itself every 30 seconds.</p>\n",
        now = status.now,
        version = escaped(&status.version),
        uptime = span(status.uptime_s),
    );
    parts(&mut page, &status.parts);
    figures(&mut page, status);
    incidents(&mut page, &status.incidents);
    page.push_str("<p><a href=\"/status.json\">The same as JSON</a></p>\n</main>\n</body>\n</html>\n");
    page
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--faint:#57606a;--line:#d0d7de;--ok:#116329;--bad:#b42318}\
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--faint:#9aa4af;--line:#30363d;--ok:#56d364;--bad:#ff7b72}}\
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}\
main{max-width:44rem;margin:0 auto;padding:2rem 1rem}\
h1{font-size:1.6rem;margin:0 0 .5rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}\
.name{color:var(--faint);margin:0}.ok{color:var(--ok)}.bad{color:var(--bad)}\
table{border-collapse:collapse;width:100%}th,td{border-top:1px solid var(--line);padding:.5rem .5rem .5rem 0;text-align:left;vertical-align:top}\
a{color:inherit}";

fn parts(page: &mut String, parts: &[PartStatus]) {
    page.push_str("<h2>Parts</h2>\n<table>\n");
    for part in parts {
        let (mark, word) = if part.ok { ("ok", "well") } else { ("bad", "not well") };
        let name = format!("{:?}", part.part).to_lowercase();
        row(page, &name, &format!("<span class=\"{mark}\">{word}</span>"), &escaped(&part.says));
    }
    page.push_str("</table>\n");
}

fn figures(page: &mut String, status: &Status) {
    let lag = status.delivery_lag_ms.map_or_else(|| "nothing to send".to_owned(), |ms| format!("{ms} ms"));
    let known = |value: Option<u64>| value.map_or_else(|| "unknown".to_owned(), |value| value.to_string());
    page.push_str("<h2>Figures</h2>\n<table>\n");
    row(page, "delivery lag", &lag, "the longest wait of the last minute");
    row(page, "queue depth", &known(status.queue_pending), "deliveries that wait or are on their way");
    row(page, "store", &known(status.store_bytes.map(mebibytes)), "MiB of history");
    row(page, "disk", &known(status.disk_free_bytes.map(mebibytes)), "MiB free");
    page.push_str("</table>\n");
}

fn incidents(page: &mut String, incidents: &[Incident]) {
    page.push_str("<h2>Last incidents</h2>\n");
    if incidents.is_empty() {
        page.push_str("<p>None since the server started.</p>\n");
        return;
    }
    page.push_str("<table>\n");
    for incident in incidents {
        let end = incident.ended_at.map_or_else(|| "now".to_owned(), |end| end.to_string());
        row(page, &incident.began_at.to_string(), &format!("until {end}"), &escaped(&incident.what));
    }
    page.push_str("</table>\n");
}

/// A row of three cells; the last two are HTML already.
fn row(page: &mut String, head: &str, value: &str, note: &str) {
    writeln!(page, "<tr><th scope=\"row\">{head}</th><td>{value}</td><td>{note}</td></tr>")
        .expect("writing to a string never fails");
}

fn mebibytes(bytes: u64) -> u64 {
    bytes / (1024 * 1024)
}

fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes} min"),
        (0, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use fieldhook_core::time::Timestamp;
    use fieldhook_core::wire::health::Part;

    use super::*;

    fn status() -> Status {
        Status {
            ok: false,
            version: "1.0".to_owned(),
            now: Timestamp::from_millis(0),
            started_at: Timestamp::from_millis(0),
            uptime_s: 90_000,
            parts: vec![PartStatus { part: Part::Disk, ok: false, says: "1 < 2 & no room".to_owned() }],
            queue_pending: Some(7),
            queue_in_flight: 0,
            queue_bytes: None,
            delivery_lag_ms: Some(12),
            store_bytes: None,
            disk_free_bytes: None,
            incidents: Vec::new(),
        }
    }

    #[test]
    fn the_page_says_what_is_wrong_and_escapes_it() {
        let page = of(&status());
        assert!(page.contains("Something is not well"));
        assert!(page.contains("1 &lt; 2 &amp; no room"));
        assert!(page.contains("12 ms"));
        assert!(page.contains("1 d 1 h"));
    }

    #[test]
    fn the_page_needs_no_script() {
        assert!(!of(&status()).contains("<script"));
    }
}
