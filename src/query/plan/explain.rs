//! What a plan says about itself.

/// What was chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Explain {
    /// Rows that the plan expects to touch.
    pub estimated_rows: u64,
}
