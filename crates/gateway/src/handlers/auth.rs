use tertulia_domain::error::{Code, Refusal};
use tertulia_domain::session::Session;
use tertulia_protocol::rest;
use tertulia_services::Caller;
use tertulia_services::auth::{Registration, SetupInput, SignedIn};

use super::{Answer, all};
use crate::gateway::Gateway;
use crate::rest::call::Call;

fn signed_in(done: SignedIn) -> rest::SignedIn {
    rest::SignedIn {
        user: done.user,
        access_token: done.access_token,
        refresh_token: done.refresh_token,
        expires_in_ms: done.expires_in_ms,
    }
}

pub async fn setup(gateway: Gateway, call: Call<rest::Setup>) -> Answer<rest::SignedIn> {
    let rest::Setup { token, username, password, display_name, workspace_name } = call.body;
    let registration =
        Registration { username, password, display_name, email: None, invite: None, device_name: None, address: call.client.address };
    gateway.services.auth.setup(SetupInput { token, workspace_name, registration }).await.map(signed_in)
}

pub async fn register(gateway: Gateway, call: Call<rest::Register>) -> Answer<rest::SignedIn> {
    let rest::Register { username, password, display_name, email, invite, device_name } = call.body;
    let registration = Registration { username, password, display_name, email, invite, device_name, address: call.client.address };
    gateway.services.auth.register(registration).await.map(signed_in)
}

pub async fn login(gateway: Gateway, call: Call<rest::Login>) -> Answer<rest::SignedIn> {
    let rest::Login { username, password, device_name } = call.body;
    gateway.services.auth.login(&username, &password, device_name, call.client.address).await.map(signed_in)
}

pub async fn refresh(gateway: Gateway, call: Call<rest::Refresh>) -> Answer<rest::SignedIn> {
    gateway.services.auth.refresh(&call.body.refresh_token).await.map(signed_in)
}

pub async fn logout(gateway: Gateway, caller: Caller, _: Call) -> Answer<()> {
    gateway.services.auth.logout(caller).await
}

pub async fn password(gateway: Gateway, caller: Caller, call: Call<rest::ChangePassword>) -> Answer<()> {
    let rest::ChangePassword { current_password, new_password } = call.body;
    gateway.services.auth.change_password(caller, &current_password, &new_password, call.client.address).await
}

pub async fn ticket(gateway: Gateway, _: Caller, call: Call) -> Answer<rest::Ticket> {
    let verified = call.client.verified.ok_or_else(|| Refusal::new(Code::TokenInvalid, "no access token"))?;
    // Here and not when the ticket is used: a browser can read this answer.
    gateway.let_in()?;
    let issued = gateway.services.auth.ws_ticket(verified, call.client.origin).await?;
    Ok(rest::Ticket { ticket: issued.ticket, expires_in_ms: issued.expires_in_ms })
}

pub async fn sessions(gateway: Gateway, caller: Caller, _: Call) -> Answer<rest::Page<Session>> {
    gateway.services.auth.sessions(caller).await.map(all)
}

pub async fn revoke_session(gateway: Gateway, caller: Caller, call: Call) -> Answer<()> {
    gateway.services.auth.revoke_session(caller, call.id("id")?).await
}
