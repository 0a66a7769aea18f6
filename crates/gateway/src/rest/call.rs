//! What a handler is called with.

use std::net::IpAddr;
use std::str::FromStr;

use tertulia_domain::error::Refusal;
use tertulia_services::auth::Verified;

/// Who is at the other end of the wire.
#[derive(Debug, Clone)]
pub struct Client {
    pub address: IpAddr,
    /// Of the page that asks; none outside browsers.
    pub origin: Option<String>,
    /// Whom the access token stands for, on routes that want one.
    pub verified: Option<Verified>,
}

/// A request, read and checked. `B`: the body, `Q`: the query.
pub struct Call<B = (), Q = ()> {
    pub path: Vec<(String, String)>,
    pub query: Q,
    pub body: B,
    pub client: Client,
}

impl<B, Q> Call<B, Q> {
    /// An id in the path. One that is not canonical names nothing: `NOT_FOUND`.
    pub fn id<T: FromStr>(&self, name: &str) -> Result<T, Refusal> {
        self.text(name).parse().map_err(|_| Refusal::not_found())
    }

    /// A piece of the path, decoded.
    pub fn text(&self, name: &str) -> &str {
        self.path.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}
