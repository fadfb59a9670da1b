//! `/api`: admin.
