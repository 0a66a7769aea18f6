//! RFC 6455 as a client needs it: masked frames out, unmasked frames in.

/// Any will do: masking protects proxies, and there is none between us and what is measured.
const MASK: [u8; 4] = [0x5a, 0xc3, 0x17, 0x8e];

pub const TEXT: u8 = 1;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

/// Appends a whole frame.
pub fn encode(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(0x80 | opcode);
    match payload.len() {
        short @ 0..126 => out.push(0x80 | u8::try_from(short).unwrap_or_default()),
        middle @ 126..65_536 => {
            out.push(0x80 | 126);
            out.extend_from_slice(&u16::try_from(middle).unwrap_or_default().to_be_bytes());
        }
        long => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&MASK);
    out.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

/// The server broke the protocol.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken(pub &'static str);

/// What begins a buffer.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// Opcode, payload, and what follows.
    Frame(u8, &'a [u8], &'a [u8]),
    /// Not all of it is there yet.
    Partial,
}

/// Takes the first frame of a buffer. Fragments are not for us: a server that sends them is not measured here.
pub fn next(buffer: &[u8]) -> Result<Next<'_>, Broken> {
    let [first, second, rest @ ..] = buffer else { return Ok(Next::Partial) };
    if first & 0xf0 != 0x80 {
        return Err(Broken("a fragment or a reserved bit"));
    }
    let (length, rest) = match second {
        0..=125 => (usize::from(*second), rest),
        126 => match rest.split_first_chunk::<2>() {
            Some((length, rest)) => (usize::from(u16::from_be_bytes(*length)), rest),
            None => return Ok(Next::Partial),
        },
        127 => match rest.split_first_chunk::<8>() {
            Some((length, rest)) => (usize::try_from(u64::from_be_bytes(*length)).map_err(|_| Broken("an endless frame"))?, rest),
            None => return Ok(Next::Partial),
        },
        _ => return Err(Broken("a masked frame from a server")),
    };
    Ok(match rest.split_at_checked(length) {
        Some((payload, rest)) => Next::Frame(first & 0x0f, payload, rest),
        None => Next::Partial,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_all_lengths_are_taken_apart() {
        for length in [0_usize, 1, 125, 126, 65_535, 65_536] {
            let mut masked = Vec::new();
            let payload: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect();
            encode(TEXT, &payload, &mut masked);
            // As a server would send it: without the mask.
            let header = masked.len() - length - 4;
            let mut plain = masked[..header].to_vec();
            plain[1] &= 0x7f;
            plain.extend_from_slice(&payload);
            plain.extend_from_slice(b"more");
            assert_eq!(next(&plain), Ok(Next::Frame(TEXT, &payload, b"more")));
            assert_eq!(
                next(&plain[..header + length / 2]).unwrap(),
                if length == 0 { next(&plain[..header]).unwrap() } else { Next::Partial }
            );
            let unmasked: Vec<u8> =
                masked[header + 4..].iter().zip(masked[header..header + 4].iter().cycle()).map(|(a, b)| a ^ b).collect();
            assert_eq!(unmasked, payload);
        }
    }

    #[test]
    fn what_no_server_may_send_is_refused() {
        assert!(next(&[0x01, 0x00]).is_err());
        assert!(next(&[0xc1, 0x00]).is_err());
        assert!(next(&[0x81, 0x80, 0, 0, 0, 0]).is_err());
    }
}
