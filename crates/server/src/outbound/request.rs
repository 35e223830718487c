//! A call as the HTTP library wants it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use http_body::{Body, Frame, SizeHint};
use tokio::sync::oneshot;

use super::Call;
use super::failure::Broken;
use super::meter::Meter;

/// Headers that speak of the connection or of the message's frame: ours to set, never a template's.
const OURS: [&str; 9] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "proxy-connection",
    "upgrade",
    "te",
    "trailer",
];

/// What an answer may be packed in unless the template says.
const PACKINGS: HeaderValue = HeaderValue::from_static("gzip, deflate, br");

/// Builds the request for HTTP/1.1.
pub(super) fn http1(call: &Call<'_>, meter: &Arc<Meter>) -> Result<Request<Outgoing>, Broken> {
    let mut request = build(call, call.target.parse(), Outgoing::new(call, meter, None))?;
    let host = HeaderValue::try_from(authority(call)).map_err(|_| unsendable("host", call.host))?;
    request.headers_mut().insert(HOST, host);
    Ok(request)
}

/// Builds the request for HTTP/2, which says on `taken` when its body is on its way.
pub(super) fn http2(
    call: &Call<'_>,
    meter: &Arc<Meter>,
    taken: oneshot::Sender<()>,
) -> Result<Request<Outgoing>, Broken> {
    let scheme = if call.https { "https" } else { "http" };
    let uri = Uri::builder()
        .scheme(scheme)
        .authority(authority(call))
        .path_and_query(call.target)
        .build()
        .map_err(|_| unsendable("target", call.target));
    build(call, uri, Outgoing::new(call, meter, Some(taken)))
}

fn build<E>(call: &Call<'_>, uri: Result<Uri, E>, body: Outgoing) -> Result<Request<Outgoing>, Broken> {
    let mut request = Request::new(body);
    *request.method_mut() =
        Method::from_bytes(call.method.as_bytes()).map_err(|_| unsendable("method", call.method))?;
    *request.uri_mut() = uri.map_err(|_| unsendable("target", call.target))?;
    let headers = request.headers_mut();
    headers.reserve(call.headers.len() + 3);
    for (name, value) in call.headers {
        add(headers, name, value)?;
    }
    if !headers.contains_key(ACCEPT_ENCODING) {
        headers.insert(ACCEPT_ENCODING, PACKINGS);
    }
    let has_body = call.body.as_ref().is_some_and(|body| !body.is_empty());
    // A server may refuse a POST that does not say how long it is, even when it is empty.
    if !has_body && matches!(call.method, "POST" | "PUT" | "PATCH") {
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    Ok(request)
}

fn add(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), Broken> {
    if OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours)) {
        return Ok(());
    }
    let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unsendable("header name", name))?;
    // The value is not shown: it may be a secret.
    let value =
        HeaderValue::from_bytes(value.as_bytes()).map_err(|_| unsendable("value of the header", name))?;
    headers.append(key, value);
    Ok(())
}

fn unsendable(part: &'static str, value: &str) -> Broken {
    Broken::Unsendable { part, value: value.chars().take(64).collect() }
}

/// Host and port as they stand in a URL.
fn authority(call: &Call<'_>) -> String {
    let usual = if call.https { 443 } else { 80 };
    let bare_v6 = call.host.contains(':') && !call.host.starts_with('[');
    let (open, close) = if bare_v6 { ("[", "]") } else { ("", "") };
    if call.port == usual {
        format!("{open}{}{close}", call.host)
    } else {
        format!("{open}{}{close}:{}", call.host, call.port)
    }
}

/// A request's body: one piece, never copied.
pub(super) struct Outgoing {
    data: Option<Bytes>,
    meter: Arc<Meter>,
    taken: Option<oneshot::Sender<()>>,
}

impl Outgoing {
    fn new(call: &Call<'_>, meter: &Arc<Meter>, taken: Option<oneshot::Sender<()>>) -> Self {
        let data = call.body.clone().filter(|body| !body.is_empty());
        Self { data, meter: meter.clone(), taken }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(data) = self.data.take() else { return Poll::Ready(None) };
        self.meter.body_taken();
        if let Some(taken) = self.taken.take() {
            self.meter.count_out(data.len());
            // Nobody waits any more when the attempt is over.
            let _ = taken.send(());
        }
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, Bytes::len) as u64)
    }
}
