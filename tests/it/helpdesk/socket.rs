//! `/api`: socket.
