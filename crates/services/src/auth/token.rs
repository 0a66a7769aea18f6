//! Access tokens: JWT, EdDSA, our key only.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use tertulia_domain::error::{Code, Refusal};
use tertulia_domain::{SessionId, Timestamp, UserId};

use super::ResumeKey;
use super::Verified;
use crate::spine::Spine;
use crate::spine::secrets::random;
use crate::{Answer, Caller, refuse};

const ISSUER: &str = "tertulia";
const AUDIENCE: &str = "tertulia-api";
/// RFC 9068: an access token is none of our other tokens.
const TYPE: &str = "at+jwt";
/// Clocks of a server and its restart may differ by this much.
const LEEWAY_MS: i64 = 60_000;

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: UserId,
    sid: SessionId,
    iss: String,
    aud: String,
    /// Seconds since 1970.
    iat: i64,
    exp: i64,
}

/// Signs and verifies.
pub struct Tokens {
    signing: EncodingKey,
    verifying: DecodingKey,
    chaining: hmac::Key,
    pub(super) resuming: ResumeKey,
}

fn fault(what: &'static str) -> Refusal {
    tracing::error!(what, "token keys");
    Refusal::new(Code::Internal, "a fault of ours")
}

impl Tokens {
    pub(super) async fn load(spine: &Spine) -> Answer<Self> {
        let fresh = Ed25519KeyPair::generate().and_then(|pair| pair.to_pkcs8()).map_err(|_| fault("cannot make a key"))?;
        let pkcs8 = spine.store.sessions.secret("access-token-key", fresh.as_ref().to_vec()).await.map_err(refuse)?;
        let pair = Ed25519KeyPair::from_pkcs8(&pkcs8).map_err(|_| fault("the stored key is unreadable"))?;
        let chaining = spine.store.sessions.secret("refresh-token-chain", random().to_vec()).await.map_err(refuse)?;
        let resuming = spine.store.sessions.secret("resume-token-key", random().to_vec()).await.map_err(refuse)?;
        Ok(Self {
            resuming: ResumeKey::new(&resuming),
            signing: EncodingKey::from_ed_der(&pkcs8),
            verifying: DecodingKey::from_ed_der(pair.public_key().as_ref()),
            chaining: hmac::Key::new(hmac::HMAC_SHA256, &chaining),
        })
    }

    pub(super) fn sign(&self, caller: Caller, now: Timestamp, lifetime_ms: i64) -> Answer<String> {
        let header = Header { typ: Some(TYPE.into()), ..Header::new(Algorithm::EdDSA) };
        let claims = Claims {
            sub: caller.user_id,
            sid: caller.session_id,
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            iat: now.as_millis().div_euclid(1_000),
            exp: now.plus_millis(lifetime_ms).as_millis().div_euclid(1_000),
        };
        jsonwebtoken::encode(&header, &claims, &self.signing).map_err(|_| fault("cannot sign"))
    }

    pub(super) fn verify(&self, token: &str, now: Timestamp) -> Answer<Verified> {
        let invalid = || Refusal::new(Code::TokenInvalid, "not a valid access token");
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Time is compared below, by the injected clock.
        rules.validate_exp = false;
        let data = jsonwebtoken::decode::<Claims>(token, &self.verifying, &rules).map_err(|_| invalid())?;
        if data.header.typ.as_deref() != Some(TYPE) {
            return Err(invalid());
        }
        let expires_at = data.claims.exp.checked_mul(1_000).and_then(Timestamp::from_millis).ok_or_else(invalid)?;
        let issued_at = data.claims.iat.checked_mul(1_000).and_then(Timestamp::from_millis).ok_or_else(invalid)?;
        if now.millis_since(expires_at) > 0 {
            return Err(Refusal::new(Code::TokenExpired, "the access token is past its time"));
        }
        if issued_at.millis_since(now) > LEEWAY_MS {
            return Err(invalid());
        }
        Ok(Verified { caller: Caller { user_id: data.claims.sub, session_id: data.claims.sid }, expires_at })
    }

    /// A token that says until when it lets somebody make the first account.
    pub(super) fn setup_token(&self, until: Timestamp) -> String {
        let until = until.as_millis().to_be_bytes();
        let proof = hmac::sign(&self.chaining, &[b"setup", until.as_slice()].concat());
        URL_SAFE_NO_PAD.encode([&until, proof.as_ref()].concat())
    }

    /// Until when; none where it is not one of ours.
    pub(super) fn read_setup_token(&self, token: &str) -> Option<Timestamp> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (until, proof) = bytes.split_first_chunk::<8>()?;
        hmac::verify(&self.chaining, &[b"setup", until.as_slice()].concat(), proof).ok()?;
        Timestamp::from_millis(i64::from_be_bytes(*until))
    }

    /// The successor of a refresh token: always the same one, so that a retry gets what the lost answer said.
    pub(super) fn successor(&self, refresh_token: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.chaining, refresh_token.as_bytes()))
    }
}
