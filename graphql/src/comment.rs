//! Comments and their attachments as clients see them. The engine leaves out what the viewer may not read.

use crate::connection::{Connection, Total, Window, by_id};
use crate::context::Call;
use crate::error::Result;
use crate::node::global;
use crate::person::User;
use crate::quick::{InOrder, Quick};
use crate::scalars::DateTime;
use crate::ticket::Ticket;
use crate::words::{Channel, FilePurpose, Visibility};
use async_graphql::{Context, ID, Json, Object};
use engine::Part;
use model::id::CommentId;
use model::query::Slice;
use serde_json::{Map, Value};
use std::sync::Arc;

/// 评论: something that was said on a ticket.
#[derive(Clone)]
pub struct Comment(pub(crate) Arc<model::comment::Comment>);

impl From<model::comment::Comment> for Comment {
    fn from(comment: model::comment::Comment) -> Self {
        Self(Arc::new(comment))
    }
}

impl Quick for Comment {
    /// The authors of a page of comments are loaded with it.
    const LASTING: &'static [&'static str] = &[];
    const PASSING: &'static [&'static str] = &[
        "id",
        "databaseId",
        "author",
        "byStaff",
        "visibility",
        "channel",
        "body",
        "folded",
        "createdAt",
        "editedAt",
        "version",
    ];
}

/// A file that belongs to a comment.
#[derive(Clone)]
pub struct Attachment(pub(crate) model::attachment::Attachment);

/// An earlier text of an edited comment.
pub struct CommentVersion(model::comment::CommentVersion);

/// 评论: something that was said on a ticket.
#[Object]
impl Comment {
    /// The global id, such as `comment_5`.
    pub(crate) async fn id(&self) -> ID {
        global(self.0.id)
    }

    /// The bare number that the other surfaces show.
    async fn database_id(&self) -> i64 {
        self.0.id.0
    }

    /// The ticket that it is on.
    async fn ticket(&self, ctx: &Context<'_>) -> Result<Option<Ticket>> {
        Ok(Call::of(ctx)?.loaders.ticket(self.0.ticket).await?.map(Ticket))
    }

    /// Who wrote it; null where that was the system.
    async fn author(&self, ctx: &Context<'_>) -> Result<Option<InOrder<User>>> {
        Ok(Call::of(ctx)?.loaders.user_or(self.0.author).await?.map(User).map(InOrder))
    }

    /// The author's name, also where there is no account.
    async fn author_name(&self, ctx: &Context<'_>) -> Result<String> {
        let author = Call::of(ctx)?.loaders.user_or(self.0.author).await?;
        let told = || self.0.meta.get("author_name").and_then(Value::as_str).map(str::to_owned);
        Ok(author.map(|user| user.name()).or_else(told).unwrap_or_else(|| "System".to_owned()))
    }

    /// Whether the author was staff when they wrote it, and not the ticket's requester.
    async fn by_staff(&self) -> bool {
        self.0.by_staff
    }

    /// Who may read it.
    async fn visibility(&self) -> Visibility {
        self.0.visibility.into()
    }

    /// The surface that it was written on.
    async fn channel(&self) -> Channel {
        self.0.channel.into()
    }

    /// The text.
    async fn body(&self) -> &str {
        self.0.body.as_str()
    }

    /// The quoted history and the signature of a mail: kept, but folded away.
    async fn folded(&self) -> Option<&str> {
        self.0.folded.as_deref()
    }

    /// Files that belong to it.
    async fn attachments(&self) -> Vec<Attachment> {
        self.0.attachments.iter().cloned().map(Attachment).collect()
    }

    /// When it was written.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When its text was last changed.
    async fn edited_at(&self) -> Option<DateTime> {
        self.0.edited_at.map(DateTime)
    }

    /// When it was taken back; only staff still see it then.
    async fn withdrawn_at(&self) -> Option<DateTime> {
        self.0.withdrawn_at.map(DateTime)
    }

    /// The ticket that it was written on, where a merge moved it and you may see that.
    async fn merged_from(&self, ctx: &Context<'_>) -> Result<Option<Ticket>> {
        match self.0.merged_from {
            Some(id) => Ok(Call::of(ctx)?.loaders.ticket(id).await?.map(Ticket)),
            None => Ok(None),
        }
    }

    /// What one surface knows of it and the others don't; null for those who are not staff.
    async fn meta(&self, ctx: &Context<'_>) -> Result<Option<Json<&Map<String, Value>>>> {
        Ok(Call::of(ctx)?.is_staff().then_some(Json(&self.0.meta)))
    }

    /// Counts its changes.
    async fn version(&self) -> i64 {
        self.0.version
    }

    /// Its earlier texts, oldest first.
    #[graphql(complexity = "10 + 5 * child_complexity")]
    async fn versions(&self, ctx: &Context<'_>) -> Result<Vec<CommentVersion>> {
        if self.0.edited_at.is_none() {
            return Ok(Vec::new());
        }
        let call = Call::of(ctx)?;
        let versions = call.loaders.versions(self.0.id).await?;
        Ok(versions.iter().cloned().map(CommentVersion).collect())
    }
}

/// An earlier text of an edited comment.
#[Object]
impl CommentVersion {
    /// The comment's version that this was.
    async fn version(&self) -> i64 {
        self.0.version
    }

    /// The text then.
    async fn body(&self) -> &str {
        &self.0.body
    }

    /// When it was replaced.
    async fn replaced_at(&self) -> DateTime {
        self.0.replaced_at.into()
    }

    /// Who replaced it.
    async fn replaced_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(Call::of(ctx)?.loaders.user_or(self.0.replaced_by).await?.map(User))
    }
}

/// A file that belongs to a comment, to a ticket, or to a person as their picture.
#[Object]
impl Attachment {
    /// The global id, such as `attachment_9`.
    pub(crate) async fn id(&self) -> ID {
        global(self.0.id)
    }

    /// The bare number that the other surfaces show.
    async fn database_id(&self) -> i64 {
        self.0.id.0
    }

    /// Its name.
    async fn filename(&self) -> &str {
        &self.0.file.filename
    }

    /// Its MIME type.
    async fn content_type(&self) -> &str {
        &self.0.file.content_type
    }

    /// Its size in bytes.
    async fn size(&self) -> i64 {
        self.0.file.size
    }

    /// Where it can be fetched, with the same credentials.
    async fn url(&self) -> String {
        engine::path_of(&self.0)
    }

    /// What it was sent for.
    async fn purpose(&self) -> FilePurpose {
        self.0.purpose.into()
    }

    /// Where it can be fetched for a while without credentials, as an `<img>` does; for you alone.
    async fn signed_url(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let call = Call::of(ctx)?;
        Ok(call.engine.link(call.actor(), &self.0).map(|link| link.url))
    }

    /// The same for a small JPEG of it, if it is a picture.
    async fn thumbnail_url(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let call = Call::of(ctx)?;
        let link = self.0.picture.as_ref().and_then(|_| call.engine.link(call.actor(), &self.0));
        Ok(link.map(|link| format!("{}&size=small", link.url)))
    }

    /// A picture's width in pixels, as people see it.
    async fn width(&self) -> Option<i64> {
        self.0.picture.as_ref().map(|picture| picture.width)
    }

    /// A picture's height in pixels, as people see it.
    async fn height(&self) -> Option<i64> {
        self.0.picture.as_ref().map(|picture| picture.height)
    }

    /// Whether the text shows it in place.
    async fn inline(&self) -> bool {
        self.0.file.inline
    }

    /// The `Content-ID` by which an HTML mail refers to it.
    async fn content_id(&self) -> Option<&str> {
        self.0.file.content_id.as_deref()
    }

    /// When it was uploaded.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }
}

/// The order of a list of comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    OldestFirst,
    NewestFirst,
}

/// A page of a ticket's comments, without its description. The plain first page is read together with those of other
/// tickets in the same answer.
pub(crate) async fn of_ticket(
    call: Call<'_>,
    ticket: &Arc<model::ticket::Ticket>,
    window: &Window,
    order: Order,
) -> Result<Connection<Comment>> {
    let page = window.page()?;
    let as_of = call.engine.cursor().into();
    let (after, before) = (page.after.map(|p| CommentId(p.id)), page.before.map(|p| CommentId(p.id)));
    let mut found: Vec<Arc<model::comment::Comment>> =
        if after.is_none() && before.is_none() && !page.backward && order == Order::OldestFirst {
            // One more for the description, one more to know whether there is a next page.
            let mut first = call.loaders.first_comments(ticket, page.limit + 2).await?;
            first.retain(|comment| comment.id != ticket.description);
            first
        } else {
            let turned = order == Order::NewestFirst;
            let part = Part {
                internal: call.is_staff(),
                withdrawn: true,
                without_description: true,
                after: if turned { before } else { after },
                before: if turned { after } else { before },
                newest_first: turned != page.backward,
                limit: page.limit + 1,
                offset: 0,
            };
            let found = call.engine.comments(call.actor(), ticket.id, part).await?;
            found.into_iter().map(Arc::new).collect()
        };
    let more = found.len() > page.limit;
    found.truncate(page.limit);
    if page.backward {
        found.reverse();
    }
    call.loaders.meet(found.iter().filter_map(|comment| comment.author).collect()).await?;
    let slice = Slice {
        items: found.into_iter().map(|comment| (by_id(comment.id.0), comment)).collect(),
        has_next: if page.backward { before.is_some() } else { more },
        has_previous: if page.backward { more } else { after.is_some() },
    };
    let hidden = if call.is_staff() { ticket.internal_count } else { 0 };
    Ok(Connection::of(slice, as_of, Total::Known(ticket.comment_count + hidden), Comment))
}
