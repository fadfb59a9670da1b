//! Where settings come from, and which source said what.
//!
//! Each source is flattened to `section.name = value` and held against `config.default.toml`: the name has to exist
//! there, and the kind of the default (text, number, yes or no, list) decides how text from the environment is read.
//! The process is looked at in [`Sources::of_this_process`] and nowhere else.

use super::spelling::nearest;
use super::{Config, ConfigError, DEFAULTS, Flags};
use figment::error::{Actual, Kind};
use figment::providers::{Format, Toml};
use figment::value::{Dict, Value};
use figment::{Error as FigmentError, Figment};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const PREFIX: &str = "ECHODESK_";
/// Names the file; not a setting, because a file cannot name itself.
const FILE_VARIABLE: &str = "ECHODESK_CONFIG";
const USUAL_FILE: &str = "echodesk.toml";

/// What the sources say, unread.
#[derive(Default)]
pub(super) struct Sources {
    /// Its name, as people know it, and its text.
    pub(super) file: Option<(String, String)>,
    /// The weaker spelling of `log.level`.
    pub(super) rust_log: Option<String>,
    /// All variables that begin with `ECHODESK_`, but not `ECHODESK_CONFIG`.
    pub(super) environment: Vec<(String, String)>,
    pub(super) flags: Flags,
}

impl Sources {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub(super) fn of_this_process(flags: Flags) -> Result<Self, ConfigError> {
        let mut environment = Vec::new();
        let mut named_by_variable = None;
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)).map(str::to_owned) else { continue };
            if name == FILE_VARIABLE {
                named_by_variable = Some(PathBuf::from(value)).filter(|path| !path.as_os_str().is_empty());
                continue;
            }
            let value = value.into_string().map_err(|_| ConfigError::one(format!("{name} is not text in UTF-8.")))?;
            environment.push((name, value));
        }
        environment.sort();
        let rust_log = std::env::var("RUST_LOG").ok().filter(|level| !level.is_empty());
        let file = read_file(flags.config.as_deref().or(named_by_variable.as_deref()))?;
        Ok(Self { file, rust_log, environment, flags })
    }
}

/// The file that was named, which has to be there, or the usual one if it is.
fn read_file(named: Option<&Path>) -> Result<Option<(String, String)>, ConfigError> {
    let path = named.unwrap_or(Path::new(USUAL_FILE));
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some((path.display().to_string(), text))),
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(ConfigError::one(format!("{}: the file of settings cannot be read: {error}.", path.display())))
        }
    }
}

/// Who said a value, as an error message names it.
#[derive(Clone)]
enum Source {
    File(String),
    /// A variable or a flag: its name says which setting it is.
    Named(String),
}

/// The settings that somebody gave, by their full names.
pub(super) struct Given {
    values: BTreeMap<String, (Value, Source)>,
}

impl Given {
    pub(super) fn read(sources: &Sources) -> Result<Self, ConfigError> {
        let mut reader = Reader { defaults: defaults()?, values: BTreeMap::new(), problems: Vec::new() };
        if let Some((name, text)) = &sources.file {
            reader.file(name, text);
        }
        if let Some(level) = &sources.rust_log {
            reader.text("log.level", level, "RUST_LOG");
        }
        for (name, value) in &sources.environment {
            reader.variable(name, value);
        }
        reader.flags(&sources.flags);
        ConfigError::unless_empty(reader.problems)?;
        Ok(Self { values: reader.values })
    }

    pub(super) fn extract(&self) -> Result<Config, ConfigError> {
        let mut figment = Figment::from(Toml::string(DEFAULTS));
        for (key, (value, _)) in &self.values {
            figment = figment.merge((key.as_str(), value));
        }
        figment.extract().map_err(|error| {
            let problems = error.into_iter().map(|error| self.problem(&error.path.join("."), &sentence(&error)));
            ConfigError { problems: problems.collect() }
        })
    }

    /// "echodesk.toml: `http.max_body_bytes` must …", "ECHODESK_HTTP__MAX_BODY_BYTES must …".
    pub(super) fn problem(&self, key: &str, problem: &str) -> String {
        // The path of an item in a list ends with its index.
        let key = key.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('.');
        match self.values.get(key) {
            Some((_, source)) => source.says(key, problem),
            None => format!("`{key}` {problem}"),
        }
    }
}

impl Source {
    fn says(&self, key: &str, problem: &str) -> String {
        // What a value could not be parsed as is a sentence of its own, and opens with the value.
        let joint = if problem.starts_with('`') { ": " } else { " " };
        match self {
            Self::File(name) => format!("{name}: `{key}`{joint}{problem}"),
            Self::Named(name) => format!("{name}{joint}{problem}"),
        }
    }
}

/// Every setting with its default, by its full name.
pub(super) fn defaults() -> Result<BTreeMap<String, Value>, ConfigError> {
    let dict: Dict = Toml::from_str(DEFAULTS)
        .map_err(|error| ConfigError::one(format!("config.default.toml is broken: {}.", error.message())))?;
    let mut all = BTreeMap::new();
    flatten("", dict, &mut |key, value| {
        all.insert(key, value);
    });
    Ok(all)
}

/// The variable that sets it.
pub(super) fn variable_name(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

fn flatten(prefix: &str, dict: Dict, visit: &mut dyn FnMut(String, Value)) {
    for (name, value) in dict {
        let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        if let Value::Dict(_, inner) = &value
            && !inner.is_empty()
        {
            flatten(&key, inner.clone(), visit);
        } else {
            visit(key, value);
        }
    }
}

struct Reader {
    defaults: BTreeMap<String, Value>,
    values: BTreeMap<String, (Value, Source)>,
    problems: Vec<String>,
}

impl Reader {
    fn file(&mut self, name: &str, text: &str) {
        let dict: Dict = match Toml::from_str(text) {
            Ok(dict) => dict,
            Err(error) => {
                // Not the parser's own picture of the line: there may be a password in it.
                let line = error
                    .span()
                    .and_then(|span| text.get(..span.start))
                    .map_or(0, |before| before.matches('\n').count());
                self.problems.push(format!("{name}, line {}: this is not TOML: {}.", line + 1, error.message()));
                return;
            }
        };
        let mut found = Vec::new();
        flatten("", dict, &mut |key, value| found.push((key, value)));
        for (key, value) in found {
            self.file_value(name, key, value);
        }
    }

    fn file_value(&mut self, name: &str, key: String, value: Value) {
        let source = Source::File(name.to_owned());
        let Some(default) = self.defaults.get(&key) else {
            let section = format!("{key}.");
            if self.defaults.keys().any(|known| known.starts_with(&section)) {
                // An empty section says nothing, and may stay.
                if !matches!(value, Value::Dict(..)) {
                    self.problems
                        .push(format!("{name}: `{key}` is a section and has no value of its own. Write [{key}]."));
                }
                return;
            }
            let hint = nearest(&key, self.defaults.keys().map(String::as_str));
            let hint = hint.map(|known| {
                let misplaced = !known.contains('.') && key.ends_with(&format!(".{known}"));
                let place = if misplaced { " It has to stand above the first [section]." } else { "" };
                format!(" Did you mean `{known}`?{place}")
            });
            self.problems.push(format!("{name}: unknown setting `{key}`.{}", hint.unwrap_or_default()));
            return;
        };
        match (default, &value) {
            (Value::Array(..), Value::String(_, text)) => {
                let list = list(text);
                self.values.insert(key, (list, source));
            }
            (Value::Array(..), Value::Array(_, items))
                if items.iter().all(|item| matches!(item, Value::String(..))) =>
            {
                self.values.insert(key, (value, source));
            }
            (Value::String(..), Value::String(..)) | (Value::Bool(..), Value::Bool(..)) => {
                self.values.insert(key, (value, source));
            }
            (Value::Num(..), Value::Num(_, number)) if number.to_u128().is_some() || number.to_i128().is_some() => {
                self.values.insert(key, (value, source));
            }
            (default, _) => self.problems.push(source.says(&key, &format!("must be {}.", wanted(default)))),
        }
    }

    fn variable(&mut self, name: &str, value: &str) {
        let key = self.defaults.keys().find(|key| variable_name(key) == name).cloned();
        if let Some(key) = key {
            self.text(&key, value, name);
            return;
        }
        let known: Vec<String> =
            self.defaults.keys().map(|key| variable_name(key)).chain([FILE_VARIABLE.into()]).collect();
        // Sections have no dots in variables, so they are compared as settings; the prefix would make all of them
        // alike.
        let bare = |name: &str| name.strip_prefix(PREFIX).unwrap_or(name).replace("__", ".");
        let bares: Vec<String> = known.iter().map(|name| bare(name)).collect();
        let near = nearest(&bare(name), bares.iter().map(String::as_str));
        let hint = near.and_then(|near| known.iter().find(|name| bare(name) == near));
        let hint = hint.map(|known| format!(" Did you mean {known}?")).unwrap_or_default();
        self.problems.push(format!("{name} is not a setting I know.{hint}"));
    }

    fn flags(&mut self, flags: &Flags) {
        if !flags.listen.is_empty() {
            self.text("listen", &flags.listen.join(","), "--listen");
        }
        let named = [
            ("public_url", &flags.public_url, "--public-url"),
            ("data_dir", &flags.data_dir, "--data-dir"),
            ("database_url", &flags.database_url, "--database-url"),
            ("log.level", &flags.log_level, "--log-level"),
            ("log.format", &flags.log_format, "--log-format"),
        ];
        for (key, value, flag) in named {
            if let Some(value) = value {
                self.text(key, value, flag);
            }
        }
        for pair in &flags.set {
            let Some((key, value)) = pair.split_once('=') else {
                self.problems.push(format!("--set {pair}: write NAME=VALUE, such as --set log.format=json."));
                continue;
            };
            let key = key.trim();
            if self.defaults.contains_key(key) {
                self.text(key, value, &format!("--set {key}"));
            } else {
                let hint = nearest(key, self.defaults.keys().map(String::as_str));
                let hint = hint.map(|known| format!(" Did you mean `{known}`?")).unwrap_or_default();
                self.problems.push(format!("--set {key}: unknown setting `{key}`.{hint}"));
            }
        }
    }

    /// Reads text as what the setting's default is.
    fn text(&mut self, key: &str, text: &str, said_by: &str) {
        let source = Source::Named(said_by.to_owned());
        let Some(default) = self.defaults.get(key) else { return };
        let value = match default {
            Value::Array(..) => Some(list(text)),
            Value::Bool(..) => match text.trim().to_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Some(Value::from(true)),
                "false" | "0" | "no" | "off" => Some(Value::from(false)),
                _ => None,
            },
            Value::Num(..) => text.trim().replace('_', "").parse::<i64>().ok().map(Value::from),
            Value::String(..) | Value::Char(..) | Value::Empty(..) | Value::Dict(..) => Some(Value::from(text)),
        };
        match value {
            Some(value) => {
                self.values.insert(key.to_owned(), (value, source));
            }
            None => self.problems.push(source.says(key, &format!("must be {}, not `{text}`.", wanted(default)))),
        }
    }
}

/// `a, b` and `["a", "b"]` alike.
fn list(text: &str) -> Value {
    let inside = text.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    // `[::1]:8080` begins with a bracket and does not end with one, `[::1]` is never a value.
    let items = inside.unwrap_or(text).split(',').map(|item| item.trim().trim_matches('"').trim());
    Value::from(items.filter(|item| !item.is_empty()).map(str::to_owned).collect::<Vec<_>>())
}

fn wanted(default: &Value) -> &'static str {
    match default {
        Value::Array(..) => "a list of texts",
        Value::Bool(..) => "true or false",
        Value::Num(..) => "a whole number",
        Value::String(..) | Value::Char(..) | Value::Empty(..) | Value::Dict(..) => "a text",
    }
}

/// What figment says about a value, as a sentence that follows the setting's name.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "figment's kinds are not ours; the ones left over cannot arise here"
)]
fn sentence(error: &FigmentError) -> String {
    match &error.kind {
        Kind::Message(message) => message.clone(),
        Kind::UnknownVariant(written, known) => {
            let list: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("must be {}, not `{written}`.", list.join(" or "))
        }
        Kind::InvalidValue(Actual::Signed(number), _) if *number < 0 => format!("must be 0 or more, not {number}."),
        Kind::InvalidType(Actual::Signed(_) | Actual::Unsigned(_), _)
        | Kind::InvalidValue(Actual::Signed(_) | Actual::Unsigned(_), _) => "is far too large.".to_owned(),
        _ => format!("cannot be used: {}.", error.kind),
    }
}
