//! Tickets: a browser cannot send a header with a WebSocket, and tokens don't belong into URLs.

use serde::{Deserialize, Serialize};
use tertulia_domain::error::{Code, Refusal};
use tertulia_domain::{SessionId, Timestamp, UserId};
use tertulia_ports::Handover;
use uuid::Uuid;

use super::{Auth, Verified};
use crate::spine::secrets::{hash_secret, new_secret};
use crate::{Answer, Caller, refuse};

/// How long a ticket opens a WebSocket, in milliseconds.
pub const TICKET_MS: u64 = 60_000;

/// A ticket just made.
pub struct IssuedTicket {
    pub ticket: String,
    pub expires_in_ms: u64,
}

/// What is kept of a ticket, under the hash of its secret, for whatever node it is used on.
#[derive(Serialize, Deserialize)]
struct Ticket {
    user_id: UserId,
    session_id: SessionId,
    /// The access token's.
    expires_at: Timestamp,
    origin: Option<String>,
}

impl Auth {
    /// Bound to the session and to the Origin that asked (none outside browsers).
    pub async fn ws_ticket(&self, verified: Verified, origin: Option<String>) -> Answer<IssuedTicket> {
        let Verified { caller: Caller { user_id, session_id }, expires_at } = verified;
        let state = serde_json::to_vec(&Ticket { user_id, session_id, expires_at, origin }).unwrap_or_default();
        let secret = new_secret();
        let now = self.spine.clock.now();
        let expires_at = now.plus_millis(i64::try_from(TICKET_MS).unwrap_or_default());
        let kept = vec![Handover { id: place_of(&secret), state, expires_at }];
        if let Err(error) = self.tickets.keep(kept.clone(), now).await {
            tracing::warn!(%error, "a ticket goes into the store");
            self.spine.store.handovers.keep(kept, now).await.map_err(refuse)?;
        }
        Ok(IssuedTicket { ticket: secret, expires_in_ms: TICKET_MS })
    }

    /// Good once. Used, late, foreign and invented ones answer alike.
    pub async fn redeem_ticket(&self, ticket: &str, origin: Option<&str>) -> Answer<Verified> {
        let invalid = || Refusal::new(Code::TokenInvalid, "not a valid ticket");
        let (id, now) = (place_of(ticket), self.spine.clock.now());
        let state = match self.tickets.take(id, now).await {
            Ok(Some(state)) => Some(state),
            // What could not be kept where it belongs.
            Ok(None) | Err(_) => self.spine.store.handovers.take(id, now).await.map_err(refuse)?,
        };
        let ticket: Ticket = state.and_then(|state| serde_json::from_slice(&state).ok()).ok_or_else(invalid)?;
        if ticket.origin.as_deref() != origin {
            return Err(invalid());
        }
        let caller = Caller { user_id: ticket.user_id, session_id: ticket.session_id };
        self.check_live(caller).await?;
        Ok(Verified { caller, expires_at: ticket.expires_at })
    }
}

/// Half of the hash is beyond guessing, too.
fn place_of(secret: &str) -> Uuid {
    hash_secret(secret).first_chunk().map_or(Uuid::nil(), |half| Uuid::from_bytes(*half))
}
