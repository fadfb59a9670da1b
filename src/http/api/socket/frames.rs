//! What stands in the frames of the socket, both ways: `{type, data, timestamp, cursor}`.

use crate::http::api::people::moment;
use model::Time;
use model::id::NotificationId;
use serde::Serialize;
use serde_json::{Value, json};

/// Notifications that one frame may name.
const MOST: usize = 1_000;

/// What the server says.
#[derive(Debug, Serialize)]
pub(super) struct Frame {
    #[serde(rename = "type")]
    kind: &'static str,
    data: Value,
    timestamp: String,
    /// Where to go on from; not in answers to what the client said, which happened nowhere in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

impl Frame {
    pub(super) fn new(kind: &'static str, at: Time, data: Value) -> Self {
        Self { kind, data, timestamp: moment(at), cursor: None }
    }

    pub(super) fn at(self, cursor: impl Into<String>) -> Self {
        Self { cursor: Some(cursor.into()), ..self }
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

pub(super) fn connected(at: Time, user: i64, id: &str) -> Frame {
    Frame::new("connected", at, json!({ "user_id": user, "connection_id": format!("conn_{id}") }))
}

pub(super) fn resync(at: Time) -> Frame {
    let why = "the cursor is too old or of another log: load the state anew and go on from this frame's cursor";
    Frame::new("resync_required", at, json!({ "message": why }))
}

pub(super) fn pong(at: Time) -> Frame {
    Frame::new("pong", at, json!({}))
}

pub(super) fn marked(at: Time, ids: &[NotificationId], all: bool, unread: i64) -> Frame {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    Frame::new("marked_read", at, json!({ "ids": ids, "all": all, "unread_count": unread }))
}

pub(super) fn error(at: Time, why: &str) -> Frame {
    Frame::new("error", at, json!({ "message": why }))
}

/// What a client says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    Ping,
    MarkRead { ids: Vec<NotificationId>, all: bool },
}

/// Reads what a client says; `Err` is the sentence that tells it what is wrong.
pub(super) fn read(text: &str) -> Result<Said, &'static str> {
    let frame: Value = serde_json::from_str(text).map_err(|_| "the frame is not JSON")?;
    match frame.get("type").and_then(Value::as_str) {
        Some("ping") => Ok(Said::Ping),
        Some("mark_read") => mark_read(&frame),
        Some(_) => Err("the frame's type is unknown; known are ping and mark_read"),
        None => Err("the frame has no type"),
    }
}

/// The ids stand in `data` or beside it, one or several, by any of the names that clients use.
fn mark_read(frame: &Value) -> Result<Said, &'static str> {
    let bad = "mark_read needs data.ids (a list of numbers), data.id, or data.all = true";
    let beside = frame.get("data").filter(|data| data.is_object()).unwrap_or(frame);
    let field = |names: [&str; 4]| names.into_iter().find_map(|name| beside.get(name));
    if beside.get("all").and_then(Value::as_bool) == Some(true) {
        return Ok(Said::MarkRead { ids: Vec::new(), all: true });
    }
    let named = field(["ids", "notification_ids", "id", "notification_id"]).ok_or(bad)?;
    let all = named.as_array().map_or_else(|| vec![named], |list| list.iter().collect());
    if all.is_empty() || all.len() > MOST {
        return Err("mark_read takes 1 to 1000 ids");
    }
    let ids: Option<Vec<_>> = all.into_iter().map(|id| id.as_i64().map(NotificationId)).collect();
    Ok(Said::MarkRead { ids: ids.ok_or(bad)?, all: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_understood() {
        let marks =
            |ids: &[i64], all| Ok(Said::MarkRead { ids: ids.iter().copied().map(NotificationId).collect(), all });
        for (text, said) in [
            (r#"{"type":"ping"}"#, Ok(Said::Ping)),
            (r#"{"type":"mark_read","data":{"ids":[1,2]}}"#, marks(&[1, 2], false)),
            (r#"{"type":"mark_read","data":{"notification_id":3}}"#, marks(&[3], false)),
            (r#"{"type":"mark_read","id":4}"#, marks(&[4], false)),
            (r#"{"type":"mark_read","data":{"all":true}}"#, marks(&[], true)),
        ] {
            assert_eq!(read(text), said, "{text}");
        }
        for bad in [
            "",
            "[]",
            "ping",
            r#"{"type":7}"#,
            r#"{"type":"subscribe"}"#,
            r#"{"type":"mark_read"}"#,
            r#"{"type":"mark_read","ids":[]}"#,
            r#"{"type":"mark_read","ids":["1"]}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
