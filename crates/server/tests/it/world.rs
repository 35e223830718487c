//! The world around a server: its clock, its people, the endpoints it calls.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fieldhook_core::time::Timestamp;
use fieldhook_server::clock::{ManualClock, Nature, SystemLuck};
use fieldhook_server::config::Config;
use fieldhook_server::migration::{Migrated, migrate};
use fieldhook_server::vault::KEY_FILE;
use fieldhook_server::{Server, StartError};
use serde_json::{Value, json};
use tempfile::TempDir;

mod client;
mod endpoint;
mod engines;
mod smtp;

pub(crate) use client::{Reply, Stream, Visitor};
pub(crate) use endpoint::{Endpoint, Scripted, reply};
pub(crate) use engines::Engines;
pub(crate) use smtp::MailServer;

const EMAIL: &str = "admin@example.com";
const PASSWORD: &str = "a password of the tests";

/// When every test's clock begins.
pub(crate) const T0: Timestamp = Timestamp::from_millis(1_767_323_045_678);

/// A server with all it needs.
pub(crate) struct World {
    server: Option<Server>,
    clock: Arc<ManualClock>,
    config: Config,
    admin: Visitor,
    _data: TempDir,
}

impl World {
    /// A server on an empty directory and a free port, with one administrator.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The same, with other settings.
    pub(crate) async fn start_with(set: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config {
            data: data.path().to_owned(),
            listen: ([127, 0, 0, 1], 0).into(),
            allow_destinations: vec!["127.0.0.0/8".parse().unwrap()],
            ..Config::default()
        };
        config.accounts.admin_email = Some(EMAIL.to_owned());
        config.accounts.admin_password = Some(PASSWORD.to_owned());
        if let Some(engines) = Engines::asked_for() {
            engines.set(&mut config);
        }
        set(&mut config);
        let clock = Arc::new(ManualClock::at(T0));
        let server = serve(&config, &clock).await;
        let nobody = Visitor::new(url_of(&server), None);
        let admin = nobody.log_in(EMAIL, PASSWORD).await;
        Self { server: Some(server), clock, config, admin, _data: data }
    }

    /// A server that shares its queue and its store with others.
    pub(crate) async fn of_nodes() -> (Self, Engines) {
        let engines = Engines::shared();
        let world = Self::start_with(|config| engines.set(config)).await;
        (world, engines)
    }

    /// The same, whose engines nobody else has, so that they can be stopped.
    pub(crate) async fn of_nodes_on_engines_of_its_own() -> (Self, Engines) {
        let engines = Engines::own();
        let world = Self::start_with(|config| engines.set(config)).await;
        (world, engines)
    }

    /// Another node beside the server. Returns once each knows of the other.
    pub(crate) async fn join(&self, name: &str) -> Node {
        let data = tempfile::tempdir().unwrap();
        let key_file = Some(self.config.data.join(KEY_FILE));
        let config = Config {
            data: data.path().to_owned(),
            node: Some(name.to_owned()),
            key_file,
            ..self.config.clone()
        };
        let server = serve(&config, &self.clock).await;
        let mut admin = self.admin.clone();
        admin.base = url_of(&server);
        let node = Node { server, admin, _data: data };
        let know = || self.server().nodes() == 2 && node.server.nodes() == 2;
        while !know() {
            // A beat each second, of which the others may miss no more than three.
            self.clock.advance(secs(1));
            for _ in 0..50 {
                if know() {
                    break;
                }
                self.nobody().get("/health").await;
            }
        }
        node
    }

    /// Why another node does not start with this changed.
    pub(crate) async fn refused(&self, change: impl FnOnce(&mut Config)) -> String {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config {
            data: data.path().to_owned(),
            node: Some("refused".to_owned()),
            key_file: Some(self.config.data.join(KEY_FILE)),
            ..self.config.clone()
        };
        change(&mut config);
        Server::start(config, self.nature()).await.err().expect("it does not start").to_string()
    }

    /// Drains the server and starts another on the same directory; tokens stay good.
    pub(crate) async fn restart(&mut self) {
        self.server.take().unwrap().stop().await;
        let server = serve(&self.config, &self.clock).await;
        self.admin.base = url_of(&server);
        self.server = Some(server);
    }

    /// A server on one machine, whatever the other tests run on.
    pub(crate) async fn on_one_machine() -> Self {
        Self::start_with(|config| (config.queue, config.store) = (None, None)).await
    }

    /// Drains the server, and carries all that it had into these engines; with or without the queue.
    pub(crate) async fn carry(&mut self, to: &Engines, with_queue: bool) -> Result<Migrated, StartError> {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
        let queue = with_queue.then(|| to.queue().to_owned());
        let config = Config { queue, ..self.config.clone() };
        migrate(&config, to.store(), &self.nature()).await
    }

    /// Why this directory is not carried into these engines.
    pub(crate) async fn carry_from(&self, data: &Path, to: &Engines) -> String {
        let config = Config { data: data.to_owned(), ..self.config.clone() };
        migrate(&config, to.store(), &self.nature()).await.unwrap_err().to_string()
    }

    /// Removes the key that seals secrets.
    pub(crate) fn lose_key(&self) {
        std::fs::remove_file(self.config.data.join(KEY_FILE)).unwrap();
    }

    fn nature(&self) -> Nature {
        Nature { clock: self.clock.clone(), luck: Arc::new(SystemLuck) }
    }

    /// The data directory.
    pub(crate) fn data(&self) -> &Path {
        &self.config.data
    }

    /// Starts the server again as a node on these engines.
    pub(crate) async fn go_on_with(&mut self, engines: &Engines) {
        engines.set(&mut self.config);
        let server = serve(&self.config, &self.clock).await;
        self.admin.base = url_of(&server);
        self.server = Some(server);
    }

    /// The running server.
    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// Where it listens, as a URL without a path.
    pub(crate) fn url(&self) -> &str {
        &self.admin.base
    }

    /// The administrator, with a token.
    pub(crate) fn admin(&self) -> &Visitor {
        &self.admin
    }

    /// Somebody without a token.
    pub(crate) fn nobody(&self) -> Visitor {
        Visitor::new(self.url().to_owned(), None)
    }

    /// Another person, with a token and an empty scope of their own.
    pub(crate) async fn person(&self, email: &str) -> Visitor {
        let account = json!({"username": email, "password": PASSWORD});
        self.admin.post("/v1/users", account).await.expect(200);
        self.nobody().log_in(email, PASSWORD).await
    }

    /// A device of the administrator's, with its own token.
    pub(crate) async fn device(&self, id: &str) -> Visitor {
        self.admin.post("/v1/devices", json!({"id": id})).await.expect(200);
        self.device_token(id).await
    }

    /// A visitor with a fresh token of this device.
    pub(crate) async fn device_token(&self, id: &str) -> Visitor {
        let made = self.admin.post(&format!("/v1/devices/{id}/token"), json!({})).await;
        let token = made.expect(201)["token"].as_str().unwrap().to_owned();
        Visitor::new(self.url().to_owned(), Some(token))
    }

    /// A product of the administrator's; returns its number.
    pub(crate) async fn product(&self, name: &str) -> u64 {
        let made = self.admin.post("/v1/user/products", json!({"product": {"name": name}})).await;
        made.expect(201)["product"]["id"].as_u64().unwrap()
    }

    /// Saves an integration of the administrator's; returns its id.
    pub(crate) async fn integration(&self, template: Value) -> String {
        self.integration_in("/v1", template).await
    }

    /// Saves an integration below another path, such as `/v1/products/10001`.
    pub(crate) async fn integration_in(&self, base: &str, template: Value) -> String {
        let made = self.admin.post(&format!("{base}/integrations"), template).await;
        made.expect(201)["id"].as_str().unwrap().to_owned()
    }

    /// Publishes as the administrator; returns the event's id.
    pub(crate) async fn publish(&self, name: &str, data: &str) -> String {
        let published = self.admin.post("/v1/devices/events", json!({"name": name, "data": data})).await;
        published.expect(200)["id"].as_str().unwrap().to_owned()
    }

    /// An endpoint that gives these answers in turn, the last one for ever.
    pub(crate) async fn endpoint(&self, script: impl IntoIterator<Item = Scripted>) -> Endpoint {
        Endpoint::start(script.into_iter().collect()).await
    }

    /// Waits until nothing is under way any more.
    pub(crate) async fn settled(&self) {
        self.server().settled().await;
    }

    /// Lets time pass, once nothing is under way, and waits for what it sets going.
    pub(crate) async fn advance(&self, time: Duration) {
        self.settled().await;
        self.clock.advance(time);
        self.settled().await;
    }

    /// Lets time pass whatever is under way.
    pub(crate) fn tick(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// The books of an integration.
    pub(crate) async fn books(&self, integration: &str) -> Value {
        self.settled().await;
        self.admin.get(&format!("/fieldhook/v1/integrations/{integration}/books")).await.expect(200)
    }

    /// The log of an integration, newest first.
    pub(crate) async fn log(&self, integration: &str) -> Vec<Value> {
        self.settled().await;
        let page = self.admin.get(&format!("/fieldhook/v1/attempts?integration={integration}")).await;
        page.expect(200)["items"].as_array().unwrap().clone()
    }
}

/// Another node of a world.
pub(crate) struct Node {
    server: Server,
    admin: Visitor,
    _data: TempDir,
}

impl Node {
    /// The administrator, who talks to this node.
    pub(crate) fn admin(&self) -> &Visitor {
        &self.admin
    }

    /// Waits until nothing is under way on this node.
    pub(crate) async fn settled(&self) {
        self.server.settled().await;
    }

    /// Drains the node.
    pub(crate) async fn stop(self) {
        self.server.stop().await;
    }
}

async fn serve(config: &Config, clock: &Arc<ManualClock>) -> Server {
    let nature = Nature { clock: clock.clone(), luck: Arc::new(SystemLuck) };
    Server::start(config.clone(), nature).await.unwrap()
}

fn url_of(server: &Server) -> String {
    format!("http://{}", server.address())
}

/// Whole seconds.
pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
