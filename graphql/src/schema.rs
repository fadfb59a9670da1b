//! The schema twice over the same types: one that examines a document before it runs it, and one that runs what was examined.
//!
//! Examining (is it valid, what does it cost) takes longer than running a small query, and async-graphql makes every field
//! slower for an extension to look on. So the account of an operation is kept: the same document with variables that
//! could not change its account runs on the plain schema, and is answered the same. What lasts until the next commit is
//! answered with the text that it was answered with before.

use crate::alike::{self, Alike};
use crate::cost::{Account, Cost, Slot};
use crate::known;
use crate::lasting::{self, Passing};
use crate::mutation::Mutation;
use crate::order::Order;
use crate::query::Query;
use crate::subscription::Subscription;
use async_graphql::{Data, Executor, Request, Response, SchemaBuilder, ValidationMode, Value};
use engine::{Answers, Engine};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use moka::sync::Cache;
use std::sync::Arc;

/// What the accounts that are kept may come to, in bytes.
const ACCOUNTS: u64 = 4 << 20;
/// What one needs, with the order of its fields: so many bytes for each byte of its key, and for itself.
const EACH: usize = 8;
const ACCOUNT: usize = 256;
/// What answers that last may come to, with what they are kept by, in bytes.
const ANSWERS: usize = 8 << 20;

type Types = async_graphql::Schema<Query, Mutation, Subscription>;

/// The schema. Clones are the same schema.
#[derive(Clone)]
pub struct Schema {
    examining: Types,
    plain: Types,
    accounts: Cache<String, Known>,
    answers: Arc<Answers<String, Value>>,
    alike: Arc<Alike>,
    engine: Engine,
    limits: Cost,
}

/// What is known of an operation that was examined.
#[derive(Clone)]
struct Known {
    account: Account,
    lasts: bool,
    order: Arc<Order>,
}

impl Schema {
    pub(crate) fn new(
        engine: Engine,
        build: impl Fn() -> SchemaBuilder<Query, Mutation, Subscription>,
        limits: Cost,
    ) -> Self {
        let weight = |key: &String, _: &Known| u32::try_from(EACH * key.len() + ACCOUNT).unwrap_or(u32::MAX);
        let accounts = Cache::builder().weigher(weight);
        Self {
            examining: build().extension(limits).finish(),
            plain: build().validation_mode(ValidationMode::Fast).finish(),
            accounts: accounts.max_capacity(ACCOUNTS).build(),
            answers: Arc::new(Answers::new(ANSWERS)),
            alike: Arc::default(),
            engine,
            limits,
        }
    }

    /// Runs a query or mutation.
    ///
    /// Not generic, and boxed here: a caller that held the future itself would compile all resolvers once more.
    pub fn execute(&self, request: Request) -> BoxFuture<'_, Response> {
        Box::pin(self.run(request))
    }

    async fn run(&self, mut request: Request) -> Response {
        let key = known::key(&mut request);
        if let Some(known) = key.as_ref().and_then(|key| self.accounts.get(key)) {
            let asked = if known.lasts { lasting::asked(&request) } else { None };
            let response = match asked {
                Some(asked) => self.lasting(request, asked, &known).await,
                None => self.plainly(request, &known).await,
            };
            return known.account.stated(response, self.limits);
        }
        let (slot, lasts, order) = (Slot::default(), lasting::lasts(&mut request), Order::of(&mut request));
        let mut response = self.examining.execute(request.data(slot.clone())).await;
        order.put(&mut response.data);
        if let (Some(key), Some(account)) = (key, slot.account()) {
            self.accounts.insert(key, Known { account, lasts, order: Arc::new(order) });
        }
        response
    }

    fn plainly<'a>(&'a self, request: Request, known: &'a Known) -> BoxFuture<'a, Response> {
        Box::pin(async {
            let mut response = self.plain.execute(request).await;
            known.order.put(&mut response.data);
            response
        })
    }

    /// The answer that was given since the last commit, or else a new one, to be kept if it may be.
    async fn lasting(&self, request: Request, asked: String, known: &Known) -> Response {
        let Ok(Some(now)) = self.engine.settled().await else { return self.plainly(request, known).await };
        if let Some(text) = self.answers.known(now, &asked) {
            return Response::new(text);
        }
        let passing = Passing::default();
        let response = self.plainly(request.data(passing.clone()), known).await;
        if let Some(text) = passing.text(&response) {
            let size = asked.len() + text.len();
            self.answers.keep(now, asked, size, Value::Binary(text.into()));
        }
        response
    }

    /// Runs anything, a subscription too.
    pub fn execute_stream(&self, request: Request) -> BoxStream<'static, Response> {
        Executor::execute_stream(self, request, None)
    }
}

impl Executor for Schema {
    fn execute(&self, request: Request) -> impl Future<Output = Response> + Send {
        Self::execute(self, request)
    }

    fn execute_stream(&self, mut request: Request, session: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        let order = Arc::new(Order::of(&mut request));
        if let Some(line) = self.alike.line(&mut request, &order) {
            let responses = Executor::execute_stream(&self.examining, request.data(line), session);
            let as_text = responses.map(move |mut response| {
                alike::around(&mut response);
                response
            });
            return as_text.boxed();
        }
        let responses = Executor::execute_stream(&self.examining, request, session);
        let in_order = responses.map(move |mut response| {
            order.put(&mut response.data);
            response
        });
        in_order.boxed()
    }
}
