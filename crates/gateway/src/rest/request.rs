//! What happens to every request, whatever its route: limits, origin, one shape of errors, headers, the log.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::MatchedPath;
use axum::response::Response;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use tertulia_domain::error::{Code, Refusal};
use tower::ServiceExt;
use uuid::Uuid;

use super::answer::{self, Failure};
use super::call::Client;
use super::origin::{self, Origin};
use super::route::Sender;
use crate::gateway::GatewayConfig;

const PATH_BYTES_MAX: usize = 8 * 1024;
const HEADER_BYTES_MAX: usize = 16 * 1024;
const HEADERS_MAX: usize = 100;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Scripts, styles and pictures from here only; pictures from anywhere over https, because avatars are addresses.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob: https: http:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The path of the route that answered, for the log and the metrics.
#[derive(Clone)]
pub struct Matched(pub String);

/// Answers one request. Never fails: a panic is a 500.
pub async fn serve(config: &GatewayConfig, router: Router, mut request: Request<Body>, address: IpAddr) -> Response {
    let started = Instant::now();
    let request_id = Uuid::now_v7().simple().to_string();
    let method = request.method().clone();
    let from = origin::of(config, request.uri(), request.headers());
    let client_origin = request.headers().get(header::ORIGIN).and_then(|value| value.to_str().ok()).map(str::to_owned);
    request.extensions_mut().insert(Sender(Client { address, origin: client_origin, verified: None }));
    let response = match check(&request, &from) {
        Err(failure) => answer::refused(*failure),
        Ok(()) if is_preflight(&request, &from) => preflight(),
        Ok(()) => route(router, request).await,
    };
    let mut response = answer::write_refusal(response, &request_id);
    finish_headers(response.headers_mut(), &request_id, &from);
    log(&method, &response, &request_id, started);
    response
}

async fn route(router: Router, request: Request<Body>) -> Response {
    match AssertUnwindSafe(router.oneshot(request)).catch_unwind().await {
        Ok(Ok(response)) if response.status() == StatusCode::METHOD_NOT_ALLOWED => method_not_allowed(response),
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        Err(_) => {
            tracing::error!("a handler panicked");
            answer::refused(Refusal::new(Code::Internal, "a fault of ours; the outcome is unknown"))
        }
    }
}

/// Keeps the `Allow` header that the router wrote.
fn method_not_allowed(response: Response) -> Response {
    let allow = response.headers().get(header::ALLOW).cloned();
    let mut refused = answer::refused(Refusal::new(Code::MethodNotAllowed, "this route has other methods"));
    if let Some(allow) = allow {
        refused.headers_mut().insert(header::ALLOW, allow);
    }
    refused
}

fn check(request: &Request<Body>, from: &Origin) -> Result<(), Box<Failure>> {
    let uri = request.uri();
    if uri.path_and_query().map_or(0, |path| path.as_str().len()) > PATH_BYTES_MAX {
        return Err(too_large(StatusCode::URI_TOO_LONG, PATH_BYTES_MAX, "the path is over 8 KiB"));
    }
    let header_bytes: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if header_bytes > HEADER_BYTES_MAX || request.headers().len() > HEADERS_MAX {
        return Err(too_large(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            HEADER_BYTES_MAX,
            "the headers are over 16 KiB, or more than 100",
        ));
    }
    let named = |pair: &str| matches!(pair.split('=').next(), Some("token" | "access_token" | "accessToken"));
    if uri.path().starts_with("/api/") && uri.query().is_some_and(|query| query.split('&').any(named)) {
        return Err(refuse(Code::TokenInUrl, "access tokens don't belong into URLs: they are logged"));
    }
    if *from == Origin::Foreign && origin::matters(request.method()) {
        return Err(refuse(Code::Origin, "this site may not use this server"));
    }
    Ok(())
}

fn refuse(code: Code, message: &str) -> Box<Failure> {
    Box::new(Refusal::new(code, message).into())
}

fn too_large(status: StatusCode, limit: usize, message: &str) -> Box<Failure> {
    Box::new(Failure { status, refusal: Refusal { limit: Some(limit as u64), ..Refusal::new(Code::TooLarge, message) } })
}

fn is_preflight(request: &Request<Body>, from: &Origin) -> bool {
    matches!(from, Origin::Configured(_))
        && request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight() -> Response {
    let mut response = answer::empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type, traceparent"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

fn finish_headers(headers: &mut HeaderMap, request_id: &str, from: &Origin) {
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Origin::Configured(origin) = from
        && let Ok(origin) = HeaderValue::from_str(origin)
    {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("x-request-id, retry-after"));
    }
}

/// Ids only: a path may carry tokens, a query anything.
fn log(method: &Method, response: &Response, request_id: &str, started: Instant) {
    let path = response.extensions().get::<Matched>().map_or("", |matched| matched.0.as_str());
    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    metrics::histogram!("tertulia_http_request_seconds", "path" => path.to_owned(), "status" => status.to_string())
        .record(elapsed.as_secs_f64());
    tracing::info!(%method, path, status, ms = elapsed.as_secs_f64() * 1_000.0, request_id, "request");
}

/// Notes which route a request came to.
pub async fn note_route(request: Request<Body>, next: axum::middleware::Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().map(|path| Matched(path.as_str().to_owned()));
    let mut response = next.run(request).await;
    if let Some(matched) = matched {
        response.extensions_mut().insert(matched);
    }
    response
}
