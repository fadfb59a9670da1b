//! What those who run the house do: supervise, measure, back up and restore, look at the log, make accounts, find what is
//! wrong, mend mail.

use crate::api::{Api, each, items};
use crate::app::{TestApp, each_backend};
use crate::binary::{Home, finish};
use crate::mail::Mail;
use engine::{Clock as _, SystemClock};
use reqwest::StatusCode;
use serde_json::{Value, json};

const MAIL: Mail<'_> =
    Mail { from: "Li <li@example.net>", subject: "退款", id: "one@example.net", answers: None, text: "请退款。" };

/// A mail that cannot be read: no header, and no text.
const UNREADABLE: &[u8] = &[0, 1, 2, 255, 254, 0, 0, 7];

#[tokio::test(flavor = "multi_thread")]
async fn it_says_that_it_lives_and_that_it_is_ready() {
    each_backend(|app| async move {
        let alive = app.get("", "/healthz").await;
        assert_eq!((alive.status(), alive.headers()["cache-control"].to_str().unwrap()), (StatusCode::OK, "no-store"));
        assert_eq!(alive.text().await.unwrap(), "ok");
        let ready = app.get("", "/readyz").await;
        assert_eq!(ready.status(), StatusCode::OK);
        assert_eq!(ready.json::<Value>().await.unwrap(), json!({ "ready": true, "missing": [] }));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_for_administrators_and_have_no_names_in_them() {
    let app = TestApp::start().await;
    app.open_ticket(&app.user.token, "an unheard-of title").await;
    for (token, status) in
        [("", 401), (app.user.token.as_str(), 403), (app.supervisor.token.as_str(), 403), ("nonsense", 401)]
    {
        assert_eq!(app.get(token, "/metrics").await.status(), status);
    }
    let figures = app.get(&app.admin.token, "/metrics").await;
    assert!(figures.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    let figures = figures.text().await.unwrap();
    for name in ["echodesk_event_seq", "echodesk_sql_statements", "/graphql"] {
        assert!(figures.contains(name), "{name}: {figures}");
    }
    assert!(!figures.contains("unheard-of"));
    let public = TestApp::with(&[("metrics.public", "true")]).await;
    assert_eq!(public.get("", "/metrics").await.status(), StatusCode::OK);
    let off = TestApp::with(&[("metrics.enabled", "false")]).await;
    assert_eq!(off.get(&off.admin.token, "/metrics").await.status(), StatusCode::NOT_FOUND);
    let asked = app.http.get(app.at("/healthz")).header("x-request-id", "mine-1").send().await.unwrap();
    assert_eq!(asked.headers()["x-request-id"], "mine-1");
    assert!(!app.get("", "/healthz").await.headers()["x-request-id"].is_empty());
}

/// Everything that clients can see of the tickets.
async fn contents(api: &Api, token: &str) -> Value {
    let query = "{ tickets(first: 10) { totalCount nodes { id number title description status priority tags version createdAt requester { name email } assignee { name }
        comments(first: 5) { nodes { id body visibility author { name } attachments { filename size } } } history(first: 10) { nodes { type at by { name } summary } } } }
        users(first: 100) { nodes { id name email role } } quarantine { nodes { id why raw } } statistics { total byStatus { status count } } }";
    api.data(token, query, json!({})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_made_online_and_restored_on_either_database() {
    for postgres in [false, true] {
        let app = TestApp::on(postgres, &[]).await;
        // The programs beside this server, and those on the restored store, go by the machine's clock: so does it here.
        app.clock.set(SystemClock.now());
        let ticket = app.open_ticket(&app.user.token, "备份 backup").await;
        app.comment(&app.agent.token, &ticket, "answer").await;
        let sent = app
            .http
            .post(app.at("/attachments?filename=a.txt"))
            .bearer_auth(&app.user.token)
            .header("content-type", "text/plain")
            .body("content of the file");
        let file: Value = sent.send().await.unwrap().json().await.unwrap();
        let say = json!({ "ticket": ticket["id"], "body": "see file", "attachments": [format!("attachment_{}", file["id"])] });
        app.done(&app.user.token, "addComment", "comment { id }", say).await;
        app.take_mail(&MAIL.raw()).await;
        app.http
            .post(app.at("/hooks/email"))
            .header("x-hook-secret", crate::api::HOOK_SECRET)
            .body(UNREADABLE)
            .send()
            .await
            .unwrap();
        let before = contents(&app, &app.admin.token).await;
        let old = app.as_of(&app.admin.token).await;
        let backup = app.home.path("all.tar.gz").display().to_string();
        // Others go on meanwhile.
        let words = ["backup", backup.as_str()];
        let (done, _) = tokio::join!(app.cli(&words, b""), app.open_ticket(&app.stranger.token, "meanwhile"));
        let said = done.ok();
        assert!(said.starts_with("Backed up ") && said.contains(" 1 file"), "{said}");
        // Whether the ticket of that moment is inside is a matter of luck; a second backup of what is there is not.
        let settled = contents(&app, &app.admin.token).await;
        app.cli(&["backup", &backup], b"").await.ok();
        assert!(items(&settled["tickets"]["nodes"]).len() > items(&before["tickets"]["nodes"]).len());

        for into_postgres in [false, true] {
            let home = Home::new(into_postgres).await;
            let restored = home.run(&["restore", &backup], b"").await.ok();
            assert!(restored.starts_with("Restored ") && restored.contains("indexed 3 tickets"), "{restored}");
            let twice = home.run(&["restore", &backup], b"").await;
            assert_eq!(twice.code, 1);
            assert!(twice.err.contains("is not empty"), "{}", twice.err);
            let server = home.serve().await;
            assert_eq!(contents(&server, &app.admin.token).await, settled, "{postgres} into {into_postgres}");
            let found =
                server.data(&app.admin.token, "{ tickets(search: \"备份\") { nodes { title } } }", json!({})).await;
            assert_eq!(each(&found["tickets"]["nodes"], "title"), ["备份 backup"]);
            let file = server.get(&app.user.token, &format!("/attachments/{}", file["id"])).await;
            assert_eq!(file.text().await.unwrap(), "content of the file");
            // Another log: who comes with an old place has to load anew, over either transport.
            let text = "subscription($after: Cursor) { events(after: $after) { cursor } }";
            let live = server.live(&app.admin.token, text, json!({ "after": old })).await;
            assert_eq!(live.refusal().await, "RESYNC_REQUIRED");
            let told = home.run(&["events", "--after", &old], b"").await;
            assert!(told.code == 1 && told.err.contains("RESYNC_REQUIRED"), "{told:?}");
            // And it goes on: numbers and mails are known.
            assert_eq!(server.take_mail(&MAIL.raw()).await["state"], "duplicate");
            let next = server.open_ticket(&app.user.token, "next").await;
            assert_eq!(next["databaseId"].as_i64(), ticket["databaseId"].as_i64().map(|id| id + 3));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_is_refused_whole() {
    let app = TestApp::start().await;
    app.open_ticket(&app.user.token, "one").await;
    let backup = app.home.path("all.tar.gz");
    app.cli(&["backup", &backup.display().to_string()], b"").await.ok();
    let bytes = std::fs::read(&backup).unwrap();
    let mut broken = bytes.clone();
    let middle = broken.len() / 2;
    broken[middle] ^= 0xff;
    for (name, bytes) in
        [("short", &bytes[..bytes.len() / 2]), ("broken", &broken), ("nonsense", b"not a backup"), ("empty", b"")]
    {
        let home = Home::new(false).await;
        let path = home.path(name);
        std::fs::write(&path, bytes).unwrap();
        let refused = home.run(&["restore", &path.display().to_string()], b"").await;
        assert_eq!(refused.code, 1, "{name}: {refused:?}");
        assert!(refused.err.starts_with("error: "), "{name}: {}", refused.err);
        home.run(&["restore", &backup.display().to_string()], b"").await.ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_printed_as_lines_of_json() {
    each_backend(|app| async move {
        let ticket = app.open_ticket(&app.user.token, "one").await;
        app.comment(&app.agent.token, &ticket, "answer").await;
        let lines = app.cli(&["events", "--after", "0"], b"").await.ok();
        let events: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert!(kinds.iter().any(|kind| kind.contains("ticket_opened") || *kind == "TicketOpened"), "{kinds:?}");
        for event in &events {
            assert!(
                event["cursor"].is_string()
                    && event["at"].is_string()
                    && event["by"].is_object()
                    && event["data"].is_object(),
                "{event}"
            );
        }
        let middle = events[events.len() - 2]["cursor"].as_str().unwrap();
        assert_eq!(app.cli(&["events", "--after", middle], b"").await.ok().lines().count(), 1);
        let last = events.last().unwrap()["cursor"].as_str().unwrap();
        assert_eq!(app.cli(&["events", "--after", last], b"").await.ok(), "");
        assert_eq!(last, app.as_of(&app.admin.token).await);
        for (wrong, why) in [("nonsense", "is not a cursor"), ("elsewhere.1", "RESYNC_REQUIRED")] {
            let refused = app.cli(&["events", "--after", wrong], b"").await;
            assert!(refused.code == 1 && refused.err.contains(why), "{refused:?}");
        }
        for secret in [&app.admin.token, "password_hash", "$argon2"] {
            assert!(!lines.contains(secret));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_are_shown_before_they_run() {
    for postgres in [false, true] {
        let home = Home::new(postgres).await;
        let would = home.run(&["migrate", "--dry-run"], b"").await.ok();
        assert!(would.lines().count() > 0 && would.lines().all(|line| line.starts_with("would run ")), "{would}");
        if !postgres {
            assert!(!home.data_dir().join("echodesk.db").exists(), "a dry run makes nothing");
        }
        assert_eq!(home.run(&["migrate", "--dry-run"], b"").await.ok(), would);
        assert_eq!(home.run(&["migrate"], b"").await.ok(), would.replace("would run", "ran"));
        assert_eq!(home.run(&["migrate"], b"").await.ok(), "The database is up to date.");
        assert_eq!(home.run(&["migrate", "--dry-run"], b"").await.ok(), "The database is up to date.");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_nobody_knows_are_refused_by_name() {
    let mut home = Home::new(false).await;
    home.set("ECHODESK_HTTP__MAX_BODY_BITES", "1");
    home.set("ECHODESK_LOG__FORMAT", "xml");
    let refused = home.run(&["serve", "--set", "graphql.playgroud=true"], b"").await;
    assert_eq!(refused.code, 1);
    for part in ["ECHODESK_HTTP__MAX_BODY_BITES", "graphql.playgroud"] {
        assert!(refused.err.contains(part), "{part}: {}", refused.err);
    }
    assert!(refused.err.lines().all(|line| line.starts_with("error: ")), "{}", refused.err);
    home.settings.remove(0);
    let refused = home.run(&["serve"], b"").await;
    assert!(refused.code == 1 && refused.err.contains("ECHODESK_LOG__FORMAT"), "{refused:?}");
    home.settings.clear();
    std::fs::write(home.path("echodesk.toml"), "[http]\nmax_body_bytes = \"many\"\n").unwrap();
    let refused = home.run(&["user", "list"], b"").await;
    assert!(refused.code == 1 && refused.err.contains("echodesk.toml"), "{refused:?}");
    // The address in use, and one that is not ours.
    std::fs::remove_file(home.path("echodesk.toml")).unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = home.run(&["serve", "--listen", &taken.local_addr().unwrap().to_string()], b"").await;
    assert!(refused.code == 1 && refused.err.contains("is in use already"), "{refused:?}");
    assert_eq!(home.run(&["user", "list"], b"").await.ok(), "", "a server that cannot listen makes no administrator");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_makes_the_administrator() {
    let mut home = Home::new(false).await;
    home.set("ECHODESK_ADMIN_EMAIL", "root@example.org");
    home.set("ECHODESK_ADMIN_PASSWORD", "correct horse battery");
    let server = home.serve().await;
    let said = server.said.join("\n");
    assert!(said.contains("root@example.org") && !said.contains("correct horse"), "{said}");
    let input = json!({ "login": "root@example.org", "password": "correct horse battery" });
    let session = server.done("", "signIn", "accessToken", input).await;
    let token = session["accessToken"].as_str().unwrap().to_owned();
    assert_eq!(server.data(&token, "{ me { role } }", json!({})).await["me"]["role"], "ADMIN");
    server.terminate().await;
    assert_eq!(server.ended().await.code(), Some(0));
    // Once: the second start says nothing, and the session is still good.
    let server = home.serve().await;
    assert_eq!(server.said, Vec::<String>::new());
    server.data(&token, "{ me { id } }", json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_tokens_are_made_beside_a_running_server() {
    each_backend(|app| async move {
        let create =
            ["user", "create", "--email", "new@example.org", "--name", "新人", "--role", "agent", "--password", "-"];
        let line = app.cli(&create, b"correct horse battery\n").await.ok();
        assert_eq!(line.split('\t').skip(1).collect::<Vec<_>>(), ["agent", "active", "new@example.org", "新人"]);
        let token = app.cli(&["token", "new@example.org", "--scope", "read"], b"").await.ok();
        assert!(!token.contains(char::is_whitespace), "{token}");
        let me = app.data(&token, "{ me { email role } }", json!({})).await;
        assert_eq!(me["me"], json!({ "email": "new@example.org", "role": "AGENT" }));
        let session = app
            .done(
                "",
                "signIn",
                "accessToken",
                json!({ "login": "new@example.org", "password": "correct horse battery" }),
            )
            .await;
        assert!(session["accessToken"].is_string());
        assert!(app.cli(&["user", "list"], b"").await.ok().lines().any(|listed| listed == line));
        for (words, why) in [
            (&["token", "nobody@example.org"][..], "Nobody has"),
            (&["user", "create", "--email", "new@example.org"], "mail"),
            (&["user", "create", "--email", "nonsense"], "mail"),
            (&["user", "create", "--email", "b@example.org", "--password", "short"], "assword"),
        ] {
            let refused = app.cli(words, b"").await;
            assert!(refused.code == 1 && refused.err.contains(why), "{words:?}: {refused:?}");
        }
    })
    .await;
}

/// A database that is not there, on a server that says so at once.
async fn gone() -> String {
    format!("{}_gone", store::testing::postgres::fresh_database().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_what_is_wrong() {
    for postgres in [false, true] {
        let mut home = Home::new(postgres).await;
        let bare = home.run(&["doctor"], b"").await;
        assert_eq!(bare.code, 1, "{bare:?}");
        assert!(bare.out.contains('✗') && bare.out.contains('→'), "{}", bare.out);
        home.person("root@example.org", "admin").await;
        let sound = home.run(&["doctor"], b"").await;
        assert_eq!(sound.code, 0, "{sound:?}");
        assert!(sound.out.ends_with("Everything that is needed is in order.\n"), "{}", sound.out);
        home.run(&["mail", "ingest"], UNREADABLE).await.ok();
        let noticed = home.run(&["doctor"], b"").await;
        assert!(noticed.code == 0 && noticed.out.contains("quarantine: 1"), "{noticed:?}");
        home.set("ECHODESK_NONSENSE", "1");
        let wrong = home.run(&["doctor"], b"").await;
        assert!(wrong.code == 1 && wrong.out.contains("ECHODESK_NONSENSE"), "{wrong:?}");
        home.settings.clear();
        home.database_url = gone().await;
        let away = home.run(&["doctor"], b"").await;
        assert!(away.code == 1 && away.out.contains("cannot be reached"), "{away:?}");
        home.settings.push(("LANG".into(), "zh_CN.UTF-8".into()));
        assert!(home.run(&["doctor"], b"").await.out.contains("需要修复"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_explains_itself() {
    let home = Home::new(false).await;
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = home.run(&["completions", shell], b"").await.ok();
        assert!(script.contains("echodesk") && script.contains("reprocess"), "{shell}");
    }
    assert_eq!(home.run(&["schema"], b"").await.out, graphql::sdl());
    assert_eq!(home.run(&["settings"], b"").await.out, echodesk::config::settings_markdown());
    let help = home.run(&["--help"], b"").await.ok();
    for word in ["serve", "backup", "restore", "doctor", "events", "--data-dir"] {
        assert!(help.contains(word), "{word}");
    }
    assert_eq!(home.run(&["--version"], b"").await.ok(), format!("echodesk {}", env!("CARGO_PKG_VERSION")));
    assert_eq!(home.run(&["nonsense"], b"").await.code, 2);
    assert!(!home.data_dir().exists(), "none of this makes a store");
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_servers_understand_the_exit_codes() {
    let mut home = Home::new(false).await;
    let first = home.run(&["mail", "ingest"], MAIL.raw().as_bytes()).await.ok();
    assert!(first.starts_with("ticket 100001 TK-") && first.ends_with(" opened"), "{first}");
    assert!(home.run(&["mail", "ingest"], MAIL.raw().as_bytes()).await.ok().ends_with(" has it already"));
    let path = home.path("mail.eml");
    std::fs::write(&path, Mail { id: "two@example.net", subject: "another", ..MAIL }.raw()).unwrap();
    home.run(&["mail", "ingest", "--file", &path.display().to_string()], b"").await.ok();
    assert!(home.run(&["mail", "ingest"], UNREADABLE).await.ok().starts_with("quarantined: "));
    assert!(
        home.run(&["mail", "ingest"], b"").await.ok().starts_with("quarantined: "),
        "not even an empty one is lost"
    );
    assert_eq!(home.run(&["mail", "ingest", "--nonsense"], b"").await.code, 64);
    assert_eq!(home.run(&["mail", "ingest", "--file", "/nowhere"], b"").await.code, 75);
    home.set("ECHODESK_EMAIL__MAX_MESSAGE_BYTES", "1024");
    assert_eq!(home.run(&["mail", "ingest"], &[b'x'; 2_000]).await.code, 65);
    home.settings.clear();
    home.set("ECHODESK_NONSENSE", "1");
    assert_eq!(home.run(&["mail", "ingest"], MAIL.raw().as_bytes()).await.code, 75, "settings can be mended");
    home.settings.clear();
    home.database_url = gone().await;
    let away = home.run(&["mail", "ingest"], MAIL.raw().as_bytes()).await;
    assert_eq!(away.code, 75, "{away:?}");
    // A database that cannot be read.
    home.database_url = format!("sqlite://{}", home.path("mail.eml").display());
    assert_eq!(home.run(&["mail", "ingest"], MAIL.raw().as_bytes()).await.code, 75);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_mail_is_kept_and_read() {
    let app = TestApp::start().await;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mail");
    let mut samples = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let raw = std::fs::read(&path).unwrap();
        let request = app.http.post(app.at("/hooks/email")).header("x-hook-secret", crate::api::HOOK_SECRET).body(raw);
        let taken: Value = request.send().await.unwrap().json().await.unwrap();
        assert!(
            ["opened", "commented", "ignored"].contains(&taken["state"].as_str().unwrap()),
            "{}: {taken}",
            path.display()
        );
        samples += 1;
    }
    let kept = app
        .data(&app.admin.token, "{ inbound(first: 100) { nodes { state } } quarantine { nodes { why } } }", json!({}))
        .await;
    assert_eq!(items(&kept["inbound"]["nodes"]).len(), samples);
    assert_eq!(items(&kept["quarantine"]["nodes"]).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_cannot_be_read_is_mended_by_staff() {
    each_backend(|app| async move {
        let hook =
            app.http.post(app.at("/hooks/email")).header("x-hook-secret", crate::api::HOOK_SECRET).body(UNREADABLE);
        let answer = hook.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        let taken: Value = answer.json().await.unwrap();
        assert_eq!((&taken["state"], &taken["ticket"]), (&json!("quarantined"), &Value::Null));
        app.cli(&["mail", "ingest"], &[UNREADABLE, b"2"].concat()).await.ok();
        let query = "{ quarantine { nodes { id state why raw size attempts ticket { id } } } }";
        let waiting = app.data(&app.supervisor.token, query, json!({})).await["quarantine"]["nodes"].take();
        assert_eq!(items(&waiting).len(), 2, "{waiting}");
        let id = format!("inbound_{}", taken["inbound"]);
        let one = items(&waiting).iter().find(|one| one["id"] == id.as_str()).unwrap();
        assert_eq!((&one["state"], &one["size"]), (&json!("QUARANTINED"), &json!(UNREADABLE.len())));
        assert!(one["why"].as_str().unwrap().len() > 5);
        assert_eq!(app.code(&app.agent.token, query, json!({})).await, "FORBIDDEN");
        // As it is, it cannot be read this time either.
        let again = app.payload(&app.supervisor.token, "reprocessInbound", "ticket { id }", json!({ "id": id })).await;
        assert_eq!(again["ticket"], Value::Null, "{again}");
        let mend = json!({ "id": id, "raw": MAIL.raw(), "clientMutationId": "mend" });
        let by_agent = app.payload(&app.agent.token, "reprocessInbound", "ticket { id }", mend.clone()).await;
        assert_eq!(by_agent["userErrors"][0]["code"], "FORBIDDEN", "{by_agent}");
        let mended = app
            .done(
                &app.supervisor.token,
                "reprocessInbound",
                "ticket { id title description channel requester { email } }",
                mend,
            )
            .await;
        assert_eq!(
            (&mended["ticket"]["title"], &mended["ticket"]["description"]),
            (&json!("退款"), &json!("请退款。")),
            "{mended}"
        );
        // The other one is thrown away.
        let other = each(&waiting, "id").into_iter().find(|other| **other != id.as_str()).unwrap();
        app.done(&app.supervisor.token, "discardInbound", "message { state }", json!({ "id": other })).await;
        let rest = app.data(&app.supervisor.token, query, json!({})).await;
        assert_eq!(rest["quarantine"]["nodes"], json!([]));
        let states =
            app.data(&app.supervisor.token, "{ inbound { nodes { id state ticket { id } } } }", json!({})).await;
        let state = |id: &Value| {
            items(&states["inbound"]["nodes"]).iter().find(|one| one["id"] == *id).unwrap()["state"].clone()
        };
        assert_eq!((state(&json!(id)), state(other)), (json!("PROCESSED"), json!("DISCARDED")));
        // The mail itself, when it comes at last, is known.
        assert_eq!(app.take_mail(&MAIL.raw()).await["state"], "duplicate");
        let none = finish(app.home.command(&["mail", "reprocess"]), Vec::new()).await;
        assert_eq!((none.code, none.out.as_str()), (0, ""));
    })
    .await;
}
