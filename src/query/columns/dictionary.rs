//! Cells by number, so that a column keeps four bytes for each row.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// Cells that share a page, which is what adding one copies when others read the dictionary.
const PAGE: usize = 128;

/// Distinct cells in order of their codes. Code 0 is the zero value. What a code stands for never
/// changes; clones share what they have in common.
///
/// The same cell may be there twice, so equal codes mean equal cells, and nothing more.
#[derive(Debug, Clone)]
pub(in crate::query) struct Dictionary {
    pages: Vec<Arc<Page>>,
    len: usize,
    bytes: usize,
}

#[derive(Debug, Clone, Default)]
struct Page {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Dictionary {
    fn new() -> Self {
        let mut dictionary = Self { pages: Vec::new(), len: 0, bytes: 0 };
        dictionary.push(&[]);
        dictionary
    }

    /// How many codes there are.
    pub(in crate::query) fn len(&self) -> usize {
        self.len
    }

    /// The cell of a code; that of the zero value for one that is not there.
    pub(in crate::query) fn cell(&self, code: u32) -> &[u8] {
        let (page, at) = (code as usize / PAGE, code as usize % PAGE);
        let cell = self.pages.get(page).and_then(|page| {
            let end = *page.ends.get(at)? as usize;
            let start = if at == 0 { 0 } else { page.ends[at - 1] as usize };
            page.bytes.get(start..end)
        });
        cell.unwrap_or_default()
    }

    fn push(&mut self, cell: &[u8]) -> u32 {
        if self.len.is_multiple_of(PAGE) {
            self.pages.push(Arc::default());
        }
        if let Some(page) = self.pages.last_mut() {
            let page = Arc::make_mut(page);
            page.bytes.extend_from_slice(cell);
            page.ends.push(page.bytes.len() as u32);
        }
        self.len += 1;
        self.bytes += cell.len() + size_of::<u32>();
        (self.len - 1) as u32
    }
}

/// Gives codes to cells.
#[derive(Debug)]
pub(super) struct Coder {
    dictionary: Arc<Dictionary>,
    /// Codes by the hash of their cell.
    codes: HashMap<u64, u32, Unhashed>,
    hasher: RandomState,
    bytes_max: usize,
}

/// What an entry of the map of codes takes, unused ones included.
const ENTRY_BYTES: usize = 26;

impl Coder {
    /// A coder whose cells may take so many bytes.
    pub(super) fn new(bytes_max: usize) -> Self {
        let mut coder = Self {
            dictionary: Arc::new(Dictionary::new()),
            codes: HashMap::default(),
            hasher: RandomState::new(),
            bytes_max,
        };
        coder.codes.insert(coder.hasher.hash_one([0u8; 0].as_slice()), 0);
        coder
    }

    /// The code of `cell`; `None` when there is no room for another.
    pub(super) fn code(&mut self, cell: &[u8]) -> Option<u32> {
        let hash = self.hasher.hash_one(cell);
        if let Some(code) = self.codes.get(&hash)
            && self.dictionary.cell(*code) == cell
        {
            return Some(*code);
        }
        let is_full = self.bytes() + cell.len() + ENTRY_BYTES > self.bytes_max;
        if is_full || self.dictionary.len() >= u32::MAX as usize {
            return None;
        }
        let code = Arc::make_mut(&mut self.dictionary).push(cell);
        self.codes.insert(hash, code);
        Some(code)
    }

    /// The codes given so far.
    pub(super) fn dictionary(&self) -> &Arc<Dictionary> {
        &self.dictionary
    }

    /// The memory that it takes, the dictionary included.
    pub(super) fn bytes(&self) -> usize {
        self.dictionary.bytes + self.dictionary.len() * ENTRY_BYTES
    }
}

/// For keys that are hashes already.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Unhashed(u64);

impl BuildHasher for Unhashed {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self(0)
    }
}

impl std::hash::Hasher for Unhashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_keep_their_meaning_while_others_are_added() {
        let mut coder = Coder::new(1 << 20);
        let codes: Vec<u32> =
            (0..500).map(|n| coder.code(format!("cell {n}").as_bytes()).unwrap()).collect();
        let before = Arc::clone(coder.dictionary());
        for n in 400..900 {
            coder.code(format!("cell {n}").as_bytes()).unwrap();
        }
        for (n, code) in codes.into_iter().enumerate() {
            assert_eq!(before.cell(code), format!("cell {n}").as_bytes());
            assert_eq!(coder.code(format!("cell {n}").as_bytes()), Some(code));
        }
        assert_eq!((before.len(), coder.dictionary().len()), (501, 901));
        assert_eq!(coder.code(&[]), Some(0));
    }

    #[test]
    fn a_full_coder_takes_nothing_new() {
        let mut coder = Coder::new(200);
        assert_eq!(coder.code(&[7; 100]), Some(1));
        assert_eq!(coder.code(&[8; 100]), None);
        assert_eq!(coder.code(&[7; 100]), Some(1));
    }
}
