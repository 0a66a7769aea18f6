//! Translate in, one call, translate out. The REST route and the frame call the same use case.

pub mod auth;
pub mod conversations;
pub mod members;
pub mod messages;
pub mod presence;
pub mod receipts;
pub mod sync;
pub mod system;
pub mod users;
pub mod workspaces;

use tertulia_domain::error::Refusal;
use tertulia_ports::store::Page;
use tertulia_protocol::rest;

/// What a handler answers.
pub type Answer<T> = Result<T, Refusal>;

/// A page as the wire has it.
fn page<T>(page: Page<T>) -> rest::Page<T> {
    rest::Page { items: page.items, next_cursor: page.next_cursor }
}

/// A list that needs no pages.
fn all<T>(items: Vec<T>) -> rest::Page<T> {
    rest::Page { items, next_cursor: None }
}
