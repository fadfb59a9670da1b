//! Accounts: signing in, refreshing, passwords, API tokens, and the moment at which a credential stops working.

use crate::house::{House, caller, each_backend, soon};
use engine::{Caller, NewToken, NewUser, SignIn, SignedIn};
use model::actor::Scope;
use model::command::OpenTicket;
use model::people::{ProfileInput, Role, User, UserStatus};
use model::time::{DAY, MINUTE};
use model::{Actor, Error, Result};

pub const PASSWORD: &str = "correct horse";

pub async fn account(house: &House, name: &str, role: Role) -> User {
    let profile = ProfileInput {
        username: Some(name.to_owned()),
        email: Some(format!("{name}@example.org")),
        ..ProfileInput::default()
    };
    let new = NewUser { profile, role, status: UserStatus::Active, password: Some(PASSWORD.into()) };
    house.engine.create_user(&Caller::system("test"), new).await.unwrap()
}

async fn sign_in(house: &House, login: &str, password: &str) -> Result<SignedIn> {
    let ip = Some("192.0.2.7".to_owned());
    let sign_in = SignIn { login: login.into(), password: password.into(), ip, ..SignIn::default() };
    house.engine.sign_in(sign_in).await
}

pub async fn bearer(house: &House, token: &str) -> Result<Actor> {
    house.engine.authenticate(Some(&format!("Bearer {token}"))).await
}

pub fn is_out<T>(answer: &Result<T>) -> bool {
    matches!(answer, Err(Error::Unauthenticated { .. }))
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_and_out_and_guessing() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let alice = account(&house, "alice", Role::User).await;
        for login in ["alice", "ALICE@example.org", " alice "] {
            assert_eq!(sign_in(&house, login, PASSWORD).await.unwrap().user.id, alice.id);
        }
        let wrong = sign_in(&house, "alice", "wrong").await.unwrap_err();
        assert_eq!(wrong, sign_in(&house, "nobody", "wrong").await.unwrap_err(), "nobody learns who exists");
        let inside = sign_in(&house, "alice", PASSWORD).await.unwrap();
        let actor = bearer(&house, &inside.access_token).await.unwrap();
        assert_eq!(actor.user(), Some(alice.id));
        assert_eq!(engine.me(&actor).await.unwrap().login_count, 4);
        assert_eq!(engine.authenticate(Some(&inside.access_token)).await.unwrap(), actor, "without a scheme");
        assert_eq!(engine.authenticate(None).await.unwrap(), Actor::Anonymous);
        // Tampered with, and of another installation.
        let (head, signature) = inside.access_token.rsplit_once('.').unwrap();
        let other: String = signature.chars().rev().collect();
        let (first, payload) = head.split_once('.').unwrap();
        for bad in [
            format!("{head}."),
            format!("{head}.{other}"),
            format!("{first}.{first}.{signature}"),
            format!("{first}.{payload}A.{signature}"),
            "a.b.c".into(),
            "ecd_nothing".into(),
        ] {
            assert!(is_out(&bearer(&house, &bad).await), "{bad}");
        }
        assert!(is_out(&engine.authenticate(Some("Basic eDp5")).await));
        engine.sign_out(&actor).await.unwrap();
        assert!(is_out(&bearer(&house, &inside.access_token).await));
        assert!(is_out(&engine.refresh(&inside.refresh_token).await));
        // Access tokens die by the engine's clock.
        let inside = sign_in(&house, "alice", PASSWORD).await.unwrap();
        house.clock.advance(15 * MINUTE);
        assert!(is_out(&bearer(&house, &inside.access_token).await));
        // Ten wrong ones, and the account rests; known or unknown alike.
        for login in ["alice", "nobody"] {
            for _ in 0..10 {
                assert!(is_out(&sign_in(&house, login, "wrong").await));
            }
            assert_eq!(sign_in(&house, login, PASSWORD).await.unwrap_err().code(), "BUSY", "{login}");
        }
        house.clock.advance(6 * MINUTE);
        sign_in(&house, "alice", PASSWORD).await.unwrap();
        // All at once they are no more, and what was no failure is not counted.
        let all = futures_util::future::join_all((0..25).map(|_| sign_in(&house, "alice", PASSWORD))).await;
        assert!(all.iter().all(Result::is_ok));
        let guesses = futures_util::future::join_all((0..25).map(|_| sign_in(&house, "alice", "wrong"))).await;
        assert_eq!(guesses.iter().filter(|guess| is_out(guess)).count(), 10);
        assert_eq!(guesses.iter().filter(|guess| guess.as_ref().is_err_and(|e| e.code() == "BUSY")).count(), 15);
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_tokens_are_good_once_and_a_second_use_ends_the_session() {
    each_backend(|house| async move {
        let engine = &house.engine;
        account(&house, "alice", Role::User).await;
        let first = sign_in(&house, "alice", PASSWORD).await.unwrap();
        let second = engine.refresh(&first.refresh_token).await.unwrap();
        assert_eq!(first.session, second.session);
        let third = engine.refresh(&second.refresh_token).await.unwrap();
        let watched = tokio::spawn(engine.ended(&bearer(&house, &third.access_token).await.unwrap()));
        tokio::task::yield_now().await;
        assert!(is_out(&engine.refresh(&first.refresh_token).await), "it was used before");
        for gone in [&second, &third] {
            assert!(is_out(&engine.refresh(&gone.refresh_token).await));
            assert!(is_out(&bearer(&house, &gone.access_token).await));
        }
        tokio::time::timeout(std::time::Duration::from_secs(1), watched).await.expect("within a second").unwrap();
        for bad in ["", "nothing"] {
            assert!(is_out(&engine.refresh(bad).await));
        }
        // Each use gives seven more days, also to what was remembered of the session before.
        let mut inside = sign_in(&house, "alice", PASSWORD).await.unwrap();
        for _ in 0..3 {
            bearer(&house, &inside.access_token).await.unwrap();
            house.clock.advance(6 * DAY);
            inside = engine.refresh(&inside.refresh_token).await.unwrap();
        }
        bearer(&house, &inside.access_token).await.unwrap();
        house.clock.advance(7 * DAY);
        assert!(is_out(&engine.refresh(&inside.refresh_token).await));
        // Two at once with one token: one wins at most, and the session is over.
        let inside = sign_in(&house, "alice", PASSWORD).await.unwrap();
        let (a, b) = tokio::join!(engine.refresh(&inside.refresh_token), engine.refresh(&inside.refresh_token));
        assert!(a.is_ok() != b.is_ok());
        assert!(is_out(&engine.refresh(&a.or(b).unwrap().refresh_token).await));
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_roles_and_accounts_take_effect_at_once() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let alice = account(&house, "alice", Role::User).await;
        let root = caller(&account(&house, "root", Role::Admin).await);
        let mine = sign_in(&house, "alice", PASSWORD).await.unwrap();
        let other = sign_in(&house, "alice", PASSWORD).await.unwrap();
        let me = Caller::new(bearer(&house, &mine.access_token).await.unwrap());
        bearer(&house, &other.access_token).await.unwrap();
        let wrong = engine.set_password(&me, alice.id, Some("wrong".into()), "new password".into()).await.unwrap_err();
        assert_eq!(wrong.field(), Some("current_password"));
        let short = engine.set_password(&me, alice.id, Some(PASSWORD.into()), "short".into()).await.unwrap_err();
        assert_eq!(short.field(), Some("password"));
        engine.set_password(&me, alice.id, Some(PASSWORD.into()), "new password".into()).await.unwrap();
        assert!(is_out(&bearer(&house, &other.access_token).await), "other sessions end");
        assert!(bearer(&house, &mine.access_token).await.is_ok());
        assert!(is_out(&sign_in(&house, "alice", PASSWORD).await));
        sign_in(&house, "alice", "new password").await.unwrap();
        // A role on a remembered credential.
        engine.set_role(&root, alice.id, Role::Agent).await.unwrap();
        assert_eq!(bearer(&house, &mine.access_token).await.unwrap().role(), Some(Role::Agent));
        // In another process, too.
        let second = house.second().await;
        let token = format!("Bearer {}", mine.access_token);
        assert_eq!(second.authenticate(Some(&token)).await.unwrap().role(), Some(Role::Agent));
        let ended = tokio::spawn(second.ended(&bearer(&house, &mine.access_token).await.unwrap()));
        engine.set_user_status(&root, alice.id, UserStatus::Suspended).await.unwrap();
        assert!(is_out(&bearer(&house, &mine.access_token).await));
        soon(ended).await.unwrap();
        assert!(is_out(&second.authenticate(Some(&token)).await));
        let locked = sign_in(&house, "alice", "new password").await.unwrap_err();
        assert_eq!(locked.code(), "FORBIDDEN", "only who knows the password hears that it is locked");
        assert!(is_out(&sign_in(&house, "alice", "wrong").await));
        assert!(is_out(&engine.refresh(&mine.refresh_token).await));
        second.close().await;
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn api_tokens_have_scopes_an_end_and_can_be_revoked() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let alice = account(&house, "alice", Role::User).await;
        let by = caller(&alice);
        let new = |scopes: &[Scope], days: Option<i64>| NewToken {
            user: alice.id,
            name: "program".into(),
            scopes: scopes.to_vec(),
            expires_at: days.map(|d| engine.now().plus(d * DAY)),
        };
        let (_, read) = engine.create_api_token(&by, new(&[Scope::Read], None)).await.unwrap();
        let (_, write) = engine.create_api_token(&by, new(&[Scope::Write], Some(2))).await.unwrap();
        let (all, secret) = engine.create_api_token(&by, new(&[], None)).await.unwrap();
        assert!(engine.create_api_token(&by, new(&[], Some(0))).await.is_err(), "it must lie in the future");
        let as_api_key = engine.authenticate(Some(&format!("ApiKey {read}"))).await.unwrap();
        assert_eq!(as_api_key, bearer(&house, &read).await.unwrap());
        let open = async |token: &str| {
            let actor = bearer(&house, token).await?;
            engine.open_ticket(&Caller::new(actor), OpenTicket::new("t", "d")).await
        };
        assert_eq!(open(&read).await.unwrap_err().code(), "FORBIDDEN");
        let ticket = open(&write).await.unwrap();
        let writer = Caller::new(bearer(&house, &write).await.unwrap());
        assert_eq!(engine.ticket(&writer.actor, ticket.id).await.unwrap_err().code(), "FORBIDDEN");
        let said = model::command::AddComment::public("by a program");
        let said = engine.add_comment(&writer, ticket.id, said).await.unwrap();
        engine.edit_comment(&writer, said.id, "better".into()).await.unwrap();
        open(&secret).await.unwrap();
        // A token makes none that may do more than itself.
        let reader = Caller::new(bearer(&house, &read).await.unwrap());
        assert!(engine.create_api_token(&reader, new(&[], None)).await.is_err());
        house.clock.advance(2 * DAY);
        assert!(is_out(&open(&write).await), "expired");
        let ended = tokio::spawn(engine.ended(&bearer(&house, &secret).await.unwrap()));
        tokio::task::yield_now().await;
        engine.revoke_api_token(&by, all.id).await.unwrap();
        soon(ended).await.unwrap();
        assert!(is_out(&open(&secret).await));
        assert!(bearer(&house, &read).await.is_ok());
        // No secret is in the log.
        assert_eq!(
            house.count("SELECT COUNT(*) FROM events WHERE body LIKE '%argon2%' OR body LIKE '%ecd_%'").await,
            0
        );
        engine.close().await;
    })
    .await;
}
