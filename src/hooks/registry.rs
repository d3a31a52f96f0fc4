//! All hooks of one app.

use std::array;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{
    Action, AuthAction, AuthCall, BackupCall, BatchCall, Chain, CollectionAction, CollectionCall,
    CollectionChange, CollectionFailure, CollectionHooks, FileHooks, MailKind, MailSend,
    RealtimeHooks, RecordChange, RecordFailure, RecordHooks, RequestAction, RequestCall,
    ServerCall, SettingsRead, SettingsReload, SettingsWrite, Signal,
};

/// All hooks of one app. They may come and go while it runs.
#[derive(Debug)]
pub struct Hooks {
    /// How many there are.
    total: Arc<AtomicUsize>,
    /// Records: writes, and how they are shown.
    pub records: RecordHooks,
    /// Collections.
    pub collections: CollectionHooks,
    /// Files.
    pub files: FileHooks,
    /// Realtime.
    pub realtime: RealtimeHooks,
    /// Before a mail is sent; it runs again when sending is tried again.
    pub mail: Chain<MailSend>,
    /// Before settings are changed over the API.
    pub settings: Chain<SettingsWrite>,
    /// Before settings are shown by the API.
    pub settings_read: Chain<SettingsRead>,
    /// After settings were changed, by whatever way.
    pub settings_reloaded: Signal<SettingsReload>,
    /// Before a batch begins; the requests in it have their own, too.
    pub batch: Chain<BatchCall>,
    /// Before a backup is made.
    pub backup_create: Chain<BackupCall>,
    /// Before a backup is put in place.
    pub backup_restore: Chain<BackupCall>,
    /// When the server begins.
    pub serve: Chain<ServerCall>,
    /// When the server ends.
    pub terminate: Chain<ServerCall>,
    requests: [Chain<RequestCall>; 5],
    auth: [Chain<AuthCall>; AuthAction::COUNT],
    collection_requests: [Chain<CollectionCall>; CollectionAction::COUNT],
    account_mails: [Chain<MailSend>; MailKind::COUNT],
}

impl Hooks {
    /// No hooks.
    pub fn new() -> Self {
        let total = Arc::default();
        Self {
            records: RecordHooks::new(&total),
            collections: CollectionHooks::new(&total),
            files: FileHooks::new(&total),
            realtime: RealtimeHooks::new(&total),
            mail: Chain::new(&total),
            settings: Chain::new(&total),
            settings_read: Chain::new(&total),
            settings_reloaded: Signal::new(&total),
            batch: Chain::new(&total),
            backup_create: Chain::new(&total),
            backup_restore: Chain::new(&total),
            serve: Chain::new(&total),
            terminate: Chain::new(&total),
            requests: array::from_fn(|_| Chain::new(&total)),
            auth: array::from_fn(|_| Chain::new(&total)),
            collection_requests: array::from_fn(|_| Chain::new(&total)),
            account_mails: array::from_fn(|_| Chain::new(&total)),
            total,
        }
    }

    /// Whether there are none at all. Costs one load.
    pub fn is_empty(&self) -> bool {
        self.total.load(Ordering::Relaxed) == 0
    }

    /// Before a request of the records API is answered.
    pub fn request(&self, action: RequestAction) -> &Chain<RequestCall> {
        &self.requests[action as usize]
    }

    /// Before a request about an account is answered.
    pub fn auth(&self, action: AuthAction) -> &Chain<AuthCall> {
        &self.auth[action as usize]
    }

    /// Before a request about collections is answered.
    pub fn collection_request(&self, action: CollectionAction) -> &Chain<CollectionCall> {
        &self.collection_requests[action as usize]
    }

    /// Before one of the mails of auth collections is sent, around [`mail`](Self::mail).
    pub fn account_mail(&self, kind: MailKind) -> &Chain<MailSend> {
        &self.account_mails[kind as usize]
    }

    /// Those that hear of a write of a record that came to nothing.
    pub fn record_failures(&self, action: Action) -> &Signal<RecordFailure> {
        match action {
            Action::Create => &self.records.create_failed,
            Action::Update => &self.records.update_failed,
            Action::Delete => &self.records.delete_failed,
        }
    }

    /// Those that hear of a write of a collection that came to nothing.
    pub fn collection_failures(&self, action: Action) -> &Signal<CollectionFailure> {
        match action {
            Action::Create => &self.collections.create_failed,
            Action::Update => &self.collections.update_failed,
            Action::Delete => &self.collections.delete_failed,
        }
    }

    /// Those that hear of a record after the commit.
    pub fn record_signal(&self, action: Action) -> &Signal<RecordChange> {
        match action {
            Action::Create => &self.records.created,
            Action::Update => &self.records.updated,
            Action::Delete => &self.records.deleted,
        }
    }

    /// Those that hear of a collection after the commit.
    pub fn collection_signal(&self, action: Action) -> &Signal<CollectionChange> {
        match action {
            Action::Create => &self.collections.created,
            Action::Update => &self.collections.updated,
            Action::Delete => &self.collections.deleted,
        }
    }
}

impl Default for Hooks {
    fn default() -> Self {
        Self::new()
    }
}
