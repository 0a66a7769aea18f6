//! The REST API as one person uses it.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use reqwest::Method;
use serde_json::{Value, json};
use tertulia_domain::Code;
use tertulia_domain::ids::UserId;

use crate::findings::{Findings, Invariant};
use crate::record::id;

const PASSWORD: &str = "torture-torture";
/// A server that is stopped for twenty seconds answers later than this; the outcome is unknown then.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    Refused {
        code: Code,
        after: Option<Duration>,
    },
    /// Nobody answers there: not done.
    Gone,
    /// No answer, or none that can be read.
    Lost(String),
}

impl Failed {
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            Self::Gone | Self::Lost(_) => None,
        }
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused { code, .. } => write!(f, "refused with {code}"),
            Self::Gone => f.write_str("nothing answers"),
            Self::Lost(why) => f.write_str(why),
        }
    }
}

/// One person's way to the server; clones share the token.
#[derive(Clone)]
pub struct Rest {
    http: reqwest::Client,
    base: Arc<str>,
    token: Arc<Mutex<String>>,
    findings: Arc<Findings>,
    name: Arc<str>,
    pub user: UserId,
    preparing: bool,
}

impl Rest {
    /// Nobody, at the server of this address.
    pub fn new(base: &str, findings: Arc<Findings>) -> Result<Self, Failed> {
        let http = reqwest::Client::builder().timeout(ANSWERS_WITHIN).no_proxy().pool_max_idle_per_host(2).build();
        let http = http.map_err(|error| Failed::Lost(error.to_string()))?;
        let base = base.trim_end_matches('/').into();
        Ok(Self { http, base, token: Arc::default(), findings, name: "".into(), user: UserId(uuid::Uuid::nil()), preparing: true })
    }

    /// The same person, at another address of the same.
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.into(), ..self.clone() }
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    pub fn token(&self) -> String {
        self.token.lock().clone()
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// A new account.
    pub async fn register(&self, name: &str, invite: Option<&str>) -> Result<Self, Failed> {
        let (name, answer) = self.try_register(name, invite).await?;
        let user = id(answer.pointer("/user/id")).ok_or_else(|| Failed::Lost("an account without an id".into()))?;
        let someone = Self { token: Arc::default(), name: name.into(), user, ..self.clone() };
        someone.keep_token(&answer);
        Ok(someone)
    }

    /// Under another name each time: half an account may be left of the time before.
    async fn try_register(&self, name: &str, invite: Option<&str>) -> Result<(String, Value), Failed> {
        let mut attempt = 0;
        loop {
            let name = if attempt == 0 { name.to_owned() } else { format!("{name}-{attempt}") };
            let body = json!({ "username": name, "password": PASSWORD, "invite": invite });
            match self.call_once(Method::POST, "auth/register", Some(body)).await {
                Err(failed) if attempt < 10 && self.is_early(&failed) => attempt += 1,
                answer => return Ok((name, answer?)),
            }
        }
    }

    /// Whether something is not there though it was acknowledged, which is a finding.
    fn is_early(&self, failed: &Failed) -> bool {
        let Some(code @ (Code::SessionRevoked | Code::TokenInvalid | Code::NotFound | Code::Gone)) = failed.code() else { return false };
        if self.preparing {
            self.findings.violated(Invariant::RealTime, format!("{code}: what was acknowledged a moment ago is not there"));
        }
        self.preparing
    }

    /// The world is made.
    pub fn prepared(&mut self) {
        self.preparing = false;
    }

    /// Signs in anew, where the token does not serve any more.
    pub async fn sign_in(&self) -> Result<(), Failed> {
        let answer = self.post("auth/login", json!({ "username": &*self.name, "password": PASSWORD })).await?;
        self.keep_token(&answer);
        Ok(())
    }

    fn keep_token(&self, answer: &Value) {
        answer.get("accessToken").and_then(Value::as_str).unwrap_or_default().clone_into(&mut self.token.lock());
    }

    pub async fn get(&self, path: &str) -> Result<Value, Failed> {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Result<Value, Failed> {
        self.call(Method::POST, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Result<Value, Failed> {
        self.call(Method::DELETE, path, None).await
    }

    /// While the world is made, each step needs what the one before was promised. What is not there yet is a finding, and
    /// tried again: there may be worse to find.
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Failed> {
        for _ in 0..10 {
            match self.call_once(method.clone(), path, body.clone()).await {
                Err(failed) if self.is_early(&failed) => tokio::time::sleep(Duration::from_millis(100)).await,
                answer => return answer,
            }
        }
        self.call_once(method, path, body).await
    }

    async fn call_once(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Failed> {
        let lost = |error: reqwest::Error| if error.is_connect() { Failed::Gone } else { Failed::Lost(error.to_string()) };
        let mut request = self.http.request(method, format!("{}/api/v1/{path}", self.base));
        if !path.starts_with("auth/") {
            request = request.bearer_auth(self.token());
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.map_err(lost)?;
        let status = response.status();
        let text = response.text().await.map_err(lost)?;
        let body: Value = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or_default() };
        if status.is_success() {
            return Ok(body);
        }
        Err(refusal(&body, &self.findings).unwrap_or_else(|| Failed::Lost(format!("{status} without an error body"))))
    }
}

/// The refusal in an error body. A code that is not in the table is a finding.
pub fn refusal(body: &Value, findings: &Findings) -> Option<Failed> {
    let error = body.get("error")?;
    let word = error.get("code")?.as_str()?;
    let code = serde_json::from_value::<Code>(Value::from(word)).ok();
    findings.expect(Invariant::Codes, code.is_some(), || format!("an error code that nobody documented: {word}"));
    let after = error.get("retryAfterMs").and_then(Value::as_u64).map(Duration::from_millis);
    Some(Failed::Refused { code: code?, after })
}
