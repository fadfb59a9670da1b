-- Requests of the current minute by caller, shared by the processes on one PostgreSQL; they take hits from it in blocks.
-- Nothing here outlives a minute, so a backup leaves it out.
CREATE TABLE rate_limits (
    key TEXT NOT NULL PRIMARY KEY,
    window_start BIGINT NOT NULL,
    hits BIGINT NOT NULL
);
