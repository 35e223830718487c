//! What a test endpoint does with a request: catch it, then answer it well or badly, as it was told.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use bytes::Bytes;
use fieldhook_core::attempt::KeptBody;
use fieldhook_core::wire::tester::{Answer, Fault};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use http_body_util::BodyExt;
use tokio_util::sync::CancellationToken;

use super::super::error::{ApiError, cut};
use super::super::{App, cookie};
use super::content::{Content, Ending, Piecewise, body};
use crate::clock::Nature;
use crate::listener::ConnectionControl;
use crate::tester::{Arrival, BODY_KEPT, kept_body};

/// Most bytes of a request's body that are read.
const MOST_READ: u64 = 64 * 1024 * 1024;
/// The longest that a request's body may take to arrive.
const READ_PATIENCE: Duration = Duration::from_mins(1);
/// Filler that is sent for a fault in the body when there is no body.
const FILLER: u64 = 1_024;
/// What a bomb unpacks to unless told otherwise.
const BOMB: u64 = 64 * 1024 * 1024;

/// The addresses of the endpoints themselves: any method, any path below, no token. To be served beside
/// everything that reads tokens, forms or paths its own way, so that requests are caught as they came.
pub(in super::super) fn capture_routes() -> Router<Arc<App>> {
    Router::new()
        .route("/t/{id}", any(capture))
        .route("/t/{id}/", any(capture))
        .route("/t/{id}/{*below}", any(capture))
}

async fn capture(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (id, path) = place(parts.uri.path());
    if app.tester.endpoint(&id).is_none() {
        let description =
            format!("there is no test endpoint `{}`; it may have been idle for a day", cut(&id));
        return ApiError::not_found("not_found", description).into_response();
    }
    let arrival = Arrival {
        method: parts.method.to_string(),
        path,
        query: parts.uri.query().map(str::to_owned),
        http: version(parts.version).to_owned(),
        headers: pairs(&parts.headers),
        body: read(body, &app.nature).await,
    };
    let Some(chosen) = app.tester.catch(&id, arrival) else {
        return ApiError::not_found("not_found", "the test endpoint is gone").into_response();
    };
    let way = Way {
        nature: app.nature.clone(),
        draining: app.draining.clone(),
        connection: parts.extensions.get::<ConnectionControl>().cloned(),
    };
    way.respond(chosen.answer(), &parts.method).await
}

/// The way back to whoever sent a request.
struct Way {
    nature: Nature,
    draining: CancellationToken,
    connection: Option<ConnectionControl>,
}

impl Way {
    async fn respond(&self, answer: &Answer, method: &Method) -> Response {
        if answer.delay_ms > 0 {
            tokio::select! {
                () = self.nature.clock.sleep(Duration::from_millis(answer.delay_ms.into())) => {}
                () = self.draining.cancelled() => {}
            }
        }
        match answer.fault {
            Fault::Hang => self.hang().await,
            Fault::ResetBefore => {
                self.reset();
                self.hang().await
            }
            _ => self.response(answer, method),
        }
    }

    fn response(&self, answer: &Answer, method: &Method) -> Response {
        let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
        let content = content(answer, status, method);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        for (name, value) in &answer.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
                headers.append(name, value);
            }
        }
        confine(headers);
        if answer.fault == Fault::GzipBomb {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if let Some(length) = content.length() {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        let ending = match answer.fault {
            Fault::CutBody => Ending::Cut,
            Fault::ResetAfter => Ending::Reset(self.connection.clone()),
            _ => Ending::Whole,
        };
        let pieces = Piecewise { drip: answer.drip, nature: self.nature.clone() };
        *response.body_mut() = body(content, ending, pieces);
        response
    }

    /// Waits until the client goes, which ends this task, or the server drains.
    async fn hang(&self) -> Response {
        self.draining.cancelled().await;
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    }

    fn reset(&self) {
        if let Some(connection) = &self.connection {
            connection.reset();
        }
    }
}

/// Keeps an answer that somebody wrote away from the console of whoever opens it, which has the same origin: to
/// browsers the page is of an origin of its own, and it cannot set the session. Other clients notice nothing.
fn confine(headers: &mut HeaderMap) {
    let theirs: Vec<_> = headers.get_all(header::SET_COOKIE).iter().cloned().collect();
    headers.remove(header::SET_COOKIE);
    for value in theirs {
        if !cookie::replaces(&String::from_utf8_lossy(value.as_bytes())) {
            headers.append(header::SET_COOKIE, value);
        }
    }
    headers.append(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
}

/// What the body consists of. Where HTTP knows no body, there is none.
fn content(answer: &Answer, status: StatusCode, method: &Method) -> Content {
    if *method == Method::HEAD || matches!(status.as_u16(), 204 | 205 | 304) {
        return Content::Text(Bytes::new());
    }
    let breaks = matches!(answer.fault, Fault::CutBody | Fault::ResetAfter);
    match (answer.fault, &answer.body, answer.body_bytes) {
        (Fault::EndlessBody, _, _) => Content::Endless,
        (Fault::GzipBomb, _, bytes) => Content::bomb(bytes.unwrap_or(BOMB)),
        (_, Some(text), _) if !(breaks && text.is_empty()) => Content::Text(text.clone().into()),
        (_, None, Some(bytes)) if !(breaks && bytes == 0) => Content::Filler(bytes),
        _ if breaks => Content::Filler(FILLER),
        _ => Content::Text(Bytes::new()),
    }
}

/// The endpoint's id, and the path below it.
fn place(path: &str) -> (String, String) {
    let below = path.strip_prefix("/t/").unwrap_or_default();
    match below.split_once('/') {
        Some((id, rest)) => (id.to_owned(), format!("/{rest}")),
        None => (below.to_owned(), String::new()),
    }
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        _ => "HTTP/1.1",
    }
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |name: &HeaderName, value: &HeaderValue| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        // Whoever opens an endpoint in the browser in which they use the console sends that cookie, too.
        if *name == header::COOKIE { cookie::masked(&text) } else { text }
    };
    headers.iter().map(|(name, value)| (name.to_string(), text(name, value))).collect()
}

/// Reads a body to its end, or as far as patience and limit go, and keeps its beginning.
async fn read(mut body: Body, nature: &Nature) -> KeptBody {
    let mut first = Vec::new();
    let mut bytes = 0;
    let mut patience = nature.clock.sleep(READ_PATIENCE);
    while bytes < MOST_READ {
        let frame = tokio::select! {
            frame = body.frame() => frame,
            () = &mut patience => None,
        };
        let Some(Ok(frame)) = frame else { break };
        let Ok(data) = frame.into_data() else { continue };
        bytes += data.len() as u64;
        let room = BODY_KEPT - first.len();
        first.extend_from_slice(&data[..data.len().min(room)]);
    }
    kept_body(first, bytes)
}

#[cfg(test)]
mod tests {
    use fieldhook_core::time::Timestamp;
    use serde_json::{Value, json};

    use super::*;
    use crate::clock::{ManualClock, SeededLuck};

    fn way() -> (Way, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(0)));
        let nature = Nature { clock: clock.clone(), luck: Arc::new(SeededLuck::new(1)) };
        (Way { nature, draining: CancellationToken::new(), connection: None }, clock)
    }

    fn answer(value: Value) -> Answer {
        serde_json::from_value(value).unwrap()
    }

    async fn text(response: Response) -> Result<String, axum::Error> {
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    #[tokio::test]
    async fn status_headers_and_body_are_as_told() {
        let (way, _) = way();
        let told = answer(json!({"status": 302, "headers": {"Location": "/x", "X-A": "1"}, "body": "gone"}));
        let response = way.respond(&told, &Method::GET).await;
        assert_eq!(response.status(), 302);
        assert_eq!(response.headers()["location"], "/x");
        assert_eq!(response.headers()["content-length"], "4");
        assert_eq!(text(response).await.unwrap(), "gone");
    }

    #[tokio::test]
    async fn a_page_that_somebody_wrote_is_confined_and_leaves_the_session_alone() {
        let (way, _) = way();
        let headers =
            json!({"Set-Cookie": "fieldhook_session=theirs; Path=/", "Content-Security-Policy": "x"});
        let response = way.respond(&answer(json!({"headers": headers})), &Method::GET).await;
        assert_eq!(response.headers().get("set-cookie"), None);
        let policies: Vec<_> = response.headers().get_all("content-security-policy").iter().collect();
        assert_eq!(policies, ["x", "sandbox"]);

        let response = way.respond(&answer(json!({"headers": {"Set-Cookie": "a=1"}})), &Method::GET).await;
        assert_eq!(response.headers()["set-cookie"], "a=1");
    }

    #[tokio::test]
    async fn filler_has_the_length_that_was_asked_for() {
        let (way, _) = way();
        let response = way.respond(&answer(json!({"body_bytes": 100_000})), &Method::POST).await;
        assert_eq!(response.headers()["content-length"], "100000");
        assert_eq!(text(response).await.unwrap().len(), 100_000);
    }

    #[tokio::test]
    async fn an_answer_is_held_back_as_long_as_told() {
        let (way, clock) = way();
        let told = answer(json!({"delay_ms": 500}));
        let mut response = Box::pin(way.respond(&told, &Method::GET));
        assert!(futures_util::poll!(&mut response).is_pending());
        clock.advance(Duration::from_millis(499));
        assert!(futures_util::poll!(&mut response).is_pending());
        clock.advance(Duration::from_millis(1));
        assert_eq!(response.await.status(), 200);
    }

    #[tokio::test]
    async fn a_dripping_body_comes_piece_by_piece() {
        let (way, clock) = way();
        let told = answer(json!({"body": "abcde", "drip": {"bytes": 2, "every_ms": 100}}));
        let mut body = way.respond(&told, &Method::GET).await.into_body();
        let mut piece = async |wait| {
            let mut next = Box::pin(body.frame());
            if wait {
                assert!(futures_util::poll!(&mut next).is_pending());
                clock.advance(Duration::from_millis(100));
            }
            next.await.unwrap().unwrap().into_data().unwrap()
        };
        assert_eq!(piece(false).await, "ab");
        assert_eq!(piece(true).await, "cd");
        assert_eq!(piece(true).await, "e");
    }

    #[tokio::test]
    async fn a_hanging_endpoint_answers_only_when_the_server_drains() {
        let (way, clock) = way();
        let told = answer(json!({"fault": "hang"}));
        let mut response = Box::pin(way.respond(&told, &Method::GET));
        clock.advance(Duration::from_hours(1));
        assert!(futures_util::poll!(&mut response).is_pending());
        way.draining.cancel();
        assert_eq!(response.await.status(), 503);
    }

    #[tokio::test]
    async fn a_cut_body_announces_more_than_it_sends() {
        let (way, _) = way();
        for fault in ["cut_body", "reset_after"] {
            let response =
                way.respond(&answer(json!({"body": "0123456789", "fault": fault})), &Method::GET).await;
            assert_eq!(response.headers()["content-length"], "10");
            let mut body = response.into_body();
            assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "01234");
            assert!(body.frame().await.unwrap().is_err(), "{fault}");
        }
    }

    #[tokio::test]
    async fn a_bomb_is_small_on_the_wire() {
        let (way, _) = way();
        let told = answer(json!({"fault": "gzip_bomb", "body_bytes": 1_000_000}));
        let response = way.respond(&told, &Method::GET).await;
        assert_eq!(response.headers()["content-encoding"], "gzip");
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert_eq!(bytes[..2], [0x1f, 0x8b]);
        assert!(bytes.len() < 4_000, "{}", bytes.len());
    }

    #[tokio::test]
    async fn a_head_request_gets_no_body() {
        let (way, _) = way();
        let response = way.respond(&answer(json!({"body": "x"})), &Method::HEAD).await;
        assert_eq!(text(response).await.unwrap(), "");
    }

    #[tokio::test]
    async fn a_large_body_is_kept_in_part_and_counted_whole() {
        let (way, _) = way();
        let kept = read(Body::from(vec![b'x'; BODY_KEPT + 10]), &way.nature).await;
        assert_eq!((kept.text.len(), kept.bytes, kept.cut), (BODY_KEPT, BODY_KEPT as u64 + 10, true));
    }

    #[test]
    fn the_path_below_an_endpoint_is_told_apart_from_its_id() {
        let split = |path| {
            let (id, below) = place(path);
            format!("{id} {below}")
        };
        assert_eq!(split("/t/abc"), "abc ");
        assert_eq!(split("/t/abc/"), "abc /");
        assert_eq!(split("/t/abc/x%2Fy/z"), "abc /x%2Fy/z");
    }
}
