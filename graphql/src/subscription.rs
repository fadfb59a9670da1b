//! Streams: what happened after a cursor, then what happens, without a gap and without a repetition.
//!
//! The engine replays, goes live, and checks for every event whether the viewer may see it. Each item's place in the log
//! is its `cursor`, and `extensions.cursor` of the answer that carries it. Without `after`, a stream goes on from where a
//! reconnecting client was (`Last-Event-ID`), or starts now.

use crate::context::{Call, ResumeAfter};
use crate::cost::Placed;
use crate::error::{Fail, Result};
use crate::event::Event;
use crate::filter::{EventFilterInput, TicketFilterInput};
use crate::inbox::{InboxItem, Watch};
use crate::node::read;
use crate::operations::Notification;
use crate::quick::InOrder;
use crate::scalars::Cursor;
use async_graphql::{Context, ID, Subscription as Streams};
use engine::Engine;
use futures_util::stream::{BoxStream, Stream, StreamExt};
use model::event::Recorded;
use model::id::TicketId;
use model::query::EventFilter;
use std::sync::Arc;

/// What can be listened to.
pub struct Subscription;

type Items<T> = BoxStream<'static, Result<Placed<T>>>;

/// What can be listened to. Each answer says in `extensions.cursor` where in the event log it is.
#[Streams]
impl Subscription {
    /// Everything that happens and that you may see.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "After this place; `\"0\"` is the beginning of what is kept. From now on if nothing is said."
        )]
        after: Option<Cursor>,
        #[graphql(desc = "Which events.")] filter: Option<EventFilterInput>,
    ) -> Result<impl Stream<Item = Result<Placed<InOrder<Event>>>> + use<>> {
        let filter = filter.unwrap_or_default().read()?;
        listen(ctx, after, filter).await
    }

    /// Everything that happens to one ticket. Select `ticket` to get it as it is after each event.
    async fn ticket(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ticket.")] id: ID,
        #[graphql(desc = "After this place. From now on if nothing is said.")] after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Result<Placed<InOrder<Event>>>> + use<>> {
        let call = Call::of(ctx)?;
        let id: TicketId = read("id", &id)?;
        // One that you may not know of is not found, rather than silent.
        call.engine.ticket(call.actor(), id).await?;
        listen(ctx, after, EventFilter { tickets: vec![id], types: Vec::new() }).await
    }

    /// Tells when tickets come into a list, change within it, and leave it.
    #[graphql(complexity = "10 + child_complexity")]
    async fn inbox(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which tickets the list has.")] filter: Option<TicketFilterInput>,
        #[graphql(desc = "After this place: `asOf` of the list that is shown. From now on if nothing is said.")]
        after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Result<Placed<InboxItem>>> + use<>> {
        let filter = filter.unwrap_or_default().read()?;
        let call = Call::of(ctx)?;
        let watch = Arc::new(Watch { engine: call.engine.clone(), actor: call.actor().clone(), filter });
        let events = events(ctx, after, EventFilter::default()).await?;
        let items: Items<InboxItem> = events
            .filter_map(move |event| {
                let watch = watch.clone();
                async move { watch.look(event).await.transpose() }
            })
            .boxed();
        Ok(items)
    }

    /// What you are told of, from now on.
    async fn notifications(
        &self,
        ctx: &Context<'_>,
    ) -> Result<impl Stream<Item = Result<Placed<Notification>>> + use<>> {
        let call = Call::of(ctx)?;
        let engine = call.engine.clone();
        let notices = call.engine.notification_stream(call.actor()).await?;
        let items: Items<Notification> = notices
            .map(move |notice| {
                let notice = notice?;
                Ok(Placed { cursor: engine.cursor_of(notice.seq).into(), item: Notification(notice) })
            })
            .boxed();
        Ok(items)
    }
}

async fn listen(ctx: &Context<'_>, after: Option<Cursor>, filter: EventFilter) -> Result<Items<InOrder<Event>>> {
    let engine = Call::of(ctx)?.engine.clone();
    let events = events(ctx, after, filter).await?;
    Ok(events.map(move |event| Ok(placed(&engine, event?))).boxed())
}

fn placed(engine: &Engine, event: Arc<Recorded>) -> Placed<InOrder<Event>> {
    Placed { cursor: engine.cursor_of(event.seq).into(), item: InOrder(Event(event)) }
}

async fn events(
    ctx: &Context<'_>,
    after: Option<Cursor>,
    filter: EventFilter,
) -> Result<BoxStream<'static, Result<Arc<Recorded>, Fail>>> {
    let call = Call::of(ctx)?;
    let resumed = || ctx.data_opt::<ResumeAfter>().map(|seen| seen.0.clone());
    let after = after.map(|cursor| cursor.0).or_else(resumed);
    let events = call.engine.events(call.actor(), after.as_deref(), filter).await?;
    Ok(events.map(|event| event.map_err(Fail)).boxed())
}
