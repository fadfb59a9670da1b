//! `config.default.toml` read as a manual: each setting with its default, its variable and what its comment says.
//!
//! The file is read by its lines, because a TOML parser throws comments away. A setting's comment is the block directly
//! above it and ends with its `Env:` line; a section's comment is the block above the section.

use super::DEFAULTS;
use super::source::variable_name;
use std::fmt::Write as _;

/// One setting, as the file explains it.
pub(super) struct Entry {
    /// Empty for what stands above the first section.
    pub(super) section: String,
    pub(super) key: String,
    /// As the file writes it.
    pub(super) default: String,
    pub(super) meaning: String,
    /// `ECHODESK_NAME=value`, from the comment.
    pub(super) example: Option<String>,
}

/// A section and what its comment says.
pub(super) struct Section {
    pub(super) name: String,
    pub(super) meaning: String,
}

pub(super) fn read(text: &str) -> (Vec<Section>, Vec<Entry>) {
    let (mut sections, mut entries) = (Vec::<Section>::new(), Vec::<Entry>::new());
    let mut comment: Vec<&str> = Vec::new();
    for line in text.lines() {
        if let Some(said) = line.strip_prefix('#') {
            comment.push(said.trim());
            continue;
        }
        let said = std::mem::take(&mut comment);
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            sections.push(Section { name: name.to_owned(), meaning: said.join(" ") });
        } else if let Some((name, default)) = line.split_once(" = ") {
            let section = sections.last().map_or_else(String::new, |section| section.name.clone());
            let key = if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
            let (examples, meaning): (Vec<&str>, Vec<&str>) = said.iter().partition(|line| line.starts_with("Env: "));
            let example = examples.first().and_then(|line| line.strip_prefix("Env: ")).map(str::to_owned);
            entries.push(Entry { section, key, default: default.to_owned(), meaning: meaning.join(" "), example });
        }
    }
    (sections, entries)
}

/// `SETTINGS.md`: every setting in a table, section by section.
pub fn settings_markdown() -> String {
    let (sections, entries) = read(DEFAULTS);
    let mut page = String::from(
        "<!-- Made from config.default.toml: change that file, then run UPDATE_DOCS=1 cargo test --test it docs -->\n\n\
         # Settings\n\n\
         What is said later wins: the defaults below, then `echodesk.toml` in the directory that Echodesk is started from\n\
         (another file with `--config FILE` or `ECHODESK_CONFIG=FILE`), then the environment, then flags; `--set NAME=VALUE`\n\
         sets any of these. A name that is not below is refused at start. Empty text means \"not set\"; lists take commas in\n\
         the environment and in flags.\n\n",
    );
    table(&mut page, entries.iter().filter(|entry| entry.section.is_empty()));
    for section in &sections {
        // Writing to a String cannot fail.
        _ = write!(page, "\n## [{}]\n\n{}\n\n", section.name, section.meaning);
        table(&mut page, entries.iter().filter(|entry| entry.section == section.name));
    }
    page
}

fn table<'a>(page: &mut String, entries: impl Iterator<Item = &'a Entry>) {
    page.push_str("| Setting | Default | Variable, with an example | Meaning |\n|---|---|---|---|\n");
    for entry in entries {
        let example = entry.example.clone().unwrap_or_else(|| variable_name(&entry.key));
        let meaning = entry.meaning.replace('|', "\\|").replace('<', "&lt;");
        _ = writeln!(page, "| `{}` | `{}` | `{example}` | {meaning} |", entry.key, entry.default);
    }
}
