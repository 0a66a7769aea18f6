//! REST as far as accounts and conversations take it.

use std::time::Duration;

use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::fault::{Fault, Ran};
use crate::target::Target;

/// Answers of "not now" before it counts as a no.
const TRIES: u32 = 30;

/// Calls a route; waits and asks again where the server says so. `Err` is a refusal.
pub async fn call(target: &Target, method: &str, path: &str, token: Option<&str>, body: &Value) -> Ran<Value> {
    for tried in 1.. {
        let (status, answer) = once(target, method, path, token, body).await?;
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        let error = answer.get("error").cloned().unwrap_or_default();
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        match error.get("retryAfterMs").and_then(Value::as_u64) {
            Some(wait) if status == 503 && tried < TRIES => tokio::time::sleep(Duration::from_millis(wait)).await,
            _ if text("code").is_empty() => return Err(Fault::refused(path, &format!("HTTP {status}"), "this is no Tertulia server")),
            _ => return Err(Fault::refused(path, &text("code"), &text("message"))),
        }
    }
    Err(Fault::Refused(format!("{path}: never answered")))
}

async fn once(target: &Target, method: &str, path: &str, token: Option<&str>, body: &Value) -> Ran<(u16, Value)> {
    let gone = |why: String| Fault::Unavailable(format!("{}: {why}", target.host));
    let stream = TcpStream::connect(target.address).await.map_err(|error| gone(error.to_string()))?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| gone(error.to_string()))?;
    let mut request = Request::builder().method(method).uri(format!("/api/v1/{path}")).header(header::HOST, &target.host);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let request = request.header(header::CONTENT_TYPE, "application/json").body(Full::new(bytes));
    let request = request.map_err(|error| Fault::Usage(error.to_string()))?;
    let talk = async {
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        // Else the connection would wait for more of our requests.
        drop(sender);
        Ok::<_, hyper::Error>((status, body))
    };
    let (answer, _) = tokio::join!(talk, connection);
    let (status, body) = answer.map_err(|error| gone(error.to_string()))?;
    Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
}
