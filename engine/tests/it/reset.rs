//! Passwords that are reset by mail: the link is good once and for an hour, and who asks learns nothing.

use crate::accounts::{PASSWORD, account, bearer, is_out};
use crate::house::{House, caller, each_backend};
use engine::{Caller, SignIn, SignedIn};
use model::people::{ProfileInput, Role, UserStatus};
use model::time::MINUTE;
use model::{Error, Result};

const ADDRESS: &str = "alice@example.org";

async fn sign_in(house: &House, password: &str) -> Result<SignedIn> {
    let sign_in = SignIn { login: "alice".into(), password: password.into(), ..SignIn::default() };
    house.engine.sign_in(sign_in).await
}

/// How often a mail was asked for, of accounts that get one. What is asked for is carried out in its turn: this waits for it.
async fn asked(house: &House) -> i64 {
    house.system(model::Command::CountViews(Vec::new())).await;
    house.count("SELECT COUNT(*) FROM events WHERE type = 'password_reset_requested'").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_good_once_and_for_an_hour() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let alice = account(&house, "alice", Role::User).await;
        let root = caller(&account(&house, "root", Role::Admin).await);
        let remember =
            SignIn { login: "alice".into(), password: PASSWORD.into(), remember_device: true, ..SignIn::default() };
        let inside = engine.sign_in(remember).await.unwrap();
        let token = engine.password_reset_token(alice.id, ADDRESS).await.unwrap();
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.'), "it stands in a link: {token}");
        engine.check_reset(&token).await.unwrap();
        let short = engine.reset_password(&token, "short".into()).await.unwrap_err();
        assert_eq!(short.field(), Some("password"));
        let (who, rest) = token.split_once('.').unwrap();
        let (dies, signature) = rest.split_once('.').unwrap();
        let later = dies.parse::<i64>().unwrap() + 1;
        let other = root.actor.user().unwrap();
        for bad in [
            String::new(),
            "x".into(),
            format!("{who}.{dies}"),
            format!("{who}.{dies}."),
            format!("{who}.{later}.{signature}"),
            format!("{other}.{dies}.{signature}"),
            format!("{who}.{dies}.{}", signature.replace(signature.split_at(1).0, "x")),
        ] {
            assert_eq!(
                engine.reset_password(&bad, "new password".into()).await.unwrap_err().field(),
                Some("token"),
                "{bad}"
            );
        }
        // Two at once with one link: one of them.
        let (a, b) = tokio::join!(
            engine.reset_password(&token, "new password".into()),
            engine.reset_password(&token, "new password".into())
        );
        assert!(a.is_ok() != b.is_ok());
        assert!(engine.check_reset(&token).await.is_err());
        assert!(is_out(&bearer(&house, &inside.access_token).await), "all sessions end");
        assert!(is_out(&engine.refresh(&inside.refresh_token).await));
        assert!(engine.trusted_devices(&caller(&alice).actor, alice.id).await.unwrap().is_empty());
        assert!(is_out(&sign_in(&house, PASSWORD).await));
        sign_in(&house, "new password").await.unwrap();
        // An hour; another address; another password; a closed account.
        let token = engine.password_reset_token(alice.id, ADDRESS).await.unwrap();
        house.clock.advance(59 * MINUTE);
        engine.check_reset(&token).await.unwrap();
        house.clock.advance(MINUTE);
        assert!(engine.check_reset(&token).await.is_err());
        let token = engine.password_reset_token(alice.id, ADDRESS).await.unwrap();
        let moved = ProfileInput { email: Some("new@example.org".into()), ..ProfileInput::default() };
        engine.edit_profile(&caller(&alice), alice.id, moved).await.unwrap();
        assert!(engine.check_reset(&token).await.is_err());
        // A mail that is still under way to the address of before gets no link.
        let gone = Err(Error::not_found("user"));
        assert_eq!(engine.password_reset_token(alice.id, ADDRESS).await, gone);
        let token = engine.password_reset_token(alice.id, "New@example.org").await.unwrap();
        engine.set_user_status(&root, alice.id, UserStatus::Suspended).await.unwrap();
        assert!(engine.check_reset(&token).await.is_err());
        assert_eq!(engine.password_reset_token(alice.id, "new@example.org").await, gone);
        // Nothing of a link is kept.
        assert_eq!(house.count("SELECT COUNT(*) FROM events WHERE body LIKE '%password reset%'").await, 0);
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_is_told_the_same_whoever_there_is() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let alice = account(&house, "alice", Role::User).await;
        let root = Caller::system("test");
        for login in ["nobody@example.org", "alice@example.org", "ALICE"] {
            engine.request_password_reset(login, None).await.unwrap();
        }
        assert_eq!(asked(&house).await, 2);
        for bad in ["", " ", "\u{1}", &"x".repeat(400), "a\0b"] {
            assert_eq!(engine.request_password_reset(bad, None).await.unwrap_err().field(), Some("email"));
        }
        // Three mails to one person, and then a rest; known or unknown alike.
        for login in ["alice@example.org", "nobody@example.org"] {
            for _ in 0..2 {
                engine.request_password_reset(login, None).await.unwrap();
            }
            assert_eq!(engine.request_password_reset(login, None).await.unwrap_err().code(), "BUSY", "{login}");
        }
        assert_eq!(asked(&house).await, 4);
        house.clock.advance(6 * MINUTE);
        // And from one address.
        for n in 0..10 {
            engine.request_password_reset(&format!("n{n}@example.org"), Some("192.0.2.1")).await.unwrap();
        }
        let busy = engine.request_password_reset("alice@example.org", Some("192.0.2.1")).await.unwrap_err();
        assert_eq!(busy.code(), "BUSY");
        engine.set_user_status(&root, alice.id, UserStatus::Suspended).await.unwrap();
        engine.request_password_reset("alice@example.org", None).await.unwrap();
        assert_eq!(asked(&house).await, 4, "a closed account gets no mail");
        engine.close().await;
    })
    .await;
}
