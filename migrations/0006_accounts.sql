-- The second factor, the devices that stand in for it, and what the history of sign-ins is filtered by.

ALTER TABLE counters ADD COLUMN device BIGINT NOT NULL DEFAULT 0;

-- `device` is desktop or mobile, read out of the user agent (model/src/session.rs).
ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT 'desktop';
ALTER TABLE failed_sign_ins ADD COLUMN device TEXT NOT NULL DEFAULT 'desktop';
ALTER TABLE failed_sign_ins ADD COLUMN method TEXT NOT NULL DEFAULT 'password';
UPDATE sessions SET device = 'mobile'
    WHERE lower(user_agent) LIKE '%mobile%' OR lower(user_agent) LIKE '%android%' OR lower(user_agent) LIKE '%ipad%';
UPDATE failed_sign_ins SET device = 'mobile'
    WHERE lower(user_agent) LIKE '%mobile%' OR lower(user_agent) LIKE '%android%' OR lower(user_agent) LIKE '%ipad%';

-- `secret` is encrypted (engine/src/sealing.rs). `last_step` is the newest step whose code was accepted.
CREATE TABLE second_factors (
    user_id BIGINT NOT NULL PRIMARY KEY,
    secret TEXT NOT NULL,
    enabled_at BIGINT NOT NULL,
    last_step BIGINT NOT NULL
);

-- SHA-256 of the codes that were not used yet.
CREATE TABLE backup_codes (
    user_id BIGINT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (user_id, hash)
);

CREATE TABLE trusted_devices (
    id BIGINT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    ip TEXT,
    user_agent TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX trusted_devices_user ON trusted_devices (user_id, id);
