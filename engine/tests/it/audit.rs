//! The audit log: nothing that is noted is lost, everything can be found, and what is old goes.

use crate::house::{House, actor, caller, each_backend};
use engine::{Act, AuditFilter, Caller, CleanupTask, Numbers, act_of};
use model::Actor;
use model::id::UserId;
use model::people::Role;
use model::query::Page;
use model::time::{DAY, HOUR};
use store::db::Sql;

fn act(by: &Actor, method: &str, path: &str, status: i64) -> Act {
    Act {
        action: format!("{method} {path}"),
        method: method.into(),
        path: path.into(),
        status,
        client_ip: Some("192.0.2.7".into()),
        latency_ms: 3,
        ..act_of(by)
    }
}

fn all() -> Numbers {
    Numbers { skip: 0, limit: 100 }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_noted_is_found_by_every_filter() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let root = house.person("root", Role::Admin).await;
        let alice = house.person("alice", Role::User).await;
        let (root, alice) = (caller(&root).actor, caller(&alice).actor);
        let began = engine.now();
        engine.note(act(&root, "POST", "/api/admin/users", 201)).await;
        engine.note(act(&root, "PUT", "/api/admin/configs/site_name", 422)).await;
        house.clock.advance(HOUR);
        engine.note(act(&alice, "POST", "/v1/tickets", 201)).await;
        engine.note(act(&Actor::Anonymous, "POST", "/api/auth/login", 401)).await;
        let refused: model::Result<()> = engine
            .noted(&Caller::system("cli"), "CLI", "echodesk user create", async {
                Err(model::Error::conflict("email", "x"))
            })
            .await;
        assert!(refused.is_err(), "noting changes nothing of the answer");
        let paths = async |filter: AuditFilter| -> Vec<String> {
            let found = engine.audit_numbered(&root, filter, all()).await.unwrap();
            assert_eq!(found.total, found.items.len() as i64);
            found.items.into_iter().map(|line| line.act.path).collect()
        };
        let none = AuditFilter::default;
        let every = [
            "echodesk user create",
            "/api/auth/login",
            "/v1/tickets",
            "/api/admin/configs/site_name",
            "/api/admin/users",
        ];
        assert_eq!(paths(none()).await, every);
        let of = |user: &Actor| AuditFilter { user: user.user(), ..none() };
        assert_eq!(paths(of(&alice)).await, ["/v1/tickets"]);
        assert_eq!(paths(AuditFilter { role: Some(Role::Admin), ..none() }).await.len(), 2);
        assert_eq!(paths(AuditFilter { method: Some("put".into()), ..none() }).await.len(), 1);
        assert_eq!(paths(AuditFilter { status: Some(201), ..none() }).await.len(), 2);
        assert_eq!(paths(AuditFilter { status: Some(409), ..none() }).await, ["echodesk user create"]);
        for (word, n) in
            [("ALICE", 1), ("configs", 1), ("cli", 1), ("post /api", 2), ("%", 0), ("_users", 0), ("\\", 0)]
        {
            let found = paths(AuditFilter { keyword: Some(word.into()), ..none() }).await;
            assert_eq!(found.len(), n, "{word}: {found:?}");
        }
        let early = AuditFilter { to: Some(began), ..none() };
        assert_eq!(paths(early).await.len(), 2);
        assert_eq!(paths(AuditFilter { from: Some(began.plus(1)), ..none() }).await.len(), 3);
        let lines = engine.audit_numbered(&root, of(&alice), all()).await.unwrap().items;
        let line = &lines[0];
        assert_eq!((line.act.username.as_deref(), line.act.role), (Some("alice"), Some(Role::User)));
        assert_eq!(
            (line.act.client_ip.as_deref(), line.act.latency_ms, line.succeeded()),
            (Some("192.0.2.7"), 3, true)
        );
        // By place, both ways.
        let first = engine.audit_log(&root, none(), &Page::first(2)).await.unwrap();
        assert!(first.has_next && !first.has_previous);
        let after = first.items.last().map(|(place, _)| *place);
        let rest = engine.audit_log(&root, none(), &Page { after, ..Page::first(10) }).await.unwrap();
        assert_eq!(rest.items.len(), 3);
        let before = rest.items.first().map(|(place, _)| *place);
        let back = Page { before, backward: true, ..Page::first(10) };
        let back: Vec<_> =
            engine.audit_log(&root, none(), &back).await.unwrap().items.into_iter().map(|i| i.1).collect();
        assert_eq!(back, first.items.into_iter().map(|i| i.1).collect::<Vec<_>>());
        assert!(engine.audit_numbered(&alice, none(), all()).await.is_err());
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orderly_end_loses_nothing_and_two_processes_share_the_table() {
    each_backend(|house| async move {
        let root = caller(&house.person("root", Role::Admin).await).actor;
        let other = house.second().await;
        // More than the queue holds: those who note wait.
        let noting = |engine: engine::Engine, who: i64| {
            let by = actor(UserId(who), Role::Admin);
            async move {
                for n in 0..3_000 {
                    engine.note(act(&by, "POST", &format!("/{who}/{n}"), 200)).await;
                }
            }
        };
        tokio::join!(noting(house.engine.clone(), 1), noting(other.clone(), 1), noting(house.engine.clone(), 1));
        let found = other.audit_numbered(&root, AuditFilter::default(), Numbers { skip: 0, limit: 1 }).await.unwrap();
        assert!(found.total >= 3_000, "a reader sees what their own process noted: {}", found.total);
        house.engine.close().await;
        other.close().await;
        assert_eq!(house.count("SELECT COUNT(*) FROM audit").await, 9_000);
        assert_eq!(house.count("SELECT MAX(id) FROM audit").await, 9_000);
        // What comes after the end is refused quietly.
        house.engine.note(act(&root, "POST", "/late", 200)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_cannot_be_written_delays_and_loses_nothing() {
    let house = House::open(false).await;
    let root = caller(&house.person("root", Role::Admin).await).actor;
    house.sql(Sql::new("ALTER TABLE audit RENAME TO hidden")).await;
    house.engine.note(act(&root, "POST", "/a", 200)).await;
    assert!(house.engine.audit_numbered(&root, AuditFilter::default(), all()).await.is_err());
    house.sql(Sql::new("ALTER TABLE hidden RENAME TO audit")).await;
    house.engine.close().await;
    assert_eq!(house.count("SELECT COUNT(*) FROM audit").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_kept_for_as_long_as_the_setting_says() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let root = caller(&house.person("root", Role::Admin).await);
        for day in 0..3 {
            engine.note(act(&root.actor, "POST", &format!("/{day}"), 200)).await;
            house.clock.advance(DAY);
        }
        let left = async || engine.audit_numbered(&root.actor, AuditFilter::default(), all()).await.unwrap().total;
        assert_eq!(left().await, 3);
        house.clock.advance(363 * DAY);
        let forgotten = async || engine.clean_up(&root, CleanupTask::AuditLogs).await.unwrap().forgotten;
        assert_eq!(forgotten().await, 1);
        engine.change_setting(&root, "audit_keep_days".into(), Some(364.into())).await.unwrap();
        assert_eq!(forgotten().await, 1);
        assert_eq!(left().await, 1);
        engine.close().await;
    })
    .await;
}
