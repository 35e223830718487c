//! What a product's list of devices is read from: a JSON id, or an uploaded file with one id a line.

use std::collections::BTreeSet;

use axum::extract::{FromRequest, Request};
use fieldhook_core::id::DeviceId;
use http::header::CONTENT_TYPE;

use super::super::error::{ApiError, cut};
use super::super::input::{BODY_LIMIT, Body, read};

/// Device ids as they were sent, and what was sent that is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Ids {
    /// The ids, each once.
    pub(super) ids: BTreeSet<DeviceId>,
    /// The rest, cut short.
    pub(super) invalid: Vec<String>,
}

impl<S: Send + Sync> FromRequest<S> for Ids {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let boundary = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .and_then(|kind| multer::parse_boundary(kind).ok());
        let ids = match boundary {
            Some(boundary) => Self::of_lines(&file(request, boundary).await?),
            None => Self::of_body(&Body::from_request(request, state).await?)?,
        };
        if ids.ids.is_empty() && ids.invalid.is_empty() {
            return Err(ApiError::invalid_field(
                "id",
                "no device was named: send `id`, or a file with one device id a line in the field `file`",
            ));
        }
        Ok(ids)
    }
}

impl Ids {
    fn of_body(body: &Body) -> Result<Self, ApiError> {
        let lines = match body.object.get("ids") {
            Some(serde_json::Value::Array(ids)) => {
                ids.iter().map(|id| id.as_str().unwrap_or_default()).collect::<Vec<_>>().join("\n")
            }
            _ => body.text("id")?.unwrap_or_default(),
        };
        Ok(Self::of_lines(&lines))
    }

    fn of_lines(text: &str) -> Self {
        let mut ids = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match line.parse() {
                Ok(id) => _ = ids.ids.insert(id),
                Err(_) => ids.invalid.push(cut(line)),
            }
        }
        ids
    }
}

async fn file(request: Request, boundary: String) -> Result<String, ApiError> {
    let refused = |error: multer::Error| ApiError::invalid(format!("the upload cannot be read: {error}"));
    let bytes = read(request, BODY_LIMIT).await?;
    let once = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(bytes)]);
    let mut parts = multer::Multipart::new(once, boundary);
    while let Some(part) = parts.next_field().await.map_err(refused)? {
        if part.name() == Some("file") {
            return part.text().await.map_err(refused);
        }
    }
    Ok(String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef01234567";

    async fn read_upload(kind: &str, body: String) -> Result<Ids, ApiError> {
        let request = Request::builder().header(CONTENT_TYPE, kind).body(body.into()).unwrap();
        Ids::from_request(request, &()).await
    }

    #[tokio::test]
    async fn a_file_has_one_id_a_line_and_what_is_none_is_named() {
        let file = format!("{ID}\r\n\r\n  {}  \nphoton-7\n{ID}\n", ID.to_uppercase());
        let body = format!(
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"d.txt\"\r\n\r\n{file}\r\n--x--\r\n"
        );
        let ids = read_upload("multipart/form-data; boundary=x", body).await.unwrap();
        assert_eq!(ids.ids, BTreeSet::from([ID.parse().unwrap()]));
        assert_eq!(ids.invalid, ["photon-7"]);
    }

    #[tokio::test]
    async fn a_single_id_comes_as_json() {
        let ids = read_upload("application/json", format!("{{\"id\":\"{ID}\"}}")).await.unwrap();
        assert_eq!(ids.ids.len(), 1);
    }

    #[tokio::test]
    async fn an_upload_without_any_device_is_refused() {
        assert!(read_upload("application/json", "{}".into()).await.is_err());
        assert!(read_upload("multipart/form-data; boundary=x", "--x--\r\n".into()).await.is_err());
        assert!(read_upload("multipart/form-data; boundary=x", "--x\r\n".into()).await.is_err());
    }
}
