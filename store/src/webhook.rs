//! Webhook rows. Secrets and header values stand here encrypted, as the engine gave them; nothing here can read them.

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql};
use model::event::Recorded;
use model::id::{Seq, WebhookId};
use model::session::Sealed;
use model::webhook::{Headers, Topic, Webhook, WebhookChanges};
use model::{Error, Result, Time};

/// A webhook with what only the engine can open.
#[derive(Debug, Clone)]
pub struct Kept {
    pub webhook: Webhook,
    pub secret: Sealed,
    pub headers: Sealed,
    /// Only what happens after it is told.
    pub since: Seq,
}

const SELECT: &str = "SELECT w.id, w.url, w.events, w.active, w.description, w.header_names, w.created_at, w.updated_at, \
                      w.disabled_at, w.disabled_why, f.since, w.secret, w.headers, w.since \
                      FROM webhooks w LEFT JOIN webhook_failures f ON f.webhook_id = w.id";

fn read(c: &mut Columns<'_>) -> Result<Kept> {
    let webhook = Webhook {
        id: WebhookId(c.int()?),
        url: c.text()?,
        events: c.json()?,
        active: c.bool()?,
        description: c.text_or()?,
        headers: Headers::named(c.json()?),
        created_at: c.time()?,
        updated_at: c.time()?,
        disabled_at: c.time_or()?,
        disabled_why: c.text_or()?,
        failing_since: c.time_or()?,
    };
    Ok(Kept { webhook, secret: Sealed(c.text_or()?), headers: Sealed(c.text_or()?), since: Seq(c.int()?) })
}

/// All webhooks in the order in which they were made; there are few.
pub async fn all(conn: &mut Conn) -> Result<Vec<Kept>> {
    conn.list(Sql::built(format!("{SELECT} ORDER BY w.id LIMIT 1000")), read).await
}

pub async fn by_id(conn: &mut Conn, id: WebhookId) -> Result<Option<Kept>> {
    conn.find(Sql::built(format!("{SELECT} WHERE w.id = $1")).bind(id), read).await
}

pub async fn count(conn: &mut Conn) -> Result<i64> {
    conn.int(Sql::new("SELECT COUNT(*) FROM webhooks")).await
}

fn json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(Error::internal)
}

impl Batch<'_> {
    pub(crate) async fn insert_webhook(
        &mut self,
        webhook: &Webhook,
        secret: &Sealed,
        headers: &Sealed,
        since: Seq,
    ) -> Result<()> {
        let sql = Sql::new(
            "INSERT INTO webhooks (id, url, events, active, description, header_names, headers, secret, since, created_at, \
             updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(webhook.id)
        .bind(&webhook.url)
        .bind(json(&webhook.events)?)
        .bind(webhook.active)
        .bind(&webhook.description)
        .bind(json(&webhook.headers.names())?)
        .bind(&headers.0)
        .bind(secret.0.clone().unwrap_or_default())
        .bind(since)
        .bind(webhook.created_at)
        .bind(webhook.updated_at);
        self.conn.run(sql).await.map(|_| ())
    }

    /// Writes what an edit changed. Switching on forgives the failures, and tells only what happens from now on.
    pub(crate) async fn set_webhook(
        &mut self,
        id: WebhookId,
        changes: &WebhookChanges,
        headers: &Sealed,
        recorded: &Recorded,
    ) -> Result<()> {
        let mut sql = Sql::built("UPDATE webhooks SET updated_at = ".to_owned());
        sql.push_arg(recorded.at);
        if let Some(url) = &changes.url {
            sql.push(", url = ").push_arg(&url.to);
        }
        if let Some(events) = &changes.events {
            sql.push(", events = ").push_arg(json::<Vec<Topic>>(&events.to)?);
        }
        if let Some(description) = &changes.description {
            sql.push(", description = ").push_arg(&description.to);
        }
        if let Some(names) = &changes.headers {
            sql.push(", header_names = ").push_arg(json(&names.to.names())?);
            sql.push(", headers = ").push_arg(&headers.0);
        }
        if let Some(active) = &changes.active {
            sql.push(", active = ").push_arg(active.to);
            if active.to {
                sql.push(", disabled_at = NULL, disabled_why = NULL, since = ").push_arg(recorded.seq);
                self.forget_failures(id).await?;
            }
        }
        sql.push(" WHERE id = ").push_arg(id);
        self.conn.run(sql).await.map(|_| ())
    }

    pub(crate) async fn set_webhook_secret(&mut self, id: WebhookId, secret: &Sealed, at: Time) -> Result<()> {
        let sql = Sql::new("UPDATE webhooks SET secret = $1, updated_at = $2 WHERE id = $3");
        self.conn.run(sql.bind(secret.0.clone().unwrap_or_default()).bind(at).bind(id)).await.map(|_| ())
    }

    pub(crate) async fn disable_webhook(&mut self, id: WebhookId, why: &str, at: Time) -> Result<()> {
        let sql = Sql::new(
            "UPDATE webhooks SET active = $1, disabled_at = $2, disabled_why = $3, updated_at = $2 WHERE id = $4",
        );
        self.conn.run(sql.bind(false).bind(at).bind(why).bind(id)).await.map(|_| ())
    }

    /// Its deliveries stay in the ledger.
    pub(crate) async fn delete_webhook(&mut self, id: WebhookId) -> Result<()> {
        self.forget_failures(id).await?;
        self.conn.run(Sql::new("DELETE FROM webhooks WHERE id = $1").bind(id)).await.map(|_| ())
    }

    async fn forget_failures(&mut self, id: WebhookId) -> Result<()> {
        self.conn.run(Sql::new("DELETE FROM webhook_failures WHERE webhook_id = $1").bind(id)).await.map(|_| ())
    }

    /// Notes that an attempt at an endpoint went well.
    pub async fn webhook_answered(&mut self, id: WebhookId) -> Result<()> {
        self.forget_failures(id).await
    }

    /// Notes that an attempt at an endpoint failed, and answers since when nothing else has happened.
    pub async fn webhook_failed(&mut self, id: WebhookId, at: Time) -> Result<Time> {
        let sql = Sql::new(
            "INSERT INTO webhook_failures (webhook_id, since) VALUES ($1, $2) ON CONFLICT (webhook_id) DO NOTHING",
        );
        self.conn.run(sql.bind(id).bind(at)).await?;
        self.conn.int(Sql::new("SELECT since FROM webhook_failures WHERE webhook_id = $1").bind(id)).await.map(Time)
    }
}
