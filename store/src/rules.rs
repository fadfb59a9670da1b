//! What people have said of what they want to be told, and by which route.

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql};
use model::Result;
use model::id::UserId;
use model::notice::{NoticeKind, Route, Rule, RuleChange, Rules};
use std::collections::{HashMap, HashSet};

fn read(c: &mut Columns<'_>) -> Result<(UserId, Rule)> {
    let user = UserId(c.int()?);
    Ok((user, Rule { kind: c.word(NoticeKind::parse)?, route: c.word(Route::parse)?, enabled: c.bool()? }))
}

/// What some people have said; those who have said nothing are missing.
pub async fn of(conn: &mut Conn, users: &[UserId]) -> Result<HashMap<UserId, Rules>> {
    let mut all: HashMap<UserId, Rules> = HashMap::new();
    if users.is_empty() {
        return Ok(all);
    }
    let mut sql = Sql::new("SELECT user_id, kind, route, enabled FROM notification_rules WHERE user_id > 0");
    sql.and_in("user_id", users.iter().copied());
    for (user, rule) in conn.list(sql, read).await? {
        all.entry(user).or_default().0.push(rule);
    }
    Ok(all)
}

/// What these people don't want to see in the app.
pub(crate) async fn muted(
    conn: &mut Conn,
    users: impl IntoIterator<Item = UserId>,
) -> Result<HashSet<(UserId, NoticeKind)>> {
    let mut sql = Sql::new("SELECT user_id, kind, route, enabled FROM notification_rules WHERE route = 'in_app'");
    sql.and_in("user_id", users);
    let rules = conn.list(sql, read).await?.into_iter().filter(|(_, rule)| !rule.enabled);
    Ok(rules.map(|(user, rule)| (user, rule.kind)).collect())
}

impl Batch<'_> {
    /// Writes what somebody changed, and counts who wants to see less in the app.
    pub(crate) async fn set_rules(&mut self, user: UserId, changes: &[RuleChange]) -> Result<()> {
        for change in changes {
            let sql = Sql::new(
                "INSERT INTO notification_rules (user_id, kind, route, enabled) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (user_id, kind, route) DO UPDATE SET enabled = excluded.enabled",
            );
            let to = change.enabled.to;
            self.conn.run(sql.bind(user).bind(change.kind.word()).bind(change.route.word()).bind(to)).await?;
            if change.route == Route::InApp {
                // By default everything is told in the app, so each change is one rule more or one less.
                self.counters.muted += if to { -1 } else { 1 };
            }
        }
        Ok(())
    }
}
