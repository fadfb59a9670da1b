//! Mail going out, to a real mail server: once, in the person's language, by everybody's own rules, again after a failure,
//! and never twice.

use crate::api::{Api, each, items, soon};
use crate::app::TestApp;
use crate::binary::Home;
use crate::helpdesk;
use crate::mail::Mail;
use crate::smtp::{Fault, Letter, MailServer, Protection};
use crate::webhooks::all_sent;
use model::people::Role;
use model::time::MINUTE;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const PASSWORD: &str = "hunter2-邮";

/// An app that sends by this server.
pub async fn app(postgres: bool, server: &MailServer) -> TestApp {
    let port = server.port.to_string();
    let settings = [
        ("email.smtp_host", "127.0.0.1"),
        ("email.smtp_port", &port),
        ("email.smtp_tls", "none"),
        ("email.smtp_from", "noreply@desk.example"),
        ("email.smtp_from_name", "工单系统"),
        ("email.smtp_timeout_seconds", "5"),
        ("public_url", "https://desk.example/app"),
    ];
    TestApp::on(postgres, &settings).await
}

pub async fn assign(api: &Api, token: &str, ticket: &Value, to: &str) {
    api.done(token, "assignTicket", "ticket { id }", json!({ "id": ticket["id"], "assignee": to })).await;
}

async fn wants(api: &Api, token: &str, kind: &str) {
    let preferences = json!({ "preferences": [{ "type": kind, "email": true }] });
    helpdesk::send(api, token, Method::PUT, "/user/notification-preferences", preferences).await;
}

/// The mails of the ledger, newest first.
pub async fn ledger(api: &Api, token: &str) -> Vec<Value> {
    let query = "{ deliveries { nodes { route state why receipt attempts recipient body log { number status answer error request } } } }";
    let told = api.data(token, query, json!({})).await["deliveries"]["nodes"].take();
    items(&told).iter().filter(|one| one["route"] == "email").cloned().collect()
}

/// Waits until the newest mail is in this state, after so many tries at least.
async fn newest_after(api: &Api, token: &str, state: &str, tries: i64) -> Value {
    let found = async {
        let mut look = tokio::time::interval(Duration::from_millis(20));
        loop {
            look.tick().await;
            let first = ledger(api, token).await.into_iter().next();
            if let Some(first) =
                first.filter(|first| first["state"] == state && first["attempts"].as_i64() >= Some(tries))
            {
                return first;
            }
        }
    };
    soon(found).await
}

pub async fn newest(api: &Api, token: &str, state: &str) -> Value {
    newest_after(api, token, state, 1).await
}

fn to<'a>(letters: &'a [Letter], address: &str) -> Vec<&'a Letter> {
    letters.iter().filter(|letter| letter.to == address).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_arrives_once_with_both_parts_and_its_headers() {
    for postgres in [false, true] {
        let server = MailServer::start().await;
        let app = app(postgres, &server).await;
        let ticket = app.open_ticket(&app.user.token, "无法登录账号 <script>").await;
        assign(&app, &app.supervisor.token, &ticket, &app.agent.global()).await;
        let letters = server.letters(1).await;
        let letter = &letters[0];
        assert_eq!((letter.from.as_str(), letter.to.as_str()), ("noreply@desk.example", "agnes@example.org"));
        let read = letter.read();
        let number = ticket["number"].as_str().unwrap_or_default().to_owned();
        let subject = read.subject().unwrap();
        assert!(subject.contains("工单已分配给您：无法登录账号 <script>"), "{subject} {number}");
        let sender = read.from().unwrap().first().unwrap();
        assert_eq!((sender.name(), sender.address()), (Some("工单系统"), Some("noreply@desk.example")));
        assert_eq!(read.to().unwrap().first().unwrap().name(), Some("agnes"));
        assert!(read.message_id().unwrap().ends_with("@desk.example"));
        assert_eq!(read.date().unwrap().to_rfc3339(), "2026-01-05T02:00:00Z");
        assert_eq!(read.header("Auto-Submitted").and_then(|h| h.as_text()), Some("auto-generated"));
        // An answer finds its way back to the ticket.
        let back = read.reply_to().unwrap().first().unwrap().address().unwrap();
        assert!(back.starts_with("support+") && back.ends_with("@desk.example"), "{back}");
        let link = format!("https://desk.example/app/tickets/{}", ticket["databaseId"]);
        let text = read.body_text(0).unwrap();
        assert!(text.starts_with("agnes，您好：") && text.contains("sue 将工单") && text.contains(&link), "{text}");
        let html = read.body_html(0).unwrap();
        assert!(html.contains("无法登录账号 &lt;script&gt;") && !html.contains("<script>"), "{html}");
        assert!(html.contains(&format!("href=\"{link}\"")) && html.contains("lang=\"zh-CN\""));
        all_sent(&app).await;
        let all = ledger(&app, &app.admin.token).await;
        assert_eq!((all.len(), &all[0]["state"], &all[0]["attempts"]), (1, &json!("accepted"), &json!(1)));
        assert_eq!(all[0]["receipt"], "2.0.0 queued as 4711");
        assert_eq!(all[0]["log"][0]["request"]["to"], "agnes@example.org");
        assert_eq!(server.so_far().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_told_what_they_asked_for_in_their_language_and_nothing_internal() {
    let server = MailServer::start().await;
    let app = app(false, &server).await;
    let (agent, user) = (&app.agent.token, &app.user.token);
    let profile = json!({ "username": "ulla", "email": "ulla@example.org", "displayName": "ulla", "locale": "en-US" });
    app.done(user, "editProfile", "user { id }", json!({ "id": app.user.global(), "profile": profile })).await;
    for kind in ["ticket_commented", "ticket_resolved"] {
        wants(&app, user, kind).await;
    }
    wants(&app, agent, "ticket_commented").await;
    let ticket = app.open_ticket(user, "It\r\nBcc: x@y.example crashes").await;
    assign(&app, &app.supervisor.token, &ticket, &app.agent.global()).await;
    let note = json!({ "ticket": ticket["id"], "body": "between us only", "visibility": "INTERNAL" });
    app.done(&app.supervisor.token, "addComment", "comment { id }", note).await;
    app.comment(agent, &ticket, "Try <b>again</b>.\nThen tell us.").await;
    for status in ["IN_PROGRESS", "RESOLVED"] {
        app.done(agent, "changeStatus", "ticket { id }", json!({ "id": ticket["id"], "status": status })).await;
    }
    let letters = server.letters(4).await;
    all_sent(&app).await;
    assert_eq!(server.so_far().len(), 4);
    let hers = to(&letters, "ulla@example.org");
    assert_eq!(hers.len(), 2);
    assert!(hers[0].subject().contains("New comment: It Bcc: x@y.example crashes"), "{}", hers[0].subject());
    assert!(
        hers[0].text().starts_with("Hello ulla,") && hers[0].text().contains("> Try <b>again</b>.\n> Then tell us.")
    );
    let html = hers[0].read().body_html(0).unwrap().into_owned();
    assert!(html.contains("Try &lt;b&gt;again&lt;/b&gt;.<br>") && html.contains("lang=\"en\""), "{html}");
    assert!(hers[1].subject().contains("Ticket resolved"));
    let his = to(&letters, "agnes@example.org");
    assert_eq!(his.len(), 2);
    assert!(his[1].subject().contains("工单有新回复"), "{}", his[1].subject());
    for letter in &letters {
        assert!(!String::from_utf8_lossy(&letter.raw).contains("between us") && !letter.text().contains("between us"));
        assert!(letter.read().bcc().is_none());
    }
    // An answer to what was said among staff must not be read by everybody.
    assert!(his[1].read().reply_to().is_none() && his[0].read().reply_to().is_some());
    let roots: Vec<String> = hers.iter().map(|one| one.read().in_reply_to().as_text().unwrap().to_owned()).collect();
    assert_eq!(roots[0], roots[1], "one thread");
    let ids: Vec<String> = letters.iter().map(|one| one.read().message_id().unwrap().to_owned()).collect();
    assert!(ids.iter().all(|id| ids.iter().filter(|other| *other == id).count() == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_now_comes_again_the_same_and_what_is_refused_for_good_never() {
    for postgres in [false, true] {
        let server = MailServer::start().await;
        let app = app(postgres, &server).await;
        server.fails([Fault::Recipient(450), Fault::Message(451)]);
        let ticket = app.open_ticket(&app.user.token, "first").await;
        assign(&app, &app.supervisor.token, &ticket, &app.agent.global()).await;
        newest(&app, &app.admin.token, "queued").await;
        app.clock.advance(MINUTE);
        server.letters(1).await;
        newest_after(&app, &app.admin.token, "queued", 2).await;
        app.clock.advance(2 * MINUTE);
        let letters = server.letters(2).await;
        let told = newest(&app, &app.admin.token, "accepted").await;
        assert_eq!(each(&told["log"], "status"), [&json!(450), &json!(451), &json!(250)]);
        assert!(told["log"][0]["error"].as_str().unwrap().contains("not this one"));
        let id = |n: usize| letters[n].read().message_id().unwrap().to_owned();
        assert_eq!(id(0), id(1), "whoever has it twice sees that it is one");
        // For good, whoever says it and when.
        for (n, fault) in [Fault::Recipient(550), Fault::Message(554)].into_iter().enumerate() {
            server.fails([fault]);
            let ticket = app.open_ticket(&app.user.token, "second").await;
            assign(&app, &app.supervisor.token, &ticket, &app.agent.global()).await;
            server.begun(4 + n).await;
            let told = newest(&app, &app.admin.token, "failed").await;
            assert!(told["why"].as_str().unwrap().contains("not"), "{told}");
        }
        app.clock.advance(60 * MINUTE);
        all_sent(&app).await;
        assert_eq!(server.so_far().len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_arrived_is_uncertain_and_not_sent_again() {
    for postgres in [false, true] {
        let server = MailServer::start().await;
        let app = app(postgres, &server).await;
        for (n, fault) in [Fault::Silence, Fault::HangUp].into_iter().enumerate() {
            server.fails([fault]);
            let ticket = app.open_ticket(&app.user.token, "it hangs").await;
            assign(&app, &app.supervisor.token, &ticket, &app.agent.global()).await;
            server.letters(n + 1).await;
            let told = newest(&app, &app.admin.token, "uncertain").await;
            assert!(told["why"].as_str().unwrap().contains("may have arrived"), "{told}");
        }
        // Before the message was sent, silence is only silence.
        server.fails([Fault::Deaf]);
        let ticket = app.open_ticket(&app.user.token, "it is deaf").await;
        assign(&app, &app.supervisor.token, &ticket, &app.agent.global()).await;
        let told = newest(&app, &app.admin.token, "queued").await;
        assert!(told["attempts"] == 0 || told["why"].as_str().unwrap().contains("no answer"), "{told}");
        server.begun(3).await;
        let asked = async { while newest(&app, &app.admin.token, "queued").await["attempts"] == 0 {} };
        soon(asked).await;
        app.clock.advance(MINUTE);
        server.letters(3).await;
        newest(&app, &app.admin.token, "accepted").await;
        app.clock.advance(1_000 * MINUTE);
        all_sent(&app).await;
        let ids: Vec<String> = server.so_far().iter().map(|l| l.read().message_id().unwrap().to_owned()).collect();
        assert_eq!(ids.len(), 3);
        assert!(ids[0] != ids[1] && ids[1] != ids[2]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_sets_counts_at_once_and_the_password_is_shown_to_nobody() {
    let server = MailServer::with(Protection::StartTls, Some("desk:hunter2-邮")).await;
    for postgres in [false, true] {
        let ca = server.ca_file.display().to_string();
        let settings = [("email.smtp_ca_file", ca.as_str()), ("email.smtp_timeout_seconds", "5")];
        let app = TestApp::on(postgres, &settings).await;
        let admin = app.admin.token.as_str();
        let path = "/admin/email-config";
        let begin = app.as_of(admin).await;
        let before = helpdesk::get(&app, admin, path).await["data"].take();
        let nothing = json!({ "smtp_host": "", "smtp_port": 587, "smtp_username": "", "smtp_from": "", "smtp_from_name": "",
            "is_enabled": false, "last_test_at": null, "test_status": null });
        assert!(helpdesk::holds(&nothing, &before), "{before:#}");
        // Nobody is written to, and nothing waits.
        let ticket = app.open_ticket(&app.user.token, "nobody hears of it").await;
        assign(&app, admin, &ticket, &app.agent.global()).await;
        let test = json!({ "test_email": "test@example.com" });
        let told = helpdesk::send(&app, admin, Method::POST, "/admin/email-config/test", test.clone()).await;
        assert!(told["status"] == "failed" && told["message"].as_str().unwrap().contains("smtp_host"), "{told}");
        let wrong = json!({ "smtp_host": "localhost", "smtp_port": server.port, "smtp_username": "desk",
            "smtp_password": "wrong", "smtp_from": "noreply@desk.example", "smtp_from_name": "工单系统", "is_enabled": true });
        let now = helpdesk::send(&app, admin, Method::PUT, path, wrong).await;
        assert_eq!(
            (&now["smtp_host"], &now["is_enabled"], &now["has_password"]),
            (&json!("localhost"), &json!(true), &json!(true))
        );
        let told = helpdesk::send(&app, admin, Method::POST, "/admin/email-config/test", test.clone()).await;
        assert!(told["message"].as_str().unwrap().contains("535"), "{told}");
        let now = helpdesk::get(&app, admin, path).await["data"].take();
        assert_eq!((&now["test_status"], &now["last_test_at"]), (&json!("failed"), &json!("2026-01-05T02:00:00Z")));
        helpdesk::send(&app, admin, Method::PUT, path, json!({ "smtp_password": PASSWORD })).await;
        let taken = server.so_far().len();
        let (status, told) = helpdesk::call(&app, admin, Method::POST, "/admin/email-config/test", Some(&test)).await;
        let sample = json!({ "success": true, "message": "邮件测试完成",
            "data": { "status": "success", "message": "邮件发送成功", "test_time": "2026-01-05T02:00:00Z" } });
        assert!(status == 200 && helpdesk::holds(&sample, &told), "{told:#}");
        let letters = server.letters(taken + 1).await;
        let letter = letters.last().unwrap();
        assert!(letter.encrypted && letter.to == "test@example.com" && letter.subject() == "测试邮件");
        assert_eq!(letter.login.as_deref(), Some("desk:hunter2-邮"));
        let now = helpdesk::get(&app, admin, path).await["data"].take();
        assert_eq!((&now["test_status"], &now["smtp_from_name"]), (&json!("success"), &json!("工单系统")));
        // What happens from now on is told, and what happened before is not.
        assign(&app, admin, &ticket, &app.supervisor.global()).await;
        let letters = server.letters(taken + 2).await;
        assert_eq!(letters.last().unwrap().to, "sue@example.org");
        // Switched off, deliveries say why.
        helpdesk::send(&app, admin, Method::PUT, path, json!({ "is_enabled": false })).await;
        assign(&app, admin, &ticket, &app.agent.global()).await;
        let told = newest(&app, admin, "failed").await;
        assert!(told["why"].as_str().unwrap().contains("switched off"), "{told}");
        assert_eq!(server.so_far().len(), taken + 2);
        // Nobody but administrators, and nobody ever the password.
        for token in [&app.supervisor.token, &app.agent.token, &app.user.token] {
            assert_eq!(helpdesk::refused(&app, token, Method::GET, path, None).await.0, 403);
            assert_eq!(helpdesk::refused(&app, token, Method::PUT, path, Some(json!({}))).await.0, 403);
        }
        let (status, told) =
            helpdesk::call(&app, admin, Method::PUT, path, Some(&json!({ "smtp_host": "mail.evil.example" }))).await;
        assert!(status == 422 && told["details"]["smtp_password"].is_string(), "{told:#}");
        let bad = json!({ "smtp_port": 0, "smtp_tls": "maybe", "smtp_from": "nobody", "is_enabled": "yes" });
        let (status, told) = helpdesk::call(&app, admin, Method::PUT, path, Some(&bad)).await;
        let fields: Vec<&str> = told["details"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!((status, fields), (422, vec!["is_enabled", "smtp_from", "smtp_port", "smtp_tls"]));
        let query = "{ emailConfig { smtpHost smtpTls hasPassword isEnabled lastTest { ok why at } }
            settings { key value } deliveries { nodes { body log { request answer error } } } }";
        let seen = app.data(admin, query, json!({})).await;
        assert_eq!(seen["emailConfig"]["smtpTls"], "START_TLS");
        let log =
            "subscription($after: Cursor) { events(after: $after) { type data summary changes { field old new } } }";
        let mut events = app.live(admin, log, json!({ "after": begin })).await;
        let mut said = format!("{seen}{now}");
        let off = json!({ "field": "enabled", "old": true, "new": false });
        loop {
            let event = events.next().await["events"].take();
            said.push_str(&event.to_string());
            if event["changes"].as_array().is_some_and(|changes| changes.contains(&off)) {
                break;
            }
        }
        assert!(!said.contains("hunter2") && said.contains("EMAIL_TESTED"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_never_done_without_where_it_is_asked_for() {
    let plain = MailServer::start().await;
    let tls = MailServer::with(Protection::Tls, None).await;
    let ca = tls.ca_file.display().to_string();
    let app = TestApp::with(&[("email.smtp_ca_file", &ca), ("email.smtp_timeout_seconds", "5")]).await;
    let admin = app.admin.token.as_str();
    let test = async |server: &MailServer, host: &str, how: &str| {
        let config =
            json!({ "smtp_host": host, "smtp_port": server.port, "smtp_tls": how, "smtp_from": "a@desk.example" });
        helpdesk::send(&app, admin, Method::PUT, "/admin/email-config", config).await;
        let to = json!({ "test_email": "b@example.com" });
        let told = helpdesk::send(&app, admin, Method::POST, "/admin/email-config/test", to).await;
        (told["status"] == "success", told["message"].as_str().unwrap().to_owned())
    };
    let (ok, why) = test(&plain, "localhost", "starttls").await;
    assert!(!ok && why.contains("STARTTLS"), "{why}");
    assert!(test(&tls, "localhost", "tls").await.0);
    // The certificate is for another name.
    assert!(!test(&tls, "127.0.0.1", "tls").await.0);
    assert!(test(&plain, "localhost", "none").await.0);
    assert_eq!((plain.so_far().len(), tls.so_far().len()), (1, 1));
    assert!(tls.so_far()[0].encrypted && !plain.so_far()[0].encrypted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_loses_no_mail_and_sends_none_twice() {
    let server = MailServer::with(Protection::None, Some("desk:hunter2-邮")).await;
    let mut home = Home::new(false).await;
    for (name, value) in [
        ("HOST", "127.0.0.1"),
        ("PORT", &server.port.to_string()),
        ("TLS", "none"),
        ("USERNAME", "desk"),
        ("PASSWORD", PASSWORD),
        ("FROM", "noreply@desk.example"),
        ("TIMEOUT_SECONDS", "20"),
    ] {
        home.set(&format!("ECHODESK_EMAIL__SMTP_{name}"), value);
    }
    home.set("ECHODESK_LOG__LEVEL", "trace");
    let root = home.person("root@example.org", "admin").await;
    home.person("agnes@example.org", "agent").await;
    let running = home.serve().await;
    let staff = running.data(&root, "{ staff { nodes { id email } } }", json!({})).await;
    let agent =
        items(&staff["staff"]["nodes"]).iter().find(|one| one["email"] == "agnes@example.org").unwrap()["id"].clone();
    let agent = agent.as_str().unwrap();
    // One is in the middle of its message when the server is killed, one is before it, one has not begun.
    server.fails([Fault::Silence]);
    let first = running.open_ticket(&root, "in the middle").await;
    assign(&running, &root, &first, agent).await;
    server.letters(1).await;
    let second = running.open_ticket(&root, "behind it").await;
    assign(&running, &root, &second, agent).await;
    running.kill().await;
    let mail = Mail { from: "Li <li@example.net>", subject: "dead", id: "a@b.example", answers: None, text: "x" };
    home.run(&["mail", "ingest"], mail.raw().as_bytes()).await.ok();
    server.fails([Fault::Deaf]);
    let running = home.serve().await;
    server.begun(2).await;
    running.kill().await;
    let running = home.serve().await;
    let letters = server.letters(2).await;
    assert!(letters[1].subject().contains("behind it"), "{}", letters[1].subject());
    newest(running.api(), &root, "accepted").await;
    let states = ledger(running.api(), &root).await;
    assert_eq!(states.iter().map(|one| one["state"].as_str().unwrap()).collect::<Vec<_>>(), ["accepted", "uncertain"]);
    assert!(states[1]["why"].as_str().unwrap().contains("stopped while"), "{}", states[1]["why"]);
    running.terminate().await;
    running.ended().await;
    assert_eq!(server.so_far().len(), 2);
    let log = std::fs::read_to_string(home.path("server.log")).unwrap();
    let secret = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("\0desk\0{PASSWORD}"));
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "it is talkative");
    assert!(!log.contains("hunter2") && !log.contains(&secret), "the password is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn preferences_are_read_and_written_below_api() {
    let app = TestApp::start().await;
    let (user, path) = (app.user.token.as_str(), "/user/notification-preferences");
    let told = helpdesk::get(&app, user, path).await["data"].take();
    assert_eq!(items(&told["preferences"]).len(), 8);
    let created =
        json!({ "type": "ticket_created", "in_app": true, "email": false, "discord": false, "telegram": false });
    assert_eq!(told["preferences"][0], created);
    assert_eq!(told["available"], json!({ "in_app": true, "email": true, "discord": false, "telegram": false }));
    let staff = helpdesk::get(&app, &app.agent.token, path).await["data"].take();
    let mailed: Vec<&Value> =
        items(&staff["preferences"]).iter().filter(|p| p["email"] == true).map(|p| &p["type"]).collect();
    assert_eq!(mailed, ["ticket_assigned", "ticket_overdue", "system_alert"]);
    let change = json!({ "preferences": [{ "type": "ticket_created", "in_app": false, "email": true }, { "type": "ticket_closed" }] });
    let told = helpdesk::send(&app, user, Method::PUT, path, change).await;
    let created =
        json!({ "type": "ticket_created", "in_app": false, "email": true, "discord": false, "telegram": false });
    assert_eq!(told["preferences"][0], created);
    for (bad, status) in [
        (json!({}), 422),
        (json!({ "preferences": {} }), 422),
        (json!({ "preferences": [{ "type": "nothing" }] }), 422),
        (json!({ "preferences": [{ "type": "ticket_closed", "email": "yes" }] }), 422),
        (json!({ "preferences": [{ "type": "ticket_closed" }, { "type": "ticket_closed" }] }), 422),
        (json!({ "preferences": [{ "type": "ticket_closed", "discord": true }] }), 409),
    ] {
        let (told, _) = helpdesk::refused(&app, user, Method::PUT, path, Some(bad.clone())).await;
        assert_eq!(told, status, "{bad}");
    }
    assert_eq!(helpdesk::refused(&app, "", Method::GET, path, None).await.0, 401);
    // GraphQL has the same.
    let set = json!({ "preferences": [{ "type": "TICKET_CREATED", "route": "IN_APP", "enabled": true }] });
    let told = app.done(user, "setNotificationPreferences", "preferences { type route enabled available }", set).await;
    let first = json!({ "type": "TICKET_CREATED", "route": "IN_APP", "enabled": true, "available": true });
    assert_eq!((&told["preferences"][0], items(&told["preferences"]).len()), (&first, 32));
    let refused = json!({ "preferences": [{ "type": "TICKET_CREATED", "route": "TELEGRAM", "enabled": true }] });
    let told = app.payload(user, "setNotificationPreferences", "preferences { type }", refused).await;
    assert_eq!(told["userErrors"][0]["field"], "telegram");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_set_anew_by_a_link_that_lies_in_no_ledger() {
    for postgres in [false, true] {
        let server = MailServer::start().await;
        let app = app(postgres, &server).await;
        app.with_password("petra", Role::User).await;
        // Nobody learns who has an account, and a stranger to the house gets no mail.
        for email in ["nobody@example.org", "petra@example.org"] {
            helpdesk::send(&app, "", Method::POST, "/auth/forgot-password", json!({ "email": email })).await;
        }
        let letter = server.letters(1).await.remove(0);
        assert_eq!((letter.to.as_str(), letter.subject()), ("petra@example.org", "重置您的密码".to_owned()));
        let text = letter.text();
        let link = text.lines().find(|line| line.starts_with("https://")).unwrap();
        let token = link.strip_prefix("https://desk.example/app/reset-password?token=").unwrap();
        let told = newest(&app, &app.admin.token, "accepted").await;
        assert!(!told.to_string().contains(token), "{told}");
        let set = json!({ "token": token, "password": "another battery staple" });
        helpdesk::send(&app, "", Method::POST, "/auth/reset-password", set).await;
        let sign_in = json!({ "login": "petra", "password": "another battery staple" });
        app.done("", "signIn", "accessToken", sign_in).await;
        // What waited too long is not sent: the link is asked for anew.
        server.fails([Fault::Recipient(450)]);
        helpdesk::send(&app, "", Method::POST, "/auth/forgot-password", json!({ "email": "petra@example.org" })).await;
        newest(&app, &app.admin.token, "queued").await;
        app.clock.advance(61 * MINUTE);
        let told = newest(&app, &app.admin.token, "failed").await;
        assert!(told["why"].as_str().unwrap().contains("an hour ago"), "{told}");
        all_sent(&app).await;
        assert_eq!(server.so_far().len(), 1);
    }
}
