//! Tells of alerts: by an event in their scope, which integrations and listeners take as any other, and by e-mail.

use std::collections::HashMap;
use std::sync::Arc;

use fieldhook_core::access::Scope;
use fieldhook_core::alert::{self, Alert, Mail, Turn};

use super::{Alerts, LastMail, TELL_EVERY};

/// What is to be told, by scope, the oldest alert first.
type Told = HashMap<Scope, Vec<(Alert, Turn)>>;

impl Alerts {
    /// Publishes what is to be told, scope by scope, each no more often than once a minute. What cannot be published
    /// now is tried again with the next look.
    pub(super) async fn tell(&self) {
        let now = self.parts.nature.now();
        let told = self.untold(|alert| alert.unpublished);
        for (scope, told) in told {
            let last = self.published_at.lock().get(&scope).copied();
            if last.is_some_and(|last| now.since(last) < TELL_EVERY) {
                continue;
            }
            self.published_at.lock().insert(scope, now);
            for post in alert::posts(&told, &self.parts.public_url) {
                match self.parts.ingest.announce(scope, post.name, post.data.to_string()).await {
                    Ok(_) => self.told(post.of.iter().map(|at| &told[*at]), |alert| &mut alert.unpublished),
                    Err(error) => {
                        tracing::warn!(%error, %scope, "an alert could not be published; trying again");
                        self.published_at.lock().remove(&scope);
                        break;
                    }
                }
            }
        }
        self.save().await;
    }

    /// Whether something is to be mailed now.
    pub(super) fn mail_is_due(&self) -> bool {
        !self.due_mail().is_empty()
    }

    /// Mails what is to be told: one mail for each scope. What the mail server does not take is tried again a minute
    /// later, and told in the settings.
    pub(super) async fn mail(self: Arc<Self>) {
        let Some(mailer) = &self.parts.mailer else { return };
        for (scope, told) in self.due_mail() {
            let whose = self.parts.directory.scope_name(scope);
            let settings = self.settings(scope);
            let Some(mail) = alert::mail(&told, &whose, &self.parts.public_url) else { continue };
            let sent = mailer.send(&mail, &settings.recipients).await;
            let result = if sent.is_ok() { "sent" } else { "failed" };
            metrics::counter!("fieldhook_alert_mails_total", "result" => result).increment(1);
            if let Err(error) = &sent {
                tracing::error!(%error, %scope, "alerts could not be mailed; trying again in a minute");
            } else {
                self.told(told.iter(), |alert| &mut alert.unmailed);
            }
            self.note_mail(scope, sent.err().map(|error| error.to_string()));
        }
        self.save().await;
    }

    /// Mails a test to a scope's recipients; none when there are none.
    pub(super) async fn try_mail(&self, scope: Scope, mail: &Mail) -> Option<Result<(), String>> {
        let recipients = self.settings(scope).recipients;
        if recipients.is_empty() {
            return None;
        }
        let Some(mailer) = &self.parts.mailer else {
            let remedy =
                "the server has no mail server: its operator sets one with --smtp-url and --mail-from";
            return Some(Err(remedy.to_owned()));
        };
        let sent = mailer.send(mail, &recipients).await.map_err(|error| error.to_string());
        self.note_mail(scope, sent.clone().err());
        Some(sent)
    }

    fn note_mail(&self, scope: Scope, error: Option<String>) {
        self.mails.lock().insert(scope, LastMail { at: self.parts.nature.now(), error });
    }

    /// What is to be mailed now. What nobody wants by mail is let go of.
    fn due_mail(&self) -> Told {
        let now = self.parts.nature.now();
        let mut due = Told::new();
        for (scope, told) in self.untold(|alert| alert.unmailed) {
            let settings = self.settings(scope);
            let reachable = self.can_mail() && !settings.recipients.is_empty();
            let (wanted, unwanted): (Vec<_>, Vec<_>) =
                told.into_iter().partition(|(alert, _)| reachable && settings.mailed.contains(&alert.kind));
            self.told(unwanted.iter(), |alert| &mut alert.unmailed);
            let lately = self.last_mail(scope).is_some_and(|last| now.since(last.at) < TELL_EVERY);
            if !lately && !wanted.is_empty() {
                due.insert(scope, wanted);
            }
        }
        due
    }

    /// Of each scope, the alerts of which something is to be told.
    fn untold(&self, what: impl Fn(&Alert) -> Option<Turn>) -> Told {
        let mut untold = Told::new();
        for alert in self.book.lock().newest_first() {
            if let Some(turn) = what(alert) {
                untold.entry(alert.scope).or_default().push((alert.clone(), turn));
            }
        }
        for told in untold.values_mut() {
            told.reverse();
        }
        untold
    }

    /// Notes that this was told, unless more came since.
    fn told<'a>(
        &self,
        told: impl Iterator<Item = &'a (Alert, Turn)>,
        of: impl Fn(&mut Alert) -> &mut Option<Turn>,
    ) {
        let mut book = self.book.lock();
        for (as_told, _) in told {
            book.change(as_told.id, |alert| {
                let still = alert.rank() == as_told.rank() && alert.is_open() == as_told.is_open();
                let since = if alert.is_open() { Turn::Worse } else { Turn::Over };
                *of(alert) = (!still).then_some(since);
            });
        }
    }
}
