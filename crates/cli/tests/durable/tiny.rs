//! HTTP by hand, over blocking sockets: a client and a sink that outlive a killed server without a surprise, and the
//! server in a process of its own.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use serde_json::{Value, json};

const EMAIL: &str = "admin@example.com";
const PASSWORD: &str = "a password of the tests";

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
    arrived: Arc<Arrived>,
}

#[derive(Default)]
struct Arrived {
    events: Mutex<Events>,
    more: Condvar,
}

/// Events, with the webhook ids under which each came and how often.
type Events = HashMap<u64, HashMap<String, usize>>;

impl Sink {
    /// Listens on a free port until the process ends.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let url = format!("http://{}/", listener.local_addr().expect("it has an address"));
        let arrived = Arc::<Arrived>::default();
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

    /// Fails when one of these events has not come.
    pub(crate) fn has_all(&self, acknowledged: &HashSet<u64>) {
        let arrived = self.arrived();
        let lost: Vec<_> = acknowledged.iter().filter(|event| !arrived.contains_key(event)).collect();
        let (count, all) = (lost.len(), acknowledged.len());
        assert!(lost.is_empty(), "{count} of {all} acknowledged events are lost: {lost:?}");
    }

    /// Every event that came, with the webhook ids it came under and how often under each.
    pub(crate) fn arrived(&self) -> Events {
        self.arrived.events.lock().expect("nobody panicked").clone()
    }

    /// Waits until so many events have come.
    #[allow(dead_code, reason = "each test binary uses what it needs of this file")]
    pub(crate) fn until(&self, count: usize) {
        let mut events = self.arrived.events.lock().expect("nobody panicked");
        while events.len() < count {
            events = self.arrived.more.wait(events).expect("nobody panicked");
        }
    }
}

fn answer(stream: TcpStream, kept: &Arrived) {
    let mut stream = BufReader::new(stream);
    while let Some((head, body)) = read_message(&mut stream) {
        let id = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("webhook-id"))
            .map(|(_, id)| id.to_owned());
        let event = std::str::from_utf8(&body).ok().and_then(|text| text.parse().ok());
        if let (Some(id), Some(event)) = (id, event) {
            kept.events
                .lock()
                .expect("nobody panicked")
                .entry(event)
                .or_default()
                .entry(id)
                .and_modify(|times| *times += 1)
                .or_insert(1);
            kept.more.notify_all();
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

/// A server in a process of its own.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Server {
    /// One on this directory.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_as(&mut Command::new(env!("CARGO_BIN_EXE_fieldhook")), data)
    }

    /// One on this directory, which this command becomes.
    pub(crate) fn start_as(command: &mut Command, data: &Path) -> Self {
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--allow-destinations", "127.0.0.0/8", "--data"])
            .arg(data)
            .env("FIELDHOOK_ADMIN_EMAIL", EMAIL)
            .env("FIELDHOOK_ADMIN_PASSWORD", PASSWORD)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        let url = lines
            .map_while(Result::ok)
            .find_map(|line| {
                line.split_whitespace().find(|word| word.starts_with("http://127.")).map(str::to_owned)
            })
            .expect("the server says where it listens");
        Self { child, url: url.trim_end_matches(['/', '.', ',']).to_owned() }
    }

    /// The administrator's token.
    pub(crate) fn log_in(&self) -> String {
        let asked = json!({"username": EMAIL, "password": PASSWORD, "grant_type": "password",
            "client_id": "particle", "client_secret": "particle", "expires_in": 0});
        let answer = call(&self.url, "POST", "/oauth/token", None, Some(&asked)).expect("the login is good");
        answer["access_token"].as_str().expect("there is a token").to_owned()
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for it to end.
    pub(crate) fn wait(mut self) -> std::process::ExitStatus {
        self.child.wait().expect("it ends")
    }

    /// Ends it without a word.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// The books once nothing waits any more. Each look waits for what the server has under way.
    pub(crate) fn settled_books(&self, token: &str, hook: &str) -> Value {
        let path = format!("/fieldhook/v1/integrations/{hook}/books");
        loop {
            let books = call(&self.url, "GET", &path, Some(token), None).expect("there are books");
            if books["waiting"] == 0 {
                return books;
            }
            thread::yield_now();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
