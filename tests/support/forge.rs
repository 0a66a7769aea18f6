//! Access tokens that the server never gave, made with its own key where that makes them harder to refuse.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::Server;

/// The server's signing key, read from its database.
pub struct Forge {
    pkcs8: Vec<u8>,
}

impl Forge {
    pub fn of(server: &Server) -> Self {
        let store = rusqlite::Connection::open(server.database()).unwrap();
        let pkcs8 = store.query_row("SELECT value FROM secrets WHERE name = 'access-token-key'", [], |row| row.get(0)).unwrap();
        Self { pkcs8 }
    }

    /// The claims of a token that the server gave.
    pub fn claims(token: &str) -> Value {
        let middle = token.split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(middle).unwrap()).unwrap()
    }

    /// Signed with the real key, whatever it says.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with(&self.header(), claims)
    }

    pub fn sign_with(&self, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &EncodingKey::from_ed_der(&self.pkcs8)).unwrap()
    }

    pub fn header(&self) -> Header {
        Header { typ: Some("at+jwt".into()), ..Header::new(Algorithm::EdDSA) }
    }

    /// HS256 with the public key as the secret: the classic confusion.
    pub fn confused(&self, claims: &Value) -> String {
        let pair = Ed25519KeyPair::from_pkcs8(&self.pkcs8).unwrap();
        let header = Header { typ: Some("at+jwt".into()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(pair.public_key().as_ref())).unwrap()
    }

    /// Signed with a key of one's own.
    pub fn foreign(&self, claims: &Value) -> String {
        let pkcs8 = Ed25519KeyPair::generate().unwrap().to_pkcs8().unwrap();
        jsonwebtoken::encode(&self.header(), claims, &EncodingKey::from_ed_der(pkcs8.as_ref())).unwrap()
    }

    /// Signed with a key that the header brings along.
    pub fn with_own_key(claims: &Value) -> String {
        let pair = Ed25519KeyPair::from_pkcs8(Ed25519KeyPair::generate().unwrap().to_pkcs8().unwrap().as_ref()).unwrap();
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref()) });
        let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "../../x", "jku": "https://example.org/keys", "jwk": jwk });
        let signed = format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
        let signature = pair.sign(signed.as_bytes());
        format!("{signed}.{}", encode(signature.as_ref()))
    }

    /// `alg: none`, with an empty signature.
    pub fn unsigned(claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.", part(&json!({ "alg": "none", "typ": "at+jwt" })), part(claims))
    }
}
