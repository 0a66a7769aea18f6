//! Secrets that are handed out once and stored as hashes.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// 256 random bits.
pub(crate) fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    // aws-lc aborts the process rather than hand out weak randomness, so that an error never gets here.
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        tracing::error!("no randomness");
        std::process::abort();
    }
    bytes
}

/// A secret to hand out: 256 random bits in URL-safe letters.
pub(crate) fn new_secret() -> String {
    URL_SAFE_NO_PAD.encode(random())
}

/// What of a secret is stored.
pub(crate) fn hash_secret(secret: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
    hash
}
