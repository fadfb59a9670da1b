-- Echodesk's tables, unchanged on SQLite and PostgreSQL. The subset of SQL and why: README.md beside this file.
-- Times are milliseconds since 1970 UTC. JSON is TEXT. Ids come from `counters`.

CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- One row. Whoever has locked it is the one writer; the columns are model/src/counters.rs.
CREATE TABLE counters (
    id BIGINT NOT NULL PRIMARY KEY,
    event BIGINT NOT NULL,
    ticket BIGINT NOT NULL,
    comment BIGINT NOT NULL,
    person BIGINT NOT NULL,
    category BIGINT NOT NULL,
    attachment BIGINT NOT NULL,
    identity BIGINT NOT NULL,
    session BIGINT NOT NULL,
    api_token BIGINT NOT NULL,
    inbound BIGINT NOT NULL,
    notification BIGINT NOT NULL,
    delivery BIGINT NOT NULL,
    year BIGINT NOT NULL,
    year_tickets BIGINT NOT NULL,
    day BIGINT NOT NULL,
    day_tickets BIGINT NOT NULL
);
INSERT INTO counters (
    id, event, ticket, comment, person, category, attachment, identity, session, api_token, inbound, notification,
    delivery, year, year_tickets, day, day_tickets
) VALUES (1, 0, 100000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

CREATE TABLE users (
    id BIGINT NOT NULL PRIMARY KEY,
    username TEXT,
    username_key TEXT UNIQUE,
    email TEXT UNIQUE,
    password_hash TEXT,
    first_name TEXT,
    last_name TEXT,
    display_name TEXT,
    phone TEXT,
    avatar_url TEXT,
    openid TEXT UNIQUE,
    staff_id BIGINT UNIQUE,
    locale TEXT,
    role TEXT NOT NULL,
    status TEXT NOT NULL,
    search_text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_login_at BIGINT,
    login_count BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX users_role ON users (role, id);

CREATE TABLE identities (
    id BIGINT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    channel TEXT NOT NULL,
    external_id TEXT NOT NULL,
    display TEXT,
    verified BOOLEAN NOT NULL,
    proof TEXT,
    linked_at BIGINT NOT NULL,
    UNIQUE (channel, external_id)
);
CREATE INDEX identities_user ON identities (user_id);

CREATE TABLE sessions (
    id BIGINT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    method TEXT NOT NULL,
    ip TEXT,
    user_agent TEXT,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    end_reason TEXT,
    refresh_hash TEXT NOT NULL UNIQUE
);
CREATE INDEX sessions_user ON sessions (user_id, id);

-- Refresh tokens that were used already: one that comes again gives its session away.
CREATE TABLE used_refresh_tokens (
    hash TEXT NOT NULL PRIMARY KEY,
    session_id BIGINT NOT NULL,
    used_at BIGINT NOT NULL
);

CREATE TABLE failed_sign_ins (
    seq BIGINT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    ip TEXT,
    user_agent TEXT
);
CREATE INDEX failed_sign_ins_user ON failed_sign_ins (user_id, at);

CREATE TABLE api_tokens (
    id BIGINT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX api_tokens_user ON api_tokens (user_id, id);

CREATE TABLE categories (
    id BIGINT NOT NULL PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    description TEXT,
    color TEXT,
    icon TEXT,
    parent_id BIGINT,
    sla_hours BIGINT,
    auto_assignee_id BIGINT,
    active BOOLEAN NOT NULL,
    sort_order BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE tickets (
    id BIGINT NOT NULL PRIMARY KEY,
    number_yearly TEXT NOT NULL UNIQUE,
    number_daily TEXT NOT NULL UNIQUE,
    number_legacy TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    status TEXT NOT NULL,
    reopened BOOLEAN NOT NULL,
    reopen_count BIGINT NOT NULL,
    resolution TEXT NOT NULL,
    priority BIGINT NOT NULL,
    kind TEXT NOT NULL,
    category_id BIGINT,
    source TEXT NOT NULL,
    channel TEXT NOT NULL,
    requester_id BIGINT NOT NULL,
    assignee_id BIGINT,
    department TEXT,
    tags TEXT NOT NULL,
    custom_fields TEXT NOT NULL,
    customer_name TEXT,
    customer_email TEXT,
    customer_phone TEXT,
    due_at BIGINT,
    response_due_at BIGINT NOT NULL,
    resolution_due_at BIGINT NOT NULL,
    category_sla_hours BIGINT,
    first_reply_at BIGINT,
    resolved_at BIGINT,
    closed_at BIGINT,
    response_breached BOOLEAN NOT NULL,
    resolution_breached BOOLEAN NOT NULL,
    escalated BOOLEAN NOT NULL,
    view_count BIGINT NOT NULL,
    comment_count BIGINT NOT NULL,
    internal_count BIGINT NOT NULL,
    staff_replies BIGINT NOT NULL,
    rating BIGINT,
    rating_comment TEXT,
    native TEXT NOT NULL,
    description_id BIGINT NOT NULL,
    follows_id BIGINT,
    merged_into_id BIGINT,
    status_before_merge TEXT,
    deleted_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    next_timer_at BIGINT
);
CREATE INDEX tickets_status ON tickets (status, id) WHERE deleted_at IS NULL;
CREATE INDEX tickets_assignee ON tickets (assignee_id, status, id) WHERE deleted_at IS NULL;
CREATE INDEX tickets_requester ON tickets (requester_id, id);
CREATE INDEX tickets_category ON tickets (category_id, id) WHERE category_id IS NOT NULL;
CREATE INDEX tickets_updated ON tickets (updated_at, id);
CREATE INDEX tickets_priority ON tickets (priority, id);
CREATE INDEX tickets_created ON tickets (created_at);
CREATE INDEX tickets_due ON tickets (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX tickets_sla_due ON tickets (resolution_due_at, id);
CREATE INDEX tickets_merged ON tickets (merged_into_id) WHERE merged_into_id IS NOT NULL;
CREATE INDEX tickets_timer ON tickets (next_timer_at) WHERE next_timer_at IS NOT NULL;

CREATE TABLE ticket_tags (
    tag TEXT NOT NULL,
    ticket_id BIGINT NOT NULL,
    PRIMARY KEY (tag, ticket_id)
);
CREATE INDEX ticket_tags_ticket ON ticket_tags (ticket_id);

CREATE TABLE comments (
    id BIGINT NOT NULL PRIMARY KEY,
    ticket_id BIGINT NOT NULL,
    author_id BIGINT,
    by_staff BOOLEAN NOT NULL,
    visibility TEXT NOT NULL,
    channel TEXT NOT NULL,
    body TEXT NOT NULL,
    folded TEXT,
    created_at BIGINT NOT NULL,
    edited_at BIGINT,
    withdrawn_at BIGINT,
    merged_from_id BIGINT,
    meta TEXT NOT NULL,
    attachment_count BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX comments_ticket ON comments (ticket_id, id);

CREATE TABLE comment_versions (
    comment_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    replaced_at BIGINT NOT NULL,
    replaced_by BIGINT,
    PRIMARY KEY (comment_id, version)
);

CREATE TABLE attachments (
    id BIGINT NOT NULL PRIMARY KEY,
    sha256 TEXT NOT NULL,
    filename TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    content_id TEXT,
    inline BOOLEAN NOT NULL,
    owner_id BIGINT,
    ticket_id BIGINT,
    comment_id BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX attachments_comment ON attachments (comment_id, id) WHERE comment_id IS NOT NULL;
CREATE INDEX attachments_sha256 ON attachments (sha256);
CREATE INDEX attachments_unused ON attachments (created_at) WHERE comment_id IS NULL;

-- The log, the outbox, the history and the audit trail, all in one. `seq` has no holes.
CREATE TABLE events (
    seq BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    type TEXT NOT NULL,
    by_actor TEXT NOT NULL,
    ticket_id BIGINT,
    requester_id BIGINT,
    assignee_id BIGINT,
    user_id BIGINT,
    body TEXT NOT NULL
);
CREATE INDEX events_ticket ON events (ticket_id, seq) WHERE ticket_id IS NOT NULL;

-- What protects from doing twice.
CREATE TABLE idempotency (
    actor_id BIGINT NOT NULL,
    key TEXT NOT NULL,
    command TEXT NOT NULL,
    subject TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (actor_id, key)
);
CREATE INDEX idempotency_at ON idempotency (at);

CREATE TABLE origins (
    channel TEXT NOT NULL,
    external_id TEXT NOT NULL,
    ticket_id BIGINT NOT NULL,
    comment_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (channel, external_id)
);

-- How many tickets there are of each kind and how their clocks ran, kept with every change: lists and statistics
-- count here instead of scanning the tickets.
CREATE TABLE ticket_cube (
    day BIGINT NOT NULL,
    assignee_id BIGINT NOT NULL,
    category_id BIGINT NOT NULL,
    priority BIGINT NOT NULL,
    status TEXT NOT NULL,
    tickets BIGINT NOT NULL,
    reopened BIGINT NOT NULL,
    escalated BIGINT NOT NULL,
    responded BIGINT NOT NULL,
    response_minutes BIGINT NOT NULL,
    response_met BIGINT NOT NULL,
    resolved BIGINT NOT NULL,
    resolution_minutes BIGINT NOT NULL,
    resolution_met BIGINT NOT NULL,
    breached BIGINT NOT NULL,
    PRIMARY KEY (day, assignee_id, category_id, priority, status)
);

CREATE TABLE notifications (
    id BIGINT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    ticket_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    read_at BIGINT
);
CREATE INDEX notifications_user ON notifications (user_id, id);
CREATE INDEX notifications_unread ON notifications (user_id, id) WHERE read_at IS NULL;
CREATE INDEX notifications_seq ON notifications (seq);

CREATE TABLE settings (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by BIGINT
);

-- Raw messages of the channels, stored before they are acknowledged. Large ones lie in a file beside the database.
CREATE TABLE inbound (
    id BIGINT NOT NULL PRIMARY KEY,
    channel TEXT NOT NULL,
    external_id TEXT,
    raw BYTEA,
    raw_file TEXT,
    size BIGINT NOT NULL,
    remote TEXT,
    received_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    why TEXT,
    attempts BIGINT NOT NULL,
    ticket_id BIGINT,
    comment_id BIGINT
);
CREATE INDEX inbound_file ON inbound (raw_file) WHERE raw_file IS NOT NULL;
CREATE INDEX inbound_state ON inbound (state, id);

-- What is to be sent, to whom, and how it went.
CREATE TABLE deliveries (
    id BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    route TEXT NOT NULL,
    lane TEXT NOT NULL,
    ticket_id BIGINT,
    comment_id BIGINT,
    recipient TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    claimed_until BIGINT,
    why TEXT,
    receipt TEXT,
    created_at BIGINT NOT NULL,
    settled_at BIGINT,
    UNIQUE (route, seq, recipient)
);
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state = 'queued' OR state = 'sending';
CREATE INDEX deliveries_lane ON deliveries (lane, id);
CREATE INDEX deliveries_ticket ON deliveries (ticket_id, id);

-- How far each reader of the log has come.
CREATE TABLE readers (
    name TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL
);
