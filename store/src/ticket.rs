//! Ticket rows: one list of columns, in which order everything here reads and writes.

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql, Value};
use model::id::{CategoryId, CommentId, TicketId, UserId};
use model::number::Numbers;
use model::people::Channel;
use model::text::{Email, Tag, Title};
use model::ticket::{Customer, Priority, Resolution, Source, Status, Ticket};
use model::{Error, Result};

/// Tickets that went into one another and are moved together.
const CHAIN_MAX: usize = 10_000;

/// Where `meta` keeps after how many hours resolved tickets close; 0: never.
const AUTO_CLOSE: &str = "auto_close_hours";

/// The columns in the order of `values` and `read`.
const NAMES: [&str; 51] = [
    "id",
    "number_yearly",
    "number_daily",
    "number_legacy",
    "title",
    "status",
    "reopened",
    "reopen_count",
    "resolution",
    "priority",
    "kind",
    "category_id",
    "source",
    "channel",
    "requester_id",
    "assignee_id",
    "department",
    "tags",
    "custom_fields",
    "customer_name",
    "customer_email",
    "customer_phone",
    "due_at",
    "response_due_at",
    "resolution_due_at",
    "category_sla_hours",
    "first_reply_at",
    "resolved_at",
    "closed_at",
    "response_breached",
    "resolution_breached",
    "escalated",
    "view_count",
    "comment_count",
    "internal_count",
    "staff_replies",
    "rating",
    "rating_comment",
    "native",
    "description_id",
    "follows_id",
    "mailbox",
    "merged_into_id",
    "status_before_merge",
    "deleted_at",
    "created_at",
    "updated_at",
    "version",
    "agreement",
    "fired",
    "next_timer_at",
];

/// `t.id, t.number_yearly, …`: what `read` reads, which is all but the last, the timer.
pub(crate) fn select_list() -> String {
    let mut list = String::with_capacity(1_024);
    for (i, name) in NAMES.iter().take(50).enumerate() {
        list.push_str(if i == 0 { "t." } else { ", t." });
        list.push_str(name);
    }
    list
}

/// `id, number_yearly, …`: what `values` gives.
pub(crate) fn names() -> String {
    NAMES.join(", ")
}

fn json<T: serde::Serialize>(value: &T) -> Result<Value> {
    serde_json::to_string(value).map(Value::from).map_err(Error::internal)
}

fn values(t: &Ticket, auto_close_hours: Option<i64>) -> Result<Vec<Value>> {
    Ok(vec![
        t.id.into(),
        (&t.numbers.yearly).into(),
        (&t.numbers.daily).into(),
        (&t.numbers.legacy).into(),
        t.title.as_str().into(),
        t.status.word().into(),
        t.reopened.into(),
        t.reopen_count.into(),
        t.resolution.word().into(),
        t.priority.rank().into(),
        (&t.kind).into(),
        t.category.into(),
        t.source.word().into(),
        t.channel.word().into(),
        t.requester.into(),
        t.assignee.into(),
        (&t.department).into(),
        json(&t.tags)?,
        json(&t.custom_fields)?,
        (&t.customer.name).into(),
        t.customer.email.as_ref().map(Email::as_str).into(),
        (&t.customer.phone).into(),
        t.due_at.into(),
        t.response_due_at.into(),
        t.resolution_due_at.into(),
        t.category_sla_hours.into(),
        t.first_reply_at.into(),
        t.resolved_at.into(),
        t.closed_at.into(),
        t.response_breached.into(),
        t.resolution_breached.into(),
        t.escalated.into(),
        t.view_count.into(),
        t.comment_count.into(),
        t.internal_count.into(),
        t.staff_replies.into(),
        t.rating.into(),
        (&t.rating_comment).into(),
        json(&t.native)?,
        t.description.into(),
        t.follows.into(),
        t.mailbox.as_ref().map(Email::as_str).into(),
        t.merged_into.into(),
        t.status_before_merge.map(Status::word).into(),
        t.deleted_at.into(),
        t.created_at.into(),
        t.updated_at.into(),
        t.version.into(),
        t.agreement.as_ref().map(json).transpose()?.unwrap_or(Value::Text(None)),
        if t.fired.is_empty() { "[]".into() } else { json(&t.fired)? },
        t.next_timer(auto_close_hours).into(),
    ])
}

pub(crate) fn read(c: &mut Columns<'_>) -> Result<Ticket> {
    Ok(Ticket {
        id: TicketId(c.int()?),
        numbers: Numbers { yearly: c.text()?, daily: c.text()?, legacy: c.text()? },
        title: Title::stored(c.text()?),
        status: c.word(Status::parse)?,
        reopened: c.bool()?,
        reopen_count: c.int()?,
        resolution: c.word(Resolution::parse)?,
        priority: {
            let rank = c.int()?;
            Priority::of_rank(rank).ok_or_else(|| Error::internal("the store holds an unknown priority"))?
        },
        kind: c.text()?,
        category: c.int_or()?.map(CategoryId),
        source: c.word(Source::parse)?,
        channel: c.word(Channel::parse)?,
        requester: UserId(c.int()?),
        assignee: c.int_or()?.map(UserId),
        department: c.text_or()?,
        tags: small_json(c)?.unwrap_or_default(),
        custom_fields: small_json(c)?.unwrap_or_default(),
        customer: Customer { name: c.text_or()?, email: c.text_or()?.map(Email::stored), phone: c.text_or()? },
        due_at: c.time_or()?,
        response_due_at: c.time()?,
        resolution_due_at: c.time()?,
        category_sla_hours: c.int_or()?,
        first_reply_at: c.time_or()?,
        resolved_at: c.time_or()?,
        closed_at: c.time_or()?,
        response_breached: c.bool()?,
        resolution_breached: c.bool()?,
        escalated: c.bool()?,
        view_count: c.int()?,
        comment_count: c.int()?,
        internal_count: c.int()?,
        staff_replies: c.int()?,
        rating: c.int_or()?,
        rating_comment: c.text_or()?,
        native: small_json(c)?.unwrap_or_default(),
        description: CommentId(c.int()?),
        follows: c.int_or()?.map(TicketId),
        mailbox: c.text_or()?.map(Email::stored),
        merged_into: c.int_or()?.map(TicketId),
        status_before_merge: c.text_or()?.as_deref().and_then(Status::parse),
        deleted_at: c.time_or()?,
        created_at: c.time()?,
        updated_at: c.time()?,
        version: c.int()?,
        agreement: c
            .text_or()?
            .as_deref()
            .map(serde_json::from_str)
            .transpose()
            .map_err(|e| Error::internal(format!("the store holds unreadable JSON: {e}")))?,
        fired: small_json(c)?.unwrap_or_default(),
    })
}

/// JSON that is nearly always empty: no parser is started for `{}` and `[]`.
fn small_json<T: serde::de::DeserializeOwned>(c: &mut Columns<'_>) -> Result<Option<T>> {
    let text = c.text()?;
    if text == "{}" || text == "[]" {
        return Ok(None);
    }
    serde_json::from_str(&text).map(Some).map_err(|e| Error::internal(format!("the store holds unreadable JSON: {e}")))
}

impl Batch<'_> {
    /// Resolved tickets close by themselves after so many hours from now on, those that are resolved already, too.
    pub(crate) async fn retime(&mut self, auto_close_hours: Option<i64>) -> Result<()> {
        let mut sql = Sql::built("UPDATE tickets SET next_timer_at = ".to_owned());
        match auto_close_hours {
            Some(hours) => sql.push("resolved_at + ").push_arg(hours.saturating_mul(model::time::HOUR)),
            None => sql.push("NULL"),
        };
        sql.push(
            " WHERE status = 'resolved' AND resolved_at IS NOT NULL AND deleted_at IS NULL AND merged_into_id IS NULL",
        );
        self.conn.run(sql).await.map(|_| ())
    }

    /// When something happens to a ticket by time alone, as it stands and by the policy that is in force.
    pub async fn set_timer(&mut self, ticket: &Ticket, auto_close_hours: Option<i64>) -> Result<()> {
        let sql = Sql::new("UPDATE tickets SET next_timer_at = $1 WHERE id = $2");
        self.conn.run(sql.bind(ticket.next_timer(auto_close_hours)).bind(ticket.id)).await.map(|_| ())
    }

    /// Writes that resolved tickets close after so many hours, where it was another number: the settings file may have changed
    /// while no process ran.
    pub async fn keep_auto_close(&mut self, auto_close_hours: Option<i64>) -> Result<()> {
        let hours = auto_close_hours.unwrap_or_default().to_string();
        if crate::settings::meta(&mut self.conn, AUTO_CLOSE).await?.as_deref() == Some(&hours) {
            return Ok(());
        }
        self.retime(auto_close_hours).await?;
        self.set_meta(AUTO_CLOSE, &hours).await
    }

    pub(crate) fn insert_ticket(&mut self, ticket: &Ticket, auto_close_hours: Option<i64>) -> Result<()> {
        self.later.tickets.push(values(ticket, auto_close_hours)?);
        self.later.tags.extend(ticket.tags.iter().map(|tag| vec![tag.as_str().into(), ticket.id.into()]));
        Ok(())
    }

    /// Writes the columns that differ, and no index but theirs.
    pub(crate) async fn update_ticket(
        &mut self,
        before: &Ticket,
        after: &Ticket,
        auto_close_hours: Option<i64>,
    ) -> Result<()> {
        let (old, new) = (values(before, auto_close_hours)?, values(after, auto_close_hours)?);
        let mut sql = Sql::built("UPDATE tickets SET ".to_owned());
        let mut first = true;
        for ((name, old), new) in NAMES.iter().zip(old).zip(new) {
            if old != new {
                sql.push(if first { "" } else { ", " }).push(name).push(" = ").push_arg(new);
                first = false;
            }
        }
        if first {
            return Ok(());
        }
        sql.push(" WHERE id = ").push_arg(after.id);
        self.conn.run(sql).await?;
        self.set_tags(after.id, &before.tags, &after.tags).await
    }

    async fn set_tags(&mut self, ticket: TicketId, before: &[Tag], after: &[Tag]) -> Result<()> {
        for gone in before.iter().filter(|t| !after.contains(t)) {
            let sql = Sql::new("DELETE FROM ticket_tags WHERE tag = $1 AND ticket_id = $2");
            self.conn.run(sql.bind(gone.as_str()).bind(ticket)).await?;
        }
        let new: Vec<Vec<Value>> =
            after.iter().filter(|t| !before.contains(t)).map(|t| vec![t.as_str().into(), ticket.into()]).collect();
        crate::batch::insert(&mut self.conn, "ticket_tags", "tag, ticket_id", new).await
    }

    pub(crate) async fn add_views(&mut self, ticket: TicketId, views: i64) -> Result<()> {
        let sql = Sql::new("UPDATE tickets SET view_count = view_count + $1 WHERE id = $2");
        self.conn.run(sql.bind(views).bind(ticket)).await.map(|_| ())
    }
}

/// A ticket, deleted or not.
pub async fn by_id(conn: &mut Conn, id: TicketId) -> Result<Option<Ticket>> {
    let sql = Sql::select(&select_list(), "FROM tickets t WHERE t.id = $1");
    conn.find(sql.bind(id), read).await
}

/// Tickets in the order of their ids.
pub async fn by_ids(conn: &mut Conn, ids: &[TicketId]) -> Result<Vec<Ticket>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::select(&select_list(), "FROM tickets t WHERE t.id > 0");
    sql.and_in("t.id", ids.iter().copied());
    conn.list(sql, read).await
}

/// The ticket that has this number, in any of the three spellings (letters in either case).
pub async fn by_number(conn: &mut Conn, number: &str) -> Result<Option<TicketId>> {
    let number = number.trim().to_uppercase();
    // Every number has a digit: most searches are none.
    if number.contains('\0') || !number.contains(|c: char| c.is_ascii_digit()) {
        return Ok(None);
    }
    let sql =
        Sql::new("SELECT id FROM tickets WHERE number_yearly = $1 OR number_daily = $1 OR number_legacy = $1 LIMIT 1");
    conn.find(sql.bind(&number), |c| c.int().map(TicketId)).await
}

/// Tickets that time alone changes at `now`, with when they were due, after a place among them.
pub async fn due_timers(
    conn: &mut Conn,
    now: model::Time,
    after: Option<(model::Time, TicketId)>,
    limit: usize,
) -> Result<Vec<(model::Time, TicketId)>> {
    let sql = Sql::new(
        "SELECT next_timer_at, id FROM tickets WHERE next_timer_at IS NOT NULL AND next_timer_at <= $1 \
         AND (next_timer_at, id) > ($2, $3) ORDER BY next_timer_at, id LIMIT CAST($4 AS BIGINT)",
    );
    let (time, id) = after.unwrap_or((model::Time(i64::MIN), TicketId(0)));
    conn.list(sql.bind(now).bind(time).bind(id).bind(limit as i64), |c| Ok((c.time()?, TicketId(c.int()?)))).await
}

/// The yearly numbers of tickets.
pub async fn numbers(conn: &mut Conn, ids: &[TicketId]) -> Result<Vec<(TicketId, String)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::built("SELECT id, number_yearly FROM tickets WHERE id > 0".to_owned());
    sql.and_in("id", ids.iter().copied());
    conn.list(sql, |c| Ok((TicketId(c.int()?), c.text()?))).await
}

/// When the next timer is due.
pub async fn next_timer(conn: &mut Conn) -> Result<Option<model::Time>> {
    let sql =
        Sql::new("SELECT next_timer_at FROM tickets WHERE next_timer_at IS NOT NULL ORDER BY next_timer_at LIMIT 1");
    conn.find(sql, |c| c.time()).await
}

/// Tags in use with how many tickets carry them, most used first.
pub async fn tags(conn: &mut Conn, limit: usize) -> Result<Vec<(String, i64)>> {
    let sql = Sql::new(
        "SELECT tag, COUNT(*) AS n FROM ticket_tags GROUP BY tag ORDER BY n DESC, tag LIMIT CAST($1 AS BIGINT)",
    );
    conn.list(sql.bind(limit as i64), |c| Ok((c.text()?, c.int()?))).await
}

/// A ticket and all that were merged into it, directly or by way of others.
///
/// # Errors
/// `Conflict` for more than one statement can name.
pub async fn merged_chain(conn: &mut Conn, id: TicketId) -> Result<Vec<TicketId>> {
    let sql = Sql::new(
        "WITH RECURSIVE chain (id) AS (SELECT CAST($1 AS BIGINT) UNION \
         SELECT t.id FROM tickets t JOIN chain c ON t.merged_into_id = c.id) SELECT id FROM chain LIMIT CAST($2 AS BIGINT)",
    );
    let all = conn.list(sql.bind(id).bind(CHAIN_MAX as i64 + 1), |c| c.int().map(TicketId)).await?;
    if all.len() > CHAIN_MAX {
        return Err(Error::conflict("ticket", format!("more than {CHAIN_MAX} tickets were merged into it")));
    }
    Ok(all)
}
