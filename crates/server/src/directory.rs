//! Who and what there is: people, tokens, devices, products, organisations, integrations, secrets.
//!
//! All of it stands in memory, so that nothing on an event's way asks the store. A change is written to the
//! store first and to memory after; one change at a time.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use fieldhook_core::access::{Act, Role, Scope};
use fieldhook_core::id::{DeviceId, IntegrationId, OrgId, ProductId, UserId};
use fieldhook_core::matching::Tree;
use parking_lot::RwLock;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, MutexGuard};

use crate::clock::Nature;
use crate::store::{Change, Document, Kind, Store, StoreError};
use crate::vault::{Vault, VaultError};

mod browse;
mod elsewhere;
mod fleet;
mod past;
mod people;
mod webhooks;

pub use browse::Place;
pub use fleet::{Device, DeviceChange, Member, NewProduct, Organisation, Product, ProductFilter};
pub use past::Past;
pub use people::{Holder, IssuedToken, Token, TokenHash, User};
pub use webhooks::{Live, Match, SavedIntegration, SecretChange, lane_to, name_in};

/// Why the directory could not do it.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Something of that name exists already.
    #[error("{kind} `{name}` exists already: choose another name", kind = .kind.as_str())]
    Taken {
        /// What it is.
        kind: Kind,
        /// The name.
        name: String,
    },
    /// There is no such thing, or none that the caller may know of.
    #[error("there is no {kind} `{name}`", kind = .kind.as_str())]
    Missing {
        /// What it is.
        kind: Kind,
        /// The name asked for.
        name: String,
    },
    /// The integration was saved by somebody else in between.
    #[error("integration {0} was changed a moment ago: look at it again, then repeat this if it still fits")]
    Changed(IntegrationId),
    /// The device is claimed by another person.
    #[error("device {0} belongs to someone else: ask its owner to release it")]
    Claimed(DeviceId),
    /// The last owner of a team cannot go.
    #[error("a team needs at least one owner: make somebody else owner first")]
    LastOwner,
    /// The store could not keep it.
    #[error(transparent)]
    Store(StoreError),
    /// A sealed document could not be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<StoreError> for DirectoryError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(kind, name) => Self::Taken { kind, name },
            other => Self::Store(other),
        }
    }
}

/// Everything small that the server keeps in memory.
pub struct Directory {
    store: Arc<dyn Store>,
    vault: Vault,
    nature: Nature,
    state: RwLock<State>,
    writing: Mutex<()>,
    compiled: webhooks::Compiled,
    replays: past::Replays,
}

#[derive(Default)]
struct State {
    users: HashMap<UserId, Arc<User>>,
    user_names: HashMap<String, UserId>,
    tokens: HashMap<TokenHash, Arc<Token>>,
    devices: HashMap<DeviceId, Device>,
    owned: HashMap<UserId, Vec<DeviceId>>,
    fleets: HashMap<ProductId, Vec<DeviceId>>,
    products: BTreeMap<ProductId, Arc<Product>>,
    organisations: BTreeMap<OrgId, Arc<Organisation>>,
    integrations: HashMap<IntegrationId, SavedIntegration>,
    by_scope: HashMap<Scope, Vec<IntegrationId>>,
    trees: HashMap<Scope, Tree<IntegrationId>>,
    secrets: HashMap<Scope, Arc<BTreeMap<String, String>>>,
    secret_changes: HashMap<Scope, BTreeMap<String, SecretChange>>,
}

impl Directory {
    /// Reads everything from the store.
    pub async fn load(store: Arc<dyn Store>, vault: Vault, nature: Nature) -> Result<Self, DirectoryError> {
        let directory = Self {
            store,
            vault,
            nature,
            state: RwLock::default(),
            writing: Mutex::default(),
            compiled: webhooks::Compiled::new(),
            replays: past::Replays::new(),
        };
        let state = directory.read_state().await?;
        *directory.state.write() = state;
        Ok(directory)
    }

    /// What sealed documents are sealed with.
    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The person's role in the scope; none when it is not theirs to see. Everybody owns their own scope.
    pub fn role(&self, user: UserId, scope: Scope) -> Option<Role> {
        let state = self.state.read();
        match scope {
            Scope::User(owner) => (owner == user).then_some(Role::Owner),
            Scope::Product(product) => {
                let product = state.products.get(&product)?;
                let inherited = product
                    .organisation
                    .and_then(|id| state.organisations.get(&id))
                    .and_then(|organisation| fleet::role_in(&organisation.team, user));
                fleet::role_in(&product.team, user).max(inherited)
            }
            Scope::Organisation(id) => fleet::role_in(&state.organisations.get(&id)?.team, user),
        }
    }

    /// Whether the person may do this in the scope.
    pub fn may(&self, user: UserId, scope: Scope, act: Act) -> bool {
        self.role(user, scope).is_some_and(|role| role.allows(act))
    }

    /// Every scope that the person may see: their own, their products and their organisations.
    pub fn scopes_of(&self, user: UserId) -> Vec<Scope> {
        let mut scopes = vec![Scope::User(user)];
        scopes.extend(self.products_of(user).iter().map(|product| Scope::Product(product.id)));
        scopes.extend(self.organisations_of(user).iter().map(|org| Scope::Organisation(org.id)));
        scopes
    }

    async fn write(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().await
    }

    /// Keeps the changes in the store, then in memory. The guard shows that no other change is under way.
    async fn commit(
        &self,
        _writing: &MutexGuard<'_, ()>,
        changes: Vec<Change>,
        apply: impl FnOnce(&mut State),
    ) -> Result<(), DirectoryError> {
        self.store.change(changes).await?;
        apply(&mut self.state.write());
        Ok(())
    }
}

fn open<T: DeserializeOwned>(document: &Document, body: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(body).map_err(|error| {
        StoreError::Damaged(format!(
            "the {} `{}` cannot be read: {error}",
            document.kind.as_str(),
            document.key
        ))
    })
}

fn put<T: Serialize>(kind: Kind, key: String, unique: Option<String>, thing: &T) -> Change {
    Change::Put(document(kind, key, unique, thing))
}

fn document<T: Serialize>(kind: Kind, key: String, unique: Option<String>, thing: &T) -> Document {
    Document { kind, key, unique, body: to_json(thing) }
}

fn to_json<T: Serialize>(thing: &T) -> Vec<u8> {
    serde_json::to_vec(thing).expect("directory records hold nothing that JSON cannot")
}
