//! The process ends in the middle of its work, the database hangs up, or somebody has locked it: what was acknowledged is
//! there, once, the store is whole, and nobody waits for ever.

use crate::house::{House, caller, each_backend, soon};
use engine::{Engine, Options};
use futures_util::future::{join_all, try_join_all};
use model::Actor;
use model::command::OpenTicket;
use model::people::Role;
use model::query::{Page, TicketFilter};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use store::db::Sql;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Writes with a hundred tasks until `enough` are acknowledged, then ends the runtime under them.
fn crash(options: &Options, by: &engine::Caller, round: usize, acknowledged: &Arc<Mutex<Vec<(i64, String)>>>) {
    let runtime = runtime();
    let engine = runtime.block_on(Engine::start(options.clone())).unwrap();
    let (told, mut enough) = tokio::sync::mpsc::unbounded_channel();
    for task in 0..100 {
        let (engine, by, acknowledged, told) = (engine.clone(), by.clone(), acknowledged.clone(), told.clone());
        runtime.spawn(async move {
            for n in 0.. {
                let title = format!("r{round}t{task}n{n}");
                let ticket = engine.open_ticket(&by, OpenTicket::new(title.clone(), "d")).await.unwrap();
                acknowledged.lock().unwrap().push((ticket.id.0, title));
                told.send(()).ok();
            }
        });
    }
    runtime.block_on(async {
        for _ in 0..(60 + round * 37) {
            enough.recv().await.unwrap();
        }
    });
    drop(engine);
    runtime.shutdown_background();
}

#[test]
fn what_was_acknowledged_survives_and_happened_once() {
    for postgres in [false, true] {
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let keeper = runtime();
        let house = keeper.block_on(House::open_with(postgres, |_| {}));
        let alice = caller(&keeper.block_on(house.person("alice", Role::User)));
        keeper.block_on(house.engine.close());
        for round in 0..3 {
            house.clock.advance(60_000);
            crash(&house.options, &alice, round, &acknowledged);
        }
        let engine = keeper.block_on(Engine::start(house.options.clone())).unwrap();
        keeper.block_on(async {
            let mut titles = BTreeSet::new();
            let acknowledged = acknowledged.lock().unwrap().clone();
            for (id, title) in acknowledged {
                let ticket = engine.ticket(&Actor::System("t"), model::id::TicketId(id)).await.unwrap();
                assert_eq!(ticket.title.as_str(), title);
                assert!(titles.insert(title), "twice");
            }
            let rows = house.count("SELECT COUNT(*) FROM tickets").await;
            assert_eq!(rows, house.count("SELECT COUNT(DISTINCT title) FROM tickets").await, "nothing happened twice");
            assert_eq!(rows, house.count("SELECT COUNT(*) FROM comments").await);
            assert_eq!(rows, house.count("SELECT ticket - 100000 FROM counters").await, "no id was skipped");
            assert_eq!(rows + 1, house.count("SELECT COUNT(*) FROM events").await);
            assert_eq!(rows + 1, house.count("SELECT event FROM counters").await);
            assert_eq!(engine.count_tickets(&Actor::System("t"), &TicketFilter::default()).await.unwrap(), rows);
            let found = TicketFilter { search: Some("r2t5n0".into()), ..TicketFilter::default() };
            let slice = engine
                .tickets(&Actor::System("t"), &found, model::query::Sort::default(), &Page::first(5))
                .await
                .unwrap();
            assert!(slice.items.len() <= 1);
            if !postgres {
                let store = house.store().await;
                let mut conn = store.read().await.unwrap();
                let told = conn.find(Sql::new("PRAGMA integrity_check"), |c| c.text()).await.unwrap();
                assert_eq!(told.as_deref(), Some("ok"));
            }
            engine.close().await;
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_hung_up_is_found_again() {
    let house = House::open(true).await;
    let alice = caller(&house.person("alice", Role::User).await);
    let ask = || house.engine.due_deliveries();
    join_all((0..64).map(|_| ask())).await.into_iter().for_each(|asked| assert_eq!(asked.unwrap(), 0));
    // As a restart does it.
    let store = house.store().await;
    let hang_up = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
    // The one that listens, and those that were lent: how many of them there are is a matter of luck.
    assert!(store.read().await.unwrap().int(Sql::new(hang_up)).await.unwrap() > 1);
    // Whoever meets the first dead connection hears of it, and nobody else.
    let mut failed = 0;
    for _ in 0..8 {
        failed += i32::from(ask().await.is_err());
    }
    assert!(failed <= 1, "{failed} of 8 questions failed");
    let ticket = house.ticket(&alice, "after it").await;
    assert_eq!(house.get(ticket.id).await.title, ticket.title);
    store.close().await;
    house.engine.close().await;
}

/// Whoever has the write lock may wait for readers: what opens one must not wait for the lock.
#[tokio::test(flavor = "multi_thread")]
async fn readers_are_opened_while_somebody_writes() {
    each_backend(|house| async move {
        let store = house.store().await;
        let batch = store.begin().await.unwrap();
        let readers = soon(try_join_all((0..4).map(|_| store.read()))).await.unwrap();
        drop(readers);
        batch.rollback().await.unwrap();
        store.close().await;
        house.engine.close().await;
    })
    .await;
}
