//! How clients of `/api` are told no: HTTP status, business code, a sentence in Chinese and the same in English, and
//! `details` by field (seed 001, 错误码).
//!
//! 400: path, query or body can't be read. 422: it can, and is wrong. 409: it collides, or the ticket doesn't stand so.
//! Codes beyond the document's list are for what it doesn't foresee: `UNAUTHORIZED`, `NOT_FOUND`, `CONFLICT`,
//! `METHOD_NOT_ALLOWED`, `INTERNAL_ERROR`.

use super::wire;
use crate::http::dialect::Failure;
use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use model::Error;
use model::error::{Doubt, LOCKED, Problem};
use serde_json::{Map, Value};

const NO_TICKET: &str = "TICKET_NOT_FOUND";
/// Seconds after which another try may work, where something took too long.
const AGAIN: u64 = 1;

pub fn response(failure: &Failure) -> Response {
    let told = told(failure);
    let msg = msg(failure);
    drawn(told, msg)
}

/// The ticket that a path names isn't there.
pub fn no_ticket(id: i64) -> Response {
    let told = missing("ticket");
    let details = [("ticket_id".to_owned(), id.into())].into_iter().collect();
    drawn(Told { details, ..told }, None)
}

/// Stands beside an answer that says so, for whoever knows which ticket was asked for.
#[derive(Clone)]
pub struct NoTicket;

/// A refresh token that is refused: known clients look for a word of their own in `error`.
pub fn refresh(error: &Error) -> Response {
    let mut told = refused(error);
    if let Error::Unauthenticated { doubt, .. } = error {
        let word = if *doubt == Doubt::Expired { "token_expired" } else { "invalid_token" };
        word.clone_into(&mut told.said.english);
    }
    drawn(told, None)
}

/// The server can't work, for these reasons.
pub fn unready(missing: &[String]) -> Response {
    let said = said("系统不健康", sentence(&missing.join("; ")));
    let details = [("missing".to_owned(), missing.into())].into_iter().collect();
    drawn(Told { details, ..Told::new(StatusCode::SERVICE_UNAVAILABLE, "INTERNAL_ERROR", said) }.soon(), None)
}

/// What known clients look for in `msg`, where that is not the sentence in Chinese.
fn msg(failure: &Failure) -> Option<&'static str> {
    matches!(failure, Failure::Refused(Error::Unauthenticated { doubt: Doubt::Password, .. }))
        .then_some("Invalid email or password")
}

fn drawn(told: Told, msg: Option<&'static str>) -> Response {
    let Told { status, code, said, details, retry_after } = told;
    let Said { chinese, english } = said;
    let body = wire::Refusal {
        success: false,
        code: i64::from(status.as_u16()),
        error_code: code,
        msg: msg.map_or_else(|| chinese.clone(), str::to_owned),
        message: chinese,
        error: english,
        details,
    };
    let mut response = (status, Json(body)).into_response();
    if code == NO_TICKET {
        response.extensions_mut().insert(NoTicket);
    }
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    response
}

/// An error in a line, for what is told beside an answer.
pub struct Brief {
    pub code: &'static str,
    pub chinese: String,
    pub english: String,
}

pub fn brief(error: &Error) -> Brief {
    let Told { code, said: Said { chinese, english }, .. } = refused(error);
    // What is wrong stands in no details here.
    let english = if matches!(error, Error::Invalid(_)) { sentence(&error.to_string()) } else { english };
    Brief { code, chinese, english }
}

/// One sentence in both languages.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    chinese: String,
    english: String,
}

fn said(chinese: impl Into<String>, english: impl Into<String>) -> Said {
    Said { chinese: chinese.into(), english: english.into() }
}

#[derive(Debug, PartialEq, Eq)]
struct Told {
    status: StatusCode,
    code: &'static str,
    said: Said,
    details: Map<String, Value>,
    retry_after: Option<u64>,
}

impl Told {
    fn new(status: StatusCode, code: &'static str, said: Said) -> Self {
        Self { status, code, said, details: Map::new(), retry_after: None }
    }

    fn with(self, problems: &[Problem]) -> Self {
        Self { details: details(problems), ..self }
    }

    fn invalid(status: StatusCode, problems: &[Problem]) -> Self {
        Self::new(status, "VALIDATION_FAILED", said("数据验证失败", "Validation failed")).with(problems)
    }

    /// Worth another try in a moment.
    fn soon(self) -> Self {
        Self { retry_after: Some(AGAIN), ..self }
    }

    fn later(self, seconds: u64) -> Self {
        let details = [("retry_after".to_owned(), seconds.into())].into_iter().collect();
        Self { details, retry_after: Some(seconds), ..self }
    }
}

fn told(failure: &Failure) -> Told {
    match failure {
        Failure::Malformed(problems) => Told::invalid(StatusCode::BAD_REQUEST, problems),
        Failure::TooLarge { limit } => {
            let problem = Problem { field: "body", problem: format!("must have at most {limit} bytes") };
            Told::invalid(StatusCode::PAYLOAD_TOO_LARGE, &[problem])
        }
        Failure::NoSuchRoute => Told::new(StatusCode::NOT_FOUND, "NOT_FOUND", said("资源不存在", "Resource not found")),
        Failure::WrongMethod => Told::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            said("此地址不支持该请求方法", "This method is not served here"),
        ),
        Failure::TimedOut => Told::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "INTERNAL_ERROR",
            said("处理超时，请稍后重试", "It took too long; try again"),
        )
        .later(AGAIN),
        Failure::Refused(error) => refused(error),
    }
}

fn refused(error: &Error) -> Told {
    match error {
        Error::NotFound { what } => missing(what),
        Error::Invalid(problems) => match problems.as_slice() {
            [one] if one.field == "assignee" && one.is_absent() => missing("user").with(problems),
            [one] if one.field == "assignee" => Told::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "ASSIGNMENT_FAILED",
                said("分配失败：该用户不能处理工单", "Assignment failed: this person can't work on tickets"),
            )
            .with(problems),
            [one] if one.is_unsupported() => Told::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "UNSUPPORTED_FILE_TYPE",
                said("不支持的文件类型", "Files of this type are not taken"),
            )
            .with(problems),
            // The password was right: not a bad request in itself, but the document's own server calls it one.
            [one] if one.field == "otp_code" && one.is_wanted() => Told::new(
                StatusCode::BAD_REQUEST,
                "OTP_REQUIRED",
                said(
                    "该账号已启用双因子认证，需要提供OTP验证码",
                    "OTP code is required: this account has a second factor",
                ),
            )
            .with(problems),
            [one] if one.field == "category" && one.is_absent() => missing("category").with(problems),
            all => Told::invalid(StatusCode::UNPROCESSABLE_ENTITY, all),
        },
        Error::TooLarge { field: field @ ("file" | "attachment"), limit } => {
            let problem = Problem { field, problem: format!("must have at most {limit} bytes") };
            Told::new(StatusCode::PAYLOAD_TOO_LARGE, "FILE_TOO_LARGE", said("文件过大", "The file is too large"))
                .with(&[problem])
        }
        Error::TooLarge { field, limit } => {
            let problem = Problem { field, problem: format!("is too large: the limit is {limit}") };
            Told::invalid(StatusCode::UNPROCESSABLE_ENTITY, &[problem])
        }
        Error::InvalidTransition { from, to } => {
            let (from, to) = (shown(from), shown(to));
            let problem = Problem { field: "status", problem: format!("can't be {to} now") };
            Told::new(
                StatusCode::CONFLICT,
                "INVALID_STATUS_TRANSITION",
                said(
                    format!("无效的状态转换：工单不能从 {from} 变为 {to}"),
                    format!("A ticket that is {from} can't become {to}"),
                ),
            )
            .with(&[problem])
        }
        Error::Conflict { field, why } => {
            let details = field.map(|field| (spelled(field).to_owned(), sentence(why).into()));
            let told = Told::new(StatusCode::CONFLICT, "CONFLICT", said("资源冲突", sentence(why)));
            Told { details: details.into_iter().collect(), ..told }
        }
        Error::Unauthenticated { doubt, why } => {
            let (code, chinese) = match doubt {
                Doubt::Token => ("UNAUTHORIZED", "未认证或Token无效，请重新登录"),
                Doubt::Expired => ("TOKEN_EXPIRED", "Token已过期，请刷新或重新登录"),
                Doubt::Password => ("INVALID_CREDENTIALS", "用户名或密码错误"),
                Doubt::Code => ("INVALID_CREDENTIALS", "OTP验证码错误或已被使用"),
            };
            Told::new(StatusCode::UNAUTHORIZED, code, said(chinese, sentence(why)))
        }
        Error::Forbidden { what: LOCKED } => {
            let said = said("账号已停用或被锁定，请联系管理员", sentence(&error.to_string()));
            Told::new(StatusCode::FORBIDDEN, "INSUFFICIENT_PERMISSIONS", said)
        }
        Error::Forbidden { .. } => {
            Told::new(StatusCode::FORBIDDEN, "INSUFFICIENT_PERMISSIONS", said("权限不足", sentence(&error.to_string())))
        }
        Error::Busy { after_ms } => Told::new(
            StatusCode::TOO_MANY_REQUESTS,
            "RATE_LIMIT_EXCEEDED",
            said("请求频率超限，请稍后重试", "Too many requests; try again later"),
        )
        .later(after_ms.div_ceil(1_000).max(1)),
        Error::ResyncRequired => {
            Told::new(StatusCode::CONFLICT, "CONFLICT", said("游标已失效，请重新加载", sentence(&error.to_string())))
        }
        Error::Internal(_) => Told::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL_ERROR",
            said("服务器内部错误", "An internal error occurred"),
        ),
    }
}

fn missing(what: &'static str) -> Told {
    let (code, chinese) = match what {
        "ticket" => (NO_TICKET, "工单不存在"),
        "user" => ("USER_NOT_FOUND", "用户不存在"),
        "category" => ("CATEGORY_NOT_FOUND", "分类不存在"),
        _ => ("NOT_FOUND", "资源不存在"),
    };
    Told::new(StatusCode::NOT_FOUND, code, said(chinese, sentence(&format!("{what} not found"))))
}

/// One sentence for each field; it begins with the field's name.
fn details(problems: &[Problem]) -> Map<String, Value> {
    let mut details: Map<String, Value> = Map::new();
    for problem in problems {
        let name = spelled(problem.field);
        let told = format!("{name} {}", problem.problem);
        let text = match details.get(name).and_then(Value::as_str) {
            Some(before) => format!("{before}; {told}"),
            None => told,
        };
        details.insert(name.to_owned(), text.into());
    }
    details
}

/// The document's names for what the model calls otherwise.
fn spelled(field: &'static str) -> &'static str {
    match field {
        "assignee" => "assigned_to_id",
        "requester" => "created_by_id",
        "category" => "category_id",
        // What replies and templates are sorted by, and a category that is named by its key.
        "category_word" => "category",
        "template_fields" => "custom_fields",
        "ticket_type" => "type",
        // A category's key is made from its name.
        "key" => "name",
        "kind" => "type",
        "due_at" => "due_date",
        "parent" => "parent_id",
        "auto_assignee" => "auto_assign_user_id",
        "ticket" => "ticket_id",
        "settings" => "configs",
        "idempotency_key" => "Idempotency-Key",
        other => other,
    }
}

/// The document's word for a status: it has none for a new ticket.
fn shown(word: &'static str) -> &'static str {
    if word == "new" { "open" } else { word }
}

/// With a capital at the beginning.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_its_status_and_code() {
        for (error, status, code) in [
            (Error::not_found("ticket"), 404, "TICKET_NOT_FOUND"),
            (Error::not_found("user"), 404, "USER_NOT_FOUND"),
            (Error::not_found("category"), 404, "CATEGORY_NOT_FOUND"),
            (Error::not_found("comment"), 404, "NOT_FOUND"),
            (Error::invalid("title", "is required"), 422, "VALIDATION_FAILED"),
            (Error::invalid("assignee", model::error::ABSENT), 404, "USER_NOT_FOUND"),
            (Error::invalid("assignee", "must be an agent"), 422, "ASSIGNMENT_FAILED"),
            (Error::invalid("category", model::error::ABSENT), 404, "CATEGORY_NOT_FOUND"),
            (Error::TooLarge { field: "file", limit: 10 }, 413, "FILE_TOO_LARGE"),
            (model::attachment::unsupported(".exe"), 422, "UNSUPPORTED_FILE_TYPE"),
            (Error::invalid("file", "is missing"), 422, "VALIDATION_FAILED"),
            (Error::TooLarge { field: "custom_fields", limit: 10 }, 422, "VALIDATION_FAILED"),
            (Error::InvalidTransition { from: "new", to: "resolved" }, 409, "INVALID_STATUS_TRANSITION"),
            (Error::conflict("email", "is taken"), 409, "CONFLICT"),
            (Error::unauthenticated("sign in first"), 401, "UNAUTHORIZED"),
            (Error::doubted(Doubt::Expired, "expired"), 401, "TOKEN_EXPIRED"),
            (Error::doubted(Doubt::Password, "wrong"), 401, "INVALID_CREDENTIALS"),
            (Error::doubted(Doubt::Code, "wrong"), 401, "INVALID_CREDENTIALS"),
            (model::decide::wanted(), 400, "OTP_REQUIRED"),
            (Error::Forbidden { what: "x" }, 403, "INSUFFICIENT_PERMISSIONS"),
            (Error::Busy { after_ms: 1_500 }, 429, "RATE_LIMIT_EXCEEDED"),
            (Error::internal("the secret"), 500, "INTERNAL_ERROR"),
        ] {
            let told = told(&Failure::Refused(error.clone()));
            assert_eq!((told.status.as_u16(), told.code), (status, code), "{error:?}");
            assert!(!told.said.english.contains("secret") && !told.said.chinese.is_empty());
        }
    }

    #[test]
    fn known_clients_find_their_words() {
        let refused = |doubt| Failure::Refused(Error::doubted(doubt, "no"));
        assert_eq!(msg(&refused(Doubt::Password)), Some("Invalid email or password"));
        for doubt in [Doubt::Token, Doubt::Expired, Doubt::Code] {
            assert_eq!(msg(&refused(doubt)), None);
        }
        let told = told(&Failure::Refused(model::decide::wanted()));
        assert!(told.said.chinese.contains("OTP") && told.said.english.contains("OTP"));
    }

    #[test]
    fn details_are_keyed_by_the_clients_names() {
        let problem = |field, problem: &str| Problem { field, problem: problem.to_owned() };
        let details = details(&[problem("kind", "is unknown"), problem("title", "is required"), problem("title", "x")]);
        assert_eq!(details.get("type"), Some(&Value::from("type is unknown")));
        assert_eq!(details.get("title"), Some(&Value::from("title is required; title x")));
        for (field, told) in [
            ("assignee", "assigned_to_id"),
            ("requester", "created_by_id"),
            ("category", "category_id"),
            ("category_word", "category"),
            ("template_fields", "custom_fields"),
            ("custom_fields", "custom_fields"),
            ("ticket_type", "type"),
            ("rule_type", "rule_type"),
            ("due_at", "due_date"),
            ("parent", "parent_id"),
            ("auto_assignee", "auto_assign_user_id"),
            ("settings", "configs"),
            ("idempotency_key", "Idempotency-Key"),
            ("actions[0].params.user_id", "actions[0].params.user_id"),
        ] {
            assert_eq!(spelled(field), told);
        }
    }
}
