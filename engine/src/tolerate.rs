//! Errors that are swallowed on purpose have a name.

/// Logs an error that nothing more can be done about, and goes on.
pub trait Tolerate {
    /// `what`: what was being tried.
    fn tolerate(self, what: &str);
}

impl<T, E: std::fmt::Display> Tolerate for Result<T, E> {
    fn tolerate(self, what: &str) {
        if let Err(error) = self {
            tracing::warn!(%error, "{what} failed");
        }
    }
}
