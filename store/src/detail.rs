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

/// The tickets, deleted or not, each with its first comments, oldest first.
pub async fn opened(
    conn: &mut Conn,
    ids: &[TicketId],
    opening: Opening,
) -> Result<HashMap<TicketId, (Ticket, Vec<Comment>)>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut tickets = Sql::select(&ticket::select_list(), "FROM tickets t WHERE t.id > 0");
    tickets.and_in("t.id", ids.iter().copied());
    let mut comments = Sql::select(&qualified(), "");
    first_comments(&mut comments, ids, opening);
    let (tickets, comments) = conn.both(tickets, comments).await?;
    let tickets: Vec<Ticket> =
        tickets.into_iter().map(|mut row| ticket::read(&mut row.columns())).collect::<Result<_>>()?;
    let comments = comments.into_iter().map(|mut row| comment::read(&mut row.columns())).collect::<Result<_>>()?;
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
