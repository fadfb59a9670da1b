-- A ticket that came by mail keeps which of our mailboxes it came in at: mail about it comes from there.
ALTER TABLE tickets ADD COLUMN mailbox TEXT;
-- A report that a mail did not arrive names it by its Message-ID (without brackets).
ALTER TABLE deliveries ADD COLUMN message_id TEXT;
CREATE INDEX deliveries_message ON deliveries (message_id) WHERE message_id IS NOT NULL;
