//! What was written over a file that is left as it is.

use std::collections::HashMap;
use std::io;

/// Bytes that are kept together.
const BLOCK: usize = 4096;

/// A file as it would be, over the one that is.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    len: u64,
    /// How much of the file below still counts.
    below: u64,
    blocks: HashMap<u64, Box<[u8]>>,
}

impl Overlay {
    /// Nothing yet, over a file of `len` bytes.
    pub(super) fn over(len: u64) -> Self {
        Self { len, below: len, blocks: HashMap::new() }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn set_len(&mut self, len: u64) {
        self.below = self.below.min(len);
        self.blocks.retain(|number, _| number * (BLOCK as u64) < len);
        let (last, used) = (len / BLOCK as u64, (len % BLOCK as u64) as usize);
        if let Some(block) = self.blocks.get_mut(&last) {
            block[used..].fill(0);
        }
        self.len = len;
    }

    /// Reads as the file would; `file` reads the one below.
    pub(super) fn read(
        &self,
        offset: u64,
        out: &mut [u8],
        file: impl Fn(u64, &mut [u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        if offset.saturating_add(out.len() as u64) > self.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (number, within, part) in parts(offset, out.len()) {
            let out = &mut out[part];
            match self.blocks.get(&number) {
                Some(block) => out.copy_from_slice(&block[within..within + out.len()]),
                None => self.read_below(number * BLOCK as u64 + within as u64, out, &file)?,
            }
        }
        Ok(())
    }

    /// Writes as to the file, which may grow.
    pub(super) fn write(
        &mut self,
        offset: u64,
        data: &[u8],
        file: impl Fn(u64, &mut [u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        self.len = self.len.max(offset.saturating_add(data.len() as u64));
        for (number, within, part) in parts(offset, data.len()) {
            if !self.blocks.contains_key(&number) {
                let mut block = vec![0; BLOCK].into_boxed_slice();
                if part.len() < BLOCK {
                    self.read_below(number * BLOCK as u64, &mut block, &file)?;
                }
                self.blocks.insert(number, block);
            }
            if let Some(block) = self.blocks.get_mut(&number) {
                block[within..within + part.len()].copy_from_slice(&data[part]);
            }
        }
        Ok(())
    }

    /// What the file below has, and nothing beyond its end.
    fn read_below(
        &self,
        offset: u64,
        out: &mut [u8],
        file: &impl Fn(u64, &mut [u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let there = self.below.saturating_sub(offset).min(out.len() as u64) as usize;
        let (there, beyond) = out.split_at_mut(there);
        beyond.fill(0);
        if there.is_empty() { Ok(()) } else { file(offset, there) }
    }
}

/// The blocks that a range touches: number, where in it, and which part of the range.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let (number, within) = (at / BLOCK as u64, (at % BLOCK as u64) as usize);
        let count = (BLOCK - within).min(length - done);
        let part = done..done + count;
        done += count;
        (count > 0).then_some((number, within, part))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Write(u64, Vec<u8>),
        SetLen(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let bytes = proptest::collection::vec(any::<u8>(), 1..9000);
        prop_oneof![
            (0_u64..20_000, bytes).prop_map(|(offset, bytes)| Step::Write(offset, bytes)),
            (0_u64..30_000).prop_map(Step::SetLen),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn it_reads_as_a_file_that_was_written_would(
            steps in proptest::collection::vec(step(), 1..12),
            size in 0_usize..20_000,
        ) {
            let below: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let file = |offset: u64, out: &mut [u8]| {
                out.copy_from_slice(&below[offset as usize..][..out.len()]);
                Ok(())
            };
            let mut model = below.clone();
            let mut overlay = Overlay::over(size as u64);
            for step in steps {
                match step {
                    Step::Write(offset, bytes) => {
                        let end = offset as usize + bytes.len();
                        model.resize(model.len().max(end), 0);
                        model[offset as usize..end].copy_from_slice(&bytes);
                        overlay.write(offset, &bytes, file).unwrap();
                    }
                    Step::SetLen(len) => {
                        model.resize(len as usize, 0);
                        overlay.set_len(len);
                    }
                }
                prop_assert_eq!(overlay.len(), model.len() as u64);
                let mut read = vec![9; model.len()];
                overlay.read(0, &mut read, file).unwrap();
                prop_assert!(read == model);
            }
            let mut beyond = [0];
            prop_assert!(overlay.read(model.len() as u64, &mut beyond, file).is_err());
        }
    }
}
