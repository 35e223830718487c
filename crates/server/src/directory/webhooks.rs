//! Integrations and the secrets they use: saved, sealed, matched, and compiled when first needed.

use std::collections::BTreeMap;
use std::sync::Arc;

use fieldhook_core::access::Scope;
use fieldhook_core::event::Event;
use fieldhook_core::id::{DeviceId, IntegrationId, ProductId, UserId};
use fieldhook_core::integration::{Definition, Disabled, Integration};
use fieldhook_core::matching::{self, Candidate};
use fieldhook_core::needle::Needle;
use fieldhook_core::origin::Origin;
use fieldhook_core::request::Webhook;
use fieldhook_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use smallvec::SmallVec;

use super::{Directory, DirectoryError, State, open, to_json};
use crate::clock::random;
use crate::queue::Lane;
use crate::store::{Change, Document, Kind, Revision, StoreError};

/// How many compiled webhooks are kept. Beyond it the least used are compiled again when next needed, so that
/// memory holds a hundred thousand integrations of which few are busy.
const COMPILED: usize = 10_000;

/// An integration as memory keeps it: what matching needs, and the template as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedIntegration {
    /// Its id.
    pub id: IntegrationId,
    /// Who owns it.
    pub scope: Scope,
    /// Counts the saves, from 1.
    pub revision: u32,
    /// The event-name prefix it fires on.
    pub prefix: Box<str>,
    /// The one device it fires for, if it is narrowed to one.
    pub device: Option<DeviceId>,
    /// The products it fires for, of an organisation.
    pub products: Box<[ProductId]>,
    /// Where its deliveries queue up.
    pub lane: Lane,
    /// Since when and by whom it has been switched off, if it is.
    pub disabled: Option<Box<Disabled>>,
    /// When it was first saved.
    pub created_at: Timestamp,
    /// When this revision was saved.
    pub updated_at: Timestamp,
    /// Who saved this revision; absent when the server did.
    pub updated_by: Option<UserId>,
    /// The template as JSON text.
    template: Box<str>,
}

impl SavedIntegration {
    /// The whole integration, its template as it was saved.
    pub fn to_integration(&self) -> Integration {
        Integration {
            id: self.id,
            scope: self.scope,
            revision: self.revision,
            template: self.template(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            updated_by: self.updated_by,
            disabled: self.disabled.as_deref().cloned(),
        }
    }

    /// The template as it was saved, secrets included.
    pub fn template(&self) -> Map<String, Value> {
        serde_json::from_str(&self.template).expect("the template was an object when it was saved")
    }

    /// The name that it was given, if it was given one.
    pub fn name(&self) -> Option<String> {
        name_in(&self.template())
    }

    /// Whether its template may hold this text somewhere; a no is certain, and cheap to find.
    pub fn may_hold(&self, needle: &Needle) -> bool {
        needle.may_be_in_json(self.template.as_bytes())
    }

    /// Whether a person finds it by this text: in its name, its event's name or its URL.
    pub fn holds(&self, needle: &Needle) -> bool {
        if needle.is_in(&self.prefix) {
            return true;
        }
        if !self.may_hold(needle) {
            return false;
        }
        let template = self.template();
        ["name", "url"].into_iter().any(|key| text_in(&template, key).is_some_and(|text| needle.is_in(text)))
    }

    /// What matching judges by.
    pub fn candidate(&self) -> Candidate<'_> {
        Candidate {
            integration: self.id,
            scope: self.scope,
            prefix: &self.prefix,
            device_filter: self.device,
            disabled: self.disabled.as_deref(),
            products: &self.products,
            updated_at: self.updated_at,
        }
    }
}

/// An integration ready to send.
pub struct Live {
    /// As it was saved.
    pub saved: SavedIntegration,
    /// Compiled.
    pub webhook: Webhook,
    /// The secrets it may use.
    pub secrets: BTreeMap<String, String>,
}

/// An integration that an event fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// Which.
    pub integration: IntegrationId,
    /// Who owns it.
    pub scope: Scope,
    /// Where the delivery queues up.
    pub lane: Lane,
}

pub(super) struct Compiled(quick_cache::sync::Cache<IntegrationId, Arc<Live>>);

impl Compiled {
    pub(super) fn new() -> Self {
        Self(quick_cache::sync::Cache::new(COMPILED))
    }

    pub(super) fn forget(&self, id: IntegrationId) {
        self.0.remove(&id);
    }

    pub(super) fn clear(&self) {
        self.0.clear();
    }
}

/// A scope's secret as it is kept, sealed.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SecretRecord {
    scope: Scope,
    name: String,
    value: String,
    #[serde(flatten)]
    change: SecretChange,
}

/// When a secret was last set, and by whom. Both are absent for one set before this was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SecretChange {
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<UserId>,
}

impl Directory {
    /// The integrations that the event fires.
    pub fn matches(&self, event: &Event) -> SmallVec<[Match; 4]> {
        let mut matches = SmallVec::new();
        if fieldhook_core::event::is_reply_name(&event.name) {
            return matches;
        }
        let state = self.state.read();
        for scope in scopes(&state, event) {
            let Some(tree) = state.trees.get(&scope) else { continue };
            let saved = tree.matches(&event.name).filter_map(|id| state.integrations.get(id));
            let fired = saved.filter(|saved| matching::fires(event, &saved.candidate()));
            matches.extend(fired.map(|saved| Match {
                integration: saved.id,
                scope: saved.scope,
                lane: saved.lane,
            }));
        }
        matches
    }

    /// The scopes in which the event stands, and is heard.
    pub fn scopes_hearing(&self, event: &Event) -> SmallVec<[Scope; 3]> {
        scopes(&self.state.read(), event)
    }

    /// An integration by id.
    pub fn integration(&self, id: IntegrationId) -> Option<SavedIntegration> {
        self.state.read().integrations.get(&id).cloned()
    }

    /// Who owns an integration.
    pub fn scope_of(&self, id: IntegrationId) -> Option<Scope> {
        self.state.read().integrations.get(&id).map(|saved| saved.scope)
    }

    /// A scope's integrations, the oldest first.
    pub fn integrations_in(&self, scope: Scope) -> Vec<SavedIntegration> {
        let state = self.state.read();
        let ids = state.by_scope.get(&scope).map_or(&[][..], Vec::as_slice);
        let mut saved: Vec<_> = ids.iter().filter_map(|id| state.integrations.get(id)).cloned().collect();
        saved.sort_by_key(|saved| (saved.created_at, saved.id));
        saved
    }

    /// How many integrations there are.
    pub fn integration_count(&self) -> usize {
        self.state.read().integrations.len()
    }

    /// An integration ready to send; none when it is gone.
    pub fn live(&self, id: IntegrationId) -> Option<Arc<Live>> {
        if let Some(live) = self.compiled.0.get(&id) {
            return Some(live);
        }
        let live = Arc::new(self.compile(self.integration(id)?)?);
        self.compiled.0.insert(id, live.clone());
        Some(live)
    }

    /// Makes an integration ready to send, with the secrets of now.
    pub(super) fn compile(&self, saved: SavedIntegration) -> Option<Live> {
        let definition = Definition::read(&saved.template(), saved.scope).definition?;
        let webhook = Webhook::compile(&definition);
        let secrets = self.secrets_for(saved.scope, &definition.secrets);
        Some(Live { saved, webhook, secrets })
    }

    /// Saves a new integration. The template must have been read without an error.
    pub async fn add_integration(
        &self,
        scope: Scope,
        template: Map<String, Value>,
        definition: &Definition,
        origin: Option<&Origin>,
        by: UserId,
    ) -> Result<Integration, DirectoryError> {
        let writing = self.write().await;
        let saved = self.fresh(scope, &template, definition, origin, by);
        self.keep_integration(&writing, saved, None).await
    }

    /// Saves an integration anew in another scope and removes it where it was, in one change: nobody sees both, or
    /// neither. It stays switched off if it was. The template must have been read without an error.
    pub async fn move_integration(
        &self,
        before: &SavedIntegration,
        scope: Scope,
        template: Map<String, Value>,
        definition: &Definition,
        origin: Option<&Origin>,
        by: UserId,
    ) -> Result<Integration, DirectoryError> {
        let writing = self.write().await;
        let now_there = self.integration(before.id).ok_or_else(|| missing_integration(before.id))?;
        if now_there.revision != before.revision {
            return Err(DirectoryError::Changed(before.id));
        }
        let fresh = self.fresh(scope, &template, definition, origin, by);
        let saved = SavedIntegration { disabled: now_there.disabled, ..fresh };
        self.keep_integration(&writing, saved, Some(before.id)).await
    }

    /// A template ready to send although nobody has saved it: as a change of `saved`, or on its own.
    pub fn draft(
        &self,
        scope: Scope,
        saved: Option<SavedIntegration>,
        template: &Map<String, Value>,
        definition: &Definition,
        by: UserId,
    ) -> Live {
        let unsaved =
            || SavedIntegration { revision: 0, ..self.fresh(scope, template, definition, None, by) };
        Live {
            saved: saved.unwrap_or_else(unsaved),
            webhook: Webhook::compile(definition),
            secrets: self.secrets_for(scope, &definition.secrets),
        }
    }

    /// A new integration, as yet in nobody's list.
    fn fresh(
        &self,
        scope: Scope,
        template: &Map<String, Value>,
        definition: &Definition,
        origin: Option<&Origin>,
        by: UserId,
    ) -> SavedIntegration {
        let now = self.nature.now();
        let id = IntegrationId::new(now, random(&*self.nature.luck));
        SavedIntegration {
            id,
            scope,
            revision: 1,
            prefix: definition.event.as_str().into(),
            device: definition.device,
            products: definition.products.as_slice().into(),
            lane: lane_of(scope, origin, id),
            disabled: definition.disabled.then(|| Box::new(Disabled { since: now, by: Some(by) })),
            created_at: now,
            updated_at: now,
            updated_by: Some(by),
            template: template_text(template),
        }
    }

    /// Saves a new revision of an integration. The template must have been read without an error.
    pub async fn replace_integration(
        &self,
        id: IntegrationId,
        template: Map<String, Value>,
        definition: &Definition,
        origin: Option<&Origin>,
        by: UserId,
    ) -> Result<Integration, DirectoryError> {
        let writing = self.write().await;
        let before = self.integration(id).ok_or_else(|| missing_integration(id))?;
        let now = self.nature.now();
        let disabled = match (definition.disabled, before.disabled) {
            (true, Some(since_before)) => Some(since_before),
            (true, None) => Some(Box::new(Disabled { since: now, by: Some(by) })),
            (false, _) => None,
        };
        let saved = SavedIntegration {
            revision: before.revision + 1,
            prefix: definition.event.as_str().into(),
            device: definition.device,
            products: definition.products.as_slice().into(),
            lane: lane_of(before.scope, origin, id),
            disabled,
            updated_at: now,
            updated_by: Some(by),
            template: template_text(&template),
            ..before
        };
        self.keep_integration(&writing, saved, None).await
    }

    /// Removes an integration. Its revisions and log stay.
    pub async fn remove_integration(&self, id: IntegrationId) -> Result<(), DirectoryError> {
        let writing = self.write().await;
        self.commit(&writing, vec![Change::Remove(Kind::Integration, id.to_string())], |state| {
            forget(state, id);
        })
        .await?;
        self.compiled.forget(id);
        Ok(())
    }

    /// An integration's revisions, newest first.
    pub async fn revisions(&self, id: IntegrationId) -> Result<Vec<Integration>, DirectoryError> {
        Ok(self.saved_revisions(id).await?.iter().map(SavedIntegration::to_integration).collect())
    }

    /// The same, as memory keeps an integration.
    pub async fn saved_revisions(&self, id: IntegrationId) -> Result<Vec<SavedIntegration>, DirectoryError> {
        let revisions = self.store.revisions(id).await?;
        let open = |revision: Revision| {
            let key = id.to_string();
            let document = Document { kind: Kind::Integration, key, unique: None, body: revision.body };
            self.open_sealed(&document)
        };
        revisions.into_iter().map(open).collect()
    }

    /// The names of a scope's secrets.
    pub fn secret_names(&self, scope: Scope) -> Vec<String> {
        let state = self.state.read();
        state.secrets.get(&scope).map(|secrets| secrets.keys().cloned().collect()).unwrap_or_default()
    }

    /// When each of a scope's secrets was last set.
    pub fn secret_changes(&self, scope: Scope) -> BTreeMap<String, SecretChange> {
        self.state.read().secret_changes.get(&scope).cloned().unwrap_or_default()
    }

    /// The secrets of the scope that go by these names.
    pub fn secrets_for(&self, scope: Scope, names: &[String]) -> BTreeMap<String, String> {
        let state = self.state.read();
        let Some(secrets) = state.secrets.get(&scope) else { return BTreeMap::new() };
        names.iter().filter_map(|name| secrets.get(name).map(|value| (name.clone(), value.clone()))).collect()
    }

    /// Adds or replaces a secret of the scope.
    pub async fn put_secret(
        &self,
        scope: Scope,
        name: &str,
        value: &str,
        by: UserId,
    ) -> Result<(), DirectoryError> {
        let writing = self.write().await;
        let change = SecretChange { changed_at: Some(self.nature.now()), changed_by: Some(by) };
        let record = SecretRecord { scope, name: name.to_owned(), value: value.to_owned(), change };
        let key = secret_key(scope, name);
        let body = self.seal(Kind::Secret, &key, &record);
        let change = Change::Put(Document { kind: Kind::Secret, key, unique: None, body });
        self.commit(&writing, vec![change], |state| keep_secret(state, record)).await?;
        self.compiled.clear();
        Ok(())
    }

    /// Removes a secret of the scope; says whether there was one.
    pub async fn remove_secret(&self, scope: Scope, name: &str) -> Result<bool, DirectoryError> {
        let writing = self.write().await;
        let mut was_there = false;
        self.commit(&writing, vec![Change::Remove(Kind::Secret, secret_key(scope, name))], |state| {
            was_there = forget_secret(state, scope, name);
        })
        .await?;
        self.compiled.clear();
        Ok(was_there)
    }

    /// Keeps an integration, in place of another if it takes one's.
    async fn keep_integration(
        &self,
        writing: &tokio::sync::MutexGuard<'_, ()>,
        saved: SavedIntegration,
        in_place_of: Option<IntegrationId>,
    ) -> Result<Integration, DirectoryError> {
        let key = saved.id.to_string();
        let body = self.seal(Kind::Integration, &key, &saved);
        let revision = Revision {
            integration: saved.id,
            revision: saved.revision,
            saved_at: saved.updated_at,
            saved_by: saved.updated_by,
            body: body.clone(),
        };
        let document = Document { kind: Kind::Integration, key, unique: None, body };
        let mut changes = vec![Change::Put(document), Change::AddRevision(revision)];
        changes.extend(in_place_of.map(|id| Change::Remove(Kind::Integration, id.to_string())));
        self.commit(writing, changes, |state| {
            if let Some(id) = in_place_of {
                forget(state, id);
            }
            keep(state, saved.clone());
        })
        .await?;
        for id in in_place_of.into_iter().chain([saved.id]) {
            self.compiled.forget(id);
        }
        Ok(saved.to_integration())
    }

    fn seal<T: Serialize>(&self, kind: Kind, key: &str, thing: &T) -> Vec<u8> {
        self.vault.seal(&to_json(thing), &context(kind, key), &*self.nature.luck)
    }

    pub(super) fn open_sealed<T: serde::de::DeserializeOwned>(
        &self,
        document: &Document,
    ) -> Result<T, DirectoryError> {
        let plain = self.vault.open_sealed(&document.body, &context(document.kind, &document.key))?;
        open(document, &plain).map_err(StoreError::into)
    }
}

/// A sealed document opens only as what it was sealed as.
fn context(kind: Kind, key: &str) -> String {
    format!("{}:{key}", kind.as_str())
}

fn secret_key(scope: Scope, name: &str) -> String {
    format!("{scope}/{name}")
}

fn missing_integration(id: IntegrationId) -> DirectoryError {
    DirectoryError::Missing { kind: Kind::Integration, name: id.to_string() }
}

fn template_text(template: &Map<String, Value>) -> Box<str> {
    serde_json::to_string(template).expect("a JSON object can be written").into()
}

fn text_in<'a>(template: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    template.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// The name that a template gives its integration, if it gives one.
pub fn name_in(template: &Map<String, Value>) -> Option<String> {
    text_in(template, "name").map(str::to_owned)
}

/// The lane of all the integrations of a scope that send to this origin.
pub fn lane_to(scope: Scope, origin: &Origin) -> Lane {
    lane_named(&format!("{scope} {origin}"))
}

/// A stable name for where the deliveries go: the same after a restart, another for another scope.
fn lane_of(scope: Scope, origin: Option<&Origin>, id: IntegrationId) -> Lane {
    match origin {
        Some(origin) => lane_to(scope, origin),
        None => lane_named(&format!("{scope} {id}")),
    }
}

fn lane_named(place: &str) -> Lane {
    let digest = Sha256::digest(place.as_bytes());
    Lane(u64::from_be_bytes(digest[..8].try_into().expect("a SHA-256 has 32 bytes")))
}

fn scopes(state: &State, event: &Event) -> SmallVec<[Scope; 3]> {
    let mut scopes = SmallVec::new();
    scopes.extend(event.owner.map(Scope::User));
    if let Some(product) = event.product {
        scopes.push(Scope::Product(product));
        let organisation = state.products.get(&product).and_then(|product| product.organisation);
        scopes.extend(organisation.map(Scope::Organisation));
    }
    scopes
}

pub(super) fn keep_secret(state: &mut State, secret: SecretRecord) {
    let SecretRecord { scope, name, value, change } = secret;
    state.secret_changes.entry(scope).or_default().insert(name.clone(), change);
    Arc::make_mut(state.secrets.entry(scope).or_default()).insert(name, value);
}

/// Says whether there was one.
pub(super) fn forget_secret(state: &mut State, scope: Scope, name: &str) -> bool {
    if let Some(changes) = state.secret_changes.get_mut(&scope) {
        changes.remove(name);
    }
    state.secrets.get_mut(&scope).is_some_and(|secrets| Arc::make_mut(secrets).remove(name).is_some())
}

pub(super) fn keep(state: &mut State, saved: SavedIntegration) {
    forget(state, saved.id);
    state.by_scope.entry(saved.scope).or_default().push(saved.id);
    state.trees.entry(saved.scope).or_default().insert(&saved.prefix, saved.id);
    state.integrations.insert(saved.id, saved);
}

pub(super) fn forget(state: &mut State, id: IntegrationId) {
    let Some(saved) = state.integrations.remove(&id) else { return };
    if let Some(ids) = state.by_scope.get_mut(&saved.scope) {
        ids.retain(|other| *other != id);
    }
    if let Some(tree) = state.trees.get_mut(&saved.scope) {
        tree.remove(&saved.prefix, &id);
    }
}
