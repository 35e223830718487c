//! HTTP by hand, over blocking sockets: a client and a sink that outlive a killed server without a surprise.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

/// One call on a connection of its own; the body of a 2xx answer.
pub(crate) fn call(
    url: &str,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> Option<Value> {
    let (status, body) = Connection::open(url).call(method, path, token, body)?;
    (200..300).contains(&status).then_some(body)
}

/// A connection that is used again and again.
pub(crate) struct Connection {
    stream: Option<BufReader<TcpStream>>,
}

impl Connection {
    /// Connects to a server; a connection that cannot be made answers nothing.
    pub(crate) fn open(url: &str) -> Self {
        let address = url.trim_start_matches("http://");
        Self { stream: TcpStream::connect(address).ok().map(BufReader::new) }
    }

    /// Asks, and waits for the whole answer; none when the connection broke.
    pub(crate) fn call(
        &mut self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Option<(u16, Value)> {
        let stream = self.stream.as_mut()?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let token = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: test\r\n{token}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.get_mut().write_all(request.as_bytes()).ok()?;
        let (first, body) = read_message(stream)?;
        let status = first.split(' ').nth(1)?.parse().ok()?;
        Some((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }
}

/// An endpoint that answers 200 to everything and keeps what came.
pub(crate) struct Sink {
    url: String,
    arrived: Arc<Mutex<HashMap<u64, HashSet<String>>>>,
}

impl Sink {
    /// Listens on a free port until the process ends.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let url = format!("http://{}/", listener.local_addr().expect("it has an address"));
        let arrived: Arc<Mutex<HashMap<u64, HashSet<String>>>> = Arc::default();
        let kept = arrived.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let kept = kept.clone();
                thread::spawn(move || answer(stream, &kept));
            }
        });
        Self { url, arrived }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Every event that came, with the webhook ids it came under.
    pub(crate) fn arrived(&self) -> HashMap<u64, HashSet<String>> {
        self.arrived.lock().expect("nobody panicked").clone()
    }
}

fn answer(stream: TcpStream, kept: &Mutex<HashMap<u64, HashSet<String>>>) {
    let mut stream = BufReader::new(stream);
    while let Some((head, body)) = read_message(&mut stream) {
        let id = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("webhook-id"))
            .map(|(_, id)| id.to_owned());
        let event = std::str::from_utf8(&body).ok().and_then(|text| text.parse().ok());
        if let (Some(id), Some(event)) = (id, event) {
            kept.lock().expect("nobody panicked").entry(event).or_default().insert(id);
        }
        if stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}

/// Head and body of the next message; none when the connection ends first.
fn read_message(stream: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut head = String::new();
    let mut length = 0;
    loop {
        let start = head.len();
        if stream.read_line(&mut head).ok()? == 0 {
            return None;
        }
        let line = head[start..].trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((head, body))
}
