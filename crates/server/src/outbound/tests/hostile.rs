//! Endpoints that misbehave: each ends within the deadline, with the right code, and takes no more than its share.

use super::*;

#[tokio::test]
async fn a_server_that_sends_nothing_back_is_silent() {
    let (server, done) = stalling(b"").await;
    let sent = Bench::new().send_until_the_deadline(get(server), &done).await;
    assert!(sent.written);
    let failure = failed(sent);
    assert_eq!((failure.code, failure.phase), (Code::Silent, Phase::Wait));
    assert!(failure.message.contains("not one byte back within 20 s"), "{}", failure.message);
}

#[tokio::test]
async fn an_answer_begun_and_not_finished_times_out() {
    let beginnings: [&'static [u8]; 4] = [
        b"H",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
    ];
    for beginning in beginnings {
        let (server, done) = stalling(beginning).await;
        let failure = failed(Bench::new().send_until_the_deadline(get(server), &done).await);
        assert_eq!((failure.code, failure.phase), (Code::TimedOut, Phase::Receive));
        assert!(
            failure.message.contains(&format!("{} bytes so far", beginning.len())),
            "{}",
            failure.message
        );
    }
}

#[tokio::test]
async fn a_drip_ends_at_the_deadline_however_lively_it_looks() {
    let bench = Bench::new();
    let clock = bench.clock.clone();
    let server = server(move |mut stream, _| {
        let clock = clock.clone();
        async move {
            request(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").await.unwrap();
            while stream.write_all(b"x").await.is_ok() {
                settle().await;
                clock.advance(Duration::from_secs(5));
            }
        }
    })
    .await;
    let sent = bench.get(server).await;
    assert_eq!(sent.timings.total_us, 20_000_000);
    assert_eq!(failed(sent).code, Code::TimedOut);
}

#[tokio::test]
async fn a_server_that_does_not_read_is_given_up_while_sending() {
    let accepted = Arc::new(Notify::new());
    let says = accepted.clone();
    let server = server(move |stream, _| {
        says.notify_one();
        async move {
            let _unread = stream;
            std::future::pending::<()>().await;
        }
    })
    .await;
    let body = Some(Bytes::from(vec![0; 64 << 20]));
    let call = Call { method: "POST", body, ..get(server) };
    let sent = Bench::new().send_until_the_deadline(call, &accepted).await;
    assert!(!sent.written);
    let failure = failed(sent);
    assert_eq!((failure.code, failure.phase), (Code::Silent, Phase::Send));
}

#[tokio::test]
async fn an_endless_body_is_cut_at_the_limit_and_its_connection_closed() {
    for head in ["Content-Length: 10737418240\r\n", "Connection: close\r\n"] {
        let hung_up = Arc::new(Notify::new());
        let says = hung_up.clone();
        let server = server(move |mut stream, _| {
            let says = says.clone();
            async move {
                request(&mut stream).await;
                stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n").as_bytes()).await.unwrap();
                while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
                says.notify_one();
            }
        })
        .await;
        let bench = Bench::new();
        let answer = bench.get(server).await.result.unwrap();
        assert_eq!((answer.status, answer.body.len(), answer.cut), (200, 256 * 1024, true));
        assert_eq!(bench.client.kept_connections(), 0);
        hung_up.notified().await;
    }
}

#[tokio::test]
async fn a_gzip_bomb_is_cut_at_the_limit() {
    let bomb = pack("gzip", &vec![0; 32 << 20]).await;
    let mut answer =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", bomb.len())
            .into_bytes();
    answer.extend(bomb);
    let answer = Bench::new().get(answering(answer).await).await.result.unwrap();
    assert_eq!((answer.body.len(), answer.cut), (256 * 1024, true));
}

#[tokio::test]
async fn what_is_not_http_we_accept_is_a_protocol_error_that_says_why() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-A: b\r\n".repeat(10_000));
    let long = format!("HTTP/1.1 200 OK\r\nX-A: {}\r\n\r\n", "b".repeat(1 << 20));
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let cases = [
        (many, "over 100 headers"),
        (long, "over the limit of 65536 bytes"),
        ("HTTP/1.1 100 Continue\r\n\r\n".repeat(100_000), "1xx"),
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n".to_owned(), "101"),
        ("<html>HTTP/0.9 knows no head</html>".to_owned(), "begins with \"<html>HTTP/0.9"),
        ("SSH-2.0-OpenSSH_9.2\r\n".to_owned(), "begins with \"SSH-2.0"),
        ("HTTP/1.1 2x0 OK\r\n\r\n".to_owned(), "not valid HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n".to_owned(), "not valid HTTP"),
        (format!("{chunked}zz\r\nx\r\n0\r\n\r\n"), "not framed as HTTP asks"),
        (format!("{chunked}ffffffffffffffffff\r\nx\r\n0\r\n\r\n"), "not framed as HTTP asks"),
        ("\u{15}\u{3}\u{3}\0\u{2}\u{2}F".to_owned(), "the URL should begin with https://"),
        (
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc".to_owned(),
            "says it is packed with gzip",
        ),
    ];
    for (answer, why) in cases {
        let failure = failed(Bench::new().get(answering(answer).await).await);
        assert_eq!(failure.code, Code::Protocol, "{}", failure.message);
        assert!(failure.message.contains(why), "{why}: {}", failure.message);
    }
}

#[tokio::test]
async fn a_hundred_headers_are_accepted() {
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{}\r\n", "X-A: b\r\n".repeat(99));
    assert_eq!(Bench::new().get(answering(answer).await).await.result.unwrap().headers.len(), 100);
}

#[tokio::test]
async fn a_reset_says_when_it_came() {
    let cases: [(&'static [u8], Phase, &str); 3] = [
        (b"", Phase::Wait, "after the request"),
        (b"HTTP/1.1 200 OK\r\nContent-", Phase::Receive, "mid-answer, after 25 bytes"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", Phase::Receive, "mid-answer"),
    ];
    for (beginning, phase, when) in cases {
        for rudely in [false, true] {
            let server = server(move |mut stream, _| async move {
                request(&mut stream).await;
                stream.write_all(beginning).await.unwrap();
                if rudely {
                    // Lets the client read what was written; a reset would wipe it out.
                    settle().await;
                    stream.set_zero_linger().unwrap();
                }
            })
            .await;
            let failure = failed(Bench::new().get(server).await);
            assert_eq!((failure.code, failure.phase), (Code::Reset, phase), "{}", failure.message);
            assert!(failure.message.contains(when), "{}", failure.message);
            assert!(failure.message.contains("a fresh connection"), "{}", failure.message);
        }
    }
}

#[tokio::test]
async fn an_answer_given_before_the_request_was_read_counts() {
    let server = server(|mut stream, _| async move {
        let answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        let mut sink = vec![0; 1 << 16];
        while stream.read(&mut sink).await.is_ok_and(|count| count > 0) {}
    })
    .await;
    let body = Some(Bytes::from(vec![0; 8 << 20]));
    let sent = Bench::new().client.send(Call { method: "POST", body, ..get(server) }).await;
    assert_eq!(sent.result.unwrap().status, 413);
}

#[tokio::test]
async fn a_hung_endpoint_costs_others_nothing() {
    let (hung, done) = stalling(b"").await;
    let healthy = answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let bench = Bench::new();
    let mut hanging = Box::pin(bench.get(hung));
    tokio::select! {
        _ = &mut hanging => panic!("nothing ends it"),
        () = done.notified() => {}
    }
    assert_eq!(bench.get(healthy).await.result.unwrap().status, 200);
    bench.clock.advance(Duration::from_secs(20));
    assert_eq!(failed(hanging.await).code, Code::Silent);
}
