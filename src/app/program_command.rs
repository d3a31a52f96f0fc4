//! Commands that an embedding program adds to its command line.

use std::fmt;
use std::sync::Arc;

use super::App;
use crate::web::BoxError;

type Run = Arc<dyn Fn(&App, &[String]) -> Result<String, BoxError> + Send + Sync>;

/// A command of an embedding program.
#[derive(Clone)]
pub(super) struct ProgramCommand {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) run: Run,
}

impl ProgramCommand {
    pub(super) fn new(
        name: &str,
        about: &str,
        run: impl Fn(&App, &[String]) -> Result<String, BoxError> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.to_owned(), about: about.to_owned(), run: Arc::new(run) }
    }
}

impl fmt::Debug for ProgramCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProgramCommand").field("name", &self.name).finish_non_exhaustive()
    }
}
