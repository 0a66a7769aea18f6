//! The web client's files, embedded when the server was built.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};
use tertulia_domain::error::{Code, Refusal};

use crate::rest::answer;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
struct Web;

/// Compressed siblings, the smaller first.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];
const NOT_BUILT: &str =
    "The web client is not part of this build. Run `make web` (or `npm run build` in web/) and build the server again.\n";

/// A file of the client; every address that is none of its files is the client itself.
pub async fn serve(request: Request<Body>) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refused = answer::refused(Refusal::new(Code::MethodNotAllowed, "this route has other methods"));
        refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    let path = request.uri().path().trim_start_matches('/');
    if is_file(path) {
        return file(path, request.headers()).unwrap_or_else(|| answer::refused(Refusal::not_found()));
    }
    file("index.html", request.headers())
        .unwrap_or_else(|| answer::with_type(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", NOT_BUILT))
}

/// Whether a path can only mean a file: the client's own addresses have no extension.
fn is_file(path: &str) -> bool {
    path.starts_with("assets/") || path.rsplit('/').next().is_some_and(|name| name.contains('.'))
}

fn file(path: &str, headers: &HeaderMap) -> Option<Response> {
    let plain = Web::get(path)?;
    let (content, encoding) = match compressed(path, headers) {
        Some((content, encoding)) => (content, Some(encoding)),
        None => (plain.data.clone(), None),
    };
    let tag = tag(&plain, encoding);
    let unchanged = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|known| known.split(',').any(|one| one.trim() == tag));
    let mut response = if unchanged { answer::empty(StatusCode::NOT_MODIFIED) } else { Response::new(Body::from(bytes(content))) };
    let headers = response.headers_mut();
    let caching = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::ETAG, HeaderValue::from_str(&tag).ok()?);
    headers.insert(header::CONTENT_TYPE, content_type(&plain));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    Some(response)
}

fn compressed(path: &str, headers: &HeaderMap) -> Option<(Cow<'static, [u8]>, &'static str)> {
    let accepted = headers.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
    ENCODINGS
        .into_iter()
        .filter(|(encoding, _)| accepts(accepted, encoding))
        .find_map(|(encoding, suffix)| Some((Web::get(&format!("{path}{suffix}"))?.data, encoding)))
}

/// `gzip, br;q=0.9` accepts both; `br;q=0` refuses.
fn accepts(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|part| {
        let mut words = part.split(';').map(str::trim);
        let named = words.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        named && !words.any(|word| word.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0)))
    })
}

/// Of the content as it is sent.
fn tag(file: &EmbeddedFile, encoding: Option<&str>) -> String {
    let hash: String = file.metadata.sha256_hash().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hash}{}\"", encoding.map(|encoding| format!("-{encoding}")).unwrap_or_default())
}

fn content_type(file: &EmbeddedFile) -> HeaderValue {
    let kind = file.metadata.mimetype();
    let with_charset =
        if kind.starts_with("text/") || kind == "application/javascript" { format!("{kind}; charset=utf-8") } else { kind.to_owned() };
    HeaderValue::from_str(&with_charset).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

fn bytes(content: Cow<'static, [u8]>) -> Bytes {
    match content {
        Cow::Borrowed(content) => Bytes::from_static(content),
        Cow::Owned(content) => content.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_read_as_they_are_written() {
        for (accepted, br) in [("gzip, deflate, br", true), ("BR;q=0.5", true), ("br;q=0, gzip", false), ("gzip", false), ("", false)] {
            assert_eq!(accepts(accepted, "br"), br, "{accepted}");
        }
    }

    #[test]
    fn addresses_of_the_client_are_not_files() {
        for file in ["favicon.svg", "assets/x", "sub/a.js"] {
            assert!(is_file(file));
        }
        for address in ["", "w/team/c/0190b2c4-7a1e-7c3d-9a4b-1c2d3e4f5a6b", "login"] {
            assert!(!is_file(address));
        }
    }
}
