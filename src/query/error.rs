//! Why a filter or sort text was refused.

/// A filter or sort text that cannot be used, or a failure to read what it asks for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// The text does not follow the grammar. `at` is a byte offset into it.
    #[error("{message} at position {at}")]
    Syntax {
        /// What was expected or is wrong.
        message: String,
        /// Byte offset into the text.
        at: usize,
    },
    /// The text names something that does not exist or may not be used here.
    #[error("{0}")]
    Unknown(String),
    /// A limit was exceeded: length, depth, number of comparisons or of relation hops.
    #[error("{0}")]
    Limit(String),
    /// A list would have to look at more rows than one request may.
    #[error("the list looks at more than {max} rows, narrow it down or add an index")]
    TooManyRows {
        /// How many it may look at.
        max: u64,
    },
    /// Reading rows failed.
    #[error(transparent)]
    Read(#[from] super::ReadError),
}
