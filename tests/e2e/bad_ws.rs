//! Rows W1–W24: what a WebSocket client may get wrong, and the exact answer. Rows not here: W14 and W16 in
//! `sync`, W17 and W24 in `bad_rest`, W22 in `auth`, W23 in `bad_rest::limits`.

mod frames;
mod handshake;
mod lasting;
mod protocol;
