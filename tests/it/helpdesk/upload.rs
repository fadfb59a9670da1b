//! `/api`: upload.
