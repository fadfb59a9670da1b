//! `/api`: accounts, settings and the audit log (seed 001, 用户管理接口, 系统管理接口, 审计日志接口).

use super::{call, get, holds, refused, send};
use crate::api::{each, items};
use crate::app::{PASSWORD, TestApp, each_backend};
use crate::mail::Mail;
use model::people::Role;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_as_documented() {
    each_backend(|app| async move {
        let form = json!({
            "username": "newuser", "email": "newuser@example.com", "password": "Password123!", "first_name": "新",
            "last_name": "用户", "phone": "13900139000", "role": "agent", "status": "active",
        });
        let (status, made) = call(&app, &app.admin.token, Method::POST, "/admin/users", Some(&form)).await;
        assert_eq!((status, &made["message"]), (201, &json!("用户创建成功")));
        let sample = json!({
            "username": "newuser", "email": "newuser@example.com", "role": "agent", "status": "active",
            "created_at": "2026-01-05T02:00:00Z",
        });
        assert!(holds(&sample, &made["data"]), "{made:#}");
        let id = made["data"]["id"].as_i64().unwrap();
        let path = format!("/admin/users/{id}");

        let one = get(&app, &app.admin.token, &path).await;
        let sample = json!({
            "id": id, "username": "newuser", "email": "newuser@example.com", "first_name": "新", "last_name": "用户",
            "phone": "13900139000", "role": "agent", "status": "active", "avatar_url": null,
            "created_at": "2026-01-05T02:00:00Z", "updated_at": "2026-01-05T02:00:00Z", "last_login_at": null,
            "login_count": 0, "ticket_stats": { "created": 0, "assigned": 0, "resolved": 0 },
        });
        assert!(holds(&sample, &one["data"]), "{one:#}");

        app.open_ticket(&app.user.token, "one").await;
        app.open_ticket(&app.user.token, "two").await;
        let list = get(&app, &app.admin.token, "/admin/users?limit=2&search=ulla").await;
        let sample = json!({
            "data": [{ "username": "ulla", "email": "ulla@example.org", "role": "user", "status": "active", "ticket_count": 2 }],
            "pagination": { "page": 1, "limit": 2, "total": 1, "pages": 1 }, "total": 1,
        });
        assert!(holds(&sample, &list), "{list:#}");
        for (query, names) in [
            ("role=agent&sort_by=username&sort_order=asc", vec!["agnes", "newuser"]),
            ("role=agent,admin&sort=username:desc", vec!["root", "newuser", "agnes"]),
            ("status=suspended", vec![]),
            ("search=%E7%94%A8%E6%88%B7%E6%96%B0", vec!["newuser"]),
            ("limit=1&page=2&sort=[\"username\",\"ASC\"]", vec!["newuser"]),
        ] {
            let found = get(&app, &app.admin.token, &format!("/admin/users?{query}")).await;
            assert_eq!(each(&found["data"], "username"), names, "{query}");
        }
        // The web client's references, and the clients that look into `data.items`.
        let filter = format!("/admin/users?filter={{\"ids\":[{id}]}}");
        assert_eq!(each(&get(&app, &app.admin.token, &filter).await["data"], "id"), [&json!(id)]);
        for asks in ["page_size=3", "order_by=-created_at&limit=3"] {
            let found = get(&app, &app.admin.token, &format!("/admin/users?{asks}")).await;
            let sample = json!({ "total": 6, "page": 1, "limit": 3, "pagination": { "page_size": 3, "total": 6, "pages": 2 } });
            assert!(holds(&sample, &found["data"]) && items(&found["data"]["items"]).len() == 3, "{found:#}");
        }

        let edited = send(&app, &app.admin.token, Method::PUT, &path, json!({ "first_name": "旧", "role": "user" })).await;
        assert!(holds(&json!({ "first_name": "旧", "last_name": "用户", "role": "user" }), &edited), "{edited:#}");
        let (status, gone) = call(&app, &app.admin.token, Method::DELETE, &path, None).await;
        assert_eq!((status, &gone["data"]), (200, &Value::Null));
        assert_eq!(get(&app, &app.admin.token, &path).await["data"]["status"], "inactive");
        send(&app, &app.admin.token, Method::PUT, &path, json!({ "status": "active" })).await;

        for (taken, field) in [("username", "NEWUSER"), ("email", "newuser@example.com")] {
            let mut again = json!({ "username": "other", "email": "other@example.com", "password": "Password123!" });
            again[taken] = json!(field);
            let told = refused(&app, &app.admin.token, Method::POST, "/admin/users", Some(again)).await;
            assert_eq!(told, (409, "CONFLICT".to_owned()), "{taken}");
        }
        let bad = json!({ "email": "no", "password": 5, "role": "king" });
        let (status, told) = call(&app, &app.admin.token, Method::POST, "/admin/users", Some(&bad)).await;
        assert_eq!((status, &told["error_code"]), (422, &json!("VALIDATION_FAILED")));
        assert!(told["details"]["password"].is_string() && told["details"]["role"].is_string(), "{told:#}");
        let nobody = refused(&app, &app.admin.token, Method::GET, "/admin/users/999999", None).await;
        assert_eq!(nobody, (404, "USER_NOT_FOUND".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_below_admin_is_for_those_who_look_after_the_house() {
    let app = TestApp::start().await;
    let user = format!("/admin/users/{}", app.user.id);
    // Anonymous, user, agent, supervisor, admin.
    for (method, path, body, answers) in [
        (Method::GET, "/admin/users", None, [401, 403, 403, 200, 200]),
        (Method::GET, user.as_str(), None, [401, 403, 403, 200, 200]),
        (
            Method::POST,
            "/admin/users",
            Some(
                json!({ "username": "xavier", "email": "x@example.com", "password": "Password123!", "role": "admin" }),
            ),
            [401, 403, 403, 403, 201],
        ),
        (Method::PUT, user.as_str(), Some(json!({ "role": "admin" })), [401, 403, 403, 403, 200]),
        (Method::PUT, user.as_str(), Some(json!({ "role": "user" })), [401, 403, 403, 403, 200]),
        (Method::DELETE, user.as_str(), None, [401, 403, 403, 200, 200]),
        (Method::GET, "/admin/configs", None, [401, 403, 403, 200, 200]),
        (Method::GET, "/admin/configs/site_name", None, [401, 403, 403, 200, 200]),
        (Method::PUT, "/admin/configs/site_name", Some(json!({ "value": "x" })), [401, 403, 403, 403, 200]),
        (Method::POST, "/admin/configs", Some(json!({ "key": "theirs", "value": "x" })), [401, 403, 403, 403, 201]),
        (Method::DELETE, "/admin/configs/theirs", None, [401, 403, 403, 403, 200]),
        (Method::GET, "/admin/audit-logs", None, [401, 403, 403, 403, 200]),
        (Method::GET, "/configs/public", None, [200, 200, 200, 200, 200]),
    ] {
        let tokens = ["", &app.stranger.token, &app.agent.token, &app.supervisor.token, &app.admin.token];
        for (token, want) in tokens.into_iter().zip(answers) {
            let (status, told) = call(&app, token, method.clone(), path, body.as_ref()).await;
            assert_eq!(status, want, "{method} {path}: {told:#}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_as_documented_and_act_at_once() {
    each_backend(|app| async move {
        let admin = &app.admin.token;
        let all = get(&app, admin, "/admin/configs").await;
        for sample in [
            json!({ "key": "site_name", "value": "工单管理系统", "description": "网站名称", "type": "string", "is_public": true }),
            json!({ "key": "max_file_size", "value": "26214400", "description": "文件上传最大大小（字节）", "type": "integer", "is_public": false }),
            json!({ "key": "allow_registration", "value": "true", "type": "boolean", "is_public": true }),
        ] {
            assert!(items(&all["data"]).iter().any(|one| holds(&sample, one)), "{sample:#} {all:#}");
        }
        let edit = json!({ "value": "新的工单管理系统", "description": "网站名称" });
        let (_, changed) = call(&app, admin, Method::PUT, "/admin/configs/site_name", Some(&edit)).await;
        let sample = json!({
            "data": { "key": "site_name", "value": "新的工单管理系统", "updated_at": "2026-01-05T02:00:00Z" },
            "message": "配置更新成功",
        });
        assert!(holds(&sample, &changed), "{changed:#}");
        let public = get(&app, "", "/configs/public").await;
        assert!(items(&public["data"]).iter().any(|one| one["value"] == "新的工单管理系统"), "{public:#}");
        assert!(items(&public["data"]).iter().all(|one| one["is_public"] == true && one["key"] != "max_file_size"));

        send(&app, admin, Method::PUT, "/admin/configs/max_file_size", json!({ "value": "10" })).await;
        let upload = async |bytes: &'static str| {
            let request = app.http.post(app.at("/attachments?filename=a.txt")).bearer_auth(&app.user.token);
            request.header("content-type", "text/plain").body(bytes).send().await.unwrap().status().as_u16()
        };
        assert_eq!((upload("ten bytes.").await, upload("eleven byte").await), (201, 413));
        send(&app, admin, Method::PUT, "/admin/configs/max_file_size", json!({ "value": 11 })).await;
        assert_eq!(upload("eleven byte").await, 201);
        // What GraphQL changes, stands here, too.
        app.done(admin, "changeSetting", "setting { key }", json!({ "key": "max_file_size", "value": null })).await;
        assert_eq!(get(&app, admin, "/admin/configs/max_file_size").await["data"]["value"], "26214400");

        for (key, value) in [("max_file_size", json!("big")), ("allow_registration", json!("maybe")), ("site_name", Value::Null)] {
            let path = format!("/admin/configs/{key}");
            let told = refused(&app, admin, Method::PUT, &path, Some(json!({ "value": value }))).await;
            assert_eq!(told, (422, "VALIDATION_FAILED".to_owned()), "{key}");
        }
        let told = refused(&app, admin, Method::PUT, "/admin/configs/nothing", Some(json!({ "value": "x" }))).await;
        assert_eq!(told, (404, "NOT_FOUND".to_owned()));

        // A client's own.
        let new = json!({ "key": "support.lines", "value": "3", "type": "integer", "description": "热线", "is_public": true });
        let (status, made) = call(&app, admin, Method::POST, "/admin/configs", Some(&new)).await;
        assert_eq!(status, 201);
        assert!(holds(&new, &made["data"]), "{made:#}");
        assert_eq!(refused(&app, admin, Method::POST, "/admin/configs", Some(new)).await.0, 409);
        assert_eq!(get(&app, admin, "/admin/configs/support.lines").await["data"]["type"], "integer");
        call(&app, admin, Method::DELETE, "/admin/configs/support.lines", None).await;
        assert_eq!(refused(&app, admin, Method::GET, "/admin/configs/support.lines", None).await.0, 404);
        let told = app.data("", "{ publicConfigs { key value isPublic } }", json!({})).await;
        assert!(items(&told["publicConfigs"]).iter().all(|one| one["isPublic"] == true), "{told:#}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_in_the_audit_log_through_whichever_door() {
    each_backend(|app| async move {
        let admin = &app.admin.token;
        let form = json!({ "username": "made", "email": "made@example.com", "password": "Password123!" });
        send(&app, admin, Method::POST, "/admin/users", form.clone()).await;
        refused(&app, &app.agent.token, Method::POST, "/admin/users?token=secret", Some(form)).await;
        refused(&app, "", Method::PUT, "/notifications/read-all", None).await;
        app.open_ticket(&app.user.token, "graphql").await;
        app.payload(&app.user.token, "createCategory", "category { id }", json!({ "key": "k", "name": "n" })).await;
        let over = json!({ "query": "mutation Named { first: deleteTicket(input: { id: \"999999\" }) { userErrors { code } } }" });
        app.post(admin, &over).await.unwrap();
        let v1 = app.http.post(app.at("/v1/tickets")).bearer_auth(&app.user.token);
        let ticket = json!({ "title": "v1", "description": "d", "category": "other", "priority": "low" });
        assert_eq!(v1.json(&ticket).send().await.unwrap().status(), 201);
        let mail = Mail { from: "Li <li@example.net>", subject: "退款", id: "one@example.net", answers: None, text: "请退款。" };
        app.take_mail(&mail.raw()).await;
        app.take_mail(&mail.raw()).await;
        let create = ["user", "create", "--email", "cli@example.org"];
        app.cli(&create, b"").await.ok();
        assert_ne!(app.cli(&create, b"").await.code, 0);
        get(&app, admin, "/admin/users").await;
        app.with_password("pat", Role::User).await;
        for password in ["wrong", PASSWORD] {
            let sign_in = "mutation($p: String!) { signIn(input: { login: \"pat\", password: $p }) { clientMutationId } }";
            app.graphql("", sign_in, json!({ "p": password })).await;
        }

        let log = get(&app, admin, "/admin/audit-logs?limit=200").await;
        assert_eq!(log["msg"], "获取审计日志成功");
        assert!(holds(&json!({ "page": 1, "limit": 200 }), &log["data"]), "{log:#}");
        let lines = items(&log["data"]["items"]);
        assert_eq!(log["data"]["total"], json!(lines.len()));
        let sample = json!({
            "created_at": "2026-01-05T02:00:00Z", "user_id": app.admin.id.0, "username": "root", "role": "admin",
            "action": "POST /api/admin/users", "method": "POST", "path": "/api/admin/users", "status_code": 201,
            "client_ip": "127.0.0.1", "result": "success",
        });
        assert!(lines.iter().any(|line| holds(&sample, line) && line["latency_ms"].is_i64()), "{log:#}");
        let mut seen: Vec<(String, i64, &str)> = lines
            .iter()
            .map(|line| {
                let text = |field: &str| line[field].as_str().unwrap();
                (text("action").to_owned(), line["status_code"].as_i64().unwrap(), text("username"))
            })
            .collect();
        seen.sort();
        let mut want = [
            ("POST /api/admin/users", 201, "root"),
            ("POST /api/admin/users", 403, "agnes"),
            ("POST /v1/tickets", 201, "ulla"),
            ("PUT /api/notifications/read-all", 401, ""),
            ("echodesk user create", 200, "cli"),
            ("echodesk user create", 409, "cli"),
            ("email opened a ticket", 200, "li"),
            ("mutation createCategory", 403, "ulla"),
            ("mutation deleteTicket", 404, "root"),
            ("mutation openTicket", 200, "ulla"),
            ("mutation signIn", 200, "pat"),
            ("mutation signIn", 401, ""),
        ]
        .map(|(action, status, who)| (action.to_owned(), status, who));
        want.sort();
        // The clock of the program beside this server is the machine's; its lines are there all the same.
        assert_eq!(seen.iter().map(|s| (&s.0, s.1)).collect::<Vec<_>>(), want.iter().map(|w| (&w.0, w.1)).collect::<Vec<_>>());
        assert!(seen.iter().all(|(action, _, who)| action.starts_with("email") || want.iter().any(|w| w.0 == *action && w.2 == *who)), "{seen:?}");
        assert!(!log.to_string().contains("secret") && !log.to_string().contains("Password123"));

        for (query, n) in [
            (format!("user_id={}", app.user.id), 3),
            ("role=agent".to_owned(), 1),
            ("method=put".to_owned(), 1),
            ("status=403".to_owned(), 2),
            ("keyword=AGNES".to_owned(), 1),
            ("keyword=/v1/".to_owned(), 1),
            ("start_time=2026-01-05&end_time=2026-01-05".to_owned(), 10),
            ("end_time=2026-01-05T01:59:59Z".to_owned(), 0),
            ("start_time=2026-01-06&end_time=2026-01-07".to_owned(), 0),
        ] {
            let found = get(&app, admin, &format!("/admin/audit-logs?{query}")).await;
            assert_eq!(found["data"]["total"], json!(n), "{query}: {found:#}");
        }
        let told = refused(&app, admin, Method::GET, "/admin/audit-logs?start_time=soon&role=king", None).await;
        assert_eq!(told, (400, "VALIDATION_FAILED".to_owned()));

        let query = "{ auditLog(filter: { method: \"POST\", status: 403 }, first: 5) { totalCount nodes { action username role status clientIp succeeded user { name } } } }";
        let told = app.data(admin, query, json!({})).await;
        assert_eq!(told["auditLog"]["totalCount"], 2);
        assert_eq!(told["auditLog"]["nodes"][0]["succeeded"], false);
        assert_eq!(app.code(&app.supervisor.token, "{ auditLog { totalCount } }", json!({})).await, "FORBIDDEN");
    })
    .await;
}
