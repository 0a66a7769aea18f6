use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::setting::{Within, section};

section! {
    /// How the server is reached, and where it keeps what lasts.
    Server "" {
        /// Address and port. "0.0.0.0:7070" lets other machines in; port 0 takes a free one.
        listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 7070)),
        /// The folder of the database. It is made when it is missing, readable by its owner only.
        data: PathBuf = PathBuf::from("data"),
        /// Shown to people before they sign in.
        name: String = "Tertulia".into(),
        /// Where people reach the server, behind a proxy for example: "https://chat.example.com".
        /// Begins the links of invitations. Empty: links begin with the address that the browser used.
        public_url: Option<String> = None,
        /// Other sites whose pages may use this server: ["https://intranet.example.com"].
        origins: Vec<String> = Vec::new(),
        /// Compress frames for clients that offer permessage-deflate. It saves bytes on slow lines and costs processor time.
        compression: bool = false,
        /// On SIGTERM: how many seconds clients have to go elsewhere.
        drain_seconds: Within<0, 600> = Within(10),
    }
}
