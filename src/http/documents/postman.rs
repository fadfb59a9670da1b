//! An OpenAPI document as a Postman collection, v2.1: a folder for each tag, a request for each operation, examples as
//! bodies, and a test that the answer's status is a documented one.
//!
//! Pure, and made for documents like ours: references within the document, one server, header and bearer security.

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// In the order in which they make sense when they run one after the other: what goes away goes last.
const METHODS: [&str; 8] = ["post", "get", "head", "put", "patch", "options", "trace", "delete"];
const SCHEMA: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";
/// Schemas that contain themselves end here.
const DEEPEST: usize = 8;

/// The collection.
pub fn collection(document: &Value) -> Value {
    let mut folders: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let mut secrets = BTreeSet::new();
    for (path, item) in entries(document.get("paths")) {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let tag = operation.pointer("/tags/0").and_then(Value::as_str).unwrap_or("other");
            let made = Operation { document, path, method, operation }.item(&mut secrets);
            folders.entry(tag).or_default().push(made);
        }
    }
    // Folders come as the document names its tags; tags that it does not introduce come after them.
    let introduced = document.get("tags").and_then(Value::as_array).into_iter().flatten();
    let mut items = Vec::new();
    for tag in introduced {
        let name = text(tag, "name");
        if let Some(requests) = folders.remove(name) {
            items.push(json!({ "name": name, "description": text(tag, "description"), "item": requests }));
        }
    }
    items.extend(folders.into_iter().map(|(name, requests)| json!({ "name": name, "item": requests })));
    let mut variables = vec![variable("base_url", "http://127.0.0.1:8080"), variable("token", "")];
    variables.extend(secrets.iter().map(|name| variable(name, "")));
    let title = document.pointer("/info/title").and_then(Value::as_str).unwrap_or("API");
    let version = document.pointer("/info/version").and_then(Value::as_str).unwrap_or_default();
    json!({
        "info": {
            "name": format!("{title} {version}"),
            "description": document.pointer("/info/description"),
            "schema": SCHEMA,
        },
        "auth": { "type": "bearer", "bearer": [{ "key": "token", "value": "{{token}}", "type": "string" }] },
        "variable": variables,
        "item": items,
    })
}

fn variable(name: &str, value: &str) -> Value {
    json!({ "key": name, "value": value, "type": "string" })
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn entries(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

struct Operation<'a> {
    document: &'a Value,
    path: &'a str,
    method: &'a str,
    operation: &'a Value,
}

impl<'a> Operation<'a> {
    fn item(&self, secrets: &mut BTreeSet<String>) -> Value {
        let Self { path, method, operation, .. } = *self;
        let name = match text(operation, "summary") {
            "" => format!("{} {path}", method.to_uppercase()),
            summary => summary.trim_end_matches('.').to_owned(),
        };
        let (body, content_type) = self.body();
        let mut headers = self.parameters("header");
        if let Some(kind) = content_type {
            headers.push(json!({ "key": "Content-Type", "value": kind }));
        }
        let mut request = json!({
            "method": method.to_uppercase(),
            "header": headers,
            "url": self.url(),
            "description": text(operation, "description"),
        });
        if let Some(fields) = request.as_object_mut() {
            fields.extend(body.map(|body| ("body".to_owned(), body)));
            fields.extend(self.auth(secrets).map(|auth| ("auth".to_owned(), auth)));
        }
        json!({ "name": name, "request": request, "event": [self.test()], "response": [] })
    }

    fn url(&self) -> Value {
        let steps = self.path.split('/').filter(|step| !step.is_empty()).map(|step| {
            let name = step.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            name.map_or_else(|| step.to_owned(), |name| format!(":{name}"))
        });
        let steps: Vec<String> = steps.collect();
        let (query, variable) = (self.parameters("query"), self.parameters("path"));
        json!({
            "raw": format!("{{{{base_url}}}}/{}", steps.join("/")),
            "host": ["{{base_url}}"],
            "path": steps,
            "query": query,
            "variable": variable,
        })
    }

    /// The parameters of a place; what need not be sent is there and switched off.
    fn parameters(&self, place: &str) -> Vec<Value> {
        let all = self.operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let here = all.map(|one| resolve(self.document, one)).filter(|one| text(one, "in") == place);
        let made = here.map(|one| {
            let value = one.get("example").cloned().or_else(|| Some(self.example(one.get("schema")?, 0)));
            let value = value.filter(|value| !value.is_null()).map(|value| plain(&value)).unwrap_or_default();
            let optional = one.get("required") != Some(&Value::Bool(true));
            let mut made = json!({ "key": text(one, "name"), "value": value, "description": text(one, "description") });
            if let Some(fields) = made.as_object_mut().filter(|_| optional && place != "path") {
                fields.insert("disabled".to_owned(), true.into());
            }
            made
        });
        made.collect()
    }

    fn body(&self) -> (Option<Value>, Option<&'a str>) {
        let Some(body) = self.operation.get("requestBody") else { return (None, None) };
        let body = resolve(self.document, body);
        // JSON where there is a choice, and a form, which wants a file of somebody's disk, last.
        let rank = |kind: &str| match kind {
            "application/json" => 0,
            kind if kind.starts_with("multipart/") => 2,
            _ => 1,
        };
        let Some((kind, media)) = entries(body.get("content")).min_by_key(|(kind, _)| rank(kind)) else {
            return (None, None);
        };
        if kind.starts_with("multipart/") {
            return (Some(json!({ "mode": "formdata", "formdata": self.form(media) })), None);
        }
        let example = media.get("example").cloned().or_else(|| Some(self.example(media.get("schema")?, 0)));
        let example = example.unwrap_or_default();
        let text = example.as_str().filter(|_| kind != "application/json");
        let language = if text.is_some() { "text" } else { "json" };
        let raw = text.map_or_else(|| format!("{example:#}"), str::to_owned);
        let made = json!({ "mode": "raw", "raw": raw, "options": { "raw": { "language": language } } });
        (Some(made), Some(kind))
    }

    fn form(&self, media: &Value) -> Vec<Value> {
        let Some(schema) = media.get("schema").map(|schema| resolve(self.document, schema)) else { return Vec::new() };
        let field = |(name, field): (&String, &Value)| {
            if text(field, "format") == "binary" || field.get("contentMediaType").is_some() {
                return json!({ "key": name, "type": "file", "src": [] });
            }
            json!({ "key": name, "type": "text", "value": plain(&self.example(field, 0)) })
        };
        entries(schema.get("properties")).map(field).collect()
    }

    /// How this operation is authorized, where the collection's bearer token does not do.
    fn auth(&self, secrets: &mut BTreeSet<String>) -> Option<Value> {
        let needs = self.operation.get("security").or_else(|| self.document.get("security"));
        let needs = needs.and_then(Value::as_array).into_iter().flatten();
        let names: Vec<&String> = needs.filter_map(|need| entries(Some(need)).next()).map(|(name, _)| name).collect();
        let Some(name) = names.first() else { return Some(json!({ "type": "noauth" })) };
        let scheme = self.document.pointer(&format!("/components/securitySchemes/{name}"))?;
        if text(scheme, "type") != "apiKey" {
            return None;
        }
        let variable = format!("{name}_secret");
        let auth = json!({ "type": "apikey", "apikey": [
            { "key": "key", "value": text(scheme, "name"), "type": "string" },
            { "key": "value", "value": format!("{{{{{variable}}}}}"), "type": "string" },
            { "key": "in", "value": text(scheme, "in"), "type": "string" },
        ] });
        secrets.insert(variable);
        Some(auth)
    }

    fn test(&self) -> Value {
        let statuses: Vec<u16> =
            entries(self.operation.get("responses")).filter_map(|(status, _)| status.parse().ok()).collect();
        let expected = json!(statuses).to_string();
        json!({ "listen": "test", "script": { "type": "text/javascript", "exec": [
            "pm.test('answers as documented', () => {",
            format!("    pm.expect(pm.response.code).to.be.oneOf({expected});"),
            "});",
        ] } })
    }

    /// A value of this schema: its example, or one made of its parts.
    fn example(&self, schema: &Value, depth: usize) -> Value {
        let schema = resolve(self.document, schema);
        let given = ["example", "default", "const"].into_iter().find_map(|name| schema.get(name));
        let listed = ["/examples/0", "/enum/0"].into_iter().find_map(|at| schema.pointer(at));
        if let Some(given) = given.or(listed) {
            return given.clone();
        }
        if depth > DEEPEST {
            return Value::Null;
        }
        if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
            let parts = all.iter().map(|one| self.example(one, depth + 1));
            let fields = parts.filter_map(|one| one.as_object().cloned()).flatten();
            return Value::Object(fields.collect());
        }
        let choices = ["oneOf", "anyOf"].into_iter().filter_map(|name| schema.get(name).and_then(Value::as_array));
        if let Some(one) = choices.flatten().find(|one| text(one, "type") != "null") {
            return self.example(one, depth + 1);
        }
        let kind = schema.get("type");
        let kinds = kind.and_then(Value::as_array).into_iter().flatten().chain(kind);
        let kind = kinds.filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("object");
        match kind {
            "string" => json!(match text(schema, "format") {
                "date-time" => "2026-01-05T02:00:00Z",
                "date" => "2026-01-05",
                "email" => "wang@example.org",
                "uri" => "https://desk.example.org/",
                _ => "text",
            }),
            "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
            "boolean" => json!(false),
            "array" => {
                let item = schema.get("items").map(|items| self.example(items, depth + 1));
                json!(item.into_iter().collect::<Vec<_>>())
            }
            _ => {
                let fields = entries(schema.get("properties"));
                let fields = fields.map(|(name, field)| (name.clone(), self.example(field, depth + 1)));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }
}

/// A value as an address, a header or a form has it.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Follows a reference within the document, once.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    target.and_then(|target| document.pointer(target)).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> Value {
        collection(&json!({
            "info": { "title": "T", "version": "1" },
            "tags": [{ "name": "b", "description": "second, but introduced" }],
            "paths": {
                "/things/{id}": {
                    "delete": { "tags": ["b"], "responses": { "204": {} }, "security": [{ "key": [] }],
                        "parameters": [{ "name": "id", "in": "path", "required": true, "example": 7 }] },
                    "post": { "tags": ["b"], "summary": "Change.", "responses": { "200": {}, "404": {} },
                        "security": [{}, { "token": [] }],
                        "parameters": [
                            { "name": "dry", "in": "query", "schema": { "type": "boolean" } },
                            { "name": "X-Why", "in": "header", "required": true, "schema": { "$ref": "#/components/schemas/Why" } },
                        ],
                        "requestBody": { "content": {
                            "multipart/form-data": { "schema": { "type": "object" } },
                            "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } },
                        } } },
                },
                "/files": { "post": { "tags": ["a"], "responses": { "201": {} }, "requestBody": { "content": {
                    "multipart/form-data": { "schema": { "type": "object", "properties": {
                        "file": { "type": "string", "format": "binary" }, "note": { "type": "string", "example": "n" },
                    } } },
                } } } },
            },
            "components": {
                "securitySchemes": {
                    "token": { "type": "http", "scheme": "bearer" },
                    "key": { "type": "apiKey", "in": "header", "name": "X-Key" },
                },
                "schemas": {
                    "Why": { "type": "string", "enum": ["because"] },
                    "Thing": { "type": "object", "properties": {
                        "name": { "type": ["string", "null"] },
                        "size": { "type": "integer", "minimum": 3 },
                        "parts": { "type": "array", "items": { "$ref": "#/components/schemas/Thing" } },
                        "when": { "oneOf": [{ "type": "null" }, { "type": "string", "format": "date" }] },
                    } },
                },
            },
        }))
    }

    #[test]
    fn operations_become_requests_in_folders() {
        let made = made();
        let names: Vec<&Value> = ["/item/0/name", "/item/1/name", "/item/0/item/0/name", "/item/0/item/1/name"]
            .iter()
            .map(|at| made.pointer(at).unwrap())
            .collect();
        assert_eq!(names, ["b", "a", "Change", "DELETE /things/{id}"]);
        let change = made.pointer("/item/0/item/0/request").unwrap();
        assert_eq!(change["url"]["raw"], "{{base_url}}/things/:id");
        assert_eq!(change["url"]["query"][0]["disabled"], true);
        assert_eq!(change["header"][0]["value"], "because");
        assert_eq!(change["header"][1], json!({ "key": "Content-Type", "value": "application/json" }));
        assert!(change.get("auth").is_none(), "the collection's token");
        let delete = made.pointer("/item/0/item/1/request").unwrap();
        assert_eq!(delete["url"]["variable"][0]["value"], "7");
        assert_eq!(delete["auth"]["apikey"][1]["value"], "{{key_secret}}");
        assert_eq!(made.pointer("/variable/2/key").unwrap(), "key_secret");
        let script = made.pointer("/item/0/item/0/event/0/script/exec/1").unwrap().as_str().unwrap();
        assert!(script.contains("[200,404]"), "{script}");
    }

    #[test]
    fn bodies_are_examples() {
        let made = made();
        let raw = made.pointer("/item/0/item/0/request/body/raw").unwrap().as_str().unwrap();
        let body: Value = serde_json::from_str(raw).unwrap();
        assert_eq!((&body["name"], &body["size"], &body["when"]), (&json!("text"), &json!(3), &json!("2026-01-05")));
        assert_eq!(body["parts"][0]["parts"][0]["size"], 3, "it ends somewhere");
        let files = made.pointer("/item/1/item/0/request").unwrap();
        assert_eq!(files["auth"]["type"], "noauth");
        assert_eq!(files["body"]["formdata"][0], json!({ "key": "file", "type": "file", "src": [] }));
        assert_eq!(files["body"]["formdata"][1]["value"], "n");
    }
}
