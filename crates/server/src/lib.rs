//! What Fieldhook does: takes events in, keeps them, delivers them, and answers the API.
//!
//! [`Server::start`] puts the parts together; `engines` is the only place that names a concrete back end.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::alerts::{Alerts, MailSetupError, Mailer};
use crate::api::{App, Settings};
use crate::cases::Cases;
use crate::clock::Nature;
use crate::config::Config;
use crate::delivery::{Engine, EngineSettings};
use crate::directory::{Directory, DirectoryError, Holder};
use crate::engines::{EngineError, Engines};
use crate::ingest::{Ingest, IngestSettings};
use crate::listener::Listener;
use crate::live::Live;
use crate::outbound::{Outbound, OutboundError, Setup};
use crate::password::Passwords;
use crate::queue::QueueError;
use crate::recorder::recorder;
use crate::replay::Replays;
use crate::rhythms::Rhythms;
use crate::store::StoreError;
use crate::tester::Tester;
use crate::upkeep::Upkeep;
use crate::vault::KEY_FILE;
use crate::vitals::Vitals;

pub mod alerts;
pub mod api;
pub mod cases;
pub mod clock;
pub mod config;
pub mod delivery;
pub mod directory;
pub mod engines;
pub mod ingest;
pub mod listener;
pub mod live;
pub mod migration;
mod nodes;
pub mod outbound;
pub mod password;
pub mod queue;
pub mod recorder;
pub mod replay;
pub mod rhythms;
pub mod store;
pub mod telemetry;
pub mod tester;
pub mod upkeep;
pub mod vault;
pub mod vitals;

/// Why the server did not start. Each message names what to change.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be made.
    #[error("the data directory {} cannot be made: {cause}", .path.display())]
    Data {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {cause}; choose another with --listen")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The queue did not open.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The store did not open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue, the store or the key for secrets did not open.
    #[error(transparent)]
    Engines(#[from] EngineError),
    /// The directory could not be read.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The HTTP client could not be set up.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// The certificates to trust cannot be read.
    #[error("the certificates in {} cannot be read: {cause}; `tls_roots` wants a PEM file", .path.display())]
    Roots {
        /// Where they are.
        path: PathBuf,
        /// Why.
        #[source]
        cause: rustls::pki_types::pem::Error,
    },
    /// Alerts cannot be mailed as the operator wants.
    #[error(transparent)]
    Mail(#[from] MailSetupError),
    /// The administrator of the first start cannot be created.
    #[error("the administrator cannot be created: {0}")]
    Administrator(String),
}

/// A running server.
pub struct Server {
    app: Arc<App>,
    address: SocketAddr,
    setup_link: Option<String>,
    listener: CancellationToken,
    upkeep: CancellationToken,
    writer: CancellationToken,
    listening: TaskTracker,
    background: TaskTracker,
    writing: TaskTracker,
    outbound: Arc<Outbound>,
}

impl Server {
    /// Opens what is kept, takes up what was left unfinished, and listens.
    pub async fn start(config: Config, nature: Nature) -> Result<Self, StartError> {
        let data = &config.data;
        std::fs::create_dir_all(data).map_err(|cause| StartError::Data { path: data.clone(), cause })?;
        let roots = roots(&config)?;
        let key_file = key_file(&config);
        let Engines { queue, store, vault, shared } =
            engines::open(&config, &key_file, &roots, &nature).await?;
        let directory = Arc::new(Directory::load(store.clone(), vault, nature.clone()).await?);
        engines::mark_key(directory.vault(), &key_file, &*store, &nature).await?;
        let der: Vec<_> = roots.iter().map(|root| root.to_vec()).collect();
        let mailer = Mailer::new(&config.mail, &der)?;
        let (recorder, writer, turned) = recorder(store.clone(), queue.clone(), nature.clone());
        let writer_stop = CancellationToken::new();
        let writing = TaskTracker::new();
        writing.spawn(writer.run(writer_stop.clone()));
        ingest::catch_up(&*queue, &recorder, &directory).await?;

        let listener = Listener::bind(config.listen)
            .await
            .map_err(|cause| StartError::Listen { address: config.listen, cause })?;
        let address = listener.address();
        let setup =
            Setup { allow: config.allow_destinations.clone(), extra_roots: roots, ..Setup::default() };
        let outbound = Arc::new(Outbound::with(setup, nature.clone())?);
        outbound.set_own_address(address);

        let (outlets, news) = nodes::news();
        let live = if shared {
            recorder.tell_changes_elsewhere(outlets.changes);
            Live::with_outlet(outlets.happenings)
        } else {
            Live::default()
        };
        let live = Arc::new(live);
        let engine = Engine::new(delivery::Parts {
            directory: directory.clone(),
            queue: queue.clone(),
            outbound: outbound.clone(),
            live: live.clone(),
            recorder: recorder.clone(),
            nature: nature.clone(),
            settings: EngineSettings {
                lane_width: config.delivery.lane_width,
                most_in_flight: config.delivery.most_in_flight,
                retry: config.delivery.retry_policy,
                data_limit: config.publish.data_limit,
            },
        });
        let draining = CancellationToken::new();
        let rhythms = Arc::new(Rhythms::default());
        let ingest = Arc::new(Ingest::new(ingest::Parts {
            directory: directory.clone(),
            queue: queue.clone(),
            store: store.clone(),
            engine: engine.clone(),
            live: live.clone(),
            recorder: recorder.clone(),
            rhythms: rhythms.clone(),
            nature: nature.clone(),
            settings: IngestSettings {
                data_limit: config.publish.data_limit,
                device_rate: config.publish.device_rate,
            },
            draining: draining.clone(),
        }));

        let replays = Replays::new(replay::Parts {
            directory: directory.clone(),
            queue: queue.clone(),
            store: store.clone(),
            engine: engine.clone(),
            recorder: recorder.clone(),
            nature: nature.clone(),
        });
        replays.note_interrupted().await?;

        let public_url = config.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        let public_url = public_url.trim_end_matches('/').to_owned();
        let passwords = Passwords::default();
        let setup_link = first_start(&config, &directory, &passwords, &nature, &public_url).await?;
        let vitals = Arc::new(Vitals::new(vitals::Parts {
            queue: queue.clone(),
            store: store.clone(),
            recorder: recorder.clone(),
            data: Some(data.clone()),
            nature: nature.clone(),
            draining: draining.clone(),
        }));
        let alerts = Alerts::load(alerts::Parts {
            directory: directory.clone(),
            store: store.clone(),
            engine: engine.clone(),
            ingest: ingest.clone(),
            rhythms,
            vitals: vitals.clone(),
            queue: queue.clone(),
            mailer,
            nature: nature.clone(),
            public_url: public_url.clone(),
            pending: turned.pending(),
        })
        .await?;
        let app = Arc::new(App {
            vitals,
            alerts,
            tester: Arc::new(Tester::new(nature.clone())),
            passwords,
            logins: Mutex::default(),
            metrics: telemetry::metrics(),
            started_at: nature.now(),
            settings: Settings {
                data_limit: config.publish.data_limit,
                open_registration: config.accounts.open_registration,
                public_url,
            },
            cases: Cases::new(store.clone(), nature.clone()),
            directory,
            store,
            queue,
            ingest,
            engine,
            replays,
            live,
            recorder,
            nature,
            draining,
        });

        let background = TaskTracker::new();
        background.spawn(app.engine.clone().run());
        let upkeep = CancellationToken::new();
        background.spawn(app.upkeep(&config, &outbound).run(upkeep.clone()));
        background.spawn(app.alerts.clone().run(turned, upkeep.clone()));
        if shared {
            let (app, stop) = (app.clone(), upkeep.clone());
            background.spawn(nodes::tell(app.queue.clone(), news, stop.clone()));
            let (ingest, recorder) = (app.ingest.clone(), app.recorder.clone());
            background.spawn(nodes::listen(app.queue.clone(), ingest, recorder, stop.clone()));
            let (directory, alerts) = (app.directory.clone(), app.alerts.clone());
            background.spawn(nodes::follow(
                app.store.clone(),
                directory,
                alerts,
                app.nature.clone(),
                stop.clone(),
            ));
            background.spawn(take_up_what_is_adopted(app, stop));
        }
        let listener_stop = CancellationToken::new();
        let listening = TaskTracker::new();
        listening.spawn(listener.run(api::router(app.clone()), app.nature.clone(), listener_stop.clone()));

        Ok(Self {
            app,
            address,
            setup_link,
            listener: listener_stop,
            upkeep,
            writer: writer_stop,
            listening,
            background,
            writing,
            outbound,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many nodes share its queue and are alive, as far as it knows; 0 where it is alone for good.
    pub fn nodes(&self) -> usize {
        self.app.queue.nodes().len()
    }

    /// The address under which people reach it.
    pub fn public_url(&self) -> &str {
        &self.app.settings.public_url
    }

    /// The one-time link that creates the first user, while there is none.
    pub fn setup_link(&self) -> Option<&str> {
        self.setup_link.as_deref()
    }

    /// What the routes work with, for those who run the server in their own process.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Waits until nothing is under way: no delivery, and nothing that the store has not written.
    pub async fn settled(&self) {
        loop {
            // Asked first: what a replay did before it came to rest is then among what is flushed.
            let replays_rest = self.app.replays.rest();
            let alerts_rest = self.app.alerts.rests();
            self.app.recorder.flushed().await;
            let alerts_rest = alerts_rest.is_some() && alerts_rest == self.app.alerts.rests();
            if replays_rest && alerts_rest && self.app.engine.in_flight() == 0 && self.app.queue_idle().await
            {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Drains: takes nothing more in, finishes what is on the wire, writes and syncs everything.
    pub async fn stop(self) {
        tracing::info!("draining: taking nothing more in, finishing what is on the wire");
        self.app.draining.cancel();
        self.listener.cancel();
        self.upkeep.cancel();
        self.listening.close();
        self.listening.wait().await;
        self.app.replays.stop().await;
        self.app.engine.stop().await;
        self.background.close();
        self.background.wait().await;
        self.writer.cancel();
        self.writing.close();
        self.writing.wait().await;
        self.outbound.close().await;
        if let Err(error) = self.app.queue.close().await {
            tracing::error!(%error, "the queue did not close cleanly; nothing acknowledged is lost");
        }
        if let Err(error) = self.app.store.close().await {
            tracing::error!(%error, "the store did not close cleanly; nothing acknowledged is lost");
        }
    }
}

impl App {
    fn upkeep(&self, config: &Config, outbound: &Arc<Outbound>) -> Upkeep {
        Upkeep {
            directory: self.directory.clone(),
            ingest: self.ingest.clone(),
            engine: self.engine.clone(),
            outbound: outbound.clone(),
            store: self.store.clone(),
            queue: self.queue.clone(),
            replays: self.replays.clone(),
            tester: self.tester.clone(),
            vitals: self.vitals.clone(),
            retention: config.retention.clone(),
            nature: self.nature.clone(),
        }
    }

    /// Whether the queue holds nothing that is due or claimed.
    async fn queue_idle(&self) -> bool {
        let backlog = self.queue.backlog(self.nature.now()).await;
        backlog.is_ok_and(|backlog| backlog.claimed == 0 && backlog.due_lanes == 0)
    }
}

/// Has the store remember what nodes that are gone took in and did not see remembered, until it is stopped.
async fn take_up_what_is_adopted(app: Arc<App>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.queue.adopted() => {}
        }
        while let Err(error) = ingest::catch_up(&*app.queue, &app.recorder, &app.directory).await {
            tracing::warn!(%error, "what a node that is gone took in cannot be read; trying again");
            tokio::select! {
                () = stop.cancelled() => return,
                () = app.nature.clock.sleep(nodes::PAUSE) => {}
            }
        }
    }
}

/// Certificates to trust besides the system's.
fn roots(config: &Config) -> Result<Vec<CertificateDer<'static>>, StartError> {
    let Some(path) = &config.tls_roots else { return Ok(Vec::new()) };
    let refused = |cause| StartError::Roots { path: path.clone(), cause };
    let certificates = CertificateDer::pem_file_iter(path).map_err(refused)?;
    certificates.collect::<Result<_, _>>().map_err(refused)
}

/// The key that seals secrets.
fn key_file(config: &Config) -> PathBuf {
    config.key_file.clone().unwrap_or_else(|| config.data.join(KEY_FILE))
}

/// While there is no user: makes the administrator that the operator named, or a link that makes one.
async fn first_start(
    config: &Config,
    directory: &Directory,
    passwords: &Passwords,
    nature: &Nature,
    public_url: &str,
) -> Result<Option<String>, StartError> {
    if directory.user_count() > 0 {
        return Ok(None);
    }
    match (&config.accounts.admin_email, &config.accounts.admin_password) {
        (Some(email), Some(password)) => {
            let refused = |error: &dyn std::fmt::Display| StartError::Administrator(error.to_string());
            let hash = passwords.hash(password, &*nature.luck).await.map_err(|error| refused(&error))?;
            match directory.add_user(email, hash, true).await {
                Ok(_) => tracing::info!(user = %email, "created the administrator"),
                // Another node that starts at the same time.
                Err(DirectoryError::Taken { .. }) => {}
                Err(error) => return Err(refused(&error)),
            }
            Ok(None)
        }
        (None, None) => {
            directory.revoke_tokens_of(Holder::SetUp).await?;
            let token = directory.issue_token(Holder::SetUp, "fieldhook", None).await?;
            Ok(Some(format!("{public_url}/console/setup?token={}", token.text)))
        }
        _ => Err(StartError::Administrator(
            "set both FIELDHOOK_ADMIN_EMAIL and FIELDHOOK_ADMIN_PASSWORD, or neither".to_owned(),
        )),
    }
}
