-- Figures that cost the same whatever the number of tickets: the cube also holds the sums over all days (day -1), of each
-- assignee and of everybody (assignee -1), and how many active tickets are past their resolution time (only at day -1).

ALTER TABLE ticket_cube ADD COLUMN late BIGINT NOT NULL DEFAULT 0;

INSERT INTO ticket_cube (day, assignee_id, category_id, priority, status, tickets, reopened, escalated, responded,
    response_minutes, response_met, resolved, resolution_minutes, resolution_met, breached, late)
SELECT -1, c.assignee_id, c.category_id, c.priority, c.status, CAST(SUM(c.tickets) AS BIGINT), CAST(SUM(c.reopened) AS BIGINT),
    CAST(SUM(c.escalated) AS BIGINT), CAST(SUM(c.responded) AS BIGINT), CAST(SUM(c.response_minutes) AS BIGINT),
    CAST(SUM(c.response_met) AS BIGINT), CAST(SUM(c.resolved) AS BIGINT), CAST(SUM(c.resolution_minutes) AS BIGINT),
    CAST(SUM(c.resolution_met) AS BIGINT), CAST(SUM(c.breached) AS BIGINT), (
        SELECT COUNT(*) FROM tickets t WHERE t.deleted_at IS NULL AND t.resolution_breached
            AND t.status IN ('new', 'open', 'in_progress', 'pending') AND COALESCE(t.assignee_id, 0) = c.assignee_id
            AND COALESCE(t.category_id, 0) = c.category_id AND t.priority = c.priority AND t.status = c.status)
FROM ticket_cube c
GROUP BY c.assignee_id, c.category_id, c.priority, c.status;

INSERT INTO ticket_cube (day, assignee_id, category_id, priority, status, tickets, reopened, escalated, responded,
    response_minutes, response_met, resolved, resolution_minutes, resolution_met, breached, late)
SELECT -1, -1, c.category_id, c.priority, c.status, CAST(SUM(c.tickets) AS BIGINT), CAST(SUM(c.reopened) AS BIGINT),
    CAST(SUM(c.escalated) AS BIGINT), CAST(SUM(c.responded) AS BIGINT), CAST(SUM(c.response_minutes) AS BIGINT),
    CAST(SUM(c.response_met) AS BIGINT), CAST(SUM(c.resolved) AS BIGINT), CAST(SUM(c.resolution_minutes) AS BIGINT),
    CAST(SUM(c.resolution_met) AS BIGINT), CAST(SUM(c.breached) AS BIGINT), CAST(SUM(c.late) AS BIGINT)
FROM ticket_cube c
WHERE c.day = -1
GROUP BY c.category_id, c.priority, c.status;

-- What is late by the clock. Counts name the first column; without it SQLite, which has no statistics, prefers to go through all
-- active tickets, and with it alone lists would take these indexes where they had to sort then.
CREATE INDEX tickets_late ON tickets (resolution_breached, resolution_due_at, assignee_id, created_at)
    WHERE deleted_at IS NULL AND status IN ('new', 'open', 'in_progress', 'pending');
CREATE INDEX tickets_overdue ON tickets (resolution_breached, due_at, assignee_id, created_at)
    WHERE deleted_at IS NULL AND due_at IS NOT NULL AND status IN ('new', 'open', 'in_progress', 'pending');

-- Deliveries are kept for a while after they were settled, and then forgotten.
CREATE INDEX deliveries_settled ON deliveries (settled_at) WHERE settled_at IS NOT NULL;
