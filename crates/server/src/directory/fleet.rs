//! Devices, and the products and organisations they belong to.

use std::sync::Arc;

use fieldhook_core::access::Role;
use fieldhook_core::event::Event;
use fieldhook_core::id::{DeviceId, OrgId, ProductId, UserId};
use fieldhook_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Directory, DirectoryError, Holder, State, document, put};
use crate::clock::random;
use crate::store::{Change, Kind};

/// A device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Its name, unique among its owner's devices; may be empty.
    #[serde(default)]
    pub name: Box<str>,
    /// Who claimed it.
    pub owner: Option<UserId>,
    /// The product it belongs to.
    pub product: Option<ProductId>,
    /// The firmware version it last reported, in a product.
    #[serde(default)]
    pub product_version: Option<u32>,
    /// When it was first added.
    pub created_at: Timestamp,
    /// When its last event came; the store keeps it beside the events.
    #[serde(skip)]
    pub last_heard: Option<Timestamp>,
    /// What few devices have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<Box<More>>,
}

/// What few devices have.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct More {
    /// Free text.
    #[serde(default)]
    pub notes: String,
    /// Labels within the product.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Whether the product marks it as a development device.
    #[serde(default)]
    pub development: bool,
    /// The firmware version the product wants it to run.
    #[serde(default)]
    pub desired_firmware_version: Option<u32>,
}

impl Device {
    /// Its notes.
    pub fn notes(&self) -> &str {
        self.more.as_deref().map_or("", |more| &more.notes)
    }
}

/// What to change of a device; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceChange {
    /// A new name.
    pub name: Option<String>,
    /// New notes.
    pub notes: Option<String>,
    /// New groups.
    pub groups: Option<Vec<String>>,
    /// Whether it is a development device.
    pub development: Option<bool>,
    /// The firmware version it shall run.
    pub desired_firmware_version: Option<u32>,
    /// The firmware version it runs.
    pub product_version: Option<u32>,
}

/// A person on a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// What they may do.
    pub role: Role,
}

/// A product: devices of one make, with a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Its number.
    pub id: ProductId,
    /// Its name in paths.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What it is.
    #[serde(default)]
    pub description: String,
    /// The hardware platform, as Particle numbers them.
    #[serde(default)]
    pub platform_id: u32,
    /// The organisation it belongs to.
    #[serde(default)]
    pub organisation: Option<OrgId>,
    /// Who works on it.
    pub team: Vec<Member>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A product to be made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewProduct {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// The hardware platform.
    pub platform_id: u32,
    /// The organisation it belongs to.
    pub organisation: Option<OrgId>,
}

/// An organisation: several products under one team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Its id.
    pub id: OrgId,
    /// Its name in paths.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Who works in it.
    pub team: Vec<Member>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Which of a product's devices are asked for. Every condition that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProductFilter {
    /// With an id beginning so.
    pub id: Option<String>,
    /// With a name holding this, whatever its case of letters.
    pub name: Option<String>,
    /// In one of these groups.
    pub groups: Vec<String>,
}

/// Products count from here, clear of the platform numbers that clients see for devices without a product.
const FIRST_PRODUCT: u32 = 10_001;

impl Directory {
    /// A device by id.
    pub fn device(&self, id: DeviceId) -> Option<Device> {
        self.state.read().devices.get(&id).cloned()
    }

    /// A person's device by id or name.
    pub fn device_of(&self, owner: UserId, id_or_name: &str) -> Option<Device> {
        let state = self.state.read();
        if let Ok(id) = id_or_name.parse() {
            return state.devices.get(&id).filter(|device| device.owner == Some(owner)).cloned();
        }
        let theirs = state.owned.get(&owner)?;
        theirs
            .iter()
            .filter_map(|id| state.devices.get(id))
            .find(|device| device.name.eq_ignore_ascii_case(id_or_name))
            .cloned()
    }

    /// A person's devices, the last heard first.
    pub fn devices_of(&self, owner: UserId) -> Vec<Device> {
        let state = self.state.read();
        let theirs = state.owned.get(&owner).map_or(&[][..], Vec::as_slice);
        last_heard_first(theirs.iter().filter_map(|id| state.devices.get(id)).cloned().collect())
    }

    /// A product's devices, the last heard first.
    pub fn devices_in(&self, product: ProductId, filter: &ProductFilter) -> Vec<Device> {
        let state = self.state.read();
        let fleet = state.fleets.get(&product).map_or(&[][..], Vec::as_slice);
        let devices = fleet.iter().filter_map(|id| state.devices.get(id));
        last_heard_first(devices.filter(|device| filter.admits(device)).cloned().collect())
    }

    /// How many devices there are.
    pub fn device_count(&self) -> usize {
        self.state.read().devices.len()
    }

    /// Notes that an event came from its device.
    pub fn heard(&self, event: &Event) {
        if let Some(id) = event.device()
            && let Some(device) = self.state.write().devices.get_mut(&id)
        {
            device.last_heard = Some(event.published_at);
        }
    }

    /// Claims a device for a person, adding it when nobody has used its id yet.
    pub async fn claim(&self, id: DeviceId, owner: UserId) -> Result<Device, DirectoryError> {
        let writing = self.write().await;
        let mut device = self.device(id).unwrap_or_else(|| self.new_device(id));
        match device.owner {
            Some(other) if other != owner => return Err(DirectoryError::Claimed(id)),
            Some(_) => return Ok(device),
            None => device.owner = Some(owner),
        }
        let device = self.keep(&writing, device).await?;
        drop(writing);
        // A token made before the claim would let somebody else speak as the new owner's device.
        self.revoke_tokens_of(Holder::Device(id)).await?;
        Ok(device)
    }

    /// Lets go of a device: it has no owner afterwards, and its token is revoked.
    pub async fn unclaim(&self, id: DeviceId) -> Result<Device, DirectoryError> {
        self.revoke_tokens_of(Holder::Device(id)).await?;
        self.alter_device(id, |device| device.owner = None).await
    }

    /// Adds a device to a product, unclaimed when nobody has used its id yet.
    pub async fn add_to_product(&self, id: DeviceId, product: ProductId) -> Result<Device, DirectoryError> {
        let writing = self.write().await;
        let mut device = self.device(id).unwrap_or_else(|| self.new_device(id));
        device.product = Some(product);
        self.keep(&writing, device).await
    }

    /// Takes a device out of its product.
    pub async fn remove_from_product(&self, id: DeviceId) -> Result<Device, DirectoryError> {
        self.alter_device(id, |device| {
            device.product = None;
            device.product_version = None;
        })
        .await
    }

    /// Changes a device.
    pub async fn change_device(&self, id: DeviceId, change: DeviceChange) -> Result<Device, DirectoryError> {
        self.alter_device(id, |device| change.apply(device)).await
    }

    /// A product by number or slug.
    pub fn product(&self, id_or_slug: &str) -> Option<Arc<Product>> {
        let state = self.state.read();
        if let Ok(id) = id_or_slug.parse::<ProductId>() {
            return state.products.get(&id).cloned();
        }
        state.products.values().find(|product| product.slug == id_or_slug).cloned()
    }

    /// The products whose team the person is on, or whose organisation.
    pub fn products_of(&self, user: UserId) -> Vec<Arc<Product>> {
        let products: Vec<_> = self.state.read().products.values().cloned().collect();
        let theirs = |product: &Arc<Product>| {
            self.role(user, fieldhook_core::access::Scope::Product(product.id)).is_some()
        };
        products.into_iter().filter(theirs).collect()
    }

    /// The products of an organisation.
    pub fn products_in(&self, organisation: OrgId) -> Vec<Arc<Product>> {
        let state = self.state.read();
        let within = |product: &&Arc<Product>| product.organisation == Some(organisation);
        state.products.values().filter(within).cloned().collect()
    }

    /// Makes a product, owned by this person.
    pub async fn add_product(&self, new: NewProduct, owner: UserId) -> Result<Arc<Product>, DirectoryError> {
        let writing = self.write().await;
        let mut product = {
            let state = self.state.read();
            let id = state.products.keys().next_back().map_or(FIRST_PRODUCT, |last| last.0 + 1);
            Product {
                id: ProductId(id),
                slug: free_slug(&new.name, |slug| state.products.values().any(|other| other.slug == slug)),
                name: new.name,
                description: new.description,
                platform_id: new.platform_id,
                organisation: new.organisation,
                team: vec![Member { user: owner, role: Role::Owner }],
                created_at: self.nature.now(),
            }
        };
        loop {
            let key = product.id.to_string();
            let change =
                Change::Add(document(Kind::Product, key.clone(), Some(product.slug.clone()), &product));
            match self.keep_product(&writing, change, product.clone()).await {
                // Another node has taken the number, and its product is on the way to this one.
                Err(DirectoryError::Taken { name, .. }) if name == key => product.id.0 += 1,
                kept => return kept,
            }
        }
    }

    /// Changes a product's name, description or team.
    pub async fn change_product(
        &self,
        id: ProductId,
        change: impl FnOnce(&mut Product),
    ) -> Result<Arc<Product>, DirectoryError> {
        let writing = self.write().await;
        let before = self.product(&id.to_string()).ok_or_else(|| missing(Kind::Product, id))?;
        let mut product = Product::clone(&before);
        change(&mut product);
        check_team(&product.team)?;
        let change = put(Kind::Product, product.id.to_string(), Some(product.slug.clone()), &product);
        self.keep_product(&writing, change, product).await
    }

    /// Removes a product and its integrations; its devices stay, without a product.
    pub async fn remove_product(&self, id: ProductId) -> Result<(), DirectoryError> {
        for device in self.devices_in(id, &ProductFilter::default()) {
            self.remove_from_product(device.id).await?;
        }
        for integration in self.integrations_in(fieldhook_core::access::Scope::Product(id)) {
            self.remove_integration(integration.id).await?;
        }
        let writing = self.write().await;
        self.commit(&writing, vec![Change::Remove(Kind::Product, id.to_string())], |state| {
            state.products.remove(&id);
        })
        .await
    }

    /// An organisation by id or slug.
    pub fn organisation(&self, id_or_slug: &str) -> Option<Arc<Organisation>> {
        let state = self.state.read();
        if let Some(organisation) = id_or_slug.parse().ok().and_then(|id| state.organisations.get(&id)) {
            return Some(organisation.clone());
        }
        state.organisations.values().find(|organisation| organisation.slug == id_or_slug).cloned()
    }

    /// The organisations whose team the person is on.
    pub fn organisations_of(&self, user: UserId) -> Vec<Arc<Organisation>> {
        let state = self.state.read();
        let theirs = |organisation: &&Arc<Organisation>| role_in(&organisation.team, user).is_some();
        state.organisations.values().filter(theirs).cloned().collect()
    }

    /// Makes an organisation, owned by this person.
    pub async fn add_organisation(
        &self,
        name: String,
        owner: UserId,
    ) -> Result<Arc<Organisation>, DirectoryError> {
        let writing = self.write().await;
        let now = self.nature.now();
        let taken = |slug: &str| self.organisation(slug).is_some();
        let organisation = Organisation {
            id: OrgId::new(now, random(&*self.nature.luck)),
            slug: free_slug(&name, taken),
            name,
            team: vec![Member { user: owner, role: Role::Owner }],
            created_at: now,
        };
        self.keep_organisation(&writing, organisation).await
    }

    /// Changes an organisation's name or team.
    pub async fn change_organisation(
        &self,
        id: OrgId,
        change: impl FnOnce(&mut Organisation),
    ) -> Result<Arc<Organisation>, DirectoryError> {
        let writing = self.write().await;
        let before = self.organisation(&id.to_string()).ok_or_else(|| missing(Kind::Organisation, id))?;
        let mut organisation = Organisation::clone(&before);
        change(&mut organisation);
        check_team(&organisation.team)?;
        self.keep_organisation(&writing, organisation).await
    }

    fn new_device(&self, id: DeviceId) -> Device {
        Device {
            id,
            name: "".into(),
            owner: None,
            product: None,
            product_version: None,
            created_at: self.nature.now(),
            last_heard: None,
            more: None,
        }
    }

    async fn alter_device(
        &self,
        id: DeviceId,
        alter: impl FnOnce(&mut Device),
    ) -> Result<Device, DirectoryError> {
        let writing = self.write().await;
        let mut device = self.device(id).ok_or_else(|| missing(Kind::Device, id))?;
        alter(&mut device);
        self.keep(&writing, device).await
    }

    async fn keep(
        &self,
        writing: &tokio::sync::MutexGuard<'_, ()>,
        device: Device,
    ) -> Result<Device, DirectoryError> {
        let change = put(Kind::Device, device.id.to_string(), None, &device);
        self.commit(writing, vec![change], |state| keep_device(state, device.clone())).await?;
        Ok(device)
    }

    async fn keep_product(
        &self,
        writing: &tokio::sync::MutexGuard<'_, ()>,
        change: Change,
        product: Product,
    ) -> Result<Arc<Product>, DirectoryError> {
        let product = Arc::new(product);
        self.commit(writing, vec![change], |state| {
            state.products.insert(product.id, product.clone());
        })
        .await?;
        Ok(product)
    }

    async fn keep_organisation(
        &self,
        writing: &tokio::sync::MutexGuard<'_, ()>,
        organisation: Organisation,
    ) -> Result<Arc<Organisation>, DirectoryError> {
        let organisation = Arc::new(organisation);
        let (key, slug) = (organisation.id.to_string(), organisation.slug.clone());
        let change = put(Kind::Organisation, key, Some(slug), &organisation);
        self.commit(writing, vec![change], |state| {
            state.organisations.insert(organisation.id, organisation.clone());
        })
        .await?;
        Ok(organisation)
    }
}

impl DeviceChange {
    fn apply(self, device: &mut Device) {
        if let Some(name) = self.name {
            device.name = name.into();
        }
        if self.product_version.is_some() {
            device.product_version = self.product_version;
        }
        let rare = self.notes.is_some()
            || self.groups.is_some()
            || self.development.is_some()
            || self.desired_firmware_version.is_some();
        if !rare {
            return;
        }
        let more = device.more.get_or_insert_default();
        if let Some(notes) = self.notes {
            more.notes = notes;
        }
        if let Some(groups) = self.groups {
            more.groups = groups;
        }
        if let Some(development) = self.development {
            more.development = development;
        }
        if self.desired_firmware_version.is_some() {
            more.desired_firmware_version = self.desired_firmware_version;
        }
    }
}

impl ProductFilter {
    fn admits(&self, device: &Device) -> bool {
        let id_fits = || self.id.as_ref().is_none_or(|id| device.id.to_string().starts_with(id.as_str()));
        let name_fits = || {
            let holds = |part: &String| device.name.to_lowercase().contains(&part.to_lowercase());
            self.name.as_ref().is_none_or(holds)
        };
        let groups = device.more.as_deref().map_or(&[][..], |more| &more.groups);
        let group_fits = || self.groups.is_empty() || self.groups.iter().any(|group| groups.contains(group));
        id_fits() && name_fits() && group_fits()
    }
}

pub(super) fn role_in(team: &[Member], user: UserId) -> Option<Role> {
    team.iter().find(|member| member.user == user).map(|member| member.role)
}

fn check_team(team: &[Member]) -> Result<(), DirectoryError> {
    if team.iter().any(|member| member.role == Role::Owner) { Ok(()) } else { Err(DirectoryError::LastOwner) }
}

fn missing(kind: Kind, id: impl ToString) -> DirectoryError {
    DirectoryError::Missing { kind, name: id.to_string() }
}

pub(super) fn keep_device(state: &mut State, device: Device) {
    let before = state.devices.insert(device.id, device.clone());
    let (old_owner, old_product) = before.map_or((None, None), |old| (old.owner, old.product));
    relist(&mut state.owned, device.id, old_owner, device.owner);
    relist(&mut state.fleets, device.id, old_product, device.product);
}

pub(super) fn forget_device(state: &mut State, id: DeviceId) {
    let Some(device) = state.devices.remove(&id) else { return };
    relist(&mut state.owned, id, device.owner, None);
    relist(&mut state.fleets, id, device.product, None);
}

fn relist<K: std::hash::Hash + Eq + Copy>(
    lists: &mut std::collections::HashMap<K, Vec<DeviceId>>,
    device: DeviceId,
    from: Option<K>,
    to: Option<K>,
) {
    if from == to {
        return;
    }
    if let Some(list) = from.and_then(|key| lists.get_mut(&key)) {
        list.retain(|other| *other != device);
    }
    if let Some(key) = to {
        lists.entry(key).or_default().push(device);
    }
}

fn last_heard_first(mut devices: Vec<Device>) -> Vec<Device> {
    devices.sort_by_key(|device| (std::cmp::Reverse(device.last_heard), device.id));
    devices
}

fn free_slug(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let plain: String =
        name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
    let stem = if words.is_empty() { "product".to_owned() } else { words.join("-") };
    // A slug of digits alone would read as a product number.
    let stem = if stem.bytes().all(|byte| byte.is_ascii_digit()) { format!("p-{stem}") } else { stem };
    let numbered = (2..).map(|n| format!("{stem}-{n}"));
    let mut candidates = std::iter::once(stem.clone()).chain(numbered);
    candidates.find(|slug| !taken(slug)).expect("there are more numbers than products")
}
