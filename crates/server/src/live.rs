//! Events to whoever listens, as they happen. A plain stream; how it looks on the wire is the API's business.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use fieldhook_core::access::Scope;
use fieldhook_core::event::{Event, is_reply_name};
use fieldhook_core::id::{DeviceId, IntegrationId, UserId};
use fieldhook_core::reply::Part;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use serde_json::json;
use smallvec::SmallVec;
use tokio::sync::mpsc;

mod watch;

pub use watch::Watch;

/// Events that a listener may be behind. One that is further behind misses events rather than hold up others.
const BEHIND: usize = 1_024;

/// An event on its way to listeners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happening {
    /// The event.
    pub event: Arc<Event>,
    /// The scopes in which it stands.
    pub scopes: SmallVec<[Scope; 3]>,
    /// What makes it a reply, when it is one.
    pub reply: Option<ReplyFacts>,
}

/// What is known of a reply besides the event it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyFacts {
    /// The integration that replies.
    pub integration: IntegrationId,
    /// The scope of the integration that replies.
    pub integration_scope: Scope,
    /// The device that published the triggering event, if a device did.
    pub device: Option<DeviceId>,
    /// That device's owner, or whoever published.
    pub owner: Option<UserId>,
    /// Which part of the answer it is, of how many.
    pub part: Option<Part>,
}

/// Who listens, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    /// Whoever listens.
    pub ear: Ear,
    /// Only events whose name begins so.
    pub prefix: String,
}

/// Whoever listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ear {
    /// A person, to all that happens in these scopes.
    Person(Vec<Scope>),
    /// A person, to what one device publishes, in these scopes.
    PersonToDevice(Vec<Scope>, DeviceId),
    /// A person, to what one device publishes and to the replies to it, in these scopes.
    PersonAboutDevice(Vec<Scope>, DeviceId),
    /// A device, with its own token.
    Device {
        /// The device.
        device: DeviceId,
        /// Its owner's and its product's scope.
        scopes: Vec<Scope>,
        /// Its owner.
        owner: Option<UserId>,
    },
}

impl Ear {
    /// Where it listens.
    pub fn scopes(&self) -> &[Scope] {
        match self {
            Self::Person(scopes)
            | Self::PersonToDevice(scopes, _)
            | Self::PersonAboutDevice(scopes, _)
            | Self::Device { scopes, .. } => scopes,
        }
    }

    fn hears(&self, happening: &Happening) -> bool {
        match self {
            Self::Person(_) => true,
            Self::PersonToDevice(_, device) => happening.event.device() == Some(*device),
            Self::PersonAboutDevice(_, device) => {
                let replied_to = happening.reply.and_then(|reply| reply.device);
                happening.event.device().or(replied_to) == Some(*device)
            }
            Self::Device { device, owner, .. } => device_hears(*device, *owner, happening),
        }
    }
}

/// What a device may hear: its owner's events and replies, and of its product's integrations the replies to its
/// own events or to a topic that names no device.
fn device_hears(device: DeviceId, owner: Option<UserId>, happening: &Happening) -> bool {
    let Some(reply) = happening.reply else {
        return owner.is_some() && happening.event.owner == owner;
    };
    let own = reply.device == Some(device) || (owner.is_some() && reply.owner == owner);
    match reply.integration_scope {
        Scope::User(user) => own && owner == Some(user),
        Scope::Product(_) | Scope::Organisation(_) => own || !names_a_device(&happening.event.name),
    }
}

fn names_a_device(name: &str) -> bool {
    name.split('/').any(|part| part.parse::<DeviceId>().is_ok())
}

/// An event as listeners get it, written once for all of them.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The event's name.
    pub name: Arc<str>,
    /// The whole server-sent event, in Particle's framing.
    pub bytes: Bytes,
}

/// How far an event got.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reach {
    /// Listeners it was handed to.
    pub listeners: u32,
    /// The devices among them that listen with their own token.
    pub devices: SmallVec<[DeviceId; 2]>,
}

struct Listener {
    id: u64,
    audience: Audience,
    inbox: Inbox,
    missed: AtomicU64,
}

/// What a listener is handed.
enum Inbox {
    /// Every event, written out.
    Frames(mpsc::Sender<Frame>),
    /// A sample of them.
    Watch(Arc<watch::Gathering>),
}

/// A listener's place among the others, until it is dropped.
struct Seat {
    live: Arc<Live>,
    listener: Arc<Listener>,
}

/// Everyone who listens.
#[derive(Default)]
pub struct Live {
    listeners: RwLock<HashMap<Scope, Vec<Arc<Listener>>>>,
    next: AtomicU64,
    /// Where what is published goes besides, so that listeners elsewhere hear it.
    outlet: Option<mpsc::Sender<Happening>>,
}

/// A listener's end: frames come until it is dropped.
pub struct Subscription {
    seat: Seat,
    frames: mpsc::Receiver<Frame>,
}

impl Live {
    /// Everyone who listens here, with an outlet to those who listen elsewhere.
    pub fn with_outlet(outlet: mpsc::Sender<Happening>) -> Self {
        Self { outlet: Some(outlet), ..Self::default() }
    }

    /// Listens from now on.
    pub fn subscribe(self: &Arc<Self>, audience: Audience) -> Subscription {
        let (sender, frames) = mpsc::channel(BEHIND);
        Subscription { seat: self.seat(audience, Inbox::Frames(sender)), frames }
    }

    fn seat(self: &Arc<Self>, audience: Audience, inbox: Inbox) -> Seat {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let listener = Arc::new(Listener { id, audience, inbox, missed: AtomicU64::new(0) });
        let mut listeners = self.listeners.write();
        for scope in listener.audience.ear.scopes() {
            listeners.entry(*scope).or_default().push(listener.clone());
        }
        drop(listeners);
        Seat { live: self.clone(), listener }
    }

    /// Hands an event to all who may and want to hear it, elsewhere too. Never waits. Whoever only watches counts as
    /// nobody reached: what is in no sample reaches them not at all. Whoever listens elsewhere is reached there.
    pub fn publish(&self, happening: &Happening) -> Reach {
        if let Some(outlet) = &self.outlet
            && outlet.try_send(happening.clone()).is_err()
        {
            metrics::counter!("fieldhook_node_messages_missed_total").increment(1);
        }
        self.hear(happening)
    }

    /// Hands an event, which may have been published elsewhere, to all who listen here.
    pub fn hear(&self, happening: &Happening) -> Reach {
        let mut reach = Reach::default();
        let listeners = self.listeners.read();
        if listeners.is_empty() {
            return reach;
        }
        let mut frame = None;
        for (rank, scope) in happening.scopes.iter().enumerate() {
            let here = listeners.get(scope).map_or(&[][..], Vec::as_slice);
            let earlier = &happening.scopes[..rank];
            for listener in here.iter().filter(|listener| listener.wants(happening, earlier)) {
                let frames = match &listener.inbox {
                    Inbox::Frames(frames) => frames,
                    Inbox::Watch(gathering) => {
                        gathering.add(happening);
                        continue;
                    }
                };
                listener.hand(frames, frame.get_or_insert_with(|| Frame::of(happening)));
                reach.listeners += 1;
                if let Ear::Device { device, .. } = listener.audience.ear {
                    reach.devices.push(device);
                }
            }
        }
        reach
    }

    /// How many listen now.
    pub fn count(&self) -> usize {
        let listeners = self.listeners.read();
        let mut ids: Vec<u64> = listeners.values().flatten().map(|listener| listener.id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.len()
    }
}

impl Listener {
    /// Whether to hand it over in this scope. One who listens in an earlier scope of the event has it already.
    fn wants(&self, happening: &Happening, earlier: &[Scope]) -> bool {
        let ear = &self.audience.ear;
        happening.event.name.starts_with(&self.audience.prefix)
            && !earlier.iter().any(|scope| ear.scopes().contains(scope))
            && ear.hears(happening)
    }

    fn hand(&self, frames: &mpsc::Sender<Frame>, frame: &Frame) {
        if frames.try_send(frame.clone()).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
            metrics::counter!("fieldhook_stream_events_missed_total").increment(1);
        }
    }
}

impl Subscription {
    /// The next event; none when the server lets go of its listeners.
    pub async fn next(&mut self) -> Option<Frame> {
        self.frames.recv().await
    }

    /// An event that has come already.
    pub fn try_next(&mut self) -> Option<Frame> {
        self.frames.try_recv().ok()
    }

    /// Events missed since last asked, for being too far behind.
    pub fn missed(&self) -> u64 {
        self.seat.listener.missed.swap(0, Ordering::Relaxed)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut listeners = self.live.listeners.write();
        for scope in self.listener.audience.ear.scopes() {
            if let Some(here) = listeners.get_mut(scope) {
                here.retain(|listener| listener.id != self.listener.id);
                if here.is_empty() {
                    listeners.remove(scope);
                }
            }
        }
    }
}

impl Frame {
    /// Two lines and a blank one. The keys stand in the order that Particle's cloud sends them; `id`, `part` and
    /// `parts` are ours.
    fn of(happening: &Happening) -> Self {
        let event = &*happening.event;
        let mut body = json!({
            "data": event.data,
            "ttl": event.ttl,
            "published_at": event.published_at,
            "coreid": event.publisher,
            "userid": event.owner.map(|owner| owner.to_string()).unwrap_or_default(),
        });
        if let Some(version) = event.product_version {
            body["version"] = version.into();
        }
        body["public"] = (!event.private).into();
        if let Some(product) = event.product {
            body["productID"] = product.0.into();
        }
        if !is_reply_name(&event.name) {
            body["id"] = event.id.to_string().into();
        }
        if let Some(part) = happening.reply.and_then(|reply| reply.part) {
            body["part"] = part.part.into();
            body["parts"] = part.parts.into();
        }
        let bytes = format!("event: {}\ndata: {body}\n\n", event.name).into();
        Self { name: event.name.as_str().into(), bytes }
    }
}
