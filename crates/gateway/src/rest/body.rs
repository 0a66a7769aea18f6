//! Bodies of requests: JSON, bounded in size and time.

use std::borrow::Cow;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value};
use tertulia_domain::error::{Code, Refusal};
use tertulia_domain::ids::{ConversationId, MessageId};
use tertulia_protocol::rest;
use tertulia_protocol::v1::{MessageInput, MessageSend, SyncRequest};

use super::answer::Failure;
use crate::json;

/// The largest body, in bytes.
pub const BODY_BYTES_MAX: usize = tertulia_protocol::FRAME_BYTES_MAX;
const READ_WITHIN: Duration = Duration::from_secs(30);
const LINGER_BYTES: usize = 4 * BODY_BYTES_MAX;
const LINGER_WITHIN: Duration = Duration::from_millis(500);

/// What a route takes.
pub trait TakenBody: Sized + JsonSchema + Send + 'static {
    /// `text` has passed [`json::check`].
    fn read(text: &str) -> Result<Self, Refusal>;
}

macro_rules! plain {
    ($($body:ty),+ $(,)?) => {$(
        impl TakenBody for $body {
            fn read(text: &str) -> Result<Self, Refusal> {
                json::read(text)
            }
        }
    )+};
}

plain!(
    (),
    rest::Setup,
    rest::Register,
    rest::Login,
    rest::Refresh,
    rest::ChangePassword,
    rest::UpdateMe,
    rest::CreateWorkspace,
    rest::UpdateWorkspace,
    rest::UpdateWorkspaceMember,
    rest::CreateInvite,
    rest::CreateConversation,
    rest::UpdateConversation,
    rest::AddMembers,
    rest::UpdateMember,
    rest::UpdatePreferences,
    rest::UpdateReceipt,
    rest::EditMessage,
    rest::React,
    SyncRequest,
);

/// A conversation of type group, whatever the body says its type is.
pub struct NewGroup(pub rest::CreateConversation);

impl TakenBody for NewGroup {
    fn read(text: &str) -> Result<Self, Refusal> {
        let mut fields: Map<String, Value> = json::read(text)?;
        fields.insert("type".into(), "group".into());
        Ok(Self(json::read(&Value::Object(fields).to_string())?))
    }
}

impl JsonSchema for NewGroup {
    fn schema_name() -> Cow<'static, str> {
        "CreateGroup".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = rest::CreateConversation::json_schema(generator);
        if let Some(fields) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            fields.remove("type");
        }
        schema.remove("required");
        schema
    }
}

// A flattened struct loses the place of an error, so its parts are read one by one.
impl TakenBody for rest::SendMessage {
    fn read(text: &str) -> Result<Self, Refusal> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Head {
            message_id: MessageId,
        }
        let Head { message_id } = json::read(text)?;
        Ok(Self { message_id, message: json::read::<MessageInput>(text)? })
    }
}

impl TakenBody for MessageSend {
    fn read(text: &str) -> Result<Self, Refusal> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Head {
            message_id: MessageId,
            conversation_id: ConversationId,
        }
        let Head { message_id, conversation_id } = json::read(text)?;
        Ok(Self { message_id, conversation_id, message: json::read::<MessageInput>(text)? })
    }
}

/// Reads and checks a JSON body.
pub async fn take(headers: &HeaderMap, mut body: Body) -> Result<Bytes, Failure> {
    let refusal = match check_announced(headers) {
        Err(refusal) => refusal,
        Ok(()) => match tokio::time::timeout(READ_WITHIN, collect(&mut body)).await {
            Ok(Ok(bytes)) => return Ok(bytes),
            Ok(Err(refusal)) => refusal,
            Err(_) => {
                return Err(Failure {
                    status: StatusCode::REQUEST_TIMEOUT,
                    refusal: Refusal::new(Code::Timeout, "the body did not come within 30 seconds; nothing was done"),
                });
            }
        },
    };
    linger(body).await;
    Err(refusal.into())
}

/// What the headers already tell.
fn check_announced(headers: &HeaderMap) -> Result<(), Refusal> {
    if !is_json(headers) {
        return Err(Refusal::new(Code::UnsupportedMediaType, "send `content-type: application/json`"));
    }
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > BODY_BYTES_MAX as u64) {
        return Err(too_large());
    }
    Ok(())
}

async fn collect(body: &mut Body) -> Result<Bytes, Refusal> {
    let mut taken = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::new(Code::InvalidJson, "the body broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        if taken.len() + data.len() > BODY_BYTES_MAX {
            return Err(too_large());
        }
        taken.extend_from_slice(&data);
    }
    Ok(taken.into())
}

/// Throws away a little of a refused body: a socket closed with bytes unread is reset, and the answer is lost with it.
async fn linger(mut body: Body) {
    let some = async {
        let mut left = LINGER_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                return;
            }
        }
    };
    // Who is still sending then has had the time to see the answer.
    drop(tokio::time::timeout(LINGER_WITHIN, some).await);
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn too_large() -> Refusal {
    Refusal { limit: Some(BODY_BYTES_MAX as u64), ..Refusal::new(Code::TooLarge, "the body is over 64 KiB") }
}
