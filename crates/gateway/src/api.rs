//! The table of all routes. The router and the reference are both made from it.

mod asyncapi;
mod openapi;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{MethodFilter, get, on};
use http::{HeaderValue, Method, Request, StatusCode, header};
use tertulia_domain::error::{Code, Refusal};

use crate::assets;
use crate::gateway::Gateway;
use crate::handlers::{auth, conversations, members, messages, receipts, sync, system, users, workspaces};
use crate::rest::answer;
use crate::rest::request::note_route;
use crate::rest::route::{Route, making, open, signed_in};
use crate::ws::handshake;

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const PATCH: Method = Method::PATCH;
const DELETE: Method = Method::DELETE;
const OK: StatusCode = StatusCode::OK;
const CREATED: StatusCode = StatusCode::CREATED;
const DONE: StatusCode = StatusCode::NO_CONTENT;

/// Every route but the WebSocket, the reference and the files.
pub fn routes() -> Vec<Route> {
    use Code::{
        Conflict, ConversationArchived, EditWindow, Forbidden, Gone, InvalidCursor, InvalidParent, LastOwner, LimitReached, SessionRevoked,
    };
    vec![
        open(GET, "/api/v1/server", "What this server is", OK, system::server),
        open(POST, "/api/v1/auth/setup", "Make the first account and its workspace", CREATED, auth::setup).errors(&[Conflict, Gone]),
        open(POST, "/api/v1/auth/register", "Make an account", CREATED, auth::register).errors(&[Conflict, Forbidden, Gone]),
        open(POST, "/api/v1/auth/login", "Sign in", OK, auth::login).errors(&[Code::TokenInvalid]),
        open(POST, "/api/v1/auth/refresh", "Trade a refresh token for a new pair", OK, auth::refresh)
            .errors(&[Code::TokenInvalid, SessionRevoked]),
        signed_in(POST, "/api/v1/auth/logout", "Sign this device out", DONE, auth::logout),
        signed_in(POST, "/api/v1/auth/password", "Change the password; signs other devices out", DONE, auth::password),
        signed_in(POST, "/api/v1/auth/ws-ticket", "A ticket that opens one WebSocket", OK, auth::ticket),
        signed_in(GET, "/api/v1/auth/sessions", "The caller's devices", OK, auth::sessions),
        signed_in(DELETE, "/api/v1/auth/sessions/{id}", "Sign a device out", DONE, auth::revoke_session),
        signed_in(GET, "/api/v1/users/me", "The caller", OK, users::me),
        signed_in(PATCH, "/api/v1/users/me", "Change the own profile", OK, users::update_me),
        signed_in(GET, "/api/v1/users/{id}", "Somebody", OK, users::get),
        signed_in(GET, "/api/v1/users", "People by name or id", OK, users::find).errors(&[LimitReached]),
        signed_in(POST, "/api/v1/workspaces", "Make a workspace", CREATED, workspaces::create).errors(&[Conflict]),
        signed_in(GET, "/api/v1/workspaces", "The caller's workspaces", OK, workspaces::list),
        signed_in(GET, "/api/v1/workspaces/{id}", "A workspace", OK, workspaces::get),
        signed_in(PATCH, "/api/v1/workspaces/{id}", "Rename a workspace", OK, workspaces::update).errors(&[Forbidden]),
        signed_in(GET, "/api/v1/workspaces/{id}/members", "Its people", OK, workspaces::members).errors(&[Forbidden, InvalidCursor]),
        signed_in(PATCH, "/api/v1/workspaces/{id}/members/{userId}", "Change somebody's role", DONE, workspaces::update_member)
            .errors(&[Forbidden, LastOwner]),
        signed_in(DELETE, "/api/v1/workspaces/{id}/members/{userId}", "Remove somebody, or leave", DONE, workspaces::remove_member)
            .errors(&[Forbidden, LastOwner]),
        signed_in(GET, "/api/v1/workspaces/{id}/channels", "Its public channels", OK, workspaces::channels)
            .errors(&[Forbidden, InvalidCursor]),
        signed_in(POST, "/api/v1/workspaces/{id}/invites", "Make an invitation", CREATED, workspaces::invite).errors(&[Forbidden]),
        signed_in(GET, "/api/v1/workspaces/{id}/invites", "Invitations still usable", OK, workspaces::invites).errors(&[Forbidden]),
        signed_in(DELETE, "/api/v1/workspaces/{id}/invites/{inviteId}", "Withdraw an invitation", DONE, workspaces::revoke_invite)
            .errors(&[Forbidden]),
        open(GET, "/api/v1/invites/{token}", "What an invitation is for", OK, workspaces::preview_invite).errors(&[Gone]),
        signed_in(POST, "/api/v1/invites/{token}/accept", "Join by invitation", OK, workspaces::accept_invite).errors(&[Gone]),
        making(POST, "/api/v1/conversations", "Make a conversation", conversations::create).errors(&[Conflict, Forbidden, LimitReached]),
        making(POST, "/api/v1/groups", "Make a group", conversations::create_group).errors(&[Forbidden, LimitReached]),
        signed_in(GET, "/api/v1/conversations", "The caller's conversations", OK, conversations::list).errors(&[InvalidCursor]),
        signed_in(GET, "/api/v1/conversations/{id}", "A conversation", OK, conversations::get),
        signed_in(PATCH, "/api/v1/conversations/{id}", "Change, archive or unarchive it", OK, conversations::update).errors(&[
            Conflict,
            ConversationArchived,
            Forbidden,
        ]),
        signed_in(DELETE, "/api/v1/conversations/{id}", "Archive it", DONE, conversations::archive).errors(&[Forbidden]),
        signed_in(PATCH, "/api/v1/conversations/{id}/preferences", "The caller's own settings for it", OK, conversations::set_preferences)
            .errors(&[Forbidden]),
        signed_in(PUT, "/api/v1/conversations/{id}/preferences", "The caller's own settings for it", OK, conversations::set_preferences)
            .errors(&[Forbidden]),
        signed_in(GET, "/api/v1/conversations/{id}/members", "Its members", OK, members::list).errors(&[Forbidden, InvalidCursor]),
        signed_in(POST, "/api/v1/conversations/{id}/members", "Add people, or join", OK, members::add).errors(&[
            ConversationArchived,
            Forbidden,
            LimitReached,
        ]),
        signed_in(PATCH, "/api/v1/conversations/{id}/members/{userId}", "Change a member's role", DONE, members::update)
            .errors(&[ConversationArchived, Forbidden]),
        signed_in(DELETE, "/api/v1/conversations/{id}/members/{userId}", "Remove a member, or leave", DONE, members::remove)
            .errors(&[ConversationArchived, Forbidden]),
        signed_in(GET, "/api/v1/conversations/{id}/messages", "A window of its messages", OK, messages::list).errors(&[Forbidden]),
        signed_in(POST, "/api/v1/conversations/{id}/messages", "Send a message", CREATED, messages::send_rest).errors(&[
            Conflict,
            ConversationArchived,
            Forbidden,
            InvalidParent,
        ]),
        signed_in(GET, "/api/v1/conversations/{id}/threads/{rootId}", "A thread", OK, messages::thread).errors(&[Forbidden, InvalidCursor]),
        signed_in(GET, "/api/v1/conversations/{id}/pins", "Its pinned messages", OK, messages::pins).errors(&[Forbidden]),
        signed_in(GET, "/api/v1/conversations/{id}/events", "A piece of its log", OK, messages::events).errors(&[Forbidden]),
        signed_in(GET, "/api/v1/conversations/{id}/receipts", "How far its members are", OK, receipts::list).errors(&[Forbidden]),
        signed_in(POST, "/api/v1/conversations/{id}/receipts", "Move the own watermarks", OK, receipts::update).errors(&[Forbidden]),
        signed_in(GET, "/api/v1/conversations/{id}/scheduled", "The caller's messages that wait for their time", OK, messages::scheduled)
            .errors(&[Forbidden]),
        signed_in(DELETE, "/api/v1/scheduled/{messageId}", "Take a waiting message back", DONE, messages::unschedule),
        signed_in(POST, "/api/v1/sync", "Catch up with everything missed", OK, sync::sync_rest).errors(&[LimitReached]),
        signed_in(GET, "/api/v1/messages/{id}", "A message", OK, messages::get),
        signed_in(PATCH, "/api/v1/messages/{id}", "Edit a message", OK, messages::edit_rest).errors(&[
            ConversationArchived,
            EditWindow,
            Forbidden,
        ]),
        signed_in(DELETE, "/api/v1/messages/{id}", "Delete a message", OK, messages::delete_rest)
            .errors(&[ConversationArchived, Forbidden]),
        signed_in(GET, "/api/v1/messages/{id}/versions", "What it said before", OK, messages::versions),
        signed_in(POST, "/api/v1/messages/{id}/reactions", "React", OK, messages::add_reaction)
            .errors(&[ConversationArchived, LimitReached]),
        signed_in(DELETE, "/api/v1/messages/{id}/reactions/{emoji}", "Take a reaction back", OK, messages::remove_reaction)
            .errors(&[ConversationArchived]),
        signed_in(PUT, "/api/v1/messages/{id}/pin", "Pin a message", OK, messages::add_pin).errors(&[ConversationArchived, Forbidden]),
        signed_in(DELETE, "/api/v1/messages/{id}/pin", "Unpin a message", OK, messages::remove_pin)
            .errors(&[ConversationArchived, Forbidden]),
    ]
}

/// All ways in.
pub fn router(gateway: Gateway) -> Router {
    let routes = routes();
    let openapi: Arc<str> = openapi::document(&routes, &gateway.config.version).to_string().into();
    let asyncapi: Arc<str> = asyncapi::document(&gateway.config.version).to_string().into();
    if gateway.config.echo {
        return Router::new().fallback(get(handshake::upgrade)).with_state(gateway);
    }
    let system =
        Router::new().route("/healthz", get(system::health)).route("/readyz", get(system::ready)).route("/metrics", get(system::metrics));
    if !gateway.config.clients {
        return system.fallback(no_clients).with_state(gateway);
    }
    let mut router = system;
    for route in routes {
        let handler = route.handler;
        let Ok(method) = MethodFilter::try_from(route.method) else { continue };
        let run = move |State(gateway): State<Gateway>, request: Request<Body>| {
            let handler = handler.clone();
            async move { handler(gateway, request).await.unwrap_or_else(answer::refused) }
        };
        router = router.route(route.path, on(method, run));
    }
    router
        .route("/api/v1/ws", get(handshake::upgrade))
        .route("/api/v1/openapi.json", get(move || document(openapi.clone())))
        .route("/api/v1/asyncapi.json", get(move || document(asyncapi.clone())))
        .route("/api/docs", get(|| page("text/html; charset=utf-8", include_str!("api/docs.html"))))
        .route("/api/docs/docs.js", get(|| page("text/javascript; charset=utf-8", include_str!("api/docs.js"))))
        .route("/api/docs/docs.css", get(|| page("text/css; charset=utf-8", include_str!("api/docs.css"))))
        .route("/api", get(unknown))
        .route("/api/{*rest}", axum::routing::any(unknown))
        .fallback(assets::serve)
        .layer(axum::middleware::from_fn(note_route))
        .with_state(gateway)
}

async fn no_clients() -> Response {
    answer::refused(Refusal::unavailable("this server works for others and serves no clients", 60_000))
}

async fn unknown() -> Response {
    answer::refused(Refusal::not_found())
}

async fn document(json: Arc<str>) -> Response {
    let mut response = answer::with_type(OK, "application/json", json.to_string());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

async fn page(content_type: &'static str, text: &'static str) -> Response {
    answer::with_type(OK, content_type, text)
}
