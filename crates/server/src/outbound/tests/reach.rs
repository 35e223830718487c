//! Which addresses are reached: resolution, the guard, refusals.

use std::net::IpAddr;

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_name_without_an_address_is_not_found_and_a_silent_resolver_is_worth_another_try() {
    let bench = Bench::new();
    bench.names.answer("quiet.test", Err(ResolveError::Silent("timed out".to_owned())));
    let server = "127.0.0.1:80".parse().unwrap();

    let unknown = failed(bench.client.send(Call { host: "unknown.test", ..get(server) }).await);
    assert_eq!((unknown.code, unknown.phase), (Code::NotFound, Phase::Resolve));
    let quiet = failed(bench.client.send(Call { host: "quiet.test", ..get(server) }).await);
    assert_eq!((quiet.code, quiet.phase), (Code::ResolverSilent, Phase::Resolve));
}

#[tokio::test]
async fn a_port_nobody_listens_on_refuses() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let sent = Bench::new().get(unused).await;
    assert!(!sent.written);
    assert_eq!(sent.timings.send_us, None);
    let failure = failed(sent);
    assert_eq!((failure.code, failure.phase), (Code::Refused, Phase::Connect));
    assert!(failure.message.contains(&unused.to_string()), "{}", failure.message);
}

#[tokio::test]
async fn a_black_hole_times_out_while_connecting() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = socket.listen(0).unwrap();
    let address = full.local_addr().unwrap();
    // Once nobody accepts and the queue is full, the system drops further requests to connect.
    let crowd: Vec<_> = (0..8).map(|_| tokio::spawn(TcpStream::connect(address))).collect();
    settle().await;

    let begun = Notify::new();
    begun.notify_one();
    let failure = failed(Bench::new().send_until_the_deadline(get(address), &begun).await);
    assert_eq!((failure.code, failure.phase), (Code::TimedOut, Phase::Connect));
    drop(crowd);
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_refuses() {
    let server = answering(OK).await;
    let bench = Bench::new();
    bench.names.answer("hook.test", Ok(vec![ip("::1"), ip("127.0.0.3"), ip("127.0.0.1")]));
    let sent = bench.client.send(Call { host: "hook.test", ..get(server) }).await;
    assert_eq!(sent.result.unwrap().status, 200);
    assert_eq!(sent.network.address.as_deref(), Some(server.to_string().as_str()));
    assert_eq!(sent.network.addresses, ["::1", "127.0.0.3", "127.0.0.1"]);
}

#[tokio::test]
async fn a_forbidden_address_is_blocked_in_every_spelling_before_anything_is_sent() {
    let bench = Bench::with(Setup::default());
    let reached = Arc::new(AtomicUsize::new(0));
    let count = reached.clone();
    let server = server(move |_, _| {
        count.fetch_add(1, SeqCst);
        async {}
    })
    .await;
    for host in ["127.0.0.1", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "0x7f.1", "2130706433", "0177.1", "0"] {
        let sent = bench.client.send(Call { host, ..get(server) }).await;
        assert!(sent.timings.connect_us.is_none() && sent.network.address.is_none());
        let failure = failed(sent);
        assert_eq!((failure.code, failure.phase), (Code::Blocked, Phase::Resolve), "{host}");
        assert!(failure.message.contains("--allow-destinations"), "{}", failure.message);
    }
    settle().await;
    assert_eq!(reached.load(SeqCst), 0);
}

#[tokio::test]
async fn of_mixed_answers_only_the_permitted_address_is_dialled() {
    let server = answering(OK).await;
    let bench = Bench::with(Setup { allow: nets(&["127.0.0.1/32"]), ..Setup::default() });
    bench.names.answer("mixed.test", Ok(vec![ip("10.0.0.1"), ip("169.254.169.254"), ip("127.0.0.1")]));
    let sent = bench.client.send(Call { host: "mixed.test", ..get(server) }).await;
    assert_eq!(sent.network.address.as_deref(), Some(server.to_string().as_str()));
    assert_eq!(sent.result.unwrap().status, 200);
}

#[tokio::test]
async fn a_name_that_moves_to_a_forbidden_address_is_judged_anew() {
    let server = answering(OK).await;
    let bench = Bench::new();
    bench.names.answer("moving.test", Ok(vec![ip("127.0.0.1")]));
    bench.names.answer("moving.test", Ok(vec![ip("169.254.169.254")]));
    let call = || Call { host: "moving.test", ..get(server) };

    assert!(bench.client.send(call()).await.result.is_ok());
    let failure = failed(bench.client.send(call()).await);
    assert_eq!(failure.code, Code::Blocked);
    assert!(failure.message.contains("moving.test leads to 169.254.169.254"), "{}", failure.message);
}

#[tokio::test]
async fn our_own_listener_takes_the_tester_only() {
    let server = answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let anywhere = SocketAddr::new(ip("0.0.0.0"), server.port());
    for own in [server, anywhere] {
        for allow in [&[][..], &["127.0.0.0/8"]] {
            let bench = Bench::with(Setup { allow: nets(allow), ..Setup::default() });
            bench.client.set_own_address(own);
            let tester = bench.client.send(Call { target: "/t/abc", ..get(server) }).await;
            assert_eq!(tester.result.unwrap().status, 200);
            // Not even over the connection the tester's request has left open.
            let failure = failed(bench.client.send(Call { target: "/v1/user", ..get(server) }).await);
            assert_eq!(failure.code, Code::Blocked);
            assert!(failure.message.contains("this server itself"), "{}", failure.message);
        }
    }
}
