//! The documents cannot go stale: what they say exists, what exists they say, and the pages work without the internet.

use crate::api::items;
use crate::app::TestApp;
use crate::held::operations_at;
use echodesk::config::Config;
use echodesk::http::documents::{collection, openapi, openapi_text};
use echodesk::http::{App, router};
use reqwest::Method;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, IF_NONE_MATCH};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

type Routes = BTreeMap<String, Option<BTreeSet<String>>>;

/// The routes that a server really has, with their methods; none where a route takes any method and sees for itself.
///
/// Axum has no list of them, but it prints them, and a test may read what is printed.
fn existing(app: &TestApp) -> Routes {
    let config = Config::with(&[("data_dir", &app.home.data_dir().display().to_string())]).unwrap();
    let (_, stopping) = tokio::sync::watch::channel(false);
    let printed = format!("{:?}", router(&Arc::new(App::new(app.engine.clone(), config, stopping))));
    let (routes, rest) = printed.split_once(", node: Node { paths: {").unwrap();
    let (paths, _) = rest.split_once("} }").unwrap();
    let route = |printed: &str| {
        let (id, route) = printed.split_once("): ").unwrap();
        let allow = route.split("allow_header: ").nth(1).unwrap();
        let methods = allow.strip_prefix("Bytes(b\"").map(|methods| methods.split('"').next().unwrap());
        assert!(methods.is_some() || allow.starts_with("Skip"), "{allow}");
        let methods = methods.map(|all| all.split(',').filter(|one| *one != "HEAD").map(str::to_lowercase).collect());
        (id.to_owned(), methods)
    };
    let allows: BTreeMap<String, Option<BTreeSet<String>>> = routes.split("RouteId(").skip(1).map(route).collect();
    let path = |part: &str| {
        let (id, path) = part.split_once("): \"").unwrap();
        (path.trim_end_matches('"').to_owned(), allows[id.rsplit('(').next().unwrap()].clone())
    };
    let found: Routes = paths.split("\", ").map(path).collect();
    assert_eq!(found.len(), allows.len(), "axum prints its routes in another way now: {printed}");
    found
}

fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let methods = |item: &Value| item.as_object().unwrap().keys().cloned().collect();
    openapi()["paths"].as_object().unwrap().iter().map(|(path, item)| (path.clone(), methods(item))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_has_a_document_and_every_document_a_route() {
    let app = TestApp::start().await;
    let (existing, documented) = (existing(&app), documented());
    let paths = |all: Vec<&String>| all.into_iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(paths(existing.keys().collect()), paths(documented.keys().collect()));
    for (path, methods) in &existing {
        if let Some(methods) = methods {
            assert_eq!(methods, &documented[path], "{path}");
        }
    }
    assert!(existing.contains_key("/graphql") && existing["/healthz"].as_ref().is_some_and(|m| m.contains("get")));
}

/// A documented path with its parameters filled in from their examples.
fn filled(path: &str, operation: &Value) -> String {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters.filter(|parameter| parameter["in"] == "path").fold(path.to_owned(), |path, parameter| {
        let example = &parameter["example"];
        let value = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
        path.replace(&format!("{{{}}}", parameter["name"].as_str().unwrap()), &value)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_operation_answers() {
    let app = TestApp::start().await;
    for (path, methods) in documented() {
        for method in methods {
            let operation = &openapi()["paths"][&path][&method];
            let address = filled(&path, operation);
            assert_eq!(
                operations_at(&address).map(|(path, _)| path),
                Some(&path),
                "{address}: every path parameter has an example"
            );
            let verb: Method = method.to_uppercase().parse().unwrap();
            let answer = app.http.request(verb, app.at(&address)).bearer_auth(&app.admin.token).send().await.unwrap();
            assert_ne!(answer.status(), 405, "{method} {path}");
            if answer.status() == 404 {
                let text = answer.text().await.unwrap();
                assert!(!text.contains("nothing at this address"), "{method} {path}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_that_have_no_document_are_not_served() {
    let app = TestApp::start().await;
    let at = |path: &str| app.at(path);
    for request in
        [app.http.put(at("/readyz")), app.http.patch(at("/attachments")), app.http.delete(at("/openapi.json"))]
    {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 405);
        assert!(answer.headers()["allow"].to_str().unwrap().contains(['G', 'P']), "{answer:?}");
        assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], "METHOD_NOT_ALLOWED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_are_described_for_those_who_generate_code() {
    let mut names = BTreeSet::new();
    for (path, item) in openapi()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name), "{method} {path}: {name} is there twice");
            assert!(
                operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()),
                "{method} {path}: no summary"
            );
            assert!(operation["tags"][0].is_string(), "{method} {path}: no tag");
        }
    }
    assert!(openapi()["openapi"].as_str().unwrap().starts_with("3.1."));
    assert_eq!(openapi()["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_are_served_and_printed() {
    let app = TestApp::start().await;
    let served: Value = app.get("", "/openapi.json").await.json().await.unwrap();
    assert_eq!(&served, openapi());
    assert_eq!(app.cli(&["openapi"], b"").await.out, openapi_text());
    let served: Value = app.get("", "/docs/postman/ticket-api.json").await.json().await.unwrap();
    assert_eq!(served, collection(openapi()));
    let requests: usize = items(&served["item"]).iter().map(|folder| items(&folder["item"]).len()).sum();
    assert_eq!(requests, documented().values().map(BTreeSet::len).sum::<usize>());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_brings_all_that_it_needs() {
    let app = TestApp::start().await;
    let page = app.get("", "/docs/swagger-ui").await;
    let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self';"), "{policy}");
    let html = page.text().await.unwrap();
    assert!(!html.contains("://"), "nothing comes from elsewhere");
    let named: Vec<&str> = html.split(['"', '\'']).filter(|part| part.starts_with("swagger-ui/")).collect();
    assert!(named.len() >= 4, "{html}");
    for name in named {
        let path = format!("/docs/{name}");
        let plain = app.get("", &path).await;
        assert_eq!(plain.status(), 200, "{path}");
        let etag = plain.headers()[ETAG].clone();
        assert!(!plain.headers().contains_key(CONTENT_ENCODING), "{path}");
        let size = plain.bytes().await.unwrap().len();
        let packed = app.http.get(app.at(&path)).header(ACCEPT_ENCODING, "gzip, br").send().await.unwrap();
        if size > 50_000 {
            assert_eq!(packed.headers()[CONTENT_ENCODING], "gzip", "{path}");
            assert!(packed.bytes().await.unwrap().len() < size / 2, "{path}");
        }
        let known = app.http.get(app.at(&path)).header(IF_NONE_MATCH, &etag).send().await.unwrap();
        assert_eq!(known.status(), 304, "{path}");
    }
    assert_eq!(app.get("", "/docs/swagger-ui/index.html").await.status(), 404);
    assert_eq!(app.get("", "/docs/swagger-ui/..%2f..%2fetc").await.status(), 404);
}
