//! A server that webhooks call. It answers by a script, and keeps what it was sent.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// One answer of a script.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scripted {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    hangs: bool,
}

/// An answer with this status.
pub(crate) fn reply(status: u16) -> Scripted {
    Scripted { status, ..Scripted::default() }
}

impl Scripted {
    pub(crate) fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn retry_after(self, wait: Duration) -> Self {
        self.header("retry-after", &wait.as_secs().to_string())
    }

    /// Never comes.
    pub(crate) fn hangs(self) -> Self {
        Self { hangs: true, ..self }
    }
}

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    /// A header's value, empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

struct Script {
    answers: Mutex<VecDeque<Scripted>>,
    seen: Mutex<Vec<Seen>>,
    taken: Mutex<usize>,
    came: Notify,
}

/// A running endpoint; it ends when dropped.
pub(crate) struct Endpoint {
    pub(crate) url: String,
    script: Arc<Script>,
    serving: JoinHandle<()>,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Endpoint {
    pub(super) async fn start(answers: VecDeque<Scripted>) -> Self {
        assert!(!answers.is_empty(), "a script needs at least one answer");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new(Script {
            answers: Mutex::new(answers),
            seen: Mutex::default(),
            taken: Mutex::default(),
            came: Notify::new(),
        });
        let app = axum::Router::new().fallback(answer).with_state(script.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, script, serving }
    }

    /// How many requests have come.
    pub(crate) fn hits(&self) -> usize {
        self.script.seen.lock().len()
    }

    /// The next request that this method has not returned yet; waits for it.
    pub(crate) async fn next(&self) -> Seen {
        loop {
            let came = self.script.came.notified();
            tokio::pin!(came);
            came.as_mut().enable();
            {
                let mut taken = self.script.taken.lock();
                if let Some(seen) = self.script.seen.lock().get(*taken) {
                    *taken += 1;
                    return seen.clone();
                }
            }
            came.await;
        }
    }

    /// Every request that has come.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.script.seen.lock().clone()
    }
}

async fn answer(State(script): State<Arc<Script>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    script.seen.lock().push(Seen {
        method: parts.method.to_string(),
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    let answer = {
        let mut answers = script.answers.lock();
        let next = answers.front().cloned().unwrap();
        if answers.len() > 1 {
            answers.pop_front();
        }
        next
    };
    script.came.notify_waiters();
    if answer.hangs {
        std::future::pending::<()>().await;
    }
    let response = Response::builder().status(answer.status);
    let response =
        answer.headers.iter().fold(response, |response, (name, value)| response.header(name, value));
    response.body(Body::from(answer.body)).unwrap()
}
