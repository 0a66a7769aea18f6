//! R32: HTTP/2 used as a weapon. Frames by hand.

use std::time::Duration;

use tertulia_tests::{Client, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ENHANCE_YOUR_CALM: u32 = 11;
const DATA: u8 = 0x0;
const HEADERS: u8 = 0x1;
const RST_STREAM: u8 = 0x3;
const SETTINGS: u8 = 0x4;
const GOAWAY: u8 = 0x7;
const CONTINUATION: u8 = 0x9;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend_from_slice(&[kind, flags]);
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// `:method GET`, `:scheme http`, `:path /`, `:authority x`, in HPACK; 0x83 for POST.
fn request(method: u8) -> Vec<u8> {
    vec![method, 0x86, 0x84, 0x41, 0x01, b'x']
}

/// Sends everything after the preface; answers the error code of the server's GOAWAY, none if it closed without.
async fn attack(address: &str, frames: impl IntoIterator<Item = Vec<u8>>) -> Option<u32> {
    let (mut read, mut write) = TcpStream::connect(address).await.unwrap().into_split();
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    bytes.extend(frames.into_iter().flatten());
    // A server that has had enough stops reading: that is no failure.
    let writing = async { write.write_all(&bytes).await.ok() };
    let reading = async {
        let mut answer = Vec::new();
        let mut chunk = [0; 16 * 1024];
        while let Ok(Ok(count @ 1..)) = tokio::time::timeout(Duration::from_secs(5), read.read(&mut chunk)).await {
            answer.extend_from_slice(&chunk[..count]);
        }
        answer
    };
    goaway(&tokio::join!(writing, reading).1)
}

fn goaway(mut answer: &[u8]) -> Option<u32> {
    while let Some((head, rest)) = answer.split_first_chunk::<9>() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let payload = rest.get(..length)?;
        if head[3] == GOAWAY {
            return Some(u32::from_be_bytes(*payload.get(4..)?.first_chunk()?));
        }
        answer = rest.get(length..)?;
    }
    None
}

#[tokio::test]
async fn r32_floods_end_the_connection_and_nothing_else() {
    let server = Server::shared();
    let reset = |n: u32| {
        [frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, &request(0x82)), frame(RST_STREAM, 0, 2 * n + 1, &8_u32.to_be_bytes())]
            .concat()
    };
    assert_eq!(attack(server.address(), (0..10_000).map(reset)).await, Some(ENHANCE_YOUR_CALM), "rapid reset");

    let opening = std::iter::once(frame(HEADERS, END_STREAM, 1, &request(0x82)));
    let more = std::iter::repeat_n(frame(CONTINUATION, 0, 1, &[]), 10_000);
    assert!(attack(server.address(), opening.chain(more)).await.is_some_and(|code| code != 0), "CONTINUATION without an end");

    let opening = std::iter::once(frame(HEADERS, END_HEADERS, 1, &request(0x83)));
    let empty = std::iter::repeat_n(frame(DATA, 0, 1, &[]), 10_000);
    attack(server.address(), opening.chain(empty)).await;
    Client::register(&server, "after").await.get("users/me").await.ok();
}
