//! Connections that are kept: when they are used again, and when not.

use super::*;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Answers every request; counts the connections.
async fn keeping_alive() -> (SocketAddr, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let connections = count.clone();
    let address = server(move |mut stream, _| {
        connections.fetch_add(1, SeqCst);
        async move {
            while !request(&mut stream).await.is_empty() {
                stream.write_all(OK).await.unwrap();
            }
        }
    })
    .await;
    (address, count)
}

#[tokio::test]
async fn a_connection_is_used_again_and_says_how_long_it_rested() {
    let (server, connections) = keeping_alive().await;
    let bench = Bench::new();
    let first = bench.get(server).await;
    assert!(first.result.is_ok() && !first.network.reused);
    bench.clock.advance(Duration::from_millis(1500));

    let second = bench.get(server).await;
    assert!(second.result.is_ok() && second.network.reused);
    assert_eq!(second.network.idle_ms, Some(1500));
    assert_eq!((second.timings.resolve_us, second.timings.connect_us), (None, None));
    assert_eq!(connections.load(SeqCst), 1);
}

#[tokio::test]
async fn a_packed_or_chunked_answer_leaves_its_connection_fit() {
    let gzip = pack("gzip", b"hello").await;
    let mut answer =
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    answer.extend(format!("{:x}\r\n", gzip.len()).bytes());
    answer.extend(gzip);
    answer.extend(b"\r\n0\r\n\r\n");
    let server = server(move |mut stream, _| {
        let answer = answer.clone();
        async move {
            while !request(&mut stream).await.is_empty() {
                stream.write_all(&answer).await.unwrap();
            }
        }
    })
    .await;
    let bench = Bench::new();
    assert_eq!(bench.get(server).await.result.unwrap().body, "hello");
    assert!(bench.get(server).await.network.reused);
}

#[tokio::test]
async fn scopes_and_unchecked_requests_do_not_share_connections() {
    let (server, connections) = keeping_alive().await;
    let bench = Bench::new();
    bench.get(server).await;
    let other_scope = Call { pool: PoolKey("user:2".into()), ..get(server) };
    assert!(!bench.client.send(other_scope).await.network.reused);
    assert!(!bench.client.send(Call { verify_tls: false, ..get(server) }).await.network.reused);
    assert_eq!(connections.load(SeqCst), 3);
}

#[tokio::test]
async fn a_kept_connection_closed_as_we_write_is_replaced_once_and_unnoticed() {
    let count = Arc::new(AtomicUsize::new(0));
    let connections = count.clone();
    let server = server(move |mut stream, _| {
        connections.fetch_add(1, SeqCst);
        async move {
            request(&mut stream).await;
            stream.write_all(OK).await.unwrap();
            request(&mut stream).await;
        }
    })
    .await;
    let bench = Bench::new();
    bench.get(server).await.result.unwrap();
    let mut told = 0;
    let mut on_written = || told += 1;

    let sent = bench.client.send(Call { on_written: Some(&mut on_written), ..get(server) }).await;
    assert_eq!(sent.result.unwrap().body, "ok");
    assert!(!sent.network.reused);
    assert!(sent.timings.connect_us.is_some());
    assert_eq!((told, count.load(SeqCst)), (1, 2));
}

#[tokio::test]
async fn a_fresh_connection_that_dies_is_not_replaced() {
    let count = Arc::new(AtomicUsize::new(0));
    let connections = count.clone();
    let server = server(move |mut stream, _| {
        connections.fetch_add(1, SeqCst);
        async move {
            request(&mut stream).await;
        }
    })
    .await;
    assert_eq!(failed(Bench::new().get(server).await).code, Code::Reset);
    assert_eq!(count.load(SeqCst), 1);
}

#[tokio::test]
async fn a_kept_connection_that_breaks_mid_answer_is_not_replaced_and_the_message_says_it_was_kept() {
    let server = server(|mut stream, _| async move {
        request(&mut stream).await;
        stream.write_all(OK).await.unwrap();
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200").await.unwrap();
    })
    .await;
    let bench = Bench::new();
    bench.get(server).await.result.unwrap();
    bench.clock.advance(Duration::from_secs(7));
    let failure = failed(bench.get(server).await);
    assert_eq!(failure.code, Code::Reset);
    assert!(failure.message.contains("a kept-alive connection, idle for 7000 ms"), "{}", failure.message);
}

#[tokio::test]
async fn a_connection_the_server_closes_is_not_kept() {
    let close = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let bench = Bench::new();
    assert!(bench.get(answering(close).await).await.result.is_ok());
    assert_eq!(bench.client.kept_connections(), 0);
}

#[tokio::test]
async fn idle_connections_are_bounded_swept_and_closed() {
    let (server, _) = keeping_alive().await;
    let limits = Limits { idle_per_destination: 2, ..Limits::default() };
    let bench = Bench::with(Setup { allow: nets(&["127.0.0.0/8"]), limits, ..Setup::default() });
    tokio::join!(bench.get(server), bench.get(server), bench.get(server));
    assert_eq!(bench.client.kept_connections(), 2);

    bench.clock.advance(Duration::from_secs(44));
    bench.client.sweep();
    assert_eq!(bench.client.kept_connections(), 2);
    bench.clock.advance(Duration::from_secs(1));
    assert!(!bench.get(server).await.network.reused);
    bench.client.sweep();
    assert_eq!(bench.client.kept_connections(), 1);

    bench.client.close().await;
    assert_eq!(bench.client.kept_connections(), 0);
    assert!(bench.get(server).await.result.is_ok());
    assert_eq!(bench.client.kept_connections(), 0);
}

#[tokio::test]
async fn a_dropped_attempt_closes_its_connection() {
    let begun = Arc::new(Notify::new());
    let closed = Arc::new(Notify::new());
    let (says_begun, says_closed) = (begun.clone(), closed.clone());
    let server = server(move |mut stream, _| {
        let (begun, closed) = (says_begun.clone(), says_closed.clone());
        async move {
            request(&mut stream).await;
            begun.notify_one();
            assert!(request(&mut stream).await.is_empty());
            closed.notify_one();
        }
    })
    .await;
    let bench = Bench::new();
    tokio::select! {
        _ = bench.get(server) => panic!("nobody answers"),
        () = begun.notified() => {}
    }
    closed.notified().await;
}
