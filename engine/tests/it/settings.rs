//! Settings that act at once, on every process, whatever they touch; and accounts changed in one go.

use crate::house::{House, caller, each_backend, soon};
use engine::{AccountEdit, Caller, NewUser, Numbers, SignIn};
use model::category::CategoryForm;
use model::command::{ChangeSetting, Command, Edit, EditCategory, OpenTicket};
use model::people::{ProfileInput, Role, UserStatus};
use model::query::{Direction, UserFilter, UserSort, UserSortBy};
use model::ticket::{Priority, Status};
use model::time::HOUR;
use model::{Actor, Error};
use serde_json::json;
use std::sync::atomic::Ordering;
use store::db::Sql;

fn set(key: &str, value: serde_json::Value) -> ChangeSetting {
    ChangeSetting { key: key.into(), value: Edit::Set(Some(value)), ..ChangeSetting::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_acts_at_once_and_a_reset_takes_it_back() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let root = caller(&house.person("root", Role::Admin).await);
        let alice = caller(&house.person("alice", Role::User).await);
        engine.change_config(&root, set("max_file_size", json!("10"))).await.unwrap();
        assert_eq!(engine.max_file_bytes().load(Ordering::Relaxed), 10);
        let upload = |bytes: &'static [u8]| engine.upload(&alice, "a.txt", None, bytes);
        assert!(matches!(upload(b"eleven byte").await, Err(Error::TooLarge { limit: 10, .. })));
        upload(b"ten bytes.").await.unwrap();
        engine.reset_config(&root, "max_file_size".into()).await.unwrap();
        upload(b"eleven byte").await.unwrap();

        engine.change_config(&root, set("sla_response_hours_high", json!(2))).await.unwrap();
        let open = OpenTicket { priority: Some(Priority::High), ..OpenTicket::new("t", "d") };
        let ticket = engine.open_ticket(&alice, open).await.unwrap();
        assert_eq!(ticket.response_due_at, ticket.created_at.plus(2 * HOUR));

        engine.change_config(&root, set("allow_registration", json!(false))).await.unwrap();
        let profile = ProfileInput { username: Some("newcomer".into()), ..ProfileInput::default() };
        let new =
            NewUser { profile, role: Role::User, status: UserStatus::Active, password: Some("a long password".into()) };
        assert!(matches!(engine.register(new.clone(), None, None).await, Err(Error::Forbidden { .. })));
        engine.change_config(&root, set("allow_registration", json!("true"))).await.unwrap();
        engine.register(new, None, None).await.unwrap();

        // The default of a description stands until one is written, and what is public can be read by anybody.
        let described = ChangeSetting {
            key: "site_name".into(),
            value: Edit::Keep,
            description: Edit::Set(Some("我们的名字".into())),
            ..ChangeSetting::default()
        };
        let named = engine.change_config(&root, described).await.unwrap();
        assert_eq!((named.value, named.description.as_deref()), (json!("工单管理系统"), Some("我们的名字")));
        let public = engine.public_configs();
        assert!(public.iter().any(|one| one.key == "site_name") && public.iter().all(|one| one.public));
        assert!(!public.iter().any(|one| one.key == "max_file_size"));
        engine.close().await;
        // Another process, later.
        let again = house.second().await;
        assert_eq!(
            again.config(&Actor::System("test"), "site_name").await.unwrap().description,
            Some("我们的名字".into())
        );
        assert_eq!(again.policy().sla.response.high, 2);
        again.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_values_are_refused_and_clients_keep_settings_of_their_own() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let root = caller(&house.person("root", Role::Admin).await);
        for (key, value) in [
            ("max_file_size", json!("a lot")),
            ("allow_registration", json!(3)),
            ("default_locale", json!("fr")),
            ("site_name", json!("")),
            ("auto_close_hours", json!(-1)),
        ] {
            let told = engine.change_config(&root, set(key, value)).await.unwrap_err();
            assert_eq!((told.code(), told.field()), ("INVALID", Some("value")), "{key}");
        }
        let unknown = engine.change_config(&root, set("theirs.colour", json!("red"))).await;
        assert_eq!(unknown.unwrap_err(), Error::not_found("setting"));
        let new = ChangeSetting { public: Some(true), ..set("theirs.count", json!(5)) };
        let made = engine.create_config(&root, new.clone()).await.unwrap();
        assert_eq!((made.kind.word(), made.public, made.known), ("integer", true, false));
        assert!(matches!(engine.create_config(&root, new).await, Err(Error::Conflict { .. })));
        assert!(matches!(engine.create_config(&root, set("site_name", json!("x"))).await, Err(Error::Conflict { .. })));
        // It keeps its type, whichever form a value comes in.
        assert_eq!(engine.change_config(&root, set("theirs.count", json!("7"))).await.unwrap().value, json!(7));
        assert!(engine.change_config(&root, set("theirs.count", json!("many"))).await.is_err());
        assert!(engine.public_configs().iter().any(|one| one.key == "theirs.count" && one.value == json!(7)));
        engine.reset_config(&root, "theirs.count".into()).await.unwrap();
        let gone = engine.reset_config(&root, "theirs.count".into()).await;
        assert_eq!(gone.unwrap_err(), Error::not_found("setting"));
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_processes_follow() {
    let house = House::open(true).await;
    let root = caller(&house.person("root", Role::Admin).await);
    let other = house.second().await;
    house.engine.change_config(&root, set("site_name", json!("别处"))).await.unwrap();
    soon(async {
        while other.policy().site_name != "别处" {
            tokio::task::yield_now().await;
        }
    })
    .await;
    house.engine.close().await;
    other.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resolved_tickets_close_by_the_hours_that_are_in_force() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let root = caller(&house.person("root", Role::Admin).await);
        let alice = caller(&house.person("alice", Role::User).await);
        let ticket = house.ticket(&alice, "t").await.id;
        house.status(ticket, Status::InProgress).await;
        house.status(ticket, Status::Resolved).await;
        // Sooner than what was meant when it was resolved.
        engine.change_config(&root, set("auto_close_hours", json!(2))).await.unwrap();
        house.clock.advance(2 * HOUR);
        engine.change_config(&root, set("auto_close_hours", json!(0))).await.unwrap();
        assert_eq!(engine.fire_timers().await.unwrap(), 0, "never");
        engine.change_config(&root, set("auto_close_hours", json!(3))).await.unwrap();
        assert_eq!(engine.fire_timers().await.unwrap(), 0, "not yet");
        house.clock.advance(HOUR);
        assert_eq!(engine.fire_timers().await.unwrap(), 1);
        assert_eq!(house.get(ticket).await.status, Status::Closed);
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn categories_that_tickets_have_are_only_put_out_of_use() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let sue = caller(&house.person("sue", Role::Supervisor).await);
        let bob = house.person("bob", Role::Agent).await;
        let alice = caller(&house.person("alice", Role::User).await);
        let form = |key: &str, parent| CategoryForm {
            key: key.into(),
            name: key.into(),
            description: None,
            color: None,
            icon: None,
            parent,
            sla_hours: Some(4),
            auto_assignee: Some(bob.id),
            active: true,
            sort_order: 0,
        };
        let above = engine.create_category(&sue, form("above", None)).await.unwrap();
        let below = engine.create_category(&sue, form("below", Some(above.id))).await.unwrap();
        assert!(matches!(engine.delete_category(&sue, above.id).await, Err(Error::Conflict { .. })));
        // Its own assignee and hours act when a ticket is opened.
        let category = Some(model::command::CategoryRef::Id(below.id));
        let ticket = engine.open_ticket(&alice, OpenTicket { category, ..OpenTicket::new("t", "d") }).await.unwrap();
        assert_eq!((ticket.assignee, ticket.status), (Some(bob.id), Status::Open));
        assert_eq!(ticket.resolution_due_at, ticket.created_at.plus(4 * HOUR));
        let counts = engine.category_counts(&sue.actor).await.unwrap();
        assert_eq!((counts.get(&below.id), counts.get(&above.id)), (Some(&1), None));
        assert_eq!(engine.category_counts(&caller(&bob).actor).await.unwrap().get(&below.id), Some(&1));
        let kept = engine.delete_category(&sue, below.id).await.unwrap().unwrap();
        assert!(!kept.form.active);
        let moved = EditCategory { parent: Edit::Set(None), ..EditCategory::default() };
        house.system(Command::EditCategory(below.id, Box::new(moved))).await;
        assert!(engine.delete_category(&sue, above.id).await.unwrap().is_none());
        let left = engine.categories(&alice.actor).await.unwrap();
        assert!(left.iter().all(|one| one.id != above.id) && left.iter().any(|one| one.id == below.id));
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_changes_whole_or_not_at_all() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let root_user = house.person("root", Role::Admin).await;
        let (root, sue) = (caller(&root_user), caller(&house.person("sue", Role::Supervisor).await));
        let alice = house.person("alice", Role::User).await;
        house.person("bob", Role::Agent).await;
        let named = |name: &str| ProfileInput { username: Some(name.into()), ..ProfileInput::default() };
        let edit = AccountEdit { profile: named("alicia"), role: Some(Role::Agent), ..AccountEdit::default() };
        let edit = AccountEdit { password: Some("another password".into()), ..edit };
        let changed = engine.edit_account(&root, alice.id, edit).await.unwrap();
        assert_eq!((changed.role, changed.profile.username.as_deref()), (Role::Agent, Some("alicia")));
        assert_eq!(changed.profile.email, alice.profile.email, "what is left out stays");
        let sign_in = SignIn { login: "alicia".into(), password: "another password".into(), ..SignIn::default() };
        engine.sign_in(sign_in).await.unwrap();
        // Refused for one part, nothing of it happens.
        let taken = AccountEdit { profile: named("bob"), role: Some(Role::User), ..AccountEdit::default() };
        assert_eq!(engine.edit_account(&root, alice.id, taken).await.unwrap_err().code(), "CONFLICT");
        let raised = AccountEdit { role: Some(Role::Admin), ..AccountEdit::default() };
        assert_eq!(engine.edit_account(&sue, alice.id, raised).await.unwrap_err().code(), "FORBIDDEN");
        assert_eq!(engine.account(&root.actor, alice.id).await.unwrap().0.role, Role::Agent);
        // Shutting it and giving it a password ends its session once.
        let shut = AccountEdit { status: Some(UserStatus::Suspended), ..AccountEdit::default() };
        let shut = AccountEdit { password: Some("a third password".into()), ..shut };
        engine.edit_account(&root, alice.id, shut).await.unwrap();
        assert_eq!(house.count("SELECT COUNT(*) FROM events WHERE type = 'session_ended'").await, 1);
        let own = AccountEdit { password: Some("my own password".into()), ..AccountEdit::default() };
        assert_eq!(engine.edit_account(&root, root_user.id, own).await.unwrap_err().code(), "FORBIDDEN");
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_accounts_is_counted_by_one_statement() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let sue = caller(&house.person("sue", Role::Supervisor).await);
        let bob = house.person("bob", Role::Agent).await;
        let mut people = Vec::new();
        for n in 0..6 {
            let one = house.person(&format!("u{n}"), Role::User).await;
            for t in 0..n {
                house.ticket(&caller(&one), &format!("t{t}")).await;
            }
            people.push(one);
        }
        let by_name = UserSort { by: UserSortBy::Username, direction: Direction::Ascending };
        let users = UserFilter { role: vec![Role::User], ..UserFilter::default() };
        let found = async |limit: usize| {
            let part = Numbers { skip: 1, limit };
            engine.accounts_numbered(&sue.actor, &users, by_name, part).await.unwrap()
        };
        let statements = async |limit: usize| house.statements(async || drop(found(limit).await)).await;
        let (few, all) = (found(2).await, found(100).await);
        assert_eq!((few.total, few.items.len(), all.items.len()), (6, 2, 5));
        assert_eq!(statements(2).await, statements(100).await);
        let counts: Vec<i64> = all.items.iter().map(|(_, tickets)| *tickets).collect();
        assert_eq!(counts, [1, 2, 3, 4, 5]);
        let ticket = house.ticket(&caller(&people[0]), "mine").await.id;
        house.assign(ticket, Some(bob.id)).await;
        house.status(ticket, Status::InProgress).await;
        house.status(ticket, Status::Resolved).await;
        let tally = async |id| engine.account(&sue.actor, id).await.unwrap().1;
        let (theirs, his) = (tally(people[0].id).await, tally(bob.id).await);
        assert_eq!((theirs.created, theirs.assigned, theirs.resolved), (1, 0, 1));
        assert_eq!((his.created, his.assigned, his.resolved), (0, 1, 1));
        assert!(engine.account(&Actor::Anonymous, bob.id).await.is_err());
        let _ = Caller::system("test");
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_are_changed_whole_or_not_at_all_and_what_means_nothing_is_put_back() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let root = caller(&house.person("root", Role::Admin).await);
        let sorted = ChangeSetting {
            category: Edit::Set(Some("theirs".into())),
            group: Edit::Set(Some("a".into())),
            ..set("theirs.flag", json!(true))
        };
        let several = vec![set("site_name", json!("x")), sorted, set("password_min_length", json!(8))];
        assert_eq!(engine.change_settings(&root, several.clone()).await.unwrap(), 2);
        assert_eq!(engine.change_settings(&root, several).await.unwrap(), 0, "it is so already");
        let flag = engine.config(&root.actor, "theirs.flag").await.unwrap();
        assert_eq!(
            (flag.value, flag.shelf.category.as_deref(), flag.shelf.group.as_deref()),
            (json!(true), Some("theirs"), Some("a"))
        );
        assert_eq!(engine.config(&root.actor, "site_name").await.unwrap().shelf.category.as_deref(), Some("system"));
        let bad = vec![set("site_name", json!("y")), set("max_file_size", json!("a lot")), set("batch", json!(1))];
        let told = engine.change_settings(&root, bad).await.unwrap_err().to_string();
        assert!(told.contains("[1] max_file_size") && told.contains("[2] batch") && !told.contains("[0]"), "{told}");
        assert_eq!(engine.policy().site_name, "x");

        // Of another version, or written by another hand: it means nothing, and is put back.
        let odd = Sql::new("INSERT INTO settings (key, value, updated_at) VALUES ('auto_close_hours', '\"soon\"', 0)");
        house.sql(odd).await;
        assert_eq!(engine.read_anew(&root.actor).await.unwrap(), 3);
        assert_eq!(engine.remembered(&root.actor).unwrap().settings, 3);
        assert_eq!(engine.policy().auto_close_hours, Some(168));
        assert_eq!(engine.restore_settings(&root).await.unwrap(), ["auto_close_hours"]);
        assert!(engine.restore_settings(&root).await.unwrap().is_empty());
        assert_eq!(house.count("SELECT COUNT(*) FROM settings").await, 2);
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_decides_next_decides_by_what_another_process_has_just_set() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let root = caller(&house.person("root", Role::Admin).await);
        let alice = caller(&house.person("alice", Role::User).await);
        let other = house.second().await;
        for hours in 1..=12_i64 {
            let id = house.ticket(&alice, &format!("t{hours}")).await.id;
            house.status(id, Status::InProgress).await;
            other.change_settings(&root, vec![set("auto_close_hours", json!(hours))]).await.unwrap();
            // Nobody has told this process yet.
            house.status(id, Status::Resolved).await;
            let due = Sql::new("SELECT next_timer_at FROM tickets WHERE id = $1").bind(id);
            let store = house.store().await;
            let due = store.read().await.unwrap().int(due).await.unwrap();
            store.close().await;
            assert_eq!(due, crate::house::START.plus(hours * HOUR).0);
        }
        // In one batch, too.
        let id = house.ticket(&alice, "last").await.id;
        house.status(id, Status::InProgress).await;
        let change = engine.change_settings(&root, vec![set("auto_close_hours", json!(99))]);
        let (changed, ()) = tokio::join!(change, house.status(id, Status::Resolved));
        changed.unwrap();
        let due = house.count("SELECT MAX(next_timer_at) FROM tickets WHERE title = 'last'").await;
        assert_eq!(due, crate::house::START.plus(99 * HOUR).0);
        other.close().await;
        engine.close().await;
    })
    .await;
}
