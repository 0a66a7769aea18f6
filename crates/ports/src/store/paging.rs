//! Where a list goes on, as a text that only its own store can make: for adapters.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tertulia_domain::{Code, Refusal};

use super::Page;

const TAG_BYTES: usize = 8;

/// Makes cursors and knows its own.
#[derive(Clone, Copy)]
pub struct PageCursors {
    key: [u8; 16],
}

impl PageCursors {
    /// `key`: the store's own, for ever.
    pub fn new(key: [u8; 16]) -> Self {
        Self { key }
    }

    /// `list` names the list and all that it depends on: a cursor is good for that one only.
    fn seal(&self, list: &str, position: &impl Serialize) -> serde_json::Result<String> {
        let mut bytes = serde_json::to_vec(position)?;
        bytes.extend(self.tag(list, &bytes));
        Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Where `list` goes on; `INVALID_CURSOR` for what was made elsewhere or for another list.
    pub fn open<T: DeserializeOwned>(&self, list: &str, cursor: Option<&str>) -> Result<Option<T>, Refusal> {
        let Some(cursor) = cursor else { return Ok(None) };
        let position = self.read(list, cursor).ok_or_else(|| Refusal::new(Code::InvalidCursor, "not a cursor of this list"))?;
        Ok(Some(position))
    }

    /// A page out of up to `limit` + 1 items, each with its position.
    pub fn page<T, P: Serialize>(&self, list: &str, mut found: Vec<(T, P)>, limit: u32) -> serde_json::Result<Page<T>> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| has_more);
        let next_cursor = last.map(|(_, position)| self.seal(list, position)).transpose()?;
        Ok(Page { items: found.into_iter().map(|(item, _)| item).collect(), next_cursor })
    }

    fn read<T: DeserializeOwned>(&self, list: &str, cursor: &str) -> Option<T> {
        let bytes = from_hex(cursor)?;
        let (position, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG_BYTES)?)?;
        if self.tag(list, position) != tag {
            return None;
        }
        serde_json::from_slice(position).ok()
    }

    fn tag(&self, list: &str, position: &[u8]) -> Vec<u8> {
        let hash = Sha256::new().chain_update(self.key).chain_update(list).chain_update([0]).chain_update(position).finalize();
        hash.iter().take(TAG_BYTES).copied().collect()
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.bytes().map(|byte| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let (pairs, []) = digits.as_ref()?.as_chunks::<2>() else { return None };
    Some(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}
