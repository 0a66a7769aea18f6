//! Where the server is.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;

use crate::fault::{Fault, Ran};

/// Connections from one source address to one server address, well within the system's range of ports.
const PER_SOURCE: usize = 10_000;

/// A server's address, from its URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As it stands in the `Host` header.
    pub host: String,
    pub address: SocketAddr,
    /// Connections are made from these in turn; empty: the system chooses.
    pub sources: Vec<IpAddr>,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let rest = ["http://", "ws://"].iter().find_map(|scheme| url.strip_prefix(scheme));
        if url.starts_with("https://") || url.starts_with("wss://") {
            return Err("TLS would be measured along with the server: name its plain address, http://HOST:PORT".into());
        }
        let host = rest.map(|rest| rest.trim_end_matches('/')).filter(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@']));
        let host = host.ok_or("expected http://HOST:PORT")?;
        let with_port =
            if host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) { host.to_owned() } else { format!("{host}:80") };
        let mut addresses = with_port.to_socket_addrs().map_err(|error| format!("{host}: {error}"))?;
        let address = addresses.next().ok_or_else(|| format!("{host}: no such host"))?;
        Ok(Self { host: host.to_owned(), address, sources: Vec::new() })
    }
}

impl Target {
    pub fn is_local(&self) -> bool {
        self.address.ip().is_loopback()
    }

    /// With source addresses enough for so many connections: on loopback all of 127.0.0.0/8 is ours.
    pub fn for_connections(mut self, count: usize) -> Ran<Self> {
        if !self.sources.is_empty() || count <= PER_SOURCE {
            return Ok(self);
        }
        if !self.is_local() || self.address.is_ipv6() {
            return Err(Fault::Usage(format!(
                "more than {PER_SOURCE} connections from one address run out of ports: name several with --source, or run several processes"
            )));
        }
        let needed = u8::try_from(count.div_ceil(PER_SOURCE)).map_err(|_| Fault::Usage("too many connections".into()))?;
        self.sources = (1..=needed).map(|last| IpAddr::V4(Ipv4Addr::new(127, 0, 0, last))).collect();
        Ok(self)
    }

    /// From where the nth connection comes.
    pub fn source(&self, nth: usize) -> Option<IpAddr> {
        self.sources.get(nth % self.sources.len().max(1)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_understood_or_explained() {
        let target: Target = "http://127.0.0.1:7070/".parse().unwrap();
        assert_eq!((target.host.as_str(), target.address.port(), target.is_local()), ("127.0.0.1:7070", 7070, true));
        assert_eq!("ws://127.0.0.1:1".parse::<Target>().unwrap().address.port(), 1);
        for (wrong, says) in [("127.0.0.1:7070", "expected"), ("https://x", "TLS"), ("http://", "expected"), ("http://a/b", "expected")] {
            assert!(wrong.parse::<Target>().unwrap_err().contains(says), "{wrong}");
        }
    }

    #[test]
    fn many_connections_come_from_several_addresses() {
        let target: Target = "http://127.0.0.1:7070".parse().unwrap();
        assert_eq!(target.clone().for_connections(10_000).unwrap().source(7), None);
        let many = target.for_connections(18_000).unwrap();
        assert_eq!(many.sources.len(), 2);
        assert_ne!(many.source(0), many.source(1));
    }
}
