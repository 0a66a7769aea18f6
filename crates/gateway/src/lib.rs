//! How clients reach the server: HTTP, the WebSocket, and the web client's files.

mod admission;
pub mod api;
mod assets;
pub mod dispatch;
mod gateway;
mod handlers;
mod http;
pub mod json;
mod rest;
pub mod ws;

pub use gateway::{Gateway, GatewayConfig, Shared};
