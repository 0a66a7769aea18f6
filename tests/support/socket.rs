//! A client's WebSocket: asks and waits for the answer, keeps what else comes meanwhile.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::Request;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::{Client, PATIENCE, new_id, text};

/// Why the server closed: its code, and the reason beside it. 1006 where the connection just ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    pub code: u16,
    pub reason: String,
}

/// An open WebSocket.
pub struct Socket {
    stream: WebSocketStream<TcpStream>,
    /// Frames read while something else was waited for.
    inbox: VecDeque<Value>,
    pub connected: Value,
}

impl Socket {
    pub(crate) async fn open(client: &Client) -> Self {
        Self::with(client, "", &[("authorization", &format!("Bearer {}", client.access_token()))]).await
    }

    /// `query` goes into the URL, `headers` into the handshake.
    pub async fn with(client: &Client, query: &str, headers: &[(&str, &str)]) -> Self {
        let stream = Self::try_open(client, query, headers).await.expect("a WebSocket");
        let mut socket = Self { stream, inbox: VecDeque::new(), connected: Value::Null };
        let first = socket.next_frame(Instant::now() + PATIENCE).await.expect("not closed").expect("a first frame");
        assert_eq!(first["type"], "connected", "the first frame: {first}");
        socket.connected = first["payload"].clone();
        socket
    }

    /// None where the server is not there; the first frame is still to be read.
    pub async fn try_with(client: &Client, query: &str, headers: &[(&str, &str)]) -> Option<Self> {
        let stream = Self::try_open(client, query, headers).await.ok()?;
        Some(Self { stream, inbox: VecDeque::new(), connected: Value::Null })
    }

    /// The next frame; none when the connection is over.
    pub async fn next(&mut self) -> Option<Value> {
        self.next_frame(Instant::now() + PATIENCE).await.ok()?
    }

    /// The handshake alone. An error carries the HTTP answer.
    pub async fn try_open(client: &Client, query: &str, headers: &[(&str, &str)]) -> Result<WebSocketStream<TcpStream>, Error> {
        let address = client.url.trim_start_matches("http://");
        let mut request: Request<()> = format!("ws://{address}/api/v1/ws{query}").into_client_request()?;
        for (name, value) in headers {
            let name: reqwest::header::HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let tcp = TcpStream::connect(address).await.map_err(Error::Io)?;
        tcp.set_nodelay(true).map_err(Error::Io)?;
        client_async(request, tcp).await.map(|(stream, _)| stream)
    }

    /// Sends a frame as it stands.
    pub async fn send_text(&mut self, text: impl Into<String>) {
        self.stream.send(Message::Text(text.into().into())).await.expect("an open socket");
    }

    pub async fn send_message(&mut self, message: Message) -> Result<(), Error> {
        self.stream.send(message).await
    }

    /// Sends a frame without waiting for its answer; answers its id.
    pub async fn send(&mut self, kind: &str, payload: Value) -> String {
        let id = new_id();
        self.send_text(json!({ "type": kind, "id": id, "payload": payload }).to_string()).await;
        id
    }

    /// The ack of a frame sent before, whatever it says.
    pub async fn ack(&mut self, id: &str) -> Value {
        self.expect_frame(|frame| frame["type"] == "ack" && frame["payload"]["refId"] == *id).await["payload"].clone()
    }

    /// Sends a frame and waits for its ack.
    pub async fn ask(&mut self, kind: &str, payload: Value) -> Value {
        let id = self.send(kind, payload).await;
        self.ack(&id).await
    }

    /// As [`Socket::ask`]; the result of a success.
    pub async fn ok(&mut self, kind: &str, payload: Value) -> Value {
        let ack = self.ask(kind, payload).await;
        assert_eq!(ack["status"], "ok", "{kind}: {ack}");
        ack["result"].clone()
    }

    /// As [`Socket::ask`]; the code of a refusal.
    pub async fn refused(&mut self, kind: &str, payload: Value) -> String {
        let ack = self.ask(kind, payload).await;
        assert_eq!(ack["status"], "error", "{kind}: {ack}");
        ack["error"]["code"].as_str().unwrap().to_owned()
    }

    /// Sends a message; answers the ack's result.
    pub async fn say(&mut self, conversation: &str, words: &str) -> Value {
        self.ok("message.send", json!({ "messageId": new_id(), "conversationId": conversation, "content": text(words) })).await
    }

    /// The payload of the next frame of this type, those that were kept first.
    pub async fn expect(&mut self, kind: &str) -> Value {
        self.expect_where(kind, |_| true).await
    }

    pub async fn expect_where(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.expect_frame(|frame| frame["type"] == *kind && wanted(&frame["payload"])).await["payload"].clone()
    }

    /// The next durable event, whatever it is, as the whole frame.
    pub async fn next_event(&mut self) -> Value {
        self.expect_frame(|frame| frame["payload"]["seq"].is_u64() && frame["payload"]["actorId"].is_string()).await
    }

    /// The next frame that is wanted, those that were kept first.
    pub async fn expect_frame(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(place) = self.inbox.iter().position(&wanted) {
            return self.inbox.remove(place).unwrap();
        }
        let end = Instant::now() + PATIENCE;
        loop {
            match self.next_frame(end).await {
                Ok(Some(frame)) if wanted(&frame) => return frame,
                Ok(Some(frame)) => self.inbox.push_back(frame),
                Ok(None) => panic!("never came; what came: {:#?}", self.inbox),
                Err(closed) => panic!("closed instead: {closed:?}; what came: {:#?}", self.inbox),
            }
        }
    }

    /// A user's presence that is as wanted, alone or in a batch.
    pub async fn expect_presence(&mut self, user: &Client, wanted: impl Fn(&Value) -> bool) -> Value {
        let find = |frame: &Value| {
            let single = std::slice::from_ref(&frame["payload"]);
            let items = frame["payload"]["items"].as_array().map_or(single, Vec::as_slice);
            let told = frame["type"].as_str().is_some_and(|kind| kind.starts_with("presence."));
            items.iter().find(|item| told && item["userId"] == user.id() && wanted(item)).cloned()
        };
        let frame = self.expect_frame(|frame| find(frame).is_some()).await;
        find(&frame).unwrap()
    }

    /// Everything that comes within `time`, kept frames first.
    pub async fn gather(&mut self, time: Duration) -> Vec<Value> {
        let end = Instant::now() + time;
        while let Ok(Some(frame)) = self.next_frame(end).await {
            self.inbox.push_back(frame);
        }
        self.inbox.drain(..).collect()
    }

    /// No frame of this type comes within `time`.
    pub async fn expect_none(&mut self, kind: &str, time: Duration) {
        let frames = self.gather(time).await;
        let found: Vec<&Value> = frames.iter().filter(|frame| frame["type"] == *kind).collect();
        assert!(found.is_empty(), "{kind} came: {found:?}");
    }

    /// What is still on its way has come when this answers.
    pub async fn settle(&mut self) {
        self.ok("heartbeat", json!({})).await;
    }

    /// Waits until the server closes.
    pub async fn closed(&mut self) -> Closed {
        self.closed_within(PATIENCE).await
    }

    pub async fn closed_within(&mut self, time: Duration) -> Closed {
        let end = Instant::now() + time;
        loop {
            match self.next_frame(end).await {
                Ok(Some(frame)) => self.inbox.push_back(frame),
                Ok(None) => panic!("not closed; what came: {:#?}", self.inbox),
                Err(closed) => return closed,
            }
        }
    }

    /// Says goodbye and waits for the server's.
    pub async fn close(mut self) {
        if self.stream.close(None).await.is_ok() {
            self.closed().await;
        }
    }

    /// None when the time is up.
    async fn next_frame(&mut self, end: Instant) -> Result<Option<Value>, Closed> {
        loop {
            let Ok(next) = timeout_at(end, self.stream.next()).await else { return Ok(None) };
            let gone = || Closed { code: 1006, reason: String::new() };
            match next {
                Some(Ok(Message::Text(text))) => return Ok(Some(serde_json::from_str(&text).expect("JSON"))),
                Some(Ok(Message::Close(Some(close)))) => return Err(Closed { code: close.code.into(), reason: close.reason.to_string() }),
                Some(Ok(Message::Close(None))) => return Err(Closed { code: 1005, reason: String::new() }),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(gone()),
            }
        }
    }
}
