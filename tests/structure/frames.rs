//! The dispatch list is the server's table of contents: every frame type has its line there.

use tertulia_protocol::v1::ClientFrame;

#[test]
fn every_client_frame_has_a_dispatch_arm() {
    let dispatch = super::read("crates/gateway/src/dispatch.rs");
    let missing = ClientFrame::TYPES.iter().filter(|name| !dispatch.contains(&format!("ClientFrame::{}", variant(name))));
    let missing: Vec<String> = missing.map(|name| (*name).to_owned()).collect();
    super::assert_none(&missing, "no arm in crates/gateway/src/dispatch.rs for:");
}

/// `message.send` is `MessageSend`.
fn variant(name: &str) -> String {
    let words = name.split('.').map(|word| word.split_at(1));
    words.map(|(first, rest)| first.to_uppercase() + rest).collect()
}
