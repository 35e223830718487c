//! One log's stream: only ever appended to, by one writer at a time.
//!
//! Each message names the sequence it expects before it, so of two writers one is refused. A writer that is
//! refused looks at what came in between: its own message, whose acknowledgement was lost, is no reason to stop;
//! anybody else's means that the log has been taken over, for good.

use std::error::Error;
use std::future::IntoFuture;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_nats::header::NATS_EXPECTED_LAST_SEQUENCE;
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RawMessageErrorKind, StorageType, Stream};
use async_nats::{HeaderMap, HeaderValue};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use super::link::Link;

/// The header that says who wrote a message.
const WRITER: &str = "Fieldhook-Writer";
/// How often a log that is being written to is tried to be taken.
const TRIES: usize = 50;

/// The stream of one log.
pub(super) struct Journal {
    link: Arc<Link>,
    stream: Stream,
    /// What all its subjects begin with.
    root: String,
    writer: String,
    tail: Mutex<Tail>,
    lost: AtomicBool,
}

/// The end of the stream, as far as it is known.
#[derive(Default)]
struct Tail {
    /// The sequence after which the next message must come; `None` when it must be asked for.
    expected: Option<u64>,
    /// The newest sequence known to be ours.
    known: u64,
}

/// A message that has not been acknowledged yet.
pub(super) struct Sent {
    ack: BoxFuture<'static, Result<PublishAck, PublishError>>,
    since: u64,
}

impl Journal {
    /// The stream of this name, made when it is not there. `writer` must be nobody else's, ever.
    pub(super) fn open(
        link: Arc<Link>,
        name: &str,
        root: String,
        replicas: usize,
        writer: String,
    ) -> io::Result<Self> {
        let config = Config {
            name: name.to_owned(),
            subjects: vec![format!("{root}.>")],
            storage: StorageType::File,
            discard: DiscardPolicy::New,
            num_replicas: replicas,
            allow_direct: true,
            description: Some("A log of Fieldhook's queue. Only Fieldhook may write here.".to_owned()),
            ..Config::default()
        };
        let made = link.wait(link.jetstream().get_or_create_stream(config))?;
        let stream = made.map_err(io::Error::other)?;
        Ok(Self { link, stream, root, writer, tail: Mutex::default(), lost: AtomicBool::default() })
    }

    /// Becomes the one who writes: from now on what an earlier writer appends is refused. Gives back the sequence
    /// up to which the log stands.
    pub(super) fn fence(&self) -> io::Result<u64> {
        let subject = self.subject("fence");
        for _ in 0..TRIES {
            let info = self.link.wait(self.stream.get_info())?.map_err(io::Error::other)?;
            *self.tail.lock() = Tail { expected: Some(info.state.last_sequence), known: 0 };
            let sent = self.publish("fence", HeaderMap::new(), Bytes::new())?;
            match self.link.wait_since(sent.since, sent.ack)? {
                Ok(ack) => {
                    self.tail.lock().known = ack.sequence;
                    let earlier = self.stream.purge().filter(subject).keep(1);
                    self.link.wait(earlier.into_future())?.map_err(io::Error::other)?;
                    return Ok(ack.sequence);
                }
                Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => {}
                Err(error) => return Err(to_io(&error)),
            }
        }
        Err(io::Error::other("somebody writes to it without a pause"))
    }

    /// How many messages it has.
    pub(super) fn count(&self) -> io::Result<u64> {
        let info = self.link.wait(self.stream.get_info())?.map_err(io::Error::other)?;
        Ok(info.state.messages)
    }

    /// Whether somebody else has taken the log over.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// Sends a message after all that was sent before.
    pub(super) fn publish(&self, what: &str, mut headers: HeaderMap, payload: Bytes) -> io::Result<Sent> {
        if self.is_lost() {
            return Err(taken_over());
        }
        let mut tail = self.tail.lock();
        let expected = match tail.expected {
            Some(expected) => expected,
            None => self.find_tail(&mut tail)?,
        };
        headers.insert(NATS_EXPECTED_LAST_SEQUENCE, HeaderValue::from(expected));
        headers.insert(WRITER, self.writer.as_str());
        let since = self.link.losses();
        let subject = self.subject(what);
        let sent = self.link.jetstream().publish_with_headers(subject, headers, payload);
        tail.expected = None;
        let ack = self.link.wait_since(since, sent)?.map_err(|error| to_io(&error))?;
        tail.expected = Some(expected + 1);
        Ok(Sent { ack: ack.into_future(), since })
    }

    /// Waits until a message is kept, and gives back its sequence. After an error nobody knows whether it is.
    pub(super) fn acknowledged(&self, sent: Sent) -> io::Result<u64> {
        let answer = self.link.wait_since(sent.since, sent.ack);
        let mut tail = self.tail.lock();
        match answer {
            Ok(Ok(ack)) => {
                tail.known = tail.known.max(ack.sequence);
                Ok(ack.sequence)
            }
            Ok(Err(error)) => {
                tail.expected = None;
                if error.kind() == PublishErrorKind::WrongLastSequence {
                    // Says so when it was somebody else who wrote.
                    self.find_tail(&mut tail)?;
                }
                Err(to_io(&error))
            }
            Err(error) => {
                tail.expected = None;
                Err(error)
            }
        }
    }

    /// The payload of a message.
    pub(super) async fn read(&self, sequence: u64) -> io::Result<Bytes> {
        // A replica that lags behind may not have it yet; the leader has.
        if let Ok(message) = self.stream.direct_get(sequence).await {
            return Ok(message.payload);
        }
        let message = self.stream.get_raw_message(sequence).await.map_err(io::Error::other)?;
        Ok(message.payload)
    }

    /// Removes all messages whose subjects begin so.
    pub(super) fn purge(&self, what: &str) -> io::Result<()> {
        if self.is_lost() {
            return Err(taken_over());
        }
        let filter = format!("{}.{what}.>", self.root);
        self.link.wait(self.stream.purge().filter(filter).into_future())?.map_err(io::Error::other)?;
        Ok(())
    }

    /// The stream, to be scanned.
    pub(super) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// The connection.
    pub(super) fn link(&self) -> &Link {
        &self.link
    }

    /// What stands in a subject after the part that all have.
    pub(super) fn what<'a>(&self, subject: &'a str) -> Option<&'a str> {
        subject.strip_prefix(self.root.as_str())?.strip_prefix('.')
    }

    fn subject(&self, what: &str) -> String {
        format!("{}.{what}", self.root)
    }

    /// Asks where the stream ends, and makes sure that nobody else has written to it.
    fn find_tail(&self, tail: &mut Tail) -> io::Result<u64> {
        let info = match self.link.wait(self.stream.get_info())? {
            Ok(info) => info,
            Err(error) => {
                let gone = code(&error) == Some(ErrorCode::STREAM_NOT_FOUND);
                return Err(if gone { self.lose() } else { io::Error::other(error) });
            }
        };
        let last = info.state.last_sequence;
        let mut ours = last == tail.known;
        for sequence in tail.known + 1..=last {
            match self.link.wait(self.stream.get_raw_message(sequence))? {
                Ok(message) if message.headers.get(WRITER).is_some_and(|by| by.as_str() == self.writer) => {
                    ours = true;
                }
                Ok(_) => return Err(self.lose()),
                Err(error) if removed(&error.kind()) => {}
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        // What was written and is gone again was not ours: nothing of ours goes before it is acknowledged.
        if !ours {
            return Err(self.lose());
        }
        *tail = Tail { expected: Some(last), known: last };
        Ok(last)
    }

    fn lose(&self) -> io::Error {
        self.lost.store(true, Ordering::Release);
        taken_over()
    }
}

/// Whether there is no such message.
pub(super) fn removed(kind: &RawMessageErrorKind) -> bool {
    match kind {
        RawMessageErrorKind::NoMessageFound => true,
        RawMessageErrorKind::JetStream(why) => why.error_code() == ErrorCode::NO_MESSAGE_FOUND,
        _ => false,
    }
}

fn taken_over() -> io::Error {
    io::Error::other("another node has taken this log over; what it held is in that node's hands")
}

fn to_io(error: &PublishError) -> io::Error {
    let kind = match code(error) {
        Some(
            ErrorCode::ACCOUNT_RESOURCES_EXCEEDED
            | ErrorCode::INSUFFICIENT_RESOURCES
            | ErrorCode::STORAGE_RESOURCES_EXCEEDED
            | ErrorCode::MEMORY_RESOURCES_EXCEEDED
            | ErrorCode::STREAM_STORE_FAILED,
        ) => io::ErrorKind::StorageFull,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error.to_string())
}

/// What JetStream itself said, if that is what went wrong.
fn code(error: &(dyn Error + 'static)) -> Option<ErrorCode> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(why) = error.downcast_ref::<async_nats::jetstream::Error>() {
            return Some(why.error_code());
        }
        cause = error.source();
    }
    None
}
