//! The way to the server: JSON out and in, its errors in its own words, its lists page by page, its streams.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::path::Path;
use crate::sse::{Decoder, SseEvent};

/// How long a call may take: a test of an integration waits for an endpoint that has 20 seconds.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a connection may take.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// The server writes a sign of life every 9 seconds; a stream silent for longer than this is dead.
const SILENCE: Duration = Duration::from_secs(30);
/// Rows asked for at once.
const PAGE: usize = 1_000;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// Nobody answers there.
    #[error("cannot reach the server at {url}: {cause}")]
    Unreachable {
        /// The server.
        url: String,
        /// Why.
        cause: String,
    },
    /// The address of the server makes no sense.
    #[error("`{url}` is no server address: {cause}")]
    BadUrl {
        /// What was given.
        url: String,
        /// Why.
        cause: String,
    },
    /// No token, or one that is not taken.
    #[error("not logged in at {url}: {said}")]
    NotLoggedIn {
        /// The server.
        url: String,
        /// Its sentence.
        said: String,
    },
    /// The server says no.
    #[error("{description}{}", listed(findings))]
    Refused {
        /// The status.
        status: u16,
        /// A word for programs.
        error: String,
        /// The server's sentence.
        description: String,
        /// What it found wrong, one by one, where that is more than one thing.
        findings: Vec<String>,
    },
    /// What came back is not what Fieldhook answers.
    #[error("{url} answered {status} with something that is not JSON; is a Fieldhook server there?")]
    NotFieldhook {
        /// What was asked.
        url: String,
        /// The status.
        status: u16,
    },
    /// What came back lacks what it must have.
    #[error("the server's answer does not fit this version of the command: {0}")]
    Unreadable(#[from] serde_json::Error),
}

impl ClientError {
    /// What to do about it, where that is known.
    pub(crate) fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::Unreachable { .. } => {
                "start it with `fieldhook serve`, or name another with --url or FIELDHOOK_URL".to_owned()
            }
            Self::BadUrl { .. } => "write it as http://host:port".to_owned(),
            Self::NotLoggedIn { url, .. } => {
                format!("run `fieldhook login --url {url}`, or pass --token or FIELDHOOK_TOKEN")
            }
            Self::Refused { status: 429, .. } => "wait, then try again".to_owned(),
            Self::Unreadable(_) => "use the `fieldhook` of the server's own version".to_owned(),
            Self::Refused { .. } | Self::NotFieldhook { .. } => return None,
        })
    }
}

fn listed(findings: &[String]) -> String {
    findings.iter().flat_map(|finding| ["\n  - ", finding]).collect()
}

/// A login as the server grants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    /// Who.
    pub(crate) username: String,
    /// Their password.
    pub(crate) password: String,
    /// Seconds the token shall live; 0 for ever.
    pub(crate) expires_in: u64,
}

/// A caller of one server.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
}

impl Client {
    /// A caller of the server at `url`, with or without a token.
    pub(crate) fn new(url: &str, token: Option<String>) -> Result<Self, ClientError> {
        let url = url.trim_end_matches('/').to_owned();
        let bad = |cause: String| ClientError::BadUrl { url: url.clone(), cause };
        let parsed = url::Url::parse(&url).map_err(|error| bad(error.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(bad(format!("`{}` is neither http nor https", parsed.scheme())));
        }
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_PATIENCE)
            .read_timeout(PATIENCE)
            .user_agent(concat!("fieldhook-cli/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ClientError::Unreachable { url: url.clone(), cause: innermost(&error) })?;
        Ok(Self { http, url, token })
    }

    /// The server.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The same caller as somebody else.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Reads.
    pub(crate) async fn get(&self, path: &Path) -> Result<Value, ClientError> {
        self.call(Method::GET, path, None).await
    }

    /// Reads as `T`.
    pub(crate) async fn read<T: DeserializeOwned>(&self, path: &Path) -> Result<T, ClientError> {
        Ok(serde_json::from_value(self.get(path).await?)?)
    }

    /// Creates, or does.
    pub(crate) async fn post(&self, path: &Path, body: &Value) -> Result<Value, ClientError> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Replaces.
    pub(crate) async fn put(&self, path: &Path, body: &Value) -> Result<Value, ClientError> {
        self.call(Method::PUT, path, Some(body)).await
    }

    /// Deletes.
    pub(crate) async fn delete(&self, path: &Path) -> Result<Value, ClientError> {
        self.call(Method::DELETE, path, None).await
    }

    /// Deletes, saying more about it.
    pub(crate) async fn delete_with(&self, path: &Path, body: &Value) -> Result<Value, ClientError> {
        self.call(Method::DELETE, path, Some(body)).await
    }

    /// Publishes as whoever this caller is.
    pub(crate) async fn publish(
        &self,
        path: &Path,
        body: &Value,
        idempotency_key: Option<&str>,
    ) -> Result<Value, ClientError> {
        let mut request = self.request(Method::POST, path).json(body);
        if let Some(key) = idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        self.answer(path, request).await
    }

    /// Asks for a token; gives the server's whole answer.
    pub(crate) async fn log_in(&self, login: &Login) -> Result<Value, ClientError> {
        let form = [
            ("grant_type", "password"),
            ("client_id", "particle-cli"),
            ("client_secret", "particle-cli"),
            ("username", &login.username),
            ("password", &login.password),
            ("expires_in", &login.expires_in.to_string()),
        ];
        let path = Path::of(&["oauth", "token"]);
        self.answer(&path, self.http.post(format!("{}{path}", self.url)).form(&form)).await
    }

    /// The first `most` rows of a list that comes in pages, as one page.
    pub(crate) async fn rows(&self, path: &Path, most: usize) -> Result<Value, ClientError> {
        let mut rows = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let limit = PAGE.min(most - rows.len());
            let mut page = self.get(&path.clone().query("limit", limit).maybe("cursor", cursor)).await?;
            cursor = page["next"].as_str().map(str::to_owned);
            if let Some(items) = page["items"].as_array_mut() {
                rows.append(items);
            }
            if cursor.is_none() || rows.len() >= most {
                return Ok(json!({ "items": rows, "next": cursor }));
            }
        }
    }

    /// Opens an event stream. It ends when the server ends it, or when it has been silent for too long.
    pub(crate) async fn stream(&self, path: &Path) -> Result<Events, ClientError> {
        let request = self.request(Method::GET, path).header("Accept", "text/event-stream");
        let response = self.send(request).await?;
        if !response.status().is_success() {
            return Err(self.refusal(path, response).await);
        }
        Ok(Events {
            url: self.url.clone(),
            bytes: response.bytes_stream().boxed(),
            decoder: Decoder::default(),
            ready: Vec::new().into_iter(),
        })
    }

    async fn call(&self, method: Method, path: &Path, body: Option<&Value>) -> Result<Value, ClientError> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.answer(path, request).await
    }

    fn request(&self, method: Method, path: &Path) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn answer(&self, path: &Path, request: reqwest::RequestBuilder) -> Result<Value, ClientError> {
        let response = self.send(request).await?;
        let status = response.status();
        if status == StatusCode::NO_CONTENT {
            return Ok(json!({ "ok": true }));
        }
        if !status.is_success() {
            return Err(self.refusal(path, response).await);
        }
        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        serde_json::from_slice(&bytes).map_err(|_| self.not_fieldhook(path, status))
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<reqwest::Response, ClientError> {
        request.send().await.map_err(|error| self.unreachable(&error))
    }

    async fn refusal(&self, path: &Path, response: reqwest::Response) -> ClientError {
        let status = response.status();
        let bytes = response.bytes().await.unwrap_or_default();
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(body) if body.is_object() => self.read_refusal(status.as_u16(), &body),
            _ => self.not_fieldhook(path, status),
        }
    }

    fn read_refusal(&self, status: u16, body: &Value) -> ClientError {
        let error = body["error"].as_str().unwrap_or("error").to_owned();
        let description = body["error_description"].as_str().unwrap_or(&error).to_owned();
        if status == 401 {
            return ClientError::NotLoggedIn { url: self.url.clone(), said: description };
        }
        let findings = body["findings"].as_array().filter(|findings| findings.len() > 1);
        let findings = findings.into_iter().flatten().filter_map(|finding| finding["message"].as_str());
        let findings = findings.map(str::to_owned).collect();
        ClientError::Refused { status, error, description, findings }
    }

    fn unreachable(&self, error: &reqwest::Error) -> ClientError {
        ClientError::Unreachable { url: self.url.clone(), cause: innermost(error) }
    }

    fn not_fieldhook(&self, path: &Path, status: StatusCode) -> ClientError {
        ClientError::NotFieldhook { url: format!("{}{path}", self.url), status: status.as_u16() }
    }
}

/// The cause at the bottom: what the system said, without the layers above it.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}

/// An open event stream.
pub(crate) struct Events {
    url: String,
    bytes: BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    decoder: Decoder,
    ready: std::vec::IntoIter<SseEvent>,
}

impl Events {
    /// The next event; none when the stream has ended.
    pub(crate) async fn next(
        &mut self,
        clock: &dyn fieldhook_server::clock::Clock,
    ) -> Result<Option<SseEvent>, ClientError> {
        loop {
            if let Some(event) = self.ready.next() {
                return Ok(Some(event));
            }
            let bytes = tokio::select! {
                bytes = self.bytes.next() => bytes,
                () = clock.sleep(SILENCE) => None,
            };
            match bytes {
                None => return Ok(None),
                Some(Ok(bytes)) => self.ready = self.decoder.push(&bytes).into_iter(),
                Some(Err(error)) => {
                    return Err(ClientError::Unreachable { url: self.url.clone(), cause: innermost(&error) });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::new("http://127.0.0.1:9/", None).unwrap()
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_own_words() {
        let body = json!({"error": "invalid_request", "error_description": "the name is 65 bytes, over 64"});
        let error = client().read_refusal(400, &body);
        assert_eq!(error.to_string(), "the name is 65 bytes, over 64");
        assert!(error.remedy().is_none());
    }

    #[test]
    fn several_findings_are_listed_one_by_one() {
        let findings = json!([{"message": "no event"}, {"message": "no url"}]);
        let body = json!({"error": "x", "error_description": "two things are wrong", "findings": findings});
        let error = client().read_refusal(400, &body);
        assert_eq!(error.to_string(), "two things are wrong\n  - no event\n  - no url");
    }

    #[test]
    fn a_missing_login_says_how_to_log_in() {
        let body = json!({"error": "invalid_token", "error_description": "the token has ended"});
        let error = client().read_refusal(401, &body);
        assert!(matches!(error, ClientError::NotLoggedIn { .. }));
        assert!(error.remedy().unwrap().contains("fieldhook login --url http://127.0.0.1:9"));
    }

    #[test]
    fn an_address_without_http_is_refused_by_name() {
        let error = Client::new("localhost:8080", None).unwrap_err();
        assert!(error.to_string().contains("localhost:8080"), "{error}");
    }
}
