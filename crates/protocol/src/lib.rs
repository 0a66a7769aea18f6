//! What clients see: frames, REST bodies, error bodies. No logic. From these types come
//! `/api/v1/openapi.json`, `/api/v1/asyncapi.json` and the SDK's `types.gen.ts`.

pub mod error;
pub mod rest;
pub mod typescript;
pub mod v1;

/// The WebSocket subprotocol of this version.
pub const SUBPROTOCOL: &str = "tertulia.v1";
/// Versions spoken, newest first.
pub const VERSIONS: &[&str] = &[SUBPROTOCOL];
/// The largest frame and JSON body, in bytes.
pub const FRAME_BYTES_MAX: usize = 64 * 1024;
/// The deepest nesting of arrays and objects that is read.
pub const JSON_DEPTH_MAX: usize = 32;
