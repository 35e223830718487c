//! What clients send: JSON, forms with brackets, or nothing; and what is wrong with it, in words.

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::{ApiError, cut};

/// Most bytes of a request body, files apart.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// A body as a JSON object, whether it came as JSON or as a form (`json[temp]=1` is `{"json":{"temp":"1"}}`).
///
/// An absent or empty body is an empty object. Values of a form are all text; readers coerce.
#[derive(Debug, Clone, Default)]
pub struct Body {
    /// The keys and values.
    pub object: Map<String, Value>,
    /// Whether it came as a form, so that numbers and booleans are text.
    pub form: bool,
}

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let form = is_form(request.headers());
        let bytes = read(request, BODY_LIMIT).await?;
        if form { Ok(Self { object: parse_form(&bytes)?, form }) } else { Self::of_json(&bytes) }
    }
}

impl Body {
    fn of_json(bytes: &[u8]) -> Result<Self, ApiError> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        match serde_json::from_slice::<Value>(bytes) {
            Ok(Value::Object(object)) => Ok(Self { object, form: false }),
            Ok(other) => Err(ApiError::invalid(format!(
                "the body is {}, but it must be a JSON object such as {{\"name\":\"value\"}}",
                kind_of(&other)
            ))),
            Err(error) => Err(ApiError::invalid(format!(
                "the body is not JSON: {error}; send a JSON object, or a form with its Content-Type"
            ))),
        }
    }

    /// The whole body as `T`; unknown keys are ignored.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        serde_json::from_value(Value::Object(self.object))
            .map_err(|error| ApiError::invalid(format!("the body does not fit: {error}")))
    }

    /// A text; numbers are taken as their text. Null and absent are none.
    pub fn text(&self, key: &str) -> Result<Option<String>, ApiError> {
        match self.object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(other) => Err(ApiError::invalid_field(
                key,
                format!("`{key}` is {}, but it must be text", kind_of(other)),
            )),
        }
    }

    /// A text that must be there and not be empty.
    pub fn needed_text(&self, key: &str) -> Result<String, ApiError> {
        match self.text(key)? {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(ApiError::invalid_field(key, format!("the field `{key}` is missing: add it"))),
        }
    }

    /// A truth value; `"true"`, `"false"`, `"1"` and `"0"` are taken too.
    pub fn truth(&self, key: &str) -> Result<Option<bool>, ApiError> {
        match self.object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(*truth)),
            Some(Value::String(text)) if matches!(text.as_str(), "true" | "1") => Ok(Some(true)),
            Some(Value::String(text)) if matches!(text.as_str(), "false" | "0" | "") => Ok(Some(false)),
            Some(other) => Err(ApiError::invalid_field(
                key,
                format!("`{key}` is {}, but it must be true or false", cut(&other.to_string())),
            )),
        }
    }

    /// A whole number of at least zero; its text is taken too.
    pub fn whole(&self, key: &str) -> Result<Option<u64>, ApiError> {
        let refused = |given: &Value| {
            let given = cut(&given.to_string());
            ApiError::invalid_field(
                key,
                format!("`{key}` is {given}, but it must be a whole number of at least 0"),
            )
        };
        match self.object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value @ Value::Number(number)) => number.as_u64().map(Some).ok_or_else(|| refused(value)),
            Some(value @ Value::String(text)) => text.parse().map(Some).map_err(|_| refused(value)),
            Some(value) => Err(refused(value)),
        }
    }
}

/// Reads a body of at most `limit` bytes.
pub async fn read(request: Request, limit: usize) -> Result<bytes::Bytes, ApiError> {
    match axum::body::to_bytes(request.into_body(), limit).await {
        Ok(bytes) => Ok(bytes),
        Err(error) => {
            let mut cause: Option<&dyn std::error::Error> = Some(&error);
            while let Some(error) = cause {
                if error.is::<http_body_util::LengthLimitError>() {
                    return Err(ApiError::too_large(
                        "body",
                        format!("the body is over the limit of {limit} bytes: send less"),
                    ));
                }
                cause = error.source();
            }
            Err(ApiError::invalid(format!("the body could not be read: {error}")))
        }
    }
}

/// Whether the headers announce a form.
pub fn is_form(headers: &http::HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.trim_start().to_ascii_lowercase().starts_with("application/x-www-form-urlencoded")
}

/// How deep brackets may nest in a form key.
const FORM_DEPTH: usize = 8;

/// Reads a form, with brackets as nesting, as Node's usual body parser does.
pub fn parse_form(bytes: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let pairs: Vec<(String, String)> = serde_html_form::from_bytes(bytes)
        .map_err(|error| ApiError::invalid(format!("the form cannot be read: {error}")))?;
    let mut object = Map::new();
    for (key, value) in pairs {
        let path = form_path(&key)?;
        place(&mut object, &path, value);
    }
    Ok(object)
}

fn form_path(key: &str) -> Result<Vec<&str>, ApiError> {
    let Some((head, rest)) = key.split_once('[') else { return Ok(vec![key]) };
    let Some(inner) = rest.strip_suffix(']') else { return Ok(vec![key]) };
    let mut path = vec![head];
    path.extend(inner.split("]["));
    if path.len() > FORM_DEPTH {
        return Err(ApiError::invalid_field(
            cut(key),
            format!("the form key nests {} deep, over the limit of {FORM_DEPTH}: send JSON", path.len()),
        ));
    }
    Ok(path)
}

/// `a[]` makes a list; so do two values of one plain key.
fn place(object: &mut Map<String, Value>, path: &[&str], value: String) {
    match path {
        [] => {}
        [key] | [key, ""] => match object.get_mut(*key) {
            Some(Value::Array(list)) => list.push(value.into()),
            Some(before) if path.len() == 2 => *before = Value::Array(vec![before.take(), value.into()]),
            _ if path.len() == 2 => {
                object.insert((*key).to_owned(), Value::Array(vec![value.into()]));
            }
            _ => {
                object.insert((*key).to_owned(), value.into());
            }
        },
        [key, rest @ ..] => {
            let inner = object.entry(*key).or_insert_with(|| Value::Object(Map::new()));
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            if let Value::Object(inner) = inner {
                place(inner, rest, value);
            }
        }
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Path parameters, refused in JSON.
#[derive(Debug, Clone)]
pub struct At<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(error) => Err(ApiError::invalid(format!("the path does not fit: {}", error.body_text()))),
        }
    }
}

/// Query parameters, refused in JSON. Unknown ones are ignored.
#[derive(Debug, Clone)]
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(error) => Err(ApiError::invalid(format!("the query does not fit: {}", error.body_text()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn brackets_in_form_keys_nest() {
        let form =
            parse_form(b"event=t&json[temp]=1&json[deep][x]=2&headers[X-A]=b&list[]=1&list[]=2").unwrap();
        assert_eq!(
            Value::Object(form),
            json!({"event": "t", "json": {"temp": "1", "deep": {"x": "2"}}, "headers": {"X-A": "b"}, "list": ["1", "2"]})
        );
    }

    #[test]
    fn a_form_key_that_nests_too_deep_is_refused_with_the_limit() {
        let deep = format!("a{}=1", "[b]".repeat(FORM_DEPTH));
        let refusal = parse_form(deep.as_bytes()).unwrap_err();
        assert_eq!(refusal.status(), http::StatusCode::BAD_REQUEST);
    }

    #[test]
    fn text_of_a_form_is_coerced() {
        let body = Body { object: parse_form(b"a=true&b=0&n=42&t=x").unwrap(), form: true };
        assert_eq!(body.truth("a").unwrap(), Some(true));
        assert_eq!(body.truth("b").unwrap(), Some(false));
        assert_eq!(body.whole("n").unwrap(), Some(42));
        assert!(body.whole("t").is_err());
        assert_eq!(body.text("missing").unwrap(), None);
        assert!(body.needed_text("missing").is_err());
    }

    #[test]
    fn a_body_that_is_no_object_is_refused_by_its_kind() {
        for text in ["[1]", "\"x\"", "1", "null", "{", "{\"a\":}"] {
            assert!(Body::of_json(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Body::of_json(b" \n").unwrap().object.is_empty());
    }
}
