//! Which name hangs where.

use std::sync::Arc;

use crate::access::Caller;
use crate::hooks::{
    Action, AuthAction, Chain, CollectionAction, Event, Hooks, MailKind, RequestAction, Signal,
    When,
};
use crate::ops::Backend;
use crate::ops::hooked::LiveData;

use super::members::Scripted;
use super::program::Program;
use super::stage::{Around, Heard};

/// Takes a hook away again.
pub(super) type Undo = Box<dyn FnOnce(&Hooks) + Send>;

/// Where a hook of a script is to hang.
struct Place<'p> {
    backend: &'p Arc<Backend>,
    when: When,
    program: &'p Arc<Program>,
    number: usize,
}

impl Place<'_> {
    fn chain<P: Scripted>(self, chain: fn(&Hooks) -> &Chain<P>) -> Undo {
        let Self { backend, when, program, number } = self;
        let program = Arc::clone(program);
        let id = chain(backend.hooks()).around(when, move |event: &mut Event<'_, P>, next| {
            if !program.is_current() {
                return next.run(event);
            }
            program.call(number, &Around::new(event, next))
        });
        Box::new(move |hooks| {
            chain(hooks).remove(id);
        })
    }

    fn signal<P: Scripted>(self, signal: fn(&Hooks) -> &Signal<P>) -> Undo {
        let Self { backend, when, program, number } = self;
        let (program, weak) = (Arc::clone(program), Arc::downgrade(backend));
        let id = signal(backend.hooks()).add(when, move |payload: &Arc<P>| {
            let Some(backend) = weak.upgrade().filter(|_| program.is_current()) else { return };
            let data = LiveData::new(backend, Arc::new(Caller::system()));
            let heard = Heard { payload: &**payload, data };
            if let Err(error) = program.call(number, &heard) {
                tracing::error!(%error, "an after hook failed");
            }
        });
        Box::new(move |hooks| {
            signal(hooks).remove(id);
        })
    }
}

/// Makes the list of names and the function that knows where they hang.
macro_rules! places {
    (chains { $($chain:literal => $at:expr,)* } signals { $($signal:literal => $to:expr,)* }) => {
        /// All names of hooks.
        pub(super) const NAMES: &[&str] = &[$($chain,)* $($signal,)*];

        /// Has a handler run at the place of this name; `None` when there is no such place.
        pub(super) fn hang(
            backend: &Arc<Backend>,
            name: &str,
            when: When,
            program: &Arc<Program>,
            number: usize,
        ) -> Option<Undo> {
            let place = Place { backend, when, program, number };
            Some(match name {
                $($chain => place.chain($at),)*
                $($signal => place.signal($to),)*
                _ => return None,
            })
        }
    };
}

places! {
    chains {
        "onRecordCreate" => |hooks| &hooks.records.create,
        "onRecordUpdate" => |hooks| &hooks.records.update,
        "onRecordDelete" => |hooks| &hooks.records.delete,
        "onRecordValidate" => |hooks| &hooks.records.validate,
        "onRecordCreateExecute" => |hooks| &hooks.records.create_execute,
        "onRecordUpdateExecute" => |hooks| &hooks.records.update_execute,
        "onRecordDeleteExecute" => |hooks| &hooks.records.delete_execute,
        "onRecordEnrich" => |hooks| &hooks.records.enrich,
        "onModelCreate" => |hooks| &hooks.records.create,
        "onModelUpdate" => |hooks| &hooks.records.update,
        "onModelDelete" => |hooks| &hooks.records.delete,
        "onModelValidate" => |hooks| &hooks.records.validate,
        "onRecordsListRequest" => |hooks| hooks.request(RequestAction::List),
        "onRecordViewRequest" => |hooks| hooks.request(RequestAction::View),
        "onRecordCreateRequest" => |hooks| hooks.request(RequestAction::Create),
        "onRecordUpdateRequest" => |hooks| hooks.request(RequestAction::Update),
        "onRecordDeleteRequest" => |hooks| hooks.request(RequestAction::Delete),
        "onRecordAuthRequest" => |hooks| hooks.auth(AuthAction::Authenticated),
        "onRecordAuthWithPasswordRequest" => |hooks| hooks.auth(AuthAction::Password),
        "onRecordAuthWithOTPRequest" => |hooks| hooks.auth(AuthAction::Otp),
        "onRecordAuthWithOAuth2Request" => |hooks| hooks.auth(AuthAction::OAuth2),
        "onRecordAuthRefreshRequest" => |hooks| hooks.auth(AuthAction::Refresh),
        "onRecordRequestOTPRequest" => |hooks| hooks.auth(AuthAction::RequestOtp),
        "onRecordRequestVerificationRequest" => |hooks| hooks.auth(AuthAction::RequestVerification),
        "onRecordConfirmVerificationRequest" => |hooks| hooks.auth(AuthAction::ConfirmVerification),
        "onRecordRequestPasswordResetRequest" => |hooks| hooks.auth(AuthAction::RequestPasswordReset),
        "onRecordConfirmPasswordResetRequest" => |hooks| hooks.auth(AuthAction::ConfirmPasswordReset),
        "onRecordRequestEmailChangeRequest" => |hooks| hooks.auth(AuthAction::RequestEmailChange),
        "onRecordConfirmEmailChangeRequest" => |hooks| hooks.auth(AuthAction::ConfirmEmailChange),
        "onModelCreateExecute" => |hooks| &hooks.records.create_execute,
        "onModelUpdateExecute" => |hooks| &hooks.records.update_execute,
        "onModelDeleteExecute" => |hooks| &hooks.records.delete_execute,
        "onCollectionValidate" => |hooks| &hooks.collections.validate,
        "onCollectionCreateExecute" => |hooks| &hooks.collections.create_execute,
        "onCollectionUpdateExecute" => |hooks| &hooks.collections.update_execute,
        "onCollectionDeleteExecute" => |hooks| &hooks.collections.delete_execute,
        "onCollectionsListRequest" => |hooks| hooks.collection_request(CollectionAction::List),
        "onCollectionViewRequest" => |hooks| hooks.collection_request(CollectionAction::View),
        "onCollectionCreateRequest" => |hooks| hooks.collection_request(CollectionAction::Create),
        "onCollectionUpdateRequest" => |hooks| hooks.collection_request(CollectionAction::Update),
        "onCollectionDeleteRequest" => |hooks| hooks.collection_request(CollectionAction::Delete),
        "onCollectionsImportRequest" => |hooks| hooks.collection_request(CollectionAction::Import),
        "onCollectionCreate" => |hooks| &hooks.collections.create,
        "onCollectionUpdate" => |hooks| &hooks.collections.update,
        "onCollectionDelete" => |hooks| &hooks.collections.delete,
        "onFileDownloadRequest" => |hooks| &hooks.files.download,
        "onFileTokenRequest" => |hooks| &hooks.files.token,
        "onRealtimeConnectRequest" => |hooks| &hooks.realtime.connect,
        "onRealtimeSubscribeRequest" => |hooks| &hooks.realtime.subscribe,
        "onRealtimeMessageSend" => |hooks| &hooks.realtime.message,
        "onMailerSend" => |hooks| &hooks.mail,
        "onMailerRecordAuthAlertSend" => |hooks| hooks.account_mail(MailKind::AuthAlert),
        "onMailerRecordPasswordResetSend" => |hooks| hooks.account_mail(MailKind::PasswordReset),
        "onMailerRecordVerificationSend" => |hooks| hooks.account_mail(MailKind::Verification),
        "onMailerRecordEmailChangeSend" => |hooks| hooks.account_mail(MailKind::EmailChange),
        "onMailerRecordOTPSend" => |hooks| hooks.account_mail(MailKind::Otp),
        "onBatchRequest" => |hooks| &hooks.batch,
        "onSettingsListRequest" => |hooks| &hooks.settings_read,
        "onSettingsUpdateRequest" => |hooks| &hooks.settings,
        "onBackupCreate" => |hooks| &hooks.backup_create,
        "onBackupRestore" => |hooks| &hooks.backup_restore,
        "onBootstrap" => |hooks| &hooks.serve,
        "onServe" => |hooks| &hooks.serve,
        "onTerminate" => |hooks| &hooks.terminate,
    }
    signals {
        "onRecordAfterCreateSuccess" => |hooks| hooks.record_signal(Action::Create),
        "onRecordAfterUpdateSuccess" => |hooks| hooks.record_signal(Action::Update),
        "onRecordAfterDeleteSuccess" => |hooks| hooks.record_signal(Action::Delete),
        "onModelAfterCreateSuccess" => |hooks| hooks.record_signal(Action::Create),
        "onModelAfterUpdateSuccess" => |hooks| hooks.record_signal(Action::Update),
        "onModelAfterDeleteSuccess" => |hooks| hooks.record_signal(Action::Delete),
        "onRecordAfterCreateError" => |hooks| hooks.record_failures(Action::Create),
        "onRecordAfterUpdateError" => |hooks| hooks.record_failures(Action::Update),
        "onRecordAfterDeleteError" => |hooks| hooks.record_failures(Action::Delete),
        "onModelAfterCreateError" => |hooks| hooks.record_failures(Action::Create),
        "onModelAfterUpdateError" => |hooks| hooks.record_failures(Action::Update),
        "onModelAfterDeleteError" => |hooks| hooks.record_failures(Action::Delete),
        "onCollectionAfterCreateError" => |hooks| hooks.collection_failures(Action::Create),
        "onCollectionAfterUpdateError" => |hooks| hooks.collection_failures(Action::Update),
        "onCollectionAfterDeleteError" => |hooks| hooks.collection_failures(Action::Delete),
        "onSettingsReload" => |hooks| &hooks.settings_reloaded,
        "onCollectionAfterCreateSuccess" => |hooks| hooks.collection_signal(Action::Create),
        "onCollectionAfterUpdateSuccess" => |hooks| hooks.collection_signal(Action::Update),
        "onCollectionAfterDeleteSuccess" => |hooks| hooks.collection_signal(Action::Delete),
    }
}
