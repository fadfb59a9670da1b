-- Where clients sort settings in.
ALTER TABLE settings ADD COLUMN category TEXT;
ALTER TABLE settings ADD COLUMN group_name TEXT;

-- The words of a notification that somebody wrote by hand, as JSON; nothing: its kind has words of its own.
ALTER TABLE notifications ADD COLUMN written TEXT;

-- What was forgotten when, made from the log. The id is the place of the run's beginning in it.
CREATE TABLE cleanup_runs (
    id BIGINT NOT NULL PRIMARY KEY,
    task TEXT NOT NULL,
    cause TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    started_by BIGINT,
    -- When the schedule had it due.
    due_at BIGINT,
    keep_days BIGINT NOT NULL,
    before_at BIGINT NOT NULL,
    forgotten BIGINT NOT NULL,
    touched_at BIGINT NOT NULL,
    finished_at BIGINT,
    error TEXT
);
CREATE INDEX cleanup_runs_task ON cleanup_runs (task, id);

-- What is old enough is found without looking at the rest.
CREATE INDEX failed_sign_ins_at ON failed_sign_ins (at, seq);
CREATE INDEX sessions_expiry ON sessions (expires_at, id);
CREATE INDEX notifications_read ON notifications (read_at, id) WHERE read_at IS NOT NULL;

-- How much somebody has said.
CREATE INDEX comments_author ON comments (author_id) WHERE author_id IS NOT NULL;
