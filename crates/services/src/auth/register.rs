//! Making accounts: by invitation, openly where configured, and the first one by the banner's link.

use std::net::IpAddr;

use tertulia_domain::error::{Code, Refusal};
use tertulia_domain::ids::UserId;
use tertulia_domain::user::{DISPLAY_NAME_CHARS_MAX, check_name, check_password, check_username};
use tertulia_ports::store::users::{Admission, NewUser};
use uuid::Uuid;

use super::{Auth, SignedIn};
use crate::spine::belonging::{found_workspace, join_default_channels};
use crate::spine::limits::Key;
use crate::spine::secrets::hash_secret;
use crate::spine::tasks::finish;
use crate::{Answer, refuse};

/// How long the banner's link works, in milliseconds.
const SETUP_MS: i64 = 30 * 60_000;

/// Somebody who registers.
#[derive(Clone)]
pub struct Registration {
    pub username: String,
    pub password: String,
    pub display_name: Option<String>,
    pub email: Option<String>,
    /// The token of an invitation.
    pub invite: Option<String>,
    pub device_name: Option<String>,
    pub address: IpAddr,
}

/// The owner of a new server.
#[derive(Clone)]
pub struct SetupInput {
    pub token: String,
    pub workspace_name: String,
    pub registration: Registration,
}

impl Auth {
    /// A token for [`Auth::setup`] on whatever node, while no account exists; it lives 30 minutes.
    pub async fn issue_setup_token(&self) -> Answer<Option<String>> {
        if !self.needs_setup().await? {
            return Ok(None);
        }
        Ok(Some(self.tokens.setup_token(self.spine.clock.now().plus_millis(SETUP_MS))))
    }

    /// No account exists that could sign in.
    pub async fn needs_setup(&self) -> Answer<bool> {
        self.spine.store.users.any().await.map(|any| !any).map_err(refuse)
    }

    /// Makes the first account, its workspace and the channel `general`.
    pub async fn setup(&self, input: SetupInput) -> Answer<SignedIn> {
        self.spine.limits.take(Key::Register(input.registration.address))?;
        let name = check_name("workspaceName", &input.workspace_name, 100)?;
        let until = self.tokens.read_setup_token(&input.token);
        if until.is_none_or(|until| until <= self.spine.clock.now()) || !self.needs_setup().await? {
            return Err(Refusal::new(Code::Gone, "this setup link is used up or past its time; restart the server for a new one"));
        }
        let auth = self.clone();
        let work = self.spine.tasks.run(async move {
            let signed_in = auth.admit(input.registration, Admission::First).await?;
            found_workspace(&auth.spine, signed_in.user.id, name, None).await?;
            Ok(signed_in)
        });
        finish(work).await
    }

    /// Makes an account and signs it in. Without open registration it takes an invitation.
    pub async fn register(&self, input: Registration) -> Answer<SignedIn> {
        self.spine.limits.take(Key::Register(input.address))?;
        let admission = match &input.invite {
            Some(token) => Admission::Invite(hash_secret(token)),
            None if self.spine.settings.open_registration => Admission::Open,
            None => return Err(Refusal::forbidden("this server admits people by invitation")),
        };
        // To its end, even if the caller goes away: nobody has an account and is in no channel.
        let auth = self.clone();
        finish(self.spine.tasks.run(async move { auth.admit(input, admission).await })).await
    }

    /// For the command line: an account without invitation or session.
    pub async fn add_user(&self, username: &str, password: &str, display_name: Option<String>) -> Answer<UserId> {
        let user = self.new_user(username, password, display_name, None).await?;
        let registered = self.spine.store.users.register(user, Admission::Open).await.map_err(refuse)?;
        Ok(registered.user.id)
    }

    async fn admit(&self, input: Registration, admission: Admission) -> Answer<SignedIn> {
        let user = self.new_user(&input.username, &input.password, input.display_name, input.email).await?;
        let registered = self.spine.store.users.register(user, admission).await.map_err(refuse)?;
        if let Some((workspace, role)) = registered.joined {
            join_default_channels(&self.spine, workspace, registered.user.id, role).await?;
        }
        self.start_session(registered.user, input.device_name).await
    }

    async fn new_user(&self, username: &str, password: &str, display_name: Option<String>, email: Option<String>) -> Answer<NewUser> {
        let username = check_username(username)?;
        check_password(password)?;
        let email = email.map(|email| email.trim().to_owned()).filter(|email| !email.is_empty());
        if email.as_ref().is_some_and(|email| email.len() > 254 || !email.contains('@') || email.chars().any(char::is_control)) {
            return Err(Refusal::field("email", "is not an e-mail address"));
        }
        let display_name = match display_name.filter(|name| !name.trim().is_empty()) {
            Some(name) => check_name("displayName", &name, DISPLAY_NAME_CHARS_MAX)?,
            None => username.clone(),
        };
        let password_hash = Some(self.hasher.hash(password).await?);
        Ok(NewUser { id: UserId(Uuid::now_v7()), username, display_name, email, password_hash, at: self.spine.clock.now() })
    }
}
