-- Mail going out, and what people want to be told.

-- How many notification rules say "not in the app": while there are none, nobody's rules are looked up.
ALTER TABLE counters ADD COLUMN muted BIGINT NOT NULL DEFAULT 0;

-- What people have said; what is not here is as it is by default (model/src/notice.rs).
CREATE TABLE notification_rules (
    user_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    route TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    PRIMARY KEY (user_id, kind, route)
);

-- What administrators have set over the settings file, in one row. `config` is JSON without the password; `password` is
-- encrypted (engine/src/sealing.rs).
CREATE TABLE email_config (
    id BIGINT NOT NULL PRIMARY KEY,
    config TEXT NOT NULL,
    password TEXT,
    tested_at BIGINT,
    test_ok BIGINT,
    test_why TEXT
);

-- When the last byte of it was about to be handed to the peer: whoever finds it half done must not send it again.
ALTER TABLE deliveries ADD COLUMN handed_at BIGINT;
