//! Long lists looked through: a scope's integrations and devices, piece by piece.

use fieldhook_core::access::Scope;
use fieldhook_core::id::IntegrationId;
use fieldhook_core::time::Timestamp;

use super::{Device, Directory, SavedIntegration};

/// How much of a long list is looked through at a time, so that whoever changes something need not wait for the rest.
const PIECE: usize = 500;

/// Where an integration stands among those of its scope: they are listed by their age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When it was first saved.
    pub created_at: Timestamp,
    /// Which it is.
    pub id: IntegrationId,
}

impl SavedIntegration {
    /// Where it stands in its scope's list, the oldest first.
    pub fn place(&self) -> Place {
        Place { created_at: self.created_at, id: self.id }
    }
}

impl Directory {
    /// Those of a scope's integrations that are wanted, the oldest first: the first `most` behind `after`.
    pub fn integrations_behind(
        &self,
        scope: Scope,
        after: Option<Place>,
        most: usize,
        mut wanted: impl FnMut(&SavedIntegration) -> bool,
    ) -> Vec<SavedIntegration> {
        let mut places = Vec::new();
        self.each_integration(scope, |saved| {
            if after.is_none_or(|after| saved.place() > after) {
                places.push(saved.place());
            }
        });
        places.sort_unstable();

        let mut found = Vec::new();
        for piece in places.chunks(PIECE) {
            let state = self.state.read();
            let known = piece.iter().filter_map(|place| state.integrations.get(&place.id));
            found.extend(known.filter(|saved| wanted(saved)).take(most - found.len()).cloned());
            if found.len() == most {
                break;
            }
        }
        found
    }

    /// Every scope there is, in no order.
    pub fn scopes(&self) -> Vec<Scope> {
        let state = self.state.read();
        let people = state.users.keys().copied().map(Scope::User);
        let products = state.products.keys().copied().map(Scope::Product);
        people.chain(products).chain(state.organisations.keys().copied().map(Scope::Organisation)).collect()
    }

    /// Shows every integration of a scope, in no order.
    pub fn each_integration(&self, scope: Scope, mut show: impl FnMut(&SavedIntegration)) {
        let ids = self.state.read().by_scope.get(&scope).cloned().unwrap_or_default();
        for piece in ids.chunks(PIECE) {
            let state = self.state.read();
            piece.iter().filter_map(|id| state.integrations.get(id)).for_each(&mut show);
        }
    }

    /// Shows every device that stands in this scope: a person's own, or a product's. An organisation has its
    /// products' alone.
    pub fn each_device(&self, scope: Scope, mut show: impl FnMut(&Device)) {
        let ids = {
            let state = self.state.read();
            let ids = match scope {
                Scope::User(owner) => state.owned.get(&owner),
                Scope::Product(product) => state.fleets.get(&product),
                Scope::Organisation(_) => None,
            };
            ids.cloned().unwrap_or_default()
        };
        for piece in ids.chunks(PIECE) {
            let state = self.state.read();
            piece.iter().filter_map(|id| state.devices.get(id)).for_each(&mut show);
        }
    }

    /// How many integrations a scope holds.
    pub fn integrations_held(&self, scope: Scope) -> usize {
        self.state.read().by_scope.get(&scope).map_or(0, Vec::len)
    }

    /// Who owns the scope, in words: a username, or the name of a product or an organisation.
    pub fn scope_name(&self, scope: Scope) -> String {
        let state = self.state.read();
        let name = match scope {
            Scope::User(id) => state.users.get(&id).map(|user| &user.username),
            Scope::Product(id) => state.products.get(&id).map(|product| &product.name),
            Scope::Organisation(id) => state.organisations.get(&id).map(|organisation| &organisation.name),
        };
        name.cloned().unwrap_or_default()
    }
}
