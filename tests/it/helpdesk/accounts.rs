//! `/api`: accounts. Seed 001's samples, field by field, and what its clients send besides.

use super::{call, get, holds, refused, send};
use crate::api::{Api, signed, soon};
use crate::app::{PASSWORD, TestApp, each_backend};
use model::people::{Role, UserStatus};
use model::time::{DAY, MINUTE, SECOND};
use reqwest::Method;
use serde_json::{Value, json};

const POST: Method = Method::POST;

fn code(app: &TestApp, secret: &str) -> String {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits = |letter: char| {
        let value = alphabet.find(letter).unwrap();
        (0..5).rev().map(move |bit| (value >> bit & 1) as u8)
    };
    let bits: Vec<u8> = secret.chars().flat_map(bits).collect();
    let key: Vec<u8> = bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | bit)).collect();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let tag = ring::hmac::sign(&key, &(app.engine.now().0 / 30_000).to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let number = u32::from_be_bytes(tag.as_ref()[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("{field}: {value:#}"))
}

fn login(name: &str) -> Value {
    json!({ "email": format!("{name}@example.org"), "password": PASSWORD })
}

fn with(mut body: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!() };
    body.as_object_mut().unwrap().extend(more);
    body
}

async fn log_in(app: &Api, body: Value) -> Value {
    send(app, "", POST, "/auth/login", body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_samples_of_registering_and_coming_and_going() {
    each_backend(|app| async move {
        let new = json!({
            "username": "user123", "email": "user@example.com", "password": "Password123!",
            "first_name": "张", "last_name": "三", "phone": "13800138000",
        });
        let (status, answer) = call(&app, "", POST, "/auth/register", Some(&new)).await;
        assert_eq!(status, 201);
        let user = json!({
            "username": "user123", "email": "user@example.com", "first_name": "张", "last_name": "三",
            "role": "user", "status": "active", "created_at": "2026-01-05T02:00:00Z",
        });
        let sample = json!({
            "success": true, "message": "用户注册成功",
            "data": { "user": user, "expires_at": "2026-01-06T02:00:00Z" },
        });
        assert!(holds(&sample, &answer), "{answer:#}");
        assert!(answer["data"]["user"]["id"].is_i64());
        // The token is good for a day.
        let token = text(&answer["data"], "token").to_owned();
        app.clock.advance(DAY - SECOND);
        let me = get(&app, &token, "/auth/me").await;
        let sample = with(user, json!({ "updated_at": "2026-01-05T02:00:00Z" }));
        assert!(holds(&json!({ "success": true, "data": sample }), &me), "{me:#}");
        app.clock.advance(SECOND);
        assert_eq!(refused(&app, &token, Method::GET, "/auth/me", None).await, (401, "TOKEN_EXPIRED".into()));
        for (field, other) in [("email", "user124"), ("username", "user123")] {
            let again = with(new.clone(), json!({ "username": other, "email": if field == "email" { "USER@example.com" } else { "o@example.com" } }));
            let (status, told) = call(&app, "", POST, "/auth/register", Some(&again)).await;
            assert_eq!(status, 409, "{told:#}");
            assert!(told["details"][field].is_string(), "{told:#}");
        }
        let (status, told) = call(&app, "", POST, "/auth/register", Some(&json!({ "email": "x", "password": "short" }))).await;
        assert_eq!((status, &told["error_code"]), (422, &json!("VALIDATION_FAILED")));
        assert!(["username", "email"].iter().all(|field| told["details"][field].is_string()), "{told:#}");

        let body = json!({ "email": "user@example.com", "password": "Password123!" });
        let request = app.http.post(app.at("/api/auth/login")).json(&body);
        let answer = request.send().await.unwrap();
        let header = answer.headers()["x-auth-token"].to_str().unwrap().to_owned();
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let answer: Value = answer.json().await.unwrap();
        let sample = json!({ "code": 0, "msg": "Login successful", "data": {
            "user": { "username": "user123", "email": "user@example.com", "role": "user" },
            "expires_in": 900, "token_type": "Bearer",
        }});
        assert!(holds(&sample, &answer), "{answer:#}");
        let data = &answer["data"];
        assert_eq!(text(data, "access_token"), header);
        assert!(data.get("trusted_device_token").is_none());

        // Refresh by the header, as the document has it, and by the body, as clients do; each token once.
        let first = text(data, "refresh_token");
        let (status, answer) = call(&app, first, POST, "/auth/refresh", None).await;
        let sample = json!({ "code": 0, "msg": "Refresh token successful", "data": { "expires_in": 900, "token_type": "Bearer" } });
        assert!(status == 200 && holds(&sample, &answer), "{answer:#}");
        let second = text(&answer["data"], "refresh_token").to_owned();
        // The old access token beside it is what such clients send in the header.
        let body = json!({ "refresh_token": second });
        let third = send(&app, &header, POST, "/auth/refresh", body).await;
        let access = text(&third, "access_token");
        get(&app, access, "/auth/me").await;
        assert_eq!(refused(&app, first, POST, "/auth/refresh", None).await.0, 401);
        assert_eq!(refused(&app, access, Method::GET, "/auth/me", None).await, (401, "UNAUTHORIZED".into()), "the family ends");
        assert_eq!(refused(&app, "", POST, "/auth/refresh", None).await.0, 401);

        // Out: both tokens, and whoever listens.
        let data = log_in(&app, json!({ "username": "user123", "password": "Password123!" })).await;
        let access = text(&data, "access_token");
        let live = app.live(access, "subscription { ticketOpened { id } }", json!({})).await;
        let (status, answer) = call(&app, access, POST, "/auth/logout", None).await;
        assert!(status == 200 && holds(&json!({ "success": true, "message": "登出成功" }), &answer), "{answer:#}");
        soon(live.closed()).await;
        assert_eq!(refused(&app, access, Method::GET, "/auth/me", None).await, (401, "UNAUTHORIZED".into()));
        assert_eq!(refused(&app, text(&data, "refresh_token"), POST, "/auth/refresh", None).await.0, 401);
        assert_eq!(refused(&app, &app.user.token, POST, "/auth/logout", None).await, (409, "CONFLICT".into()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_login_tells_nobody_who_exists() {
    let app = TestApp::with(&[("rate_limit.enabled", "true"), ("auth.login_attempts", "4")]).await;
    let ann = app.with_password("ann", Role::User).await;
    let told = async |body: Value| call(&app, "", POST, "/auth/login", Some(&body)).await;
    let wrong = told(with(login("ann"), json!({ "password": "wrong" }))).await;
    assert_eq!((wrong.0, &wrong.1["error_code"]), (401, &json!("INVALID_CREDENTIALS")));
    assert_eq!(wrong, told(with(login("nobody"), json!({ "password": "wrong" }))).await);
    assert_eq!(told(json!({ "email": "ann@example.org" })).await.0, 422);
    // Locked: only who knows the password hears of it.
    let system = engine::Caller::system("test");
    app.engine.set_user_status(&system, ann.id, UserStatus::Suspended).await.unwrap();
    assert_eq!(
        refused(&app, "", POST, "/auth/login", Some(login("ann"))).await,
        (403, "INSUFFICIENT_PERMISSIONS".into())
    );
    assert_eq!(told(with(login("ann"), json!({ "password": "wrong" }))).await, wrong);
    // Four, and then a rest.
    for _ in 0..3 {
        told(with(login("nobody"), json!({ "password": "wrong" }))).await;
    }
    assert_eq!(
        refused(&app, "", POST, "/auth/login", Some(login("nobody"))).await,
        (429, "RATE_LIMIT_EXCEEDED".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_from_setting_it_up_to_switching_it_off() {
    each_backend(|app| async move {
        app.with_password("ann", Role::Agent).await;
        let data = log_in(&app, login("ann")).await;
        let token = text(&data, "access_token").to_owned();
        let wrong = json!({ "password": "wrong" });
        assert_eq!(refused(&app, &token, POST, "/auth/enable-otp", Some(wrong)).await.0, 422);
        let made = send(&app, &token, POST, "/auth/enable-otp", json!({ "password": PASSWORD })).await;
        assert!(text(&made, "qr_code").starts_with("data:image/png;base64,"));
        assert!(text(&made, "otpauth_url").starts_with("otpauth://totp/Echodesk:ann@example.org?"));
        let secret = text(&made, "secret").to_owned();
        let again = json!({ "password": PASSWORD });
        assert_eq!(
            refused(&app, &token, POST, "/auth/enable-otp", Some(again.clone())).await,
            (409, "CONFLICT".into())
        );

        let (status, told) = call(&app, "", POST, "/auth/login", Some(&login("ann"))).await;
        assert_eq!(status, 400);
        assert!(text(&told, "message").contains("OTP") && text(&told, "error").contains("OTP"), "{told:#}");
        // No other way in: GraphQL asks for the same.
        let input = json!({ "login": "ann", "password": PASSWORD });
        let payload = app.payload("", "signIn", "accessToken", input.clone()).await;
        assert_eq!((&payload["accessToken"], &payload["userErrors"][0]["field"]), (&Value::Null, &json!("otpCode")));
        let shown = code(&app, &secret);
        let remember = json!({ "otp_code": shown, "remember_device": true, "device_name": "Personal Mac" });
        let data = log_in(&app, with(login("ann"), remember.clone())).await;
        let device = text(&data, "trusted_device_token").to_owned();
        let replayed = refused(&app, "", POST, "/auth/login", Some(with(login("ann"), remember))).await;
        assert_eq!(replayed, (401, "INVALID_CREDENTIALS".into()));
        let by_device = with(login("ann"), json!({ "device_token": device }));
        let data = log_in(&app, by_device.clone()).await;
        assert!(data.get("trusted_device_token").is_none());
        let input =
            json!({ "login": "ann", "password": PASSWORD, "otpCode": made["backup_codes"][0], "rememberDevice": true });
        let payload = app.done("", "signIn", "accessToken deviceToken", input).await;
        assert!(payload["deviceToken"].is_string());

        // Listed as the document lists them, and revoked.
        let token = text(&data, "access_token");
        let listed = get(&app, token, "/user/trusted-devices").await;
        let sample = json!({
            "device_name": "Personal Mac", "last_used_at": "2026-01-05T02:00:00Z", "last_ip": "127.0.0.1",
            "expires_at": "2026-02-04T02:00:00Z", "revoked": false,
            "created_at": "2026-01-05T02:00:00Z", "updated_at": "2026-01-05T02:00:00Z",
        });
        assert!(holds(&json!({ "code": 0, "msg": "获取可信设备成功" }), &listed), "{listed:#}");
        assert!(holds(&sample, &listed["data"][1]), "{listed:#}");
        assert_eq!(listed["total"], 2);
        let path = format!("/user/trusted-devices/{}", listed["data"][1]["id"]);
        assert_eq!(refused(&app, &app.user.token, Method::DELETE, &path, None).await, (404, "NOT_FOUND".into()));
        let (_, gone) = call(&app, token, Method::DELETE, &path, None).await;
        assert!(holds(&json!({ "code": 0, "msg": "已撤销可信设备", "data": null }), &gone), "{gone:#}");
        assert_eq!(call(&app, "", POST, "/auth/login", Some(&by_device)).await.0, 400);

        send(&app, token, POST, "/auth/disable-otp", again.clone()).await;
        assert_eq!(refused(&app, token, POST, "/auth/disable-otp", Some(again)).await, (409, "CONFLICT".into()));
        log_in(&app, login("ann")).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_logins_with_every_filter() {
    each_backend(|app| async move {
        app.with_password("ann", Role::User).await;
        let agents = ["Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5)", "Mozilla/5.0 (iPhone) Mobile"];
        let mut token = String::new();
        for agent in agents {
            let request = app.http.post(app.at("/api/auth/login")).header("user-agent", agent).json(&login("ann"));
            let answer: Value = request.send().await.unwrap().json().await.unwrap();
            text(&answer["data"], "access_token").clone_into(&mut token);
            app.clock.advance(MINUTE);
        }
        call(&app, "", POST, "/auth/login", Some(&with(login("ann"), json!({ "password": "wrong" })))).await;
        let all = get(&app, &token, "/user/login-history").await;
        let newest = &all["data"]["items"][2];
        let sample = json!({
            "login_time": "2026-01-05T02:00:00Z", "ip_address": "127.0.0.1", "device_info": "desktop - macOS",
            "login_method": "password", "is_active": true, "device_type": "desktop", "status": "success",
        });
        assert!(holds(&sample, newest), "{all:#}");
        let page = json!({ "code": 0, "msg": "获取登录历史成功", "data": { "pagination": { "page": 1, "page_size": 20, "total": 3 } } });
        assert!(holds(&page, &all), "{all:#}");
        let session = newest["session_id"].as_i64().unwrap();
        for (query, count) in [
            ("device_type=desktop&is_active=true".to_owned(), 1),
            ("ip_address=127.0.0.1".into(), 3),
            ("ip_address=192.0.2.1".into(), 0),
            ("device_type=mobile".into(), 1),
            ("login_method=password".into(), 3),
            ("login_method=password%2Btrusted".into(), 0),
            (format!("session_id={session}"), 1),
            ("is_active=false".into(), 1),
            ("status=failed".into(), 1),
            ("status=success".into(), 2),
            ("start_date=2026-01-05T02:01:00Z".into(), 2),
            ("end_date=2026-01-05T02:00:30Z".into(), 1),
            ("start_date=2026-01-05&end_date=2026-01-05".into(), 3),
            ("start_date=2026-01-06".into(), 0),
        ] {
            let found = get(&app, &token, &format!("/user/login-history?{query}")).await;
            assert_eq!(found["data"]["pagination"]["total"], count, "{query}: {found:#}");
        }
        let second = get(&app, &token, "/user/login-history?page=2&page_size=2").await;
        let page = json!({ "page": 2, "page_size": 2, "total": 3, "pages": 2 });
        assert!(holds(&page, &second["data"]["pagination"]) && second["data"]["items"].as_array().unwrap().len() == 1);
        let (status, told) = call(&app, &token, Method::GET, "/user/login-history?is_active=perhaps&status=x", None).await;
        assert_eq!(status, 400);
        assert!(told["details"]["is_active"].is_string() && told["details"]["status"].is_string(), "{told:#}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_or_reset_by_a_link() {
    each_backend(|app| async move {
        let ann = app.with_password("ann", Role::User).await;
        let mine = log_in(&app, login("ann")).await;
        let other = log_in(&app, login("ann")).await;
        let (mine, other) = (text(&mine, "access_token"), text(&other, "access_token"));
        let change = json!({ "old_password": "wrong", "new_password": "another password" });
        let (status, told) = call(&app, mine, POST, "/auth/change-password", Some(&change)).await;
        assert!(status == 422 && told["details"]["current_password"].is_string(), "{told:#}");
        let short = json!({ "current_password": PASSWORD, "new_password": "short" });
        let (status, told) = call(&app, mine, POST, "/auth/change-password", Some(&short)).await;
        assert!(status == 422 && told["details"]["new_password"].is_string(), "{told:#}");
        let change = json!({ "old_password": PASSWORD, "new_password": "another password" });
        send(&app, mine, POST, "/auth/change-password", change).await;
        get(&app, mine, "/auth/me").await;
        assert_eq!(refused(&app, other, Method::GET, "/auth/me", None).await.0, 401);
        // Whoever there is, the answer is the same.
        let forgot =
            async |email: &str| call(&app, "", POST, "/auth/forgot-password", Some(&json!({ "email": email }))).await;
        let told = forgot("ann@example.org").await;
        assert_eq!(told.0, 200);
        assert_eq!(told, forgot("nobody@example.org").await);
        assert_eq!(forgot("").await.0, 422);
        let token = app.engine.password_reset_token(ann.id, "ann@example.org").await.unwrap();
        let reset = json!({ "token": token, "new_password": "a third password" });
        send(&app, "", POST, "/auth/reset-password", reset.clone()).await;
        assert_eq!(
            refused(&app, "", POST, "/auth/reset-password", Some(reset)).await,
            (422, "VALIDATION_FAILED".into())
        );
        assert_eq!(refused(&app, mine, Method::GET, "/auth/me", None).await.0, 401);
        log_in(&app, with(login("ann"), json!({ "password": "a third password" }))).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_behind_the_link_works_without_javascript() {
    let app = TestApp::start().await;
    let ann = app.with_password("ann", Role::User).await;
    let token = app.engine.password_reset_token(ann.id, "ann@example.org").await.unwrap();
    let page = app.http.get(app.at(&format!("/reset-password?token={token}"))).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert_eq!(page.headers()["cache-control"], "no-store");
    assert!(
        page.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .starts_with("default-src 'none'; style-src 'sha256-")
    );
    let page = page.text().await.unwrap();
    assert!(page.contains("重置密码") && page.contains("Reset your password") && page.contains(&token));
    assert!(!page.contains("<script"));
    let set = async |password: &str, again: &str| {
        let form = format!("token={token}&password={}&again={}", password.replace(' ', "+"), again.replace(' ', "+"));
        let request =
            app.http.post(app.at("/reset-password")).header("content-type", "application/x-www-form-urlencoded");
        request.body(form).send().await.unwrap().status().as_u16()
    };
    assert_eq!(set("another password", "something else").await, 422);
    assert_eq!(set("short", "short").await, 422);
    assert_eq!(set("another password", "another password").await, 200);
    assert_eq!(set("another password", "another password").await, 404, "a link is good once");
    log_in(&app, with(login("ann"), json!({ "password": "another password" }))).await;
    for query in ["", "?token=", "?token=%3Cscript%3E", "?token=1.2.3"] {
        let page = app.http.get(app.at(&format!("/reset-password{query}"))).send().await.unwrap();
        assert_eq!(page.status(), 404, "{query}");
        assert!(!page.text().await.unwrap().contains("<script"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_profile_and_figures() {
    let app = TestApp::start().await;
    let token = &app.user.token;
    let before = get(&app, token, "/user/profile").await;
    assert_eq!(before["data"]["username"], "ulla");
    let change = json!({ "first_name": "三", "last_name": "张", "phone": "" });
    let after = send(&app, token, Method::PUT, "/user/profile", change).await;
    assert!(
        holds(&json!({ "username": "ulla", "first_name": "三", "last_name": "张", "phone": null }), &after),
        "{after:#}"
    );
    let taken = json!({ "username": "sam" });
    assert_eq!(refused(&app, token, Method::PUT, "/user/profile", Some(taken)).await, (409, "CONFLICT".into()));
    app.open_ticket(token, "one").await;
    let stats = get(&app, token, "/user/stats").await;
    assert!(
        holds(&json!({ "created": { "total": 1, "open": 1 }, "assigned": { "total": 0 } }), &stats["data"]),
        "{stats:#}"
    );
    // Every answer to somebody unknown is the same, too.
    for path in ["/auth/me", "/user/profile", "/user/stats", "/user/trusted-devices", "/user/login-history"] {
        assert_eq!(refused(&app, "", Method::GET, path, None).await, (401, "UNAUTHORIZED".into()), "{path}");
    }
    let request = signed(app.http.get(app.at("/api/auth/me")), "nonsense");
    assert_eq!(request.send().await.unwrap().status(), 401);
}
