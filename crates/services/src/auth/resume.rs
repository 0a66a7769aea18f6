//! Resume tokens: which connection somebody comes back from. Good for its own session only, and made anew from the
//! connection's id, so that nothing is kept for it.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tertulia_domain::ids::ConnectionId;
use uuid::Uuid;

use super::Auth;
use crate::Caller;

const ID_BYTES: usize = 16;
const PROOF_BYTES: usize = 16;

impl Auth {
    pub fn resume_token(&self, caller: Caller, connection: ConnectionId) -> String {
        self.tokens.resuming.sign(caller, connection)
    }

    /// The connection of a token that was given to this session; none for any other.
    pub fn read_resume_token(&self, caller: Caller, token: &str) -> Option<ConnectionId> {
        self.tokens.resuming.read(caller, token)
    }
}

/// Makes and reads resume tokens; knows nothing but its secret.
pub struct ResumeKey(hmac::Key);

impl ResumeKey {
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    pub fn sign(&self, caller: Caller, connection: ConnectionId) -> String {
        let mut token = connection.as_bytes().to_vec();
        token.extend_from_slice(&self.proof(caller, connection));
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The connection of a token that this key signed for this session; none for any other.
    pub fn read(&self, caller: Caller, token: &str) -> Option<ConnectionId> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (id, proof) = bytes.split_at_checked(ID_BYTES)?;
        let connection = ConnectionId(Uuid::from_slice(id).ok()?);
        verify_slices_are_equal(&self.proof(caller, connection), proof).ok()?;
        Some(connection)
    }

    fn proof(&self, caller: Caller, connection: ConnectionId) -> [u8; PROOF_BYTES] {
        let mut context = hmac::Context::with_key(&self.0);
        for id in [connection.as_bytes(), caller.user_id.as_bytes(), caller.session_id.as_bytes()] {
            context.update(id);
        }
        let mut proof = [0; PROOF_BYTES];
        for (byte, signed) in proof.iter_mut().zip(context.sign().as_ref()) {
            *byte = *signed;
        }
        proof
    }
}
