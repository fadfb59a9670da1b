-- Search on SQLite: an FTS5 index without the text. The tokens are made in Rust (model/src/search.rs); here they are only
-- split at spaces (`ascii`: every other letter is part of a token). `detail = none`: a token is in a comment or it is not.
CREATE VIRTUAL TABLE search USING fts5 (
    tokens,
    content = '',
    contentless_delete = 1,
    detail = none,
    tokenize = "ascii tokenchars '_'"
);
