//! How mail is sent: set by administrators, over the settings file, at once in every process; the password is nowhere to be seen.

use crate::house::{House, actor, caller, soon};
use engine::{EmailEdit, Password};
use model::command::Edit;
use model::error::Error;
use model::id::Seq;
use model::mail::{EmailConfig, Security, Smtp};
use model::people::Role;

const SECRET: &str = "hunter2-邮件";

async fn house(postgres: bool) -> House {
    House::open_with(postgres, |options| {
        options.policy.smtp = Smtp {
            host: "mail.file.example".into(),
            port: 25,
            username: "file".into(),
            from: "file@example.org".into(),
            has_password: true,
            enabled: true,
            ..Smtp::default()
        };
        options.email.smtp_password = Some(Password::new("of the file"));
    })
    .await
}

fn host(name: &str, password: Edit<String>) -> EmailEdit {
    EmailEdit { config: EmailConfig { host: Some(name.into()), ..EmailConfig::default() }, password }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_stands_over_the_file_in_every_process() {
    for postgres in [false, true] {
        let house = house(postgres).await;
        let second = house.second().await;
        let root = caller(&house.person("root", Role::Admin).await);
        let before = second.outgoing().await.unwrap();
        assert_eq!(
            (before.smtp.host.as_str(), before.password.as_ref().unwrap().expose()),
            ("mail.file.example", "of the file")
        );
        // Another host never gets the password that was meant for this one.
        let refused = house.engine.edit_email_settings(&root, host("evil.example", Edit::Keep)).await.unwrap_err();
        let Error::Invalid(problems) = refused else { panic!("accepted") };
        assert_eq!(problems[0].field, "smtp_password");
        let edit = host("mail.set.example", Edit::Set(SECRET.into()));
        let now = house.engine.edit_email_settings(&root, edit).await.unwrap();
        assert_eq!(
            (now.smtp.host.as_str(), now.smtp.username.as_str(), now.smtp.port),
            ("mail.set.example", "file", 25)
        );
        assert_eq!(house.engine.outgoing().await.unwrap().password.as_ref().unwrap().expose(), SECRET, "at once");
        let other = async {
            let mut look = tokio::time::interval(std::time::Duration::from_millis(10));
            loop {
                look.tick().await;
                let known = second.outgoing().await.unwrap();
                if known.smtp.host == "mail.set.example" {
                    return known;
                }
            }
        };
        assert_eq!(soon(other).await.password.as_ref().unwrap().expose(), SECRET);
        // What was set stays set beside what is set next; an empty password takes it away.
        let edit = EmailEdit {
            config: EmailConfig { security: Some(Security::Tls), enabled: Some(false), ..EmailConfig::default() },
            password: Edit::Set(String::new()),
        };
        let now = house.engine.edit_email_settings(&root, edit).await.unwrap();
        assert_eq!((now.smtp.host.as_str(), now.smtp.security), ("mail.set.example", Security::Tls));
        assert!(!now.smtp.has_password && !now.smtp.enabled);
        assert!(house.engine.outgoing().await.unwrap().password.is_none());
        second.close().await;
        house.engine.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_is_in_no_row_and_in_no_event() {
    for postgres in [false, true] {
        let house = house(postgres).await;
        let root = caller(&house.person("root", Role::Admin).await);
        house.engine.edit_email_settings(&root, host("a.example", Edit::Set(SECRET.into()))).await.unwrap();
        // The same once more is a change, because two passwords can't be compared; nothing at all is none.
        house.engine.edit_email_settings(&root, host("a.example", Edit::Set(SECRET.into()))).await.unwrap();
        house.engine.edit_email_settings(&root, host("a.example", Edit::Keep)).await.unwrap();
        let store = house.store().await;
        let log = store::event::after(&mut store.read().await.unwrap(), Seq(0), 100).await.unwrap();
        assert_eq!(log.iter().filter(|r| r.event.word() == "email_config_changed").count(), 2);
        let rows = crate::rebuild::tables(&store).await;
        assert_eq!(rows["email_config"].len(), 1);
        let all = format!("{rows:?} {log:?} {:?}", house.engine.outgoing().await.unwrap());
        assert!(!all.contains("hunter2") && !all.contains("of the file"));
        store.close().await;
        let settings = house.engine.email_settings(&root.actor).await.unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
        let sue = house.person("sue", Role::Supervisor).await;
        let refused = house.engine.email_settings(&actor(sue.id, Role::Supervisor)).await.unwrap_err();
        assert!(matches!(refused, Error::Forbidden { .. }));
        house.engine.close().await;
    }
}
