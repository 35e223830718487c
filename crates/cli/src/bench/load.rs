//! The load generator: plain keep-alive connections, as cheap as hyper makes them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use fieldhook_server::clock::Nature;
use futures_util::future::try_join_all;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use indicatif::ProgressBar;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Requests after which the progress bar is told.
const TELL: u64 = 256;
/// How often a turn that is held back looks whether it may go.
const LOOK: Duration = Duration::from_millis(1);

/// What to post.
#[derive(Clone)]
pub(super) struct Job {
    /// How many requests.
    pub(super) count: u64,
    /// Where to.
    pub(super) path: String,
    /// As whom; of several, the turns are theirs in turn.
    pub(super) tokens: Arc<[String]>,
    /// The body of each turn.
    pub(super) body: Arc<dyn Fn(u64) -> String + Send + Sync>,
    /// Whether a turn must wait.
    pub(super) hold: Arc<dyn Fn(u64) -> bool + Send + Sync>,
}

impl Job {
    fn token(&self, turn: u64) -> Option<&str> {
        let one = turn.checked_rem(self.tokens.len() as u64)?;
        Some(&self.tokens[one as usize])
    }
}

/// Open connections to a server, or to several.
pub(super) struct Load {
    connections: Vec<Connection>,
    nature: Nature,
    progress: ProgressBar,
}

struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Load {
    /// Opens them, by turns to each of the addresses.
    pub(super) async fn open(
        addresses: &[SocketAddr],
        count: usize,
        nature: &Nature,
        progress: ProgressBar,
    ) -> anyhow::Result<Self> {
        let connections =
            try_join_all((0..count).map(|turn| Connection::open(addresses[turn % addresses.len()]))).await?;
        Ok(Self { connections, nature: nature.clone(), progress })
    }

    /// Does the job, each connection taking the next turn when its last was answered.
    pub(super) async fn post(self, job: Job) -> anyhow::Result<()> {
        let next = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        for mut connection in self.connections {
            let (job, next) = (job.clone(), next.clone());
            let (nature, progress) = (self.nature.clone(), self.progress.clone());
            tasks.spawn(async move {
                loop {
                    let turn = next.fetch_add(1, Ordering::Relaxed);
                    if turn >= job.count {
                        return anyhow::Ok(());
                    }
                    while (job.hold)(turn) {
                        nature.clock.sleep(LOOK).await;
                    }
                    connection.post(&job, turn).await?;
                    if turn.is_multiple_of(TELL) {
                        progress.set_position(turn);
                    }
                }
            });
        }
        finished(tasks).await?;
        self.progress.finish_and_clear();
        Ok(())
    }

    /// Does the job at a steady rate, whether or not the answers keep up; gives when each turn was sent.
    ///
    /// A turn that had to wait for its connection counts from when it was due: a server that stalls must not be
    /// spared the requests it kept from being sent.
    pub(super) async fn post_steadily(self, job: Job, rate: u64) -> anyhow::Result<Vec<Duration>> {
        let lanes = self.connections.len();
        let begun = self.nature.clock.elapsed() + Duration::from_millis(50);
        let sent: Arc<[AtomicU64]> = (0..job.count).map(|_| AtomicU64::new(0)).collect();
        let mut tasks = JoinSet::new();
        for (mut connection, lane) in self.connections.into_iter().zip(0_u64..) {
            let (job, sent) = (job.clone(), sent.clone());
            let (nature, progress) = (self.nature.clone(), self.progress.clone());
            tasks.spawn(async move {
                for turn in (lane..job.count).step_by(lanes) {
                    let due = begun + Duration::from_nanos(turn * 1_000_000_000 / rate);
                    let early = due.saturating_sub(nature.clock.elapsed());
                    let from = if early.is_zero() {
                        due
                    } else {
                        nature.clock.sleep(early).await;
                        nature.clock.elapsed()
                    };
                    sent[turn as usize].store(from.as_nanos() as u64, Ordering::Relaxed);
                    connection.post(&job, turn).await?;
                    progress.inc(1);
                }
                anyhow::Ok(())
            });
        }
        finished(tasks).await?;
        self.progress.finish_and_clear();
        Ok(sent.iter().map(|nanos| Duration::from_nanos(nanos.load(Ordering::Relaxed))).collect())
    }
}

/// Waits for all; the first failure ends the rest.
async fn finished(mut tasks: JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    while let Some(done) = tasks.join_next().await {
        done.context("the load generator broke")??;
    }
    Ok(())
}

impl Connection {
    async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream =
            TcpStream::connect(address).await.with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // It ends when its sender is dropped.
        tokio::spawn(connection);
        Ok(Self { sender, host: address.to_string() })
    }

    async fn post(&mut self, job: &Job, turn: u64) -> anyhow::Result<()> {
        let mut request = Request::post(&job.path)
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(token) = job.token(turn) {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        self.sender.ready().await.context("the server closed a connection")?;
        let answer = self.sender.send_request(request.body(Full::from((job.body)(turn)))?).await?;
        let status = answer.status();
        let said = answer.into_body().collect().await?.to_bytes();
        anyhow::ensure!(
            status.is_success(),
            "{} answered {status}: {}",
            job.path,
            String::from_utf8_lossy(&said)
        );
        Ok(())
    }
}
