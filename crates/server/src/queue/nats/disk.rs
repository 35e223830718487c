//! A disk in a stream: what the embedded queue writes to files goes to NATS instead.
//!
//! The stream is a journal of what was done to the files. Each file has a number that never comes again, and its
//! messages the subjects `<number>.w` (bytes at an offset), `<number>.c` (a cut) and `<number>.n` (its name, or
//! that it has none any more); offsets and names stand in headers, so that a start reads headers only. A file
//! that was removed is purged once nobody has it open.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::push::OrderedConfig;
use async_nats::{HeaderMap, HeaderValue};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use parking_lot::Mutex;
use tracing::debug;

use super::journal::{Journal, Sent};
use crate::queue::embedded::disk::{Disk, File, Guard, NOTE};

const AT: &str = "Fieldhook-At";
const NAME: &str = "Fieldhook-Name";
/// Added by the server to a message of which it sends the headers only.
const SIZE: &str = "Nats-Msg-Size";
/// Messages asked for at once.
const AT_ONCE: usize = 64;

/// The files in one stream.
pub(super) struct JetStreamDisk {
    journal: Arc<Journal>,
    contents: Mutex<Contents>,
}

#[derive(Default)]
struct Contents {
    names: BTreeMap<String, Arc<Inode>>,
    /// Removed files that are to be purged.
    condemned: Vec<Arc<Inode>>,
    /// The sequence at which the disk was taken: the first half of new files' numbers.
    taken_at: u64,
    made: u64,
}

/// A file, whatever its name.
struct Inode {
    number: String,
    written: Mutex<Written>,
}

#[derive(Default)]
struct Written {
    /// What is kept, by offset. The queue never writes over what it wrote.
    pieces: BTreeMap<u64, Piece>,
    under_way: Vec<(u64, u64, Sent)>,
    /// Whether nobody knows what of it is kept.
    broken: bool,
}

#[derive(Clone, Copy)]
struct Piece {
    sequence: u64,
    size: u64,
}

impl JetStreamDisk {
    /// The disk that this stream keeps. It is empty until it is locked.
    pub(super) fn on(journal: Arc<Journal>) -> Self {
        Self { journal, contents: Mutex::default() }
    }

    /// Reads the journal up to a sequence.
    fn scan(&self, until: u64) -> io::Result<Contents> {
        let link = self.journal.link();
        let config = OrderedConfig {
            deliver_subject: link.jetstream().client().new_inbox(),
            headers_only: true,
            deliver_policy: DeliverPolicy::All,
            ..OrderedConfig::default()
        };
        let consumer = link.wait(self.journal.stream().create_consumer(config))?.map_err(io::Error::other)?;
        let mut messages = link.wait(consumer.messages())?.map_err(io::Error::other)?;
        let (mut found, mut count) = (Found::default(), 0);
        loop {
            let next = link.wait(messages.next())?;
            let message = next.ok_or_else(|| io::Error::other("the journal ended early"))?;
            let message = message.map_err(io::Error::other)?;
            let sequence = message.info().map_err(io::Error::other)?.stream_sequence;
            if let Some(what) = self.journal.what(&message.subject) {
                found.take(what, message.headers.as_ref(), sequence)?;
            }
            count += 1;
            if sequence < until {
                continue;
            }
            // What a scan misses would be taken for gone.
            let there = self.journal.count()?;
            if count == there {
                return Ok(found.contents(until));
            }
            return Err(io::Error::other(format!("{count} messages of {there} could be read")));
        }
    }

    fn named(&self, name: &str) -> io::Result<Arc<Inode>> {
        self.contents.lock().names.get(name).cloned().ok_or_else(|| not_found(name))
    }

    fn say_name(&self, inode: &Inode, name: &str) -> io::Result<()> {
        let mut headers = HeaderMap::new();
        headers.insert(NAME, name);
        let sent = self.journal.publish(&format!("{}.n", inode.number), headers, Bytes::new())?;
        self.journal.acknowledged(sent).map(|_| ())
    }

    /// Purges removed files that nobody has open. What cannot be purged now is purged with the next.
    fn purge_condemned(&self) {
        let mut contents = self.contents.lock();
        let (idle, open): (Vec<_>, Vec<_>) =
            contents.condemned.drain(..).partition(|inode| Arc::strong_count(inode) == 1);
        contents.condemned = open;
        drop(contents);
        for inode in idle {
            if let Err(error) = self.journal.purge(&inode.number) {
                debug!(%error, "a removed file of the queue is still in its stream");
                self.contents.lock().condemned.push(inode);
            }
        }
    }

    fn file(&self, inode: Arc<Inode>) -> Box<dyn File> {
        Box::new(Handle { inode, journal: Arc::clone(&self.journal) })
    }
}

impl Disk for JetStreamDisk {
    /// Takes the log from whoever wrote to it before.
    fn lock(&self) -> io::Result<Guard> {
        let until = self.journal.fence()?;
        *self.contents.lock() = self.scan(until)?;
        self.purge_condemned();
        Ok(Guard(Box::new(())))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.contents.lock().names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn File>> {
        if name == NOTE {
            return Ok(Box::new(Nowhere));
        }
        let number = {
            let mut contents = self.contents.lock();
            contents.made += 1;
            format!("{}-{}", contents.taken_at, contents.made)
        };
        let inode = Arc::new(Inode { number, written: Mutex::default() });
        self.say_name(&inode, name)?;
        let mut contents = self.contents.lock();
        let displaced = contents.names.insert(name.to_owned(), Arc::clone(&inode));
        contents.condemned.extend(displaced);
        drop(contents);
        Ok(self.file(inode))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn File>> {
        self.named(name).map(|inode| self.file(inode))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let inode = self.named(from)?;
        self.say_name(&inode, to)?;
        let mut contents = self.contents.lock();
        contents.names.remove(from);
        let displaced = contents.names.insert(to.to_owned(), inode);
        contents.condemned.extend(displaced);
        Ok(())
    }

    /// Said first and purged then: a purge that a crash cuts short must not leave half a file.
    fn remove(&self, name: &str) -> io::Result<()> {
        let inode = self.named(name)?;
        self.say_name(&inode, "")?;
        let mut contents = self.contents.lock();
        contents.names.remove(name);
        contents.condemned.push(inode);
        drop(contents);
        self.purge_condemned();
        Ok(())
    }

    /// A name is durable once it is said.
    fn sync_names(&self) -> io::Result<()> {
        Ok(())
    }
}

/// What a scan has found.
#[derive(Default)]
struct Found {
    files: HashMap<String, Written>,
    names: BTreeMap<String, String>,
}

impl Found {
    fn take(&mut self, what: &str, headers: Option<&HeaderMap>, sequence: u64) -> io::Result<()> {
        let Some((number, deed)) = what.split_once('.') else { return Ok(()) };
        let text = |name| headers.and_then(|headers| headers.get(name)).map(HeaderValue::as_str);
        let count = |name| {
            let found = text(name).and_then(|text| text.parse::<u64>().ok());
            found.ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidData, format!("message {sequence} has no {name}"))
            })
        };
        let written = self.files.entry(number.to_owned()).or_default();
        match deed {
            "w" => {
                written.pieces.insert(count(AT)?, Piece { sequence, size: count(SIZE)? });
            }
            "c" => written.cut(count(AT)?),
            "n" => {
                self.names.retain(|_, named| named != number);
                if let Some(name) = text(NAME).filter(|name| !name.is_empty()) {
                    self.names.insert(name.to_owned(), number.to_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn contents(self, taken_at: u64) -> Contents {
        let inode = |(number, written): (String, Written)| {
            let inode = Inode { number: number.clone(), written: Mutex::new(written) };
            (number, Arc::new(inode))
        };
        let mut files: HashMap<_, _> = self.files.into_iter().map(inode).collect();
        let names = self.names.into_iter().filter_map(|(name, number)| Some((name, files.remove(&number)?)));
        let names = names.collect();
        Contents { names, condemned: files.into_values().collect(), taken_at, made: 0 }
    }
}

impl Written {
    fn size(&self) -> u64 {
        self.pieces.last_key_value().map_or(0, |(at, piece)| at + piece.size)
    }

    fn cut(&mut self, size: u64) {
        self.pieces.split_off(&size);
        if let Some(mut last) = self.pieces.last_entry() {
            let at = *last.key();
            let piece = last.get_mut();
            piece.size = piece.size.min(size - at);
        }
    }

    /// The pieces that hold something of this range.
    fn pieces_in(&self, from: u64, to: u64) -> Vec<(u64, Piece)> {
        let first = self.pieces.range(..=from).next_back().map_or(from, |(at, _)| *at);
        let all = self.pieces.range(first..to.max(first)).map(|(at, piece)| (*at, *piece));
        all.filter(|(at, piece)| at + piece.size > from).collect()
    }
}

/// An open file. What it was told to write is read from it once that is acknowledged.
struct Handle {
    inode: Arc<Inode>,
    journal: Arc<Journal>,
}

impl Handle {
    fn send(&self, deed: &str, at: u64, payload: Bytes) -> io::Result<Sent> {
        let mut headers = HeaderMap::new();
        headers.insert(AT, HeaderValue::from(at));
        self.journal.publish(&format!("{}.{deed}", self.inode.number), headers, payload)
    }
}

impl File for Handle {
    fn size(&self) -> io::Result<u64> {
        Ok(self.inode.written.lock().size())
    }

    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        let (end, pieces) = {
            let written = self.inode.written.lock();
            let end = written.size().min(at + bytes.len() as u64);
            (end, written.pieces_in(at, end))
        };
        if end <= at {
            return Ok(0);
        }
        let bytes = &mut bytes[..(end - at) as usize];
        bytes.fill(0);
        let fetch = |(start, piece): (u64, Piece)| async move {
            let payload = self.journal.read(piece.sequence).await?;
            if (payload.len() as u64) < piece.size {
                let why = format!("message {} is shorter than it was", piece.sequence);
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
            Ok((start, payload.slice(..piece.size as usize)))
        };
        let fetched = stream::iter(pieces).map(fetch).buffer_unordered(AT_ONCE).try_collect();
        let fetched: Vec<(u64, Bytes)> = self.journal.link().wait(fetched)??;
        for (start, payload) in fetched {
            let (from, to) = (start.max(at), (start + payload.len() as u64).min(end));
            let part = &payload[(from - start) as usize..(to - start) as usize];
            bytes[(from - at) as usize..(to - at) as usize].copy_from_slice(part);
        }
        Ok(bytes.len())
    }

    /// Sent at once, and acknowledged by the time `sync` returns.
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        let most = (self.journal.link().most_payload() / 2).max(1);
        let mut written = self.inode.written.lock();
        if written.broken {
            return Err(broken());
        }
        let mut at = at;
        for chunk in bytes.chunks(most) {
            match self.send("w", at, Bytes::copy_from_slice(chunk)) {
                Ok(sent) => written.under_way.push((at, chunk.len() as u64, sent)),
                Err(error) => {
                    written.broken = true;
                    return Err(error);
                }
            }
            at += chunk.len() as u64;
        }
        Ok(())
    }

    fn cut(&self, size: u64) -> io::Result<()> {
        self.sync()?;
        let sent = self.send("c", size, Bytes::new())?;
        self.journal.acknowledged(sent)?;
        self.inode.written.lock().cut(size);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut written = self.inode.written.lock();
        if written.broken {
            return Err(broken());
        }
        let under_way = std::mem::take(&mut written.under_way);
        drop(written);
        for (at, size, sent) in under_way {
            let acknowledged = self.journal.acknowledged(sent);
            let mut written = self.inode.written.lock();
            match acknowledged {
                Ok(sequence) => _ = written.pieces.insert(at, Piece { sequence, size }),
                Err(error) => {
                    written.broken = true;
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

/// The note, which is kept nowhere: a stream does not lose what it has acknowledged.
struct Nowhere;

impl File for Nowhere {
    fn size(&self) -> io::Result<u64> {
        Ok(0)
    }

    fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
        Ok(0)
    }

    fn write_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        Ok(())
    }

    fn cut(&self, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

fn broken() -> io::Error {
    io::Error::other("an earlier write failed, and nobody knows how far it came")
}

fn not_found(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, name.to_owned())
}
