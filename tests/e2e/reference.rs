//! What the server says about itself.

use serde_json::{Value, json};
use tertulia_domain::Code;
use tertulia_protocol::v1::{ClientFrame, ServerFrame};
use tertulia_tests::{Client, Scene, Server};

/// The contract's routes.
const ROUTES: &[(&str, &[&str])] = &[
    ("/api/v1/server", &["get"]),
    ("/api/v1/auth/setup", &["post"]),
    ("/api/v1/auth/register", &["post"]),
    ("/api/v1/auth/login", &["post"]),
    ("/api/v1/auth/refresh", &["post"]),
    ("/api/v1/auth/logout", &["post"]),
    ("/api/v1/auth/password", &["post"]),
    ("/api/v1/auth/ws-ticket", &["post"]),
    ("/api/v1/auth/sessions", &["get"]),
    ("/api/v1/auth/sessions/{id}", &["delete"]),
    ("/api/v1/users/me", &["get", "patch"]),
    ("/api/v1/users/{id}", &["get"]),
    ("/api/v1/users", &["get"]),
    ("/api/v1/workspaces", &["post", "get"]),
    ("/api/v1/workspaces/{id}", &["get", "patch"]),
    ("/api/v1/workspaces/{id}/members", &["get"]),
    ("/api/v1/workspaces/{id}/channels", &["get"]),
    ("/api/v1/workspaces/{id}/invites", &["post", "get"]),
    ("/api/v1/invites/{token}", &["get"]),
    ("/api/v1/invites/{token}/accept", &["post"]),
    ("/api/v1/conversations", &["post", "get"]),
    ("/api/v1/groups", &["post"]),
    ("/api/v1/conversations/{id}", &["get", "patch", "delete"]),
    ("/api/v1/conversations/{id}/members", &["get", "post"]),
    ("/api/v1/conversations/{id}/messages", &["get", "post"]),
    ("/api/v1/conversations/{id}/threads/{rootId}", &["get"]),
    ("/api/v1/conversations/{id}/pins", &["get"]),
    ("/api/v1/conversations/{id}/receipts", &["get", "post"]),
    ("/api/v1/conversations/{id}/events", &["get"]),
    ("/api/v1/conversations/{id}/preferences", &["patch"]),
    ("/api/v1/sync", &["post"]),
    ("/api/v1/messages/{id}", &["get", "patch", "delete"]),
    ("/api/v1/messages/{id}/reactions", &["post"]),
    ("/api/v1/messages/{id}/versions", &["get"]),
];

#[tokio::test]
async fn health_and_readiness() {
    let server = Server::shared();
    let anybody = Client::new(&server);
    anybody.get("/healthz").await.is(200);
    let ready = anybody.get("/readyz").await.is(200);
    assert!(ready.to_string().contains("store"), "{ready}");
}

#[tokio::test]
async fn metrics_are_in_prometheus_format_and_name_nobody() {
    let server = Server::shared();
    let scene = Scene::new(&server).await;
    let id = scene.owner.say_id(&scene.general, "counted").await;
    let reply = Client::new(&server).get("/metrics").await;
    assert_eq!(reply.status, 200);
    assert!(reply.header("content-type").unwrap().starts_with("text/plain"));
    let mut names = std::collections::BTreeSet::new();
    for line in reply.body.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').expect("a series and its value");
        value.parse::<f64>().unwrap_or_else(|_| panic!("{line}"));
        names.insert(series.split('{').next().unwrap().to_owned());
    }
    assert!(names.contains("tertulia_messages_total") && names.contains("tertulia_http_request_seconds_count"), "{names:?}");
    for secret in [&id, scene.owner.id(), scene.owner.username(), scene.general.as_str()] {
        assert!(!reply.body.contains(secret), "{secret} is in the metrics");
    }
}

#[tokio::test]
async fn openapi_mentions_every_route_and_every_schema_it_refers_to() {
    let server = Server::shared();
    let document = Client::new(&server).get("openapi.json").await.is(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    for (path, methods) in ROUTES {
        for method in *methods {
            let operation = &document["paths"][path][method];
            assert!(operation["responses"].is_object(), "{method} {path}");
        }
    }
    check_references(&document, &document);
    let text = document.to_string();
    for code in Code::ALL.iter().filter(|code| !matches!(code, Code::Resync | Code::UnknownType | Code::InvalidMessage)) {
        assert!(text.contains(code.as_str()), "{code}");
    }
}

#[tokio::test]
async fn asyncapi_has_every_frame() {
    let server = Server::shared();
    let document = Client::new(&server).get("asyncapi.json").await.is(200);
    assert!(document["asyncapi"].as_str().unwrap().starts_with("3."));
    let text = document.to_string();
    for kind in ClientFrame::TYPES.iter().chain(ServerFrame::TYPES) {
        assert!(text.contains(&format!("\"{kind}\"")), "{kind}");
    }
    check_references(&document, &document);
}

/// Every `$ref` leads somewhere.
fn check_references(document: &Value, value: &Value) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| match value.as_str() {
            Some(target) if name == "$ref" => {
                let pointer = target.strip_prefix('#').unwrap_or_else(|| panic!("{target} leads outside"));
                assert!(document.pointer(pointer).is_some(), "{target} leads nowhere");
            }
            _ => check_references(document, value),
        }),
        Value::Array(items) => items.iter().for_each(|item| check_references(document, item)),
        _ => {}
    }
}

#[tokio::test]
async fn the_page_for_people_and_safe_headers() {
    let server = Server::shared();
    let anybody = Client::new(&server);
    let docs = anybody.get("/api/docs").await;
    assert_eq!(docs.status, 200);
    assert!(docs.header("content-type").unwrap().starts_with("text/html"));
    for path in ["/", "/api/docs", "/api/v1/server", "/healthz", "/no/such/page"] {
        let reply = anybody.get(path).await;
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert!(reply.header("content-security-policy").is_some(), "{path}");
        assert!(reply.header("x-request-id").is_some(), "{path}");
        assert!(reply.header("server").is_none(), "{path}");
    }
    anybody.get("no/such/route").await.refused("NOT_FOUND");
    let info = anybody.get("server").await.ok();
    assert_eq!((&info["protocols"], &info["openRegistration"]), (&json!(["tertulia.v1"]), &json!(true)));
}
