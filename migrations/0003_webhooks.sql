-- Webhooks: endpoints that are told of what happens, and a log of every attempt to tell them.

ALTER TABLE counters ADD COLUMN webhook BIGINT NOT NULL DEFAULT 0;

-- `headers` and `secret` are encrypted (engine/src/sealing.rs); `header_names` is what may be shown of them.
-- `since` is the place in the log after which the endpoint is told.
CREATE TABLE webhooks (
    id BIGINT NOT NULL PRIMARY KEY,
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    description TEXT,
    header_names TEXT NOT NULL,
    headers TEXT,
    secret TEXT NOT NULL,
    since BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    disabled_at BIGINT,
    disabled_why TEXT
);

-- Since when an endpoint has done nothing but fail. The courier's own note, made from attempts and not from events.
CREATE TABLE webhook_failures (
    webhook_id BIGINT NOT NULL PRIMARY KEY,
    since BIGINT NOT NULL
);

ALTER TABLE deliveries ADD COLUMN webhook_id BIGINT;
ALTER TABLE deliveries ADD COLUMN topic TEXT;
CREATE INDEX deliveries_webhook ON deliveries (webhook_id, id) WHERE webhook_id IS NOT NULL;
-- A lane's first open delivery, however many it has settled.
CREATE INDEX deliveries_open_lane ON deliveries (route, lane, id) WHERE state = 'queued' OR state = 'sending';

CREATE TABLE delivery_attempts (
    delivery_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    status BIGINT,
    request TEXT,
    answer TEXT,
    error TEXT,
    PRIMARY KEY (delivery_id, number)
);
CREATE INDEX delivery_attempts_at ON delivery_attempts (at);

-- A notification may be about a webhook instead of a ticket. SQLite can't take NOT NULL away, so the rows move house.
CREATE TABLE notifications_all (
    id BIGINT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    ticket_id BIGINT,
    webhook_id BIGINT,
    seq BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    read_at BIGINT
);
INSERT INTO notifications_all (id, user_id, kind, ticket_id, seq, created_at, read_at)
    SELECT id, user_id, kind, ticket_id, seq, created_at, read_at FROM notifications;
DROP TABLE notifications;
ALTER TABLE notifications_all RENAME TO notifications;
CREATE INDEX notifications_user ON notifications (user_id, id);
CREATE INDEX notifications_unread ON notifications (user_id, id) WHERE read_at IS NULL;
CREATE INDEX notifications_seq ON notifications (seq);
