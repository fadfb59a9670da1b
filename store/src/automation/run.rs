//! What rules have done. The lines are written with the runner's place in the log, in the transaction of what was done.

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql};
use crate::list::Scope;
use model::automation::{Figures, Run, RunFilter, Running, Trigger};
use model::id::{RuleId, RuleRunId, Seq, TicketId};
use model::query::{Page, Place, Slice};
use model::{Error, Result, Time};
use std::collections::HashMap;

const COLUMNS: &str = "id, rule_id, rule_name, ticket_id, seq, event, done, milliseconds, at";
/// Lines that are kept at most, however young they are.
const KEPT: i64 = 100_000;

fn read(c: &mut Columns<'_>) -> Result<Run> {
    Ok(Run {
        id: RuleRunId(c.int()?),
        run: Running {
            rule: RuleId(c.int()?),
            rule_name: c.text()?,
            ticket: TicketId(c.int()?),
            seq: Seq(c.int()?),
            trigger: c.word(Trigger::parse)?,
            done: c.json()?,
            milliseconds: c.int()?,
        },
        at: c.time()?,
    })
}

fn conditions(sql: &mut Sql, filter: RunFilter, scope: Scope) {
    crate::list::reach(sql, scope, "rule_runs.ticket_id");
    if let Some(rule) = filter.rule {
        sql.push(" AND rule_id = ").push_arg(rule);
    }
    if let Some(ticket) = filter.ticket {
        sql.push(" AND ticket_id = ").push_arg(ticket);
    }
    if let Some(success) = filter.success {
        sql.push(" AND success = ").push_arg(success);
    }
}

/// How often a rule acted on a ticket since an instant.
pub async fn lately(conn: &mut Conn, rule: RuleId, ticket: TicketId, since: Time) -> Result<i64> {
    let sql = Sql::new("SELECT COUNT(*) FROM rule_runs WHERE ticket_id = $1 AND rule_id = $2 AND at > $3");
    conn.int(sql.bind(ticket).bind(rule).bind(since)).await
}

/// The newest first.
pub async fn list(conn: &mut Conn, filter: RunFilter, scope: Scope, page: &Page) -> Result<Slice<Run>> {
    let mut sql = Sql::built(format!("SELECT {COLUMNS} FROM rule_runs WHERE id > 0"));
    conditions(&mut sql, filter, scope);
    let all = conn.list(crate::list::newest(sql, page), read).await?;
    Ok(crate::list::slice(all, page, |run| Place { key: None, id: run.id.0 }))
}

pub async fn count(conn: &mut Conn, filter: RunFilter, scope: Scope) -> Result<i64> {
    let mut sql = Sql::built("SELECT COUNT(*) FROM rule_runs WHERE id > 0".to_owned());
    conditions(&mut sql, filter, scope);
    conn.int(sql).await
}

/// What rules have done since they were made; those that never acted are missing.
pub async fn figures(conn: &mut Conn, rules: &[RuleId]) -> Result<HashMap<RuleId, Figures>> {
    if rules.is_empty() {
        return Ok(HashMap::new());
    }
    let text = "SELECT rule_id, runs, failures, milliseconds, last_at FROM rule_figures WHERE rule_id > 0";
    let mut sql = Sql::built(text.to_owned());
    sql.and_in("rule_id", rules.iter().copied());
    let read = |c: &mut Columns<'_>| {
        let (rule, runs, failures) = (RuleId(c.int()?), c.int()?, c.int()?);
        Ok((rule, Figures { runs, failures, milliseconds: c.int()?, last_at: c.time_or()? }))
    };
    Ok(conn.list(sql, read).await?.into_iter().collect())
}

impl Batch<'_> {
    /// Notes what a rule has done, and counts it.
    pub async fn note_run(&mut self, run: &Running, at: Time) -> Result<()> {
        let id = self.counters.next_rule_run();
        let success = run.succeeded();
        let text =
            format!("INSERT INTO rule_runs ({COLUMNS}, success) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
        let sql = Sql::built(text)
            .bind(id)
            .bind(run.rule)
            .bind(&run.rule_name)
            .bind(run.ticket)
            .bind(run.seq)
            .bind(run.trigger.word())
            .bind(serde_json::to_string(&run.done).map_err(Error::internal)?)
            .bind(run.milliseconds)
            .bind(at)
            .bind(success);
        self.conn.run(sql).await?;
        let sql = Sql::new(
            "INSERT INTO rule_figures (rule_id, runs, failures, milliseconds, last_at) VALUES ($1, 1, $2, $3, $4) \
             ON CONFLICT (rule_id) DO UPDATE SET runs = rule_figures.runs + 1, \
             failures = rule_figures.failures + excluded.failures, \
             milliseconds = rule_figures.milliseconds + excluded.milliseconds, last_at = excluded.last_at",
        );
        let failures = i64::from(!success);
        self.conn.run(sql.bind(run.rule).bind(failures).bind(run.milliseconds).bind(at)).await.map(|_| ())
    }

    /// Forgets lines from before an instant, and those that are too many.
    pub async fn forget_runs(&mut self, before: Time) -> Result<u64> {
        let newest = self.counters.rule_run;
        let sql = Sql::new("DELETE FROM rule_runs WHERE at < $1 OR id <= $2");
        self.conn.run(sql.bind(before).bind(newest - KEPT)).await
    }
}
