//! Several mailboxes: mail about a ticket comes from where the ticket came in, a report that it did not arrive marks it, and
//! a person may send it again.

use crate::api::{Api, items};
use crate::app::TestApp;
use crate::mailer::{assign, ledger, newest};
use crate::smtp::{Fault, MailServer};
use crate::webhooks::all_sent;
use serde_json::{Value, json};

async fn app(postgres: bool, server: &MailServer) -> TestApp {
    let port = server.port.to_string();
    let settings = [
        ("email.smtp_host", "127.0.0.1"),
        ("email.smtp_port", &port),
        ("email.smtp_tls", "none"),
        ("email.smtp_from", "noreply@desk.example"),
        ("email.smtp_timeout_seconds", "5"),
        ("email.addresses", "support@desk.example,shop@desk.example"),
    ];
    TestApp::on(postgres, &settings).await
}

/// Mails the house at these addresses; the ticket that came of it.
async fn written(app: &TestApp, to: &str, id: &str) -> Value {
    let raw = format!(
        "From: Li <li@example.com>\r\nTo: {to}\r\nSubject: About {id}\r\nMessage-ID: <{id}@example.com>\r\n\r\nIt broke.\r\n"
    );
    let taken = app.take_mail(&raw).await;
    let query = "query($n: String!) { ticket(number: $n) { id databaseId mailbox } }";
    app.data(&app.admin.token, query, json!({ "n": taken["number"] })).await["ticket"].take()
}

fn report(of: &str, action: &str, status: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example.net\r\nTo: noreply@desk.example\r\nSubject: Returned mail\r\nMessage-ID: <{action}.{of}>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nSorry.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n\
         Final-Recipient: rfc822; agnes@example.org\r\nAction: {action}\r\nStatus: {status}\r\n\
         Diagnostic-Code: smtp; 550 no such user\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{of}>\r\n--b--\r\n"
    )
}

async fn bodies(api: &Api, token: &str, ticket: &Value) -> Vec<Value> {
    let query = "query($id: ID!) { ticket(id: $id) { comments(first: 20) { nodes { body visibility } } } }";
    let told = api.data(token, query, json!({ "id": ticket["id"] })).await["ticket"]["comments"]["nodes"].take();
    items(&told).to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_comes_from_the_mailbox_that_the_ticket_came_in_at() {
    for postgres in [false, true] {
        let server = MailServer::start().await;
        let app = app(postgres, &server).await;
        let ours = [
            ("Shop <shop@desk.example>", "shop@desk.example", "shop@desk.example", "shop+"),
            // The first mailbox is the one that smtp_from speaks for.
            ("support+nobody@desk.example", "support@desk.example", "noreply@desk.example", "support+"),
        ];
        for (n, (to, mailbox, from, back)) in ours.into_iter().enumerate() {
            let ticket = written(&app, to, &format!("mail{n}")).await;
            assert_eq!(ticket["mailbox"], mailbox);
            assign(&app, &app.supervisor.token, &ticket, &app.agent.global()).await;
            let letter = server.letters(n + 1).await.remove(n);
            assert_eq!(letter.from, from, "the envelope, too");
            let read = letter.read();
            assert_eq!(read.from().unwrap().first().unwrap().address(), Some(from));
            let reply_to = read.reply_to().unwrap().first().unwrap().address().unwrap().to_owned();
            assert!(reply_to.starts_with(back) && reply_to.ends_with("@desk.example"), "{reply_to}");
            // An answer to it finds its ticket.
            let raw =
                format!("From: li@example.com\r\nTo: {reply_to}\r\nSubject: x\r\nMessage-ID: <a{n}@x>\r\n\r\nAnd?\r\n");
            assert_eq!(app.take_mail(&raw).await["ticket"], ticket["databaseId"]);
        }
        // One that is opened elsewhere came in at none.
        let ticket = app.open_ticket(&app.user.token, "by hand").await;
        let query = "query($id: ID!) { ticket(id: $id) { mailbox } }";
        let told = app.data(&app.admin.token, query, json!({ "id": ticket["id"] })).await;
        assert_eq!(told["ticket"]["mailbox"], Value::Null);
        all_sent(&app).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_it_did_not_arrive_marks_the_mail_and_is_noted_on_the_ticket() {
    for postgres in [false, true] {
        let server = MailServer::start().await;
        let app = app(postgres, &server).await;
        let admin = &app.admin.token;
        let ticket = app.open_ticket(&app.user.token, "broken").await;
        assign(&app, &app.supervisor.token, &ticket, &app.agent.global()).await;
        let id = server.letters(1).await[0].read().message_id().unwrap().to_owned();
        newest(&app, admin, "accepted").await;
        // A delay says nothing for good; a stranger's report of another mail says nothing at all.
        app.take_mail(&report(&id, "delayed", "4.4.1")).await;
        app.take_mail(&report("made-up@desk.example", "failed", "5.1.1")).await;
        newest(&app, admin, "accepted").await;
        for _ in 0..2 {
            app.take_mail(&report(&id, "failed", "5.1.1")).await;
        }
        let told = newest(&app, admin, "bounced").await;
        let why = told["why"].as_str().unwrap();
        assert!(why.contains("agnes@example.org 5.1.1") && why.contains("no such user"), "{why}");
        let notes = bodies(&app, admin, &ticket).await;
        assert_eq!(
            notes.iter().filter(|note| note["visibility"] == "INTERNAL").count(),
            2,
            "delayed, and failed: {notes:?}"
        );
        all_sent(&app).await;
        assert!(server.so_far().iter().all(|letter| letter.to != "li@example.com"), "nobody answers a machine");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_arrived_is_sent_again_when_a_person_says_so() {
    for postgres in [false, true] {
        let server = MailServer::start().await;
        let app = app(postgres, &server).await;
        let admin = &app.admin.token;
        server.fails([Fault::HangUp]);
        let ticket = app.open_ticket(&app.user.token, "it hangs").await;
        assign(&app, &app.supervisor.token, &ticket, &app.agent.global()).await;
        server.letters(1).await;
        newest(&app, admin, "uncertain").await;
        let query = "{ deliveries { nodes { id route state } } }";
        let told = app.data(admin, query, json!({})).await["deliveries"]["nodes"].take();
        let first = items(&told)[0].clone();
        let again = json!({ "id": first["id"], "clientMutationId": "once more" });
        for stranger in [&app.user.token, &app.agent.token, &app.supervisor.token] {
            let refused = app.payload(stranger, "redeliver", "delivery { id }", again.clone()).await;
            assert_eq!(refused["userErrors"][0]["code"], "FORBIDDEN");
        }
        for _ in 0..2 {
            app.done(admin, "redeliver", "delivery { id state }", again.clone()).await;
        }
        let letters = server.letters(2).await;
        newest(&app, admin, "accepted").await;
        let ids: Vec<String> = letters.iter().map(|one| one.read().message_id().unwrap().to_owned()).collect();
        assert_eq!(ids[0], ids[1], "whoever has it twice sees that it is one");
        all_sent(&app).await;
        assert_eq!(
            (server.so_far().len(), ledger(&app, admin).await.len()),
            (2, 2),
            "the same request is one delivery"
        );
    }
}
