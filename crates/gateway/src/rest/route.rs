//! A route: all that the router and the reference need to know of it, taken from the handler's own types.

use std::any::TypeId;
use std::future::Future;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::response::Response;
use futures_util::future::BoxFuture;
use http::{Method, Request, StatusCode, header, request::Parts};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tertulia_domain::error::{Code, Refusal};
use tertulia_services::Caller;
use tertulia_services::auth::Verified;
use tertulia_services::spine::limits::Key;

use super::answer::{self, Failure};
use super::body::{self, TakenBody};
use super::call::{Call, Client};
use super::query;
use crate::gateway::Gateway;
use crate::json;

type Answer<T> = Result<T, Refusal>;
type Handler = Arc<dyn Fn(Gateway, Request<Body>) -> BoxFuture<'static, Result<Response, Failure>> + Send + Sync>;

/// Shapes of what goes in and out; none: nothing does.
pub struct Schemas {
    pub query: Option<Schema>,
    pub body: Option<Schema>,
    pub answer: Option<Schema>,
}

/// One line of the table in [`crate::api`].
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub summary: &'static str,
    pub status: StatusCode,
    /// A second status of success.
    pub or_status: Option<StatusCode>,
    pub signed_in: bool,
    /// Besides those that every route may answer with.
    pub errors: &'static [Code],
    pub schemas: fn(&mut SchemaGenerator) -> Schemas,
    pub handler: Handler,
}

impl Route {
    pub fn errors(self, errors: &'static [Code]) -> Self {
        Self { errors, ..self }
    }

    /// The tag in the reference: the part of the path after the version.
    pub fn tag(&self) -> &'static str {
        self.path.trim_start_matches("/api/v1/").split('/').next().unwrap_or_default()
    }
}

/// What every request brings, whatever its route.
#[derive(Clone)]
pub struct Sender(pub Client);

/// A route that anybody may call.
pub fn open<B, Q, A, F, W>(method: Method, path: &'static str, summary: &'static str, status: StatusCode, handler: F) -> Route
where
    B: TakenBody,
    Q: DeserializeOwned + JsonSchema + Send + 'static,
    A: Serialize + JsonSchema + 'static,
    F: Fn(Gateway, Call<B, Q>) -> W + Send + Sync + Copy + 'static,
    W: Future<Output = Answer<A>> + Send + 'static,
{
    let handler: Handler = Arc::new(move |gateway, request| {
        Box::pin(async move {
            let (parts, taken) = request.into_parts();
            let call = read::<B, Q>(parts, taken, None).await?;
            respond(status, &handler(gateway, call).await?)
        })
    });
    Route { method, path, summary, status, or_status: None, signed_in: false, errors: &[], schemas: schemas::<B, Q, A>, handler }
}

/// A route that wants an access token.
pub fn signed_in<B, Q, A, F, W>(method: Method, path: &'static str, summary: &'static str, status: StatusCode, handler: F) -> Route
where
    B: TakenBody,
    Q: DeserializeOwned + JsonSchema + Send + 'static,
    A: Serialize + JsonSchema + 'static,
    F: Fn(Gateway, Caller, Call<B, Q>) -> W + Send + Sync + Copy + 'static,
    W: Future<Output = Answer<A>> + Send + 'static,
{
    let handler: Handler = Arc::new(move |gateway, request| {
        Box::pin(async move {
            let (caller, call) = read_signed_in::<B, Q>(&gateway, request).await?;
            respond(status, &handler(gateway, caller, call).await?)
        })
    });
    Route { method, path, summary, status, or_status: None, signed_in: true, errors: &[], schemas: schemas::<B, Q, A>, handler }
}

/// As [`signed_in`], for what is made unless it exists: true beside the answer means that it existed, a 200 then.
pub fn making<B, A, F, W>(method: Method, path: &'static str, summary: &'static str, handler: F) -> Route
where
    B: TakenBody,
    A: Serialize + JsonSchema + 'static,
    F: Fn(Gateway, Caller, Call<B>) -> W + Send + Sync + Copy + 'static,
    W: Future<Output = Answer<(A, bool)>> + Send + 'static,
{
    let handler: Handler = Arc::new(move |gateway, request| {
        Box::pin(async move {
            let (caller, call) = read_signed_in::<B, ()>(&gateway, request).await?;
            let (made, existed) = handler(gateway, caller, call).await?;
            respond(if existed { StatusCode::OK } else { StatusCode::CREATED }, &made)
        })
    });
    let (status, or_status) = (StatusCode::CREATED, Some(StatusCode::OK));
    Route { method, path, summary, status, or_status, signed_in: true, errors: &[], schemas: schemas::<B, (), A>, handler }
}

fn is_nothing<T: 'static>() -> bool {
    TypeId::of::<T>() == TypeId::of::<()>()
}

fn schemas<B: TakenBody, Q: JsonSchema + 'static, A: JsonSchema + 'static>(generator: &mut SchemaGenerator) -> Schemas {
    Schemas {
        query: (!is_nothing::<Q>()).then(|| Q::json_schema(generator)),
        body: (!is_nothing::<B>()).then(|| generator.subschema_for::<B>()),
        answer: (!is_nothing::<A>()).then(|| generator.subschema_for::<A>()),
    }
}

async fn read_signed_in<B: TakenBody, Q: DeserializeOwned + 'static>(
    gateway: &Gateway,
    request: Request<Body>,
) -> Result<(Caller, Call<B, Q>), Failure> {
    let (parts, taken) = request.into_parts();
    let verified = authenticate(gateway, &parts).await?;
    gateway.services.spine.limits.take(Key::Request(verified.caller.user_id))?;
    Ok((verified.caller, read(parts, taken, Some(verified)).await?))
}

/// Whom the `Authorization` header stands for.
pub async fn authenticate(gateway: &Gateway, parts: &Parts) -> Answer<Verified> {
    let missing = || Refusal::new(Code::TokenInvalid, "send `Authorization: Bearer <access token>`");
    let mut headers = parts.headers.get_all(header::AUTHORIZATION).iter();
    let header = headers.next().and_then(|value| value.to_str().ok()).filter(|_| headers.next().is_none());
    let (scheme, token) = header.and_then(|value| value.split_once(' ')).ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(missing());
    }
    gateway.services.auth.verify(token.trim()).await
}

async fn read<B: TakenBody, Q: DeserializeOwned + 'static>(
    mut parts: Parts,
    taken: Body,
    verified: Option<Verified>,
) -> Result<Call<B, Q>, Failure> {
    let params = RawPathParams::from_request_parts(&mut parts, &()).await.map_err(|_| Refusal::not_found())?;
    let path = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let query = query::read(parts.uri.query())?;
    let body = if is_nothing::<B>() {
        B::read("null")?
    } else {
        let bytes = body::take(&parts.headers, taken).await?;
        B::read(json::check(&bytes)?)?
    };
    let Sender(client) = parts.extensions.remove().ok_or_else(|| Refusal::new(Code::Internal, "a fault of ours"))?;
    Ok(Call { path, query, body, client: Client { verified, ..client } })
}

fn respond<A: Serialize + 'static>(status: StatusCode, value: &A) -> Result<Response, Failure> {
    if is_nothing::<A>() { Ok(answer::empty(status)) } else { Ok(answer::json(status, value)?) }
}
