//! Settings that administrators change while the service runs: which there are, of what type, and what each does to the policy.
//!
//! A known key is typed and bounded, and acts: the policy is made anew from all of them whenever one changes. Other keys are
//! kept for clients that store values of their own; nothing in here reads those. Secrets don't belong here: a change is told
//! in the event log.

use crate::error::{Error, Result};
use crate::locale::Locale;
use crate::policy::Policy;
use crate::schedule::Schedule;
use crate::sla::Hours;
use crate::text;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Keys of clients' own that may be kept beside the known ones.
pub const MOST_CUSTOM: i64 = 200;
/// Settings that one command may change.
pub const MOST_AT_ONCE: usize = 500;

/// A setting that is not at its default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    pub value: Value,
    pub description: Option<String>,
    /// Whether those who are not signed in may read it; a known key says that itself.
    pub public: bool,
    /// Where clients sort it in; a known key's category is its own.
    #[serde(default, skip_serializing_if = "Shelf::is_empty")]
    pub shelf: Shelf,
}

/// Where a setting is sorted in, for clients that group what they show.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Shelf {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

impl Shelf {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text {
        most: usize,
    },
    Integer {
        least: i64,
        most: i64,
    },
    Number,
    Boolean,
    OneOf(&'static [&'static str]),
    /// When something is done again and again, as cron writes it.
    Schedule,
    Json,
}

impl Kind {
    /// The kind of a value under a key that isn't known.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::String(_) => TEXT,
            Value::Bool(_) => Self::Boolean,
            Value::Number(number) if number.is_i64() => WHOLE,
            Value::Number(_) => Self::Number,
            Value::Null | Value::Array(_) | Value::Object(_) => Self::Json,
        }
    }

    /// The kind that a client names by the document's word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "string" | "text" => Some(TEXT),
            "integer" | "int" => Some(WHOLE),
            "number" | "float" => Some(Self::Number),
            "boolean" | "bool" => Some(Self::Boolean),
            "json" | "object" | "array" => Some(Self::Json),
            _ => None,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Text { .. } | Self::OneOf(_) | Self::Schedule => "string",
            Self::Integer { .. } => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Json => "json",
        }
    }

    /// The value in its own type. A text that reads as that type will do: some clients send everything as text.
    pub fn read(self, value: &Value) -> Result<Value> {
        let text = value.as_str().map(str::trim);
        match self {
            Self::Text { most } => match value {
                Value::String(given) => text::required("value", given, most).map(Value::String),
                Value::Number(_) | Value::Bool(_) => Ok(Value::String(value.to_string())),
                Value::Null | Value::Array(_) | Value::Object(_) => Err(Error::invalid("value", "must be a string")),
            },
            Self::Integer { least, most } => {
                let number = value.as_i64().or_else(|| text?.parse().ok());
                let number = number.filter(|number| (least..=most).contains(number));
                let wanted = || Error::invalid("value", format!("must be an integer from {least} to {most}"));
                number.map(Value::from).ok_or_else(wanted)
            }
            Self::Number => {
                let number = value.as_f64().or_else(|| text?.parse().ok()).filter(|number| number.is_finite());
                number.map(Value::from).ok_or_else(|| Error::invalid("value", "must be a number"))
            }
            Self::Boolean => match (value, text) {
                (Value::Bool(_), _) => Ok(value.clone()),
                (_, Some("true" | "1")) => Ok(Value::Bool(true)),
                (_, Some("false" | "0")) => Ok(Value::Bool(false)),
                _ => Err(Error::invalid("value", "must be true or false")),
            },
            Self::OneOf(words) => {
                let word = text.and_then(|given| words.iter().find(|word| word.eq_ignore_ascii_case(given)));
                let wanted = || Error::invalid("value", format!("must be one of {}", words.join(", ")));
                word.map(|word| Value::from(*word)).ok_or_else(wanted)
            }
            Self::Schedule => {
                let wanted = || Error::invalid("value", "must be five fields as cron has them, such as 0 2 * * *");
                let schedule = text.and_then(Schedule::parse).ok_or_else(wanted)?;
                Ok(Value::String(schedule.to_string()))
            }
            Self::Json => match text {
                Some(text) => serde_json::from_str(text).map_err(|_| Error::invalid("value", "must be JSON")),
                None => Ok(value.clone()),
            },
        }
    }
}

const TEXT: Kind = Kind::Text { most: 10_000 };
const WHOLE: Kind = Kind::Integer { least: i64::MIN, most: i64::MAX };

/// The value as the clients are shown it who know texts only.
pub fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// A key that means something to us.
pub struct Known {
    pub key: &'static str,
    pub kind: Kind,
    pub public: bool,
    /// For administrators, in the document's language.
    pub description: &'static str,
    read: fn(&Policy) -> Value,
    write: fn(&mut Policy, &Value),
}

impl Known {
    /// What the policy says of it.
    pub fn value(&self, policy: &Policy) -> Value {
        (self.read)(policy)
    }
}

fn whole(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

fn count(value: &Value) -> usize {
    usize::try_from(whole(value)).unwrap_or_default()
}

macro_rules! hours {
    ($key:literal, $target:ident, $priority:ident, $description:literal) => {
        Known {
            key: $key,
            kind: Kind::Integer { least: 1, most: 8_760 },
            public: false,
            description: $description,
            read: |p| p.sla.$target.$priority.into(),
            write: |p, v| p.sla.$target = Hours { $priority: whole(v), ..p.sla.$target },
        }
    };
}

/// Every known key, in the order in which they are shown.
pub const KNOWN: &[Known] = &[
    Known {
        key: "site_name",
        kind: Kind::Text { most: 100 },
        public: true,
        description: "网站名称",
        read: |p| p.site_name.clone().into(),
        write: |p, v| p.site_name = as_text(v),
    },
    Known {
        key: "default_locale",
        kind: Kind::OneOf(&Locale::WORDS),
        public: true,
        description: "默认语言（zh-CN 或 en）",
        read: |p| p.locale.word().into(),
        write: |p, v| p.locale = Locale::of(v.as_str(), p.locale),
    },
    Known {
        key: "allow_registration",
        kind: Kind::Boolean,
        public: true,
        description: "是否允许自行注册",
        read: |p| p.allow_registration.into(),
        write: |p, v| p.allow_registration = v.as_bool().unwrap_or(p.allow_registration),
    },
    Known {
        key: "password_min_length",
        kind: Kind::Integer { least: 6, most: 64 },
        public: true,
        description: "密码最小长度",
        read: |p| p.password_min_length.into(),
        write: |p, v| p.password_min_length = count(v),
    },
    Known {
        key: "max_file_size",
        kind: Kind::Integer { least: 1, most: 1 << 30 },
        public: false,
        description: "文件上传最大大小（字节）",
        read: |p| p.max_file_bytes.into(),
        write: |p, v| p.max_file_bytes = whole(v).unsigned_abs(),
    },
    Known {
        key: "max_attachments_per_comment",
        kind: Kind::Integer { least: 1, most: 100 },
        public: false,
        description: "每条评论最多附件数",
        read: |p| p.max_attachments_per_comment.into(),
        write: |p, v| p.max_attachments_per_comment = count(v),
    },
    Known {
        key: AUTO_CLOSE,
        kind: Kind::Integer { least: 0, most: 87_600 },
        public: false,
        description: "工单解决后自动关闭的小时数（0 表示不自动关闭）",
        read: |p| p.auto_close_hours.unwrap_or_default().into(),
        write: |p, v| p.auto_close_hours = hours_or_never(v),
    },
    hours!("sla_response_hours_low", response, low, "低优先级响应时限（小时）"),
    hours!("sla_response_hours_normal", response, normal, "普通优先级响应时限（小时）"),
    hours!("sla_response_hours_high", response, high, "高优先级响应时限（小时）"),
    hours!("sla_response_hours_urgent", response, urgent, "紧急优先级响应时限（小时）"),
    hours!("sla_response_hours_critical", response, critical, "严重优先级响应时限（小时）"),
    hours!("sla_resolution_hours_low", resolution, low, "低优先级解决时限（小时）"),
    hours!("sla_resolution_hours_normal", resolution, normal, "普通优先级解决时限（小时）"),
    hours!("sla_resolution_hours_high", resolution, high, "高优先级解决时限（小时）"),
    hours!("sla_resolution_hours_urgent", resolution, urgent, "紧急优先级解决时限（小时）"),
    hours!("sla_resolution_hours_critical", resolution, critical, "严重优先级解决时限（小时）"),
    Known {
        key: "audit_keep_days",
        kind: Kind::Integer { least: 1, most: 36_500 },
        public: false,
        description: "审计日志保留天数",
        read: |p| p.audit_days.into(),
        write: |p, v| p.audit_days = whole(v),
    },
    Known {
        key: "cleanup_enabled",
        kind: Kind::Boolean,
        public: false,
        description: "是否按计划自动清理过期数据",
        read: |p| p.keep.enabled.into(),
        write: |p, v| p.keep.enabled = v.as_bool().unwrap_or(p.keep.enabled),
    },
    Known {
        key: "cleanup_schedule",
        kind: Kind::Schedule,
        public: false,
        description: "自动清理的时间（cron 格式，业务时区）",
        read: |p| p.keep.schedule.to_string().into(),
        write: |p, v| {
            if let Some(schedule) = v.as_str().and_then(Schedule::parse) {
                p.keep.schedule = schedule;
            }
        },
    },
    Known {
        key: "cleanup_batch",
        kind: Kind::Integer { least: 100, most: 10_000 },
        public: false,
        description: "每批最多清理的记录数",
        read: |p| p.keep.batch.into(),
        write: |p, v| p.keep.batch = whole(v),
    },
    Known {
        key: "login_history_keep_days",
        kind: DAYS,
        public: false,
        description: "登录历史保留天数",
        read: |p| p.keep.login_days.into(),
        write: |p, v| p.keep.login_days = whole(v),
    },
    Known {
        key: "trusted_device_keep_days",
        kind: DAYS,
        public: false,
        description: "失效的可信设备保留天数",
        read: |p| p.keep.device_days.into(),
        write: |p, v| p.keep.device_days = whole(v),
    },
    Known {
        key: "notification_keep_days",
        kind: DAYS,
        public: false,
        description: "已读通知保留天数",
        read: |p| p.keep.notification_days.into(),
        write: |p, v| p.keep.notification_days = whole(v),
    },
];

const DAYS: Kind = Kind::Integer { least: 1, most: 36_500 };

/// Names that mean something else where settings are addressed by name.
pub const RESERVED: [&str; 4] = ["batch", "export", "import", "init"];

/// Where a known setting is sorted in.
pub fn category(key: &str) -> &'static str {
    let begins = |words: &[&str]| words.iter().any(|word| key.starts_with(word));
    if begins(&["password_", "allow_"]) {
        "security"
    } else if begins(&["sla_", "auto_close_"]) {
        "ticket"
    } else if begins(&["cleanup_"]) || key.ends_with("_keep_days") {
        "cleanup"
    } else {
        "system"
    }
}

/// The key whose change moves what is due already.
pub const AUTO_CLOSE: &str = "auto_close_hours";

/// Hours after which a resolved ticket closes, as that key has them.
pub fn hours_or_never(value: &Value) -> Option<i64> {
    Some(whole(value)).filter(|hours| *hours > 0)
}

pub fn known(key: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.key == key)
}

/// The policy with what was changed. A stored value that no longer fits its key is left out.
pub fn effective<'a>(base: &Policy, changed: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Policy {
    let mut policy = base.clone();
    for (key, value) in changed {
        if let Some(known) = known(key)
            && let Ok(value) = known.kind.read(value)
        {
            (known.write)(&mut policy, &value);
        }
    }
    policy
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_known_key_acts_and_is_read_back() {
        let base = Policy::default();
        for known in KNOWN {
            let now = known.value(&base);
            assert_eq!(known.kind.read(&now).unwrap(), now, "{}: the default fits", known.key);
            let other = match known.kind {
                Kind::Text { .. } => json!("另一个"),
                Kind::Integer { .. } => json!(now.as_i64().unwrap() + 1),
                Kind::Boolean => json!(!now.as_bool().unwrap()),
                Kind::OneOf(words) => json!(words.iter().find(|word| now != **word).unwrap()),
                Kind::Schedule => json!("30 4 * * 1"),
                Kind::Number | Kind::Json => panic!("{} has no type of its own", known.key),
            };
            let policy = effective(&base, [(known.key, &other)]);
            assert_eq!(known.value(&policy), other, "{}", known.key);
            let text = json!(as_text(&other));
            assert_eq!(known.kind.read(&text).unwrap(), other, "{}: as text", known.key);
            assert_eq!(KNOWN.iter().filter(|k| k.key == known.key).count(), 1);
        }
    }

    #[test]
    fn values_are_typed_and_bounded() {
        for (key, value, fits) in [
            ("site_name", json!("x"), true),
            ("site_name", json!("  "), false),
            ("site_name", json!("x".repeat(101)), false),
            ("site_name", json!(["x"]), false),
            ("max_file_size", json!("10485760"), true),
            ("max_file_size", json!(0), false),
            ("max_file_size", json!(1.5), false),
            ("max_file_size", json!("many"), false),
            ("max_file_size", json!((1_i64 << 30) + 1), false),
            ("allow_registration", json!("false"), true),
            ("allow_registration", json!("no"), false),
            ("default_locale", json!("EN"), true),
            ("default_locale", json!("de"), false),
            ("auto_close_hours", json!(-1), false),
            ("auto_close_hours", json!(0), true),
            ("cleanup_schedule", json!("0 3 * * *"), true),
            ("cleanup_schedule", json!("at night"), false),
            ("cleanup_batch", json!(99), false),
            ("notification_keep_days", json!(0), false),
        ] {
            assert_eq!(known(key).unwrap().kind.read(&value).is_ok(), fits, "{key} {value}");
        }
        let never = effective(&Policy::default(), [("auto_close_hours", &json!(0))]);
        assert_eq!(never.auto_close_hours, None);
        let odd = effective(&Policy::default(), [("auto_close_hours", &json!("soon")), ("unheard.of", &json!(1))]);
        assert_eq!(odd.auto_close_hours, Some(168), "what doesn't fit is left out");
    }

    #[test]
    fn keys_of_clients_keep_their_type() {
        for (value, word, text) in [
            (json!("a"), "string", "a"),
            (json!(5), "integer", "5"),
            (json!(1.5), "number", "1.5"),
            (json!(true), "boolean", "true"),
            (json!({"a": 1}), "json", "{\"a\":1}"),
        ] {
            let kind = Kind::of(&value);
            assert_eq!((kind.word(), as_text(&value).as_str()), (word, text));
            assert_eq!(kind.read(&json!(text)).unwrap(), value);
            assert_eq!(Kind::parse(word), Some(kind));
        }
    }
}
