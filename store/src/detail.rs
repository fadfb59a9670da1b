//! Tickets together with their first comments: what everybody who opens a ticket wants to see, in as few statements as can be.

use crate::comment;
use crate::db::{Conn, Sql};
use crate::ticket;
use model::Result;
use model::comment::Comment;
use model::id::TicketId;
use model::ticket::Ticket;
use std::collections::HashMap;

/// Which comments, and how many of each ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Opening {
    /// Internal notes and withdrawn comments, too.
    pub internal: bool,
    pub comments: usize,
}

/// A row of the one statement that reads both.
enum Read {
    Ticket(Box<Ticket>),
    Comment(comment::Counted),
}

/// The tickets, deleted or not, each with its first comments, oldest first.
pub async fn opened(
    conn: &mut Conn,
    ids: &[TicketId],
    opening: Opening,
) -> Result<HashMap<TicketId, (Ticket, Vec<Comment>)>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let (tickets, comments) = if conn.is_postgres() {
        let tickets = ticket::by_ids(conn, ids).await?;
        let mut sql = conn.pick(&qualified(), "");
        first_comments(&mut sql, ids, opening);
        (tickets, conn.list(sql, comment::read).await?)
    } else {
        // One trip to the database's thread instead of two.
        let mut sql =
            Sql::packed(format!("SELECT json_array(0, {}) FROM tickets t WHERE t.id > 0", ticket::select_list()));
        sql.and_in("t.id", ids.iter().copied());
        sql.push(&format!(" UNION ALL SELECT json_array(1, {})", qualified()));
        first_comments(&mut sql, ids, opening);
        let rows = conn.list(sql, |c| match c.int()? {
            0 => ticket::read(c).map(|ticket| Read::Ticket(Box::new(ticket))),
            _ => comment::read(c).map(Read::Comment),
        });
        let (mut tickets, mut comments) = (Vec::with_capacity(ids.len()), Vec::new());
        for row in rows.await? {
            match row {
                Read::Ticket(ticket) => tickets.push(*ticket),
                Read::Comment(comment) => comments.push(comment),
            }
        }
        (tickets, comments)
    };
    let mut comments = comment::with_attachments(conn, comments).await?;
    comments.sort_unstable_by_key(|comment| comment.id);
    let mut opened: HashMap<TicketId, (Ticket, Vec<Comment>)> =
        tickets.into_iter().map(|ticket| (ticket.id, (ticket, Vec::new()))).collect();
    for comment in comments {
        if let Some((_, of_ticket)) = opened.get_mut(&comment.ticket) {
            of_ticket.push(comment);
        }
    }
    Ok(opened)
}

fn qualified() -> String {
    comment::COLUMNS.split(',').map(|column| format!("c.{}", column.trim())).collect::<Vec<_>>().join(", ")
}

/// ` FROM …`: each ticket's first comments by its own index, however many it has.
fn first_comments(sql: &mut Sql, ids: &[TicketId], opening: Opening) {
    let hidden = if opening.internal { "" } else { " AND f.visibility <> 'internal' AND f.withdrawn_at IS NULL" };
    sql.push(&format!(
        " FROM tickets o JOIN comments c ON c.id IN (SELECT f.id FROM comments f WHERE f.ticket_id = o.id{hidden} \
         ORDER BY f.id"
    ));
    sql.push_limit(opening.comments as i64).push(") WHERE o.id > 0");
    sql.and_in("o.id", ids.iter().copied());
}
