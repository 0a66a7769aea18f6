//! Is this a Redis that will do? Whatever is wrong is said with the name of the setting, and never with the password.

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{Client, ErrorKind, InfoDict, IntoConnectionInfo, ProtocolVersion, RedisError, ServerErrorKind};

use crate::Options;

const CLUSTER_CHARS_MAX: usize = 64;
const MAJOR_MIN: u32 = 7;

/// Why Redis can't be used. The texts are for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("redis.url is not redis://USER:PASSWORD@HOST:PORT/DATABASE, nor rediss://… for TLS: {0}")]
    Url(String),
    #[error("the name of the cluster has to be 1 to {CLUSTER_CHARS_MAX} of a-z, A-Z, 0-9, - and _")]
    Cluster,
    /// The one that passes by itself: wait, and try again.
    #[error("no Redis at redis.url: {0}")]
    Unreachable(String),
    #[error("Redis does not accept the user or the password in redis.url: {0}")]
    Credentials(String),
    #[error("Redis does not permit what is needed (redis.url): {0}")]
    Refused(String),
    #[error("Redis {0} is too old: redis.url has to name version {MAJOR_MIN} or newer")]
    TooOld(String),
    #[error(
        "redis.url names a node of a Redis Cluster, which is not supported: name one server, or what stands before it and its replicas"
    )]
    Sharded,
}

impl OpenError {
    /// Whether it is worth to wait and try again.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }
}

impl From<RedisError> for OpenError {
    fn from(error: RedisError) -> Self {
        let text = error.to_string();
        let says = |code: &str| error.code() == Some(code) || text.contains(code);
        match error.kind() {
            ErrorKind::RESP3NotSupported => Self::TooOld("before 6".into()),
            ErrorKind::AuthenticationFailed => Self::Credentials(text),
            _ if ["WRONGPASS", "NOAUTH", "AUTH <password>"].into_iter().any(says) => Self::Credentials(text),
            ErrorKind::InvalidClientConfig => Self::Url(text),
            ErrorKind::Server(ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown) => Self::Unreachable(text),
            _ if error.is_cluster_error() => Self::Sharded,
            ErrorKind::Server(_) | ErrorKind::Extension => Self::Refused(text),
            _ => Self::Unreachable(text),
        }
    }
}

/// Checks what can be checked without a connection.
pub(crate) fn client(options: &Options) -> Result<Client, OpenError> {
    let of_name = |char: char| char.is_ascii_alphanumeric() || char == '-' || char == '_';
    if options.cluster.is_empty() || options.cluster.len() > CLUSTER_CHARS_MAX || !options.cluster.chars().all(of_name) {
        return Err(OpenError::Cluster);
    }
    let info = options.url.as_str().into_connection_info().map_err(|error| OpenError::Url(error.to_string()))?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    // Small payloads that follow each other without waiting for answers would otherwise stay for 40 ms.
    let tcp = TcpSettings::default().set_nodelay(true);
    // TLS needs one, and a process has one: the first that is installed.
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    Client::open(info.set_redis_settings(settings).set_tcp_settings(tcp)).map_err(|error| OpenError::Url(error.to_string()))
}

/// Looks at version and settings of the server.
pub(crate) async fn check_server(mut connection: MultiplexedConnection) -> Result<(), OpenError> {
    let info: InfoDict = redis::cmd("INFO").query_async(&mut connection).await?;
    check_version(&info)?;
    let policy: Option<String> = info.get("maxmemory_policy");
    if policy.as_ref().is_some_and(|policy| policy.starts_with("allkeys")) {
        tracing::warn!(maxmemory_policy = policy, "Redis may throw away what is still needed: set maxmemory-policy to noeviction");
    }
    Ok(())
}

fn check_version(info: &InfoDict) -> Result<(), OpenError> {
    let version: String = info.get("redis_version").unwrap_or_default();
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < MAJOR_MIN) {
        return Err(OpenError::TooOld(version));
    }
    if info.get::<u8>("cluster_enabled") == Some(1) {
        return Err(OpenError::Sharded);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_and_kind_are_checked() {
        let check = |text: &str| check_version(&InfoDict::new(text)).map_err(|error| error.to_string());
        assert_eq!(check("# Server\r\nredis_version:7.0.15\r\ncluster_enabled:0\r\n"), Ok(()));
        assert_eq!(check("redis_version:10.2\r\n"), Ok(()));
        assert!(check("redis_version:6.2.14\r\n").unwrap_err().contains("6.2.14 is too old"));
        assert!(check("").unwrap_err().contains("too old"));
        assert!(check("redis_version:7.2.4\r\ncluster_enabled:1\r\n").unwrap_err().contains("Redis Cluster"));
    }
}
