//! The keys of the outbox: letters that are to leave the house, the one due first in front.

/// Where a letter lies in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutboxKey {
    /// When it is to be looked at, in milliseconds since 1970.
    pub due: u64,
    /// Its number, which no other letter ever has.
    pub sequence: u64,
}

impl OutboxKey {
    /// Bytes that sort as keys do.
    pub(super) fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.due.to_be_bytes());
        bytes[8..].copy_from_slice(&self.sequence.to_be_bytes());
        bytes
    }

    /// The key that `bytes` encode.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (due, sequence) = bytes.split_first_chunk::<8>()?;
        let sequence = sequence.try_into().ok()?;
        Some(Self { due: u64::from_be_bytes(*due), sequence: u64::from_be_bytes(sequence) })
    }
}
