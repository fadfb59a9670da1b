-- Uploads have an address of their own below /uploads/, a purpose, and, if they are pictures, a size and a thumbnail.
-- `path` is the address without its beginning: year, month, name. `thumbnail` is the digest of another stored file.
ALTER TABLE attachments ADD COLUMN purpose TEXT NOT NULL DEFAULT 'attachment';
ALTER TABLE attachments ADD COLUMN path TEXT;
ALTER TABLE attachments ADD COLUMN width BIGINT;
ALTER TABLE attachments ADD COLUMN height BIGINT;
ALTER TABLE attachments ADD COLUMN thumbnail TEXT;
ALTER TABLE attachments ADD COLUMN thumbnail_size BIGINT;
CREATE UNIQUE INDEX attachments_path ON attachments (path) WHERE path IS NOT NULL;
CREATE INDEX attachments_thumbnail ON attachments (thumbnail) WHERE thumbnail IS NOT NULL;
-- Files of a ticket that no comment names.
CREATE INDEX attachments_ticket ON attachments (ticket_id, id) WHERE comment_id IS NULL AND ticket_id IS NOT NULL;
DROP INDEX attachments_unused;
CREATE INDEX attachments_unused ON attachments (created_at) WHERE comment_id IS NULL AND ticket_id IS NULL;
