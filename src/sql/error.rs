//! Why a query was refused or given up.

/// Why a query was refused or given up. The texts are for whoever wrote the query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// There is nothing in it.
    #[error("the query is empty")]
    Empty,
    /// It is something else than a SELECT.
    #[error("only SELECT queries are supported")]
    NotSelect,
    /// A `;` with more behind it.
    #[error("multiple statements are not supported")]
    MultipleStatements,
    /// A view must name its columns.
    #[error(
        "wildcard columns (*) are not supported, name the fields that the view shall have instead"
    )]
    Wildcard,
    /// A view must have ids.
    #[error(
        "missing required id column (you can use `(ROW_NUMBER() OVER()) as id` if you don't have one)"
    )]
    NoId,
    /// A row of a view has an empty id.
    #[error("the query could return records with empty or invalid ids")]
    EmptyId,
    /// Two rows of a view have the same id.
    #[error("the query could return records with non-unique ids")]
    DuplicateId,
    /// The result has more columns than the view has fields, or other ones.
    #[error("the columns of the query are no longer the fields of the view, save the view again")]
    Stale,
    /// The text cannot be understood or names what does not exist.
    #[error("{0}")]
    Invalid(String),
    /// It runs longer than it may.
    #[error("the query takes more than {0} seconds")]
    TooLong(u64),
    /// The result has more rows than it may.
    #[error("the query has more than {0} rows")]
    TooManyRows(usize),
    /// The data it reads or returns needs more memory than it may.
    #[error("the query needs more than {0} MiB of memory")]
    TooLarge(usize),
    /// The store below could not be read.
    #[error("cannot read the store: {0}")]
    Read(String),
}

impl SqlError {
    /// Whether a limit stopped the query, rather than the query being wrong.
    pub fn is_limit(&self) -> bool {
        matches!(self, Self::TooLong(_) | Self::TooManyRows(_) | Self::TooLarge(_))
    }
}
