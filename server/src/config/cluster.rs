use super::setting::{Within, section};

section! {
    /// Where messages and accounts are kept.
    Store "store" {
        /// "sqlite": a file in the data folder; one server alone. "postgres://user:password@host:5432/database": PostgreSQL 15 or
        /// newer, for as many servers as you like. "?sslmode=verify-full" checks its certificate.
        url: String = "sqlite".into(),
        /// The schema that the tables are in; it is made when it is missing. Empty: "public".
        schema: Option<String> = None,
        /// A streaming replica, for reads that may be a moment old. It may be away.
        replica_url: Option<String> = None,
        /// Connections of this server to PostgreSQL, beside the 4 that write messages.
        connections: Within<2, 500> = Within(16),
    }
}

section! {
    /// How servers with the same store tell each other what happens. It may lose what it carries: they read the store then.
    Bus "bus" {
        /// "redis://…" or "nats://…". Empty: this server is alone.
        url: Option<String> = None,
        /// What this bus is called, where servers reach it by different addresses, as through proxies of their own. Servers with
        /// the same store have to name the same bus. Empty: its address is its name.
        name: Option<String> = None,
        /// A file with a NATS user's JWT and key.
        credentials: Option<String> = None,
    }
}

section! {
    /// What several servers share and nobody misses after a restart: who is there, rate limits, tickets. Redis 7 or newer.
    Redis "redis" {
        /// "redis://:password@host:6379/0", "rediss://…" with TLS. Empty: rate limits count for each server, and
        /// presence is known of those on the same server.
        url: Option<String> = None,
    }
}

section! {
    /// This server among others with the same store.
    Node "node" {
        /// Its name in logs. Empty: none.
        name: Option<String> = None,
        /// What it does: "gateway" serves clients, "worker" does what nobody waits for.
        roles: Vec<String> = ["gateway", "worker"].map(str::to_owned).to_vec(),
        /// The name of the whole cluster: servers of different ones may share Redis and NATS, but never a database.
        cluster: String = "tertulia".into(),
    }
}

section! {
    /// Work that nobody waits for, in conversations of 100 people and more, for the workers of all servers.
    Queue "queue" {
        /// "redis://…" or "nats://…" (JetStream). Empty: what redis.url names, else in the process.
        url: Option<String> = None,
    }
}

impl Node {
    /// Whether this server does that.
    pub fn has(&self, role: &str) -> bool {
        self.roles.iter().any(|has| has == role)
    }
}

impl Store {
    pub fn is_shared(&self) -> bool {
        self.url != "sqlite"
    }
}

/// Where a URL leads, for people: without user, password and parameters.
pub fn place_of(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{}", place.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/'))
}
