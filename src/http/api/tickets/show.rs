//! Loads what stands around the tickets of an answer, for all of them at once: people, categories, descriptions.

use super::super::{upload, wire};
use super::convert::{self, View};
use crate::http::App;
use engine::Caller;
use model::Result;
use model::category::Category;
use model::comment::Comment;
use model::id::UserId;
use model::people::User;
use model::ticket::Ticket;
use std::sync::Arc;

/// Who and what is named in an answer.
pub struct Around {
    people: Vec<Arc<User>>,
    categories: Arc<Vec<Category>>,
}

impl Around {
    pub async fn people(app: &App, by: &Caller, mut ids: Vec<UserId>) -> Result<Self> {
        ids.sort_unstable();
        ids.dedup();
        let people = app.engine.users_by_ids(&by.actor, &ids).await?;
        Ok(Self { people, categories: app.engine.categories(&by.actor).await? })
    }

    pub async fn tickets(app: &App, by: &Caller, tickets: &[&Ticket]) -> Result<Self> {
        let ids = tickets.iter().flat_map(|ticket| [Some(ticket.requester), ticket.assignee]).flatten().collect();
        Self::people(app, by, ids).await
    }

    pub fn known(people: Vec<Arc<User>>, categories: Arc<Vec<Category>>) -> Self {
        Self { people, categories }
    }

    pub fn view<'a>(&'a self, app: &App, by: &'a Caller) -> View<'a> {
        View { people: &self.people, categories: &self.categories, reader: &by.actor, now: app.engine.now() }
    }
}

/// One ticket, after something was done to it.
pub async fn one(app: &App, by: &Caller, ticket: &Ticket) -> Result<wire::Ticket> {
    let around = Around::tickets(app, by, &[ticket]).await?;
    Ok(convert::ticket(ticket, &around.view(app, by)))
}

/// The tickets of a list.
pub async fn rows(app: &App, by: &Caller, tickets: &[Arc<Ticket>]) -> Result<Vec<wire::TicketRow>> {
    let all: Vec<&Ticket> = tickets.iter().map(AsRef::as_ref).collect();
    let around = Around::tickets(app, by, &all).await?;
    let descriptions = app.engine.descriptions(&by.actor, tickets).await?;
    let view = around.view(app, by);
    let description = |ticket: &Ticket| {
        let found = descriptions.iter().find(|comment| comment.id == ticket.description);
        found.map(|comment| comment.body.as_str().to_owned()).unwrap_or_default()
    };
    let row = |ticket| wire::TicketRow { ticket: convert::ticket(ticket, &view), description: description(ticket) };
    Ok(all.into_iter().map(row).collect())
}

pub async fn comments(app: &App, by: &Caller, comments: &[Comment]) -> Result<Vec<wire::Comment>> {
    let authors = comments.iter().filter_map(|comment| comment.author).collect();
    let around = Around::people(app, by, authors).await?;
    let view = around.view(app, by);
    Ok(comments.iter().map(|one| comment(app, one, &view)).collect())
}

/// A comment with its files, which are signed for its reader.
pub fn comment(app: &App, comment: &Comment, view: &View<'_>) -> wire::Comment {
    let files = comment.attachments.iter().map(|file| upload::shown(app, view.reader, file.clone())).collect();
    convert::comment(comment, files, view)
}
