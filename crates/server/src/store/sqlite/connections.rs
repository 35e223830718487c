//! One thread that writes, a few connections that read.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::schema::{failed, open_reader};
use crate::store::StoreError;

/// Writes that may wait for the thread; beyond it, whoever brings one waits.
const WAITING: usize = 64;
/// Most reads at a time.
const READERS: usize = 4;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The thread that owns the connection that writes.
pub(super) struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread. It ends when the writer is closed or dropped, after what was brought before.
    pub(super) fn start(connection: Connection) -> Result<Self, StoreError> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || work(connection, receiver))
            .map_err(|error| StoreError::Unavailable(format!("no thread for its writer: {error}")))?;
        Ok(Self { jobs: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    /// Does the job on the thread. Once brought it is done, whether the caller still waits or not.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let jobs = self.jobs.lock().clone().ok_or_else(closed)?;
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // A caller that went away needs no answer.
            let _ = answer.send(job(connection));
        });
        jobs.send(job).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    /// Ends the thread and waits until it has let go of the file.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        drop(self.jobs.lock().take());
        let Some(thread) = self.thread.lock().take() else { return Ok(()) };
        let ended = tokio::task::spawn_blocking(move || thread.join()).await;
        match ended {
            Ok(Ok(())) => Ok(()),
            _ => Err(StoreError::Unavailable("its writer had stopped by a fault of its own".to_owned())),
        }
    }
}

fn work(mut connection: Connection, mut jobs: mpsc::Receiver<Job>) {
    while let Some(job) = jobs.blocking_recv() {
        job(&mut connection);
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "the store was not closed cleanly; the next start sets it right");
    }
}

/// Connections that only read. Each read sees one moment of the store.
pub(super) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    room: Arc<Semaphore>,
}

impl Readers {
    /// Readers of the database at `path`; each is opened when it is first needed.
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Arc::default(), room: Arc::new(Semaphore::new(READERS)) }
    }

    /// Does the job on a connection of its own, away from the async threads.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = self.room.clone().acquire_owned().await.map_err(|_| closed())?;
        let (path, idle) = (self.path.clone(), self.idle.clone());
        let work = tokio::task::spawn_blocking(move || {
            let waiting = idle.lock().pop();
            let connection = waiting.map_or_else(|| open_reader(&path), Ok)?;
            let moment = connection.unchecked_transaction().map_err(failed)?;
            let found = job(&moment);
            drop(moment);
            idle.lock().push(connection);
            drop(permit);
            found
        });
        work.await.map_err(|error| StoreError::Unavailable(format!("a read broke off: {error}")))?
    }

    /// Waits for the reads under way and lets go of the file.
    pub(super) async fn close(&self) {
        // A failure means that they are closed already.
        let _ = self.room.acquire_many(READERS as u32).await;
        self.room.close();
        self.idle.lock().clear();
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("it is closed".to_owned())
}
