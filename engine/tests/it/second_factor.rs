//! The second factor and what stands in for it: codes, backup codes, trusted devices; and the history of who came in how.

use crate::accounts::{PASSWORD, account, bearer, is_out};
use crate::house::{House, caller, each_backend};
use engine::{Caller, Numbers, SignIn, SignedIn};
use model::people::{Role, User};
use model::session::{SignInFilter, SignInRecord};
use model::time::{DAY, MINUTE, SECOND};
use model::{Error, Result};

const MAC: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5)";
const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148";

/// What an app shows at the clock's time, by another hand than the engine's.
pub fn code(house: &House, secret: &str) -> String {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits = |letter: char| {
        let value = alphabet.find(letter).unwrap();
        (0..5).rev().map(move |bit| (value >> bit & 1) as u8)
    };
    let bits: Vec<u8> = secret.chars().flat_map(bits).collect();
    let key: Vec<u8> = bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | bit)).collect();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let tag = ring::hmac::sign(&key, &(house.engine.now().0 / 30_000).to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let number = u32::from_be_bytes(tag.as_ref()[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

fn by(login: &str) -> SignIn {
    SignIn {
        login: login.to_owned(),
        password: PASSWORD.to_owned(),
        ip: Some("192.0.2.7".to_owned()),
        user_agent: Some(MAC.to_owned()),
        ..SignIn::default()
    }
}

async fn with_code(house: &House, code: &str) -> Result<SignedIn> {
    house.engine.sign_in(SignIn { otp_code: Some(code.to_owned()), ..by("alice") }).await
}

async fn with_device(house: &House, token: &str) -> Result<SignedIn> {
    house.engine.sign_in(SignIn { device_token: Some(token.to_owned()), ..by("alice") }).await
}

fn wants_a_code<T>(answer: &Result<T>) -> bool {
    matches!(answer, Err(error) if error.field() == Some("otp_code") && error.to_string().contains("OTP"))
}

async fn history(house: &House, user: &User, filter: SignInFilter) -> Vec<SignInRecord> {
    let part = Numbers { skip: 0, limit: 100 };
    let found = house.engine.sign_ins(&caller(user).actor, user.id, &filter, part).await.unwrap();
    assert_eq!(found.total, found.items.len() as i64);
    found.items
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_for_one_sign_in_and_so_is_a_backup_code() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let alice = account(&house, "alice", Role::User).await;
        let me = caller(&alice);
        let wrong = engine.enable_second_factor(&me, "wrong".into()).await.map(drop).unwrap_err();
        assert_eq!(wrong.field(), Some("password"));
        let made = engine.enable_second_factor(&me, PASSWORD.into()).await.unwrap();
        assert!(made.otpauth_url.contains("alice@example.org") && made.otpauth_url.contains(&made.secret));
        assert!(made.qr_code.starts_with("data:image/png;base64,"));
        assert_eq!(made.backup_codes.len(), 10);
        assert_eq!(engine.enable_second_factor(&me, PASSWORD.into()).await.map(drop).unwrap_err().code(), "CONFLICT");
        // At once; and only who knows the password hears of it.
        assert!(wants_a_code(&engine.sign_in(by("alice")).await));
        assert!(is_out(&engine.sign_in(SignIn { password: "wrong".into(), ..by("alice") }).await));
        let shown = code(&house, &made.secret);
        with_code(&house, &shown).await.unwrap();
        assert!(is_out(&with_code(&house, &shown).await), "a code is good once");
        house.clock.advance(30 * SECOND);
        assert!(is_out(&with_code(&house, &shown).await), "nor in the next step");
        let next = code(&house, &made.secret);
        house.clock.advance(30 * SECOND);
        with_code(&house, &format!(" {} {}", next.split_at(3).0, next.split_at(3).1)).await.unwrap();
        house.clock.advance(-30 * SECOND);
        assert!(is_out(&with_code(&house, &shown).await), "nor a code from before the last one");
        // Two at once: one of them.
        house.clock.advance(2 * MINUTE);
        let shown = code(&house, &made.secret);
        let (a, b) = tokio::join!(with_code(&house, &shown), with_code(&house, &shown));
        assert!(a.is_ok() != b.is_ok());
        // Backup codes, however they are typed.
        let backup = &made.backup_codes[3];
        with_code(&house, &backup.to_lowercase().replace('-', " ")).await.unwrap();
        assert!(is_out(&with_code(&house, backup).await));
        assert!(is_out(&with_code(&house, "AAAA-BBBB-CCCC").await));
        assert_eq!(engine.second_factor(&me.actor, alice.id).await.unwrap().unwrap().codes_left, 9);
        // Somebody else's code is none.
        account(&house, "bob", Role::User).await;
        engine.sign_in(SignIn { otp_code: Some("000000".into()), ..by("bob") }).await.unwrap();
        let methods: Vec<_> = history(&house, &alice, SignInFilter::default()).await;
        let methods: Vec<(bool, &str)> = methods.iter().rev().map(|r| (r.succeeded(), r.method.as_str())).collect();
        for tried in [(false, "password"), (true, "password+otp"), (false, "password+otp"), (true, "password+backup")] {
            assert!(methods.contains(&tried), "{tried:?} {methods:?}");
        }
        // Neither secret nor codes are in the log or, as they are, in the store.
        let secret = made.secret.clone();
        let store = house.store().await;
        let rows = crate::rebuild::tables(&store).await;
        assert!(rows.values().flatten().all(|row| !row.contains(&secret) && !row.contains(backup.as_str())));
        store.close().await;
        // Off again: with the password, or by an administrator.
        let wrong = engine.disable_second_factor(&me, alice.id, "wrong".into()).await.unwrap_err();
        assert_eq!(wrong.field(), Some("password"));
        engine.disable_second_factor(&me, alice.id, PASSWORD.into()).await.unwrap();
        engine.sign_in(by("alice")).await.unwrap();
        engine.enable_second_factor(&me, PASSWORD.into()).await.unwrap();
        let root = caller(&account(&house, "root", Role::Admin).await);
        let sue = caller(&account(&house, "sue", Role::Supervisor).await);
        let refused = engine.disable_second_factor(&sue, alice.id, String::new()).await.unwrap_err();
        assert_eq!(refused, Error::not_found("user"));
        engine.disable_second_factor(&root, alice.id, String::new()).await.unwrap();
        engine.sign_in(by("alice")).await.unwrap();
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_codes_comes_to_an_end() {
    each_backend(|house| async move {
        let alice = account(&house, "alice", Role::User).await;
        let made = house.engine.enable_second_factor(&caller(&alice), PASSWORD.into()).await.unwrap();
        // By turns under both names, and with half sign-ins between, which forgive nothing.
        for n in 0..10 {
            let login = if n % 2 == 0 { "alice" } else { "alice@example.org" };
            let guess = SignIn { otp_code: Some("BADBADBAD".into()), ..by(login) };
            assert!(is_out(&house.engine.sign_in(guess).await));
            assert!(wants_a_code(&house.engine.sign_in(by(login)).await), "{n}");
        }
        assert_eq!(with_code(&house, &code(&house, &made.secret)).await.unwrap_err().code(), "BUSY");
        house.clock.advance(6 * MINUTE);
        with_code(&house, &code(&house, &made.secret)).await.unwrap();
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_device_skips_the_code_until_it_is_revoked_pushed_out_or_too_old() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let alice = account(&house, "alice", Role::User).await;
        let me = caller(&alice);
        let remember = |name: &str| SignIn { remember_device: true, device_name: Some(name.into()), ..by("alice") };
        // Trusted by password alone: worth nothing as soon as there is more.
        let early = engine.sign_in(remember("early")).await.unwrap().device_token.unwrap();
        let made = engine.enable_second_factor(&me, PASSWORD.into()).await.unwrap();
        assert!(wants_a_code(&with_device(&house, &early).await));
        let trust = async |name: &str| {
            house.clock.advance(MINUTE);
            let sign_in = SignIn { otp_code: Some(code(&house, &made.secret)), ..remember(name) };
            house.engine.sign_in(sign_in).await.unwrap().device_token.unwrap()
        };
        let names = async || -> Vec<String> {
            engine.trusted_devices(&me.actor, alice.id).await.unwrap().into_iter().map(|d| d.name).collect()
        };
        let first = trust("Personal Mac").await;
        assert!(with_device(&house, &first).await.unwrap().device_token.is_none(), "only where it is asked for");
        let device = engine.trusted_devices(&me.actor, alice.id).await.unwrap().remove(0);
        assert_eq!((device.name.as_str(), device.ip.as_deref()), ("Personal Mac", Some("192.0.2.7")));
        assert_eq!(device.expires_at, device.created_at.plus(30 * DAY));
        assert_eq!(device.user_agent.as_deref(), Some(MAC));
        house.clock.advance(MINUTE);
        let elsewhere = SignIn { ip: Some("192.0.2.9".into()), user_agent: Some(PHONE.into()), ..by("alice") };
        engine.sign_in(SignIn { device_token: Some(first.clone()), ..elsewhere }).await.unwrap();
        let used = engine.trusted_devices(&me.actor, alice.id).await.unwrap().remove(0);
        assert_eq!((used.ip.as_deref(), used.last_used_at), (Some("192.0.2.9"), engine.now()));
        // A right password is needed all the same, and nobody else's token will do.
        let wrong = SignIn { password: "wrong".into(), device_token: Some(first.clone()), ..by("alice") };
        assert!(is_out(&engine.sign_in(wrong).await));
        let bob = account(&house, "bob", Role::User).await;
        let his = SignIn { remember_device: true, ..by("bob") };
        let his = engine.sign_in(his).await.unwrap().device_token.unwrap();
        assert_eq!(engine.trusted_devices(&caller(&bob).actor, bob.id).await.unwrap()[0].name, "desktop - macOS");
        assert!(wants_a_code(&with_device(&house, &his).await));
        assert!(wants_a_code(&with_device(&house, "nothing").await));
        // The same device once more: another token, and no second place.
        let again = SignIn { device_token: Some(first.clone()), remember_device: true, ..by("alice") };
        let again = engine.sign_in(again).await.unwrap().device_token.unwrap();
        assert_eq!(names().await, ["Personal Mac"]);
        assert!(wants_a_code(&with_device(&house, &first).await));
        with_device(&house, &again).await.unwrap();
        // Five, and the sixth pushes out the first.
        for n in 2..=5 {
            trust(&format!("device {n}")).await;
        }
        let last = trust("device 6").await;
        assert_eq!(names().await, ["device 6", "device 5", "device 4", "device 3", "device 2"]);
        assert!(wants_a_code(&with_device(&house, &again).await));
        // Revoked by its owner, and by nobody else.
        let id = engine.trusted_devices(&me.actor, alice.id).await.unwrap()[0].id;
        assert_eq!(engine.revoke_trusted_device(&caller(&bob), id).await.unwrap_err(), Error::not_found("device"));
        engine.revoke_trusted_device(&me, id).await.unwrap();
        engine.revoke_trusted_device(&me, id).await.unwrap();
        assert!(wants_a_code(&with_device(&house, &last).await));
        // Thirty days, used or not; and a new password forgets all of them.
        let old = trust("old").await;
        house.clock.advance(29 * DAY);
        with_device(&house, &old).await.unwrap();
        house.clock.advance(DAY);
        assert!(wants_a_code(&with_device(&house, &old).await));
        assert_eq!(names().await, Vec::<String>::new());
        let fresh = trust("fresh").await;
        let session = with_device(&house, &fresh).await.unwrap();
        let here = Caller::new(bearer(&house, &session.access_token).await.unwrap());
        engine.set_password(&here, alice.id, Some(PASSWORD.into()), PASSWORD.into()).await.unwrap();
        assert!(bearer(&house, &session.access_token).await.is_ok(), "the session that changes it goes on");
        assert!(wants_a_code(&with_device(&house, &fresh).await));
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_sign_ins_is_filtered_by_everything_that_it_shows() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let alice = account(&house, "alice", Role::User).await;
        account(&house, "bob", Role::User).await;
        let start = engine.now();
        let mut sessions = Vec::new();
        for (ip, agent) in [("192.0.2.1", MAC), ("192.0.2.2", PHONE), ("192.0.2.1", PHONE)] {
            let sign_in = SignIn { ip: Some(ip.into()), user_agent: Some(agent.into()), ..by("alice") };
            sessions.push(engine.sign_in(sign_in.clone()).await.unwrap());
            house.clock.advance(MINUTE);
            assert!(is_out(&engine.sign_in(SignIn { password: "wrong".into(), ..sign_in }).await));
            // It is noted while nobody waits.
            history(&house, &alice, SignInFilter::default()).await;
            house.clock.advance(MINUTE);
        }
        engine.sign_in(by("bob")).await.unwrap();
        let first = Caller::new(bearer(&house, &sessions[0].access_token).await.unwrap());
        engine.sign_out(&first.actor).await.unwrap();
        let count = async |filter: SignInFilter| history(&house, &alice, filter).await.len();
        let all = history(&house, &alice, SignInFilter::default()).await;
        assert_eq!(all.len(), 6);
        assert!(all.windows(2).all(|pair| pair[0].at >= pair[1].at), "newest first");
        let mut ids: Vec<i64> = all.iter().map(|r| r.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 6, "each has its own number");
        let none = SignInFilter::default;
        assert_eq!(count(SignInFilter { ip: Some("192.0.2.1".into()), ..none() }).await, 4);
        assert_eq!(count(SignInFilter { device: Some("mobile".into()), ..none() }).await, 4);
        assert_eq!(count(SignInFilter { device: Some("desktop".into()), ..none() }).await, 2);
        assert_eq!(count(SignInFilter { method: Some("password".into()), ..none() }).await, 6);
        assert_eq!(count(SignInFilter { method: Some("password+otp".into()), ..none() }).await, 0);
        assert_eq!(count(SignInFilter { session: Some(sessions[1].session), ..none() }).await, 1);
        assert_eq!(count(SignInFilter { succeeded: Some(true), ..none() }).await, 3);
        assert_eq!(count(SignInFilter { succeeded: Some(false), ..none() }).await, 3);
        assert_eq!(count(SignInFilter { active: Some(true), ..none() }).await, 2);
        assert_eq!(count(SignInFilter { active: Some(false), ..none() }).await, 4);
        assert_eq!(count(SignInFilter { from: Some(start.plus(2 * MINUTE)), ..none() }).await, 4);
        assert_eq!(count(SignInFilter { until: Some(start.plus(2 * MINUTE)), ..none() }).await, 2);
        let both = SignInFilter { ip: Some("192.0.2.1".into()), active: Some(true), ..none() };
        assert_eq!(count(both).await, 1);
        // In parts.
        let part = async |skip, limit| {
            engine.sign_ins(&first.actor, alice.id, &none(), Numbers { skip, limit }).await.unwrap()
        };
        let second = part(4, 4).await;
        assert_eq!((second.total, second.items.len()), (6, 2));
        assert_eq!(second.items[1], all[5]);
        assert_eq!(part(6, 4).await.items.len(), 0);
        // A week on, nothing is active any more.
        house.clock.advance(8 * DAY);
        assert_eq!(count(SignInFilter { active: Some(true), ..none() }).await, 0);
        engine.close().await;
    })
    .await;
}
