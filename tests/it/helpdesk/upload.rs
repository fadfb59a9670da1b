//! `/api/upload` and `/uploads/…`: taken up, cleaned, and shown to those who may see the ticket, by token or by link.

use super::{call, get, holds, send};
use crate::api::signed;
use crate::app::{Person, TestApp, each_backend};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use model::time::HOUR;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::io::Write as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

async fn posted(app: &TestApp, by: &Person, form: Form) -> (u16, Value) {
    let answer = signed(app.http.post(app.at("/api/upload")), &by.token).multipart(form).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn file(name: &str, kind: &str, bytes: &[u8]) -> Form {
    Form::new().part("file", Part::bytes(bytes.to_vec()).file_name(name.to_owned()).mime_str(kind).unwrap())
}

async fn uploaded(app: &TestApp, by: &Person, form: Form) -> Value {
    let (status, mut body) = posted(app, by, form).await;
    assert_eq!((status, &body["success"], &body["message"]), (201, &json!(true), &json!("文件上传成功")), "{body:#}");
    body["data"].take()
}

/// Status and code of an upload that has to fail.
async fn refused(app: &TestApp, by: &Person, form: Form) -> (u16, String) {
    let (status, body) = posted(app, by, form).await;
    (status, body["error_code"].as_str().unwrap_or_else(|| panic!("{status} {body:#}")).to_owned())
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("{field}: {value:#}"))
}

/// Fetches an address as it is, without a token.
async fn bare(app: &TestApp, url: &str) -> Response {
    app.http.get(url).send().await.unwrap()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "byte strings are references")]
fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut sum = flate2::Crc::new();
    sum.update(kind);
    sum.update(content);
    [&(content.len() as u32).to_be_bytes(), kind.as_slice(), content, &sum.sum().to_be_bytes()].concat()
}

/// A grey PNG, with whatever chunks stand before its pixels.
fn png(width: u32, height: u32, more: &[u8]) -> Vec<u8> {
    let header = [&width.to_be_bytes(), height.to_be_bytes().as_slice(), &[8, 0, 0, 0, 0]].concat();
    let mut rows = ZlibEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..height {
        rows.write_all(&vec![0; width as usize + 1]).unwrap();
    }
    let rows = rows.finish().unwrap();
    [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", &header).as_slice(), more, &chunk(b"IDAT", &rows), &chunk(b"IEND", &[])]
        .concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_a_ticket_is_for_those_who_see_the_ticket() {
    each_backend(|app| async move {
        let ticket = app.open_ticket(&app.user.token, "手册").await;
        let pdf = b"%PDF-1.7\nmanual".as_slice();
        // The file stands before what is said of it.
        let form = file("用户手册.pdf", "application/pdf", pdf)
            .text("type", "document")
            .text("ticket_id", ticket["databaseId"].to_string());
        let data = uploaded(&app, &app.user, form).await;
        let sample = json!({
            "original_name": "用户手册.pdf", "file_size": 15, "mime_type": "application/pdf",
            "uploaded_at": "2026-01-05T02:00:00Z", "ticket_id": ticket["databaseId"], "type": "document",
            "thumbnail_url": null, "width": null,
        });
        assert!(holds(&sample, &data), "{data:#}");
        let path = text(&data, "file_path").to_owned();
        assert_eq!(path, format!("/uploads/2026/01/{}", text(&data, "filename")));
        let url = text(&data, "url").to_owned();
        assert!(url.starts_with(&format!("{}?expires=", app.at(&path))) && path.ends_with(".pdf"), "{url}");

        // By token: those who see the ticket, and as a download, with its own name.
        for by in [&app.user, &app.agent, &app.supervisor, &app.admin] {
            let got = app.get(&by.token, &path).await;
            assert_eq!(got.status(), 200);
            assert_eq!(header(&got, "content-type"), "application/pdf");
            assert_eq!(header(&got, "x-content-type-options"), "nosniff");
            assert_eq!(header(&got, "content-security-policy"), "sandbox; default-src 'none'");
            let disposition = header(&got, "content-disposition").to_owned();
            assert_eq!(
                disposition,
                "attachment; filename=\"____.pdf\"; filename*=UTF-8''%E7%94%A8%E6%88%B7%E6%89%8B%E5%86%8C.pdf"
            );
            assert_eq!(got.bytes().await.unwrap().as_ref(), pdf);
        }
        assert_eq!(app.get(&app.stranger.token, &path).await.status(), 404);
        assert_eq!(app.get("", &path).await.status(), 401);
        assert_eq!(app.get("nonsense", &path).await.status(), 401);
        let part =
            signed(app.http.get(app.at(&path)), &app.user.token).header("range", "bytes=1-3").send().await.unwrap();
        assert_eq!((part.status().as_u16(), header(&part, "content-range")), (206, "bytes 1-3/15"));
        assert_eq!(part.text().await.unwrap(), "PDF");

        // By link: nobody else's, no other file's, no other time's, and not for ever.
        assert_eq!(bare(&app, &url).await.bytes().await.unwrap().as_ref(), pdf);
        let forged = |from: &str, to: &str| url.replacen(from, to, 1);
        let reader = format!("reader={}", app.user.id);
        for bad in [
            forged("signature=", "signature=0"),
            forged("expires=1", "expires=2"),
            forged(&reader, &format!("reader={}", app.admin.id)),
            forged(&reader, "reader=x"),
            url.split("&signature=").next().unwrap().to_owned(),
            format!("{}&signature=", url.split("&signature=").next().unwrap()),
        ] {
            assert_eq!(bare(&app, &bad).await.status(), 401, "{bad}");
        }
        let other = uploaded(&app, &app.user, file("b.txt", "text/plain", b"other")).await;
        let moved = url.replace(&path, text(&other, "file_path"));
        assert_eq!(bare(&app, &moved).await.status(), 401, "the signature is of one file");

        // Other surfaces see it, too.
        let query =
            "query($id: ID!) { ticket(id: $id) { files { filename size purpose signedUrl } history { type } } }";
        let query = query.replace(" history { type }", "");
        let seen = app.data(&app.agent.token, &query, json!({ "id": ticket["id"] })).await["ticket"]["files"][0].take();
        assert_eq!((&seen["filename"], &seen["purpose"]), (&json!("用户手册.pdf"), &json!("DOCUMENT")));
        let theirs = text(&seen, "signedUrl").to_owned();
        assert_ne!(theirs, url, "each reader has links of their own");
        assert_eq!(bare(&app, &theirs).await.status(), 200);

        // What its reader sees no more, the link shows no more.
        app.done(&app.admin.token, "deleteTicket", "ticket { id }", json!({ "id": ticket["id"] })).await;
        for gone in [&url, &theirs] {
            assert_eq!(bare(&app, gone).await.status(), 404);
        }
        app.done(&app.admin.token, "restoreTicket", "ticket { id }", json!({ "id": ticket["id"] })).await;
        assert_eq!(bare(&app, &url).await.status(), 200);
        app.clock.advance(2 * HOUR);
        assert_eq!(bare(&app, &url).await.status(), 401);
        assert_eq!(app.get(&app.user.token, &path).await.status(), 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_takes_files_from_those_who_see_it() {
    each_backend(|app| async move {
        let ticket = app.open_ticket(&app.user.token, "t").await;
        let for_it = |id: String| file("a.txt", "text/plain", b"text").text("ticket_id", id);
        let id = ticket["databaseId"].to_string();
        assert_eq!(refused(&app, &app.stranger, for_it(id.clone())).await, (404, "TICKET_NOT_FOUND".to_owned()));
        assert_eq!(refused(&app, &app.user, for_it("999999".into())).await, (404, "TICKET_NOT_FOUND".to_owned()));
        assert_eq!(refused(&app, &app.user, for_it("x".into())).await, (422, "VALIDATION_FAILED".to_owned()));
        let wrong = file("a.txt", "text/plain", b"text").text("type", "virus");
        assert_eq!(refused(&app, &app.user, wrong).await, (422, "VALIDATION_FAILED".to_owned()));
        assert_eq!(refused(&app, &app.user, Form::new().text("type", "document")).await.1, "VALIDATION_FAILED");
        let nobody = app.http.post(app.at("/api/upload")).multipart(for_it(id.clone())).send().await.unwrap();
        assert_eq!(nobody.status(), 401);
        let text = signed(app.http.post(app.at("/api/upload")), &app.user.token).body("file").send().await.unwrap();
        assert_eq!(text.status(), 400);
        // One that nobody has a ticket for yet is its owner's alone; a comment takes it along.
        let own = uploaded(&app, &app.user, file("a.txt", "text/plain", b"text")).await;
        let path = own["file_path"].as_str().unwrap();
        assert_eq!(app.get(&app.agent.token, path).await.status(), 404);
        let attachment = format!("attachment_{}", own["id"]);
        let input = json!({ "ticket": ticket["id"], "body": "see", "attachments": [attachment] });
        app.done(&app.user.token, "addComment", "comment { id }", input.clone()).await;
        assert_eq!(app.get(&app.agent.token, path).await.status(), 200);
        // A file of one ticket is not taken to another.
        let theirs = uploaded(&app, &app.agent, for_it(id)).await;
        let elsewhere = app.open_ticket(&app.user.token, "elsewhere").await;
        let attachment = format!("attachment_{}", theirs["id"]);
        let input = json!({ "ticket": elsewhere["id"], "body": "see", "attachments": [attachment] });
        let told = app.payload(&app.agent.token, "addComment", "comment { id }", input).await;
        assert_eq!(told["userErrors"][0]["field"], "attachments", "{told}");
        let left = std::fs::read_dir(app.home.data_dir().join("files/tmp")).unwrap().count();
        assert_eq!(left, 0, "what was refused is gone");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn content_says_what_a_file_is() {
    let app = TestApp::start().await;
    let unsupported = (422, "UNSUPPORTED_FILE_TYPE".to_owned());
    for (name, kind, bytes) in [
        ("a.exe", "application/octet-stream", b"anything".as_slice()),
        ("a.sh", "text/plain", b"echo"),
        ("a.php", "text/plain", b"hello"),
        ("photo.png", "image/png", b"MZ\x90\0\x03\0"),
        ("photo.jpg", "image/jpeg", b"#!/bin/sh\nrm -rf ~"),
        ("notes.txt", "text/plain", b"<?php system($_GET['c']);"),
        ("data.bin", "application/octet-stream", b"\x7fELF\x02\x01"),
    ] {
        assert_eq!(refused(&app, &app.user, file(name, kind, bytes)).await, unsupported, "{name}");
    }
    for (name, kind, bytes, is) in [
        ("a.txt", "text/plain", "中文".as_bytes(), "text/plain"),
        ("a.png", "image/png", &png(2, 2, &[]), "image/png"),
        ("a.jpg", "image/jpeg", &png(2, 2, &[]), "image/png"),
        ("a.png", "image/png", b"<html><script>alert(1)</script>", "text/html"),
        ("a.png", "image/png", b"\x89PNG\r\n\x1a\nand no more", "application/octet-stream"),
        ("../../etc/a.csv", "text/csv", b"a,b", "text/csv"),
    ] {
        let data = uploaded(&app, &app.user, file(name, kind, bytes)).await;
        assert_eq!(data["mime_type"], is, "{name}");
        assert!(!text(&data, "original_name").contains('/'));
        let got = app.get(&app.user.token, text(&data, "file_path")).await;
        let shown = header(&got, "content-disposition").starts_with("inline");
        assert_eq!(shown, is == "image/png", "only pictures are shown: {name}");
        assert_ne!(header(&got, "content-type"), "text/html");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_is_refused_in_words() {
    let app = TestApp::with(&[("attachments.max_bytes", "1000")]).await;
    uploaded(&app, &app.user, file("a.bin", "application/octet-stream", &[0; 1_000])).await;
    for size in [1_001, 20 << 20] {
        let form = file("a.bin", "application/octet-stream", &vec![0; size]);
        assert_eq!(refused(&app, &app.user, form).await, (413, "FILE_TOO_LARGE".to_owned()), "{size}");
    }
    let left = std::fs::read_dir(app.home.data_dir().join("files/tmp")).unwrap().count();
    assert_eq!(left, 0);
}

/// A JPEG of one pixel, up to its end.
const JPEG: &str = "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA=";

#[tokio::test(flavor = "multi_thread")]
async fn pictures_lose_their_notes_and_get_a_small_one() {
    use base64::Engine as _;
    let app = TestApp::start().await;
    let secret = b"GPS 31.2304 N, 121.4737 E";
    let plain = [base64::engine::general_purpose::STANDARD.decode(JPEG).unwrap(), vec![0xff, 0xd9]].concat();
    // EXIF with an orientation and a place behind it.
    let tiff = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let exif = [b"Exif\0\0".as_slice(), tiff, secret].concat();
    let exif = [&[0xff, 0xe1], ((exif.len() + 2) as u16).to_be_bytes().as_slice(), &exif].concat();
    let photo = [&plain[..2], &exif, &plain[2..], secret].concat();
    let holds_secret = |bytes: &[u8]| bytes.windows(secret.len()).any(|part| part == secret);
    assert!(holds_secret(&photo));
    let data = uploaded(&app, &app.user, file("照片.jpg", "image/jpeg", &photo)).await;
    let got = bare(&app, text(&data, "url")).await;
    assert_eq!((got.status().as_u16(), header(&got, "content-type")), (200, "image/jpeg"));
    assert!(header(&got, "content-disposition").starts_with("inline; "));
    let got = got.bytes().await.unwrap();
    assert!(!holds_secret(&got) && got.windows(26).any(|part| part == tiff), "only which way up it belongs is kept");
    assert_eq!(data["file_size"], got.len());

    let wide = png(800, 400, &chunk(b"tEXt", secret));
    let data = uploaded(&app, &app.user, file("wide.png", "image/png", &wide)).await;
    assert_eq!((&data["width"], &data["height"]), (&json!(800), &json!(400)));
    assert!(!holds_secret(&bare(&app, text(&data, "url")).await.bytes().await.unwrap()));
    let small = bare(&app, text(&data, "thumbnail_url")).await;
    assert_eq!((small.status().as_u16(), header(&small, "content-type")), (200, "image/jpeg"));
    assert!(small.bytes().await.unwrap().starts_with(b"\xff\xd8\xff"));

    // Nine hundred million pixels in a few bytes: refused by its first lines.
    let header = [&30_000_u32.to_be_bytes(), 30_000_u32.to_be_bytes().as_slice(), &[8, 6, 0, 0, 0]].concat();
    let bomb = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", &header).as_slice(), &chunk(b"IDAT", &[0; 64])].concat();
    let told = refused(&app, &app.user, file("bomb.png", "image/png", &bomb)).await;
    assert_eq!(told, (422, "UNSUPPORTED_FILE_TYPE".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_avatar_is_shown_to_those_who_are_signed_in() {
    each_backend(|app| async move {
        let avatar = |bytes: &[u8]| file("me.png", "image/png", bytes).text("type", "avatar");
        assert_eq!(refused(&app, &app.user, avatar(b"no picture")).await.1, "UNSUPPORTED_FILE_TYPE");
        let data = uploaded(&app, &app.user, avatar(&png(2, 2, &[]))).await;
        let path = text(&data, "file_path").to_owned();
        let mine = app.data(&app.user.token, "{ me { id avatarUrl } }", json!({})).await["me"].take();
        assert!(text(&mine, "avatarUrl").starts_with(&app.at(&path)), "{mine}");
        assert_eq!(bare(&app, text(&mine, "avatarUrl")).await.status(), 200);
        assert_eq!(app.get(&app.stranger.token, &path).await.status(), 200);
        assert_eq!(app.get("", &path).await.status(), 401);
        // What was read is written back: it stays what it was.
        let input = json!({ "id": mine["id"], "profile": { "avatarUrl": mine["avatarUrl"], "firstName": "U" } });
        app.done(&app.user.token, "editProfile", "user { id }", input).await;
        let again = app.data(&app.user.token, "{ me { avatarUrl } }", json!({})).await["me"].take();
        assert_eq!(again["avatarUrl"], mine["avatarUrl"]);
        // A profile that names somebody else's file shows it to nobody who may not see it.
        let secret = uploaded(&app, &app.agent, file("s.png", "image/png", &png(2, 2, &[]))).await;
        let input = json!({ "id": mine["id"], "profile": { "avatarUrl": secret["file_path"] } });
        app.done(&app.user.token, "editProfile", "user { id }", input).await;
        let stolen = app.data(&app.user.token, "{ me { avatarUrl } }", json!({})).await["me"].take();
        assert_eq!(bare(&app, text(&stolen, "avatarUrl")).await.status(), 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_lead_nowhere_else() {
    let app = TestApp::start().await;
    for path in [
        "/uploads/2026/01/..%2f..%2f..%2fetc%2fpasswd",
        "/uploads/..%2f..%2f/01/passwd",
        "/uploads/2026/01/%2e%2e%5c%2e%2e",
        "/uploads/2026/01/%00",
        "/uploads/2026/01/nothing.png",
        "/uploads/2026/01/",
        "/uploads/2026",
    ] {
        assert_eq!(app.get(&app.admin.token, path).await.status(), 404, "{path}");
    }
    // As no client would write it.
    for path in ["/uploads/../../etc/passwd", "/uploads/2026/../echodesk.db", "/uploads/%ff/01/a"] {
        let mut wire = tokio::net::TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap();
        let ask = format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
            app.admin.token
        );
        wire.write_all(ask.as_bytes()).await.unwrap();
        let mut answer = String::new();
        wire.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 404") || answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_and_tickets_carry_what_was_uploaded_for_them() {
    each_backend(|app| async move {
        let (user, agent) = (&app.user, &app.agent);
        let picture = uploaded(&app, user, file("截图.png", "image/png", &png(300, 200, &[]))).await;
        let form = json!({ "title": "看图", "description": "见附件", "attachments": [picture["id"]] });
        let ticket = send(&app, &user.token, Method::POST, "/tickets", form).await;
        let path = format!("/tickets/{}", ticket["id"]);
        let report = uploaded(&app, agent, file("报告.pdf", "application/pdf", b"%PDF-1.7")).await;
        let form = json!({ "content": "请看报告", "attachments": [report["id"]] });
        let said = send(&app, &agent.token, Method::POST, &format!("{path}/comments"), form).await;
        assert_eq!(said["attachments"][0]["original_name"], "报告.pdf");
        // The reader's own links: each works for whoever asked, without a token.
        let shown = get(&app, &user.token, &path).await["data"]["comments"][0]["attachments"][0].take();
        assert!(holds(&json!({ "id": report["id"], "mime_type": "application/pdf" }), &shown), "{shown:#}");
        assert_eq!(bare(&app, text(&shown, "url")).await.bytes().await.unwrap().as_ref(), b"%PDF-1.7");
        let listed = get(&app, &user.token, &format!("{path}/comments")).await["data"][0].take();
        assert_eq!(listed["attachments"][0]["id"], report["id"]);
        // A file for the ticket, that no comment names.
        let form = file("日志.txt", "text/plain", "日志".as_bytes()).text("ticket_id", ticket["id"].to_string());
        let log = uploaded(&app, user, form).await;
        let files = get(&app, &agent.token, &format!("{path}/attachments")).await;
        assert_eq!((&files["data"][0]["id"], &files["total"]), (&log["id"], &json!(1)), "{files:#}");
        let form = file("more.txt", "text/plain", b"more").text("ticket_id", ticket["id"].to_string());
        let more = uploaded(&app, agent, form).await;
        for (page, id) in [(1, &log["id"]), (2, &more["id"])] {
            let files = get(&app, &user.token, &format!("{path}/attachments?limit=1&page={page}")).await;
            assert_eq!(files["data"].as_array().unwrap().len(), 1, "{files:#}");
            assert_eq!((&files["data"][0]["id"], &files["total"]), (id, &json!(2)), "{files:#}");
        }
        assert_eq!(refused(&app, agent, Form::new()).await.1, "VALIDATION_FAILED");
        // Another's file, one that has been used, and none at all.
        for id in [report["id"].clone(), picture["id"].clone(), json!(999_999)] {
            let form = json!({ "content": "偷", "attachments": [id] });
            let (status, body) = call(&app, &user.token, Method::POST, &format!("{path}/comments"), Some(&form)).await;
            assert!(status == 422 && body["details"].get("attachments").is_some(), "{status} {body:#}");
        }
        let none = format!("{path}/attachments");
        assert_eq!(call(&app, &app.stranger.token, Method::GET, &none, None).await.0, 404);
        // A deleted ticket is gone here for administrators, too.
        assert_eq!(call(&app, &app.admin.token, Method::GET, &none, None).await.0, 200);
        send(&app, &app.admin.token, Method::DELETE, &path, json!({})).await;
        assert_eq!(call(&app, &app.admin.token, Method::GET, &none, None).await.0, 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_by_mail_is_shown_with_its_comment() {
    let app = TestApp::start().await;
    let raw = "From: li@example.com\r\nTo: support@desk.example\r\nSubject: a file\r\nMessage-ID: <file@example.com>\r\n\
        MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nSee it.\r\n\
        --b\r\nContent-Type: text/plain; name=\"a b.txt\"\r\nContent-Disposition: attachment\r\n\r\ninside\r\n--b--\r\n";
    let taken = app.take_mail(raw).await;
    let answer = json!({ "content": "谢谢" });
    let path = format!("/tickets/{}/comments", taken["ticket"]);
    send(&app, &app.agent.token, Method::POST, &path, answer).await;
    let again = raw
        .replace("file@example.com", "more@example.com")
        .replace("Subject: a file", &format!("Subject: Re: [{}]", taken["number"].as_str().unwrap()));
    app.take_mail(&again).await;
    let listed = get(&app, &app.agent.token, &path).await["data"].take();
    let files: Vec<&Value> =
        listed.as_array().unwrap().iter().flat_map(|one| one["attachments"].as_array().unwrap()).collect();
    let shown = files.first().unwrap_or_else(|| panic!("{listed:#}"));
    assert_eq!(shown["original_name"], "a b.txt");
    let got = app.get(&app.agent.token, text(shown, "file_path")).await;
    assert_eq!((got.status().as_u16(), got.text().await.unwrap().trim()), (200, "inside"));
    assert_eq!(bare(&app, text(shown, "url")).await.text().await.unwrap().trim(), "inside");
}
