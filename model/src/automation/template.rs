//! Templates of tickets: texts with `{{placeholders}}`, the fields that whoever opens a ticket fills in, and what the ticket is
//! by default. A placeholder without a value becomes empty; values are put in once and never read as templates themselves.

use super::{DESCRIPTION_MAX, GROUP_MAX, NAME_MAX};
use crate::error::{Error, Problems, Result};
use crate::id::{CategoryId, TemplateId, UserId};
use crate::text;
use crate::ticket::{Priority, Status, kind};
use crate::time::{Time, day};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;

pub const TITLE_MAX: usize = 200;
pub const CONTENT_MAX: usize = 20_000;
/// Fields of a template, and choices of one of them.
pub const BLANKS_MAX: usize = 50;
pub const OPTIONS_MAX: usize = 100;
/// Values that one ticket is opened with, and how long one may be.
const VALUES_MAX: usize = 200;
const VALUE_MAX: usize = 20_000;

/// What its fields are called where one is at fault; tickets have custom fields of their own.
const FIELDS: &str = "template_fields";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    pub id: TemplateId,
    #[serde(flatten)]
    pub form: TemplateForm,
    pub owner: Option<UserId>,
    pub uses: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

/// What can be set of a template.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TemplateForm {
    pub name: String,
    pub description: Option<String>,
    /// A word by which templates are sorted.
    pub category: Option<String>,
    pub title: String,
    pub content: String,
    pub kind: Option<String>,
    pub priority: Option<Priority>,
    /// What the ticket becomes right away, where that is a move that it can make.
    pub status: Option<Status>,
    /// The ticket's own category.
    pub ticket_category: Option<CategoryId>,
    pub assignee: Option<UserId>,
    pub active: bool,
    pub blanks: Vec<Blank>,
}

/// A field to be filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blank {
    /// By which placeholders and values name it.
    pub name: String,
    pub kind: BlankKind,
    pub label: String,
    #[serde(default)]
    pub required: bool,
    /// What can be chosen, of a select.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlankKind {
    Text,
    Textarea,
    Select,
    Checkbox,
    Date,
    Number,
}

impl BlankKind {
    pub const ALL: [Self; 6] = [Self::Text, Self::Textarea, Self::Select, Self::Checkbox, Self::Date, Self::Number];

    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Textarea => "textarea",
            Self::Select => "select",
            Self::Checkbox => "checkbox",
            Self::Date => "date",
            Self::Number => "number",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.word() == word)
    }
}

impl TemplateForm {
    /// One of which nothing has been said yet.
    pub fn empty() -> Self {
        Self { active: true, ..Self::default() }
    }

    /// Checks every field and lists every problem. Whether people and categories are there is checked by whoever knows.
    pub fn check(self) -> Result<Self> {
        let mut problems = Problems::default();
        let p = &mut problems;
        let name = p.take(text::required("name", &self.name, NAME_MAX))?.unwrap_or_default();
        let description =
            p.take(text::optional("description", self.description.as_deref(), DESCRIPTION_MAX))?.flatten();
        let category = p.take(text::optional("category_word", self.category.as_deref(), GROUP_MAX))?.flatten();
        p.take(text::optional("title_template", Some(&self.title), TITLE_MAX))?;
        p.take(text::optional("content_template", Some(&self.content), CONTENT_MAX))?;
        let given = self.kind.as_deref().map(str::trim).filter(|code| !code.is_empty());
        let kind = given.map(|code| kind(code).map_err(|_| p.add("default_type", "must have 1 to 50 characters")));
        let kind = kind.and_then(Result::ok);
        let mut blanks: Vec<Blank> = Vec::with_capacity(self.blanks.len().min(BLANKS_MAX));
        if self.blanks.len() > BLANKS_MAX {
            p.add(FIELDS, format!("must be at most {BLANKS_MAX}"));
        }
        for blank in self.blanks.into_iter().take(BLANKS_MAX) {
            let twice = blanks.iter().any(|known| known.name == blank.name.trim());
            if twice {
                p.add(FIELDS, format!("name {} twice", shown(&blank.name)));
            }
            blanks.extend(p.take(blank.check())?);
        }
        problems.finish()?;
        Ok(Self { name, description, category, kind, blanks, ..self })
    }
}

fn shown(name: &str) -> String {
    format!("\"{}\"", name.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect::<String>())
}

/// What a placeholder may be called: one word of letters, digits and `_-.`, in any script.
fn is_name(name: &str) -> bool {
    (1..=GROUP_MAX).contains(&name.chars().count()) && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))
}

impl Blank {
    fn check(self) -> Result<Self> {
        let mut problems = Problems::default();
        let field = FIELDS;
        let name = self.name.trim().to_owned();
        if !is_name(&name) {
            problems.add(field, format!("name {}: a name has 1 to 50 letters, digits, '_', '-' or '.'", shown(&name)));
        }
        let label = problems.take(text::optional(field, Some(&self.label), NAME_MAX))?.flatten();
        match (self.kind, self.options.len()) {
            (BlankKind::Select, 0) => problems.add(field, format!("give {} no options", shown(&name))),
            (BlankKind::Select, many) if many > OPTIONS_MAX => {
                problems.add(field, format!("give {} more than {OPTIONS_MAX} options", shown(&name)));
            }
            (BlankKind::Select, _) | (_, 0) => {}
            (_, _) => problems.add(field, format!("give {} options, which only a select has", shown(&name))),
        }
        for option in &self.options {
            problems.take(text::required(field, option, NAME_MAX))?;
        }
        let blank = Self { label: label.unwrap_or_else(|| name.clone()), name, ..self };
        if let Some(default) = &blank.default
            && let Err(why) = blank.read(default)
        {
            problems.add(field, format!("give {} a default that {why}", shown(&blank.name)));
        }
        problems.finish()?;
        Ok(blank)
    }

    /// The value as it is kept, or what it has to be.
    fn read(&self, value: &Value) -> Result<Value, String> {
        let text = value.as_str().map(str::trim);
        let wrong = |wanted: &str| Err(format!("must be {wanted}"));
        match self.kind {
            BlankKind::Text | BlankKind::Textarea => match plain(value) {
                Some(text) if text.contains('\0') => Err("must not contain a NUL character".to_owned()),
                Some(text) if text.chars().count() > VALUE_MAX => wrong(&format!("at most {VALUE_MAX} characters")),
                Some(text) => Ok(text.into()),
                None => wrong("a text"),
            },
            BlankKind::Select => match text {
                Some(text) if self.options.iter().any(|option| option.trim() == text) => Ok(text.into()),
                Some(_) | None => wrong(&format!("one of {}", self.options.join(", "))),
            },
            BlankKind::Checkbox => match (value.as_bool(), text) {
                (Some(is), _) => Ok(is.into()),
                (None, Some("true")) => Ok(true.into()),
                (None, Some("false")) => Ok(false.into()),
                (None, _) => wrong("true or false"),
            },
            BlankKind::Date => match text.filter(|text| day(text).is_some()) {
                Some(text) => Ok(text.into()),
                None => wrong("a day such as 2026-01-05"),
            },
            BlankKind::Number => match (value.is_number(), text.and_then(|text| text.parse::<f64>().ok())) {
                (true, _) => Ok(value.clone()),
                (false, Some(number)) if number.is_finite() => Ok(text.unwrap_or_default().into()),
                (false, _) => wrong("a number"),
            },
        }
    }
}

/// A single value as a text.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A template to open a ticket by, and what goes into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UseTemplate {
    pub template: TemplateId,
    pub values: Map<String, Value>,
}

/// A template filled in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filled {
    pub title: String,
    pub content: String,
    /// The fields' values, by name.
    pub fields: Map<String, Value>,
}

/// Fills a template in.
///
/// # Errors
/// `Invalid` names every value that is missing, wrong, or belongs nowhere, under `template_values`.
pub fn fill(form: &TemplateForm, given: &Map<String, Value>) -> Result<Filled> {
    const FIELD: &str = "template_values";
    let mut problems = Problems::default();
    if given.len() > VALUES_MAX {
        return Err(Error::invalid(FIELD, format!("must be at most {VALUES_MAX}")));
    }
    let mut fields = Map::new();
    for blank in &form.blanks {
        let said = given.get(&blank.name).filter(|value| !is_empty(value)).or(blank.default.as_ref());
        match said.map(|value| blank.read(value)) {
            Some(Ok(value)) => drop(fields.insert(blank.name.clone(), value)),
            Some(Err(why)) => problems.add(FIELD, format!("give {} a value that {why}", shown(&blank.name))),
            None if blank.required => {
                problems.add(FIELD, format!("must give {}: it is required", shown(&blank.name)));
            }
            None => {}
        }
    }
    let mut all = fields.clone();
    let places: Vec<&str> = placeholders(&form.title).chain(placeholders(&form.content)).collect();
    for (name, value) in given {
        if form.blanks.iter().any(|blank| blank.name == *name) {
            continue;
        }
        match plain(value) {
            _ if !places.contains(&name.as_str()) => {
                problems.add(FIELD, format!("give {}, which the template does not ask for", shown(name)));
            }
            Some(text) if text.contains('\0') => problems.add(FIELD, "must not contain a NUL character"),
            Some(text) if text.chars().count() > VALUE_MAX => {
                problems.add(FIELD, format!("give {} more than {VALUE_MAX} characters", shown(name)));
            }
            Some(text) => drop(all.insert(name.clone(), text.into())),
            None if value.is_null() => {}
            None => problems.add(FIELD, format!("give {} something that is not a text", shown(name))),
        }
    }
    problems.finish()?;
    Ok(Filled { title: put(&form.title, &all), content: put(&form.content, &all), fields })
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// A text in pieces: what stands there, and the placeholder behind it.
struct Pieces<'a>(&'a str);

impl<'a> Iterator for Pieces<'a> {
    type Item = (Cow<'a, str>, Option<&'a str>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let whole = self.0;
        let mut from = 0;
        while let Some(open) = whole.get(from..).and_then(|rest| rest.find("{{")).map(|at| from + at) {
            let inside = whole.get(open + 2..).unwrap_or_default();
            let name =
                inside.split_once("}}").map(|(name, rest)| (name.trim(), rest)).filter(|(name, _)| is_name(name));
            if let Some((name, rest)) = name {
                self.0 = rest;
                return Some((whole.get(..open).unwrap_or_default().into(), Some(name)));
            }
            from = open + 1;
        }
        self.0 = "";
        Some((whole.into(), None))
    }
}

/// The placeholders of a text, as often as they stand there.
pub fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    Pieces(text).filter_map(|(_, name)| name)
}

fn put(text: &str, values: &Map<String, Value>) -> String {
    let mut whole = String::with_capacity(text.len());
    for (before, name) in Pieces(text) {
        whole.push_str(&before);
        if let Some(value) = name.and_then(|name| values.get(name)).and_then(plain) {
            whole.push_str(&value);
        }
    }
    whole
}

/// Which templates. Empty fields don't filter.
#[derive(Debug, Clone, Default)]
pub struct TemplateFilter {
    pub category: Option<String>,
    pub active: Option<bool>,
    /// In the name or the description.
    pub keyword: Option<String>,
}

impl TemplateFilter {
    pub fn is_met_by(&self, form: &TemplateForm) -> bool {
        let held = |text: &str, word: &str| text.to_lowercase().contains(&word.to_lowercase());
        self.category.as_deref().is_none_or(|category| form.category.as_deref() == Some(category))
            && self.active.is_none_or(|active| form.active == active)
            && self.keyword.as_deref().is_none_or(|word| {
                held(&form.name, word) || form.description.as_deref().is_some_and(|text| held(text, word))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn blank(name: &str, kind: BlankKind) -> Blank {
        Blank { name: name.into(), kind, label: String::new(), required: false, options: Vec::new(), default: None }
    }

    fn form() -> TemplateForm {
        let mut severity = blank("severity", BlankKind::Select);
        severity.options = vec!["低".into(), "高".into()];
        severity.default = Some(json!("低"));
        let summary = Blank { required: true, ..blank("summary", BlankKind::Text) };
        let form = TemplateForm {
            name: "Bug".into(),
            title: "[Bug] {{summary}}".into(),
            content: "{{ severity }}: {{description}} / {{系统}} {{not a name}} {{".into(),
            active: true,
            blanks: vec![summary, severity, blank("when", BlankKind::Date), blank("ok", BlankKind::Checkbox)],
            ..TemplateForm::default()
        };
        form.check().unwrap()
    }

    fn filled(values: Value) -> Result<Filled> {
        fill(&form(), values.as_object().unwrap())
    }

    #[test]
    fn placeholders_are_filled_once_and_are_empty_without_a_value() {
        let done =
            filled(json!({ "summary": "{{description}}", "description": "a$1", "when": "2026-01-05", "ok": "true" }));
        let done = done.unwrap();
        assert_eq!(done.title, "[Bug] {{description}}");
        assert_eq!(done.content, "低: a$1 /  {{not a name}} {{");
        assert_eq!(
            Value::from(done.fields),
            json!({
                "summary": "{{description}}", "severity": "低", "when": "2026-01-05", "ok": true,
            })
        );
        assert_eq!(filled(json!({ "summary": 5, "系统": "W" })).unwrap().content, "低:  / W {{not a name}} {{");
    }

    #[test]
    fn values_are_checked_and_named() {
        for (values, name) in [
            (json!({}), "summary"),
            (json!({ "summary": " " }), "summary"),
            (json!({ "summary": "x", "severity": "中" }), "severity"),
            (json!({ "summary": "x", "when": "tomorrow" }), "when"),
            (json!({ "summary": "x", "ok": "maybe" }), "ok"),
            (json!({ "summary": "x", "other": "y" }), "other"),
            (json!({ "summary": ["x"] }), "summary"),
            (json!({ "summary": "x", "description": {} }), "description"),
            (json!({ "summary": "a\0b" }), "NUL"),
        ] {
            let error = filled(values.clone()).unwrap_err();
            assert_eq!(error.field(), Some("template_values"), "{values}");
            assert!(error.to_string().contains(name), "{values}: {error}");
        }
    }

    #[test]
    fn a_templates_own_fields_are_checked() {
        let bad = |change: &dyn Fn(&mut TemplateForm)| {
            let mut form = form();
            change(&mut form);
            form.check().unwrap_err().field().unwrap_or_default()
        };
        assert_eq!(bad(&|f| f.name = " ".into()), "name");
        assert_eq!(bad(&|f| f.title = "x".repeat(201)), "title_template");
        assert_eq!(bad(&|f| f.content = "x".repeat(CONTENT_MAX + 1)), "content_template");
        assert_eq!(bad(&|f| f.kind = Some("长".repeat(51))), "default_type");
        let changes: [&dyn Fn(&mut TemplateForm); 6] = [
            &|f| f.blanks.push(blank("summary", BlankKind::Text)),
            &|f| f.blanks.push(blank("two words", BlankKind::Text)),
            &|f| f.blanks.push(blank("choice", BlankKind::Select)),
            &|f| f.blanks.push(Blank { options: vec!["x".into()], ..blank("text", BlankKind::Text) }),
            &|f| f.blanks.push(Blank { default: Some(json!("x")), ..blank("n", BlankKind::Number) }),
            &|f| f.blanks = (0..51).map(|n| blank(&format!("b{n}"), BlankKind::Text)).collect(),
        ];
        for change in changes {
            assert_eq!(bad(change), FIELDS);
        }
    }

    #[test]
    fn words_are_read_back() {
        for kind in BlankKind::ALL {
            assert_eq!(BlankKind::parse(kind.word()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
    }
}
