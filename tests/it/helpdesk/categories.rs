//! `/api`: categories (seed 001, 分类管理接口).

use super::{call, get, holds, refused, send};
use crate::api::{each, items};
use crate::app::{TestApp, each_backend};
use reqwest::Method;
use serde_json::{Value, json};

fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    items(list).iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name}: {list:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn categories_are_as_documented() {
    each_backend(|app| async move {
        let boss = &app.supervisor.token;
        let form = json!({
            "name": "新分类", "description": "分类描述", "color": "#10b981", "icon": "category", "sla_hours": 2,
            "auto_assign_user_id": app.agent.id.0, "parent_id": null,
        });
        let (status, made) = call(&app, boss, Method::POST, "/categories", Some(&form)).await;
        assert_eq!((status, &made["message"]), (201, &json!("分类创建成功")));
        let sample = json!({
            "name": "新分类", "description": "分类描述", "color": "#10b981", "icon": "category", "sla_hours": 2,
            "auto_assign_user_id": app.agent.id.0, "parent_id": null, "is_active": true,
            "created_at": "2026-01-05T02:00:00Z", "ticket_count": 0, "subcategories": [],
        });
        assert!(holds(&sample, &made["data"]), "{made:#}");
        let id = made["data"]["id"].as_i64().unwrap();
        let below = json!({ "name": "系统故障", "description": "系统相关故障", "parent_id": id });
        let below = send(&app, boss, Method::POST, "/categories", below).await["id"].as_i64().unwrap();

        // Its assignee and its hours act when a ticket is opened, by whichever surface.
        for category in [id, id, below] {
            let input = json!({ "title": "t", "description": "d", "category": category.to_string() });
            let fields = "ticket { assignee { name } status }";
            let opened = app.done(&app.user.token, "openTicket", fields, input).await["ticket"].take();
            if category == id {
                assert_eq!(opened, json!({ "assignee": { "name": "agnes" }, "status": "OPEN" }));
            } else {
                assert_eq!(opened["assignee"], Value::Null);
            }
        }
        let list = get(&app, boss, "/categories").await;
        let sample = json!({
            "id": id, "name": "新分类", "sla_hours": 2, "ticket_count": 3,
            "subcategories": [{ "id": below, "name": "系统故障", "description": "系统相关故障", "ticket_count": 1 }],
        });
        assert!(holds(&sample, named(&list["data"], "新分类")), "{list:#}");
        assert_eq!(list["total"], json!(items(&list["data"]).len()));
        // Everybody counts what they may see.
        for (token, count) in [(&app.user.token, 3), (&app.stranger.token, 0), (&app.agent.token, 3)] {
            let list = get(&app, token, "/categories").await;
            assert_eq!(named(&list["data"], "新分类")["ticket_count"], count);
        }
        let page = get(&app, boss, "/categories?page=2&limit=3").await;
        assert!(holds(&json!({ "page": 2, "limit": 3, "total": 7, "pages": 3 }), &page["pagination"]), "{page:#}");
        let some = get(&app, boss, &format!("/categories?filter={{\"ids\":[{below}]}}")).await;
        assert_eq!(each(&some["data"], "name"), ["系统故障"]);

        let path = format!("/categories/{id}");
        assert_eq!(get(&app, &app.user.token, &path).await["data"]["subcategories"][0]["ticket_count"], 1);
        let edit = json!({ "color": "#3b82f6", "sla_hours": null, "auto_assign_user_id": null });
        let edited = send(&app, boss, Method::PUT, &path, edit).await;
        let sample = json!({ "name": "新分类", "description": "分类描述", "color": "#3b82f6", "sla_hours": null, "auto_assign_user_id": null });
        assert!(holds(&sample, &edited), "{edited:#}");
        // What is sent back whole changes nothing else.
        let whole = send(&app, boss, Method::PUT, &path, edited.clone()).await;
        assert_eq!(whole, edited);

        assert_eq!(refused(&app, boss, Method::DELETE, &path, None).await, (409, "CONFLICT".to_owned()));
        let (_, told) = call(&app, boss, Method::DELETE, &format!("/categories/{below}"), None).await;
        assert_eq!(told["message"], "分类已停用");
        assert_eq!(get(&app, boss, &format!("/categories/{below}")).await["data"]["is_active"], false);
        let empty = send(&app, boss, Method::POST, "/categories", json!({ "name": "空" })).await;
        let empty = format!("/categories/{}", empty["id"]);
        let (_, told) = call(&app, boss, Method::DELETE, &empty, None).await;
        assert_eq!(told["message"], "分类删除成功");
        assert_eq!(refused(&app, boss, Method::GET, &empty, None).await, (404, "CATEGORY_NOT_FOUND".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_change_categories_and_what_is_refused() {
    let app = TestApp::start().await;
    let form = json!({ "name": "一" });
    for (token, status) in [
        ("", 401),
        (&app.user.token, 403),
        (&app.agent.token, 403),
        (&app.supervisor.token, 201),
        (&app.admin.token, 409),
    ] {
        assert_eq!(call(&app, token, Method::POST, "/categories", Some(&form)).await.0, status);
    }
    assert_eq!(call(&app, "", Method::GET, "/categories", None).await.0, 401);
    for (bad, field) in [
        (json!({}), "name"),
        (json!({ "name": "x", "color": "green" }), "color"),
        (json!({ "name": "x", "sla_hours": "two" }), "sla_hours"),
        (json!({ "name": "x", "sla_hours": 0 }), "sla_hours"),
        (json!({ "name": "x", "parent_id": 9999 }), "parent_id"),
        (json!({ "name": "x", "auto_assign_user_id": app.user.id.0 }), "auto_assign_user_id"),
    ] {
        let (status, told) = call(&app, &app.admin.token, Method::POST, "/categories", Some(&bad)).await;
        assert!(status == 422 && told["details"][field].is_string(), "{bad}: {told:#}");
    }
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let body = (method == Method::PUT).then(|| json!({ "name": "x" }));
        let told = refused(&app, &app.admin.token, method, "/categories/9999", body).await;
        assert_eq!(told, (404, "CATEGORY_NOT_FOUND".to_owned()));
    }
}
