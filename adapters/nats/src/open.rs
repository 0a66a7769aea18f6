//! Is this a NATS that will do? Whatever is wrong is said with the name of the setting, and never with the password.

use std::time::Duration;

use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event, ServerAddr, ServerInfo};
use percent_encoding::percent_decode_str;
use tokio::sync::broadcast;

use crate::Options;

const CLUSTER_CHARS_MAX: usize = 64;
/// A payload is up to half of it.
const PAYLOAD_BYTES_MIN: usize = 256 * 1024;
const VERSION_MIN: [u32; 2] = [2, 9];
const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// Three that are not answered end a connection: a cut network is noticed within 4 s.
const PING_EVERY: Duration = Duration::from_secs(1);
const BACK_OFF_MS: (u64, u64) = (50, 2_000);
/// Payloads that wait to be written.
const WAITING_MAX: usize = 4_096;
/// Payloads that came and wait for the receiver.
const UNHEARD_MAX: usize = 16_384;

/// Why NATS can't be used. The texts are for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("nats.url is not nats://USER:PASSWORD@HOST:PORT, nor tls://… to insist on TLS: {0}")]
    Url(String),
    #[error("the name of the cluster has to be 1 to {CLUSTER_CHARS_MAX} of a-z, A-Z, 0-9, - and _")]
    Cluster,
    #[error("nats.credentials: {0}")]
    CredentialsFile(std::io::Error),
    /// The one that passes by itself: wait, and try again.
    #[error("no NATS at nats.url: {0}")]
    Unreachable(String),
    #[error("NATS does not accept the user, password or token in nats.url, or nats.credentials: {0}")]
    Credentials(String),
    #[error("NATS does not permit what is needed (nats.url): {0}")]
    Refused(String),
    #[error("NATS {0} is too old: nats.url has to name version 2.9 or newer")]
    TooOld(String),
    #[error("NATS takes {0} bytes at a time, and {PAYLOAD_BYTES_MIN} are needed: raise max_payload in its configuration")]
    TooSmall(usize),
}

impl OpenError {
    /// Whether it is worth to wait and try again.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }
}

impl From<async_nats::ConnectError> for OpenError {
    fn from(error: async_nats::ConnectError) -> Self {
        match error.kind() {
            ConnectErrorKind::ServerParse => Self::Url(error.to_string()),
            ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => Self::Credentials(error.to_string()),
            _ => Self::Unreachable(error.to_string()),
        }
    }
}

/// Where it may be away, and is: a client that looks for it. Who it is has to be checked once it is found.
pub(crate) async fn connect(options: &Options, events: broadcast::Sender<Event>) -> Result<Client, OpenError> {
    let (connect, servers) = settings(options, events.clone()).await?;
    match connect.connect(servers).await.map_err(OpenError::from) {
        Ok(client) => check_server(&client.server_info()).map(|()| client),
        Err(error) if options.may_be_away && error.is_passing() => {
            tracing::warn!(%error, "started without NATS");
            let (connect, servers) = settings(options, events).await?;
            Ok(connect.retry_on_initial_connect().connect(servers).await?)
        }
        Err(error) => Err(error),
    }
}

async fn settings(options: &Options, events: broadcast::Sender<Event>) -> Result<(ConnectOptions, Vec<ServerAddr>), OpenError> {
    let of_name = |char: char| char.is_ascii_alphanumeric() || char == '-' || char == '_';
    if options.cluster.is_empty() || options.cluster.len() > CLUSTER_CHARS_MAX || !options.cluster.chars().all(of_name) {
        return Err(OpenError::Cluster);
    }
    let servers = servers(&options.url)?;
    // TLS needs one, and a process has one: the first that is installed.
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let mut connect = identify(ConnectOptions::new(), &servers)?
        .name(format!("tertulia {}", options.node))
        .connection_timeout(CONNECT_WITHIN)
        .ping_interval(PING_EVERY)
        .reconnect_delay_callback(back_off)
        .client_capacity(WAITING_MAX)
        .subscription_capacity(UNHEARD_MAX)
        // Ours are good.
        .skip_subject_validation(true)
        .event_callback(move |event| {
            // Nobody has to listen.
            events.send(event).ok();
            std::future::ready(())
        });
    if let Some(path) = &options.credentials {
        connect = connect.credentials_file(path).await.map_err(OpenError::CredentialsFile)?;
    }
    Ok((connect, servers))
}

fn servers(url: &str) -> Result<Vec<ServerAddr>, OpenError> {
    let server = |url: &str| -> Result<ServerAddr, OpenError> {
        let server: ServerAddr = url.trim().parse().map_err(|error: std::io::Error| OpenError::Url(error.to_string()))?;
        let schemes = ["nats", "tls"];
        let known = schemes.contains(&server.scheme()) && url.contains("://") && !server.host().is_empty();
        known.then_some(server).ok_or_else(|| OpenError::Url("no such scheme, or no host".into()))
    };
    url.split(',').map(server).collect()
}

/// A user with a password; alone it is a token.
fn identify(connect: ConnectOptions, servers: &[ServerAddr]) -> Result<ConnectOptions, OpenError> {
    let decode = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8();
        decoded.map(String::from).map_err(|_| OpenError::Url("user and password have to be UTF-8".into()))
    };
    let Some((server, user)) = servers.iter().find_map(|server| Some((server, server.username()?))) else {
        return Ok(connect);
    };
    Ok(match server.password() {
        Some(password) => connect.user_and_password(decode(user)?, decode(password)?),
        None => connect.token(decode(user)?),
    })
}

fn back_off(attempts: usize) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    Duration::from_millis(BACK_OFF_MS.0.saturating_mul(2_u64.saturating_pow(doublings)).min(BACK_OFF_MS.1))
}

pub(crate) fn check_server(info: &ServerInfo) -> Result<(), OpenError> {
    let mut numbers = info.version.split('.').map_while(|number| number.parse::<u32>().ok());
    if [numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)] < VERSION_MIN {
        return Err(OpenError::TooOld(info.version.clone()));
    }
    if info.max_payload < PAYLOAD_BYTES_MIN {
        return Err(OpenError::TooSmall(info.max_payload));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_and_size_are_checked() {
        let check = |version: &str, max_payload| {
            let info = ServerInfo { version: version.into(), max_payload, ..ServerInfo::default() };
            check_server(&info).map_err(|error| error.to_string())
        };
        assert_eq!(check("2.9.10", 1 << 20), Ok(()));
        assert_eq!(check("2.12.0-RC.1", 1 << 18), Ok(()));
        assert_eq!(check("3.0.0", 1 << 20), Ok(()));
        assert!(check("2.8.4", 1 << 20).unwrap_err().contains("2.8.4 is too old"));
        assert!(check("", 1 << 20).unwrap_err().contains("too old"));
        assert!(check("2.9.10", 1 << 17).unwrap_err().contains("131072"));
    }

    #[test]
    fn it_waits_longer_each_time_up_to_two_seconds() {
        assert_eq!([0, 1, 2, 3, 7, 1_000_000].map(|attempts| back_off(attempts).as_millis()), [50, 50, 100, 200, 2_000, 2_000]);
    }
}
