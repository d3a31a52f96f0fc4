//! The file below the engine, watched. After a read that failed the engine refuses everything that
//! needs the file, so somebody has to know of it and open it anew.
//!
//! A write that fails, on a full disk for example, is another matter: the file is left as it is from
//! then on, as if the process had ended there, and the engine goes on in memory. So what was
//! committed before can be read for as long as nobody opens the file anew; the write that failed, and all that
//! come after it, are refused by whoever asks [`Health::failure`].

use std::io;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use ::redb::backends::FileBackend;
use ::redb::{BackendError, StorageBackend};

#[cfg(test)]
pub(in crate::store) use faults::{Faults, Operation};

use super::overlay::Overlay;

/// Whether anything failed since the file was opened.
#[derive(Debug, Default)]
pub(super) struct Health {
    failed: AtomicBool,
    kind: Mutex<Option<io::ErrorKind>>,
    #[cfg(test)]
    pub(super) faults: Faults,
}

impl Health {
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// What failed first.
    pub(super) fn failure(&self) -> Option<io::ErrorKind> {
        *self.kind.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin_anew(&self) {
        *self.kind.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.failed.store(false, Ordering::Release);
    }

    fn note(&self, error: &io::Error) {
        let mut kind = self.kind.lock().unwrap_or_else(PoisonError::into_inner);
        kind.get_or_insert(error.kind());
        drop(kind);
        self.failed.store(true, Ordering::Release);
    }
}

/// A file with its health.
#[derive(Debug)]
pub(super) struct Disk {
    file: FileBackend,
    health: Arc<Health>,
    is_frozen: AtomicBool,
    /// What was written since the file is left as it is.
    overlay: RwLock<Overlay>,
}

impl Disk {
    pub(super) fn new(file: FileBackend, health: Arc<Health>) -> Self {
        Self { file, health, is_frozen: AtomicBool::new(false), overlay: RwLock::default() }
    }

    fn is_frozen(&self) -> bool {
        self.is_frozen.load(Ordering::Acquire)
    }

    fn reads<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        #[cfg(test)]
        let work = || self.health.faults.ask(Operation::Read).and_then(|()| work());
        let result = work();
        if let Err(error) = &result {
            self.health.note(error);
        }
        result
    }

    /// Changes the file, or what stands for it once that has failed.
    fn writes(
        &self,
        work: impl FnOnce() -> io::Result<()>,
        instead: impl FnOnce(&mut Overlay) -> io::Result<()>,
    ) -> io::Result<()> {
        if !self.is_frozen() {
            #[cfg(test)]
            let work = || self.health.faults.ask(Operation::Write).and_then(|()| work());
            let Err(error) = work() else { return Ok(()) };
            self.health.note(&error);
            let mut overlay = self.overlay.write().unwrap_or_else(PoisonError::into_inner);
            *overlay = Overlay::over(self.file.len()?);
            drop(overlay);
            self.is_frozen.store(true, Ordering::Release);
        }
        instead(&mut self.overlay.write().unwrap_or_else(PoisonError::into_inner))
    }

    fn read_file(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.reads(|| self.file.read(offset, out))
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        if self.is_frozen() {
            return Ok(self.overlay.read().unwrap_or_else(PoisonError::into_inner).len());
        }
        self.reads(|| self.file.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if self.is_frozen() {
            let overlay = self.overlay.read().unwrap_or_else(PoisonError::into_inner);
            return overlay.read(offset, out, |offset, out| self.read_file(offset, out));
        }
        self.read_file(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.writes(
            || self.file.set_len(len),
            |overlay| {
                overlay.set_len(len);
                Ok(())
            },
        )
    }

    fn sync_data(&self) -> io::Result<()> {
        self.writes(|| self.file.sync_data(), |_| Ok(()))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.writes(
            || self.file.write(offset, data),
            |overlay| overlay.write(offset, data, |offset, out| self.read_file(offset, out)),
        )
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

/// Failures on demand.
#[cfg(test)]
mod faults {
    use std::io;
    use std::sync::{Mutex, PoisonError};

    /// What is asked of a disk.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::store) enum Operation {
        Read,
        Write,
    }

    #[derive(Debug)]
    struct Plan {
        operation: Operation,
        left: u64,
        has_failed: bool,
        kind: io::ErrorKind,
    }

    /// What is to fail, if anything.
    #[derive(Debug, Default)]
    pub(in crate::store) struct Faults(Mutex<Option<Plan>>);

    impl Faults {
        /// Lets `good` such operations through; all after these fail until [`Faults::end`].
        pub(in crate::store) fn begin(&self, operation: Operation, good: u64, kind: io::ErrorKind) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(Plan { operation, left: good, has_failed: false, kind });
        }

        /// All is well again; false when nothing has failed.
        pub(in crate::store) fn end(&self) -> bool {
            let plan = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
            plan.is_some_and(|plan| plan.has_failed)
        }

        pub(super) fn ask(&self, operation: Operation) -> io::Result<()> {
            let mut plan = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match &mut *plan {
                Some(plan) if plan.operation == operation => {
                    if plan.left == 0 {
                        plan.has_failed = true;
                        return Err(plan.kind.into());
                    }
                    plan.left -= 1;
                    Ok(())
                }
                _ => Ok(()),
            }
        }
    }
}
