//! The dispatch list is the server's table of contents: every frame type has its line there.

use tertulia_protocol::v1::ClientFrame;

#[test]
fn every_client_frame_has_a_dispatch_arm() {
    let dispatch = super::read("crates/gateway/src/dispatch.rs");
    let missing = ClientFrame::TYPES.iter().filter(|name| !dispatch.contains(&format!("\"{name}\" => ")));
    let missing: Vec<String> = missing.map(|name| (*name).to_owned()).collect();
    super::assert_none(&missing, "no arm in crates/gateway/src/dispatch.rs for:");
}
