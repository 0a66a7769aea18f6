//! A client of the REST API.

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::{Value, json};
use tertulia_domain::Code;

use crate::{Server, Socket, new_id};

/// Who is signed in.
#[derive(Debug, Clone)]
pub struct Account {
    pub id: String,
    pub username: String,
    pub password: String,
    pub access_token: String,
    pub refresh_token: String,
}

/// Somebody at a keyboard; without an account, anybody.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    pub url: String,
    pub account: Option<Account>,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
    /// What was asked, for messages of failures.
    asked: String,
}

/// Content of a plain message.
pub fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

impl Client {
    pub fn new(server: &Server) -> Self {
        Self { http: reqwest::Client::new(), url: server.url.clone(), account: None }
    }

    /// Signed in with a token pair that an answer gave.
    pub fn signed_in(&self, answer: &Value, password: &str) -> Self {
        let string = |value: &Value| value.as_str().unwrap().to_owned();
        let account = Account {
            id: string(&answer["user"]["id"]),
            username: string(&answer["user"]["username"]),
            password: password.to_owned(),
            access_token: string(&answer["accessToken"]),
            refresh_token: string(&answer["refreshToken"]),
        };
        Self { account: Some(account), ..self.clone() }
    }

    pub fn id(&self) -> &str {
        &self.account.as_ref().expect("signed in").id
    }

    pub fn username(&self) -> &str {
        &self.account.as_ref().expect("signed in").username
    }

    pub fn access_token(&self) -> &str {
        &self.account.as_ref().expect("signed in").access_token
    }

    /// The same over new connections, after the server was away.
    pub fn reconnected(&self) -> Self {
        Self { http: reqwest::Client::new(), ..self.clone() }
    }

    /// The same person at another node of the cluster.
    pub fn on(&self, server: &Server) -> Self {
        Self { url: server.url.clone(), ..self.clone() }
    }

    /// The same without an account.
    pub fn anybody(&self) -> Self {
        Self { account: None, ..self.clone() }
    }

    /// The same person with another access token.
    pub fn with_token(&self, token: &str) -> Self {
        let mut other = self.clone();
        other.account.as_mut().expect("signed in").access_token = token.to_owned();
        other
    }

    /// A request under `/api/v1`, to be sent by [`Client::send_request`].
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{}", self.url, rooted(path)));
        match &self.account {
            Some(account) => request.header(AUTHORIZATION, format!("Bearer {}", account.access_token)),
            None => request,
        }
    }

    pub async fn finish(&self, request: reqwest::RequestBuilder) -> Reply {
        self.try_finish(request).await.expect("an answer")
    }

    /// None when the connection broke before there was a whole answer.
    pub async fn try_finish(&self, request: reqwest::RequestBuilder) -> Option<Reply> {
        let request = request.build().unwrap();
        let asked = format!("{} {}", request.method(), request.url().path());
        let response = self.http.execute(request).await.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Some(Reply { status, headers, body: response.text().await.ok()?, asked })
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        let request = self.request(method, path);
        self.finish(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.call(Method::POST, path, Some(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.call(Method::PUT, path, Some(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.call(Method::PATCH, path, Some(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.call(Method::DELETE, path, None).await
    }

    /// POST with a body of exactly these bytes.
    pub async fn post_bytes(&self, path: &str, content_type: &str, bytes: impl Into<Vec<u8>>) -> Reply {
        let request = self.request(Method::POST, path).header("content-type", content_type).body(bytes.into());
        self.finish(request).await
    }

    /// Sends a message; answers what the server said, an id included.
    pub async fn say(&self, conversation: &str, words: &str) -> Value {
        self.post(&format!("conversations/{conversation}/messages"), json!({ "messageId": new_id(), "content": text(words) })).await.ok()
    }

    /// The id of a message just sent.
    pub async fn say_id(&self, conversation: &str, words: &str) -> String {
        self.say(conversation, words).await["messageId"].as_str().unwrap().to_owned()
    }

    /// A WebSocket with the access token in its header.
    pub async fn socket(&self) -> Socket {
        Socket::open(self).await
    }

    pub async fn ticket(&self) -> String {
        self.call(Method::POST, "auth/ws-ticket", None).await.ok()["ticket"].as_str().unwrap().to_owned()
    }

    pub async fn conversation(&self, id: &str) -> Value {
        self.get(&format!("conversations/{id}")).await.ok()
    }

    /// The whole log, which must be gap-free.
    pub async fn log_of(&self, conversation: &str) -> Vec<Value> {
        let mut events: Vec<Value> = Vec::new();
        loop {
            let page = self.get(&format!("conversations/{conversation}/events?after={}&limit=200", events.len())).await.ok();
            let items = page["items"].as_array().unwrap();
            for event in items {
                assert_eq!(event["seq"].as_u64(), Some(events.len() as u64 + 1), "the log has a gap");
                events.push(event.clone());
            }
            if items.is_empty() {
                assert_eq!(page["head"].as_u64(), Some(events.len() as u64), "the log ends before its head");
                return events;
            }
        }
    }
}

/// `users/me` means `/api/v1/users/me`; what begins with `/` stands for itself.
fn rooted(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/api/v1/{path}") }
}

impl Reply {
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{}: {} is not JSON", self.asked, self.body))
    }

    /// The body of a success.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{}: {} {}", self.asked, self.status, self.body);
        self.json()
    }

    #[track_caller]
    pub fn is(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.body);
        self.json()
    }

    /// The code of a refusal; empty on success.
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Refused with this code, its status and its way to retry, in the contract's shape.
    #[track_caller]
    pub fn refused(&self, code: &str) -> Value {
        assert_eq!(self.code(), code, "{}: {} {}", self.asked, self.status, self.body);
        let known = Code::ALL.iter().find(|known| known.as_str() == code).expect("a known code");
        assert_eq!(self.status, known.status(), "{}: {}", self.asked, self.body);
        let error = self.json()["error"].clone();
        assert_eq!(error["retry"], serde_json::to_value(known.retry()).unwrap(), "{}", self.asked);
        assert!(error["requestId"].is_string() && error["message"].is_string(), "{}: {}", self.asked, self.body);
        error
    }

    /// Refused with `INVALID_FIELD` about this field.
    #[track_caller]
    pub fn refused_field(&self, field: &str) {
        let error = self.refused("INVALID_FIELD");
        assert_eq!(error["details"]["field"], field, "{}: {}", self.asked, self.body);
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
