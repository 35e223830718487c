//! People, and the tokens by which they and their devices are known.

use std::sync::Arc;
use std::time::Duration;

use fieldhook_core::hex::hex;
use fieldhook_core::id::{DeviceId, UserId};
use fieldhook_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Directory, DirectoryError, State, put};
use crate::clock::random;
use crate::store::{Change, Kind};

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their e-mail address, in lower case; they sign in with it.
    pub username: String,
    /// Their password as an argon2id string (PHC format).
    pub password_hash: String,
    /// Whether they may create users.
    pub administrator: bool,
    /// When the account was made.
    pub created_at: Timestamp,
    /// What clients keep about the account: first name, last name, company.
    #[serde(default)]
    pub account_info: serde_json::Map<String, serde_json::Value>,
}

/// The SHA-256 of a token. Tokens are 160 random bits, so a plain hash is as good as a slow one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl TokenHash {
    /// The hash of a token as a client sent it.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    fn key(self) -> String {
        hex(&self.0)
    }
}

/// Whom a token speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "kebab-case")]
pub enum Holder {
    /// A person, on every route.
    User(UserId),
    /// A device, for publishing and hearing as itself.
    Device(DeviceId),
    /// A person, for nothing but a new token.
    Refresh(UserId),
    /// Whoever sets the server up: one use, to create the first user.
    SetUp,
}

/// An access token, without the text that only its holder knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The token's hash, in hex.
    pub hash: String,
    /// Whom it speaks for.
    pub holder: Holder,
    /// The OAuth client it was given to.
    pub client: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; absent when it never does.
    pub expires_at: Option<Timestamp>,
    /// The access or refresh token made together with it, which goes when it goes.
    #[serde(default)]
    pub twin: Option<String>,
}

impl Token {
    /// A name for it that its owner can tell it by, and that gives nobody its text.
    pub fn handle(&self) -> &str {
        &self.hash[..40]
    }

    /// Whether it has ended.
    pub fn expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// A token just made: the only moment its text is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedToken {
    /// 40 lower-case hex digits.
    pub text: String,
    /// What is kept of it.
    pub token: Token,
}

impl Directory {
    /// How many people there are; none means that the server is not set up yet.
    pub fn user_count(&self) -> usize {
        self.state.read().users.len()
    }

    /// A person by id.
    pub fn user(&self, id: UserId) -> Option<Arc<User>> {
        self.state.read().users.get(&id).cloned()
    }

    /// A person by e-mail address, whatever its case of letters.
    pub fn user_named(&self, username: &str) -> Option<Arc<User>> {
        let state = self.state.read();
        let id = state.user_names.get(&username.to_lowercase())?;
        state.users.get(id).cloned()
    }

    /// Every person, by name.
    pub fn users(&self) -> Vec<Arc<User>> {
        let mut users: Vec<_> = self.state.read().users.values().cloned().collect();
        users.sort_by(|a, b| a.username.cmp(&b.username));
        users
    }

    /// Adds a person.
    pub async fn add_user(
        &self,
        username: &str,
        password_hash: String,
        administrator: bool,
    ) -> Result<Arc<User>, DirectoryError> {
        let writing = self.write().await;
        let now = self.nature.now();
        let user = User {
            id: UserId::new(now, random(&*self.nature.luck)),
            username: username.to_lowercase(),
            password_hash,
            administrator,
            created_at: now,
            account_info: serde_json::Map::new(),
        };
        self.commit(&writing, vec![put_user(&user)], |state| keep_user(state, user.clone())).await?;
        Ok(Arc::new(user))
    }

    /// Changes a person's name, password or account.
    pub async fn change_user(
        &self,
        id: UserId,
        change: impl FnOnce(&mut User),
    ) -> Result<Arc<User>, DirectoryError> {
        let writing = self.write().await;
        let before = self.user(id).ok_or_else(|| missing_user(id))?;
        let mut user = User::clone(&before);
        change(&mut user);
        user.username = user.username.to_lowercase();
        self.commit(&writing, vec![put_user(&user)], |state| {
            keep_user(state, user.clone());
        })
        .await?;
        Ok(Arc::new(user))
    }

    /// Removes a person, their tokens and what only they owned; their devices become unclaimed.
    pub async fn remove_user(&self, id: UserId) -> Result<(), DirectoryError> {
        for device in self.devices_of(id) {
            self.unclaim(device.id).await?;
        }
        for integration in self.integrations_in(fieldhook_core::access::Scope::User(id)) {
            self.remove_integration(integration.id).await?;
        }
        self.revoke_tokens_of(Holder::User(id)).await?;
        let writing = self.write().await;
        let user = self.user(id).ok_or_else(|| missing_user(id))?;
        self.commit(&writing, vec![Change::Remove(Kind::User, id.to_string())], |state| {
            state.users.remove(&id);
            state.user_names.remove(&user.username);
        })
        .await
    }

    /// The token of this text, if there is one that has not ended.
    pub fn token(&self, text: &str) -> Option<Arc<Token>> {
        let token = self.token_even_ended(text)?;
        (!token.expired(self.nature.now())).then_some(token)
    }

    /// The token of this text, also when it has ended.
    pub fn token_even_ended(&self, text: &str) -> Option<Arc<Token>> {
        self.state.read().tokens.get(&TokenHash::of(text)).cloned()
    }

    /// Every token of the holder that has not ended, newest first.
    pub fn tokens_of(&self, holder: Holder) -> Vec<Arc<Token>> {
        let now = self.nature.now();
        let state = self.state.read();
        let lives = |token: &&Arc<Token>| token.holder == holder && !token.expired(now);
        let mut tokens: Vec<_> = state.tokens.values().filter(lives).cloned().collect();
        tokens.sort_by_key(|token| std::cmp::Reverse(token.created_at));
        tokens
    }

    /// Makes a token that lives this long, or for ever.
    pub async fn issue_token(
        &self,
        holder: Holder,
        client: &str,
        life: Option<Duration>,
    ) -> Result<IssuedToken, DirectoryError> {
        let issued = self.new_token(holder, client, life);
        self.keep_tokens(vec![issued.token.clone()]).await?;
        Ok(issued)
    }

    /// Makes an access token for a person, and a refresh token that lives as long again.
    pub async fn issue_token_pair(
        &self,
        user: UserId,
        client: &str,
        life: Option<Duration>,
    ) -> Result<(IssuedToken, IssuedToken), DirectoryError> {
        let mut access = self.new_token(Holder::User(user), client, life);
        let mut refresh = self.new_token(Holder::Refresh(user), client, life.map(|life| life * 2));
        access.token.twin = Some(refresh.token.hash.clone());
        refresh.token.twin = Some(access.token.hash.clone());
        self.keep_tokens(vec![access.token.clone(), refresh.token.clone()]).await?;
        Ok((access, refresh))
    }

    /// Ends the token of this text; its twin goes with it. Says whether there was one.
    pub async fn revoke_token(&self, text: &str) -> Result<bool, DirectoryError> {
        let Some(token) = self.token_even_ended(text) else { return Ok(false) };
        self.revoke(&token).await
    }

    /// Ends the holder's token that has this handle; its twin goes with it. Says whether there was one.
    pub async fn revoke_listed(&self, holder: Holder, handle: &str) -> Result<bool, DirectoryError> {
        match self.tokens_of(holder).iter().find(|token| token.handle() == handle) {
            Some(token) => self.revoke(token).await,
            None => Ok(false),
        }
    }

    /// Of two who revoke the same token at once, one is told that there was none: a token is used up only once.
    async fn revoke(&self, token: &Token) -> Result<bool, DirectoryError> {
        let twin = token.twin.clone();
        let gone = self.forget_tokens(std::iter::once(token.hash.clone()).chain(twin).collect()).await?;
        Ok(gone > 0)
    }

    /// Ends every token of the holder, refresh tokens included.
    pub async fn revoke_tokens_of(&self, holder: Holder) -> Result<(), DirectoryError> {
        let theirs = |token: &Token| match (holder, token.holder) {
            (Holder::User(user), Holder::Refresh(other)) => user == other,
            (holder, other) => holder == other,
        };
        let hashes: Vec<String> = {
            let state = self.state.read();
            state.tokens.values().filter(|token| theirs(token)).map(|token| token.hash.clone()).collect()
        };
        self.forget_tokens(hashes).await?;
        Ok(())
    }

    /// Forgets tokens that ended before now; returns how many.
    pub async fn forget_ended_tokens(&self) -> Result<usize, DirectoryError> {
        let now = self.nature.now();
        let ended: Vec<String> = {
            let state = self.state.read();
            state.tokens.values().filter(|token| token.expired(now)).map(|token| token.hash.clone()).collect()
        };
        self.forget_tokens(ended).await
    }

    fn new_token(&self, holder: Holder, client: &str, life: Option<Duration>) -> IssuedToken {
        let now = self.nature.now();
        let text = hex(&random::<20>(&*self.nature.luck));
        let token = Token {
            hash: TokenHash::of(&text).key(),
            holder,
            client: client.to_owned(),
            created_at: now,
            expires_at: life.map(|life| now + life),
            twin: None,
        };
        IssuedToken { text, token }
    }

    async fn keep_tokens(&self, tokens: Vec<Token>) -> Result<(), DirectoryError> {
        let writing = self.write().await;
        let changes = tokens.iter().map(|token| put(Kind::Token, token.hash.clone(), None, token)).collect();
        self.commit(&writing, changes, |state| {
            for token in tokens {
                keep_token(state, token);
            }
        })
        .await
    }

    async fn forget_tokens(&self, hashes: Vec<String>) -> Result<usize, DirectoryError> {
        if hashes.is_empty() {
            return Ok(0);
        }
        let writing = self.write().await;
        let changes = hashes.iter().map(|hash| Change::Remove(Kind::Token, hash.clone())).collect();
        let mut gone = 0;
        self.commit(&writing, changes, |state| {
            for hash in hashes.iter().filter_map(|hash| parse_hash(hash)) {
                gone += usize::from(state.tokens.remove(&hash).is_some());
            }
        })
        .await?;
        Ok(gone)
    }
}

fn missing_user(id: UserId) -> DirectoryError {
    DirectoryError::Missing { kind: Kind::User, name: id.to_string() }
}

fn put_user(user: &User) -> Change {
    put(Kind::User, user.id.to_string(), Some(user.username.clone()), user)
}

pub(super) fn keep_user(state: &mut State, user: User) {
    if let Some(before) = state.users.get(&user.id) {
        state.user_names.remove(&before.username);
    }
    state.user_names.insert(user.username.clone(), user.id);
    state.users.insert(user.id, Arc::new(user));
}

pub(super) fn keep_token(state: &mut State, token: Token) {
    if let Some(hash) = parse_hash(&token.hash) {
        state.tokens.insert(hash, Arc::new(token));
    }
}

pub(super) fn parse_hash(hex: &str) -> Option<TokenHash> {
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(TokenHash(bytes))
}
