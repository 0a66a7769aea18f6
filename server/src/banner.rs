//! What an operator sees when the server is up.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;

use crate::config::{Config, place_of};

/// All that the banner tells.
pub struct Banner<'a> {
    pub config: &'a Config,
    /// The address it really listens on.
    pub address: SocketAddr,
    pub data: &'a Path,
    /// While no account exists.
    pub setup_token: Option<String>,
    /// How to sign in to the demo.
    pub demo_hint: Option<&'a str>,
}

impl Banner<'_> {
    /// Ends with the line that says it is ready.
    pub fn text(&self) -> String {
        let url = self.url();
        let mut lines = vec![String::new(), format!("  Tertulia {}", env!("CARGO_PKG_VERSION")), String::new(), format!("  Open   {url}")];
        if let Some(lan) = self.lan_url() {
            lines.push(format!("         {lan}"));
        }
        lines.push(format!("  Data   {}", self.place()));
        if let Some(hint) = self.demo_hint {
            lines.push(format!("  Demo   {hint}"));
            if !self.address.ip().is_loopback() {
                lines.push("         Other machines reach it, and this password is public: for demonstrations only.".into());
            }
        }
        if let Some(token) = &self.setup_token {
            lines.push(String::new());
            lines.push("  Nobody has an account yet. This link makes the first one, once, within 30 minutes:".into());
            lines.push(format!("  {url}/setup#token={token}"));
        }
        lines.push(String::new());
        lines.push(format!("listening on http://{}", self.address));
        lines.join("\n")
    }

    fn place(&self) -> String {
        if self.config.store.is_shared() {
            return place_of(&self.config.store.url);
        }
        let data = self.data.canonicalize();
        data.as_deref().unwrap_or(self.data).display().to_string()
    }

    /// Where a browser on this machine finds it.
    fn url(&self) -> String {
        match &self.config.server.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None if self.address.ip().is_unspecified() => format!("http://localhost:{}", self.address.port()),
            None => format!("http://{}", self.address),
        }
    }

    /// Where other machines find it, if they may.
    fn lan_url(&self) -> Option<String> {
        let open = self.address.ip().is_unspecified() && self.config.server.public_url.is_none();
        open.then(own_address).flatten().map(|ip| format!("http://{}", SocketAddr::new(ip, self.address.port())))
    }
}

/// The address from which this machine would speak to others. Nothing is sent.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn banner(config: &Config, address: &str) -> String {
        let address = address.parse().unwrap();
        Banner { config, address, data: Path::new("/nowhere"), setup_token: Some("t0k".into()), demo_hint: None }.text()
    }

    #[test]
    fn it_names_the_link_and_ends_with_the_address() {
        let text = banner(&Config::default(), "127.0.0.1:7070");
        assert!(text.contains("http://127.0.0.1:7070/setup#token=t0k"), "{text}");
        assert!(text.ends_with("\nlistening on http://127.0.0.1:7070"), "{text}");
        assert!(banner(&Config::default(), "0.0.0.0:80").contains("http://localhost:80/setup"));
    }

    #[test]
    fn behind_a_proxy_links_are_public() {
        let mut config = Config::default();
        config.server.public_url = Some("https://chat.example.com/".into());
        assert!(banner(&config, "0.0.0.0:7070").contains("https://chat.example.com/setup#token=t0k"));
    }
}
