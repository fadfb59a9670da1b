//! `/api`: notifications.
