//! What a server does by itself every so often.

use std::sync::{Arc, Weak};

use crate::model::Timestamp;
use crate::ops::backups::Backups;
use crate::ops::crons::CronError;
use crate::ops::{self, Backend, Error};

/// Names and expressions are those of the contract, and `__hs…` are our own.
pub(super) fn register(backend: &Arc<Backend>, backups: &Arc<Backups>) -> Result<(), CronError> {
    let backups = Arc::clone(backups);
    add(backend, "__pbLogsCleanup__", "0 */6 * * *", |backend, now| {
        let (Some(logs), settings) = (backend.logs(), backend.settings()) else { return Ok(()) };
        logs.delete_old(settings.logs.max_days, settings.logs.min_level, now).map(drop)
    })?;
    add(backend, "__pbDBOptimize__", "0 0 * * *", ops::mail::delete_old_failures)?;
    add(backend, "__pbMFACleanup__", "0 * * * *", |backend, now| {
        ops::auth::delete_expired_mfas(backend, now).map(drop)
    })?;
    add(backend, "__pbOTPCleanup__", "0 * * * *", |backend, now| {
        ops::auth::delete_expired_otps(backend, now).map(drop)
    })?;
    add(backend, "__hsAnonymousCleanup__", "30 0 * * *", |backend, now| {
        ops::auth::delete_unused_anonymous(backend, now).map(drop)
    })?;
    add(backend, "__hsSessionCleanup__", "0 * * * *", |backend, now| {
        ops::auth::delete_expired_sessions(backend, now).map(drop)
    })?;
    add(backend, "__hsUploadCleanup__", "0 * * * *", |backend, _| {
        backend.sweep_soon();
        Ok(())
    })?;
    add(backend, "__hsLastUses__", "* * * * *", |backend, _| ops::auth::write_last_uses(backend))?;
    add(backend, "__hsBackupSchedule__", "* * * * *", move |backend, now| {
        backups.run_schedule(backend, now)
    })
}

fn add(
    backend: &Arc<Backend>,
    id: &str,
    expression: &str,
    run: impl Fn(&Backend, Timestamp) -> Result<(), Error> + Send + Sync + 'static,
) -> Result<(), CronError> {
    // The backend holds its jobs, so they must not hold it.
    let weak: Weak<Backend> = Arc::downgrade(backend);
    backend
        .crons()
        .add(id, expression, move |now| weak.upgrade().map_or(Ok(()), |backend| run(&backend, now)))
}
