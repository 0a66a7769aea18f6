//! Accounts and sessions: who is asking.

mod login;
mod password;
mod register;
mod resume;
mod sessions;
mod ticket;
mod token;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tertulia_domain::ids::{SessionId, UserId};
use tertulia_domain::{Timestamp, User};
use tertulia_ports::{Handovers, Heard, Signal};

use crate::spine::Spine;
use crate::{Answer, Caller};

pub use register::{Registration, SetupInput};
pub use resume::ResumeKey;
pub use ticket::{IssuedTicket, TICKET_MS};

/// The tokens of a device that has just signed in.
#[derive(Clone)]
pub struct SignedIn {
    pub user: User,
    pub access_token: String,
    pub refresh_token: String,
    pub expires_in_ms: u64,
}

/// Whom a token or ticket stands for, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    pub caller: Caller,
    pub expires_at: Timestamp,
}

/// Registration, sign-in, tokens, sessions, tickets.
#[derive(Clone)]
pub struct Auth {
    spine: Arc<Spine>,
    tokens: Arc<token::Tokens>,
    hasher: Arc<password::Hasher>,
    tickets: Arc<dyn Handovers>,
    /// Sessions known to be live, and when that was asked: revocation elsewhere counts within [`LIVE_MS`].
    live: Arc<Mutex<HashMap<(UserId, SessionId), Instant>>>,
}

/// How long a session is believed to be live without asking the store, in milliseconds.
const LIVE_MS: u128 = 15_000;
const LIVE_MAX: usize = 100_000;

impl Auth {
    pub(crate) async fn new(spine: Arc<Spine>, tickets: Arc<dyn Handovers>) -> Answer<Self> {
        let tokens = Arc::new(token::Tokens::load(&spine).await?);
        let auth = Self { tokens, hasher: Arc::new(password::Hasher::new()), tickets, live: Arc::default(), spine };
        let live = Arc::downgrade(&auth.live);
        auth.spine.listen(move |heard| {
            if let (Heard::Signal(Signal::SessionRevoked { user_id, session_id }), Some(live)) = (heard, live.upgrade()) {
                live.lock().remove(&(*user_id, *session_id));
            }
        });
        Ok(auth)
    }

    /// Whose access token this is: signature, issuer, audience, type, time, and a session that is live.
    pub async fn verify(&self, access_token: &str) -> Answer<Verified> {
        let verified = self.tokens.verify(access_token, self.spine.clock.now())?;
        self.check_live(verified.caller).await?;
        Ok(verified)
    }

    /// Refuses with `SESSION_REVOKED` when the session was signed out or the account disabled.
    pub async fn check_live(&self, caller: Caller) -> Answer<()> {
        let key = (caller.user_id, caller.session_id);
        let now = self.spine.clock.instant();
        if self.live.lock().get(&key).is_some_and(|asked| now.saturating_duration_since(*asked).as_millis() < LIVE_MS) {
            return Ok(());
        }
        let live = self.spine.store.sessions.is_live(caller.user_id, caller.session_id).await.map_err(crate::refuse)?;
        let mut known = self.live.lock();
        if !live {
            known.remove(&key);
            return Err(tertulia_domain::Refusal::new(tertulia_domain::Code::SessionRevoked, "this session was signed out"));
        }
        if known.len() >= LIVE_MAX {
            known.clear();
        }
        known.insert(key, now);
        Ok(())
    }

    /// The session is over: all nodes forget that it was live, and close its sockets.
    fn announce_revoked(&self, user_id: UserId, session_id: SessionId) {
        self.spine.bus.publish(Signal::SessionRevoked { user_id, session_id });
    }
}
