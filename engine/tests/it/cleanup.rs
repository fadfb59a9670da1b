//! What is over is forgotten, in batches and on record; what is in use never is.

use crate::accounts::{PASSWORD, account};
use crate::house::{House, caller, each_backend};
use engine::{CleanupEdit, CleanupTask, Clock as _, SignIn, SignedIn};
use model::cleanup::Trigger;
use model::command::{Command, Proof, SendNotification, StartCleanup, StartSession, TrustDevice};
use model::event::Event;
use model::id::{Seq, UserId};
use model::notice::NoticeKind;
use model::people::Role;
use model::session::Sealed;
use model::ticket::Priority;
use model::time::{DAY, HOUR, MINUTE};

async fn sign_in(house: &House) -> SignedIn {
    let by = SignIn { login: "alice".into(), password: PASSWORD.into(), ..SignIn::default() };
    house.engine.sign_in(by).await.unwrap()
}

async fn failed(house: &House, user: UserId) {
    house.system(Command::NoteFailedSignIn { user, method: "password", ip: None, user_agent: None }).await;
}

/// A session on a device that is trusted from now on.
async fn trusted(house: &House, user: UserId, name: &str) {
    let sealed = |text: String| Sealed(Some(text));
    let start = StartSession {
        user,
        method: "password".into(),
        ip: None,
        user_agent: None,
        refresh: sealed(format!("refresh {name}")),
        proof: Proof::Nothing,
        remember: Some(TrustDevice { name: Some(name.into()), token: sealed(format!("device {name}")) }),
    };
    house.system(Command::StartSession(Box::new(start))).await;
}

fn written(to: UserId, title: &str) -> SendNotification {
    SendNotification {
        to,
        kind: NoticeKind::SystemAlert,
        ticket: None,
        title: title.into(),
        content: "c".into(),
        priority: Priority::Normal,
        action_url: None,
    }
}

/// The batches that the log has.
async fn batches(house: &House) -> Vec<i64> {
    let store = house.store().await;
    let all = store::event::after(&mut store.read().await.unwrap(), Seq(0), 100_000).await.unwrap();
    store.close().await;
    all.iter()
        .filter_map(|r| match &r.event {
            Event::RecordsForgotten { gone, .. } => Some(*gone),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_goes_and_what_is_in_use_stays() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let root = caller(&house.person("root", Role::Admin).await);
        let alice = account(&house, "alice", Role::User).await;
        let sessions = async || house.count("SELECT COUNT(*) FROM sessions").await;
        let over = sign_in(&house).await;
        engine.end_session(&caller(&alice), over.session).await.unwrap();
        let expired = sign_in(&house).await;
        failed(&house, alice.id).await;
        trusted(&house, alice.id, "old").await;
        engine.send_notification(&root, written(alice.id, "read")).await.unwrap();
        engine.mark_notifications_read(&caller(&alice), Vec::new(), true).await.unwrap();
        engine.send_notification(&root, written(alice.id, "unread")).await.unwrap();
        // A session that is renewed all the time, and so is older than everything else.
        let mut token = sign_in(&house).await.refresh_token;
        let mut used = token.clone();
        for _ in 0..32 {
            house.clock.advance(6 * DAY);
            (used, token) = (token.clone(), engine.refresh(&token).await.unwrap().refresh_token);
        }
        failed(&house, alice.id).await;
        trusted(&house, alice.id, "new").await;
        assert_eq!(sessions().await, 5);

        let run = engine.clean_up(&root, CleanupTask::LoginHistory).await.unwrap();
        assert_eq!((run.forgotten, run.keep_days, run.state(), run.trigger), (4, 180, "completed", Trigger::Manual));
        assert_eq!((run.started_by, run.before), (root.actor.user(), house.engine.now().plus(-180 * DAY)));
        assert_eq!(house.count("SELECT COUNT(*) FROM failed_sign_ins").await, 1);
        assert_eq!(sessions().await, 2);
        assert!(engine.refresh(&expired.refresh_token).await.is_err());
        let devices = engine.clean_up(&root, CleanupTask::TrustedDevices).await.unwrap();
        assert_eq!(devices.forgotten, 1);
        let left = engine.trusted_devices(&root.actor, alice.id).await.unwrap();
        assert_eq!(left.iter().map(|d| d.name.as_str()).collect::<Vec<_>>(), ["new"]);
        let told = engine.clean_up(&root, CleanupTask::Notifications).await.unwrap();
        assert_eq!((told.forgotten, engine.unread_count(&caller(&alice).actor).await.unwrap()), (1, 1));
        // Again: nothing is left that is old enough.
        for task in CleanupTask::ALL {
            assert_eq!(engine.clean_up(&root, task).await.unwrap().forgotten, 0);
        }

        // The session goes on; a token of it that comes again is recognized, and ends it.
        let next = engine.refresh(&token).await.unwrap();
        assert!(engine.refresh(&used).await.is_err());
        let ended = engine.refresh(&next.refresh_token).await.unwrap_err();
        assert_eq!(ended.code(), "UNAUTHENTICATED");
        assert_eq!(house.count("SELECT COUNT(*) FROM sessions WHERE end_reason LIKE '%twice%'").await, 1);

        let figures = engine.cleanup_figures(&root.actor).await.unwrap();
        assert_eq!((figures.runs, figures.completed, figures.forgotten), (7, 7, 6));
        assert_eq!(figures.last, Some(house.engine.now()));
        let runs = engine.cleanup_runs(&root.actor, Some(CleanupTask::LoginHistory), 10).await.unwrap();
        assert_eq!(runs.iter().map(|run| run.forgotten).collect::<Vec<_>>(), [0, 4], "newest first");
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_batch_is_bounded() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let root = caller(&house.person("root", Role::Admin).await);
        let edit = CleanupEdit { batch: Some(100), login_days: Some(1), ..CleanupEdit::default() };
        let (keep, _) = engine.edit_cleanup(&root, edit).await.unwrap();
        assert_eq!((keep.batch, keep.login_days, keep.device_days), (100, 1, 30));
        let user = root.actor.user().unwrap();
        let all = (0..250).map(|_| failed(&house, user));
        futures_util::future::join_all(all).await;
        house.clock.advance(DAY);
        assert_eq!(
            engine.clean_up(&root, CleanupTask::LoginHistory).await.unwrap().forgotten,
            0,
            "a day old, not more"
        );
        house.clock.advance(MINUTE);
        assert_eq!(engine.clean_up(&root, CleanupTask::LoginHistory).await.unwrap().forgotten, 250);
        assert_eq!(batches(&house).await, [100, 100, 50]);
        // A bad value changes nothing of it.
        let edit = CleanupEdit { batch: Some(5), schedule: Some("0 3 * * *".into()), ..CleanupEdit::default() };
        assert!(engine.edit_cleanup(&root, edit).await.unwrap_err().to_string().contains("cleanup_batch"));
        assert_eq!(engine.cleanup_config(&root.actor).unwrap().0.schedule.to_string(), "0 2 * * *");
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_is_done_once_by_whichever_process() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let root = caller(&house.person("root", Role::Admin).await);
        let second = house.second().await;
        // It is ten in the morning; what was due at two was due before the first start.
        assert!(engine.clean_up_when_due().await.unwrap().is_empty());
        house.clock.advance(16 * HOUR);
        let (a, b) = tokio::join!(engine.clean_up_when_due(), second.clean_up_when_due());
        let (a, b) = (a.unwrap(), b.unwrap());
        assert_eq!(a.len() + b.len(), CleanupTask::ALL.len());
        assert!(a.iter().chain(&b).all(|run| run.trigger == Trigger::Scheduled && run.state() == "completed"));
        for process in [engine, &second] {
            assert!(process.clean_up_when_due().await.unwrap().is_empty());
        }
        // Off, it is done by hand only.
        engine.edit_cleanup(&root, CleanupEdit { enabled: Some(false), ..CleanupEdit::default() }).await.unwrap();
        house.clock.advance(DAY);
        assert!(engine.clean_up_when_due().await.unwrap().is_empty());
        engine.clean_up(&root, CleanupTask::Notifications).await.unwrap();
        let on = CleanupEdit { enabled: Some(true), schedule: Some("30 4 * * *".into()), ..CleanupEdit::default() };
        engine.edit_cleanup(&root, on).await.unwrap();
        assert!(
            !engine.clean_up_when_due().await.unwrap().is_empty()
                || !second.clean_up_when_due().await.unwrap().is_empty()
        );
        second.close().await;
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_a_kind_runs_at_a_time_and_an_interrupted_one_holds_up_nothing() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let root = caller(&house.person("root", Role::Admin).await);
        // One whose process died.
        let task = CleanupTask::LoginHistory;
        engine.execute(&root, Command::StartCleanup(StartCleanup { task, due: None })).await.unwrap();
        assert_eq!(engine.clean_up(&root, task).await.unwrap_err().code(), "CONFLICT");
        assert_eq!(engine.start_cleanup(&root, &[task]).await.unwrap_err().code(), "CONFLICT");
        engine.clean_up(&root, CleanupTask::Notifications).await.unwrap();
        house.clock.advance(10 * MINUTE);
        engine.clean_up(&root, task).await.unwrap();
        let runs = engine.cleanup_runs(&root.actor, Some(task), 10).await.unwrap();
        assert_eq!(runs.iter().map(|run| run.state()).collect::<Vec<_>>(), ["completed", "failed"]);
        assert_eq!(runs[1].error.as_deref(), Some("it was interrupted"));
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_kind_that_was_begun_puts_off_no_other() {
    each_backend(|house| async move {
        house.clock.advance(16 * HOUR);
        let due = house.engine.policy().keep.schedule.last(house.clock.now(), house.engine.policy().zone).unwrap();
        // A process began the first, and died.
        house.system(Command::StartCleanup(StartCleanup { task: CleanupTask::ALL[0], due: Some(due) })).await;
        let done = house.engine.clean_up_when_due().await.unwrap();
        assert_eq!(done.len(), CleanupTask::ALL.len() - 1);
        house.engine.close().await;
    })
    .await;
}
