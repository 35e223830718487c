//! A disk in memory that loses power, fills up, fails and decays on request. For simulations.
//!
//! It keeps a journal of all that was done to it, so that one run can be replayed up to any moment, and the
//! power cut there.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use super::disk::{Disk, File, Guard};

/// A loss of power spares or takes each unsynced piece of this many bytes by itself.
const SECTOR: usize = 512;

/// A disk in memory.
#[derive(Default)]
pub struct MemoryDisk {
    state: Arc<Mutex<Contents>>,
    lock: Arc<Mutex<bool>>,
}

/// One thing that was done to the disk.
#[derive(Debug, Clone)]
pub enum Deed {
    /// A file was made, or emptied.
    Create(String),
    /// Bytes were written at an offset.
    Write(u64, usize, Vec<u8>),
    /// A file was cut to a size.
    Cut(u64, usize),
    /// A file was synced.
    Sync(u64),
    /// A file got another name.
    Rename(String, String),
    /// A file was removed.
    Remove(String),
    /// The names were synced.
    SyncNames,
    /// Whoever drives the simulation noted something.
    Note(u64),
}

#[derive(Default)]
struct Contents {
    files: BTreeMap<u64, Bytes>,
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    next: u64,
    capacity: Option<usize>,
    failing_syncs: u32,
    deeds_left: Option<u32>,
    journal: Vec<Deed>,
}

#[derive(Default, Clone)]
struct Bytes {
    now: Vec<u8>,
    durable: Vec<u8>,
}

impl MemoryDisk {
    /// Lets the files take this many bytes in all.
    pub fn set_capacity(&self, bytes: Option<usize>) {
        self.state.lock().capacity = bytes;
    }

    /// Bytes the files take.
    pub fn used(&self) -> usize {
        self.state.lock().used()
    }

    /// Lets the next syncs of files fail.
    pub fn fail_syncs(&self, count: u32) {
        self.state.lock().failing_syncs = count;
    }

    /// Lets the disk do so much more, and then nothing at all: the power goes in the midst of it.
    pub fn fail_after(&self, deeds: u32) {
        self.state.lock().deeds_left = Some(deeds);
    }

    /// Notes something in the journal.
    pub fn note(&self, what: u64) {
        self.state.lock().journal.push(Deed::Note(what));
    }

    /// All that was done to it.
    pub fn journal(&self) -> Vec<Deed> {
        self.state.lock().journal.clone()
    }

    /// The disk that these deeds make of an empty one.
    pub fn replay(journal: &[Deed]) -> Self {
        let disk = Self::default();
        for deed in journal {
            disk.state.lock().apply(deed);
        }
        disk
    }

    /// What a crash of the process leaves: everything.
    pub fn after_crash(&self) -> Self {
        self.copied(Bytes::clone, |state| state.names.clone())
    }

    /// What a loss of power leaves: all that was synced and, piece by piece as `survives` has it, some of what was not.
    pub fn after_power_loss(&self, survives: impl Fn() -> bool) -> Self {
        let decide = |bytes: &Bytes| {
            let mut left = bytes.durable.clone();
            let size = if survives() { bytes.now.len() } else { left.len() };
            left.resize(size, 0);
            for (index, sector) in bytes.now.chunks(SECTOR).enumerate() {
                let start = index * SECTOR;
                let end = (start + sector.len()).min(size);
                if start < end && survives() {
                    left[start..end].copy_from_slice(&sector[..end - start]);
                }
            }
            Bytes { now: left.clone(), durable: left }
        };
        self.copied(decide, |state| {
            let both: BTreeSet<_> = state.names.keys().chain(state.durable_names.keys()).collect();
            let pick = |name: &&String| {
                if survives() { state.names.get(*name) } else { state.durable_names.get(*name) }
            };
            both.iter().filter_map(|name| Some(((*name).clone(), *pick(name)?))).collect()
        })
    }

    /// The bytes of a file.
    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.state.lock();
        state.files.get(state.names.get(name)?).map(|bytes| bytes.now.clone())
    }

    /// Puts other bytes in a file's place, behind the queue's back.
    pub fn overwrite(&self, name: &str, bytes: Vec<u8>) {
        let mut state = self.state.lock();
        let Some(inode) = state.names.get(name).copied() else { return };
        state.files.insert(inode, Bytes { now: bytes.clone(), durable: bytes });
    }

    fn copied(
        &self,
        file: impl Fn(&Bytes) -> Bytes,
        names: impl Fn(&Contents) -> BTreeMap<String, u64>,
    ) -> Self {
        let state = self.state.lock();
        let files = state.files.iter().map(|(inode, bytes)| (*inode, file(bytes))).collect();
        let names = names(&state);
        let copy =
            Contents { files, durable_names: names.clone(), names, next: state.next, ..Contents::default() };
        Self { state: Arc::new(Mutex::new(copy)), lock: Arc::default() }
    }

    fn handle(&self, name: &str) -> io::Result<Box<dyn File>> {
        let inode = self.state.lock().names.get(name).copied().ok_or_else(|| not_found(name))?;
        Ok(Box::new(Handle { inode, state: Arc::clone(&self.state) }))
    }
}

impl Contents {
    fn used(&self) -> usize {
        self.names.values().filter_map(|inode| self.files.get(inode)).map(|bytes| bytes.now.len()).sum()
    }

    fn act(&mut self, deed: Deed) -> io::Result<()> {
        if let Some(left) = &mut self.deeds_left {
            *left = left.checked_sub(1).ok_or_else(|| io::Error::other("the power is gone"))?;
        }
        self.apply(&deed);
        self.journal.push(deed);
        Ok(())
    }

    fn apply(&mut self, deed: &Deed) {
        match deed {
            Deed::Create(name) => {
                self.next += 1;
                self.files.insert(self.next, Bytes::default());
                self.names.insert(name.clone(), self.next);
            }
            Deed::Write(inode, at, bytes) => {
                let now = &mut self.files.entry(*inode).or_default().now;
                now.resize(now.len().max(at + bytes.len()), 0);
                now[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Deed::Cut(inode, size) => self.files.entry(*inode).or_default().now.truncate(*size),
            Deed::Sync(inode) => {
                let bytes = self.files.entry(*inode).or_default();
                bytes.durable.clone_from(&bytes.now);
            }
            Deed::Rename(from, to) => {
                if let Some(inode) = self.names.remove(from) {
                    self.names.insert(to.clone(), inode);
                }
            }
            Deed::Remove(name) => _ = self.names.remove(name),
            Deed::SyncNames => self.durable_names = self.names.clone(),
            Deed::Note(_) => {}
        }
    }
}

impl Disk for MemoryDisk {
    fn lock(&self) -> io::Result<Guard> {
        let mut taken = self.lock.lock();
        if *taken {
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "1"));
        }
        *taken = true;
        Ok(Guard(Box::new(Held(Arc::clone(&self.lock)))))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.state.lock().names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn File>> {
        self.state.lock().act(Deed::Create(name.to_owned()))?;
        self.handle(name)
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn File>> {
        self.handle(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.state.lock().act(Deed::Rename(from.to_owned(), to.to_owned()))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state.lock();
        if !state.names.contains_key(name) {
            return Err(not_found(name));
        }
        state.act(Deed::Remove(name.to_owned()))
    }

    fn sync_names(&self) -> io::Result<()> {
        self.state.lock().act(Deed::SyncNames)
    }
}

/// The lock of the directory, given back when dropped.
struct Held(Arc<Mutex<bool>>);

impl Drop for Held {
    fn drop(&mut self) {
        *self.0.lock() = false;
    }
}

struct Handle {
    inode: u64,
    state: Arc<Mutex<Contents>>,
}

impl Handle {
    fn bytes<T>(&self, look: impl FnOnce(&[u8]) -> T) -> T {
        let state = self.state.lock();
        look(state.files.get(&self.inode).map_or(&[], |bytes| &bytes.now))
    }
}

impl File for Handle {
    fn size(&self) -> io::Result<u64> {
        Ok(self.bytes(|bytes| bytes.len() as u64))
    }

    fn read_at(&self, into: &mut [u8], at: u64) -> io::Result<usize> {
        Ok(self.bytes(|bytes| {
            let there = bytes.get(at as usize..).unwrap_or_default();
            let read = there.len().min(into.len());
            into[..read].copy_from_slice(&there[..read]);
            read
        }))
    }

    /// Writes what fits when the disk fills up, as a real one does.
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        let size = state.files.get(&self.inode).map_or(0, |bytes| bytes.now.len());
        let growth = (at as usize + bytes.len()).saturating_sub(size);
        let room = state.capacity.map_or(usize::MAX, |capacity| capacity.saturating_sub(state.used()));
        if growth <= room {
            return state.act(Deed::Write(self.inode, at as usize, bytes.to_vec()));
        }
        let fits = bytes.len() - (growth - room);
        state.act(Deed::Write(self.inode, at as usize, bytes[..fits].to_vec()))?;
        Err(io::Error::new(io::ErrorKind::StorageFull, "no space left"))
    }

    fn cut(&self, size: u64) -> io::Result<()> {
        self.state.lock().act(Deed::Cut(self.inode, size as usize))
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        if state.failing_syncs > 0 {
            state.failing_syncs -= 1;
            return Err(io::Error::other("the sync failed"));
        }
        state.act(Deed::Sync(self.inode))
    }
}

fn not_found(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::embedded::tests::coin;

    #[test]
    fn a_loss_of_power_spares_what_was_synced_and_may_take_the_rest() {
        let disk = MemoryDisk::default();
        let file = disk.create("a").unwrap();
        disk.sync_names().unwrap();
        file.write_at(b"safe", 0).unwrap();
        file.sync().unwrap();
        file.write_at(&[1; 4096], 4).unwrap();

        let left: BTreeSet<_> =
            (0..50).map(|seed| disk.after_power_loss(coin(seed)).read("a").unwrap()).collect();
        assert!(left.iter().all(|bytes| bytes.starts_with(b"safe")));
        assert!(left.len() > 10);
        assert_eq!(disk.after_crash().read("a").unwrap().len(), 4100);
    }

    #[test]
    fn a_full_disk_takes_what_fits_and_says_so() {
        let disk = MemoryDisk::default();
        let file = disk.create("a").unwrap();
        disk.set_capacity(Some(6));
        file.write_at(b"1234", 0).unwrap();
        let refused = file.write_at(b"5678", 4).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
        assert_eq!(disk.read("a").unwrap(), b"123456");
    }

    #[test]
    fn once_the_power_is_gone_nothing_is_written_and_nothing_synced() {
        let disk = MemoryDisk::default();
        let file = disk.create("a").unwrap();
        disk.fail_after(1);
        file.write_at(b"1", 0).unwrap();
        assert!(file.sync().is_err() && file.write_at(b"2", 1).is_err());
        assert_eq!(disk.read("a").unwrap(), b"1");
    }
}
