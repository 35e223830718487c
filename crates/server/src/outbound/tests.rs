//! The client against scripted servers on real sockets; time is driven by hand.

mod hostile;
mod reach;
mod reuse;
mod secure;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use bytes::Bytes;
use fieldhook_core::attempt::{Code, Phase};
use fieldhook_core::time::Timestamp;
use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::*;
use crate::clock::{ManualClock, SeededLuck};

/// A client that may reach this machine, with a clock and a resolver to drive it by.
struct Bench {
    client: Outbound,
    clock: Arc<ManualClock>,
    names: Arc<ScriptedResolver>,
}

impl Bench {
    fn new() -> Self {
        Self::with(Setup { allow: nets(&["127.0.0.0/8", "::1/128"]), ..Setup::default() })
    }

    fn with(setup: Setup) -> Self {
        let clock = Arc::new(ManualClock::at("2026-06-01".parse::<Timestamp>().unwrap()));
        let names = Arc::new(ScriptedResolver::new());
        let nature = Nature { clock: clock.clone(), luck: Arc::new(SeededLuck::new(1)) };
        let setup = Setup { resolver: Some(names.clone()), ..setup };
        Self { client: Outbound::with(setup, nature).unwrap(), clock, names }
    }

    async fn get(&self, server: SocketAddr) -> Sent {
        self.client.send(get(server)).await
    }

    /// Sends, and lets the deadline strike once `server_is_done` says that nothing more will come.
    async fn send_until_the_deadline(&self, call: Call<'_>, server_is_done: &Notify) -> Sent {
        let strike = async {
            server_is_done.notified().await;
            settle().await;
            self.clock.advance(Duration::from_secs(20));
        };
        tokio::join!(self.client.send(call), strike).0
    }
}

fn nets(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// A GET of `/` at `server`.
fn get<'a>(server: SocketAddr) -> Call<'a> {
    Call {
        pool: PoolKey(format!("user:1 {server}").into()),
        https: false,
        host: Box::leak(server.ip().to_string().into_boxed_str()),
        port: server.port(),
        method: "GET",
        target: "/",
        headers: &[],
        body: None,
        verify_tls: true,
        keep_alive: true,
        on_written: None,
    }
}

/// Lets everything happen that can happen now: one thread runs all tasks and the sockets in turns.
async fn settle() {
    for _ in 0..512 {
        tokio::task::yield_now().await;
    }
}

/// Serves each connection with `serve`, which also learns how many came before it.
async fn server<F, Fut>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream, usize) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut number = 0;
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, number));
            number += 1;
        }
    });
    address
}

/// Answers the first request of each connection with `answer`, and closes it.
async fn answering(answer: impl Into<Bytes>) -> SocketAddr {
    let answer = answer.into();
    server(move |mut stream, _| {
        let answer = answer.clone();
        async move {
            request(&mut stream).await;
            // A client that has heard enough hangs up.
            let _ = stream.write_all(&answer).await;
        }
    })
    .await
}

/// Answers the first request of each connection with `answer`, says so, and keeps quiet from then on.
async fn stalling(answer: &'static [u8]) -> (SocketAddr, Arc<Notify>) {
    let done = Arc::new(Notify::new());
    let says = done.clone();
    let address = server(move |mut stream, _| {
        let says = says.clone();
        async move {
            request(&mut stream).await;
            stream.write_all(answer).await.unwrap();
            says.notify_one();
            std::future::pending::<()>().await;
        }
    })
    .await;
    (address, done)
}

/// Reads one request, body included; what was read when the client hung up first.
async fn request<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text.into_owned();
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return String::from_utf8_lossy(&bytes).into_owned();
        }
    }
}

fn failed(sent: Sent) -> Failure {
    let failure = sent.result.expect_err("the attempt should have failed");
    assert!(failure.message.starts_with(failure.phase.as_str()), "{}", failure.message);
    failure
}

#[tokio::test]
async fn a_request_goes_out_as_called_and_the_answer_comes_back_whole() {
    let seen = Arc::new(parking_lot::Mutex::new(String::new()));
    let notes = seen.clone();
    let server = server(move |mut stream, _| {
        let notes = notes.clone();
        async move {
            *notes.lock() = request(&mut stream).await;
            let answer =
                b"HTTP/1.1 201 Created\r\nX-Twice: a\r\nX-Twice: b\r\nContent-Length: 5\r\n\r\nhello";
            stream.write_all(answer).await.unwrap();
        }
    })
    .await;
    let bench = Bench::new();
    let headers =
        [("X-Key", "k"), ("Host", "forged"), ("Content-Length", "9"), ("Transfer-Encoding", "chunked")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut told = 0;
    let mut on_written = || told += 1;

    let sent = bench
        .client
        .send(Call {
            method: "POST",
            target: "/a/b?c=d",
            headers: &headers,
            body: Some(Bytes::from_static(b"{}")),
            on_written: Some(&mut on_written),
            ..get(server)
        })
        .await;

    let expected = format!(
        "POST /a/b?c=d HTTP/1.1\r\nx-key: k\r\naccept-encoding: gzip, deflate, br\r\nhost: {server}\r\n\
         content-length: 2\r\n\r\n{{}}"
    );
    assert_eq!(*seen.lock(), expected);
    assert_eq!((told, sent.written), (1, true));
    assert_eq!(sent.network.bytes_out, expected.len() as u64);
    assert_eq!(sent.network.address.as_deref(), Some(server.to_string().as_str()));
    assert_eq!(sent.network.http.as_deref(), Some("HTTP/1.1"));
    let answer = sent.result.unwrap();
    assert_eq!(
        (answer.status, &answer.body[..], answer.body_bytes, answer.cut),
        (201, &b"hello"[..], 5, false)
    );
    let twice: Vec<&str> = answer
        .headers
        .iter()
        .filter(|(name, _)| name == "x-twice")
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(twice, ["a", "b"]);
}

#[tokio::test]
async fn phases_that_happened_are_timed_and_others_are_absent() {
    let (server, done) = stalling(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n1").await;
    let bench = Bench::new();
    bench.names.answer("hook.test", Ok(vec![server.ip()]));

    let sent = bench.send_until_the_deadline(Call { host: "hook.test", ..get(server) }, &done).await;

    let timings = sent.timings;
    assert_eq!((timings.resolve_us, timings.connect_us, timings.tls_us), (Some(0), Some(0), None));
    assert_eq!((timings.send_us, timings.wait_us), (Some(0), Some(0)));
    assert_eq!((timings.receive_us, timings.total_us), (Some(20_000_000), 20_000_000));
    assert_eq!(sent.network.addresses, ["127.0.0.1"]);
}

#[tokio::test]
async fn a_post_without_a_body_says_so_and_a_get_says_nothing() {
    let server = server(|mut stream, _| async move {
        let request = request(&mut stream).await;
        let status = if request.contains("content-length: 0\r\n") { 200 } else { 411 };
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let bench = Bench::new();
    let post = bench.client.send(Call { method: "POST", ..get(server) }).await;
    assert_eq!(post.result.unwrap().status, 200);
    assert_eq!(bench.get(server).await.result.unwrap().status, 411);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let server =
        answering("HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n")
            .await;
    let answer = Bench::new().get(server).await.result.unwrap();
    assert_eq!(answer.status, 302);
    assert!(answer.headers.contains(&("location".to_owned(), "http://169.254.169.254/".to_owned())));
}

#[tokio::test]
async fn packed_bodies_are_unpacked() {
    let text = "packed ".repeat(1000);
    for packing in ["gzip", "deflate", "raw deflate", "br"] {
        let packed = pack(packing, text.as_bytes()).await;
        let name = packing.trim_start_matches("raw ");
        let mut answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: {name}\r\nContent-Length: {}\r\n\r\n",
            packed.len()
        )
        .into_bytes();
        answer.extend(packed);
        let answer = Bench::new().get(answering(answer).await).await.result.unwrap();
        assert_eq!(answer.body, text, "{packing}");
        assert_eq!((answer.body_bytes, answer.cut), (7000, false));
    }
}

#[tokio::test]
async fn an_empty_answer_may_name_a_packing() {
    let server = answering("HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n").await;
    assert_eq!(Bench::new().get(server).await.result.unwrap().status, 204);
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_whole_and_one_byte_more_is_cut() {
    let limit = Limits::default().answer_bytes;
    for (size, cut) in [(limit - 1, false), (limit, false), (limit + 1, true)] {
        for packing in ["", "gzip"] {
            let plain = vec![b'x'; size];
            let body = if packing.is_empty() { plain } else { pack(packing, &plain).await };
            let mut answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Encoding: {packing}\r\nContent-Length: {}\r\n\r\n",
                body.len()
            )
            .into_bytes();
            answer.extend(body);
            let answer = Bench::new().get(answering(answer).await).await.result.unwrap();
            assert_eq!((answer.body.len(), answer.cut), (size.min(limit), cut), "{size} {packing}");
        }
    }
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_a_render_error_and_its_value_is_not_shown() {
    let headers = [("X-Key".to_owned(), "a\r\nsecret".to_owned())];
    let server = answering("").await;
    let failure = failed(Bench::new().client.send(Call { headers: &headers, ..get(server) }).await);
    assert_eq!(failure.code, Code::Render);
    assert!(failure.message.contains("X-Key") && !failure.message.contains("secret"), "{}", failure.message);
}

async fn pack(packing: &str, plain: &[u8]) -> Vec<u8> {
    use async_compression::tokio::write::{BrotliEncoder, DeflateEncoder, GzipEncoder, ZlibEncoder};
    macro_rules! through {
        ($encoder:ident) => {{
            let mut encoder = $encoder::new(Vec::new());
            encoder.write_all(plain).await.unwrap();
            encoder.shutdown().await.unwrap();
            encoder.into_inner()
        }};
    }
    match packing {
        "gzip" => through!(GzipEncoder),
        "deflate" => through!(ZlibEncoder),
        "raw deflate" => through!(DeflateEncoder),
        _ => through!(BrotliEncoder),
    }
}

#[test]
fn an_attempt_in_flight_takes_little_room() {
    let bench = Bench::new();
    let attempt = bench.get("127.0.0.1:80".parse().unwrap());
    let size = size_of_val(&attempt);
    assert!(size < 6 * 1024, "{size} bytes");
}
