//! A consistent copy of the whole database while it is in use, and reading it back, whichever database it came from.
//!
//! The copy is one JSON object a line: `{"table": …}` before its rows, then arrays. It is taken inside one read transaction.
//! The search index is not copied; it is made anew from the comments.

use crate::batch::Batch;
use crate::db::{Conn, Row, Sql, Value};
use model::{Error, Result};
use serde_json::json;

/// How a column is copied.
#[derive(Clone, Copy)]
enum Kind {
    Int,
    Text,
    Bool,
    Bytes,
}

/// Every table with its columns, in the order in which they are copied. A test compares it with the database.
struct Table {
    name: &'static str,
    columns: &'static str,
    order: &'static str,
}

macro_rules! table {
    ($name:literal, $columns:literal, $order:literal) => {
        Table { name: $name, columns: $columns, order: $order }
    };
}

/// `name` is text; `#name` a number, `?name` a truth value, `*name` bytes.
const TABLES: &[Table] = &[
    table!("meta", "key value", "key"),
    table!(
        "counters",
        "#id #event #ticket #comment #person #category #attachment #identity #session #api_token #inbound #notification \
         #delivery #year #year_tickets #day #day_tickets #webhook #device #muted #sla_config #quick_reply #template #rule \
         #rule_run",
        "id"
    ),
    table!(
        "users",
        "#id username username_key email password_hash first_name last_name display_name phone avatar_url openid #staff_id \
         locale role status search_text #created_at #updated_at #last_login_at #login_count #version",
        "id"
    ),
    table!("identities", "#id #user_id channel external_id display ?verified proof #linked_at", "id"),
    table!(
        "sessions",
        "#id #user_id method ip user_agent #created_at #last_used_at #expires_at #ended_at end_reason refresh_hash \
         device",
        "id"
    ),
    table!("used_refresh_tokens", "hash #session_id #used_at", "hash"),
    table!("failed_sign_ins", "#seq #user_id #at ip user_agent device method", "seq"),
    table!("second_factors", "#user_id secret #enabled_at #last_step", "user_id"),
    table!("backup_codes", "#user_id hash", "user_id, hash"),
    table!(
        "trusted_devices",
        "#id #user_id name hash ip user_agent #created_at #updated_at #last_used_at #expires_at #revoked_at",
        "id"
    ),
    table!("api_tokens", "#id #user_id name scopes hash #created_at #expires_at #revoked_at", "id"),
    table!(
        "categories",
        "#id key name description color icon #parent_id #sla_hours #auto_assignee_id ?active #sort_order #created_at #updated_at",
        "id"
    ),
    table!(
        "tickets",
        "#id number_yearly number_daily number_legacy title status ?reopened #reopen_count resolution #priority kind \
         #category_id source channel #requester_id #assignee_id department tags custom_fields customer_name customer_email \
         customer_phone #due_at #response_due_at #resolution_due_at #category_sla_hours #first_reply_at #resolved_at \
         #closed_at ?response_breached ?resolution_breached ?escalated #view_count #comment_count #internal_count \
         #staff_replies #rating rating_comment native #description_id #follows_id mailbox #merged_into_id status_before_merge \
         #deleted_at #created_at #updated_at #version #next_timer_at agreement fired",
        "id"
    ),
    table!(
        "sla_configs",
        "#id name description ?is_default ?active #priority kind #category_id #response_minutes #resolution_minutes hours \
         rules #created_at #updated_at",
        "id"
    ),
    table!("ticket_tags", "tag #ticket_id", "tag, ticket_id"),
    table!(
        "comments",
        "#id #ticket_id #author_id ?by_staff visibility channel body folded #created_at #edited_at #withdrawn_at \
         #merged_from_id meta #attachment_count #version",
        "id"
    ),
    table!("comment_versions", "#comment_id #version body #replaced_at #replaced_by", "comment_id, version"),
    table!(
        "attachments",
        "#id sha256 filename content_type #size content_id ?inline #owner_id #ticket_id #comment_id #created_at purpose path \
         #width #height thumbnail #thumbnail_size",
        "id"
    ),
    table!("events", "#seq #at type by_actor #ticket_id #requester_id #assignee_id #user_id body", "seq"),
    table!("idempotency", "#actor_id key command subject #at", "actor_id, key"),
    table!("origins", "channel external_id #ticket_id #comment_id #at", "channel, external_id"),
    table!(
        "ticket_cube",
        "#day #assignee_id #category_id #priority status #tickets #reopened #escalated #responded #response_minutes \
         #response_met #resolved #resolution_minutes #resolution_met #breached #late",
        "day, assignee_id, category_id, priority, status"
    ),
    table!("notifications", "#id #user_id kind #ticket_id #webhook_id #seq #created_at #read_at written", "id"),
    table!("notification_rules", "#user_id kind route ?enabled", "user_id, kind, route"),
    table!("email_config", "#id config password #tested_at #test_ok test_why", "id"),
    table!("settings", "key value #updated_at #updated_by description ?is_public category group_name", "key"),
    table!(
        "cleanup_runs",
        "#id task cause #started_at #started_by #due_at #keep_days #before_at #forgotten #touched_at #finished_at error",
        "id"
    ),
    table!(
        "audit",
        "#id #at #user_id username role action method path #status_code client_ip #latency_ms search_text",
        "id"
    ),
    table!(
        "inbound",
        "#id channel external_id *raw raw_file #size remote #received_at state why #attempts #ticket_id #comment_id",
        "id"
    ),
    table!(
        "deliveries",
        "#id #seq route lane #ticket_id #comment_id recipient body state #attempts #due_at #claimed_until why receipt \
         #created_at #settled_at #webhook_id topic #handed_at message_id",
        "id"
    ),
    table!(
        "delivery_attempts",
        "#delivery_id #number #at #duration_ms #status request answer error",
        "delivery_id, number"
    ),
    table!(
        "webhooks",
        "#id url events ?active description header_names headers secret #since #created_at #updated_at #disabled_at \
         disabled_why",
        "id"
    ),
    table!("webhook_failures", "#webhook_id #since", "webhook_id"),
    table!("readers", "name #seq", "name"),
    table!(
        "quick_replies",
        "#id name category content tags ?is_public #owner_id #uses search_text #created_at #updated_at",
        "id"
    ),
    table!("ticket_templates", "#id form #owner_id #uses #created_at #updated_at", "id"),
    table!("automation_rules", "#id form #priority ?active #owner_id #since #created_at #updated_at", "id"),
    table!("rule_runs", "#id #rule_id rule_name #ticket_id #seq event ?success done #milliseconds #at", "id"),
    table!("rule_figures", "#rule_id #runs #failures #milliseconds #last_at", "rule_id"),
];

/// Rows that one page of the copy carries.
const PAGE: i64 = 500;

impl Table {
    fn columns(&self) -> Vec<(&'static str, Kind)> {
        let all = self.columns.split_whitespace().map(|c| match c.split_at_checked(1) {
            Some(("#", name)) => (name, Kind::Int),
            Some(("?", name)) => (name, Kind::Bool),
            Some(("*", name)) => (name, Kind::Bytes),
            _ => (c, Kind::Text),
        });
        all.collect()
    }

    fn names(&self) -> String {
        self.columns().iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }
}

/// The tables that a backup carries.
pub fn tables() -> Vec<&'static str> {
    TABLES.iter().map(|t| t.name).collect()
}

fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text.chars().map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(high * 16 + low).ok(),
            _ => None,
        })
        .collect()
}

fn cells(mut row: Row, columns: &[(&'static str, Kind)]) -> Result<serde_json::Value> {
    let mut read = row.columns();
    let cells = columns.iter().map(|(_, kind)| {
        Ok(match kind {
            Kind::Int => json!(read.int_or()?),
            Kind::Text => json!(read.text_or()?),
            Kind::Bool => json!(read.bool()?),
            Kind::Bytes => json!(read.bytes_or()?.as_deref().map(hex)),
        })
    });
    cells.collect::<Result<Vec<_>>>().map(serde_json::Value::Array)
}

/// A connection with a transaction of its own, however that ends: it is closed with it.
struct Moment(Conn);

impl Drop for Moment {
    fn drop(&mut self) {
        self.0.spoil();
    }
}

/// Copies everything, line by line, from one moment. `line` is called with each; returns the number of rows.
pub async fn copy(conn: Conn, mut line: impl FnMut(&str) -> Result<()> + Send) -> Result<u64> {
    let mut moment = Moment(conn);
    let conn = &mut moment.0;
    let begin = if conn.is_postgres() { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" } else { "BEGIN" };
    conn.run(Sql::new(begin)).await?;
    copy_all(conn, &mut line).await
}

async fn copy_all(conn: &mut Conn, line: &mut (impl FnMut(&str) -> Result<()> + Send)) -> Result<u64> {
    let mut rows = 0;
    for table in TABLES {
        line(&json!({ "table": table.name, "columns": table.names() }).to_string())?;
        let columns = table.columns();
        let mut offset_keys: Option<Vec<Value>> = None;
        loop {
            let keys: Vec<&str> = table.order.split(", ").collect();
            let mut sql = Sql::built(format!("SELECT {} FROM {}", table.names(), table.name));
            if let Some(last) = offset_keys.take() {
                sql.push(&format!(" WHERE ({}) > (", table.order));
                for (i, value) in last.into_iter().enumerate() {
                    sql.push(if i == 0 { "" } else { ", " }).push_arg(value);
                }
                sql.push(")");
            }
            sql.push(&format!(" ORDER BY {}", table.order)).push_limit(PAGE);
            let page = conn.all(sql).await?;
            let count = page.len();
            rows += count as u64;
            let mut last = None;
            for row in page {
                let cells = cells(row, &columns)?;
                line(&cells.to_string())?;
                last = Some(cells);
            }
            let Some(last) = last.filter(|_| count as i64 == PAGE) else { break };
            let values = values(&columns, &last)?;
            let place =
                |key: &str| columns.iter().position(|(name, _)| *name == key).and_then(|i| values.get(i).cloned());
            offset_keys = keys.iter().map(|key| place(key)).collect();
        }
    }
    Ok(rows)
}

fn values(columns: &[(&'static str, Kind)], cells: &serde_json::Value) -> Result<Vec<Value>> {
    let bad = || Error::internal("the backup holds a row of another shape");
    let cells = cells.as_array().filter(|c| c.len() == columns.len()).ok_or_else(bad)?;
    let values = columns.iter().zip(cells).map(|((_, kind), cell)| match kind {
        Kind::Int => Ok(Value::Int(cell.as_i64())),
        Kind::Text => Ok(Value::Text(cell.as_str().map(str::to_owned))),
        Kind::Bool => cell.as_bool().map(Value::Bool).ok_or_else(bad),
        Kind::Bytes => match cell.as_str() {
            Some(text) => unhex(text).map(|b| Value::Bytes(Some(b))).ok_or_else(bad),
            None => Ok(Value::Bytes(None)),
        },
    });
    values.collect()
}

/// Puts a copy back into an empty store, row by row.
pub struct Restore<'a, 'db> {
    batch: &'a mut Batch<'db>,
    /// What is being read, and which of its columns: a backup of an older version has fewer, the rest are empty.
    table: Option<(&'static Table, Vec<(&'static str, Kind)>)>,
    waiting: Vec<Vec<Value>>,
    pub rows: u64,
}

impl<'a, 'db> Restore<'a, 'db> {
    /// Refuses a store in which something happened already.
    pub async fn begin(batch: &'a mut Batch<'db>) -> Result<Self> {
        if batch.counters.event != 0 {
            return Err(Error::Conflict { field: None, why: "the store to restore into is not empty".to_owned() });
        }
        batch.conn.run(Sql::new("DELETE FROM counters")).await?;
        batch.conn.run(Sql::new("DELETE FROM meta")).await?;
        Ok(Self { batch, table: None, waiting: Vec::new(), rows: 0 })
    }

    /// Takes one line of a copy.
    pub async fn line(&mut self, line: &str) -> Result<()> {
        let parsed: serde_json::Value =
            serde_json::from_str(line).map_err(|e| Error::internal(format!("the backup is damaged: {e}")))?;
        if let Some(name) = parsed.get("table").and_then(|t| t.as_str()) {
            self.flush().await?;
            let table = TABLES.iter().find(|t| t.name == name);
            let table = table.ok_or_else(|| Error::internal(format!("the backup holds an unknown table: {name}")))?;
            let known = table.columns();
            let columns = match parsed.get("columns").and_then(|c| c.as_str()) {
                Some(names) => names
                    .split(", ")
                    .map(|name| known.iter().find(|(known, _)| *known == name).copied())
                    .collect::<Option<_>>()
                    .ok_or_else(|| Error::internal(format!("the backup holds unknown columns of {name}")))?,
                None => known,
            };
            self.table = Some((table, columns));
            return Ok(());
        }
        let (_, columns) = self.table.as_ref().ok_or_else(|| Error::internal("the backup begins with a row"))?;
        self.waiting.push(values(columns, &parsed)?);
        self.rows += 1;
        if self.waiting.len() >= 32 {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        let Some((table, columns)) = &self.table else { return Ok(()) };
        let rows = std::mem::take(&mut self.waiting);
        let names = columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        crate::batch::insert(&mut self.batch.conn, table.name, &names, rows).await
    }

    /// Writes what waits and gives the log a new life of its own: `epoch` makes old cursors recognizable.
    pub async fn finish(mut self, epoch: &str) -> Result<u64> {
        self.flush().await?;
        self.batch.set_meta("epoch", epoch).await?;
        Ok(self.rows)
    }
}
