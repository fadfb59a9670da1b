//! Search: the one index of comments' tokens, within what the searcher may see.
//!
//! A declared difference: FTS5 on SQLite, a tsvector under GIN on PostgreSQL. What a token is, `model::search` says.
//! Ranking: an exact number, then hits in the head (title, numbers, tags, customer), then the rest, then words that only begin
//! like what was asked for, newest first in each.
//! It looks at the newest matches first and reads no more of them than a page needs, so it doesn't slow down as matches grow.

use crate::db::{Conn, Sql};
use crate::list::{self, Scope};
use crate::sheet::Sheet;
use model::id::{CommentId, TicketId};
use model::query::{Page, Place, Slice, Sort, SortBy, TicketFilter};
use model::search;
use model::ticket::Ticket;
use model::{Result, Time};
use std::collections::{BTreeMap, HashSet};

/// Matches that a search looks at before it widens, and the most it looks at.
const DEPTH: usize = 256;
const DEPTH_MAX: usize = 16_384;

/// Takes out the documents that are `None`, and answers the rows of the others.
pub(crate) async fn sheet(conn: &mut Conn, documents: BTreeMap<CommentId, Option<String>>) -> Result<Sheet> {
    let mut rows = Vec::with_capacity(documents.len());
    for (id, tokens) in documents {
        match tokens {
            Some(tokens) => rows.push(vec![id.into(), tokens.into()]),
            None => {
                conn.run(Sql::new("DELETE FROM search WHERE rowid = $1").bind(id)).await?;
            }
        }
    }
    let sheet = Sheet::new("search", "rowid, tokens", rows);
    Ok(if conn.is_postgres() {
        sheet
            .wrapping_last("array_to_tsvector(string_to_array(", ", ' '))")
            .tail(" ON CONFLICT (rowid) DO UPDATE SET tokens = excluded.tokens")
    } else {
        sheet.verb("INSERT OR REPLACE")
    })
}

/// Where and how a token is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// As a whole word in the ticket's head.
    Head,
    /// As a whole word anywhere.
    Whole,
    /// As the beginning of a word anywhere.
    Begins,
}

/// The tokens as the database's own query.
fn expression(tokens: &[String], scope: Scope, look: Look, postgres: bool) -> String {
    let quoted = |token: &str, open: bool| match (postgres, open) {
        (true, true) => format!("'{token}':*"),
        (true, false) => format!("'{token}'"),
        (false, true) => format!("\"{token}\"*"),
        (false, false) => format!("\"{token}\""),
    };
    let (and, or) = if postgres { (" & ", " | ") } else { (" AND ", " OR ") };
    let mut terms: Vec<String> = tokens
        .iter()
        .map(|token| {
            let open = look == Look::Begins && search::may_go_on(token);
            match scope {
                _ if look == Look::Head => quoted(&format!("h_{token}"), false),
                Scope::Requester(_) => quoted(token, open),
                Scope::All | Scope::Agent(_) => {
                    format!("({}{or}{})", quoted(token, open), quoted(&format!("i_{token}"), open))
                }
            }
        })
        .collect();
    if let Scope::Requester(user) = scope {
        terms.push(quoted(&search::requester(user), false));
    }
    terms.join(and)
}

/// ` AND t.id IN (…)`: the tickets that match, however many, for lists in an order of their own and for counting.
pub(crate) fn condition(sql: &mut Sql, text: &str, scope: Scope, postgres: bool) {
    let tokens = search::query(text);
    if tokens.is_empty() {
        sql.push(" AND t.id < 0");
        return;
    }
    // Every token somewhere in the ticket; in the head or in different comments, too.
    for token in tokens {
        let expression = expression(std::slice::from_ref(&token), scope, Look::Begins, postgres);
        sql.push(" AND t.id IN (SELECT c.ticket_id FROM search s JOIN comments c ON c.id = s.rowid WHERE ");
        if postgres {
            sql.push("s.tokens @@ CAST(").push_arg(expression).push(" AS TSQUERY))");
        } else {
            sql.push("s.search MATCH ").push_arg(expression).push(")");
        }
    }
}

/// The newest comments that match, with their tickets.
async fn newest(conn: &mut Conn, expression: String, limit: usize) -> Result<Vec<(CommentId, TicketId)>> {
    let sql = if conn.is_postgres() {
        Sql::new(
            "SELECT c.id, c.ticket_id FROM (SELECT rowid FROM search WHERE tokens @@ CAST($1 AS TSQUERY) \
             ORDER BY rowid DESC LIMIT CAST($2 AS BIGINT)) AS hits JOIN comments c ON c.id = hits.rowid ORDER BY c.id DESC",
        )
    } else {
        Sql::new(
            "SELECT c.id, c.ticket_id FROM (SELECT rowid FROM search WHERE search MATCH $1 ORDER BY rowid DESC LIMIT CAST($2 AS BIGINT)) \
             AS hits JOIN comments c ON c.id = hits.rowid ORDER BY c.id DESC",
        )
    };
    conn.list(sql.bind(expression).bind(limit as i64), |c| Ok((CommentId(c.int()?), TicketId(c.int()?)))).await
}

/// A page of matches, best first. The place of a match is its position.
pub(crate) async fn ranked(
    conn: &mut Conn,
    filter: &TicketFilter,
    scope: Scope,
    page: &Page,
    now: Time,
) -> Result<Slice<Ticket>> {
    let text = filter.search.clone().unwrap_or_default();
    let tokens = search::query(&text);
    let from = match (page.after, page.before) {
        (Some(place), _) => place.key.unwrap_or(0) as usize + 1,
        (None, Some(place)) => (place.key.unwrap_or(0) as usize).saturating_sub(page.limit),
        // The last of all: their places follow from how many there are.
        (None, None) if page.backward => {
            (Box::pin(list::count(conn, filter, scope, now)).await? as usize).saturating_sub(page.limit)
        }
        (None, None) => page.offset,
    };
    let limit = match page.before {
        Some(place) if page.after.is_none() => (place.key.unwrap_or(0) as usize).min(page.limit),
        _ => page.limit,
    };
    let needed = from + limit + 1;
    let rest = TicketFilter { search: None, ..filter.clone() };
    let id = || text.trim().trim_start_matches('#').parse().ok().map(TicketId);
    let exact = crate::ticket::by_number(conn, &text).await?.or_else(id);
    let mut depth = DEPTH.max(needed * 4).min(DEPTH_MAX);
    let mut found;
    loop {
        let (ids, exhausted) = candidates(conn, &tokens, scope, depth, needed, exact).await?;
        found = kept(conn, &rest, scope, &ids, needed, now).await?;
        if found.len() >= needed || exhausted || depth >= DEPTH_MAX {
            break;
        }
        depth = (depth * 4).min(DEPTH_MAX);
    }
    let has_next = found.len() > from + limit;
    let items = found.into_iter().enumerate().skip(from).take(limit);
    let items = items.map(|(i, ticket)| (Place { key: Some(i as i64), id: ticket.id.0 }, ticket)).collect();
    Ok(Slice { items, has_next, has_previous: from > 0 })
}

/// Tickets in ranked order, and whether there are no more.
async fn candidates(
    conn: &mut Conn,
    tokens: &[String],
    scope: Scope,
    depth: usize,
    needed: usize,
    exact: Option<TicketId>,
) -> Result<(Vec<TicketId>, bool)> {
    let mut ids: Vec<TicketId> = exact.into_iter().collect();
    if tokens.is_empty() {
        return Ok((ids, true));
    }
    let mut seen: HashSet<TicketId> = ids.iter().copied().collect();
    let mut add = |ids: &mut Vec<TicketId>, hits: &[(CommentId, TicketId)]| {
        ids.extend(hits.iter().filter(|(_, ticket)| seen.insert(*ticket)).map(|(_, ticket)| *ticket));
    };
    let postgres = conn.is_postgres();
    let head = newest(conn, expression(tokens, scope, Look::Head, postgres), depth).await?;
    add(&mut ids, &head);
    if ids.len() >= needed && head.len() >= depth {
        return Ok((ids, false));
    }
    let all = newest(conn, expression(tokens, scope, Look::Whole, postgres), depth).await?;
    add(&mut ids, &all);
    let mut exhausted = head.len() < depth && all.len() < depth;
    // Few hits: there may be words that only begin so.
    if exhausted && ids.len() < needed {
        let begun = newest(conn, expression(tokens, scope, Look::Begins, postgres), depth).await?;
        add(&mut ids, &begun);
        exhausted = begun.len() < depth;
    }
    // Still few: the words may stand in different comments of one ticket.
    if exhausted && tokens.len() > 1 && ids.len() < needed {
        let mut common: Option<Vec<TicketId>> = None;
        for token in tokens {
            let hits =
                newest(conn, expression(std::slice::from_ref(token), scope, Look::Begins, postgres), DEPTH_MAX / 8)
                    .await?;
            let here: HashSet<TicketId> = hits.iter().map(|(_, ticket)| *ticket).collect();
            common = Some(match common {
                None => {
                    let mut once = HashSet::new();
                    hits.iter().map(|(_, t)| *t).filter(|t| once.insert(*t)).collect()
                }
                Some(before) => before.into_iter().filter(|t| here.contains(t)).collect(),
            });
            if common.as_ref().is_some_and(Vec::is_empty) {
                break;
            }
        }
        let hits: Vec<_> = common.unwrap_or_default().into_iter().map(|t| (CommentId(0), t)).collect();
        add(&mut ids, &hits);
    }
    Ok((ids, exhausted))
}

/// Those of the candidates that the caller may see and the filter lets through, in order, as many as needed.
async fn kept(
    conn: &mut Conn,
    rest: &TicketFilter,
    scope: Scope,
    ids: &[TicketId],
    needed: usize,
    now: Time,
) -> Result<Vec<Ticket>> {
    let mut found = Vec::new();
    for chunk in ids.chunks(needed.clamp(25, 200)) {
        let wanted: Vec<TicketId> = match rest.ids.as_slice() {
            [] => chunk.to_vec(),
            only => chunk.iter().copied().filter(|id| only.contains(id)).collect(),
        };
        if wanted.is_empty() {
            continue;
        }
        let filter = TicketFilter { ids: wanted, ..rest.clone() };
        let page = Page::first(chunk.len());
        let sort = Sort { by: SortBy::Created, ..Sort::default() };
        let slice = Box::pin(list::tickets(conn, &filter, scope, sort, &page, now)).await?;
        found.extend(list::in_order(slice.items.into_iter().map(|(_, t)| t).collect(), chunk));
        if found.len() >= needed {
            break;
        }
    }
    found.truncate(needed);
    Ok(found)
}
