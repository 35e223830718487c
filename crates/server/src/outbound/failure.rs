//! Why an attempt brought no answer, in words for people. Decides; acts on nothing.

use std::error::Error;
use std::fmt::{self, Display};
use std::io;
use std::time::Duration;

use fieldhook_core::attempt::{Code, Phase};
use h2::Reason;

use super::guard::Blocked;
use super::resolve::ResolveError;
use super::trace::Trace;
use super::{Limits, MAX_HEADERS, tls};

/// Why there was no usable answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The code people know.
    pub code: Code,
    /// The phase in which it stopped.
    pub phase: Phase,
    /// What happened: leads with the phase, names hosts, times and bytes.
    pub message: String,
}

impl Failure {
    pub(super) fn new(code: Code, phase: Phase, what: impl Display) -> Self {
        Self { code, phase, message: format!("{}: {what}", phase.as_str()) }
    }
}

/// How an exchange over an open connection broke.
pub(super) enum Broken {
    /// The HTTP library gave up.
    Http(hyper::Error),
    /// More bytes came than a head may have, and no head with them.
    HeadFlood,
    /// The answer has this many headers.
    TooManyHeaders(usize),
    /// The server wants to speak another protocol.
    Upgrade,
    /// The body is not packed as its header says.
    Packing { name: &'static str, source: io::Error },
    /// The request cannot be put on the wire.
    Unsendable { part: &'static str, value: String },
}

/// The name gave no address.
pub(super) fn unresolved(error: &ResolveError, host: &str) -> Failure {
    match error {
        ResolveError::NotFound => Failure::new(
            Code::NotFound,
            Phase::Resolve,
            format_args!("{host} has no address: is it spelt right, and does its DNS record exist?"),
        ),
        ResolveError::Silent(_) => {
            Failure::new(Code::ResolverSilent, Phase::Resolve, format_args!("{host}: {error}"))
        }
    }
}

/// The guard refused.
pub(super) fn blocked(refusal: &Blocked, host: &str) -> Failure {
    let what = match refusal {
        Blocked::Never { address, .. } | Blocked::NotAllowed { address, .. }
            if address.to_string() != host =>
        {
            format!("{host} leads to {refusal}")
        }
        _ => refusal.to_string(),
    };
    Failure::new(Code::Blocked, Phase::Resolve, format_args!("blocked, nothing was sent: {what}"))
}

/// No address took a connection; `tried` says which were asked.
pub(super) fn unconnected(error: &io::Error, host: &str, tried: &str) -> Failure {
    let (code, what) = match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            (Code::Refused, format!("{host} refused: nobody listens at {tried}"))
        }
        io::ErrorKind::TimedOut => (Code::TimedOut, format!("{host} did not take a connection at {tried}")),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
            (Code::Reset, format!("{host} reset the connection while it was opened, at {tried}"))
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            (Code::Unreachable, format!("no route to {host} at {tried}"))
        }
        _ => (Code::Unreachable, format!("{host} at {tried} cannot be reached ({error})")),
    };
    Failure::new(code, Phase::Connect, what)
}

/// The TLS handshake failed after the peer had sent `bytes_in` bytes.
pub(super) fn handshake(error: &io::Error, host: &str, bytes_in: u64) -> Failure {
    let (code, what) = tls::fault(error).unwrap_or_else(|| {
        let what = if bytes_in == 0 {
            "the peer closed the connection before TLS began, without sending a byte".to_owned()
        } else {
            format!("the peer closed the connection during the TLS handshake, after sending {bytes_in} bytes")
        };
        (Code::Reset, what)
    });
    Failure::new(code, Phase::Tls, format_args!("{host}: {what}"))
}

/// `host` cannot stand in a certificate, so TLS cannot be asked to check it.
pub(super) fn unnameable(host: &str) -> Failure {
    Failure::new(Code::TlsError, Phase::Tls, format_args!("{host} is not a name a certificate can be for"))
}

/// The deadline struck.
pub(super) fn overdue(trace: &Trace<'_>, deadline: Duration) -> Failure {
    let (host, limit) = (trace.host, Span(deadline));
    let Flow { sent, received, written } = flow(trace);
    let phase = trace.phase();
    let (code, what) = match phase {
        Phase::Send | Phase::Wait if received == 0 => (
            Code::Silent,
            if written {
                format!(
                    "{host} took the whole request ({sent} bytes) and sent not one byte back within {limit}; \
                     it may have acted on it"
                )
            } else {
                format!(
                    "{host} took {sent} bytes, less than the request, and sent not one byte back within {limit}"
                )
            },
        ),
        Phase::Send | Phase::Wait | Phase::Receive => (
            Code::TimedOut,
            format!(
                "{host} began an answer, {received} bytes so far, and did not finish it within {limit}; \
                 it may have acted on the request"
            ),
        ),
        Phase::Tls => (Code::TimedOut, format!("{host} did not finish the TLS handshake within {limit}")),
        Phase::Resolve => {
            (Code::ResolverSilent, format!("no name server said where {host} is within {limit}"))
        }
        Phase::Connect | Phase::Gate | Phase::Render => {
            (Code::TimedOut, format!("{host} did not take a connection within {limit}"))
        }
    };
    Failure::new(code, phase, what)
}

/// The exchange broke.
pub(super) fn broken(error: &Broken, trace: &Trace<'_>, limits: &Limits) -> Failure {
    let host = trace.host;
    let protocol = |what: String| Failure::new(Code::Protocol, trace.phase(), format_args!("{host}: {what}"));
    match error {
        Broken::Http(error) => http(error, trace, limits),
        Broken::HeadFlood => protocol(format!(
            "over {} bytes came and no answer with them: headers too long, or endless 1xx answers",
            limits.header_bytes
        )),
        Broken::TooManyHeaders(count) => {
            protocol(format!("the answer has {count} headers, over the limit of {MAX_HEADERS}"))
        }
        Broken::Upgrade => protocol("the answer is 101, a change of protocol nobody asked for".to_owned()),
        Broken::Packing { name, source } => {
            protocol(format!("the answer says it is packed with {name}, and cannot be unpacked ({source})"))
        }
        Broken::Unsendable { part, value } => Failure::new(
            Code::Render,
            Phase::Send,
            format_args!("the {part} `{value}` cannot be sent; look at the template"),
        ),
    }
}

fn http(error: &hyper::Error, trace: &Trace<'_>, limits: &Limits) -> Failure {
    let host = trace.host;
    let (code, what) = if error.is_parse() {
        (Code::Protocol, unparsable(error, trace, limits))
    } else if let Some(source) = cause::<h2::Error>(error) {
        http2(source, trace)
    } else if let Some(source) = cause::<io::Error>(error) {
        stream(source, trace)
    } else if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        (Code::Reset, closed(trace))
    } else {
        // What is left is the HTTP library refusing what the peer sent.
        (Code::Protocol, format!("what came back is not HTTP that is accepted here ({error})"))
    };
    Failure::new(code, trace.phase(), format_args!("{host}: {what}"))
}

fn stream(error: &io::Error, trace: &Trace<'_>) -> (Code, String) {
    if let Some(fault) = tls::fault(error) {
        return fault;
    }
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            (Code::Protocol, format!("the answer's body is not framed as HTTP asks ({error})"))
        }
        io::ErrorKind::TimedOut => {
            (Code::TimedOut, "the network gave the connection up: packets were no longer answered".to_owned())
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            (Code::Unreachable, format!("the route was lost ({error})"))
        }
        _ => (Code::Reset, closed(trace)),
    }
}

fn http2(error: &h2::Error, trace: &Trace<'_>) -> (Code, String) {
    if let Some(error) = error.get_io() {
        return stream(error, trace);
    }
    match error.reason() {
        Some(
            reason @ (Reason::NO_ERROR | Reason::REFUSED_STREAM | Reason::CANCEL | Reason::INTERNAL_ERROR),
        ) => (Code::Reset, format!("{} (HTTP/2 {reason:?})", closed(trace))),
        _ => (Code::Protocol, format!("HTTP/2 failed ({error})")),
    }
}

/// Says when the peer closed the connection, and what kind of connection it was.
fn closed(trace: &Trace<'_>) -> String {
    let Flow { sent, received, written } = flow(trace);
    let when = if received > 0 {
        format!("mid-answer, after {received} bytes of it")
    } else if written {
        format!("after the request, {sent} bytes, without sending a byte back")
    } else {
        format!("while the request was written, after {sent} bytes of it")
    };
    let kind = match trace.network.idle_ms {
        Some(idle) => format!("a kept-alive connection, idle for {idle} ms before"),
        None if trace.network.reused => "a connection shared with other requests".to_owned(),
        None => "a fresh connection".to_owned(),
    };
    format!("the peer closed the connection {when}, {} in; it was {kind}", Span(trace.so_far()))
}

/// What went over the connection, as far as it got.
struct Flow {
    sent: u64,
    received: u64,
    written: bool,
}

fn flow(trace: &Trace<'_>) -> Flow {
    trace.meter().map_or(Flow { sent: 0, received: 0, written: false }, |meter| Flow {
        sent: meter.bytes_out(),
        received: meter.bytes_in(),
        written: meter.written(),
    })
}

fn unparsable(error: &hyper::Error, trace: &Trace<'_>, limits: &Limits) -> String {
    let Some(meter) = trace.meter() else { return error.to_string() };
    if error.is_parse_too_large() {
        return if meter.bytes_in() >= limits.header_bytes as u64 {
            format!("the answer's headers are over the limit of {} bytes", limits.header_bytes)
        } else {
            format!("the answer has over {MAX_HEADERS} headers, the limit")
        };
    }
    match meter.opening().as_slice() {
        // A TLS record: an alert or a handshake message.
        [0x15 | 0x16, 3, ..] => {
            "what came back is TLS: the port speaks https, so the URL should begin with https://".to_owned()
        }
        opening if opening.starts_with(b"HTTP/") => format!("the answer's head is not valid HTTP ({error})"),
        opening => format!("what came back is not HTTP; it begins with \"{}\"", opening.escape_ascii()),
    }
}

fn cause<E: Error + 'static>(error: &hyper::Error) -> Option<&E> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        source = error.source();
    }
    None
}

/// A time as people write it: `20 s`, `1.5 s`, `312 ms`.
struct Span(Duration);

impl Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        match millis {
            0..1000 => write!(f, "{millis} ms"),
            _ if millis.is_multiple_of(1000) => write!(f, "{} s", millis / 1000),
            _ => write!(f, "{:.1} s", self.0.as_secs_f64()),
        }
    }
}
