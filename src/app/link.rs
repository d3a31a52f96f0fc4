//! The way from what is built into an app back to the app.

use std::sync::{Arc, OnceLock, Weak};

use super::{App, Parts};

/// Leads to the app once it is built, and keeps it alive no longer than others do.
#[derive(Clone, Default)]
pub(super) struct Link(Arc<OnceLock<Weak<Parts>>>);

impl Link {
    pub(super) fn set(&self, app: &App) {
        // There is one app for each link.
        let _ = self.0.set(Arc::downgrade(&app.0));
    }

    /// The app; `None` before it is built and after it is gone.
    pub(super) fn app(&self) -> Option<App> {
        self.0.get()?.upgrade().map(App)
    }
}
