//! The look-ups that nested fields share: people, tickets, comments. Made per request, because what they find depends on
//! who asks; for each item of a subscription they are made anew, so that it never shows what was true before.

use crate::batch::{Batch, Load};
use engine::{Attempt, Engine, Opened, StatisticsQuery};
use futures_util::future::try_join_all;
use model::category::Category;
use model::comment::{Comment, CommentVersion};
use model::id::{CategoryId, CommentId, DeliveryId, TicketId, UserId, WebhookId};
use model::people::{Identity, User};
use model::query::Cursor;
use model::ticket::Ticket;
use model::webhook::Webhook;
use model::{Actor, Error, Result};
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Comments that are read along with a ticket: a page of twenty, the description, and one to know whether there are more.
const OPENED: usize = 22;

/// The first comments of a ticket that the viewer was already shown, so that nobody looks again whether they may.
#[derive(Clone)]
pub(crate) struct FirstComments {
    ticket: Arc<Ticket>,
    each: usize,
}

impl PartialEq for FirstComments {
    fn eq(&self, other: &Self) -> bool {
        (self.ticket.id, self.each) == (other.ticket.id, other.each)
    }
}

impl Eq for FirstComments {}

impl Hash for FirstComments {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.ticket.id, self.each).hash(hasher);
    }
}

/// All loaders of a request. What has to wait does so in a box: the future of any one field is as large as that of the
/// largest field of its type, and is moved about several times.
pub struct Loaders {
    /// Taken before anything is read, so that a stream from there misses nothing that the answer doesn't show.
    pub(crate) as_of: Cursor,
    reader: Reader,
    /// The comments of tickets that were read together with them.
    opened: Mutex<HashMap<TicketId, Arc<Opened>>>,
    users: Batch<UserId, Arc<User>, Reader>,
    identities: Batch<UserId, Arc<Vec<Identity>>, Reader>,
    tickets: Batch<TicketId, Arc<Ticket>, Reader>,
    comments: Batch<CommentId, Arc<Comment>, Reader>,
    first_comments: Batch<FirstComments, Vec<Arc<Comment>>, Reader>,
    tickets_in: Batch<CategoryId, i64, Reader>,
    versions: Batch<CommentId, Arc<Vec<CommentVersion>>, Reader>,
    attempts: Batch<DeliveryId, Arc<Vec<Attempt>>, Reader>,
    webhooks: Batch<WebhookId, Arc<Webhook>, Reader>,
}

/// Loaders that are made when the first resolver asks for them, which is before it reads anything.
pub(crate) struct LateLoaders {
    reader: Reader,
    made: OnceLock<Loaders>,
}

impl LateLoaders {
    pub(crate) fn new(engine: &Engine, actor: &Actor) -> Self {
        let reader = Reader { engine: engine.clone(), actor: Arc::new(actor.clone()) };
        Self { reader, made: OnceLock::new() }
    }

    pub(crate) fn get(&self) -> &Loaders {
        self.made.get_or_init(|| Loaders::new(self.reader.clone()))
    }
}

impl Loaders {
    fn new(reader: Reader) -> Self {
        let engine = &reader.engine;
        Self {
            as_of: engine.cursor(),
            opened: Mutex::default(),
            users: Batch::remembering(reader.clone()),
            identities: Batch::new(reader.clone()),
            tickets: Batch::new(reader.clone()),
            comments: Batch::new(reader.clone()),
            first_comments: Batch::new(reader.clone()),
            tickets_in: Batch::new(reader.clone()),
            versions: Batch::new(reader.clone()),
            attempts: Batch::new(reader.clone()),
            webhooks: Batch::new(reader.clone()),
            reader,
        }
    }

    /// Forgets what a command may have changed.
    pub(crate) fn forget(&self) {
        self.users.forget();
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The ticket with its first page of comments, in one reading.
    pub(crate) async fn open(&self, id: TicketId) -> Result<Arc<Ticket>> {
        let opened = self.reader.engine.open(&self.reader.actor, id, OPENED).await?;
        let ticket = opened.ticket.clone();
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).insert(id, opened);
        Ok(ticket)
    }

    /// Gets the people that an answer names into memory, with one look-up for those who are not there yet.
    pub(crate) async fn meet(&self, people: Vec<UserId>) -> Result<()> {
        let Reader { engine, actor } = &self.reader;
        let mut strangers = people;
        strangers.retain(|id| engine.known_user(actor, *id).is_none());
        if strangers.is_empty() {
            return Ok(());
        }
        strangers.sort_unstable();
        strangers.dedup();
        // Together with those whom the neighbours of the answer name.
        Box::pin(try_join_all(strangers.into_iter().map(|id| self.users.get(id)))).await.map(|_| ())
    }

    pub(crate) async fn user(&self, id: UserId) -> Result<Option<Arc<User>>> {
        if let Some(known) = self.reader.engine.known_user(&self.reader.actor, id) {
            return Ok(Some(known));
        }
        Box::pin(self.users.get(id)).await
    }

    pub(crate) async fn user_or(&self, id: Option<UserId>) -> Result<Option<Arc<User>>> {
        match id {
            Some(id) => self.user(id).await,
            None => Ok(None),
        }
    }

    pub(crate) async fn identities(&self, user: UserId) -> Result<Arc<Vec<Identity>>> {
        Ok(Box::pin(self.identities.get(user)).await?.unwrap_or_default())
    }

    /// The ticket, if the viewer may see it.
    pub(crate) async fn ticket(&self, id: TicketId) -> Result<Option<Arc<Ticket>>> {
        Box::pin(self.tickets.get(id)).await
    }

    pub(crate) async fn comment(&self, id: CommentId) -> Result<Option<Arc<Comment>>> {
        Box::pin(self.comments.get(id)).await
    }

    /// Up to `each` of a ticket's comments, oldest first, the description among them.
    pub(crate) async fn first_comments(&self, ticket: &Arc<Ticket>, each: usize) -> Result<Vec<Arc<Comment>>> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner).get(&ticket.id).cloned();
        if let Some(opened) = opened.filter(|o| o.comments.len() < OPENED || each <= OPENED) {
            return Ok(opened.comments.iter().take(each).cloned().collect());
        }
        let key = FirstComments { ticket: ticket.clone(), each };
        Ok(Box::pin(self.first_comments.get(key)).await?.unwrap_or_default())
    }

    /// A ticket's description, read together with its first comments where those are asked for, too.
    pub(crate) async fn description(&self, ticket: &Arc<Ticket>) -> Result<Option<Arc<Comment>>> {
        let first = self.first_comments(ticket, 1).await?.into_iter().next();
        match first.filter(|comment| comment.id == ticket.description) {
            Some(comment) => Ok(Some(comment)),
            // A merge brought older comments along, or it was withdrawn.
            None => self.comment(ticket.description).await,
        }
    }

    pub(crate) async fn category(&self, id: CategoryId) -> Result<Option<Arc<Category>>> {
        Ok(self.categories().await?.iter().find(|category| category.id == id).cloned().map(Arc::new))
    }

    /// How many tickets of a category the viewer may see.
    pub(crate) async fn tickets_in(&self, id: CategoryId) -> Result<i64> {
        Ok(Box::pin(self.tickets_in.get(id)).await?.unwrap_or_default())
    }

    /// The earlier texts of a comment, the oldest first.
    pub(crate) async fn versions(&self, id: CommentId) -> Result<Arc<Vec<CommentVersion>>> {
        Ok(Box::pin(self.versions.get(id)).await?.unwrap_or_default())
    }

    /// How a delivery was tried, in order.
    pub(crate) async fn attempts(&self, id: DeliveryId) -> Result<Arc<Vec<Attempt>>> {
        Ok(Box::pin(self.attempts.get(id)).await?.unwrap_or_default())
    }

    /// The webhook, for those who may read webhooks.
    pub(crate) async fn webhook(&self, id: WebhookId) -> Result<Option<Arc<Webhook>>> {
        Box::pin(self.webhooks.get(id)).await
    }

    /// All categories in their order, out of the engine's cache.
    pub(crate) async fn categories(&self) -> Result<Arc<Vec<Category>>> {
        self.reader.engine.categories(&self.reader.actor).await
    }
}

/// What the loaders ask, and on whose behalf.
#[derive(Clone)]
struct Reader {
    engine: Engine,
    actor: Arc<Actor>,
}

impl Load<UserId, Arc<User>> for Reader {
    async fn load(&self, keys: Vec<UserId>) -> Result<HashMap<UserId, Arc<User>>> {
        let found = self.engine.users_by_ids(&self.actor, &keys).await?;
        Ok(found.into_iter().map(|user| (user.id, user)).collect())
    }
}

impl Load<UserId, Arc<Vec<Identity>>> for Reader {
    async fn load(&self, keys: Vec<UserId>) -> Result<HashMap<UserId, Arc<Vec<Identity>>>> {
        let all = self.engine.identities(&self.actor, &keys).await?;
        Ok(gathered(all.into_iter().map(|identity| (identity.user, identity))))
    }
}

impl Load<TicketId, Arc<Ticket>> for Reader {
    async fn load(&self, keys: Vec<TicketId>) -> Result<HashMap<TicketId, Arc<Ticket>>> {
        let found = self.engine.tickets_by_ids(&self.actor, &keys).await?;
        Ok(found.into_iter().map(|ticket| (ticket.id, ticket)).collect())
    }
}

impl Load<CommentId, Arc<Comment>> for Reader {
    async fn load(&self, keys: Vec<CommentId>) -> Result<HashMap<CommentId, Arc<Comment>>> {
        let found = self.engine.comments_by_ids(&self.actor, &keys).await?;
        Ok(found.into_iter().map(|comment| (comment.id, Arc::new(comment))).collect())
    }
}

impl Load<FirstComments, Vec<Arc<Comment>>> for Reader {
    /// One statement for each page size that was asked for, which is one in any sensible query: a ticket's description
    /// comes out of its page of comments.
    async fn load(&self, keys: Vec<FirstComments>) -> Result<HashMap<FirstComments, Vec<Arc<Comment>>>> {
        let mut largest: HashMap<TicketId, (&Arc<Ticket>, usize)> = HashMap::new();
        for key in &keys {
            let asked = largest.entry(key.ticket.id).or_insert((&key.ticket, key.each));
            asked.1 = asked.1.max(key.each);
        }
        let mut sizes: HashMap<usize, Vec<Arc<Ticket>>> = HashMap::new();
        for (ticket, each) in largest.into_values() {
            sizes.entry(each).or_default().push(ticket.clone());
        }
        let mut comments: HashMap<TicketId, Vec<Arc<Comment>>> = HashMap::new();
        for (each, tickets) in sizes {
            for comment in self.engine.comments_of_seen(&self.actor, &tickets, each).await? {
                comments.entry(comment.ticket).or_default().push(Arc::new(comment));
            }
        }
        let part =
            |key: &FirstComments| comments.get(&key.ticket.id).map(|all| all.iter().take(key.each).cloned().collect());
        Ok(keys.iter().filter_map(|key| Some((key.clone(), part(key)?))).collect())
    }
}

impl Load<CategoryId, i64> for Reader {
    async fn load(&self, _keys: Vec<CategoryId>) -> Result<HashMap<CategoryId, i64>> {
        let counted = self.engine.statistics(&self.actor, StatisticsQuery::default()).await?;
        Ok(counted.by_category.into_iter().filter_map(|(category, count)| Some((category?, count))).collect())
    }
}

impl Load<CommentId, Arc<Vec<CommentVersion>>> for Reader {
    async fn load(&self, keys: Vec<CommentId>) -> Result<HashMap<CommentId, Arc<Vec<CommentVersion>>>> {
        Ok(gathered(self.engine.comment_versions(&self.actor, &keys).await?))
    }
}

impl Load<DeliveryId, Arc<Vec<Attempt>>> for Reader {
    async fn load(&self, keys: Vec<DeliveryId>) -> Result<HashMap<DeliveryId, Arc<Vec<Attempt>>>> {
        let tried = self.engine.delivery_attempts(&self.actor, &keys).await?;
        Ok(gathered(tried.into_iter().map(|attempt| (attempt.delivery, attempt))))
    }
}

impl Load<WebhookId, Arc<Webhook>> for Reader {
    async fn load(&self, keys: Vec<WebhookId>) -> Result<HashMap<WebhookId, Arc<Webhook>>> {
        let all = match self.engine.webhooks(&self.actor).await {
            // To whoever may not read them, there are none.
            Err(Error::Forbidden { .. }) => Vec::new(),
            all => all?,
        };
        Ok(all.into_iter().filter(|one| keys.contains(&one.id)).map(|one| (one.id, Arc::new(one))).collect())
    }
}

/// What belongs to each, in its order.
fn gathered<K: Eq + Hash, V>(all: impl IntoIterator<Item = (K, V)>) -> HashMap<K, Arc<Vec<V>>> {
    let mut found: HashMap<K, Vec<V>> = HashMap::new();
    for (key, value) in all {
        found.entry(key).or_default().push(value);
    }
    found.into_iter().map(|(key, all)| (key, Arc::new(all))).collect()
}
