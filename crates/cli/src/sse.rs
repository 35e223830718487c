//! Reads event streams as the server writes them.

use serde_json::Value;

/// An event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SseEvent {
    /// Its name.
    pub(crate) name: String,
    /// What its `data:` lines hold.
    pub(crate) data: String,
}

impl SseEvent {
    /// The data as JSON with the name added, as Particle's own client hands it on.
    pub(crate) fn json(&self) -> Value {
        let mut value = serde_json::from_str(&self.data).unwrap_or(Value::Null);
        match value.as_object_mut() {
            Some(object) => {
                object.insert("name".to_owned(), Value::from(self.name.clone()));
                value
            }
            None => serde_json::json!({ "name": self.name, "data": self.data }),
        }
    }
}

/// Cuts a stream of bytes into events, wherever the network cut it.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    line: Vec<u8>,
    name: String,
    data: Option<String>,
}

impl Decoder {
    /// Takes the next bytes; gives the events they complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<SseEvent> {
        let mut events = Vec::new();
        for byte in bytes {
            if *byte == b'\n' {
                let line = std::mem::take(&mut self.line);
                let line = String::from_utf8_lossy(&line);
                events.extend(self.take(line.strip_suffix('\r').unwrap_or(&line)));
            } else {
                self.line.push(*byte);
            }
        }
        events
    }

    fn take(&mut self, line: &str) -> Option<SseEvent> {
        if line.is_empty() {
            let name = std::mem::take(&mut self.name);
            return self.data.take().map(|data| SseEvent { name, data });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            // A comment, or a field that this stream does not use.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str =
        ":ok\n\nevent: temp\ndata: {\"data\":\"ä\",\"ttl\":60}\n\n\nevent: b\r\ndata: 1\r\ndata: 2\r\n\r\n";

    fn expected() -> Vec<SseEvent> {
        let event = |name: &str, data: &str| SseEvent { name: name.to_owned(), data: data.to_owned() };
        vec![event("temp", "{\"data\":\"ä\",\"ttl\":60}"), event("b", "1\n2")]
    }

    #[test]
    fn a_stream_is_read_the_same_wherever_the_network_cuts_it() {
        assert_eq!(Decoder::default().push(STREAM.as_bytes()), expected());
        let mut decoder = Decoder::default();
        let bytewise: Vec<_> = STREAM.bytes().flat_map(|byte| decoder.push(&[byte])).collect();
        assert_eq!(bytewise, expected());
    }

    #[test]
    fn an_event_carries_its_name_in_its_json() {
        let json = expected()[0].json();
        assert_eq!(json, serde_json::json!({ "data": "ä", "ttl": 60, "name": "temp" }));
    }
}
