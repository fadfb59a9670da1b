-- Canned answers, ticket templates, and rules that act by themselves.
ALTER TABLE counters ADD COLUMN quick_reply BIGINT NOT NULL DEFAULT 0;
ALTER TABLE counters ADD COLUMN template BIGINT NOT NULL DEFAULT 0;
ALTER TABLE counters ADD COLUMN rule BIGINT NOT NULL DEFAULT 0;
ALTER TABLE counters ADD COLUMN rule_run BIGINT NOT NULL DEFAULT 0;

-- `search_text`: name, content and tags in small letters.
CREATE TABLE quick_replies (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    category TEXT,
    content TEXT NOT NULL,
    tags TEXT NOT NULL,
    is_public BOOLEAN NOT NULL,
    owner_id BIGINT,
    uses BIGINT NOT NULL,
    search_text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX quick_replies_owner ON quick_replies (owner_id, id);

CREATE TABLE ticket_templates (
    id BIGINT NOT NULL PRIMARY KEY,
    form TEXT NOT NULL,
    owner_id BIGINT,
    uses BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- `since` is the place in the log after which the rule acts.
CREATE TABLE automation_rules (
    id BIGINT NOT NULL PRIMARY KEY,
    form TEXT NOT NULL,
    priority BIGINT NOT NULL,
    active BOOLEAN NOT NULL,
    owner_id BIGINT,
    since BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- What rules have done: the runner's own notes, made with its place in the log and not from events. Lines are forgotten after a
-- while, figures stay as long as the rule. A rule acts on an event once.
CREATE TABLE rule_runs (
    id BIGINT NOT NULL PRIMARY KEY,
    rule_id BIGINT NOT NULL,
    rule_name TEXT NOT NULL,
    ticket_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    event TEXT NOT NULL,
    success BOOLEAN NOT NULL,
    done TEXT NOT NULL,
    milliseconds BIGINT NOT NULL,
    at BIGINT NOT NULL
);
CREATE UNIQUE INDEX rule_runs_once ON rule_runs (rule_id, seq);
CREATE INDEX rule_runs_ticket ON rule_runs (ticket_id, id);
CREATE INDEX rule_runs_at ON rule_runs (at);

CREATE TABLE rule_figures (
    rule_id BIGINT NOT NULL PRIMARY KEY,
    runs BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    milliseconds BIGINT NOT NULL,
    last_at BIGINT
);
