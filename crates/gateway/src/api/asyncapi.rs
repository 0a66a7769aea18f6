//! AsyncAPI 3, from the frame types of protocol v1.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use tertulia_protocol::v1::{ClientFrame, ServerFrame};
use tertulia_protocol::{SUBPROTOCOL, VERSIONS};

pub(super) fn document(version: &str) -> Value {
    let mut generator = super::openapi::generator();
    let sent = messages::<ClientFrame>(&mut generator, ClientFrame::TYPES);
    let received = messages::<ServerFrame>(&mut generator, ServerFrame::TYPES);
    let names = |messages: &Map<String, Value>| -> Vec<Value> {
        messages.keys().map(|name| json!({ "$ref": format!("#/channels/socket/messages/{name}") })).collect()
    };
    let (send, receive) = (names(&sent), names(&received));
    let all: Map<String, Value> = sent.into_iter().chain(received).collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tertulia",
            "version": version,
            "description": format!("JSON text frames, at most 64 KiB. Subprotocols: {}. A client frame with an `id` is answered by exactly one `ack` whose `refId` is that id.", VERSIONS.join(", "))
        },
        "defaultContentType": "application/json",
        "channels": { "socket": { "address": "/api/v1/ws", "description": format!("Subprotocol `{SUBPROTOCOL}`; `?ticket=` of `POST auth/ws-ticket`, or `Authorization: Bearer`."), "messages": all } },
        "operations": {
            "toServer": { "action": "receive", "channel": { "$ref": "#/channels/socket" }, "messages": send },
            "toClient": { "action": "send", "channel": { "$ref": "#/channels/socket" }, "messages": receive }
        },
        "components": { "schemas": generator.take_definitions(true) }
    })
}

/// One message for each variant of a frame type. Both directions may have one of the same name.
fn messages<T: JsonSchema>(generator: &mut SchemaGenerator, types: &[&str]) -> Map<String, Value> {
    let schema = Value::from(T::json_schema(generator));
    let from = T::schema_name();
    let variants = schema.get("oneOf").and_then(Value::as_array).cloned().unwrap_or_default();
    let named = |kind: &&str| {
        variants.iter().find(|variant| variant.pointer("/properties/type/const").and_then(Value::as_str) == Some(kind)).cloned()
    };
    types
        .iter()
        .filter_map(|kind| {
            let mut payload = named(kind)?;
            if from == "ClientFrame"
                && let Some(properties) = payload.get_mut("properties").and_then(Value::as_object_mut)
            {
                properties.insert(
                    "id".into(),
                    json!({ "type": "string", "minLength": 1, "maxLength": 128, "description": "Answered by an ack with this `refId`." }),
                );
                properties.insert("traceparent".into(), json!({ "type": "string" }));
            }
            let payload = Schema::try_from(payload).ok()?;
            Some((format!("{from}.{}", kind.replace('.', "_")), json!({ "name": kind, "payload": payload })))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_type_is_described() {
        let document = document("1");
        let messages = document["channels"]["socket"]["messages"].as_object().unwrap();
        assert_eq!(messages.len(), ClientFrame::TYPES.len() + ServerFrame::TYPES.len());
        assert!(messages["ClientFrame.message_send"]["payload"]["properties"]["payload"]["$ref"].is_string());
    }
}
