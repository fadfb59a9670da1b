//! Requests are counted by caller and minute, exactly by one process and closely enough by several.

use crate::house::{House, actor, each_backend};
use engine::{Engine, Rates, Standing};
use model::Actor;
use model::id::UserId;
use model::people::Role;
use std::net::IpAddr;
use store::db::Sql;

const HOME: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7)));

async fn counted(engine: &Engine, by: &Actor) -> Standing {
    engine.count_request(by, HOME).await.unwrap()
}

/// How many of so many requests were let through.
async fn let_through(engine: &Engine, by: &Actor, requests: usize) -> usize {
    let mut allowed = 0;
    for _ in 0..requests {
        allowed += usize::from(!counted(engine, by).await.refused);
    }
    allowed
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_has_its_limit_and_the_next_request_is_refused() {
    each_backend(|house| async move {
        let engine = &house.engine;
        for (by, limit) in
            [(Actor::Anonymous, 10), (actor(UserId(11), Role::User), 60), (actor(UserId(12), Role::Agent), 120)]
        {
            for n in 1..=limit {
                let standing = counted(engine, &by).await;
                assert_eq!(
                    (standing.limit, standing.remaining, standing.refused),
                    (Some(limit), limit - n, false),
                    "{by:?}"
                );
            }
            for _ in 0..3 {
                let standing = counted(engine, &by).await;
                assert_eq!((standing.remaining, standing.refused), (0, true), "{by:?}");
            }
        }
        for role in [Role::Supervisor, Role::Admin] {
            let by = actor(UserId(13), role);
            assert_eq!(let_through(engine, &by, 200).await, 200);
            assert_eq!(counted(engine, &by).await.limit, None);
        }
        // Somebody else, and somebody from elsewhere, stand where they stood.
        assert_eq!(counted(engine, &actor(UserId(14), Role::User)).await.remaining, 59);
        let elsewhere = engine.count_request(&Actor::Anonymous, Some("2001:db8::1".parse().unwrap())).await.unwrap();
        assert_eq!(elsewhere.remaining, 9);
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minute_begins_with_its_first_request_and_ends_for_good() {
    each_backend(|house| async move {
        let by = Actor::Anonymous;
        let began = house.clock.as_ref();
        let first = counted(&house.engine, &by).await;
        assert_eq!(first.resets_at, house.engine.now().plus(60_000));
        began.advance(59_000);
        assert_eq!(let_through(&house.engine, &by, 12).await, 9);
        let refused = counted(&house.engine, &by).await;
        assert_eq!(refused.refusal(house.engine.now()), Some(model::Error::Busy { after_ms: 1_000 }));
        began.advance(1_000);
        let fresh = counted(&house.engine, &by).await;
        assert_eq!((fresh.remaining, fresh.refused), (9, false));
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_on_one_postgresql_count_together_and_ask_it_seldom() {
    let house = House::open(true).await;
    let other = house.second().await;
    let by = actor(UserId(21), Role::Agent);
    let asked = house.engine.statements();
    let mut allowed = 0;
    for _ in 0..120 {
        allowed += let_through(&house.engine, &by, 1).await + let_through(&other, &by, 1).await;
    }
    assert!((110..=120).contains(&allowed), "{allowed}");
    let asked = house.engine.statements() - asked;
    assert!(asked < 40, "{asked} statements for 120 requests");
    // A process that comes late finds the minute used up.
    let late = house.second().await;
    assert_eq!(let_through(&late, &by, 5).await, 0);
    assert_eq!(counted(&late, &by).await.resets_at, counted(&house.engine, &by).await.resets_at);
    // A new minute begins for all of them.
    house.clock.advance(61_000);
    assert_eq!(counted(&late, &by).await.remaining, 119);
    assert!(counted(&other, &by).await.remaining < 119);
    for engine in [&house.engine, &other, &late] {
        engine.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_count_stops_nobody() {
    let house = House::open(true).await;
    house.sql(Sql::new("DROP TABLE rate_limits")).await;
    assert_eq!(let_through(&house.engine, &actor(UserId(31), Role::User), 70).await, 60);
    house.engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_settings_and_can_be_off() {
    let rates = Rates { user: 3, admin: 2, anonymous: 0, ..Rates::default() };
    let house = House::open_with(false, |options| options.rates = rates).await;
    assert_eq!(let_through(&house.engine, &actor(UserId(41), Role::User), 9).await, 3);
    assert_eq!(let_through(&house.engine, &actor(UserId(42), Role::Admin), 9).await, 2);
    assert_eq!(let_through(&house.engine, &Actor::Anonymous, 99).await, 99);
    house.engine.close().await;
    let off = House::open_with(false, |options| options.rates = Rates { enabled: false, ..rates }).await;
    assert_eq!(off.engine.count_request(&Actor::Anonymous, HOME).await, None);
    off.engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shared_rows_begin_anew_when_their_minute_is_over_and_are_forgotten() {
    each_backend(|house| async move {
        let store = house.store().await;
        let began = house.engine.now();
        for (seconds, start, hits) in [(0, 0, 5), (10, 0, 10), (59, 0, 15), (60, 60, 5), (61, 60, 10)] {
            let now = began.plus(seconds * 1_000);
            let taken = store.take_hits("somebody", 5, now, now.plus(-60_000)).await.unwrap();
            assert_eq!((taken.window_start, taken.hits), (began.plus(start * 1_000), hits), "after {seconds} s");
        }
        assert_eq!(store.forget_hits(began.plus(60_000)).await.unwrap(), 0);
        assert_eq!(store.forget_hits(began.plus(60_001)).await.unwrap(), 1);
        store.close().await;
        house.engine.close().await;
    })
    .await;
}
