//! A client's WebSocket, which can also behave badly.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::rest::Rest;

const OPENS_WITHIN: Duration = Duration::from_secs(25);
/// A server that takes nothing for so long is as good as gone.
const WRITES_WITHIN: Duration = Duration::from_secs(30);
/// For who reads slowly: the kernel keeps little for them.
const SMALL_WINDOW: u32 = 4_096;
/// The connection ended without a word.
pub const ABNORMAL: u16 = 1006;

/// An open connection.
pub struct Socket(WebSocketStream<TcpStream>);

/// Why there is no connection.
pub enum Refused {
    /// The token does not serve any more.
    SignIn,
    /// Busy: not before then.
    After(Duration),
    /// Not there, or not now.
    Down,
}

/// What comes from a connection.
pub enum Heard {
    Frame(Value),
    Closed(u16),
}

impl Socket {
    pub async fn open(rest: &Rest, resume: Option<&str>, slow: bool) -> Result<Self, Refused> {
        timeout(OPENS_WITHIN, Self::try_open(rest, resume, slow)).await.unwrap_or(Err(Refused::Down))
    }

    async fn try_open(rest: &Rest, resume: Option<&str>, slow: bool) -> Result<Self, Refused> {
        let address = rest.base().trim_start_matches("http://");
        let resume = resume.map(|token| format!("?resume={token}")).unwrap_or_default();
        let mut request = format!("ws://{address}/api/v1/ws{resume}").into_client_request().map_err(|_| Refused::Down)?;
        let bearer = HeaderValue::from_str(&format!("Bearer {}", rest.token())).map_err(|_| Refused::SignIn)?;
        request.headers_mut().insert("authorization", bearer);
        let tcp = connect(address, slow).await.map_err(|_| Refused::Down)?;
        let config = WebSocketConfig::default().read_buffer_size(4_096).write_buffer_size(0);
        match client_async_with_config(request, tcp, Some(config)).await {
            Ok((stream, _)) => Ok(Self(stream)),
            Err(Error::Http(answer)) => {
                let body: Value = answer.body().as_ref().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
                let after = body.pointer("/error/retryAfterMs").and_then(Value::as_u64).unwrap_or(500);
                match answer.status().as_u16() {
                    401 => Err(Refused::SignIn),
                    _ => Err(Refused::After(Duration::from_millis(after.min(10_000)))),
                }
            }
            Err(_) => Err(Refused::Down),
        }
    }

    /// The next frame; cancelling it loses nothing.
    pub async fn next(&mut self) -> Heard {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                    Ok(frame) => return Heard::Frame(frame),
                    // Text that is no JSON breaks the contract as a close code out of the table does.
                    Err(_) => return Heard::Closed(0),
                },
                Some(Ok(Message::Close(frame))) => return Heard::Closed(frame.map_or(1005, |frame| frame.code.into())),
                Some(Ok(Message::Binary(_))) => return Heard::Closed(0),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Heard::Closed(ABNORMAL),
            }
        }
    }

    /// False: the connection is over.
    pub async fn send(&mut self, frames: Vec<String>) -> bool {
        let all = async {
            for frame in frames {
                self.0.feed(Message::Text(frame.into())).await?;
            }
            self.0.flush().await
        };
        matches!(timeout(WRITES_WITHIN, all).await, Ok(Ok(())))
    }

    /// Ends it with a RST; `in_frame`: after the first half of a frame.
    pub async fn cut(mut self, in_frame: bool) {
        let tcp = self.0.get_mut();
        if in_frame {
            // A masked text frame of 100 bytes, of which 10 follow.
            let mut half = vec![0x81, 0x80 | 100, 1, 2, 3, 4];
            half.extend_from_slice(&[b'x'; 10]);
            timeout(Duration::from_millis(100), tcp.write_all(&half)).await.ok();
        }
        tcp.set_zero_linger().ok();
    }

    pub async fn close(mut self) {
        timeout(Duration::from_secs(2), self.0.close(None)).await.ok();
    }
}

async fn connect(address: &str, slow: bool) -> std::io::Result<TcpStream> {
    let address = lookup_host(address).await?.next().ok_or(std::io::ErrorKind::NotFound)?;
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if slow {
        socket.set_recv_buffer_size(SMALL_WINDOW)?;
    }
    let tcp = socket.connect(address).await?;
    tcp.set_nodelay(true)?;
    Ok(tcp)
}
