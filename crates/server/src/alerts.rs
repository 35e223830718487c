//! Alerts: what somebody should hear of is noticed, kept, published as an event and mailed.
//!
//! Issues come from the recorder as they turn; gates, rhythms, operations and the disk are looked at every few
//! seconds. `core::alert` decides what becomes of an alert by that; here it is kept and told.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use fieldhook_core::access::Scope;
use fieldhook_core::alert::{self, Alert, AlertSettings, Cause};
use fieldhook_core::id::{AlertId, IntegrationId, IssueId, UserId};
use fieldhook_core::issue::Issue;
use fieldhook_core::time::Timestamp;
use parking_lot::Mutex;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::book::Book;
pub use self::mail::{MailSetupError, Mailer};
use crate::clock::{Nature, random, sleep_until};
use crate::delivery::Engine;
use crate::directory::Directory;
use crate::ingest::{Ingest, IngestError};
use crate::queue::Queue;
use crate::recorder::{Pending, TurnedIssues};
use crate::rhythms::Rhythms;
use crate::store::{Change, Document, Elsewhere, IssueQuery, Kind, Paging, Store, StoreError};
use crate::vitals::Vitals;

mod book;
mod mail;
mod signs;
mod tell;

/// How often the gates are looked at. Far less than their window, so that none is missed.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often rhythms and the disk are.
const LISTEN_EVERY: Duration = Duration::from_secs(30);
/// How often operations are.
const COUNT_EVERY: Duration = Duration::from_mins(10);
/// Least time between two tellings of one scope. What comes in between is told together.
const TELL_EVERY: Duration = Duration::from_mins(1);
/// Issues read at once when all are looked at.
const PAGE: usize = 1_000;

/// What an [`Alerts`] works with.
pub struct Parts {
    /// Who and what there is.
    pub directory: Arc<Directory>,
    /// Where alerts are kept.
    pub store: Arc<dyn Store>,
    /// Knows the gates.
    pub engine: Arc<Engine>,
    /// Publishes what is to be told.
    pub ingest: Arc<Ingest>,
    /// Who speaks how steadily.
    pub rhythms: Arc<Rhythms>,
    /// Knows the disk.
    pub vitals: Arc<Vitals>,
    /// Says whether this node is the one that looks at what is the same for all nodes.
    pub queue: Arc<dyn Queue>,
    /// Mails, if the operator named a mail server.
    pub mailer: Option<Mailer>,
    /// Time and luck.
    pub nature: Nature,
    /// The address under which people reach the server, without a slash at the end.
    pub public_url: String,
    /// Whether issues wait to be heard.
    pub pending: Pending,
}

/// The alerts there are, and what raises and tells them.
pub struct Alerts {
    parts: Parts,
    book: Mutex<Book>,
    settings: Mutex<HashMap<Scope, AlertSettings>>,
    /// Up to when each person has seen the list.
    seen: Mutex<HashMap<UserId, Timestamp>>,
    published_at: Mutex<HashMap<Scope, Timestamp>>,
    mails: Mutex<HashMap<Scope, LastMail>>,
    rest: Mutex<Rest>,
    saving: tokio::sync::Mutex<()>,
}

/// How the last mail of a scope went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastMail {
    /// When.
    pub at: Timestamp,
    /// Why it was not taken; absent when it was.
    pub error: Option<String>,
}

/// What a test of a scope's alerts found.
#[derive(Debug, Clone)]
pub struct Tried {
    /// The integrations that the test event triggers.
    pub triggered: Vec<IntegrationId>,
    /// How mailing went; absent without recipients.
    pub mailed: Option<Result<(), String>>,
}

/// Whether there is something to do before time goes on.
struct Rest {
    busy: bool,
    next_look: Timestamp,
    /// How often it came to rest.
    times: u64,
}

/// When what is looked at now and then is due.
struct Due {
    look: Timestamp,
    listen: Timestamp,
    count: Timestamp,
}

impl Alerts {
    /// The alerts that were kept.
    pub async fn load(parts: Parts) -> Result<Arc<Self>, StoreError> {
        let alerts = parts.store.documents(Kind::Alert).await?;
        let kept = alerts.iter().map(read).collect::<Result<_, _>>()?;
        let mut settings = HashMap::new();
        let mut seen = HashMap::new();
        for document in parts.store.documents(Kind::Setting).await? {
            if let Some(scope) = keyed(&document, SETTINGS_KEY) {
                settings.insert(scope, read(&document)?);
            } else if let Some(user) = keyed(&document, SEEN_KEY) {
                seen.insert(user, read(&document)?);
            }
        }
        Ok(Arc::new(Self {
            parts,
            book: Mutex::new(Book::of(kept)),
            settings: Mutex::new(settings),
            seen: Mutex::new(seen),
            published_at: Mutex::default(),
            mails: Mutex::default(),
            rest: Mutex::new(Rest { busy: true, next_look: Timestamp::default(), times: 0 }),
            saving: tokio::sync::Mutex::default(),
        }))
    }

    /// Notices and tells until `stop`.
    pub async fn run(self: Arc<Self>, mut turned: TurnedIssues, stop: CancellationToken) {
        self.look_at_all_issues().await;
        let now = self.parts.nature.now();
        let mut due = Due { look: now, listen: now, count: now + COUNT_EVERY };
        self.look(&mut due).await;
        let mut mailing: Option<JoinHandle<()>> = None;
        loop {
            self.tell().await;
            if self.mail_is_due() && mailing.is_none() {
                mailing = Some(tokio::spawn(self.clone().mail()));
            }
            self.rest(&due, mailing.is_some());
            let heard = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(heard) = turned.next() => Some(heard),
                () = over(&mut mailing) => None,
                () = sleep_until(&*self.parts.nature.clock, due.look) => None,
            };
            self.rest.lock().busy = true;
            if let Some(heard) = heard {
                for issue in &heard.issues {
                    self.turned(issue);
                }
                if heard.missed {
                    self.look_at_all_issues().await;
                }
            }
            self.look(&mut due).await;
        }
        if let Some(mailing) = mailing {
            mailing.abort();
        }
        self.save().await;
    }

    /// Whether nothing is to be noticed or told before time goes on; if so, how often it came to that. When the same
    /// is answered twice, nothing was done in between.
    pub fn rests(&self) -> Option<u64> {
        let rest = self.rest.lock();
        let rests = !rest.busy && !self.parts.pending.any() && self.parts.nature.now() < rest.next_look;
        rests.then_some(rest.times)
    }

    /// Alerts of these scopes, the newest first.
    pub fn of(&self, scopes: &[Scope]) -> Vec<Alert> {
        let book = self.book.lock();
        let own = |alert: &&Alert| scopes.contains(&alert.scope);
        book.newest_first().filter(own).cloned().collect()
    }

    /// One alert.
    pub fn get(&self, id: AlertId) -> Option<Alert> {
        self.book.lock().get(id).cloned()
    }

    /// Ends an alert because a person says so. A rhythm is then learnt anew.
    pub async fn dismiss(&self, id: AlertId, by: &str) -> Option<Alert> {
        let alert = self.get(id)?;
        if alert.is_open() {
            match alert.cause {
                Cause::Device { device } => self.parts.rhythms.forget_device(device),
                Cause::Integration { integration } => self.parts.rhythms.forget_integration(integration),
                _ => {}
            }
            self.book.lock().dismiss(id, &format!("dismissed by {by}"), self.parts.nature.now());
            self.save().await;
        }
        self.get(id)
    }

    /// Takes over what another node has changed. That node tells of it.
    pub(crate) async fn take_over(&self, change: &Elsewhere) -> Result<(), StoreError> {
        let store = &self.parts.store;
        match change {
            Elsewhere::Document(kind @ (Kind::Alert | Kind::Setting), key) => {
                match store.document(*kind, key).await? {
                    Some(document) => self.take_over_document(&document)?,
                    None => self.forget(*kind, key),
                }
            }
            Elsewhere::Document(..) => {}
            Elsewhere::Anything => {
                for kind in [Kind::Alert, Kind::Setting] {
                    for document in store.documents(kind).await? {
                        self.take_over_document(&document)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn take_over_document(&self, document: &Document) -> Result<(), StoreError> {
        if document.kind == Kind::Alert {
            self.book.lock().take_over(read(document)?);
        } else if let Some(scope) = keyed(document, SETTINGS_KEY) {
            self.settings.lock().insert(scope, read(document)?);
        } else if let Some(user) = keyed(document, SEEN_KEY) {
            self.seen.lock().insert(user, read(document)?);
        }
        Ok(())
    }

    /// Settings are never removed.
    fn forget(&self, kind: Kind, key: &str) {
        if let (Kind::Alert, Ok(id)) = (kind, key.parse()) {
            self.book.lock().forget(id);
        }
    }

    /// Takes in that an issue stands elsewhere now.
    pub fn turned(&self, issue: &Issue) {
        let now = self.parts.nature.now();
        let Some(saved) = self.parts.directory.integration(issue.integration) else { return };
        let words = alert::integration_words(saved.name().as_deref(), &saved.prefix);
        let mut book = self.book.lock();
        let Some(sign) = alert::issue(issue, &words) else {
            let cause = Cause::Issue { issue: issue.id, integration: issue.integration };
            book.end(issue.scope, &cause, &format!("the issue is {}", issue.state.as_str()), now);
            return;
        };
        let raised = book.see(issue.scope, sign, now, || self.new_id(now));
        // What tells of alerts cannot tell of its own failure.
        if let Some(alert) = raised.filter(|_| alert::tells_of_alerts(&saved.prefix)) {
            alert.unpublished = None;
        }
    }

    /// What a scope wants to hear of, and where.
    pub fn settings(&self, scope: Scope) -> AlertSettings {
        self.settings.lock().get(&scope).cloned().unwrap_or_default()
    }

    /// Changes that.
    pub async fn set(&self, scope: Scope, settings: AlertSettings) -> Result<(), StoreError> {
        self.parts.store.change(vec![setting(format!("{SETTINGS_KEY}{scope}"), &settings)]).await?;
        self.settings.lock().insert(scope, settings);
        Ok(())
    }

    /// How the last mail of a scope went; none since the start.
    pub fn last_mail(&self, scope: Scope) -> Option<LastMail> {
        self.mails.lock().get(&scope).cloned()
    }

    /// Whether the operator named a mail server.
    pub fn can_mail(&self) -> bool {
        self.parts.mailer.is_some()
    }

    /// Up to when the person has seen the list.
    pub fn seen(&self, user: UserId) -> Option<Timestamp> {
        self.seen.lock().get(&user).copied()
    }

    /// Notes that the person has seen the list as it is now.
    pub async fn mark_seen(&self, user: UserId) -> Result<(), StoreError> {
        let now = self.parts.nature.now();
        self.parts.store.change(vec![setting(format!("{SEEN_KEY}{user}"), &now)]).await?;
        self.seen.lock().insert(user, now);
        Ok(())
    }

    /// Publishes a test event in the scope and mails its recipients; tells what came of it.
    pub async fn try_out(&self, scope: Scope, by: &str) -> Result<Tried, IngestError> {
        let title = format!("A test of the alerts of {}", self.parts.directory.scope_name(scope));
        let fact = format!("{by} asked for it. Nothing is wrong.");
        let url = format!("{}/console", self.parts.public_url);
        let data = json!({
            "alert": "test", "state": "test", "over": false, "kind": "test",
            "title": title, "fact": fact, "scope": scope, "url": url,
        });
        let announced =
            self.parts.ingest.announce(scope, alert::TEST_EVENT.to_owned(), data.to_string()).await?;
        let triggered = announced.map(|(_, triggered)| triggered).unwrap_or_default();
        let mail = alert::Mail {
            subject: format!("[Fieldhook] {title}"),
            text: format!("{title}\n  {fact}\n  {url}\n"),
        };
        Ok(Tried { triggered, mailed: self.try_mail(scope, &mail).await })
    }

    fn new_id(&self, now: Timestamp) -> AlertId {
        AlertId::new(now, random(&*self.parts.nature.luck))
    }

    /// Notes that nothing is under way but mailing, if that is.
    fn rest(&self, due: &Due, mailing: bool) {
        let mut rest = self.rest.lock();
        *rest = Rest { busy: mailing, next_look: due.look, times: rest.times + 1 };
    }

    /// Keeps what has changed.
    async fn save(&self) {
        let _saving = self.saving.lock().await;
        let (changed, gone) = self.book.lock().take_changes();
        if changed.is_empty() && gone.is_empty() {
            return;
        }
        let put = |alert: &Alert| document(Kind::Alert, alert.id.to_string(), alert);
        let mut changes: Vec<_> = changed.iter().map(put).collect();
        changes.extend(gone.iter().map(|id| Change::Remove(Kind::Alert, id.to_string())));
        if let Err(error) = self.parts.store.change(changes).await {
            tracing::error!(%error, "alerts could not be kept; trying again");
            self.book.lock().give_back(&changed, gone);
        }
    }

    /// Looks at every issue: at the start, and when more turned at once than could be told.
    async fn look_at_all_issues(&self) {
        let told = self.told_issues();
        // Of one whose alert a person dismissed, or that was told, there is nothing new to say.
        let news = |issue: &&Issue| told.get(&issue.id).is_none_or(|raised_at| *raised_at < issue.changed_at);
        for scope in self.parts.directory.scopes() {
            let query = IssueQuery { scopes: vec![scope], ..IssueQuery::default() };
            let mut paging = Paging { limit: PAGE, cursor: None };
            loop {
                let page = match self.parts.store.issues(&query, &paging).await {
                    Ok(page) => page,
                    Err(error) => {
                        tracing::error!(%error, "the issues could not be read to raise alerts of them");
                        return;
                    }
                };
                page.items.iter().filter(news).for_each(|issue| self.turned(issue));
                match page.next {
                    Some(next) => paging.cursor = Some(next),
                    None => break,
                }
            }
        }
        self.save().await;
    }

    /// When the last alert of each issue was raised.
    fn told_issues(&self) -> HashMap<IssueId, Timestamp> {
        let book = self.book.lock();
        let told = book.newest_first().filter_map(|alert| match &alert.cause {
            Cause::Issue { issue, .. } => Some((*issue, alert.raised_at)),
            _ => None,
        });
        let mut last = HashMap::new();
        for (issue, raised_at) in told {
            last.entry(issue).or_insert(raised_at);
        }
        last
    }
}

/// Waits for the mailing under way; for ever when there is none.
async fn over(mailing: &mut Option<JoinHandle<()>>) {
    match mailing {
        Some(task) => {
            if let Err(error) = task.await
                && error.is_panic()
            {
                tracing::error!(%error, "mailing alerts broke off");
            }
            *mailing = None;
        }
        None => std::future::pending().await,
    }
}

/// Settings of a scope have this in front of the scope, …
const SETTINGS_KEY: &str = "alerts ";
/// … and the time up to which a person has seen the list this in front of the person.
const SEEN_KEY: &str = "alerts seen by ";

fn setting<T: serde::Serialize>(key: String, value: &T) -> Change {
    document(Kind::Setting, key, value)
}

fn document<T: serde::Serialize>(kind: Kind, key: String, value: &T) -> Change {
    let body = serde_json::to_vec(value).expect("what is kept of alerts holds nothing that JSON cannot");
    Change::Put(Document { kind, key, unique: None, body })
}

/// Whose document of this name it is.
fn keyed<T: std::str::FromStr>(document: &Document, name: &str) -> Option<T> {
    document.key.strip_prefix(name)?.parse().ok()
}

fn read<T: serde::de::DeserializeOwned>(document: &Document) -> Result<T, StoreError> {
    serde_json::from_slice(&document.body).map_err(|error| {
        let kind = document.kind.as_str();
        StoreError::Damaged(format!("the {kind} `{}` cannot be read: {error}", document.key))
    })
}
