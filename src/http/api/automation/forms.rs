//! From what clients of `/api` send to the model's quick replies, templates and rules, and back. Pure.

use super::super::people::moment;
use super::super::wire;
use crate::http::field::{Field, Kind};
use model::automation::action::ACTIONS_MAX;
use model::automation::condition::CONDITIONS_MAX;
use model::automation::places::{of_action, of_condition};
use model::automation::template::BLANKS_MAX;
use model::automation::{ActionInput, Blank, BlankKind, ConditionInput, Figures, QuickReply, Rule, Run, Template};
use model::command::{EditQuickReply, EditRule, EditTemplate};
use model::error::Problems;
use model::id::{CategoryId, UserId};
use model::text::Tag;
use model::ticket::{Priority, Status};
use model::{Error, Result};
use serde_json::{Map, Value};

/// Tags with commas between, Chinese ones too, or a list of them.
fn tags(sent: Field<Value>, problems: &mut Problems) -> Option<Vec<String>> {
    let sent = sent.optional("tags", problems)?;
    let read: Option<Vec<String>> = match sent.as_str() {
        Some(text) => Some(text.split([',', '，']).map(|tag| tag.trim().to_owned()).collect()),
        None => Kind::read(sent),
    };
    if read.is_none() {
        problems.add("tags", "must be a text with commas, or a list of strings");
    }
    Some(read?.into_iter().filter(|tag| !tag.is_empty()).collect())
}

pub fn quick_reply(form: wire::QuickReplyForm) -> Result<EditQuickReply> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let edit = EditQuickReply {
        name: form.name.optional("name", p),
        category: form.category.edit("category_word", p),
        content: form.content.optional("content", p),
        tags: tags(form.tags, p),
        public: form.is_public.optional("is_public", p),
    };
    problems.finish()?;
    Ok(edit)
}

pub fn shown_reply(reply: QuickReply) -> wire::QuickReply {
    let tag_list: Vec<String> = reply.form.tags.into_iter().map(Tag::into_string).collect();
    wire::QuickReply {
        id: reply.id.0,
        name: reply.form.name,
        category: reply.form.category,
        content: reply.form.content,
        tags: tag_list.join(","),
        tag_list,
        is_public: reply.form.public,
        usage_count: reply.uses,
        created_by: reply.owner.map(|user| user.0),
        created_at: moment(reply.created_at),
        updated_at: moment(reply.updated_at),
    }
}

pub fn template(form: wire::TemplateForm) -> Result<EditTemplate> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let (priorities, statuses) = (Priority::ALL.map(Priority::word), Status::ALL.map(Status::word));
    let edit = EditTemplate {
        name: form.name.optional("name", p),
        description: form.description.edit("description", p),
        category: form.category.edit("category_word", p),
        title: form.title_template.optional("title_template", p),
        content: form.content_template.optional("content_template", p),
        kind: form.default_type.edit("default_type", p),
        priority: form.default_priority.word(("default_priority", &priorities), Priority::parse, p),
        status: form.default_status.word(("default_status", &statuses), Status::parse, p),
        ticket_category: form.default_category_id.edit("default_category_id", p).map(CategoryId),
        assignee: form.assign_to_user_id.edit("assign_to_user_id", p).map(UserId),
        active: form.is_active.optional("is_active", p),
        blanks: form.custom_fields.optional("custom_fields", p).map(|sent| blanks(&sent, p)),
    };
    problems.finish()?;
    Ok(edit)
}

fn blanks(sent: &Value, problems: &mut Problems) -> Vec<Blank> {
    let field = "custom_fields";
    let Some(all) = sent.as_array() else {
        problems.add(field, "must be a list of fields");
        return Vec::new();
    };
    let mut read = Vec::new();
    // One more than there may be, so that the rules can say that they are too many.
    for sent in all.iter().take(BLANKS_MAX + 1) {
        let given = |name: &str| sent.get(name).filter(|value| !value.is_null());
        let text = |name: &str| given(name).and_then(Value::as_str);
        let kind = match given("type") {
            None => Some(BlankKind::Text),
            Some(word) => word.as_str().and_then(|word| BlankKind::parse(word.trim())),
        };
        let options = given("options");
        let options = options.map_or(Some(Vec::new()), |options| <Vec<String> as Kind>::read(options.clone()));
        if given("label").is_some_and(|label| !label.is_string()) {
            problems.add(field, "must have labels that are strings");
        }
        if given("required").is_some_and(|required| !required.is_boolean()) {
            problems.add(field, "must say by true or false what is required");
        }
        match (text("name"), kind, options) {
            (Some(name), Some(kind), Some(options)) => read.push(Blank {
                name: name.to_owned(),
                kind,
                label: text("label").unwrap_or_default().to_owned(),
                required: sent.get("required").and_then(Value::as_bool).unwrap_or_default(),
                options,
                default: sent.get("default_value").filter(|value| !value.is_null()).cloned(),
            }),
            (None, ..) => problems.add(field, "must each have a name"),
            (_, None, _) => {
                let words = BlankKind::ALL.map(BlankKind::word).join(", ");
                problems.add(field, format!("must each have a type out of {words}"));
            }
            (_, _, None) => problems.add(field, "must have options that are lists of strings"),
        }
    }
    read
}

pub fn shown_template(template: Template) -> wire::Template {
    let form = template.form;
    let blank = |blank: Blank| wire::CustomField {
        name: blank.name,
        kind: blank.kind.word(),
        label: blank.label,
        required: blank.required,
        options: blank.options,
        default_value: blank.default,
    };
    wire::Template {
        id: template.id.0,
        name: form.name,
        description: form.description,
        category: form.category,
        title_template: form.title,
        content_template: form.content,
        default_type: form.kind,
        default_priority: form.priority.map(Priority::word),
        default_status: form.status.map(Status::word),
        default_category_id: form.ticket_category.map(|category| category.0),
        assign_to_user_id: form.assignee.map(|user| user.0),
        is_active: form.active,
        custom_fields: form.blanks.into_iter().map(blank).collect(),
        usage_count: template.uses,
        created_by: template.owner.map(|user| user.0),
        created_at: moment(template.created_at),
        updated_at: moment(template.updated_at),
    }
}

/// What can't be read as a rule at all is told first; what is wrong with its words, the rules say.
pub fn rule(form: wire::RuleForm) -> Result<EditRule> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let (conditions, actions) = (form.conditions.optional("conditions", p), form.actions.optional("actions", p));
    let edit = EditRule {
        name: form.name.optional("name", p),
        description: form.description.edit("description", p),
        kind: form.rule_type.optional("rule_type", p),
        active: form.is_active.optional("is_active", p),
        priority: form.priority.optional("priority", p),
        trigger: form.trigger_event.optional("trigger_event", p),
        conditions: conditions.map(|sent| list(("conditions", CONDITIONS_MAX), &sent, condition, p)),
        actions: actions.map(|sent| list(("actions", ACTIONS_MAX), &sent, action, p)),
    };
    problems.finish()?;
    Ok(edit)
}

/// At most one more than there may be, so that the rules can say that they are too many.
fn list<T>(
    (name, most): (&'static str, usize),
    sent: &Value,
    read: impl Fn(usize, &Value, &mut Problems) -> T,
    problems: &mut Problems,
) -> Vec<T> {
    let Some(all) = sent.as_array() else {
        problems.add(name, "must be a list of objects");
        return Vec::new();
    };
    all.iter().take(most + 1).enumerate().map(|(at, one)| read(at, one, problems)).collect()
}

fn condition(at: usize, sent: &Value, problems: &mut Problems) -> ConditionInput {
    if !sent.is_object() {
        problems.add(of_condition(at, ""), "must be an object");
    }
    let text = |name: &str| {
        let given = sent.get(name).filter(|value| !value.is_null());
        given.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    ConditionInput {
        field: text("field").unwrap_or_default(),
        operator: text("operator").unwrap_or_default(),
        value: sent.get("value").cloned().unwrap_or_default(),
        joint: text("logic_op"),
    }
}

fn action(at: usize, sent: &Value, problems: &mut Problems) -> ActionInput {
    let params = match sent.get("params") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(params)) => params.clone(),
        Some(_) => {
            problems.add(of_action(at, "params"), "must be an object");
            Map::new()
        }
    };
    ActionInput { kind: sent.get("type").and_then(Value::as_str).unwrap_or_default().to_owned(), params }
}

pub fn shown_rule(rule: Rule, figures: Figures) -> wire::Rule {
    let form = rule.form;
    let conditions = form.conditions.iter().map(|condition| wire::RuleCondition {
        field: condition.field.word(),
        operator: condition.operator.word(),
        value: condition.value(),
        logic_op: condition.joint.word(),
    });
    let actions = form.actions.iter().map(|action| wire::RuleAction { kind: action.word(), params: action.params() });
    wire::Rule {
        id: rule.id.0,
        conditions: conditions.collect(),
        actions: actions.collect(),
        name: form.name,
        description: form.description,
        rule_type: form.kind.word(),
        is_active: form.active,
        priority: form.priority,
        trigger_event: form.trigger.word(),
        execution_count: figures.runs,
        success_count: figures.successes(),
        failure_count: figures.failures,
        average_exec_time: figures.average(),
        last_executed_at: figures.last_at.map(moment),
        created_by: rule.owner.map(|user| user.0),
        created_at: moment(rule.created_at),
        updated_at: moment(rule.updated_at),
    }
}

pub fn stats(rule: i64, figures: Figures) -> wire::RuleStats {
    wire::RuleStats {
        rule_id: rule,
        execution_count: figures.runs,
        success_count: figures.successes(),
        failure_count: figures.failures,
        success_rate: figures.success_rate(),
        average_exec_time: figures.average(),
        last_executed_at: figures.last_at.map(moment),
    }
}

pub fn shown_run(run: Run) -> wire::AutomationLog {
    let (success, message) = (run.run.succeeded(), run.run.message());
    let done = |done: model::automation::Done| wire::ActionDone {
        kind: done.action,
        success: done.failure.is_none(),
        error: done.failure,
    };
    wire::AutomationLog {
        id: run.id.0,
        rule_id: run.run.rule.0,
        rule_name: run.run.rule_name,
        ticket_id: run.run.ticket.0,
        trigger_event: run.run.trigger.word(),
        success,
        error_message: if success { String::new() } else { message.clone() },
        message,
        execution_time: run.run.milliseconds,
        actions_executed: run.run.done.into_iter().map(done).collect(),
        executed_at: moment(run.at),
        created_at: moment(run.at),
    }
}

/// A required field of a new thing.
pub fn required<T>(field: &Field<T>, name: &'static str) -> Result<()> {
    if matches!(field, Field::Absent) { Err(Error::invalid(name, "is required")) } else { Ok(()) }
}
