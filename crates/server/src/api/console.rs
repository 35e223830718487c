//! The console: a page and its files, as the console's own build leaves them in `console/dist`.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use fieldhook_core::hex::hex;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};

use super::App;
use super::error::ApiError;
use super::input::At;

/// What the page may load and talk to: this server, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";
const PAGE: &str = "index.html";
/// Where the build puts files that have a hash of their content in their name.
const HASHED: &str = "assets/";
/// What files stand ready in beside their plain form, the smaller first.
const ENCODINGS: [Encoding; 2] =
    [Encoding { name: "br", ending: ".br" }, Encoding { name: "gzip", ending: ".gz" }];

/// The files of the console. In a debug build they are read as they are asked for; none need be there.
#[derive(rust_embed::Embed)]
#[folder = "../../console/dist"]
#[allow_missing = true]
struct Built;

/// The routes of this file. They are no part of the API, so the OpenAPI file does not list them.
pub(super) fn routes() -> Router<Arc<App>> {
    let moved = || get(async || Redirect::to("/console/"));
    let page = async |uri: Uri, headers: HeaderMap| answer(&built, "", &uri, &headers);
    let file =
        async |At(path): At<String>, uri: Uri, headers: HeaderMap| answer(&built, &path, &uri, &headers);
    Router::new()
        .route("/", moved())
        .route("/console", moved())
        .route("/console/", get(page))
        .route("/console/{*path}", get(file))
}

/// A file.
struct File {
    bytes: Cow<'static, [u8]>,
    hash: [u8; 32],
}

/// The file of exactly this name. A name with `..` in it is the name of no file.
fn built(name: &str) -> Option<File> {
    let file = Built::get(name)?;
    Some(File { hash: file.metadata.sha256_hash(), bytes: file.data })
}

/// A form in which a file can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Encoding {
    name: &'static str,
    ending: &'static str,
}

impl Encoding {
    /// Whether an Accept-Encoding header allows it.
    fn accepted(self, header: &str) -> bool {
        header.split(',').any(|offer| {
            let (name, weight) = offer.split_once(';').unwrap_or((offer, "q=1"));
            let weight = weight.trim().strip_prefix("q=").and_then(|text| text.parse::<f32>().ok());
            name.trim().eq_ignore_ascii_case(self.name) && weight != Some(0.0)
        })
    }
}

/// What a path below `/console/` stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Meant {
    /// A file, sent in a form of its own where there is one.
    File { name: String, encoding: Option<Encoding> },
    /// A page of a console that was not built.
    Unbuilt,
    /// Nothing.
    Nothing,
}

/// The page takes any path for its own, save those that look like a file's.
fn meant(path: &str, accept: &str, has: impl Fn(&str) -> bool) -> Meant {
    let looks_like_file = path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    let name = match path {
        "" => PAGE,
        path if has(path) || looks_like_file => path,
        _ => PAGE,
    };
    if !has(name) {
        return if looks_like_file { Meant::Nothing } else { Meant::Unbuilt };
    }
    let stands_ready = |encoding: &Encoding| has(&format!("{name}{}", encoding.ending));
    let mut accepted = ENCODINGS.into_iter().filter(|encoding| encoding.accepted(accept));
    Meant::File { name: name.to_owned(), encoding: accepted.find(stands_ready) }
}

fn answer(find: &dyn Fn(&str) -> Option<File>, path: &str, uri: &Uri, headers: &HeaderMap) -> Response {
    let accept = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut response = match meant(path, accept, |name| find(name).is_some()) {
        Meant::File { name, encoding } => {
            let ending = encoding.map_or("", |encoding| encoding.ending);
            let file = find(&format!("{name}{ending}"));
            file.map_or_else(|| missing(uri), |file| sent(&name, encoding, file, headers))
        }
        Meant::Unbuilt => ([(CONTENT_TYPE, "text/html; charset=utf-8")], UNBUILT).into_response(),
        Meant::Nothing => missing(uri),
    };
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn missing(uri: &Uri) -> Response {
    ApiError::no_route(uri.path()).into_response()
}

fn sent(name: &str, encoding: Option<Encoding>, file: File, headers: &HeaderMap) -> Response {
    let tag = etag(&file.hash);
    let caching = if name.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let about: [(HeaderName, &str); 3] = [(CACHE_CONTROL, caching), (VARY, "Accept-Encoding"), (ETAG, &tag)];
    if knows(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    let encoded = encoding.map(|encoding| [(CONTENT_ENCODING, encoding.name)]);
    (about, encoded, [(CONTENT_TYPE, kind_of(name))], Body::from(file.bytes)).into_response()
}

fn etag(hash: &[u8; 32]) -> String {
    format!("\"{}\"", hex(&hash[..16]))
}

/// Whether the reader has it already. A proxy that packs files its own way marks their tags with `W/`.
fn knows(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known.flat_map(|value| value.split(',')).any(|known| known.trim().trim_start_matches("W/") == tag)
}

fn kind_of(name: &str) -> String {
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    if kind.type_() == mime_guess::mime::TEXT { format!("{kind}; charset=utf-8") } else { kind.to_string() }
}

/// What there is to see while there is no console.
const UNBUILT: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Fieldhook</title>
<style>
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
  body { max-width: 36rem; margin: 4rem auto; padding: 0 1rem; }
  code { font-family: ui-monospace, monospace; }
</style>
<h1>The console is not in this server yet</h1>
<p>The server runs, and its API and the command line work. Its console is built apart, with Node.js:</p>
<p><code>make console</code></p>
<p>Then build the server once more, with <code>cargo build --release</code>.</p>
<p><a href="/docs">The API</a> · <a href="/status">How the server is</a></p>
</html>
"#;

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [&str; 6] = [
        "index.html",
        "index.html.gz",
        "assets/app-1a2b.js",
        "assets/app-1a2b.js.br",
        "assets/app-1a2b.js.gz",
        "assets/logo.png",
    ];

    fn held(name: &str) -> Option<File> {
        let at = FILES.iter().position(|file| *file == name)?;
        Some(File { bytes: name.to_owned().into_bytes().into(), hash: [at as u8; 32] })
    }

    fn file(path: &str, accept: &str) -> (String, &'static str) {
        match meant(path, accept, |name| held(name).is_some()) {
            Meant::File { name, encoding } => (name, encoding.map_or("", |encoding| encoding.name)),
            other => panic!("{path} is {other:?}"),
        }
    }

    fn asked(path: &str, headers: &[(HeaderName, &'static str)]) -> Response {
        let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        answer(&held, path, &Uri::from_static("/console/x"), &headers.collect())
    }

    #[test]
    fn every_path_is_the_pages_own_save_those_that_look_like_a_file() {
        for path in ["", "integrations", "integrations/6789", "setup", "v1.2/devices"] {
            assert_eq!(file(path, "").0, "index.html", "{path}");
        }
        for path in ["favicon.ico", "assets/app-old.js", "..", "../Cargo.toml", "assets/../index.html"] {
            assert_eq!(meant(path, "", |name| held(name).is_some()), Meant::Nothing, "{path}");
        }
    }

    #[test]
    fn without_a_build_every_page_says_so_and_no_file_is_there() {
        for path in ["", "integrations"] {
            assert_eq!(meant(path, "br", |_| false), Meant::Unbuilt, "{path}");
        }
        assert_eq!(meant("assets/app.js", "br", |_| false), Meant::Nothing);
        let response = answer(&|_| None, "", &Uri::from_static("/console/"), &HeaderMap::new());
        assert_eq!(response.status(), StatusCode::OK);
        assert!(UNBUILT.contains("make console"));
    }

    #[test]
    fn the_smallest_form_is_sent_that_is_there_and_accepted() {
        let app = |accept| file("assets/app-1a2b.js", accept).1;
        assert_eq!(app("gzip, deflate, br, zstd"), "br");
        assert_eq!(app("GZIP;q=1.0"), "gzip");
        assert_eq!(app("br;q=0, gzip;q=0.5"), "gzip");
        assert_eq!(app("br; q=0.0, gzip;q=0"), "");
        assert_eq!(app("identity"), "");
        assert_eq!(app(""), "");
        assert_eq!(file("", "br, gzip").1, "gzip");
        assert_eq!(file("assets/logo.png", "br, gzip").1, "");
    }

    #[test]
    fn a_file_is_sent_with_its_own_kind_whatever_its_form() {
        let response = asked("assets/app-1a2b.js", &[(ACCEPT_ENCODING, "br")]);
        let headers = response.headers();
        assert_eq!(headers[CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert_eq!(headers[CONTENT_ENCODING], "br");
        assert_eq!(headers[VARY], "Accept-Encoding");
        assert_eq!(asked("assets/logo.png", &[]).headers()[CONTENT_TYPE], "image/png");
    }

    #[test]
    fn names_with_a_hash_are_kept_for_good_and_the_page_is_asked_for_every_time() {
        let page = asked("devices", &[]);
        assert_eq!(page.headers()[CACHE_CONTROL], "no-cache");
        let asset = asked("assets/logo.png", &[]);
        assert_eq!(asset.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
    }

    #[test]
    fn what_the_reader_has_is_not_sent_again() {
        let tag = etag(&held("index.html").unwrap().hash);
        let known: &'static str = format!("\"other\", W/{tag}").leak();
        assert_eq!(asked("", &[(IF_NONE_MATCH, known)]).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(asked("", &[(IF_NONE_MATCH, "\"other\"")]).status(), StatusCode::OK);
        let other_form = [(IF_NONE_MATCH, known), (ACCEPT_ENCODING, "gzip")];
        assert_eq!(asked("", &other_form).status(), StatusCode::OK);
    }

    #[test]
    fn every_answer_keeps_the_page_to_itself() {
        for path in ["", "assets/logo.png", "missing.js"] {
            let response = asked(path, &[]);
            assert_eq!(response.headers()[CONTENT_SECURITY_POLICY], POLICY, "{path}");
            assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
            assert_eq!(response.headers()[REFERRER_POLICY], "no-referrer", "{path}");
        }
    }
}
