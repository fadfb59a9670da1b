//! Files: sent by the multipart request specification or to /attachments, fetched by those who may see them, and never
//! shown as a page of this server.

use crate::api::signed;
use crate::app::{Person, TestApp};
use reqwest::StatusCode;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

/// A PNG of one pixel.
const PIXEL: [u8; 67] = *b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cc`\0\0\0\x02\0\x01H\xaf\xa4q\0\0\0\0IEND\xaeB`\x82";

/// Uploads by GraphQL.
async fn upload(app: &TestApp, by: &Person, name: &str, kind: &str, bytes: &[u8]) -> Value {
    let query = "mutation($input: UploadFileInput!) { uploadFile(input: $input) { attachment { id databaseId filename contentType size url } userErrors { code field } } }";
    let operations = json!({ "query": query, "variables": { "input": { "file": null } } }).to_string();
    let file = Part::bytes(bytes.to_vec()).file_name(name.to_owned()).mime_str(kind).unwrap();
    let form =
        Form::new().text("operations", operations).text("map", r#"{"0":["variables.input.file"]}"#).part("0", file);
    let answer = signed(app.http.post(app.at("/graphql")), &by.token).multipart(form).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert!(answer.get("errors").is_none(), "{answer:#}");
    answer["data"]["uploadFile"].clone()
}

fn header<'a>(answer: &'a reqwest::Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_follows_its_ticket() {
    let app = TestApp::start().await;
    let page = b"<script>alert(document.cookie)</script>";
    let html = upload(&app, &app.user, "报告.html", "text/html", page).await["attachment"].take();
    assert_eq!((&html["filename"], &html["size"]), (&json!("报告.html"), &json!(page.len())));
    let picture = upload(&app, &app.user, "a.png", "image/png", &PIXEL).await["attachment"].take();
    let input = json!({ "title": "files", "description": "d", "attachments": [html["id"], picture["id"]] });
    let opened = app
        .done(
            &app.user.token,
            "openTicket",
            "ticket { id descriptionComment { attachments { filename url size } } }",
            input,
        )
        .await;
    let files = &opened["ticket"]["descriptionComment"]["attachments"];
    assert_eq!(files[0]["filename"], "报告.html");
    let url = files[0]["url"].as_str().unwrap();
    let path = url.strip_prefix("http://").map_or(url, |rest| &rest[rest.find('/').unwrap()..]);

    let got = app.get(&app.user.token, path).await;
    assert_eq!(got.status(), StatusCode::OK, "{path}");
    assert_eq!(header(&got, "content-type"), "application/octet-stream");
    assert_eq!(header(&got, "x-content-type-options"), "nosniff");
    assert_eq!(header(&got, "content-security-policy"), "sandbox; default-src 'none'");
    assert!(
        header(&got, "content-disposition")
            .starts_with("attachment; filename=\"__.html\"; filename*=UTF-8''%E6%8A%A5%E5%91%8A.html")
    );
    let etag = header(&got, "etag").to_owned();
    assert_eq!(got.bytes().await.unwrap().as_ref(), page);
    let picture = app.get(&app.user.token, &format!("/attachments/{}", picture["databaseId"])).await;
    assert_eq!(
        (header(&picture, "content-type"), &header(&picture, "content-disposition")[..6]),
        ("image/png", "inline")
    );

    // Conditional and partial.
    let ask = |name: &'static str, value: &str| {
        signed(app.http.get(app.at(path)), &app.user.token).header(name, value).send()
    };
    assert_eq!(ask("if-none-match", &etag).await.unwrap().status(), StatusCode::NOT_MODIFIED);
    let part = ask("range", "bytes=1-6").await.unwrap();
    assert_eq!((part.status(), header(&part, "content-range")), (StatusCode::PARTIAL_CONTENT, "bytes 1-6/39"));
    assert_eq!(part.bytes().await.unwrap().as_ref(), b"script");
    assert_eq!(ask("range", "bytes=99-").await.unwrap().status(), StatusCode::RANGE_NOT_SATISFIABLE);

    // Who may see the ticket, may see the file; nobody else knows of it.
    assert_eq!(app.get(&app.agent.token, path).await.status(), StatusCode::OK);
    for (token, status) in [(app.stranger.token.as_str(), 404), ("", 401), ("nonsense", 401)] {
        let refused = app.get(token, path).await;
        assert_eq!(refused.status(), status, "{token}");
        assert!(!refused.text().await.unwrap().contains("script"));
    }
    // A file on an internal note is not the requester's.
    let secret = upload(&app, &app.agent, "note.txt", "text/plain", b"internal").await["attachment"].take();
    let note = json!({ "ticket": opened["ticket"]["id"], "body": "n", "visibility": "INTERNAL", "attachments": [secret["id"]] });
    app.done(&app.agent.token, "addComment", "comment { id }", note).await;
    let path = format!("/attachments/{}", secret["databaseId"]);
    assert_eq!(app.get(&app.user.token, &path).await.status(), 404);
    assert_eq!(app.get(&app.agent.token, &path).await.status(), 200);
    // Nor can somebody else's upload be taken.
    let theirs = upload(&app, &app.stranger, "x.txt", "text/plain", b"x").await["attachment"].take();
    let steal = json!({ "title": "t", "description": "d", "attachments": [theirs["id"]] });
    let refused = app.payload(&app.user.token, "openTicket", "ticket { id }", steal).await;
    assert!(refused["userErrors"][0]["code"].is_string(), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_taken_as_bytes_and_as_forms_within_the_limits() {
    let app = TestApp::with(&[("attachments.max_bytes", "1000"), ("attachments.max_per_comment", "2")]).await;
    let raw = |name: &str, kind: &'static str, bytes: Vec<u8>| {
        signed(app.http.post(app.at(&format!("/attachments?filename={name}"))), &app.user.token)
            .header("content-type", kind)
            .body(bytes)
            .send()
    };
    let taken = raw("a.txt", "text/plain", b"abc".to_vec()).await.unwrap();
    assert_eq!(taken.status(), StatusCode::CREATED);
    let location = header(&taken, "location").to_owned();
    let body: Value = taken.json().await.unwrap();
    assert_eq!((&body["filename"], &body["size"]), (&json!("a.txt"), &json!(3)));
    assert_eq!(app.get(&app.user.token, &location).await.text().await.unwrap(), "abc");
    let form = Form::new().part("file", Part::bytes(b"def".to_vec()).file_name("b.txt"));
    let form = signed(app.http.post(app.at("/attachments")), &app.user.token).multipart(form).send().await.unwrap();
    assert_eq!(form.status(), StatusCode::CREATED);
    assert_eq!(raw("big", "text/plain", vec![b'x'; 1_001]).await.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
    let program = raw("a.exe", "application/x-msdownload", b"MZ".to_vec()).await.unwrap();
    assert_eq!(program.status(), StatusCode::UNPROCESSABLE_ENTITY, "blocked types are refused");
    let nobody = app.http.post(app.at("/attachments?filename=x")).body("x").send().await.unwrap();
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    let empty = signed(app.http.post(app.at("/attachments")), &app.user.token)
        .multipart(Form::new().text("other", "x"))
        .send()
        .await
        .unwrap();
    assert_eq!(empty.status(), StatusCode::UNPROCESSABLE_ENTITY);
    // The same content is kept once, and is a file of its own each time.
    let again: Value = raw("c.txt", "text/plain", b"abc".to_vec()).await.unwrap().json().await.unwrap();
    assert_ne!(again["id"], body["id"]);
    let mut ids = vec![format!("attachment_{}", body["id"]), format!("attachment_{}", again["id"])];
    let third: Value = raw("d.txt", "text/plain", b"d".to_vec()).await.unwrap().json().await.unwrap();
    ids.push(format!("attachment_{}", third["id"]));
    let input = json!({ "title": "t", "description": "d", "attachments": ids });
    let many = app.payload(&app.user.token, "openTicket", "ticket { id }", input).await;
    assert_eq!(many["userErrors"][0]["field"], "attachments", "{many}");
}
