//! Takes an event in: may it, what does it match, make it durable, tell the rest.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use fieldhook_core::access::Scope;
use fieldhook_core::event::{self, DEFAULT_TTL, Event, InvalidEvent, Publisher, Source};
use fieldhook_core::id::{DeliveryId, DeviceId, EventId, IntegrationId, ProductId, UserId};
use fieldhook_core::rate::{Bucket, Rate};
use fieldhook_core::time::Timestamp;
use parking_lot::Mutex as SyncMutex;
use tokio::sync::{Mutex, MutexGuard};
use tokio_util::sync::CancellationToken;

mod earlier;

pub(crate) use self::earlier::catch_up;
use crate::clock::{Nature, random};
use crate::delivery::Engine;
use crate::directory::{Device, Directory, Match};
use crate::live::{Happening, Live, Reach};
use crate::queue::{Append, Delivery, Queue, QueueError};
use crate::recorder::{Recorder, matched_entry};
use crate::rhythms::Rhythms;
use crate::store::{Entry, Store, StoreError, UsedEntry};

/// How long a repeated idempotency key is the same event.
pub const KEY_LIFE: Duration = Duration::from_hours(24);

/// As whom an event is published, and so in which scope it stands.
#[derive(Debug, Clone)]
pub enum By {
    /// A device, as itself.
    Device(Device),
    /// A person, in their own scope.
    User(UserId),
    /// A person, in a product's scope.
    Product(ProductId),
}

/// An event to be published.
#[derive(Debug, Clone)]
pub struct Publish {
    /// Its name.
    pub name: String,
    /// Its data.
    pub data: Option<String>,
    /// Whether only its owner may see it.
    pub private: bool,
    /// Seconds it is said to live.
    pub ttl: Option<u32>,
    /// The key by which a repeat is known.
    pub idempotency_key: Option<String>,
    /// How it reached us.
    pub source: Source,
}

/// Why an event was not taken in. Nothing of it was kept.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// It breaks a rule.
    #[error(transparent)]
    Invalid(#[from] InvalidEvent),
    /// Its device publishes too fast.
    #[error("device {device} publishes more than {limit}: wait {} ms", .wait.as_millis())]
    TooFast {
        /// The device.
        device: DeviceId,
        /// How long until it may publish again.
        wait: Duration,
        /// The rule, in words.
        limit: String,
    },
    /// It cannot be made durable now. Passing; try again later.
    #[error("the event was not taken in, try again later: {0}")]
    Unavailable(String),
}

impl From<QueueError> for IngestError {
    fn from(error: QueueError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<StoreError> for IngestError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// What the operator set for publishing.
#[derive(Debug, Clone, Copy)]
pub struct IngestSettings {
    /// Most bytes of data.
    pub data_limit: usize,
    /// How often a device may publish; any often when absent.
    pub device_rate: Option<Rate>,
}

/// Takes events in.
pub struct Ingest {
    directory: Arc<Directory>,
    queue: Arc<dyn Queue>,
    store: Arc<dyn Store>,
    engine: Arc<Engine>,
    live: Arc<Live>,
    recorder: Recorder,
    rhythms: Arc<Rhythms>,
    nature: Nature,
    settings: IngestSettings,
    keys: Keys,
    buckets: SyncMutex<HashMap<DeviceId, Bucket>>,
    draining: CancellationToken,
}

/// What an [`Ingest`] works with.
pub struct Parts {
    /// Who and what there is.
    pub directory: Arc<Directory>,
    /// Where events become durable.
    pub queue: Arc<dyn Queue>,
    /// Where repeated keys are looked up.
    pub store: Arc<dyn Store>,
    /// What sends deliveries.
    pub engine: Arc<Engine>,
    /// Who listens.
    pub live: Arc<Live>,
    /// What remembers.
    pub recorder: Recorder,
    /// Who speaks how steadily.
    pub rhythms: Arc<Rhythms>,
    /// Time and luck.
    pub nature: Nature,
    /// What the operator set.
    pub settings: IngestSettings,
    /// Cancelled when nothing more is to be taken in.
    pub draining: CancellationToken,
}

impl Ingest {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        Self {
            directory: parts.directory,
            queue: parts.queue,
            store: parts.store,
            engine: parts.engine,
            live: parts.live,
            recorder: parts.recorder,
            rhythms: parts.rhythms,
            nature: parts.nature,
            settings: parts.settings,
            keys: Keys::new(),
            buckets: SyncMutex::default(),
            draining: parts.draining,
        }
    }

    /// Publishes an event; returns once it is durable. A repeat under the same key returns the first one's id.
    pub async fn publish(&self, by: By, publish: Publish) -> Result<EventId, IngestError> {
        event::check_name(&publish.name)?;
        event::check_data(publish.data.as_deref(), self.settings.data_limit)?;
        self.check_open()?;
        self.check_rate(&by)?;
        let Some(key) = publish.idempotency_key.clone() else {
            return self.take_in(self.event(&by, publish)).await;
        };
        event::check_idempotency_key(&key)?;
        let event = self.event(&by, publish);
        let slot = KeySlot::of(&event, key);
        let mut recent = self.keys.lock(&slot).await;
        if let Some(first) = self.first_under(&slot, &recent).await? {
            return Ok(first);
        }
        let id = self.take_in(event).await?;
        remember(&mut recent, slot, id, self.nature.now());
        Ok(id)
    }

    /// Publishes an event of the server's own in this scope; returns its id and the integrations it triggers. An
    /// organisation's stands in the first of its products, for there it is heard. None when it has no product.
    pub async fn announce(
        &self,
        scope: Scope,
        name: String,
        data: String,
    ) -> Result<Option<(EventId, Vec<IntegrationId>)>, IngestError> {
        self.check_open()?;
        let (owner, product) = match scope {
            Scope::User(user) => (Some(user), None),
            Scope::Product(product) => (None, Some(product)),
            Scope::Organisation(id) => match self.directory.products_in(id).first() {
                Some(product) => (None, Some(product.id)),
                None => return Ok(None),
            },
        };
        let now = self.nature.now();
        let event = Event {
            id: EventId::new(now, random(&*self.nature.luck)),
            name,
            data: Some(data),
            published_at: now,
            ttl: DEFAULT_TTL,
            publisher: Publisher::Internal,
            private: true,
            owner,
            product,
            product_version: None,
            source: Source::Server,
            idempotency_key: None,
        };
        let triggered = self.directory.matches(&event).iter().map(|matched| matched.integration).collect();
        Ok(Some((self.take_in(event).await?, triggered)))
    }

    /// Forgets the buckets of devices that have rested.
    pub fn forget_rested(&self) {
        let Some(rate) = self.settings.device_rate else { return };
        let now = self.nature.now();
        self.buckets.lock().retain(|_, bucket| !bucket.is_full(rate, now));
    }

    fn check_open(&self) -> Result<(), IngestError> {
        let refused = if self.draining.is_cancelled() {
            "the server is stopping"
        } else if self.recorder.stuck() {
            "the store takes nothing at the moment"
        } else {
            return Ok(());
        };
        Err(IngestError::Unavailable(refused.to_owned()))
    }

    fn check_rate(&self, by: &By) -> Result<(), IngestError> {
        let (Some(rate), By::Device(device)) = (self.settings.device_rate, by) else { return Ok(()) };
        let now = self.nature.now();
        let mut buckets = self.buckets.lock();
        let bucket = buckets.entry(device.id).or_insert_with(|| Bucket::full(rate, now));
        bucket.take(rate, now).map_err(|wait| IngestError::TooFast {
            device: device.id,
            wait,
            limit: format!("{} events a second in bursts of {}", rate.per_second, rate.burst),
        })
    }

    fn event(&self, by: &By, publish: Publish) -> Event {
        let now = self.nature.now();
        let (publisher, owner, product, product_version) = match by {
            By::Device(device) => {
                (Publisher::Device(device.id), device.owner, device.product, device.product_version)
            }
            By::User(user) => (Publisher::Api, Some(*user), None, None),
            By::Product(product) => (Publisher::Api, None, Some(*product), None),
        };
        Event {
            id: EventId::new(now, random(&*self.nature.luck)),
            name: publish.name,
            data: publish.data,
            published_at: now,
            ttl: publish.ttl.unwrap_or(DEFAULT_TTL),
            publisher,
            private: publish.private,
            owner,
            product,
            product_version,
            source: publish.source,
            idempotency_key: publish.idempotency_key,
        }
    }

    async fn take_in(&self, event: Event) -> Result<EventId, IngestError> {
        let event = Arc::new(event);
        let matches = self.directory.matches(&event);
        let deliveries = self.deliveries(&event, &matches);
        let matched = matches
            .iter()
            .zip(&deliveries)
            .map(|(matched, (delivery, _))| matched_entry(delivery, matched.scope))
            .collect();

        let append = Append { event: event.clone(), deliveries };
        let reserved: Vec<_> =
            append.deliveries.iter().filter(|(_, claim)| *claim).map(|(d, _)| d.lane).collect();
        let claims = match self.queue.append(append, event.published_at).await {
            Ok(claims) => claims,
            Err(error) => {
                self.engine.release(&reserved);
                return Err(error.into());
            }
        };
        // The store hears of the event before any attempt at it can be noted.
        self.recorder.taken(event.clone(), matched).await;
        self.engine.start(reserved, claims);
        self.learn(&event, &matches);
        self.tell(&event).await;
        Ok(event.id)
    }

    fn deliveries(&self, event: &Arc<Event>, matches: &[Match]) -> Vec<(Delivery, bool)> {
        let now = event.published_at;
        let begin = |matched: &Match| {
            let delivery = Delivery {
                id: DeliveryId::new(now, random(&*self.nature.luck)),
                event: event.clone(),
                integration: matched.integration,
                lane: matched.lane,
                due: now,
                attempts: 0,
                first_tried_at: None,
                replayed: None,
                postponed: false,
            };
            (delivery, self.engine.reserve(matched.lane))
        };
        matches.iter().map(begin).collect()
    }

    fn learn(&self, event: &Event, matches: &[Match]) {
        if let Some(device) = event.device() {
            self.rhythms.published(device, event.published_at);
        }
        for matched in matches {
            self.rhythms.fired(matched.integration, event.published_at);
        }
    }

    async fn tell(&self, event: &Arc<Event>) {
        metrics::counter!("fieldhook_events_total").increment(1);
        self.directory.heard(event);
        let scopes = self.directory.scopes_hearing(event);
        let reach = self.live.publish(&Happening { event: event.clone(), scopes, reply: None });
        self.recorder.note(received(&self.directory, &reach, None, event.published_at)).await;
    }

    /// Takes note of what another node published: whoever listens here hears it, and the device has been heard.
    pub(crate) async fn heard_elsewhere(&self, happening: &Happening) {
        let event = &happening.event;
        if happening.reply.is_none() {
            self.directory.heard(event);
            self.learn(event, &self.directory.matches(event));
        }
        let reach = self.live.hear(happening);
        let integration = happening.reply.map(|reply| reply.integration);
        self.recorder.note(received(&self.directory, &reach, integration, event.published_at)).await;
    }

    async fn first_under(&self, slot: &KeySlot, recent: &Recent) -> Result<Option<EventId>, IngestError> {
        let since = self.nature.now() - KEY_LIFE;
        if let Some((id, at)) = recent.get(slot)
            && *at > since
        {
            return Ok(Some(*id));
        }
        let known =
            self.store.event_by_key(slot.publisher, slot.owner, slot.product, &slot.key, since).await?;
        Ok(known)
    }
}

/// What devices cost by having received an event or reply: one operation each, on their product or owner.
pub(crate) fn received(
    directory: &Directory,
    reach: &Reach,
    integration: Option<IntegrationId>,
    now: Timestamp,
) -> Vec<Entry> {
    let one = |id: &DeviceId| {
        let device = directory.device(*id)?;
        let scope = device.product.map(Scope::Product).or(device.owner.map(Scope::User))?;
        let used = UsedEntry {
            event: None,
            day: now.day(),
            scope,
            device: Some(*id),
            integration,
            publishes: 0,
            received: 1,
        };
        Some(Entry::Used(used))
    };
    reach.devices.iter().filter_map(one).collect()
}

/// A key, with whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct KeySlot {
    publisher: Publisher,
    owner: Option<UserId>,
    product: Option<ProductId>,
    key: String,
}

impl KeySlot {
    fn of(event: &Event, key: String) -> Self {
        Self { publisher: event.publisher, owner: event.owner, product: event.product, key }
    }
}

type Recent = HashMap<KeySlot, (EventId, Timestamp)>;

/// Keys of events that the store may not have yet. A key's shard is held while its event is taken in, so that two
/// publishes at once under one key are one event.
struct Keys {
    shards: [Mutex<Recent>; Self::SHARDS],
}

impl Keys {
    const SHARDS: usize = 64;
    /// Keys kept per shard. More than what the recorder can be behind, all shards together.
    const KEPT: usize = 1_024;

    fn new() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()) }
    }

    async fn lock(&self, slot: &KeySlot) -> MutexGuard<'_, Recent> {
        use std::hash::BuildHasher;
        let hash = std::hash::BuildHasherDefault::<std::hash::DefaultHasher>::default().hash_one(slot);
        self.shards[hash as usize % Self::SHARDS].lock().await
    }
}

fn remember(recent: &mut Recent, slot: KeySlot, id: EventId, now: Timestamp) {
    if recent.len() >= Keys::KEPT {
        let mut ages: Vec<Timestamp> = recent.values().map(|(_, at)| *at).collect();
        let middle = ages.len() / 2;
        let (_, median, _) = ages.select_nth_unstable(middle);
        let median = *median;
        recent.retain(|_, (_, at)| *at > median);
    }
    recent.insert(slot, (id, now));
}
