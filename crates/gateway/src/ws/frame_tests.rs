use super::*;

const LIMIT: usize = 64 * 1024;
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A client frame: `first` is FIN, RSV and opcode.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        n @ 0..=125 => bytes.push(0x80 | n as u8),
        n @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend((n as u16).to_be_bytes());
        }
        n => {
            bytes.push(0x80 | 127);
            bytes.extend((n as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().enumerate().map(|(i, byte)| byte ^ MASK[i % 4]));
    bytes
}

fn read(bytes: &[u8]) -> (Vec<Incoming>, Result<(), u16>) {
    let mut out = Vec::new();
    let result = Decoder::new(Rules::PROTOCOL).push(bytes, &mut out);
    (out, result.map_err(Violation::code))
}

fn refusal(bytes: &[u8]) -> u16 {
    read(bytes).1.unwrap_err()
}

#[test]
fn reads_text_ping_pong_and_close() {
    let input = [frame(0x81, b"hello"), frame(0x89, b"p"), frame(0x8a, b""), frame(0x88, &[0x03, 0xe8, b'o', b'k'])].concat();
    let expected = vec![
        Incoming::Text("hello".into()),
        Incoming::Ping(Bytes::from_static(b"p")),
        Incoming::Pong(Bytes::new()),
        Incoming::Close(Some(1000)),
    ];
    assert_eq!(read(&input), (expected, Ok(())));
    assert_eq!(read(&frame(0x88, b"")).0, [Incoming::Close(None)]);
}

#[test]
fn a_control_frame_may_stand_between_fragments() {
    let input = [frame(0x01, "hé".as_bytes()), frame(0x89, b"x"), frame(0x00, b""), frame(0x80, b"!")].concat();
    assert_eq!(read(&input), (vec![Incoming::Ping(Bytes::from_static(b"x")), Incoming::Text("hé!".into())], Ok(())));
}

#[test]
fn nothing_is_read_after_a_close() {
    let input = [frame(0x88, b""), frame(0x81, b"late"), vec![0xff; 9]].concat();
    assert_eq!(read(&input), (vec![Incoming::Close(None)], Ok(())));
}

#[test]
fn what_the_rfc_forbids_is_1002() {
    let unmasked = vec![0x81, 0x02, b'h', b'i'];
    let one_byte_close = frame(0x88, &[3]);
    let cases = [
        unmasked,
        frame(0xc1, b"rsv1"),
        frame(0xa1, b"rsv2"),
        frame(0x91, b"rsv3"),
        frame(0x83, b""),
        frame(0x8b, b""),
        frame(0x09, b"fragmented ping"),
        frame(0x89, &[0; 126]),
        frame(0x80, b"continuation of nothing"),
        [frame(0x01, b"a"), frame(0x81, b"b")].concat(),
        one_byte_close,
        vec![0x81, 0xfe, 0, 5, 0, 0, 0, 0],
    ];
    for bytes in cases {
        assert_eq!(refusal(&bytes), 1002, "{bytes:02x?}");
    }
    for code in [0u16, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        assert_eq!(refusal(&frame(0x88, &code.to_be_bytes())), 1002, "{code}");
    }
    for code in [1000u16, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999] {
        assert_eq!(read(&frame(0x88, &code.to_be_bytes())).0, [Incoming::Close(Some(code))]);
    }
}

#[test]
fn text_that_is_not_utf8_is_1007_as_soon_as_it_shows() {
    assert_eq!(refusal(&frame(0x81, &[0xc3, 0x28])), 1007);
    assert_eq!(refusal(&[frame(0x01, &[0xe2, 0x82]), frame(0x80, &[0x28])].concat()), 1007);
    assert_eq!(refusal(&frame(0x81, &[b'a', 0xe2, 0x82])), 1007, "ends inside a character");
    assert_eq!(refusal(&frame(0x81, &[0xed, 0xa0, 0x80])), 1007, "a surrogate");
    assert_eq!(refusal(&frame(0x88, &[0x03, 0xe8, 0xff])), 1007, "a close reason");
    let early = frame(0x81, &[0xff; 100]);
    assert_eq!(refusal(&early[..8]), 1007, "two bytes of a hundred are enough");
    let split = [frame(0x01, &[0xf0, 0x9f]), frame(0x80, &[0x99, 0x82])].concat();
    assert_eq!(read(&split).0, [Incoming::Text("🙂".into())]);
}

#[test]
fn binary_is_1003() {
    assert_eq!(refusal(&frame(0x82, b"\x00")), 1003);
}

#[test]
fn too_much_is_1009_before_it_comes() {
    let declared = |length: u64| [&[0x81, 0xff][..], &length.to_be_bytes(), &MASK].concat();
    assert_eq!(refusal(&declared(i64::MAX as u64)), 1009);
    assert_eq!(refusal(&declared(65_537)), 1009);
    assert_eq!(refusal(&declared(u64::MAX)), 1002);
    assert_eq!(read(&frame(0x81, &[b'x'; LIMIT])).0.len(), 1);
    let drops: Vec<u8> = std::iter::once(frame(0x01, &[b'x'; LIMIT])).chain([frame(0x80, b"x")]).flatten().collect();
    assert_eq!(refusal(&drops), 1009);
    let empty: Vec<u8> =
        std::iter::once(frame(0x01, b"")).chain((0..Rules::PROTOCOL.fragments_max).map(|_| frame(0x00, b""))).flatten().collect();
    assert_eq!(refusal(&empty), 1009);
}

#[test]
fn every_split_gives_the_same() {
    let good = [
        frame(0x01, "grüße ".as_bytes()),
        frame(0x89, b"ping"),
        frame(0x80, "🙂".as_bytes()),
        frame(0x81, &[b'y'; 200]),
        frame(0x81, &[b'z'; 65_536]),
        frame(0x88, &[0x0f, 0xa0]),
    ]
    .concat();
    let bad = [frame(0x81, b"fine"), frame(0x81, &[b'a', 0xc3, 0x28])].concat();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for input in [good, bad] {
        let whole = read(&input);
        for round in 0..200 {
            let mut decoder = Decoder::new(Rules::PROTOCOL);
            let (mut out, mut rest, mut result) = (Vec::new(), input.as_slice(), Ok(()));
            while !rest.is_empty() && result.is_ok() {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let most = if round % 2 == 0 { 7 } else { 5_000 };
                let (piece, more) = rest.split_at((1 + (random >> 33) as usize % most).min(rest.len()));
                result = decoder.push(piece, &mut out).map_err(Violation::code);
                rest = more;
            }
            assert_eq!((out, result), whole);
        }
    }
}

#[test]
fn a_quiet_decoder_holds_nothing() {
    let mut decoder = Decoder::new(Rules::PROTOCOL);
    let mut out = Vec::new();
    decoder.push(&[frame(0x81, &[b'x'; 5_000]), frame(0x89, b"p")].concat(), &mut out).unwrap();
    assert!(!decoder.is_inside());
    assert_eq!((decoder.message.capacity(), decoder.control.capacity()), (0, 0));
}

#[test]
fn writes_headers_of_all_lengths() {
    for length in [0, 125, 126, 65_535, 65_536] {
        let text = "x".repeat(length);
        let bytes = encode_text(&text);
        let header = bytes.len() - length;
        assert_eq!(
            header,
            if length < 126 {
                2
            } else if length < 65_536 {
                4
            } else {
                10
            }
        );
        assert_eq!(bytes[0], 0x81);
        let quoted = encode_json(&text).unwrap();
        assert_eq!(quoted, encode_text(&format!("\"{text}\"")));
    }
    let close = encode_close(4408, &"ü".repeat(200));
    assert!(close.len() <= 127 && std::str::from_utf8(&close[4..]).is_ok());
    assert_eq!(&encode_pong(b"p")[..], [0x8a, 1, b'p']);
}
