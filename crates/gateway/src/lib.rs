//! How clients reach the server: HTTP, the WebSocket, and the web client's files.

pub mod ws;
