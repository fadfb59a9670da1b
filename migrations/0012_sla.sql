-- SLA configurations: what administrators agree on for some tickets or for all (model/src/sla/).

ALTER TABLE counters ADD COLUMN sla_config BIGINT NOT NULL DEFAULT 0;

-- `hours` is a week of spans in minutes of the day, `rules` a list; both are JSON.
CREATE TABLE sla_configs (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT,
    is_default BOOLEAN NOT NULL,
    active BOOLEAN NOT NULL,
    priority BIGINT,
    kind TEXT,
    category_id BIGINT,
    response_minutes BIGINT NOT NULL,
    resolution_minutes BIGINT NOT NULL,
    hours TEXT,
    rules TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- What was agreed on for a ticket, with the escalation rules as they were then, and which of them have fired: JSON.
ALTER TABLE tickets ADD COLUMN agreement TEXT;
ALTER TABLE tickets ADD COLUMN fired TEXT NOT NULL DEFAULT '[]';
