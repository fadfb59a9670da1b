//! Backups: from either database into the other, whole, and the log begins another life.

use crate::house::{House, START, caller, each_backend};
use crate::rebuild::tables;
use engine::Engine;
use model::Actor;
use model::command::{AddComment, OpenTicket};
use model::people::{Channel, Role};
use model::query::{EventFilter, TicketFilter};
use std::sync::{Arc, Mutex};
use store::db::Sql;

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_one_database_is_restored_into_the_other() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let alice = caller(&house.person("alice", Role::User).await);
        engine.first_admin(None, Some("a long password")).await.unwrap();
        for n in 0..40 {
            let mut open = OpenTicket::new(format!("票 {n} \"quoted\" \\ back"), "内容 body\nwith lines\u{1f600}");
            open.tags = vec![format!("t{}", n % 3)];
            let id = engine.open_ticket(&alice.clone().keyed(Some(format!("key{n}"))), open).await.unwrap().id;
            engine.add_comment(&alice, id, AddComment::public(format!("说 {n}"))).await.unwrap();
        }
        engine.store_inbound(Channel::Email, (0..=255).collect(), Some("192.0.2.1".into())).await.unwrap();
        let cursor = engine.cursor().to_string();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let into = lines.clone();
        // While it is in use.
        let writing = engine.open_ticket(&alice, OpenTicket::new("meanwhile", "d"));
        let copying = engine.backup(move |line| {
            into.lock().unwrap().push(line.to_owned());
            Ok(())
        });
        let (written, rows) = tokio::join!(writing, copying);
        written.unwrap();
        let lines = lines.lock().unwrap().clone();
        let names = store::backup::tables().len() as u64;
        assert_eq!(rows.unwrap() + names, lines.len() as u64);
        let fresh = House::open(house.options.store.url.starts_with("sqlite")).await;
        let feed = || lines.clone().into_iter().map(Ok);
        // A damaged one changes nothing.
        let damaged = lines.iter().take(lines.len() / 2).cloned().chain(["[1,2".to_owned()]).map(Ok);
        assert!(fresh.engine.restore(damaged).await.is_err());
        assert_eq!(fresh.count("SELECT COUNT(*) FROM users").await, 0);
        fresh.engine.restore(feed()).await.unwrap();
        fresh.engine.close().await;
        let (a, b) = (fresh.store().await, house.store().await);
        let (restored, original) = (tables(&a).await, tables(&b).await);
        let copied: Vec<&String> = lines.iter().filter(|l| l.starts_with('[')).collect();
        for (name, rows) in &restored {
            if name == "meta" {
                assert_ne!(rows, &original[name], "another life of the log");
            } else {
                assert!(rows.iter().all(|r| copied.contains(&r)), "{name}");
            }
        }
        assert_eq!(restored.values().map(Vec::len).sum::<usize>(), copied.len());
        for name in ["users", "settings", "categories", "inbound", "idempotency"] {
            let (got, want) = (restored.get(name), original.get(name));
            assert!(got == want || name == "idempotency", "{name}");
        }
        a.close().await;
        b.close().await;
        let again = Engine::start(fresh.options.clone()).await.unwrap();
        let refused = again.events(&Actor::System("t"), Some(&cursor), EventFilter::default()).await.err().unwrap();
        assert_eq!(refused.code(), "RESYNC_REQUIRED");
        let search = TicketFilter { search: Some("内容".into()), ..TicketFilter::default() };
        assert_eq!(again.count_tickets(&Actor::System("t"), &search).await.unwrap(), 0, "the index is not copied");
        let mut last = (0, 0);
        let done = again.reindex(|n, of| last = (n, of)).await.unwrap();
        assert_eq!((last.0, last.1), (done, done));
        assert_eq!(again.count_tickets(&alice.actor, &search).await.unwrap(), 40);
        // It goes on where it stopped: no number is given twice, and a key is still known.
        let before = again.count_tickets(&Actor::System("t"), &TicketFilter::default()).await.unwrap();
        let next = again.open_ticket(&alice, OpenTicket::new("next", "d")).await.unwrap();
        assert_eq!(next.id.0, 100_001 + before);
        assert!(again.restore(feed()).await.is_err(), "the store isn't empty any more");
        assert!(again.engine_works(&alice).await);
        assert!(engine.now() >= START);
        again.close().await;
        house.engine.close().await;
    })
    .await;
}

/// That the writer lives on after a refused restore.
trait Works {
    async fn engine_works(&self, by: &engine::Caller) -> bool;
}

impl Works for Engine {
    async fn engine_works(&self, by: &engine::Caller) -> bool {
        self.open_ticket(by, OpenTicket::new("works", "d")).await.is_ok()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_and_column_is_in_the_backup() {
    each_backend(|house| async move {
        let store = house.store().await;
        let mut conn = store.read().await.unwrap();
        let (tables, columns) = if conn.is_postgres() {
            (
                "SELECT table_name::TEXT FROM information_schema.tables WHERE table_schema = 'public'",
                "SELECT column_name::TEXT FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1",
            )
        } else {
            ("SELECT name FROM sqlite_master WHERE type = 'table'", "SELECT name FROM pragma_table_info($1)")
        };
        let mut there = conn.list(Sql::new(tables), |c| c.text()).await.unwrap();
        there.retain(|name| !name.starts_with("_sqlx") && !name.starts_with("search") && !name.starts_with("sqlite"));
        // Counts of the current minute are nothing to keep.
        there.retain(|name| name != "rate_limits");
        there.sort();
        let mut copied: Vec<String> = store::backup::tables().into_iter().map(str::to_owned).collect();
        copied.sort();
        assert_eq!(there, copied);
        let mut heads = Vec::new();
        let line = |line: &str| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            if let (Some(table), Some(columns)) = (value.get("table"), value.get("columns")) {
                heads.push((table.as_str().unwrap().to_owned(), columns.as_str().unwrap().to_owned()));
            }
            Ok(())
        };
        store::backup::copy(store.read().await.unwrap(), line).await.unwrap();
        for (table, named) in heads {
            let mut there = conn.list(Sql::new(columns).bind(&table), |c| c.text()).await.unwrap();
            let mut named: Vec<String> = named.split(", ").map(str::to_owned).collect();
            there.sort();
            named.sort();
            assert_eq!(there, named, "{table}");
        }
        drop(conn);
        store.close().await;
        house.engine.close().await;
    })
    .await;
}
