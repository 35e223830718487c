//! Event streams, as the command line reads them.

#[path = "../../cli/src/sse.rs"]
mod sse;

use sse::{Decoder, SseEvent};

/// The network may cut a stream anywhere; the events are the same, and written again they read the same.
///
/// The first byte says where to cut.
pub(crate) fn events_are_the_same_wherever_the_stream_is_cut(bytes: &[u8]) {
    let Some((cut, stream)) = bytes.split_first() else { return };
    let whole = Decoder::default().push(stream);
    let mut decoder = Decoder::default();
    let mut pieces = Vec::new();
    for piece in stream.chunks(1 + usize::from(*cut) % 16) {
        pieces.extend(decoder.push(piece));
    }
    assert_eq!(pieces, whole);

    let written: String = whole.iter().map(written).collect();
    let again = Decoder::default().push(written.as_bytes());
    assert_eq!(again, whole);
    for event in &whole {
        assert!(event.json().get("name").is_some_and(|name| *name == event.name));
    }
}

/// The event with lines that end in both marks, of which the reader takes away just these.
fn written(event: &SseEvent) -> String {
    let data = event.data.replace('\n', "\r\ndata: ");
    format!("event: {}\r\ndata: {data}\r\n\r\n", event.name)
}
