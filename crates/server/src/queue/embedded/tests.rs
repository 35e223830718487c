//! The promises of `Queue` on real files and in memory, and what only a queue in files can suffer.

use std::fs;
use std::sync::Arc;

use async_trait::async_trait;
use tempfile::TempDir;

use super::disk::LOCK;
use super::memory::MemoryDisk;
use super::{Embedded, EmbeddedConfig};
use crate::clock::{SeededLuck, random};
use crate::queue::contract::{Engine, T0, append, promises};
use crate::queue::{Queue, QueueError};

mod damage;
mod power;
mod space;

/// Small segments, so that each test fills several.
const SEGMENT_BYTES: u64 = 4096;

fn config() -> EmbeddedConfig {
    EmbeddedConfig { segment_bytes: SEGMENT_BYTES, ..EmbeddedConfig::in_dir("/queue") }
}

fn open(disk: &Arc<MemoryDisk>) -> Result<Embedded, QueueError> {
    Embedded::open_on(config(), Arc::clone(disk) as Arc<dyn super::disk::Disk>)
}

/// A coin that falls the same way each time for the same seed.
pub(super) fn coin(seed: u64) -> impl Fn() -> bool {
    let luck = SeededLuck::new(seed);
    move || random::<1>(&luck)[0] & 1 == 0
}

/// The queue on the machine's own files.
struct OnFiles {
    dir: TempDir,
    queue: Embedded,
}

impl OnFiles {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let queue = Self::open(&dir);
        Self { dir, queue }
    }

    fn open(dir: &TempDir) -> Embedded {
        let config = EmbeddedConfig { segment_bytes: SEGMENT_BYTES, ..EmbeddedConfig::in_dir(dir.path()) };
        Embedded::open(config).unwrap()
    }
}

#[async_trait]
impl Engine for OnFiles {
    fn queue(&self) -> &dyn Queue {
        &self.queue
    }

    /// A copy of the files is what a killed process would leave.
    async fn crash(&mut self) {
        let copy = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(self.dir.path()).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name() != LOCK {
                fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
            }
        }
        self.queue = Self::open(&copy);
        self.dir = copy;
    }

    async fn restart(&mut self) {
        self.queue.close().await.unwrap();
        self.queue = Self::open(&self.dir);
    }
}

/// The queue on a disk in memory.
struct InMemory {
    disk: Arc<MemoryDisk>,
    queue: Embedded,
}

impl InMemory {
    fn new() -> Self {
        let disk = Arc::new(MemoryDisk::default());
        let queue = open(&disk).unwrap();
        Self { disk, queue }
    }
}

#[async_trait]
impl Engine for InMemory {
    fn queue(&self) -> &dyn Queue {
        &self.queue
    }

    async fn crash(&mut self) {
        self.disk = Arc::new(self.disk.after_crash());
        self.queue = open(&self.disk).unwrap();
    }

    async fn restart(&mut self) {
        self.queue.close().await.unwrap();
        self.queue = open(&self.disk).unwrap();
    }
}

mod on_files {
    use super::OnFiles;
    super::promises!(OnFiles::new());
}

mod in_memory {
    use super::InMemory;
    super::promises!(InMemory::new());
}

#[test]
fn a_second_queue_in_one_directory_is_turned_away_by_name() {
    let engine = OnFiles::new();
    let path = engine.dir.path().display().to_string();
    let refusal = Embedded::open(EmbeddedConfig::in_dir(engine.dir.path())).err().unwrap().to_string();
    assert!(refusal.contains(&path), "{refusal}");
    assert!(refusal.contains(&format!("process {}", std::process::id())), "{refusal}");
}

#[tokio::test]
async fn a_closed_queue_leaves_its_directory_to_the_next() {
    let engine = OnFiles::new();
    engine.queue.close().await.unwrap();
    Embedded::open(EmbeddedConfig::in_dir(engine.dir.path())).unwrap();
}

#[tokio::test]
async fn a_driven_queue_acknowledges_nothing_before_it_is_driven() {
    let disk = Arc::new(MemoryDisk::default());
    let queue = Embedded::open_driven(config(), Arc::clone(&disk) as Arc<dyn super::disk::Disk>).unwrap();
    let mut append = queue.append(append(1), T0);

    assert!(futures_util::poll!(&mut append).is_pending());
    queue.drive();
    append.await.unwrap();

    let left = Arc::new(disk.after_power_loss(|| false));
    assert_eq!(open(&left).unwrap().backlog(T0).await.unwrap().pending, 1);
}
