//! Which sites' pages may use this server from a browser.

use http::{HeaderMap, Method, Uri, header};

use crate::gateway::GatewayConfig;

/// Where a request says that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Not from a page of another site.
    Own,
    /// Another site, which the configuration allows.
    Configured(String),
    Foreign,
}

/// Compares the `Origin` header with the server's own address, as the client wrote it, and the configured ones.
pub fn of(config: &GatewayConfig, uri: &Uri, headers: &HeaderMap) -> Origin {
    let Some(origin) = headers.get(header::ORIGIN) else { return Origin::Own };
    let Ok(origin) = origin.to_str() else { return Origin::Foreign };
    if is_own(origin, uri, headers) {
        return Origin::Own;
    }
    match config.origins.iter().find(|allowed| allowed.trim_end_matches('/').eq_ignore_ascii_case(origin)) {
        Some(_) => Origin::Configured(origin.to_owned()),
        None => Origin::Foreign,
    }
}

/// Whether a request with this method may change something, or asks whether it might.
pub fn matters(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

fn is_own(origin: &str, uri: &Uri, headers: &HeaderMap) -> bool {
    let host =
        headers.get(header::HOST).and_then(|host| host.to_str().ok()).or_else(|| uri.authority().map(|authority| authority.as_str()));
    let Some((scheme, site)) = origin.split_once("://") else { return false };
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    host.is_some_and(|host| host.strip_suffix(default_port).unwrap_or(host).eq_ignore_ascii_case(site))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(origin: Option<&str>, host: &str) -> Origin {
        let config = GatewayConfig { origins: vec!["https://chat.example.com".into()], ..GatewayConfig::default() };
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        of(&config, &Uri::from_static("/"), &headers)
    }

    #[test]
    fn own_configured_and_foreign_sites() {
        assert_eq!(origin(None, "a:1"), Origin::Own);
        assert_eq!(origin(Some("http://192.168.1.5:7070"), "192.168.1.5:7070"), Origin::Own);
        assert_eq!(origin(Some("https://chat.local"), "chat.local:443"), Origin::Own);
        assert_eq!(origin(Some("https://chat.example.com"), "a:1"), Origin::Configured("https://chat.example.com".into()));
        for foreign in ["null", "https://chat.example.com.evil", "http://a:2", "file://", "chrome-extension://a:1", "http://a:1.evil", ""] {
            assert_eq!(origin(Some(foreign), "a:1"), Origin::Foreign, "{foreign}");
        }
    }
}
