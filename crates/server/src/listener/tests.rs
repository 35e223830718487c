use axum::Extension;
use axum::routing::get;
use fieldhook_core::time::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::clock::{ManualClock, SeededLuck};

struct Served {
    address: SocketAddr,
    clock: Arc<ManualClock>,
    stop: CancellationToken,
    ended: tokio::task::JoinHandle<()>,
}

async fn serve(router: Router, limits: Limits) -> Served {
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(0)));
    let nature = Nature { clock: clock.clone(), luck: Arc::new(SeededLuck::new(1)) };
    let listener = Listener::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let (address, stop) = (listener.address(), CancellationToken::new());
    let ended = tokio::spawn(listener.within(limits).run(router, nature, stop.clone()));
    Served { address, clock, stop, ended }
}

async fn ask(address: SocketAddr, path: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = vec![0; 4096];
    let read = stream.read(&mut head).await.unwrap_or(0);
    head.truncate(read);
    (stream, String::from_utf8(head).unwrap())
}

#[tokio::test]
async fn a_request_knows_the_address_it_came_from() {
    let router = Router::new().route("/", get(async |Extension(peer): Extension<Peer>| peer.0.to_string()));
    let served = serve(router, Limits::default()).await;
    let (stream, answer) = ask(served.address, "/").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with(&stream.local_addr().unwrap().to_string()), "{answer}");
}

#[tokio::test]
async fn http_2_is_spoken_with_whoever_begins_with_it() {
    let served = serve(Router::new(), Limits::default()).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[3], 4, "the first frame must be SETTINGS");
}

#[tokio::test]
async fn a_handler_can_reset_its_connection() {
    let reset = async |Extension(control): Extension<ConnectionControl>| {
        control.reset();
        std::future::pending::<()>().await;
    };
    let served = serve(Router::new().route("/", get(reset)), Limits::default()).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
    let failure = stream.read(&mut [0; 16]).await.unwrap_err();
    assert_eq!(failure.kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_handler_can_cut_its_answer_short() {
    let cut = async |Extension(control): Extension<ConnectionControl>| {
        control.reset_after(20);
        "a body that never arrives whole"
    };
    let served = serve(Router::new().route("/", get(cut)), Limits::default()).await;
    let (mut stream, answer) = ask(served.address, "/").await;
    assert_eq!(answer, "HTTP/1.1 200 OK\r\ncon");
    let failure = stream.read(&mut [0; 16]).await.unwrap_err();
    assert_eq!(failure.kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_connection_on_which_nothing_comes_is_closed() {
    let served = serve(Router::new(), Limits::default()).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let mut buffer = [0; 1];
    let mut closed = Box::pin(stream.read(&mut buffer));
    while futures_util::poll!(&mut closed).is_pending() {
        // The clock may move before the connection is accepted; then it moves again.
        served.clock.advance(Duration::from_secs(31));
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_head_that_never_ends_is_given_up() {
    let limits = Limits { head_patience: Duration::from_millis(20), ..Limits::default() };
    let served = serve(Router::new(), limits).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nX: ").await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
}

#[tokio::test]
async fn beyond_the_bound_a_connection_waits_for_another_to_end() {
    let router = Router::new().route("/", get(async || "here"));
    let served = serve(router, Limits { connections: 1, ..Limits::default() }).await;
    let (first, _) = ask(served.address, "/").await;
    let mut second = Box::pin(ask(served.address, "/"));
    assert!(futures_util::poll!(&mut second).is_pending());
    drop(first);
    assert!(second.await.1.ends_with("here"));
}

#[tokio::test]
async fn draining_finishes_what_is_on_the_wire_and_then_returns() {
    let (begun, mut begins) = tokio::sync::mpsc::channel::<tokio::sync::oneshot::Sender<()>>(1);
    let slow = async move || {
        let (go, gone) = tokio::sync::oneshot::channel();
        begun.send(go).await.unwrap();
        gone.await.unwrap();
        "finished"
    };
    let served = serve(Router::new().route("/", get(slow)), Limits::default()).await;
    let asked = tokio::spawn(ask(served.address, "/"));
    let go = begins.recv().await.unwrap();
    served.stop.cancel();
    go.send(()).unwrap();
    assert!(asked.await.unwrap().1.ends_with("finished"));
    served.ended.await.unwrap();
    assert!(TcpStream::connect(served.address).await.is_err());
}

#[tokio::test]
async fn a_request_that_does_not_finish_is_dropped_when_patience_ends() {
    let (begun, mut begins) = tokio::sync::mpsc::channel(1);
    let stuck = async move || {
        begun.send(()).await.unwrap();
        std::future::pending::<()>().await;
    };
    let served = serve(Router::new().route("/", get(stuck)), Limits::default()).await;
    let asked = tokio::spawn(ask(served.address, "/"));
    begins.recv().await.unwrap();
    served.stop.cancel();
    while !served.ended.is_finished() {
        served.clock.advance(Limits::default().drain_patience);
        tokio::task::yield_now().await;
    }
    assert_eq!(asked.await.unwrap().1, "");
}
