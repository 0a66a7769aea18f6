//! Payloads that share a message: each with its length before it, four bytes, the highest first. A message without
//! any asks whether one may publish, [`LOST`] says that an unknown number is missing.

use bytes::Bytes;

/// Past this another message begins. One payload is always let in.
const MESSAGE_BYTES_MAX: usize = 128 * 1024;
/// No message of payloads: it ends too early.
pub(crate) const LOST: &[u8] = &[0];
const LENGTH_BYTES: usize = size_of::<u32>();

/// All of them in order, in as few messages as may be.
pub(crate) fn messages(mut payloads: &[Bytes]) -> impl Iterator<Item = Vec<u8>> {
    std::iter::from_fn(move || {
        let (mut bytes, mut taken) = (0, 0);
        for payload in payloads {
            let with_it = bytes + LENGTH_BYTES + payload.len();
            if taken > 0 && with_it > MESSAGE_BYTES_MAX {
                break;
            }
            (bytes, taken) = (with_it, taken + 1);
        }
        let (these, rest) = payloads.split_at_checked(taken).filter(|_| taken > 0)?;
        payloads = rest;
        Some(message(these, bytes))
    })
}

fn message(payloads: &[Bytes], bytes: usize) -> Vec<u8> {
    let mut message = Vec::with_capacity(bytes);
    for payload in payloads {
        // No payload is as long as what does not fit here.
        message.extend_from_slice(&u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes());
        message.extend_from_slice(payload);
    }
    message
}

/// What is in a message; nothing at its end when it is none of ours.
pub(crate) fn payloads(mut message: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    std::iter::from_fn(move || {
        if message.is_empty() {
            return None;
        }
        let cut = first(message);
        message = cut.map_or(&[], |(_, rest)| rest);
        Some(cut.map(|(payload, _)| payload))
    })
}

fn first(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = message.split_first_chunk::<LENGTH_BYTES>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_together_comes_apart_again() {
        let sizes = [0, 1, 500, 128 * 1024, 70_000, 50_000, 8_000, 128 * 1024 - 4, 3];
        let sent: Vec<Bytes> = sizes.iter().map(|size| Bytes::from(vec![7; *size])).collect();
        let messages: Vec<Vec<u8>> = messages(&sent).collect();
        assert!(messages.iter().all(|message| message.len() <= MESSAGE_BYTES_MAX + LENGTH_BYTES));
        assert_eq!(messages.len(), 5);
        let got: Vec<&[u8]> = messages.iter().flat_map(|message| payloads(message)).map(Option::unwrap).collect();
        assert_eq!(got, sent);
        assert_eq!(super::messages(&[]).count(), 0);
    }

    #[test]
    fn what_is_none_of_ours_ends_there() {
        let good = message(&[Bytes::from_static(b"a")], 5);
        for bad in [&b"x"[..], &[0, 0, 0], &[0, 0, 0, 9, 1], &[255; 40]] {
            let message = [&good, bad].concat();
            assert_eq!(payloads(&message).collect::<Vec<_>>(), [Some(&b"a"[..]), None], "{bad:?}");
        }
        assert_eq!(payloads(&[]).count(), 0);
    }
}
