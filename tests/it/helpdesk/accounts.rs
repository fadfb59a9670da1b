//! `/api`: accounts.
