//! From an HTTP request to a WebSocket. What is refused here is readable HTTP.

use std::sync::Arc;

use aws_lc_rs::digest;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Version, header};
use hyper::upgrade::{OnUpgrade, Parts as Upgraded};
use hyper_util::rt::TokioIo;
use tertulia_domain::error::{Code, Refusal};
use tertulia_domain::ids::{SessionId, UserId};
use tertulia_protocol::SUBPROTOCOL;
use tertulia_services::Caller;
use tertulia_services::auth::Verified;
use tertulia_services::spine::limits::Key;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use super::open::{self, Opened};
use super::{deflate, hub};
use crate::gateway::Gateway;
use crate::rest::answer;
use crate::rest::call::Client;
use crate::rest::origin::{self, Origin};
use crate::rest::query;
use crate::rest::route::{Sender, authenticate};

/// RFC 6455, section 1.3.
const ACCEPT_GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const A_YEAR_MS: i64 = 365 * 86_400_000;
const RESUME_CHARS_MAX: usize = 128;

/// The place among the open sockets; a WebSocket keeps it.
#[derive(Debug, Clone)]
pub struct Place(pub Arc<OwnedSemaphorePermit>);

/// `GET /api/v1/ws`.
pub async fn upgrade(State(gateway): State<Gateway>, request: Request<Body>) -> Response {
    match open(&gateway, request).await {
        Ok(response) => response,
        Err(refusal) => with_version(answer::refused(refusal)),
    }
}

async fn open(gateway: &Gateway, mut request: Request<Body>) -> Result<Response, Refusal> {
    let on_upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let place = request.extensions_mut().remove::<Place>();
    let (parts, _) = request.into_parts();
    let accept = check_handshake(parts.version, &parts.headers)?;
    if origin::of(&gateway.config, &parts.uri, &parts.headers) == Origin::Foreign {
        return Err(Refusal::new(Code::Origin, "this site may not use this server"));
    }
    if gateway.hub.is_draining() {
        return Err(hub::draining());
    }
    let deflates = gateway.config.compression && deflate::is_offered(&parts.headers);
    let Some(Sender(client)) = parts.extensions.get::<Sender>() else { return Err(Refusal::new(Code::Internal, "a fault of ours")) };
    gateway.services.spine.limits.take(Key::ConnectFrom(client.address))?;
    let verified = if gateway.config.echo { nobody(gateway) } else { identify(gateway, &parts, client).await? };
    gateway.services.spine.limits.take(Key::Connect(verified.caller.user_id))?;
    let resume = resume_token(parts.uri.query())?;
    let offered = offered_protocols(&parts.headers);
    let speaks = offered.is_empty() || offered.iter().any(|name| name == SUBPROTOCOL);
    let on_upgrade = on_upgrade.ok_or_else(|| Refusal::field("upgrade", "is not possible on this connection"))?;
    let opened = Opened { gateway: gateway.clone(), verified, speaks, place, resume, deflates };
    gateway.services.spine.tasks.run(take_over(on_upgrade, opened));
    // A browser hears the close code of an unknown protocol only where its first choice is named.
    let chosen = if speaks { offered.first().map(|_| SUBPROTOCOL) } else { offered.first().map(String::as_str) };
    Ok(switching(&accept, chosen, deflates))
}

async fn take_over(on_upgrade: OnUpgrade, opened: Opened) {
    let Ok(upgraded) = on_upgrade.await else { return };
    let Ok(Upgraded { io, read_buf, .. }) = upgraded.downcast::<TokioIo<TcpStream>>() else {
        tracing::error!("a WebSocket over something that is not TCP");
        return;
    };
    // A copy: the buffer itself would keep the whole read buffer of the request alive.
    let early = read_buf.to_vec();
    drop(read_buf);
    open::open(io.into_inner(), early, opened).await;
}

/// The `Sec-WebSocket-Accept` of a handshake that is in order.
fn check_handshake(version: Version, headers: &HeaderMap) -> Result<String, Refusal> {
    let has = |name: header::HeaderName, token: &str| {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
    };
    if version != Version::HTTP_11 {
        return Err(Refusal::field("upgrade", "a WebSocket begins with HTTP/1.1"));
    }
    if !has(header::CONNECTION, "upgrade") || !has(header::UPGRADE, "websocket") {
        return Err(Refusal::new(Code::UpgradeRequired, "this is the address of the WebSocket"));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Refusal::new(Code::UpgradeRequired, "version 13 of the WebSocket protocol is spoken here"));
    }
    if headers.contains_key(header::TRANSFER_ENCODING) || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0") {
        return Err(Refusal::field("content-length", "a handshake has no body"));
    }
    let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
    let key = keys.next().filter(|_| keys.next().is_none()).map(HeaderValue::as_bytes);
    let key = key.filter(|key| STANDARD.decode(key).is_ok_and(|nonce| nonce.len() == 16));
    key.map(accept_of).ok_or_else(|| Refusal::field("sec-websocket-key", "is not 16 bytes in base64"))
}

fn accept_of(key: &[u8]) -> String {
    let mut sha1 = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    sha1.update(key);
    sha1.update(ACCEPT_GUID);
    STANDARD.encode(sha1.finish())
}

/// By ticket, as browsers do, or by access token.
async fn identify(gateway: &Gateway, parts: &http::request::Parts, client: &Client) -> Result<Verified, Refusal> {
    let mut tickets = query::pairs(parts.uri.query().unwrap_or_default())?.into_iter().filter(|(name, _)| name == "ticket");
    match (tickets.next(), tickets.next()) {
        (Some((_, ticket)), None) => gateway.services.auth.redeem_ticket(&ticket, client.origin.as_deref()).await,
        (Some(_), Some(_)) => Err(Refusal::field("ticket", "stands twice")),
        (None, _) => {
            gateway.let_in()?;
            authenticate(gateway, parts).await
        }
    }
}

/// Whoever has what they say sent back.
fn nobody(gateway: &Gateway) -> Verified {
    let caller = Caller { user_id: UserId(Uuid::nil()), session_id: SessionId(Uuid::nil()) };
    Verified { caller, expires_at: gateway.services.spine.clock.now().plus_millis(A_YEAR_MS) }
}

/// What it goes on from. A token that is too long is none.
fn resume_token(query: Option<&str>) -> Result<Option<String>, Refusal> {
    let pairs = query::pairs(query.unwrap_or_default())?.into_iter();
    Ok(pairs.filter(|(name, value)| name == "resume" && value.len() <= RESUME_CHARS_MAX).map(|(_, value)| value).next())
}

fn offered_protocols(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

fn switching(accept: &str, protocol: Option<&str>, deflates: bool) -> Response {
    let mut response = answer::empty(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    let extension = deflates.then_some(deflate::ACCEPTED);
    let named = [
        (header::SEC_WEBSOCKET_ACCEPT, Some(accept)),
        (header::SEC_WEBSOCKET_PROTOCOL, protocol),
        (header::SEC_WEBSOCKET_EXTENSIONS, extension),
    ];
    for (name, value) in named {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(name, value);
        }
    }
    response
}

fn with_version(mut response: Response) -> Response {
    if response.status() == StatusCode::UPGRADE_REQUIRED {
        response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_as_the_rfc_does() {
        assert_eq!(accept_of(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn each_fault_of_a_handshake_has_its_answer() {
        let good = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let check = |version: Version, change: Option<(&'static str, &str)>| {
            let mut headers: HeaderMap = good.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            match change {
                Some((name, "")) => drop(headers.remove(name)),
                Some((name, value)) => drop(headers.insert(name, value.parse().unwrap())),
                None => {}
            }
            check_handshake(version, &headers).map_err(|refusal| refusal.code.status())
        };
        assert!(check(Version::HTTP_11, None).is_ok());
        assert_eq!(check(Version::HTTP_10, None), Err(400));
        for (change, status) in [
            (("sec-websocket-version", "12"), 426),
            (("sec-websocket-version", ""), 426),
            (("upgrade", ""), 426),
            (("connection", "close"), 426),
            (("sec-websocket-key", ""), 400),
            (("sec-websocket-key", "short"), 400),
            (("content-length", "3"), 400),
            (("transfer-encoding", "chunked"), 400),
        ] {
            assert_eq!(check(Version::HTTP_11, Some(change)), Err(status), "{change:?}");
        }
    }
}
