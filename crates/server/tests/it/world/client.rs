//! Whoever visits the server: a person, a device, or somebody without a token.

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use serde_json::Value;

/// Somebody with a token, or without.
#[derive(Clone)]
pub(crate) struct Visitor {
    pub(crate) base: String,
    pub(crate) token: Option<String>,
    http: reqwest::Client,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
    /// The body as JSON; null when it is none.
    pub(crate) json: Value,
}

impl Reply {
    /// The body, of an answer with this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "the answer was {}", self.text);
        self.json
    }

    /// The sentence of an error with this status.
    #[track_caller]
    pub(crate) fn refusal(self, status: u16) -> String {
        self.expect(status)["error_description"].as_str().expect("every error has a description").to_owned()
    }

    /// A header's value, empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Visitor {
    pub(crate) fn new(base: String, token: Option<String>) -> Self {
        // The provider can be installed once per process; whoever comes second finds it there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { base, token, http }
    }

    /// The same server, seen by whoever holds this token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Logs in as particle-cli does.
    pub(crate) async fn log_in(&self, username: &str, password: &str) -> Self {
        let form = [
            ("username", username),
            ("password", password),
            ("grant_type", "password"),
            ("client_id", "particle-cli"),
            ("client_secret", "particle-cli"),
        ];
        let request = self.http.post(format!("{}/oauth/token", self.base)).form(&form);
        let token = read(request).await.expect(200)["access_token"].as_str().unwrap().to_owned();
        self.with_token(&token)
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        read(self.request(reqwest::Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        read(self.request(reqwest::Method::POST, path).json(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        read(self.request(reqwest::Method::PUT, path).json(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        read(self.request(reqwest::Method::DELETE, path)).await
    }

    /// A request to be finished by the test; `send` sends it.
    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends what [`Visitor::request`] began.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        read(request).await
    }

    /// Opens an event stream, and returns when it has said `:ok`.
    pub(crate) async fn stream(&self, path: &str) -> Stream {
        Self::open(self.request(reqwest::Method::GET, path)).await
    }

    /// The same for somebody with a browser.
    pub(crate) async fn stream_with_cookie(&self, path: &str, cookie: &str) -> Stream {
        Self::open(self.request(reqwest::Method::GET, path).header("cookie", cookie)).await
    }

    async fn open(request: reqwest::RequestBuilder) -> Stream {
        let response = request.header("accept", "text/event-stream").send().await.unwrap();
        assert_eq!(response.status(), 200, "the stream {} was refused", response.url());
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut stream = Stream { bytes: response.bytes_stream().boxed(), come: String::new() };
        assert_eq!(stream.block().await.as_deref(), Some(":ok"));
        stream
    }
}

async fn read(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let json = serde_json::from_str(&text).unwrap_or(Value::Null);
    Reply { status, headers, text, json }
}

/// An open event stream.
pub(crate) struct Stream {
    bytes: BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    come: String,
}

/// One server-sent event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SseEvent {
    pub(crate) name: String,
    pub(crate) json: Value,
}

impl Stream {
    /// The next event; waits for it.
    pub(crate) async fn next(&mut self) -> SseEvent {
        self.next_or_end().await.expect("the stream ended before the event came")
    }

    /// The next event, or none when the stream has ended.
    pub(crate) async fn next_or_end(&mut self) -> Option<SseEvent> {
        loop {
            let block = self.block().await?;
            let field =
                |key: &str| block.lines().find_map(|line| line.strip_prefix(key)).map(str::trim_start);
            if let (Some(name), Some(data)) = (field("event:"), field("data:")) {
                return Some(SseEvent { name: name.to_owned(), json: serde_json::from_str(data).unwrap() });
            }
        }
    }

    /// The bytes of the next chunk, as they came.
    pub(crate) async fn chunk(&mut self) -> Option<bytes::Bytes> {
        self.bytes.next().await.map(|chunk| chunk.unwrap())
    }

    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.come.split_once("\n\n") {
                let (block, rest) = (block.trim_start_matches('\n').to_owned(), rest.to_owned());
                self.come = rest;
                if block.is_empty() {
                    continue;
                }
                return Some(block);
            }
            let chunk = self.bytes.next().await?.ok()?;
            self.come.push_str(std::str::from_utf8(&chunk).expect("a frame is written in one piece"));
        }
    }
}
