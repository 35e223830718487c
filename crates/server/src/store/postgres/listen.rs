//! How the nodes tell each other what they changed: `NOTIFY`, in the transaction that changes it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use tokio_postgres::AsyncMessage;
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::pool::{Messages, Pool, pause, within};
use crate::store::{Elsewhere, Kind, StoreError};

/// The channel; its payload is a JSON array: who tells, the document's kind and its key.
pub(super) const CHANNEL: &str = "fieldhook_directory";
/// Changes told one by one in a transaction; of more it is told that anything may have changed.
pub(super) const MOST_TOLD: usize = 256;
/// Changes that wait for somebody to ask; of more it is told that anything may have changed.
const MOST_WAITING: usize = 4_096;
/// The longest payload of a notification, in bytes; PostgreSQL takes 7,999.
const LONGEST: usize = 7_000;
/// How long to wait before listening again.
const PAUSE: Duration = Duration::from_millis(200);

/// The changes of others that have not been asked for yet.
#[derive(Default)]
pub(super) struct Heard {
    waiting: Mutex<VecDeque<Elsewhere>>,
    more: Notify,
}

impl Heard {
    /// The next of them. For one at a time.
    pub(super) async fn next(&self) -> Elsewhere {
        loop {
            let more = self.more.notified();
            if let Some(change) = self.waiting.lock().pop_front() {
                return change;
            }
            more.await;
        }
    }

    fn add(&self, change: Elsewhere) {
        let mut waiting = self.waiting.lock();
        if change == Elsewhere::Anything || waiting.len() >= MOST_WAITING {
            waiting.clear();
            waiting.push_back(Elsewhere::Anything);
        } else if waiting.back() != Some(&Elsewhere::Anything) && !waiting.contains(&change) {
            waiting.push_back(change);
        }
        drop(waiting);
        self.more.notify_one();
    }
}

/// What is told of a change; `None` for the document means that anything may have changed.
pub(super) fn payload(node: &str, document: Option<(Kind, &str)>) -> String {
    let anything = || serde_json::json!([node]).to_string();
    let Some((kind, key)) = document else { return anything() };
    let told = serde_json::json!([node, kind.as_str(), key]).to_string();
    if told.len() > LONGEST { anything() } else { told }
}

/// What was told, unless this node told it.
fn understood(node: &str, payload: &str) -> Option<Elsewhere> {
    let told: Vec<String> = serde_json::from_str(payload).unwrap_or_default();
    match told.as_slice() {
        [by, ..] if by == node => None,
        [_, kind, key] => {
            Some(Kind::named(kind).map_or(Elsewhere::Anything, |kind| Elsewhere::Document(kind, key.clone())))
        }
        _ => Some(Elsewhere::Anything),
    }
}

/// Listens until it is stopped, and connects again when it must. The first time is over when `ready` is told.
pub(super) async fn listen(
    pool: Arc<Pool>,
    heard: Arc<Heard>,
    node: String,
    ready: oneshot::Sender<Result<(), StoreError>>,
    stop: CancellationToken,
) {
    let mut ready = Some(ready);
    loop {
        let listened = async {
            let (client, messages) = within(pool.listening()).await?;
            let hearing = hear(messages, &heard, &node);
            tokio::pin!(hearing);
            // The connection moves only while its messages are asked for, so both go on at once.
            let asked =
                async { client.batch_execute(&format!("LISTEN {CHANNEL}")).await.map_err(Failure::from) };
            tokio::select! {
                () = &mut hearing => return Err(StoreError::Unavailable("the connection ended".to_owned())),
                asked = within(asked) => asked?,
            }
            match ready.take() {
                Some(ready) => drop(ready.send(Ok(()))),
                // What was changed while nobody listened is not told again.
                None => heard.add(Elsewhere::Anything),
            }
            hearing.await;
            Ok(())
        };
        let ended = tokio::select! {
            () = stop.cancelled() => return,
            ended = listened => ended,
        };
        if let Err(error) = ended {
            if let Some(ready) = ready.take() {
                drop(ready.send(Err(error)));
                return;
            }
            tracing::debug!(%error, "what other nodes change cannot be heard of; trying again");
        } else {
            tracing::warn!(
                "the connection over which changes of other nodes are heard of was lost; listening again"
            );
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = pause(PAUSE) => {}
        }
    }
}

/// Hears until the connection ends.
async fn hear(mut messages: Messages, heard: &Heard, node: &str) {
    while let Some(message) = messages.next().await {
        match message {
            Ok(AsyncMessage::Notification(told)) => {
                if let Some(change) = understood(node, told.payload()) {
                    heard.add(change);
                }
            }
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_understood_by_all_others() {
        let told = payload("a", Some((Kind::CaseLink, "k\"1")));
        assert_eq!(understood("a", &told), None);
        assert_eq!(understood("b", &told), Some(Elsewhere::Document(Kind::CaseLink, "k\"1".to_owned())));
    }

    #[test]
    fn what_is_too_long_or_of_another_version_may_be_anything() {
        let long = "k".repeat(LONGEST);
        for told in [payload("a", None), payload("a", Some((Kind::User, &long))), "gibberish".to_owned()] {
            assert_eq!(understood("b", &told), Some(Elsewhere::Anything), "{told}");
        }
        assert_eq!(understood("b", r#"["a","a kind to come","k"]"#), Some(Elsewhere::Anything));
    }

    #[tokio::test]
    async fn a_change_heard_twice_is_told_once_and_too_many_are_told_as_one() {
        let heard = Heard::default();
        let change = |number: usize| Elsewhere::Document(Kind::Device, number.to_string());
        heard.add(change(1));
        heard.add(change(2));
        heard.add(change(1));
        assert_eq!([heard.next().await, heard.next().await], [change(1), change(2)]);

        (0..=MOST_WAITING).for_each(|number| heard.add(change(number)));
        assert_eq!(heard.next().await, Elsewhere::Anything);
        heard.add(change(7));
        assert_eq!(heard.next().await, change(7));
    }
}
