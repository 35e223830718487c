//! Errors as clients see them. The only file that knows status codes for failures.

use std::borrow::Cow;
use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

use fieldhook_core::event::InvalidEvent;
use fieldhook_core::integration::{Finding, Level};
use fieldhook_core::replay::InvalidReplay;

use super::login::LoginError;
use crate::directory::DirectoryError;
use crate::ingest::IngestError;
use crate::password::PasswordError;
use crate::queue::QueueError;
use crate::replay::ReplayError;
use crate::store::{Kind, StoreError};

/// A failure, in the shape that Particle's clients read and ours extend: `error`, `error_description`, `field`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError(Box<Refusal>);

/// Boxed, so that the results of functions that may refuse stay small.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    status: StatusCode,
    error: Cow<'static, str>,
    description: String,
    field: Option<String>,
    retry_after: Option<Duration>,
    more: Map<String, Value>,
}

impl ApiError {
    /// A failure with this status; `error` is a word for programs, `description` a sentence for people that names
    /// the value, the limit and the remedy.
    pub fn new(
        status: StatusCode,
        error: impl Into<Cow<'static, str>>,
        description: impl Into<String>,
    ) -> Self {
        Self(Box::new(Refusal {
            status,
            error: error.into(),
            description: description.into(),
            field: None,
            retry_after: None,
            more: Map::new(),
        }))
    }

    /// 400: what was sent makes no sense.
    pub fn invalid(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// 400, naming the field at fault.
    pub fn invalid_field(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self::invalid(description).field(field)
    }

    /// 401: no token, or none that is known. Clients take it as a request to log in.
    pub fn unauthorized(description: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_token", description)
    }

    /// 403: known, but not allowed.
    pub fn forbidden(description: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", description)
    }

    /// 403: known by a cookie alone, which another site may have had the browser send.
    pub fn csrf(method: &http::Method) -> Self {
        let description = format!(
            "{method} with the session's cookie needs the header `X-CSRF-Token`: take `csrf` from GET /fieldhook/v1/session"
        );
        Self::new(StatusCode::FORBIDDEN, "csrf", description).field("X-CSRF-Token")
    }

    /// 403 as Particle answers for a device that is not there or is somebody else's.
    pub fn unknown_device(id_or_name: &str) -> Self {
        let description = format!("I didn't recognize that device name or ID: `{}`", cut(id_or_name));
        Self::new(StatusCode::FORBIDDEN, "Permission Denied", description.clone()).with("info", description)
    }

    /// 404, in Particle's words (`Webhook not found`, `Product not found.`).
    pub fn not_found(error: impl Into<Cow<'static, str>>, description: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, error, description).with("ok", false)
    }

    /// 409: it exists already, or stands in the way.
    pub fn conflict(description: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", description)
    }

    /// 413: too much.
    pub fn too_large(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", description).field(field)
    }

    /// 422: understood, and wrong.
    pub fn unprocessable(description: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable", description)
    }

    /// 429: too often; again after `wait`.
    pub fn too_many(wait: Duration, description: impl Into<String>) -> Self {
        let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", description);
        error.0.retry_after = Some(wait);
        error
    }

    /// 400 in the words of OAuth 2 (RFC 6749, section 5.2).
    pub fn oauth(error: &'static str, description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, description)
    }

    /// 400: a template with an error in it. Says the first error, and lists all that was found.
    pub fn template(findings: &[Finding]) -> Self {
        let first = findings.iter().find(|finding| finding.level == Level::Error);
        let message = first.map_or("the template cannot be read", |finding| &finding.message);
        let mut error = Self::invalid(message);
        error.0.field = first.and_then(|finding| finding.place.field.clone());
        error.with("findings", findings.iter().map(|finding| serde_json::json!(finding)).collect::<Vec<_>>())
    }

    /// 404: no route has this path.
    pub fn no_route(path: &str) -> Self {
        Self::not_found(
            "not_found",
            format!("there is no `{}` here: see /docs for the paths there are", cut(path)),
        )
    }

    /// 405: the path is there, for other methods.
    pub fn no_method(method: &http::Method, path: &str) -> Self {
        let description =
            format!("`{}` does not answer {method}: see /docs for the methods it has", cut(path));
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", description).with("ok", false)
    }

    /// 503: not now; again after `wait`.
    pub fn unavailable(wait: Duration, description: impl Into<String>) -> Self {
        let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", description);
        error.0.retry_after = Some(wait);
        error
    }

    /// 500: our own fault. The cause is for the log, not for the client.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed by our own fault");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the server failed; its log says why, ask its operator",
        )
    }

    /// Names the field at fault.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Adds a key to the answer.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.more.insert(key.to_owned(), value.into());
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }
}

/// A value as an error may repeat it: not more than 64 characters of it.
pub fn cut(value: &str) -> String {
    let mut short: String = value.chars().take(64).collect();
    if short.len() < value.len() {
        short.push('…');
    }
    short
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let refusal = *self.0;
        let mut body = refusal.more;
        body.insert("error".into(), refusal.error.into());
        body.insert("error_description".into(), refusal.description.into());
        if let Some(field) = refusal.field {
            body.insert("field".into(), field.into());
        }
        let mut response = (refusal.status, Json(Value::Object(body))).into_response();
        if let Some(wait) = refusal.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

/// How long to wait before trying again what failed for want of room or of a back end.
const SOON: Duration = Duration::from_secs(5);

impl From<DirectoryError> for ApiError {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Taken { .. } | DirectoryError::Changed(_) | DirectoryError::LastOwner => {
                Self::conflict(error.to_string())
            }
            DirectoryError::Missing { kind: Kind::Integration, .. } => {
                Self::not_found("Webhook not found", error.to_string())
            }
            DirectoryError::Missing { kind: Kind::Product, .. } => {
                Self::not_found("Product not found.", error.to_string())
            }
            DirectoryError::Missing { kind: Kind::Device, name } => Self::unknown_device(&name),
            DirectoryError::Missing { .. } => Self::not_found("not_found", error.to_string()),
            DirectoryError::Claimed(_) => {
                let errors = vec![Value::from(error.to_string())];
                Self::forbidden(error.to_string()).with("errors", errors)
            }
            DirectoryError::Store(error) => error.into(),
            DirectoryError::Vault(error) => Self::internal(&error),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(..) => Self::conflict(error.to_string()),
            StoreError::Cursor(_) => {
                Self::invalid_field("cursor", format!("{error}: take `next` from the page before, as it is"))
            }
            StoreError::Unavailable(_) => Self::unavailable(SOON, error.to_string()),
            StoreError::Damaged(_) => Self::internal(&error),
        }
    }
}

impl From<QueueError> for ApiError {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::Full(_) | QueueError::Unavailable(_) => Self::unavailable(SOON, error.to_string()),
            QueueError::LeaseEnded(_) | QueueError::Damaged(_) => Self::internal(&error),
        }
    }
}

impl From<IngestError> for ApiError {
    fn from(error: IngestError) -> Self {
        match &error {
            IngestError::Invalid(invalid @ InvalidEvent::DataTooLong { .. }) => {
                Self::too_large(invalid.field(), error.to_string())
            }
            IngestError::Invalid(invalid) => Self::invalid_field(invalid.field(), error.to_string()),
            IngestError::TooFast { wait, .. } => Self::too_many(*wait, error.to_string()),
            IngestError::Unavailable(_) => Self::unavailable(SOON, error.to_string()),
        }
    }
}

impl From<InvalidReplay> for ApiError {
    fn from(error: InvalidReplay) -> Self {
        Self::invalid_field(error.field(), error.to_string())
    }
}

impl From<ReplayError> for ApiError {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::NotKept(_) => Self::not_found("not_found", error.to_string()).field("delivery"),
            ReplayError::TooMany => Self::invalid_field("since", error.to_string()),
            ReplayError::Disabled(_) | ReplayError::Busy { .. } => Self::conflict(error.to_string()),
            ReplayError::Unavailable(_) => Self::unavailable(SOON, error.to_string()),
            ReplayError::Store(error) => error.into(),
            ReplayError::Directory(error) => error.into(),
        }
    }
}

impl From<PasswordError> for ApiError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::unavailable(SOON, error.to_string()),
            PasswordError::Weak { .. } | PasswordError::Long { .. } => {
                Self::invalid_field("password", error.to_string())
            }
            PasswordError::Failed(_) => Self::internal(&error),
        }
    }
}

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Wrong => Self::oauth("invalid_grant", error.to_string()),
            LoginError::TooOften { wait } => Self::too_many(wait, error.to_string()),
            LoginError::Password(error) => error.into(),
        }
    }
}
