//! What other nodes change: read from the store, and put in the place of what memory has.

use std::sync::Arc;

use fieldhook_core::access::Scope;
use fieldhook_core::id::IntegrationId;

use super::fleet::{self, Device, Organisation, Product};
use super::people::{self, Token, User};
use super::webhooks::{self, SavedIntegration, SecretRecord};
use super::{Directory, DirectoryError, State, open};
use crate::store::{Document, Elsewhere, Kind};

/// The kinds of document that the directory keeps in memory.
const KINDS: [Kind; 7] = [
    Kind::User,
    Kind::Token,
    Kind::Device,
    Kind::Product,
    Kind::Organisation,
    Kind::Integration,
    Kind::Secret,
];

impl Directory {
    /// Takes over what another node has changed.
    pub async fn take_over(&self, change: &Elsewhere) -> Result<(), DirectoryError> {
        // No change of this node's is under way, so what is read is not older than what memory has.
        let _writing = self.write().await;
        match change {
            Elsewhere::Document(kind, _) if !KINDS.contains(kind) => {}
            Elsewhere::Document(kind, key) => {
                let found = self.store.document(*kind, key).await?;
                let known = found.map(|document| self.read_document(&document)).transpose()?;
                let mut state = self.state.write();
                match known {
                    Some(known) => known.keep(&mut state),
                    None => forget(&mut state, *kind, key),
                }
                drop(state);
                self.forget_compiled(*kind, key);
            }
            Elsewhere::Anything => {
                let fresh = self.read_state().await?;
                *self.state.write() = fresh;
                self.compiled.clear();
            }
        }
        Ok(())
    }

    /// All that the store has, with when each device was last heard.
    pub(super) async fn read_state(&self) -> Result<State, DirectoryError> {
        let mut state = State::default();
        for kind in KINDS {
            for document in self.store.documents(kind).await? {
                self.read_document(&document)?.keep(&mut state);
            }
        }
        for (id, at) in self.store.heard().await? {
            // It may have been deleted since.
            if let Some(device) = state.devices.get_mut(&id) {
                device.last_heard = Some(at);
            }
        }
        Ok(state)
    }

    fn read_document(&self, document: &Document) -> Result<Known, DirectoryError> {
        Ok(match document.kind {
            Kind::User => Known::User(open(document, &document.body)?),
            Kind::Token => Known::Token(open(document, &document.body)?),
            Kind::Device => Known::Device(open(document, &document.body)?),
            Kind::Product => Known::Product(open(document, &document.body)?),
            Kind::Organisation => Known::Organisation(open(document, &document.body)?),
            Kind::Integration => Known::Integration(self.open_sealed(document)?),
            Kind::Secret => Known::Secret(self.open_sealed(document)?),
            Kind::Setting | Kind::Case | Kind::CaseLink | Kind::Alert => Known::Nothing,
        })
    }

    /// What was compiled from the document is made anew when it is next needed.
    fn forget_compiled(&self, kind: Kind, key: &str) {
        match kind {
            Kind::Secret => self.compiled.clear(),
            Kind::Integration => {
                if let Ok(id) = key.parse() {
                    self.compiled.forget(id);
                }
            }
            _ => {}
        }
    }
}

/// A document, read.
enum Known {
    User(User),
    Token(Token),
    Device(Device),
    Product(Product),
    Organisation(Organisation),
    Integration(SavedIntegration),
    Secret(SecretRecord),
    Nothing,
}

impl Known {
    fn keep(self, state: &mut State) {
        match self {
            Self::User(user) => people::keep_user(state, user),
            Self::Token(token) => people::keep_token(state, token),
            Self::Device(mut device) => {
                // A device is heard far more often than it is changed, so its document does not tell.
                device.last_heard = state.devices.get(&device.id).and_then(|known| known.last_heard);
                fleet::keep_device(state, device);
            }
            Self::Product(product) => drop(state.products.insert(product.id, Arc::new(product))),
            Self::Organisation(organisation) => {
                state.organisations.insert(organisation.id, Arc::new(organisation));
            }
            Self::Integration(saved) => webhooks::keep(state, saved),
            Self::Secret(secret) => webhooks::keep_secret(state, secret),
            Self::Nothing => {}
        }
    }
}

/// Forgets the document of this key. One whose key cannot be read was never kept.
fn forget(state: &mut State, kind: Kind, key: &str) {
    match kind {
        Kind::User => {
            if let Some(user) = key.parse().ok().and_then(|id| state.users.remove(&id)) {
                state.user_names.remove(&user.username);
            }
        }
        Kind::Token => {
            if let Some(hash) = people::parse_hash(key) {
                state.tokens.remove(&hash);
            }
        }
        Kind::Device => {
            if let Ok(id) = key.parse() {
                fleet::forget_device(state, id);
            }
        }
        Kind::Product => {
            if let Ok(id) = key.parse() {
                state.products.remove(&id);
            }
        }
        Kind::Organisation => {
            if let Ok(id) = key.parse() {
                state.organisations.remove(&id);
            }
        }
        Kind::Integration => {
            if let Ok(id) = key.parse::<IntegrationId>() {
                webhooks::forget(state, id);
            }
        }
        Kind::Secret => {
            let parts =
                key.split_once('/').and_then(|(scope, name)| Some((scope.parse::<Scope>().ok()?, name)));
            if let Some((scope, name)) = parts {
                webhooks::forget_secret(state, scope, name);
            }
        }
        Kind::Setting | Kind::Case | Kind::CaseLink | Kind::Alert => {}
    }
}
