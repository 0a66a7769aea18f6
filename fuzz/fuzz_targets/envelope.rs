//! Whatever text a client sends is read without a panic, and what is taken is what the server speaks.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tertulia_gateway::ws::envelope;
use tertulia_protocol::v1::ClientFrame;

fn check_id(id: Option<&str>) {
    if let Some(id) = id {
        assert!((1..=128).contains(&id.chars().count()), "an id of {} characters", id.chars().count());
    }
}

fuzz_target!(|text: &str| {
    match envelope::read(text) {
        Ok(frame) => {
            assert!(ClientFrame::TYPES.contains(&frame.kind), "{}", frame.kind);
            assert!(frame.payload.starts_with('{') && frame.payload.ends_with('}'), "{}", frame.payload);
            check_id(frame.id.as_deref());
        }
        Err(fault) => check_id(fault.id.as_deref()),
    }
});
