//! `/api`: categories.
