//! `/api`: tickets.
