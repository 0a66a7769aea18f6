//! Tickets: a browser cannot send a header with a WebSocket, and tokens don't belong into URLs.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tertulia_domain::error::{Code, Refusal};

use super::{Auth, Verified};
use crate::Answer;
use crate::spine::secrets::{hash_secret, new_secret};

/// How long a ticket opens a WebSocket, in milliseconds.
pub const TICKET_MS: u64 = 60_000;
/// Tickets out at the same time; past it the oldest are thrown away.
const TICKETS_MAX: usize = 100_000;

/// A ticket just made.
pub struct IssuedTicket {
    pub ticket: String,
    pub expires_in_ms: u64,
}

struct Ticket {
    verified: Verified,
    origin: Option<String>,
    expires: Instant,
}

/// Tickets not used yet, by the hash of their secret.
#[derive(Default)]
pub struct Tickets(Mutex<HashMap<[u8; 32], Ticket>>);

impl Auth {
    /// Bound to the session and to the Origin that asked (none outside browsers).
    pub fn ws_ticket(&self, verified: Verified, origin: Option<String>) -> IssuedTicket {
        let secret = new_secret();
        let now = self.spine.clock.instant();
        let mut tickets = self.tickets.0.lock();
        tickets.retain(|_, ticket| ticket.expires > now);
        if tickets.len() >= TICKETS_MAX {
            tickets.clear();
        }
        let expires = now + Duration::from_millis(TICKET_MS);
        tickets.insert(hash_secret(&secret), Ticket { verified, origin, expires });
        IssuedTicket { ticket: secret, expires_in_ms: TICKET_MS }
    }

    /// Good once. Used, late, foreign and invented ones answer alike.
    pub async fn redeem_ticket(&self, ticket: &str, origin: Option<&str>) -> Answer<Verified> {
        let invalid = || Refusal::new(Code::TokenInvalid, "not a valid ticket");
        let found = self.tickets.0.lock().remove(&hash_secret(ticket)).ok_or_else(invalid)?;
        if found.expires <= self.spine.clock.instant() || found.origin.as_deref() != origin {
            return Err(invalid());
        }
        self.check_live(found.verified.caller).await?;
        Ok(found.verified)
    }
}
