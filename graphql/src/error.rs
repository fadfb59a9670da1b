//! Errors as clients see them: a sentence, a stable `code`, the fields at fault in the client's spelling.
//!
//! Rejections of a mutation's subject are data (`userErrors`); everything else is a top-level error. What went wrong
//! inside is logged here and never shown.

use async_graphql::{Error as Shown, ErrorExtensionValues, SimpleObject, Value};
use model::Error;
use model::error::Problem;

/// What resolvers answer. (The name must stay `Result`: the derive macros look for it.)
pub type Result<T, E = Fail> = std::result::Result<T, E>;

/// The model's error on its way out. It has no `Display` on purpose: with one, async-graphql's blanket conversion would
/// apply, and code and fields would be lost.
#[derive(Debug, Clone)]
pub struct Fail(pub Error);

impl From<Error> for Fail {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<Fail> for Shown {
    fn from(Fail(error): Fail) -> Self {
        shown(&error)
    }
}

/// One thing that is wrong with what a client asked for.
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
pub struct UserError {
    /// A stable word for programs, such as `INVALID` or `INVALID_STATUS_TRANSITION`.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// The input at fault, where there is one.
    pub field: Option<String>,
}

/// The rejections that a mutation answers as data, or the error itself where it is none of the client's business rules.
pub(crate) fn user_errors(error: Error) -> Result<Vec<UserError>> {
    match &error {
        Error::Invalid(problems) => Ok(problems.iter().map(|p| one(&error, sentence(p), Some(p.field))).collect()),
        Error::NotFound { .. }
        | Error::InvalidTransition { .. }
        | Error::Conflict { .. }
        | Error::Forbidden { .. }
        | Error::TooLarge { .. } => Ok(vec![one(&error, message(&error), error.field())]),
        Error::Unauthenticated { .. } | Error::ResyncRequired | Error::Busy { .. } | Error::Internal(_) => {
            Err(Fail(error))
        }
    }
}

/// The same where the answer has something else to say, which an error of the whole request would hide.
pub(crate) fn every_error(error: &Error) -> Vec<UserError> {
    if let Error::Internal(why) = error {
        tracing::error!(why, "a part of a request failed inside");
    }
    user_errors(error.clone()).unwrap_or_else(|fail| vec![one(&fail.0, message(&fail.0), None)])
}

fn one(error: &Error, message: String, field: Option<&str>) -> UserError {
    UserError { code: error.code().to_owned(), message, field: field.map(spelled) }
}

fn shown(error: &Error) -> Shown {
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", error.code());
    if let Some(field) = error.field() {
        extensions.set("field", spelled(field));
    }
    match error {
        Error::Invalid(problems) if problems.len() > 1 => {
            extensions.set("fields", Value::List(problems.iter().map(|p| Value::String(spelled(p.field))).collect()));
        }
        Error::Busy { after_ms } => extensions.set("retryAfter", after_ms.div_ceil(1_000)),
        Error::TooLarge { limit, .. } => extensions.set("limit", *limit),
        Error::Internal(why) => tracing::error!(why, "a request failed inside"),
        Error::Invalid(_)
        | Error::NotFound { .. }
        | Error::InvalidTransition { .. }
        | Error::Conflict { .. }
        | Error::Unauthenticated { .. }
        | Error::Forbidden { .. }
        | Error::ResyncRequired => {}
    }
    Shown { message: message(error), source: None, extensions: Some(extensions) }
}

/// The error's sentence, with fields in the client's spelling.
fn message(error: &Error) -> String {
    match error {
        Error::Invalid(problems) => problems.iter().map(sentence).collect::<Vec<_>>().join("; "),
        Error::TooLarge { field, limit } => format!("{} is too large: the limit is {limit}", spelled(field)),
        Error::NotFound { .. }
        | Error::InvalidTransition { .. }
        | Error::Conflict { .. }
        | Error::Unauthenticated { .. }
        | Error::Forbidden { .. }
        | Error::ResyncRequired
        | Error::Busy { .. }
        | Error::Internal(_) => error.to_string(),
    }
}

fn sentence(problem: &Problem) -> String {
    format!("{} {}", spelled(problem.field), problem.problem)
}

/// What the client calls an input that the rules name. Most are the same in camelCase; these are not.
fn spelled(field: &str) -> String {
    let field = match field {
        // Rules.
        "rule_type" => "type",
        "trigger_event" => "trigger",
        // Templates, and what they and replies are sorted by.
        "assign_to_user_id" => "assignee",
        "default_category_id" => "default_category",
        "template_fields" => "fields",
        "category_word" => "category",
        // Tickets.
        "template_id" => "template",
        "customer_name" => "customer.name",
        "customer_email" => "customer.email",
        "customer_phone" => "customer.phone",
        // SLA configurations.
        "ticket_type" => "kind",
        // Notifications by hand.
        "recipient_id" => "to",
        "related_ticket_id" => "ticket",
        "idempotency_key" => "client_mutation_id",
        other => other,
    };
    // An action's parameters are JSON, whose keys are as the client wrote them.
    match field.split_once(".params.") {
        Some((path, key)) => format!("{}.params.{key}", camel(path)),
        None => camel(field),
    }
}

/// `sla_hours` -> `slaHours`.
pub(crate) fn camel(snake: &str) -> String {
    let mut words = snake.split('_');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut chars = word.chars();
        name.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        name.push_str(chars.as_str());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extension(error: &Shown, key: &str) -> Option<Value> {
        error.extensions.as_ref().and_then(|e| e.get(key)).cloned()
    }

    #[test]
    fn errors_carry_code_and_fields_in_the_clients_spelling() {
        let problem = |field| Problem { field, problem: "must not be empty".into() };
        let error = shown(&Error::Invalid(vec![problem("sla_hours"), problem("title")]));
        assert_eq!(error.message, "slaHours must not be empty; title must not be empty");
        assert_eq!(extension(&error, "code"), Some(Value::from("INVALID")));
        assert_eq!(extension(&error, "field"), Some(Value::from("slaHours")));
        assert_eq!(extension(&error, "fields"), Some(Value::List(vec!["slaHours".into(), "title".into()])));
    }

    #[test]
    fn fields_are_called_what_the_client_calls_them() {
        for (field, told) in [
            ("sla_hours", "slaHours"),
            ("title", "title"),
            ("rule_type", "type"),
            ("trigger_event", "trigger"),
            ("assign_to_user_id", "assignee"),
            ("default_category_id", "defaultCategory"),
            ("default_type", "defaultType"),
            ("template_fields", "fields"),
            ("custom_fields", "customFields"),
            ("category_word", "category"),
            ("category", "category"),
            ("template_id", "template"),
            ("customer_email", "customer.email"),
            ("ticket_type", "kind"),
            ("recipient_id", "to"),
            ("idempotency_key", "clientMutationId"),
            ("conditions[2].logic_op", "conditions[2].logicOp"),
            ("actions[0].params.user_id", "actions[0].params.user_id"),
            ("actions[10].params", "actions[10].params"),
            ("escalation_rules[1].target_user_id", "escalationRules[1].targetUserId"),
            ("working_hours.monday.end", "workingHours.monday.end"),
        ] {
            assert_eq!(spelled(field), told, "{field}");
        }
    }

    #[test]
    fn internals_are_not_shown_and_busy_says_when_to_come_back() {
        let error = shown(&Error::internal("SELECT secret FROM somewhere"));
        assert_eq!(error.message, "an internal error occurred");
        assert_eq!(extension(&error, "code"), Some(Value::from("INTERNAL")));
        let busy = shown(&Error::Busy { after_ms: 1_500 });
        assert_eq!(extension(&busy, "retryAfter"), Some(Value::from(2u64)));
    }

    #[test]
    fn rejections_are_data_and_failures_are_errors() {
        let errors = user_errors(Error::InvalidTransition { from: "open", to: "resolved" }).unwrap();
        assert_eq!(errors.len(), 1);
        assert_eq!(
            (errors[0].code.as_str(), errors[0].field.as_deref()),
            ("INVALID_STATUS_TRANSITION", Some("status"))
        );
        let two = user_errors(Error::Invalid(vec![
            Problem { field: "title", problem: "x".into() },
            Problem { field: "due_at", problem: "y".into() },
        ]));
        assert_eq!(two.unwrap().iter().map(|e| e.field.clone().unwrap()).collect::<Vec<_>>(), ["title", "dueAt"]);
        assert!(user_errors(Error::unauthenticated("sign in first")).is_err());
        assert!(user_errors(Error::Busy { after_ms: 1 }).is_err());
    }
}
