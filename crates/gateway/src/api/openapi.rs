//! OpenAPI 3.1, from the table of routes and the types of their handlers.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use tertulia_domain::error::Code;
use tertulia_protocol::error::ErrorAnswer;

use crate::rest::route::{Route, Schemas};

/// May come from everywhere.
const ALWAYS: &[Code] = &[Code::InvalidField, Code::RateLimited, Code::Internal, Code::Overloaded, Code::Unavailable];
const WITH_BODY: &[Code] = &[Code::InvalidJson, Code::TooLarge, Code::UnsupportedMediaType];
const SIGNED_IN: &[Code] = &[Code::TokenExpired, Code::TokenInvalid, Code::SessionRevoked];

pub(super) fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = "/components/schemas".into()).into_generator()
}

pub(super) fn document(routes: &[Route], version: &str) -> Value {
    let mut generator = generator();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    let error = generator.subschema_for::<ErrorAnswer>();
    for route in routes {
        let schemas = (route.schemas)(&mut generator);
        paths.entry(route.path).or_default().insert(route.method.as_str().to_ascii_lowercase(), operation(route, schemas, &error));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tertulia",
            "version": version,
            "description": "Ids are UUIDs in lower case, times RFC 3339 in UTC. Unknown fields are ignored. What the caller may not know of answers 404. Live events come over the WebSocket: see asyncapi.json.",
            "license": { "name": "MIT OR Apache-2.0" }
        },
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": { "accessToken": { "type": "http", "scheme": "bearer" } }
        }
    })
}

fn operation(route: &Route, schemas: Schemas, error: &Schema) -> Value {
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.summary,
        "tags": [route.tag()],
        "parameters": parameters(route, schemas.query),
        "responses": responses(route, &schemas.answer, schemas.body.is_some(), error),
    });
    let Value::Object(fields) = &mut operation else { return operation };
    if let Some(body) = schemas.body {
        fields.insert("requestBody".into(), json!({ "required": true, "content": { "application/json": { "schema": body } } }));
    }
    if route.signed_in {
        fields.insert("security".into(), json!([{ "accessToken": [] }]));
    }
    operation
}

/// `GET /api/v1/users/{id}` → `get_users_id`.
fn operation_id(route: &Route) -> String {
    let words = route.path.trim_start_matches("/api/v1/").split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(route.method.as_str().to_ascii_lowercase().as_str()).chain(words).collect::<Vec<_>>().join("_")
}

fn parameters(route: &Route, query: Option<Schema>) -> Vec<Value> {
    let mut parameters: Vec<Value> = path_names(route.path)
        .map(|name| {
            let schema =
                if matches!(name, "token" | "emoji") { json!({ "type": "string" }) } else { json!({ "type": "string", "format": "uuid" }) };
            json!({ "name": name, "in": "path", "required": true, "schema": schema })
        })
        .collect();
    let query = query.map(Value::from).unwrap_or_default();
    for (name, schema) in query.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let mut schema = schema.clone();
        let description = schema.as_object_mut().and_then(|fields| fields.remove("description")).unwrap_or_default();
        parameters.push(json!({ "name": name, "in": "query", "required": false, "schema": schema, "description": description.as_str().unwrap_or_default() }));
    }
    parameters
}

fn path_names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn responses(route: &Route, answer: &Option<Schema>, has_body: bool, error: &Schema) -> Map<String, Value> {
    let content = answer.as_ref().map(|schema| json!({ "application/json": { "schema": schema } }));
    let mut responses = Map::new();
    for status in std::iter::once(route.status).chain(route.or_status) {
        let mut response = json!({ "description": status.canonical_reason().unwrap_or_default() });
        if let (Some(content), Value::Object(fields)) = (&content, &mut response) {
            fields.insert("content".into(), content.clone());
        }
        responses.insert(status.as_u16().to_string(), response);
    }
    for (status, codes) in errors(route, has_body) {
        let lines: Vec<String> = codes.iter().map(|code| format!("`{code}`: {}", code.meaning())).collect();
        responses.insert(
            status.to_string(),
            json!({ "description": lines.join("\n\n"), "content": { "application/json": { "schema": error } } }),
        );
    }
    responses
}

fn errors(route: &Route, has_body: bool) -> BTreeMap<u16, Vec<Code>> {
    let has_path = path_names(route.path).next().is_some();
    let changes = route.method != http::Method::GET;
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    let codes = ALWAYS
        .iter()
        .chain(if has_body { WITH_BODY } else { &[] })
        .chain(if route.signed_in { SIGNED_IN } else { &[] })
        .chain(if has_path || has_body { &[Code::NotFound][..] } else { &[] })
        .chain(if changes { &[Code::Origin][..] } else { &[] })
        .chain(route.errors);
    for code in codes {
        let of_status = by_status.entry(code.status()).or_default();
        if !of_status.contains(code) {
            of_status.push(*code);
        }
    }
    if has_body {
        by_status.entry(408).or_default().push(Code::Timeout);
    }
    by_status
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// Every `$ref` in a document names something that is there.
    pub(crate) fn dangling(document: &Value, at: &Value, out: &mut Vec<String>) {
        match at {
            Value::Object(fields) => {
                if let Some(Value::String(target)) = fields.get("$ref")
                    && document.pointer(target.trim_start_matches('#')).is_none()
                {
                    out.push(target.clone());
                }
                fields.values().for_each(|value| dangling(document, value, out));
            }
            Value::Array(items) => items.iter().for_each(|item| dangling(document, item, out)),
            _ => {}
        }
    }

    #[test]
    fn the_document_is_whole_and_names_each_route_once() {
        let routes = crate::api::routes();
        let document = document(&routes, "1");
        let mut missing = Vec::new();
        dangling(&document, &document, &mut missing);
        assert_eq!(missing, Vec::<String>::new());
        let ids: Vec<String> = routes.iter().map(operation_id).collect();
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), routes.len(), "{ids:?}");
        assert!(document["components"]["schemas"]["Message"]["properties"]["senderId"].is_object());
        let parameters = &document["paths"]["/api/v1/conversations/{id}/messages"]["get"]["parameters"];
        let names: Vec<_> = parameters.as_array().unwrap().iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["id", "after", "around", "at", "before", "limit"]);
    }
}
