//! REST: from a request to a handler's call, and from what it answers to a response.

pub mod answer;
pub mod body;
pub mod call;
pub mod origin;
pub mod query;
pub mod request;
pub mod route;
