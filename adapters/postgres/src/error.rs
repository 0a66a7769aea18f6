//! Why a database could not be opened.

use uuid::Uuid;

/// The texts are for the operator: what is wrong, and what to do. They never hold a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "{setting}: {why}; the form is postgres://user:password@host:port/database?sslmode=verify-full, with %40 for @ and the like in names and passwords"
    )]
    Url { setting: &'static str, why: String },
    /// The only one that passes by itself: worth trying again.
    #[error("store.url: the database at {place} cannot be reached ({why}): is it running, and are host and port right?")]
    Unreachable { place: String, why: String },
    #[error("store.url: the database at {place} does not let {user:?} in: check user and password there, and the server's pg_hba.conf")]
    Denied { user: String, place: String },
    #[error("store.url: there is no database {name:?} at {place}: make it with createdb, or name another one")]
    NoDatabase { name: String, place: String },
    #[error("store.url: its user may not make tables there: GRANT it CREATE on the schema, or make it the database's owner")]
    MayNot,
    #[error("store.url: the server there is PostgreSQL {0}: version 15 or newer is needed")]
    TooOld(String),
    #[error("store.url: the database there is encoded in {0}: make it anew with createdb --encoding=UTF8")]
    Encoding(String),
    #[error("store.url: the database there takes no writes: it is a standby, or set to read only; name the primary")]
    ReadOnly,
    /// An acknowledged message could be lost in a power cut.
    #[error("store.url: the server there runs with {setting} = {found}, and could lose what it acknowledged: set it to on")]
    Weak { setting: &'static str, found: String },
    #[error("store.url: the clock of the database is {seconds} s off from this machine's: synchronise both by NTP")]
    Skewed { seconds: i64 },
    /// A downgrade: this program would not understand what the newer one wrote.
    #[error("store.url: the schema there is of version {found}, this program knows versions up to {known}: use a newer one")]
    Newer { found: i64, known: i64 },
    #[error(
        "store.url: migration {0} of the schema there is missing or not the one that this program has: restore a backup, or use the program that made it"
    )]
    Altered(i64),
    #[error("store.url: the schema there holds tables of something else: set store.schema, or name an empty database")]
    Foreign,
    #[error(
        "store.url: the database there is in use by another cluster: node {node} of {cluster:?} with its events over {bus} was seen {seconds} s ago; stop it, or give this server the same cluster and bus"
    )]
    OtherCluster { node: Uuid, cluster: String, bus: String, seconds: i64 },
    #[error("store.url: the database there does not do as asked: {0}")]
    Database(String),
}

impl OpenError {
    /// Whether it may pass by itself, so that a server may wait and try again.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}
