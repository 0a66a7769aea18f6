//! Nobody makes a resume token without the key: not from nothing, and not from one that was given to somebody.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tertulia_domain::ids::{ConnectionId, SessionId, UserId};
use tertulia_services::Caller;
use tertulia_services::auth::ResumeKey;
use uuid::Uuid;

static KEY: LazyLock<ResumeKey> = LazyLock::new(|| ResumeKey::new(b"known to this target and not to the fuzzer"));

const MAYA: Caller = Caller { user_id: UserId(Uuid::from_u128(1)), session_id: SessionId(Uuid::from_u128(2)) };
const OTHERS: [Caller; 2] =
    [Caller { session_id: SessionId(Uuid::from_u128(3)), ..MAYA }, Caller { user_id: UserId(Uuid::from_u128(3)), ..MAYA }];

fuzz_target!(|bytes: &[u8]| {
    refuse(&String::from_utf8_lossy(bytes));
    if let Some((id, edits)) = bytes.split_first_chunk::<16>() {
        try_given(ConnectionId(Uuid::from_bytes(*id)), edits);
    }
});

/// Only what was given is good. The fuzzer can learn a given token from this program's own comparisons.
fn refuse(token: &str) {
    if let Some(connection) = KEY.read(MAYA, token) {
        assert_eq!(token, KEY.sign(MAYA, connection), "not as it was given");
    }
}

/// A token that was given is good for its session only, and only as it is. `edits`: pairs of a place and what is put there.
fn try_given(connection: ConnectionId, edits: &[u8]) {
    let given = KEY.sign(MAYA, connection);
    assert_eq!(KEY.read(MAYA, &given), Some(connection));
    OTHERS.iter().for_each(|other| assert_eq!(KEY.read(*other, &given), None));
    let mut edited = given.clone().into_bytes();
    for pair in edits.chunks_exact(2) {
        let place = usize::from(pair[0]) % (edited.len() + 1);
        match edited.get_mut(place) {
            Some(byte) => *byte = pair[1],
            None => edited.push(pair[1]),
        }
    }
    let edited = String::from_utf8_lossy(&edited);
    if edited != given {
        refuse(&edited);
    }
}
