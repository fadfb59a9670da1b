//! `/api`: whether the server works, its figures, settings in bulk, notifications by hand, clean-ups, and the words that known
//! clients look for when they sign in and out.

use super::{call, get, holds, refused, send};
use crate::api::{each, items, signed, soon};
use crate::app::{PASSWORD, TestApp, each_backend};
use model::people::Role;
use model::time::{DAY, HOUR};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

const POST: Method = Method::POST;
const PUT: Method = Method::PUT;

#[tokio::test(flavor = "multi_thread")]
async fn anybody_may_ask_whether_it_works() {
    for postgres in [false, true] {
        let app = TestApp::on(postgres, &[]).await;
        let kind = if postgres { "postgres" } else { "sqlite" };
        assert_eq!(get(&app, "", "/ping").await["message"], "pong");
        let health = get(&app, "", "/health").await;
        let sample = json!({ "status": "healthy", "database": "connected", "database_kind": kind, "timestamp": "2026-01-05T02:00:00Z" });
        assert!(holds(&sample, &health["data"]), "{health:#}");
        let trip = get(&app, "", "/redis/test").await;
        assert!(holds(&json!({ "status": "ok", "data": { "redis": false, "backend": kind } }), &trip), "{trip:#}");
        let plain = app.http.get(app.at("/health")).send().await.unwrap();
        assert_eq!(plain.json::<Value>().await.unwrap()["status"], "ok");
        // Nobody learns by which server mail goes out.
        let mail = get(&app, "", "/email-status").await;
        assert!(holds(&json!({ "status": "not_configured", "is_configured": false }), &mail["data"]), "{mail:#}");
        let admin = &app.admin.token;
        send(&app, admin, PUT, "/admin/email-config", json!({ "smtp_host": "mail.example" })).await;
        let mail = get(&app, "", "/email-status").await;
        assert!(mail["data"]["status"] == "ready" && !mail.to_string().contains("mail.example"), "{mail:#}");
        send(&app, admin, PUT, "/admin/email-config", json!({ "is_enabled": false })).await;
        assert_eq!(get(&app, "", "/email-status").await["data"]["status"], "disabled");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_its_database_says_so() {
    let app = TestApp::start().await;
    app.engine.close().await;
    for path in ["/health", "/redis/test"] {
        let (status, told) = call(&app, "", Method::GET, path, None).await;
        assert_eq!((status, &told["error_code"]), (503, &json!("INTERNAL_ERROR")), "{told:#}");
        assert!(!items(&told["details"]["missing"]).is_empty(), "{told:#}");
    }
    assert_eq!(get(&app, "", "/ping").await["message"], "pong");
    app.left_as_it_is();
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_counted_and_not_made_up() {
    each_backend(|app| async move {
        for title in ["one", "two"] {
            app.open_ticket(&app.user.token, title).await;
        }
        let own = get(&app, &app.user.token, "/user/stats").await;
        let sample = json!({ "created": { "total": 2, "open": 2 }, "assigned": { "total": 0 }, "comments": 2, "notifications": 0, "unread_notifications": 0 });
        assert!(holds(&sample, &own["data"]), "{own:#}");
        app.clock.advance(3 * HOUR);
        let all = get(&app, &app.admin.token, "/admin/analytics/system").await;
        let kind = if app.home.database_url.starts_with("postgres") { "postgres" } else { "sqlite" };
        let sample = json!({
            "users": { "total": 5, "by_role": { "admin": 1, "supervisor": 1, "agent": 1, "user": 2 }, "by_status": { "active": 5 } },
            "tickets": { "total": 2, "open": 2, "by_priority": { "normal": 2 }, "unassigned": 2 },
            "sla": { "compliance_rate": 100.0, "breached": 0 },
            "deliveries": { "since": "2025-12-06T05:00:00Z", "by_state": {} },
            "database": { "kind": kind },
            "server": { "started_at": "2026-01-05T02:00:00Z", "uptime_seconds": 10_800, "version": env!("CARGO_PKG_VERSION") },
        });
        assert!(holds(&sample, &all["data"]), "{all:#}");
        assert!(all["data"]["database"]["size_bytes"].as_i64().unwrap() > 10_000, "{all:#}");
        assert!(all["data"]["database"]["events"].as_i64().unwrap() >= 12, "{all:#}");
        app.clock.advance(10 * DAY);
        let week = get(&app, &app.admin.token, "/admin/analytics/system?range=7d").await;
        assert_eq!(week["data"]["tickets"]["total"], 0, "{week:#}");
        for (token, status) in [("", 401), (app.supervisor.token.as_str(), 403)] {
            assert_eq!(refused(&app, token, Method::GET, "/admin/analytics/system", None).await.0, status);
        }
        assert_eq!(refused(&app, &app.admin.token, Method::GET, "/admin/analytics/system?range=soon", None).await.0, 400);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_writes_to_one_person() {
    each_backend(|app| async move {
        let admin = &app.admin.token;
        let ticket = app.open_ticket(&app.user.token, "hers").await["databaseId"].as_i64().unwrap();
        let form = json!({
            "type": "system_alert", "title": "自动化测试通知", "content": "内容", "priority": "high",
            "recipient_id": app.user.id.0, "related_ticket_id": ticket, "action_url": "/tickets",
        });
        let mut live = app.live(&app.user.token, "subscription { notifications { title message priority actionUrl } }", json!({})).await;
        let sent = send(&app, admin, POST, "/admin/notifications", form.clone()).await;
        let sample = json!({
            "type": "system_alert", "title": "自动化测试通知", "content": "内容", "priority": "high", "is_read": false,
            "created_at": "2026-01-05T02:00:00Z", "recipient": { "id": app.user.id.0, "username": "ulla" },
            "related_ticket_id": ticket, "action_url": "/tickets",
        });
        assert!(holds(&sample, &sent) && sent["id"].is_i64(), "{sent:#}");
        let heard = live.next().await;
        assert!(heard.to_string().contains("自动化测试通知") && heard.to_string().contains("/tickets"), "{heard:#}");
        let counted = get(&app, &app.user.token, "/notifications/unread-count").await;
        assert_eq!((&counted["count"], &counted["data"]["count"]), (&json!(1), &json!(1)));
        let list = get(&app, &app.user.token, "/notifications?limit=3&offset=0").await;
        let one = json!({ "id": sent["id"], "title": "自动化测试通知", "content": "内容", "priority": "high", "related_ticket_id": ticket });
        assert!(holds(&one, &list["data"][0]), "{list:#}");
        assert!(items(&get(&app, &app.user.token, "/notifications?limit=3&offset=3").await["data"]).is_empty());
        for (query, count) in [("is_read=true", 0), ("is_read=false", 1)] {
            assert_eq!(get(&app, &app.user.token, &format!("/notifications?{query}")).await["total"], count, "{query}");
        }
        call(&app, &app.user.token, PUT, &format!("/notifications/{}/read", sent["id"]), None).await;
        for (query, count) in [("is_read=true", 1), ("is_read=false", 0)] {
            let found = get(&app, &app.user.token, &format!("/notifications?{query}")).await;
            assert_eq!((&found["total"], items(&found["data"]).len()), (&json!(count), count), "{query}");
        }

        let with = |field: &str, value: Value| {
            let mut form = form.clone();
            form[field] = value;
            Some(form)
        };
        for (field, value) in [
            ("title", json!("")),
            ("content", json!("")),
            ("title", json!("x".repeat(256))),
            ("type", json!("nonsense")),
            ("priority", json!("soon")),
            ("related_ticket_id", json!(1)),
            ("action_url", json!("javascript:alert(1)")),
        ] {
            let (status, told) = call(&app, admin, POST, "/admin/notifications", with(field, value).as_ref()).await;
            assert!(status == 422 && told["details"][field].is_string(), "{field}: {told:#}");
        }
        let stranger = with("recipient_id", json!(app.stranger.id.0));
        assert_eq!(refused(&app, admin, POST, "/admin/notifications", stranger).await.0, 422, "of another's ticket");
        let nobody = with("recipient_id", json!(999_999));
        assert_eq!(refused(&app, admin, POST, "/admin/notifications", nobody).await, (404, "USER_NOT_FOUND".to_owned()));
        for (token, status) in [("", 401), (app.supervisor.token.as_str(), 403), (app.user.token.as_str(), 403)] {
            assert_eq!(refused(&app, token, POST, "/admin/notifications", Some(form.clone())).await.0, status);
        }
        // Through GraphQL, too; and who did it stands in the audit log.
        let input = json!({ "to": app.agent.global(), "title": "t", "content": "c" });
        let told = app.done(admin, "sendNotification", "notification { title sender { id } }", input).await;
        assert_eq!(told["notification"]["sender"]["id"], app.admin.global(), "{told:#}");
        let log = get(&app, admin, "/admin/audit-logs?keyword=notifications&status=201").await;
        assert_eq!(log["data"]["items"][0]["action"], "POST /api/admin/notifications", "{log:#}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_go_in_and_out_many_at_once() {
    each_backend(|app| async move {
        let admin = &app.admin.token;
        let new = json!({ "key": "system.test.1", "value": "pytest-value", "value_type": "string", "description": "d", "category": "system", "group": "pytest" });
        let made = send(&app, admin, POST, "/admin/configs", new.clone()).await;
        assert!(holds(&new, &made), "{made:#}");
        let unreadable = json!({ "key": "test.validation.int", "value": "not_a_number", "value_type": "int" });
        assert_eq!(refused(&app, admin, POST, "/admin/configs", Some(unreadable.clone())).await.0, 400);
        let batch = json!([
            { "key": "system.test.1", "value": "true", "value_type": "bool", "description": "flag", "category": "system", "group": "pytest" },
            { "key": "test.batch.2", "value": "5", "value_type": "int", "category": "test", "group": "b" },
        ]);
        let told = send(&app, admin, PUT, "/admin/configs/batch", batch.clone()).await;
        assert_eq!((&told["updated_count"], &told["changed_count"]), (&json!(2), &json!(2)));
        let one = get(&app, admin, "/admin/configs/system.test.1").await;
        assert!(holds(&json!({ "value": "true", "type": "boolean", "value_type": "bool", "description": "flag" }), &one["data"]), "{one:#}");
        assert_eq!(send(&app, admin, PUT, "/admin/configs/batch", batch).await["changed_count"], 0);

        // All or nothing, each bad one named.
        let bad = json!([{ "key": "site_name", "value": "y" }, { "key": "max_file_size", "value": "big" }, { "key": "Bad Key", "value": "x" }]);
        let (status, told) = call(&app, admin, PUT, "/admin/configs/batch", Some(&bad)).await;
        let why = told["details"]["configs"].as_str().unwrap().to_owned();
        assert!(status == 422 && why.contains("[1] max_file_size") && why.contains("[2] Bad Key"), "{told:#}");
        let (status, told) = call(&app, admin, PUT, "/admin/configs/batch", Some(&json!([unreadable]))).await;
        assert!(status == 400 && told["details"]["configs"].as_str().unwrap().contains("[0] test.validation.int"), "{told:#}");
        for other in [json!([]), json!({}), json!([5])] {
            assert_eq!(refused(&app, admin, PUT, "/admin/configs/batch", Some(other)).await.0, 422);
        }
        assert_eq!(get(&app, admin, "/admin/configs/site_name").await["data"]["value"], "工单管理系统");

        let some = get(&app, admin, "/admin/configs?category=test").await;
        assert_eq!(each(&some["data"], "key"), ["test.batch.2"]);
        let export = async |query: &str| {
            let answer = signed(app.http.get(app.at(&format!("/api/admin/configs/export{query}"))), admin).send().await.unwrap();
            assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"system_configs.json\"");
            answer.json::<Value>().await.unwrap()
        };
        let all = export("?format=json").await;
        assert!(items(&all).iter().any(|one| one["key"] == "site_name") && items(&all).iter().any(|one| one["key"] == "test.batch.2"));
        assert_eq!(each(&export("?category=test").await, "key"), ["test.batch.2"]);
        let answer = signed(app.http.get(app.at("/api/admin/configs/export?format=xml")), admin).send().await.unwrap();
        assert_eq!(answer.status(), 400);

        let import = async |token: &str, name: &str, text: String| {
            let part = Part::text(text).file_name(name.to_owned()).mime_str("application/json").unwrap();
            let form = Form::new().part("file", part);
            let answer = signed(app.http.post(app.at("/api/admin/configs/import")), token).multipart(form).send().await.unwrap();
            (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
        };
        let (status, told) = import(admin, "configs.json", all.to_string()).await;
        assert_eq!((status, &told["data"]["filename"], &told["data"]["changed_count"]), (200, &json!("configs.json"), &json!(0)), "{told:#}");
        let rows = json!([{ "key": "test.import.1", "value": "v" }, { "key": "test.import.2", "value": "true", "value_type": "bool" }]);
        assert_eq!(import(admin, "c.json", rows.to_string()).await.1["data"]["changed_count"], 2);
        assert_eq!(get(&app, admin, "/admin/configs/test.import.2").await["data"]["value"], "true");
        let bad = json!([{ "key": "test.import.3", "value": "v" }, { "key": "default_locale", "value": "xx" }]);
        assert_eq!(import(admin, "c.json", bad.to_string()).await.0, 422);
        assert_eq!(refused(&app, admin, Method::GET, "/admin/configs/test.import.3", None).await.0, 404);
        assert_eq!(import(admin, "c.json", "not json".to_owned()).await.0, 400);
        assert_eq!(import(&app.supervisor.token, "c.json", rows.to_string()).await.0, 403);
        assert_eq!(send(&app, admin, POST, "/admin/configs/init", json!({})).await["restored_count"], 0);

        // Failed logins are not limited in here; where they are, the numbers are another test's.
        let policy = get(&app, admin, "/admin/configs/security-policy").await;
        let sample = json!({
            "password_policy": { "min_length": 8, "max_length": 128, "require_upper": false },
            "login_policy": { "max_attempts": 0, "lock_duration": 0, "session_timeout": 604_800, "access_token_lifetime": 900, "two_factor_required": false, "allow_registration": true },
            "trusted_device_policy": { "ttl_hours": 720, "max_per_user": 5 },
        });
        assert!(holds(&sample, &policy["data"]), "{policy:#}");
        send(&app, admin, PUT, "/admin/configs/password_min_length", json!({ "value": 12 })).await;
        assert_eq!(get(&app, admin, "/admin/configs/security-policy").await["data"]["password_policy"]["min_length"], 12);
        let stats = get(&app, admin, "/admin/configs/cache/stats").await;
        assert_eq!(stats["data"]["item_count"], 5, "{stats:#}");
        assert_eq!(send(&app, admin, POST, "/admin/configs/cache/clear", json!({})).await["reread_count"], 5);
        for (method, path, body) in [
            (PUT, "/admin/configs/batch", Some(json!([{ "key": "a", "value": "b" }]))),
            (POST, "/admin/configs/init", None),
            (POST, "/admin/configs/cache/clear", None),
        ] {
            assert_eq!(refused(&app, &app.supervisor.token, method, path, body).await.0, 403, "{path}");
        }
        // GraphQL has them, too.
        let input = json!({ "settings": [{ "key": "site_name", "value": "g" }, { "key": "g.own", "value": 5, "category": "g" }] });
        let told = app.done(admin, "changeSettings", "configs { key value category }", input).await;
        assert_eq!(told["configs"], json!([
            { "key": "site_name", "value": "g", "category": "system" }, { "key": "g.own", "value": 5, "category": "g" },
        ]));
    })
    .await;
}

/// Waits until no clean-up is under way.
async fn ended(app: &TestApp) -> Value {
    soon(async {
        loop {
            let logs = get(app, &app.admin.token, "/admin/system/cleanup/logs?limit=10").await;
            if items(&logs["data"]).iter().all(|log| log["status"] != "started") {
                return logs;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_is_forgotten_as_it_was_ordered() {
    each_backend(|app| async move {
        let admin = &app.admin.token;
        let path = "/admin/system/cleanup/config";
        let config = get(&app, admin, path).await["data"].clone();
        let sample = json!({
            "cleanup_enabled": true, "cleanup_schedule": "0 2 * * *", "max_records_per_cleanup": 1000,
            "login_history_retention_days": 180, "trusted_device_retention_days": 30,
            "notification_retention_days": 180, "audit_log_retention_days": 365,
        });
        assert_eq!(config, sample);
        let mut edit = config.clone();
        edit["cleanup_enabled"] = json!(false);
        edit["max_records_per_cleanup"] = json!(1001);
        edit["cleanup_schedule"] = json!("0 3 * * *");
        assert_eq!(send(&app, admin, PUT, path, edit.clone()).await, edit);
        assert_eq!(get(&app, admin, "/admin/configs/cleanup_schedule").await["data"]["value"], "0 3 * * *");
        assert_eq!(send(&app, admin, PUT, path, config).await, sample);
        for (field, value) in [
            ("cleanup_schedule", json!("at night")),
            ("max_records_per_cleanup", json!(50)),
            ("login_history_retention_days", json!(0)),
            ("cleanup_enabled", json!("maybe")),
        ] {
            assert_eq!(refused(&app, admin, PUT, path, Some(json!({ field: value }))).await.0, 422, "{field}");
        }
        assert_eq!(get(&app, admin, path).await["data"], sample);

        app.with_password("ann", Role::User).await;
        let wrong = json!({ "email": "ann@example.org", "password": "wrong" });
        refused(&app, "", POST, "/auth/login", Some(wrong)).await;
        let login = json!({ "email": "ann@example.org", "password": PASSWORD });
        send(&app, "", POST, "/auth/login", login.clone()).await;
        app.clock.advance(200 * DAY);
        let live = send(&app, "", POST, "/auth/login", login).await;
        let order = json!({ "task_type": "login_history" });
        let (status, told) = call(&app, admin, POST, "/admin/system/cleanup/execute", Some(&order)).await;
        assert_eq!(status, 202);
        let begun = json!({ "task_type": "login_history", "trigger_type": "manual", "status": "started" });
        assert!(holds(&begun, &told["data"]), "{told:#}");
        let logs = ended(&app).await;
        let log = json!({
            "task_type": "login_history", "status": "completed", "trigger_type": "manual", "trigger_by": app.admin.id.0,
            "records_deleted": 2, "retention_days": 180, "cutoff_date": "2026-01-25T02:00:00Z", "duration": 0, "error_message": "",
        });
        assert!(holds(&log, &logs["data"][0]) && logs["total"] == 1, "{logs:#}");
        let history = get(&app, live["access_token"].as_str().unwrap(), "/user/login-history").await;
        assert_eq!(history["data"]["pagination"]["total"], 1, "{history:#}");
        let stats = get(&app, admin, "/admin/system/cleanup/stats").await;
        let sample = json!({
            "login_history_count": 1, "total_cleanups": 1, "successful_cleanups": 1, "total_records_deleted": 2,
            "last_cleanup_time": "2026-07-24T02:00:00Z", "current_config": { "cleanup_enabled": true },
        });
        assert!(holds(&sample, &stats["data"]), "{stats:#}");
        assert_eq!(call(&app, admin, POST, "/admin/system/cleanup/execute-all", Some(&json!({}))).await.0, 202);
        assert_eq!(items(&ended(&app).await["data"]).len(), 5);
        let some = get(&app, admin, "/admin/system/cleanup/logs?task_type=audit_logs").await;
        assert_eq!(each(&some["data"], "task_type"), ["audit_logs"]);
        let unknown = json!({ "task_type": "everything" });
        assert_eq!(refused(&app, admin, POST, "/admin/system/cleanup/execute", Some(unknown)).await.0, 422);
        assert_eq!(refused(&app, admin, Method::GET, "/admin/system/cleanup/logs?task_type=x", None).await.0, 400);
        for token in [&app.supervisor.token, &app.user.token] {
            assert_eq!(refused(&app, token, Method::GET, path, None).await.0, 403);
            assert_eq!(refused(&app, token, POST, "/admin/system/cleanup/execute", Some(order.clone())).await.0, 403);
        }
        let query = "{ cleanup { schedule runs held { task count } } cleanupRuns(task: LOGIN_HISTORY, first: 5) { state forgotten startedBy { id } } }";
        let told = app.data(admin, query, json!({})).await;
        assert!(told["cleanup"]["runs"] == 5 && told["cleanupRuns"][1]["forgotten"] == 2, "{told:#}");
        let runs = app.done(admin, "startCleanup", "runs { task state }", json!({ "tasks": ["NOTIFICATIONS"] })).await;
        assert_eq!(runs["runs"][0]["task"], "NOTIFICATIONS", "{runs:#}");
        ended(&app).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn known_clients_find_their_words_when_they_come_and_go() {
    each_backend(|app| async move {
        app.with_password("ann", Role::User).await;
        let wrong = json!({ "email": "ann@example.org", "password": "TotallyWrongPass!" });
        let (status, told) = call(&app, "", POST, "/auth/login", Some(&wrong)).await;
        let sample = json!({ "msg": "Invalid email or password", "message": "用户名或密码错误", "error_code": "INVALID_CREDENTIALS" });
        assert!(status == 401 && holds(&sample, &told), "{told:#}");
        let refresh = async |token: &str| {
            let (status, told) = call(&app, "", POST, "/auth/refresh", Some(&json!({ "refresh_token": token }))).await;
            assert_eq!(status, 401);
            (told["error"].as_str().unwrap().to_owned(), told["error_code"].as_str().unwrap().to_owned())
        };
        let invalid = ("invalid_token".to_owned(), "UNAUTHORIZED".to_owned());
        assert_eq!(refresh("deadbeef").await, invalid);
        let login = json!({ "email": "ann@example.org", "password": PASSWORD });
        let log_in = async || {
            let told = send(&app, "", POST, "/auth/login", login.clone()).await;
            let text = |field: &str| told[field].as_str().unwrap().to_owned();
            (text("access_token"), text("refresh_token"))
        };
        // Without a header, the refresh token says which session is meant.
        let (access, token) = log_in().await;
        let (status, told) = call(&app, "", POST, "/auth/logout", Some(&json!({ "refresh_token": token }))).await;
        assert!(status == 200 && told["success"] == true, "{told:#}");
        assert_eq!(refresh(&token).await, invalid);
        assert_eq!(refused(&app, &access, Method::GET, "/auth/me", None).await.0, 401);
        // Again: it has ended. Nobody's token: refused, and so is nothing at all.
        assert_eq!(call(&app, "", POST, "/auth/logout", Some(&json!({ "refresh_token": token }))).await.0, 200);
        assert_eq!(refused(&app, "", POST, "/auth/logout", Some(json!({ "refresh_token": "deadbeef" }))).await.0, 401);
        assert_eq!(refused(&app, "", POST, "/auth/logout", None).await.0, 401);
        // A token that was used, and one whose time is over.
        let (_, first) = log_in().await;
        send(&app, "", POST, "/auth/refresh", json!({ "refresh_token": first })).await;
        assert_eq!(refresh(&first).await, invalid);
        let (_, late) = log_in().await;
        app.clock.advance(8 * DAY);
        assert_eq!(refresh(&late).await, ("token_expired".to_owned(), "TOKEN_EXPIRED".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_that_is_told_is_the_one_that_is_enforced() {
    let app = TestApp::with(&[("rate_limit.enabled", "true"), ("auth.login_attempts", "3")]).await;
    let policy = get(&app, &app.admin.token, "/admin/configs/security-policy").await["data"]["login_policy"].clone();
    assert!(
        holds(&json!({ "max_attempts": 3, "max_attempts_per_address": 15, "lock_duration": 300 }), &policy),
        "{policy:#}"
    );
    app.with_password("ann", Role::User).await;
    let wrong = json!({ "email": "ann@example.org", "password": "wrong" });
    for status in [401, 401, 401, 429] {
        assert_eq!(refused(&app, "", POST, "/auth/login", Some(wrong.clone())).await.0, status);
    }
    app.clock.advance(300_000);
    assert_eq!(refused(&app, "", POST, "/auth/login", Some(wrong)).await.0, 401);
}
