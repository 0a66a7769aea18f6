//! The SDK's types are those of the server: `make types` writes them, this test compares.

#[test]
#[allow(clippy::disallowed_methods)] // The switch between writing and comparing, for `make types`.
fn the_sdk_has_the_servers_types() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdk/typescript/src/types.gen.ts");
    let fresh = tertulia_protocol::typescript::types_ts();
    if std::env::var("UPDATE_TYPES").is_ok() {
        std::fs::write(path, &fresh).unwrap();
    }
    assert!(std::fs::read_to_string(path).unwrap_or_default() == fresh, "sdk/typescript/src/types.gen.ts is stale: run `make types`");
}
