//! Why a use case failed, in the words of the domain.

use crate::access::Denied;
use crate::auth::HashError;
use crate::hooks::Rejection;
use crate::oauth2::ProviderError;
use crate::query::{FilterError, ReadError};
use crate::schema::Violations;
use crate::sql::SqlError;
use crate::store::{StoreError, WriteError};

use super::views::NotReady;

/// Why a use case failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such collection.
    #[error("no such collection")]
    NoCollection,
    /// The collection exists and its records cannot log in.
    #[error("not an auth collection")]
    NotAuthCollection,
    /// There is no such record, or the caller must not know that there is.
    #[error("no such record")]
    NotFound,
    /// The collection has no rule for this, so only superusers may.
    #[error("only superusers can perform this action")]
    SuperusersOnly,
    /// Nobody is logged in and somebody has to be.
    #[error("authentication required")]
    Unauthenticated,
    /// The caller is known and may not do this.
    #[error("forbidden")]
    Forbidden,
    /// The caller came with an API key that is not for this.
    #[error("the API key is not for this")]
    OutOfScope,
    /// Superusers may not come from the address of the caller.
    #[error("no address for superusers")]
    ForeignAddress,
    /// The caller is logged in with a record of another collection, the one named here.
    #[error("the caller belongs to collection {0}")]
    OtherCollection(String),
    /// Passwords are not accepted here.
    #[error("password logins are off")]
    PasswordAuthDisabled,
    /// One-time passwords are not accepted here.
    #[error("logins with one-time passwords are off")]
    OtpDisabled,
    /// Logins through providers are not accepted here.
    #[error("logins through providers are off")]
    OAuth2Disabled,
    /// A provider gave no token for a code.
    #[error("no token for the code: {0}")]
    OAuth2Token(#[source] ProviderError),
    /// A provider did not say who somebody is.
    #[error("no user for the token: {0}")]
    OAuth2User(#[source] ProviderError),
    /// Visitors get no accounts here.
    #[error("anonymous logins are off")]
    AnonymousDisabled,
    /// There is no such one-time password, it is void, or it was another; which is not said.
    #[error("invalid or expired one-time password")]
    InvalidOtp,
    /// Too many one-time passwords were tried.
    #[error("too many one-time passwords were tried")]
    TooManyAttempts,
    /// Something that one can log in with is not accepted here.
    #[error("logins with {0} are off")]
    FactorDisabled(&'static str),
    /// Too many codes or passwords were tried that confirm something.
    #[error("too many guesses")]
    TooManyGuesses,
    /// The collection's auth rule does not hold for the record.
    #[error("the auth rule does not hold")]
    AuthRuleFailed,
    /// Unknown identity or wrong password; which of the two is not said.
    #[error("wrong credentials")]
    WrongCredentials,
    /// A client's filter or sort uses what only superusers may.
    #[error("only superusers can filter by {0}")]
    ForbiddenToken(&'static str),
    /// A filter or sort cannot be used, or a stored rule cannot.
    #[error(transparent)]
    Filter(FilterError),
    /// Records of views cannot be written.
    #[error("records of views are read only")]
    ViewIsReadOnly,
    /// The query of a view cannot be answered.
    #[error("a view cannot be answered")]
    View(#[source] SqlError),
    /// A view has to be worked out first, which takes longer than the caller wants to wait.
    #[error(transparent)]
    ViewNotReady(NotReady),
    /// Something was refused, with what is wrong by field.
    #[error("{0:?} with {1:?}")]
    Rejected(Failure, Violations),
    /// Something was refused for a reason that is a sentence of its own.
    #[error("{0}")]
    Refused(String),
    /// One step of a batch failed, and with it the batch.
    #[error("step {index} of the batch: {cause}")]
    BatchStep {
        /// The position of the step, from 0.
        index: usize,
        /// Why it failed.
        cause: Box<Error>,
    },
    /// A batch took too long, or whoever sent it went away.
    #[error("the batch was interrupted")]
    BatchInterrupted,
    /// A step of a batch that is none of the actions on records.
    #[error("unknown batch action")]
    UnknownBatchAction,
    /// The caller has used up what a rate limit allows.
    #[error("too many requests")]
    TooManyRequests,
    /// The record is not, or no longer, what `If-Match` asked for.
    #[error("the record has changed")]
    Changed,
    /// An idempotency key came again with another body.
    #[error("the idempotency key was used for something else")]
    KeyReused,
    /// Backups are for the holders of superusers' file tokens.
    #[error("no file token of a superuser")]
    BackupForbidden,
    /// A hook refused it.
    #[error("{0}")]
    Hook(Box<Rejection>),
    /// A hook ended it without saying why.
    #[error("a hook did not let it happen")]
    Stopped,
    /// Too much is waiting already.
    #[error("busy")]
    Busy,
    /// Somebody else writes the upload right now.
    #[error("the upload is being written")]
    UploadBusy,
    /// The field takes no file of that length.
    #[error("longer than {max} bytes")]
    UploadTooLong {
        /// Bytes at most.
        max: u64,
    },
    /// The storage of files does not do what it is asked.
    #[error("the storage of files: {0}")]
    FilesUnavailable(#[source] std::io::Error),
    /// The storage of files was tried out and failed, which is what was asked.
    #[error("{0}")]
    StorageTest(String),
    /// Anything that is our fault.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What failed when a body was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Creating a record.
    CreateRecord,
    /// Updating a record.
    UpdateRecord,
    /// Deleting a record that others require.
    DeleteRecord,
    /// Deleting the last superuser.
    DeleteLastSuperuser,
    /// Truncating a collection whose records others require.
    TruncateCollection,
    /// Truncating a view.
    TruncateView,
    /// Creating a collection.
    CreateCollection,
    /// Updating a collection.
    UpdateCollection,
    /// Importing collections.
    ImportCollections,
    /// A collection body that is not shaped like one.
    CollectionFormat,
    /// A collection body whose type-specific part is not shaped like one.
    CollectionTypeFormat,
    /// Setting a password with a mailed token.
    SetPassword,
    /// Changing an address with a mailed token.
    ConfirmEmailChange,
    /// Reading settings that are not shaped like any.
    SettingsFormat,
    /// Saving settings.
    SaveSettings,
    /// Sending a mail to try it out.
    TestMail,
    /// Validating a form, such as a login.
    Form,
    /// Beginning or using an upload in pieces.
    Upload,
    /// Trying out a storage of files.
    TestStorage,
    /// Validating a login through a provider.
    OAuth2Form,
    /// Making a client secret for Apple.
    AppleSecret,
}

impl Error {
    /// Wraps a cause that is our fault.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// What a denied create answers: a failed rule is a failed create, with nothing said about why.
    pub fn from_denied_create(denied: Denied) -> Self {
        match denied {
            Denied::SuperusersOnly => Self::SuperusersOnly,
            Denied::OutOfScope => Self::OutOfScope,
            Denied::Unusable(FilterError::Read(error)) => error.into(),
            Denied::RuleFailed | Denied::Unusable(_) => {
                Self::Rejected(Failure::CreateRecord, Violations::new())
            }
        }
    }
}

/// What a denied view, update or delete answers: the record looks missing.
impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::SuperusersOnly => Self::SuperusersOnly,
            Denied::OutOfScope => Self::OutOfScope,
            Denied::Unusable(FilterError::Read(error)) => error.into(),
            Denied::RuleFailed | Denied::Unusable(_) => Self::NotFound,
        }
    }
}

impl From<FilterError> for Error {
    fn from(error: FilterError) -> Self {
        match error {
            FilterError::Read(error) => error.into(),
            FilterError::TooManyRows { max } => Self::Refused(format!(
                "The list would look at more than {max} records. Narrow the filter down, or ask \
                 for an index on what it compares."
            )),
            other => Self::Filter(other),
        }
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        let cause = match error.0.downcast::<SqlError>() {
            Ok(error) if error.is_limit() => return Self::Refused(format!("{error}.")),
            Ok(error) => return Self::View(*error),
            Err(cause) => cause,
        };
        match cause.downcast::<NotReady>() {
            Ok(not_ready) => Self::ViewNotReady(*not_ready),
            Err(cause) => Self::internal(ReadError(cause)),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::Busy,
            other => Self::internal(other),
        }
    }
}

/// Conflicts are handled where they can occur; what is left is our fault.
impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Store(error) => error.into(),
            WriteError::Read(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

impl From<HashError> for Error {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            other => Self::internal(other),
        }
    }
}
