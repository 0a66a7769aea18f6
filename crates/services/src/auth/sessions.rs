//! Refreshing tokens, and signing devices out.

use tertulia_domain::error::{Code, Refusal};
use tertulia_domain::ids::SessionId;
use tertulia_domain::session::Session;
use tertulia_ports::store::sessions::Rotation;

use super::{Auth, SignedIn};
use crate::spine::secrets::hash_secret;
use crate::{Answer, Caller, refuse};

/// How long after its use the same refresh token is a retry and no theft, in milliseconds.
const GRACE_MS: i64 = 10_000;

impl Auth {
    /// Trades a refresh token for its successor. An old one, presented again, signs the device out: it was stolen.
    pub async fn refresh(&self, refresh_token: &str) -> Answer<SignedIn> {
        let successor = self.tokens.successor(refresh_token);
        let now = self.spine.clock.now();
        let expires_at = now.plus_millis(self.spine.settings.refresh_token_ms);
        let rotation =
            self.spine.store.sessions.rotate(hash_secret(refresh_token), hash_secret(&successor), now, expires_at, GRACE_MS).await;
        match rotation.map_err(refuse)? {
            Rotation::Rotated { session_id, user_id } => {
                let known = self.spine.store.users.credentials(user_id).await.map_err(refuse)?;
                let known = known.filter(|known| !known.disabled).ok_or_else(revoked)?;
                self.signed_in(known.user, Caller { user_id, session_id }, successor)
            }
            Rotation::Reused { session_id, user_id } => {
                tracing::warn!(%user_id, %session_id, "refresh token used twice: session revoked");
                self.announce_revoked(user_id, session_id);
                Err(revoked())
            }
            Rotation::Unknown => Err(Refusal::new(Code::TokenInvalid, "not a valid refresh token")),
        }
    }

    /// Signs the caller's own device out.
    pub async fn logout(&self, caller: Caller) -> Answer<()> {
        self.revoke_session(caller, caller.session_id).await
    }

    /// The caller's devices, latest use first.
    pub async fn sessions(&self, caller: Caller) -> Answer<Vec<Session>> {
        let mut sessions = self.spine.store.sessions.list(caller.user_id, self.spine.clock.now()).await.map_err(refuse)?;
        for session in &mut sessions {
            session.current = session.id == caller.session_id;
        }
        Ok(sessions)
    }

    /// Signs one of the caller's devices out and closes its sockets.
    pub async fn revoke_session(&self, caller: Caller, session: SessionId) -> Answer<()> {
        let existed = self.spine.store.sessions.revoke(caller.user_id, session).await.map_err(refuse)?;
        if !existed {
            return Err(Refusal::not_found());
        }
        self.announce_revoked(caller.user_id, session);
        Ok(())
    }
}

fn revoked() -> Refusal {
    Refusal::new(Code::SessionRevoked, "this session was signed out")
}
