//! Places where hooks hang, by what they are about.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::{
    Chain, CollectionChange, CollectionFailure, CollectionWrite, Enrichment, FileDownload,
    FileToken, RealtimeConnect, RealtimeMessage, RealtimeSubscribe, RecordChange, RecordFailure,
    RecordWrite, Signal,
};

/// Hooks about records. Those of writes run inside the transaction.
///
/// A create runs through `create`, then `validate`, then `create_execute`, then the row is written;
/// an update likewise; a delete through `delete` and `delete_execute`.
#[derive(Debug)]
pub struct RecordHooks {
    /// Around a create: checks and all.
    pub create: Chain<RecordWrite>,
    /// Around an update: checks and all.
    pub update: Chain<RecordWrite>,
    /// Around a delete; each record of a cascade has its own.
    pub delete: Chain<RecordWrite>,
    /// Around the checks of a create or update by a client or by a program.
    pub validate: Chain<RecordWrite>,
    /// Around the writing of a new row. Changes to the record are not checked any more.
    pub create_execute: Chain<RecordWrite>,
    /// Around the writing of a changed row. Changes to the record are not checked any more.
    pub update_execute: Chain<RecordWrite>,
    /// Around the removing of a row.
    pub delete_execute: Chain<RecordWrite>,
    /// After the commit of a create.
    pub created: Signal<RecordChange>,
    /// After the commit of an update.
    pub updated: Signal<RecordChange>,
    /// After the commit of a delete.
    pub deleted: Signal<RecordChange>,
    /// After a create of which nothing is kept.
    pub create_failed: Signal<RecordFailure>,
    /// After an update of which nothing is kept.
    pub update_failed: Signal<RecordFailure>,
    /// After a delete that did not happen.
    pub delete_failed: Signal<RecordFailure>,
    /// Before a record is shown to anybody: by the API, by realtime, inside others.
    pub enrich: Chain<Enrichment>,
}

impl RecordHooks {
    pub(super) fn new(total: &Arc<AtomicUsize>) -> Self {
        Self {
            create: Chain::new(total),
            update: Chain::new(total),
            delete: Chain::new(total),
            validate: Chain::new(total),
            create_execute: Chain::new(total),
            update_execute: Chain::new(total),
            delete_execute: Chain::new(total),
            created: Signal::new(total),
            updated: Signal::new(total),
            deleted: Signal::new(total),
            create_failed: Signal::new(total),
            update_failed: Signal::new(total),
            delete_failed: Signal::new(total),
            enrich: Chain::new(total),
        }
    }
}

/// Hooks about collections. Those of writes run inside the transaction.
#[derive(Debug)]
pub struct CollectionHooks {
    /// Around a create.
    pub create: Chain<CollectionWrite>,
    /// Around an update.
    pub update: Chain<CollectionWrite>,
    /// Around a delete.
    pub delete: Chain<CollectionWrite>,
    /// Around the checks of a create or update. Changes to the definition come too late.
    pub validate: Chain<CollectionWrite>,
    /// Around the writing of a new one. Changes to the definition come too late.
    pub create_execute: Chain<CollectionWrite>,
    /// Around the writing of a changed one. Changes to the definition come too late.
    pub update_execute: Chain<CollectionWrite>,
    /// Around the removing of one with its records.
    pub delete_execute: Chain<CollectionWrite>,
    /// After the commit of a create.
    pub created: Signal<CollectionChange>,
    /// After the commit of an update.
    pub updated: Signal<CollectionChange>,
    /// After the commit of a delete.
    pub deleted: Signal<CollectionChange>,
    /// After a create of which nothing is kept.
    pub create_failed: Signal<CollectionFailure>,
    /// After an update of which nothing is kept.
    pub update_failed: Signal<CollectionFailure>,
    /// After a delete that did not happen.
    pub delete_failed: Signal<CollectionFailure>,
}

impl CollectionHooks {
    pub(super) fn new(total: &Arc<AtomicUsize>) -> Self {
        Self {
            create: Chain::new(total),
            update: Chain::new(total),
            delete: Chain::new(total),
            validate: Chain::new(total),
            create_execute: Chain::new(total),
            update_execute: Chain::new(total),
            delete_execute: Chain::new(total),
            created: Signal::new(total),
            updated: Signal::new(total),
            deleted: Signal::new(total),
            create_failed: Signal::new(total),
            update_failed: Signal::new(total),
            delete_failed: Signal::new(total),
        }
    }
}

/// Hooks about files.
#[derive(Debug)]
pub struct FileHooks {
    /// Before a file is served, once rules allow it.
    pub download: Chain<FileDownload>,
    /// Before a token for protected files is made.
    pub token: Chain<FileToken>,
}

impl FileHooks {
    pub(super) fn new(total: &Arc<AtomicUsize>) -> Self {
        Self { download: Chain::new(total), token: Chain::new(total) }
    }
}

/// Hooks about realtime.
#[derive(Debug)]
pub struct RealtimeHooks {
    /// Before a stream is opened.
    pub connect: Chain<RealtimeConnect>,
    /// Before a stream gets its topics.
    pub subscribe: Chain<RealtimeSubscribe>,
    /// Before a message is written to a stream.
    pub message: Chain<RealtimeMessage>,
}

impl RealtimeHooks {
    pub(super) fn new(total: &Arc<AtomicUsize>) -> Self {
        Self {
            connect: Chain::new(total),
            subscribe: Chain::new(total),
            message: Chain::new(total),
        }
    }
}
