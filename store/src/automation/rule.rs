//! Rules that act by themselves, in the order in which they act. There are few, and they are read at once.

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql};
use model::automation::{RULES_MAX, Rule, RuleForm};
use model::event::{Change, Recorded};
use model::id::{RuleId, Seq, UserId};
use model::{Error, Result};

const COLUMNS: &str = "id, form, owner_id, since, created_at, updated_at";

fn read(c: &mut Columns<'_>) -> Result<Rule> {
    Ok(Rule {
        id: RuleId(c.int()?),
        form: c.json()?,
        owner: c.int_or()?.map(UserId),
        since: Seq(c.int()?),
        created_at: c.time()?,
        updated_at: c.time()?,
    })
}

fn json(form: &RuleForm) -> Result<String> {
    serde_json::to_string(form).map_err(Error::internal)
}

/// By priority, and those of the same priority as they were made.
pub async fn all(conn: &mut Conn) -> Result<Vec<Rule>> {
    let sql =
        Sql::built(format!("SELECT {COLUMNS} FROM automation_rules ORDER BY priority, id LIMIT CAST($1 AS BIGINT)"));
    conn.list(sql.bind(RULES_MAX), read).await
}

/// Those that are switched on, in the same order.
pub async fn active(conn: &mut Conn) -> Result<Vec<Rule>> {
    let sql = Sql::built(format!(
        "SELECT {COLUMNS} FROM automation_rules WHERE active ORDER BY priority, id LIMIT CAST($1 AS BIGINT)"
    ));
    conn.list(sql.bind(RULES_MAX), read).await
}

pub async fn by_id(conn: &mut Conn, id: RuleId) -> Result<Option<Rule>> {
    conn.find(Sql::built(format!("SELECT {COLUMNS} FROM automation_rules WHERE id = $1")).bind(id), read).await
}

pub async fn count(conn: &mut Conn) -> Result<i64> {
    conn.int(Sql::new("SELECT COUNT(*) FROM automation_rules")).await
}

impl Batch<'_> {
    /// It acts on what happens after its own making.
    pub(crate) async fn insert_rule(&mut self, rule: &Rule, since: Seq) -> Result<()> {
        let text = format!(
            "INSERT INTO automation_rules ({COLUMNS}, priority, active) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        );
        let sql = Sql::built(text)
            .bind(rule.id)
            .bind(json(&rule.form)?)
            .bind(rule.owner)
            .bind(since)
            .bind(rule.created_at)
            .bind(rule.updated_at)
            .bind(rule.form.priority)
            .bind(rule.form.active);
        self.conn.run(sql).await.map(|_| ())
    }

    /// One that is switched on again, or listens to something else now, acts on what happens from then on.
    pub(crate) async fn set_rule(&mut self, id: RuleId, form: &Change<RuleForm>, recorded: &Recorded) -> Result<()> {
        let to = &form.to;
        let mut sql = Sql::built("UPDATE automation_rules SET form = ".to_owned());
        sql.push_arg(json(to)?).push(", priority = ").push_arg(to.priority).push(", active = ").push_arg(to.active);
        if to.active && (!form.from.active || form.from.trigger != to.trigger) {
            sql.push(", since = ").push_arg(recorded.seq);
        }
        sql.push(", updated_at = ").push_arg(recorded.at).push(" WHERE id = ").push_arg(id);
        self.conn.run(sql).await.map(|_| ())
    }

    pub(crate) async fn delete_rule(&mut self, id: RuleId) -> Result<()> {
        self.conn.run(Sql::new("DELETE FROM automation_rules WHERE id = $1").bind(id)).await?;
        self.conn.run(Sql::new("DELETE FROM rule_figures WHERE rule_id = $1").bind(id)).await.map(|_| ())
    }
}
