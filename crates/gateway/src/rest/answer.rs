//! Responses.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use tertulia_domain::error::{Code, Refusal};
use tertulia_protocol::error::{ErrorAnswer, ErrorBody};

/// Why a request was refused. A response carries it until [`super::request`] writes its body.
#[derive(Clone)]
pub struct Failure {
    pub status: StatusCode,
    pub refusal: Refusal,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self { status: StatusCode::from_u16(refusal.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), refusal }
    }
}

/// `value` as JSON.
pub fn json<T: Serialize>(status: StatusCode, value: &T) -> Result<Response, Refusal> {
    let body = serde_json::to_vec(value).map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        Refusal::new(Code::Internal, "a fault of ours")
    })?;
    Ok(with_type(status, "application/json", body))
}

/// A body of any type.
pub fn with_type(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A status and nothing else.
pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// A refusal whose body is still to be written.
pub fn refused(failure: impl Into<Failure>) -> Response {
    let failure = failure.into();
    let mut response = empty(failure.status);
    response.extensions_mut().insert(failure);
    response
}

/// Writes a refusal's body, which names the request.
pub(super) fn write_refusal(response: Response, request_id: &str) -> Response {
    let Some(Failure { refusal, .. }) = response.extensions().get::<Failure>().cloned() else { return response };
    metrics::counter!("tertulia_errors_total", "code" => refusal.code.as_str()).increment(1);
    let (parts, _) = response.into_parts();
    let retry_after_ms = refusal.retry_after_ms;
    let error = ErrorBody { request_id: Some(request_id.to_owned()), ..refusal.into() };
    let body = serde_json::to_vec(&ErrorAnswer { error }).unwrap_or_default();
    let mut response = Response::from_parts(parts, Body::from(body));
    // The router wrote that of the empty body.
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(ms) = retry_after_ms {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1_000)));
    }
    response
}
