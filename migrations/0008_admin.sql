-- Settings carry a description, and may be readable without signing in.
ALTER TABLE settings ADD COLUMN description TEXT;
ALTER TABLE settings ADD COLUMN is_public BOOLEAN NOT NULL DEFAULT FALSE;

-- Who asked for which change from where, and what came of it, refusals included. Written beside the batches that write
-- events (store/src/audit.rs): what really changed stands there.
CREATE TABLE audit (
    id BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    user_id BIGINT,
    username TEXT,
    role TEXT,
    action TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    status_code BIGINT NOT NULL,
    client_ip TEXT,
    latency_ms BIGINT NOT NULL,
    -- Name, path and action in small letters: what a keyword is looked for in.
    search_text TEXT NOT NULL
);
CREATE INDEX audit_at ON audit (at, id);
CREATE INDEX audit_user ON audit (user_id, at, id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_status ON audit (status_code, at, id);
CREATE INDEX audit_method ON audit (method, at, id);
