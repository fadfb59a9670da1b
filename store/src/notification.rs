//! Notification rows: who is told of what. They are written with the event that they tell of.

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql};
use crate::sheet::Sheet;
use model::event::{About, Event, Recorded};
use model::id::{NotificationId, Seq, TicketId, UserId, WebhookId};
use model::notice::{Notice, NoticeKind, alert, notices};
use model::query::{Page, Place, Slice};
use model::{Error, Result, Time};
use std::collections::HashSet;

pub(crate) const COLUMNS: &str = "id, user_id, kind, ticket_id, webhook_id, seq, created_at, read_at, written";

fn row(c: &mut Columns<'_>) -> Result<Notice> {
    Ok(Notice {
        id: NotificationId(c.int()?),
        user: UserId(c.int()?),
        kind: c.word(NoticeKind::parse)?,
        ticket: c.int_or()?.map(TicketId),
        webhook: c.int_or()?.map(WebhookId),
        seq: Seq(c.int()?),
        created_at: c.time()?,
        read_at: c.time_or()?,
        written: c.text_or()?.map(|json| serde_json::from_str(&json).map_err(Error::internal)).transpose()?,
    })
}

/// A person's notifications, newest first.
pub async fn of_user(conn: &mut Conn, user: UserId, read: Option<bool>, page: &Page) -> Result<Slice<Notice>> {
    let mut sql = Sql::built(format!("SELECT {COLUMNS} FROM notifications WHERE user_id = "));
    sql.push_arg(user);
    sql.push(match read {
        Some(true) => " AND read_at IS NOT NULL",
        Some(false) => " AND read_at IS NULL",
        None => "",
    });
    let all = conn.list(crate::list::newest(sql, page), row).await?;
    Ok(crate::list::slice(all, page, |n| Place { key: None, id: n.id.0 }))
}

/// What a person was told of one event.
pub async fn of_event(conn: &mut Conn, user: UserId, seq: Seq) -> Result<Vec<Notice>> {
    let sql = Sql::built(format!("SELECT {COLUMNS} FROM notifications WHERE seq = $1 AND user_id = $2 ORDER BY id"));
    conn.list(sql.bind(seq).bind(user), row).await
}

/// One of a person's notifications.
pub async fn by_id(conn: &mut Conn, user: UserId, id: NotificationId) -> Result<Option<Notice>> {
    let sql = Sql::built(format!("SELECT {COLUMNS} FROM notifications WHERE id = $1 AND user_id = $2"));
    conn.find(sql.bind(id).bind(user), row).await
}

pub async fn unread_count(conn: &mut Conn, user: UserId) -> Result<i64> {
    conn.int(Sql::new("SELECT COUNT(*) FROM notifications WHERE user_id = $1 AND read_at IS NULL").bind(user)).await
}

pub async fn count(conn: &mut Conn, user: UserId) -> Result<i64> {
    conn.int(Sql::new("SELECT COUNT(*) FROM notifications WHERE user_id = $1").bind(user)).await
}

/// Those that their people want to see in the app. Rules are looked up only where somebody has muted something, for all
/// notices of a batch by one statement.
pub(crate) async fn wanted(conn: &mut Conn, muted: i64, mut notices: Vec<Notice>) -> Result<Vec<Notice>> {
    if muted == 0 || notices.is_empty() {
        return Ok(notices);
    }
    let users: HashSet<UserId> = notices.iter().map(|n| n.user).collect();
    let quiet = crate::rules::muted(conn, users).await?;
    notices.retain(|n| !quiet.contains(&(n.user, n.kind)));
    Ok(notices)
}

pub(crate) fn sheet(notices: Vec<Notice>) -> Sheet {
    let row = |n: Notice| {
        let written = n.written.as_ref().and_then(|written| serde_json::to_string(written).ok());
        vec![
            n.id.into(),
            n.user.into(),
            n.kind.word().into(),
            n.ticket.into(),
            n.webhook.into(),
            n.seq.into(),
            n.created_at.into(),
            n.read_at.into(),
            written.into(),
        ]
    };
    Sheet::new("notifications", COLUMNS, notices.into_iter().map(row).collect())
}

impl Batch<'_> {
    pub(crate) fn notify(&mut self, recorded: &Recorded, ticket: &About) {
        for (user, kind) in notices(recorded, ticket) {
            self.tell(user, kind, recorded);
        }
    }

    /// Tells everybody of a role what concerns the house.
    pub(crate) async fn alert(&mut self, recorded: &Recorded) -> Result<()> {
        let Some((role, kind)) = alert(&recorded.event) else { return Ok(()) };
        for user in crate::people::active_with_role(&mut self.conn, role).await? {
            self.tell(user, kind, recorded);
        }
        Ok(())
    }

    /// Tells one person what somebody wrote to them.
    pub(crate) fn deliver(&mut self, recorded: &Recorded) {
        let Event::NotificationSent { to, kind, ticket, written } = &recorded.event else { return };
        self.tell(*to, *kind, recorded);
        if let Some(last) = self.later.notifications.last_mut() {
            last.ticket = *ticket;
            last.written = Some(written.clone());
        }
    }

    fn tell(&mut self, user: UserId, kind: NoticeKind, recorded: &Recorded) {
        let id = self.counters.next_notification();
        self.later.notifications.push(Notice {
            id,
            user,
            kind,
            ticket: recorded.event.ticket(),
            webhook: recorded.event.webhook(),
            seq: recorded.seq,
            created_at: recorded.at,
            read_at: None,
            written: None,
        });
    }

    pub(crate) async fn mark_read(&mut self, user: UserId, ids: &[NotificationId], all: bool, at: Time) -> Result<()> {
        let mut sql = Sql::built("UPDATE notifications SET read_at = ".to_owned());
        sql.push_arg(at).push(" WHERE read_at IS NULL AND user_id = ").push_arg(user);
        if !all {
            sql.and_in("id", ids.iter().copied());
        }
        self.conn.run(sql).await.map(|_| ())
    }
}
