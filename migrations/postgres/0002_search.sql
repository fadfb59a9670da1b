-- Search on PostgreSQL: the tokens made in Rust (model/src/search.rs) as a tsvector, under a GIN index.
CREATE TABLE search (
    rowid BIGINT NOT NULL PRIMARY KEY,
    tokens TSVECTOR NOT NULL
);
CREATE INDEX search_tokens ON search USING gin (tokens) WITH (fastupdate = on);
