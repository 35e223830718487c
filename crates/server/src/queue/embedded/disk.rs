//! What the queue asks of a disk, and the disk of the machine.

use std::fs::{File as StdFile, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::{fs, process};

/// A directory of files that only one queue uses.
///
/// What was written is safe from a crash of the process at once, and from a loss of power only after `sync`;
/// names made, changed or removed only after `sync_names`.
pub trait Disk: Send + Sync {
    /// Takes the directory for this process until the guard is dropped; `WouldBlock` when another has it.
    fn lock(&self) -> io::Result<Guard>;
    /// The names of its files.
    fn names(&self) -> io::Result<Vec<String>>;
    /// Makes an empty file, in place of one of that name if there is one.
    fn create(&self, name: &str) -> io::Result<Box<dyn File>>;
    /// Opens a file that is there, to read.
    fn open(&self, name: &str) -> io::Result<Box<dyn File>>;
    /// Gives a file another name, in place of one of that name if there is one.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file; who has it open may still read it.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes the names durable.
    fn sync_names(&self) -> io::Result<()>;
}

/// One file.
pub trait File: Send + Sync {
    /// Bytes it has.
    fn size(&self) -> io::Result<u64>;
    /// Reads from `at` until `bytes` is full or the file ends; says how many it read.
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<usize>;
    /// Writes all of `bytes` at `at`. After an error any part of them may stand there.
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()>;
    /// Cuts it to this size.
    fn cut(&self, size: u64) -> io::Result<()>;
    /// Makes what was written durable. After an error nobody knows what of it is, and asking again will not
    /// tell: the system may have dropped the pages.
    fn sync(&self) -> io::Result<()>;
}

/// Keeps a directory for this process while it lives.
pub struct Guard(pub Box<dyn Send + Sync>);

/// The file in which a running process notes that the directory is taken, and its number.
pub const LOCK: &str = "lock";

/// The file that says how far the log was durable. It is written after every sync and never synced; a disk that
/// loses nothing silently may as well not keep it.
pub const NOTE: &str = "synced";

/// A directory of the machine.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// The directory at `path`, made when it is not there.
    pub fn at(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        fs::create_dir_all(&path)?;
        Ok(Self { path })
    }
}

impl Disk for Directory {
    fn lock(&self) -> io::Result<Guard> {
        let path = self.path.join(LOCK);
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0)?;
                write!(file, "{}", process::id())?;
                Ok(Guard(Box::new(file)))
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Who it is helps, and is not worth failing differently for.
                let _ = file.read_to_string(&mut holder);
                Err(io::Error::new(io::ErrorKind::WouldBlock, holder))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            names.extend(entry?.file_name().into_string().ok());
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn File>> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(true).open(self.path.join(name))?;
        Ok(Box::new(file))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn File>> {
        Ok(Box::new(StdFile::open(self.path.join(name))?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync_names(&self) -> io::Result<()> {
        StdFile::open(&self.path)?.sync_all()
    }
}

impl File for StdFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        let mut done = 0;
        while done < bytes.len() {
            match FileExt::read_at(self, &mut bytes[done..], at + done as u64) {
                Ok(0) => break,
                Ok(more) => done += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.write_all_at(bytes, at)
    }

    fn cut(&self, size: u64) -> io::Result<()> {
        self.set_len(size)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
