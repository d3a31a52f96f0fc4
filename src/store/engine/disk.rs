//! The file below the engine, watched. After a failure the engine refuses everything that needs the
//! file, so somebody has to know of it and open it anew.

use std::io;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ::redb::backends::FileBackend;
use ::redb::{BackendError, StorageBackend};

#[cfg(test)]
pub(in crate::store) use faults::{Faults, Operation};

/// Whether anything failed since the file was opened.
#[derive(Debug, Default)]
pub(super) struct Health {
    failed: AtomicBool,
    #[cfg(test)]
    pub(super) faults: Faults,
}

impl Health {
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    pub(super) fn begin_anew(&self) {
        self.failed.store(false, Ordering::Release);
    }

    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.is_err() {
            self.failed.store(true, Ordering::Release);
        }
        result
    }
}

/// A file with its health.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) file: FileBackend,
    pub(super) health: Arc<Health>,
}

impl Disk {
    fn reads<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        #[cfg(test)]
        self.health.note(self.health.faults.ask(Operation::Read))?;
        self.health.note(work())
    }

    fn writes<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        #[cfg(test)]
        self.health.note(self.health.faults.ask(Operation::Write))?;
        self.health.note(work())
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.reads(|| self.file.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.reads(|| self.file.read(offset, out))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.writes(|| self.file.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.writes(|| self.file.sync_data())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.writes(|| self.file.write(offset, data))
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
