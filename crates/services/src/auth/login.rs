//! Signing in with a password, and changing it.

use std::net::IpAddr;

use tertulia_domain::error::{Code, Refusal};
use tertulia_domain::ids::SessionId;
use tertulia_domain::user::{PASSWORD_BYTES, check_password};
use tertulia_domain::{User, UserId};
use tertulia_ports::store::sessions::NewSession;
use uuid::Uuid;

use super::{Auth, SignedIn};
use crate::spine::limits::Key;
use crate::spine::secrets::{hash_secret, new_secret};
use crate::{Answer, Caller, refuse};

impl Auth {
    /// Unknown name, wrong password and disabled account answer alike, after the same work.
    pub async fn login(&self, username: &str, password: &str, device_name: Option<String>, address: IpAddr) -> Answer<SignedIn> {
        if password.len() > *PASSWORD_BYTES.end() {
            return Err(Refusal::field("password", "8 to 256 bytes"));
        }
        let username = username.trim().to_ascii_lowercase();
        self.spine.limits.take(Key::SignIn(username.chars().take(64).collect(), address))?;
        let known = self.spine.store.users.credentials_by_name(&username).await.map_err(refuse)?;
        let hash = known.as_ref().filter(|known| !known.disabled).and_then(|known| known.password_hash.clone());
        let matches = self.hasher.matches(password, hash).await?;
        match known.filter(|_| matches) {
            Some(known) => self.start_session(known.user, device_name).await,
            None => Err(Refusal::new(Code::TokenInvalid, "wrong username or password")),
        }
    }

    /// Signs every other device out.
    pub async fn change_password(&self, caller: Caller, current: &str, new: &str, address: IpAddr) -> Answer<()> {
        check_password(new)?;
        let known = self.spine.store.users.credentials(caller.user_id).await.map_err(refuse)?.ok_or_else(Refusal::not_found)?;
        self.spine.limits.take(Key::SignIn(known.user.username.clone(), address))?;
        if !self.hasher.matches(current, known.password_hash).await? {
            return Err(Refusal::field("currentPassword", "is not the present password"));
        }
        let hash = self.hasher.hash(new).await?;
        self.spine.store.users.set_password(caller.user_id, hash).await.map_err(refuse)?;
        let ended = self.spine.store.sessions.revoke_all(caller.user_id, Some(caller.session_id)).await.map_err(refuse)?;
        for session in ended {
            self.announce_revoked(caller.user_id, session);
        }
        Ok(())
    }

    /// For the command line: signs somebody in without a password.
    pub async fn open_session(&self, id: UserId, device_name: &str) -> Answer<SignedIn> {
        let known = self.spine.store.users.credentials(id).await.map_err(refuse)?.ok_or_else(Refusal::not_found)?;
        self.start_session(known.user, Some(device_name.to_owned())).await
    }

    pub(super) async fn start_session(&self, user: User, device_name: Option<String>) -> Answer<SignedIn> {
        let refresh_token = new_secret();
        let at = self.spine.clock.now();
        let session = NewSession {
            id: SessionId(Uuid::now_v7()),
            user_id: user.id,
            device_name: device_name.map(|name| name.chars().filter(|c| !c.is_control()).take(100).collect()),
            refresh_hash: hash_secret(&refresh_token),
            at,
            expires_at: at.plus_millis(self.spine.settings.refresh_token_ms),
        };
        let caller = Caller { user_id: user.id, session_id: session.id };
        self.spine.store.sessions.create(session).await.map_err(refuse)?;
        self.signed_in(user, caller, refresh_token)
    }

    pub(super) fn signed_in(&self, user: User, caller: Caller, refresh_token: String) -> Answer<SignedIn> {
        let lifetime_ms = self.spine.settings.access_token_ms;
        let access_token = self.tokens.sign(caller, self.spine.clock.now(), lifetime_ms)?;
        Ok(SignedIn { user, access_token, refresh_token, expires_in_ms: u64::try_from(lifetime_ms).unwrap_or_default() })
    }
}
