//! Where the nodes' document is kept: one subject, of which the last message counts.

use std::io;
use std::sync::Arc;

use async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::stream::{Config, StorageType, Stream};
use async_nats::{HeaderMap, HeaderValue};

use super::journal::removed;
use super::link::Link;
use super::nodes::Nodes;

/// How often a change is tried that others get in the way of.
const TRIES: usize = 30;

/// The document that says which node has which log.
pub(super) struct Registry {
    link: Arc<Link>,
    stream: Stream,
    subject: String,
}

impl Registry {
    /// The one in the stream of this name, made when it is not there.
    pub(super) fn open(link: Arc<Link>, name: &str, subject: String, replicas: usize) -> io::Result<Self> {
        let config = Config {
            name: name.to_owned(),
            subjects: vec![subject.clone()],
            storage: StorageType::File,
            num_replicas: replicas,
            max_messages_per_subject: 1,
            description: Some("Which node has which log of Fieldhook's queue.".to_owned()),
            ..Config::default()
        };
        let made = link.wait(link.jetstream().get_or_create_stream(config))?;
        let stream = made.map_err(io::Error::other)?;
        Ok(Self { link, stream, subject })
    }

    /// Changes the document, and gives back what `change` said of the version that was changed. It is called
    /// again when somebody else was faster.
    pub(super) fn change<T>(&self, mut change: impl FnMut(&mut Nodes) -> T) -> io::Result<T> {
        for _ in 0..TRIES {
            let (before, sequence) = self.read()?;
            let mut after = before.clone();
            let said = change(&mut after);
            if after == before || self.replace(sequence, &after)? {
                return Ok(said);
            }
        }
        Err(io::Error::other("it changes all the time"))
    }

    fn read(&self) -> io::Result<(Nodes, u64)> {
        match self.link.wait(self.stream.get_last_raw_message_by_subject(&self.subject))? {
            Ok(message) => Ok((serde_json::from_slice(&message.payload)?, message.sequence)),
            Err(error) if removed(&error.kind()) => Ok((Nodes::default(), 0)),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    /// Puts another version in the place of the one at `sequence`; `false` when that is not the last any more.
    fn replace(&self, sequence: u64, nodes: &Nodes) -> io::Result<bool> {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, HeaderValue::from(sequence));
        let payload = serde_json::to_vec(nodes)?.into();
        let published = async {
            let subject = self.subject.clone();
            self.link.jetstream().publish_with_headers(subject, headers, payload).await?.await
        };
        match self.link.wait(published)? {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => Ok(false),
            Err(error) => Err(io::Error::other(error)),
        }
    }
}
