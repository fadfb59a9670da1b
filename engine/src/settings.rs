//! Settings at work: the policy that is in force, and what administrators see and change of it.
//!
//! Every process keeps all settings in memory and follows the log's `SettingChanged`, so that a change acts at once wherever
//! the policy is asked for. SLA configurations are of the policy, too, and follow the log in the same way. What a key means and
//! which values it takes, `model::setting` says.

use crate::{Caller, Engine};
use model::access::{self, Operation};
use model::command::{ChangeSetting, Command, Edit};
use model::event::{Event, Recorded};
use model::id::SlaConfigId;
use model::policy::Policy;
use model::setting::{self, KNOWN, Kind, Shelf, Stored};
use model::sla::SlaConfig;
use model::{Actor, Error, Result, Time};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use store::db::Conn;
use store::settings::Setting;

/// What is in force.
pub(crate) struct Settings {
    /// As the settings file has it.
    base: Policy,
    now: RwLock<Now>,
    /// The same as the policy's, for whoever needs nothing else of it.
    max_file_bytes: Arc<AtomicU64>,
}

/// What the store keeps of it.
#[derive(Default)]
pub(crate) struct Kept {
    changed: BTreeMap<String, Stored>,
    sla_configs: BTreeMap<SlaConfigId, SlaConfig>,
}

struct Now {
    kept: Kept,
    policy: Arc<Policy>,
}

impl Kept {
    pub(crate) async fn read(conn: &mut Conn) -> Result<Self> {
        let changed = store::settings::all(conn).await?;
        let sla_configs = store::sla::all(conn).await?;
        Ok(Self {
            changed: changed.into_iter().map(stored).collect(),
            sla_configs: sla_configs.into_iter().map(|config| (config.id, config)).collect(),
        })
    }
}

impl Settings {
    pub(crate) fn new(base: Policy, kept: Kept) -> Self {
        let now = Now::of(&base, kept);
        let max_file_bytes = Arc::new(AtomicU64::new(now.policy.max_file_bytes));
        Self { base, now: RwLock::new(now), max_file_bytes }
    }

    fn policy(&self) -> Arc<Policy> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).policy.clone()
    }

    pub(crate) fn auto_close_default(&self) -> Option<i64> {
        self.base.auto_close_hours
    }

    /// Follows the log.
    pub(crate) fn observe(&self, recorded: &Recorded) {
        if !concerns(&recorded.event) {
            return;
        }
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        let mut kept = std::mem::take(&mut now.kept);
        follow_setting(&mut kept.changed, &recorded.event);
        follow_sla(&mut kept.sla_configs, recorded);
        *now = Now::of(&self.base, kept);
        self.max_file_bytes.store(now.policy.max_file_bytes, Ordering::Relaxed);
    }

    /// Takes what the store has for what is true.
    pub(crate) fn replace(&self, kept: Kept) {
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        *now = Now::of(&self.base, kept);
        self.max_file_bytes.store(now.policy.max_file_bytes, Ordering::Relaxed);
    }

    /// How many are not at their default.
    pub(crate) fn changed(&self) -> usize {
        self.now.read().unwrap_or_else(PoisonError::into_inner).kept.changed.len()
    }
}

fn stored(one: Setting) -> (String, Stored) {
    (one.key, Stored { value: one.value, description: one.description, public: one.public, shelf: one.shelf })
}

impl Now {
    fn of(base: &Policy, kept: Kept) -> Self {
        let changed = kept.changed.iter().map(|(key, stored)| (key.as_str(), &stored.value));
        let mut policy = setting::effective(base, changed);
        policy.sla_configs = kept.sla_configs.values().cloned().collect();
        Self { kept, policy: Arc::new(policy) }
    }
}

/// Whether it changes the policy.
pub(crate) fn concerns(event: &Event) -> bool {
    matches!(
        event,
        Event::SettingChanged { .. }
            | Event::SlaConfigCreated { .. }
            | Event::SlaConfigEdited { .. }
            | Event::SlaConfigDeleted { .. }
    )
}

fn follow_setting(changed: &mut BTreeMap<String, Stored>, event: &Event) {
    let Event::SettingChanged { key, value, description, public, shelf } = event else { return };
    match value.to.clone() {
        Some(value) => {
            let (description, shelf) = (description.clone(), shelf.clone());
            changed.insert(key.clone(), Stored { value, description, public: *public, shelf });
        }
        None => drop(changed.remove(key)),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a few of many")]
fn follow_sla(configs: &mut BTreeMap<SlaConfigId, SlaConfig>, recorded: &Recorded) {
    match &recorded.event {
        Event::SlaConfigCreated { config } => drop(configs.insert(config.id, (**config).clone())),
        Event::SlaConfigEdited { config, form } => {
            if let Some(config) = configs.get_mut(config) {
                config.form = form.to.clone();
                config.updated_at = recorded.at;
            }
        }
        Event::SlaConfigDeleted { config, .. } => drop(configs.remove(config)),
        _ => {}
    }
}

/// A setting as administrators see it, at its default or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub key: String,
    pub value: Value,
    pub kind: Kind,
    pub description: Option<String>,
    /// Whether those who are not signed in may read it.
    pub public: bool,
    pub shelf: Shelf,
    /// Whether it means something to us; others are clients' own.
    pub known: bool,
    /// When it was changed; `None`: it is at its default.
    pub updated_at: Option<Time>,
}

impl Engine {
    /// What the installation decides for itself, as it is now.
    pub fn policy(&self) -> Arc<Policy> {
        self.0.settings.policy()
    }

    /// The most bytes of an uploaded file, for as long as the engine lives; it follows the setting.
    pub fn max_file_bytes(&self) -> Arc<AtomicU64> {
        self.0.settings.max_file_bytes.clone()
    }

    /// Settings that are not at their default.
    pub async fn settings(&self, actor: &Actor) -> Result<Vec<Setting>> {
        access::in_general(actor, Operation::ReadSettings)?;
        store::settings::all(&mut self.0.store.read().await?).await
    }

    /// Every known setting, and behind them those of clients' own.
    pub async fn configs(&self, actor: &Actor) -> Result<Vec<Config>> {
        let mut changed: BTreeMap<String, Setting> =
            self.settings(actor).await?.into_iter().map(|one| (one.key.clone(), one)).collect();
        let values = changed.iter().map(|(key, one)| (key.as_str(), &one.value));
        let policy = setting::effective(&self.0.settings.base, values);
        let mut all: Vec<Config> = Vec::with_capacity(KNOWN.len());
        for known in KNOWN {
            let held = changed.remove(known.key);
            let (description, updated_at) = held.map(|one| (one.description, one.updated_at)).unzip();
            all.push(of_known(known, &policy, description.flatten(), updated_at));
        }
        all.extend(changed.into_values().map(|one| Config {
            kind: Kind::of(&one.value),
            key: one.key,
            value: one.value,
            description: one.description,
            public: one.public,
            shelf: one.shelf,
            known: false,
            updated_at: Some(one.updated_at),
        }));
        Ok(all)
    }

    pub async fn config(&self, actor: &Actor, key: &str) -> Result<Config> {
        let all = self.configs(actor).await?;
        all.into_iter().find(|one| one.key == key).ok_or_else(|| Error::not_found("setting"))
    }

    /// What anybody may read.
    pub fn public_configs(&self) -> Vec<Config> {
        let now = self.0.settings.now.read().unwrap_or_else(PoisonError::into_inner);
        let known = KNOWN.iter().filter(|known| known.public).map(|known| {
            let description = now.kept.changed.get(known.key).and_then(|stored| stored.description.clone());
            of_known(known, &now.policy, description, None)
        });
        let custom = now.kept.changed.iter().filter(|(_, stored)| stored.public).map(|(key, stored)| Config {
            key: key.clone(),
            value: stored.value.clone(),
            kind: Kind::of(&stored.value),
            description: stored.description.clone(),
            public: true,
            shelf: stored.shelf.clone(),
            known: false,
            updated_at: None,
        });
        known.chain(custom).collect()
    }

    /// Makes a setting of a client's own.
    ///
    /// # Errors
    /// `Conflict` where there is one of that name.
    pub async fn create_config(&self, by: &Caller, new: ChangeSetting) -> Result<Config> {
        access::in_general(&by.actor, Operation::ChangeSettings)?;
        let held = store::settings::stored(&mut self.0.store.read().await?, new.key.trim()).await?;
        if held.is_some() || setting::known(new.key.trim()).is_some() {
            return Err(Error::conflict("key", "there is a setting of that name"));
        }
        self.edit_config(by, new).await
    }

    /// Changes a setting that there is.
    ///
    /// # Errors
    /// `NotFound` where there is none of that name.
    pub async fn change_config(&self, by: &Caller, change: ChangeSetting) -> Result<Config> {
        access::in_general(&by.actor, Operation::ChangeSettings)?;
        let held = store::settings::stored(&mut self.0.store.read().await?, change.key.trim()).await?;
        if held.is_none() && setting::known(change.key.trim()).is_none() {
            return Err(Error::not_found("setting"));
        }
        // A client's own setting keeps its type, whichever form the new value comes in.
        let kind = change.kind.or_else(|| held.as_ref().map(|held| Kind::of(&held.value)));
        let change = ChangeSetting { kind, ..change };
        self.edit_config(by, change).await
    }

    /// Changes several settings, and makes those that are not there: all of it or nothing. Answers how many are another than
    /// they were.
    ///
    /// # Errors
    /// `Invalid` names every one that is wrong.
    pub async fn change_settings(&self, by: &Caller, changes: Vec<ChangeSetting>) -> Result<usize> {
        let outcome = self.execute(by, Command::ChangeSettings(changes)).await?;
        Ok(outcome.events.len())
    }

    /// Takes known settings whose stored value means nothing (any more) back to their defaults. Answers which.
    pub async fn restore_settings(&self, by: &Caller) -> Result<Vec<String>> {
        access::in_general(&by.actor, Operation::ChangeSettings)?;
        let all = store::settings::all(&mut self.0.store.read().await?).await?;
        let odd = all
            .into_iter()
            .filter(|one| setting::known(&one.key).is_some_and(|known| known.kind.read(&one.value).is_err()));
        let keys: Vec<String> = odd.map(|one| one.key).collect();
        if keys.is_empty() {
            return Ok(keys);
        }
        let reset = |key: &String| ChangeSetting {
            key: key.clone(),
            value: Edit::Set(None),
            description: Edit::Set(None),
            ..ChangeSetting::default()
        };
        self.change_settings(by, keys.iter().map(reset).collect()).await?;
        Ok(keys)
    }

    async fn edit_config(&self, by: &Caller, change: ChangeSetting) -> Result<Config> {
        let key = change.key.trim().to_owned();
        self.execute(by, Command::ChangeSetting(Box::new(change))).await?;
        self.config(&Actor::System("settings"), &key).await
    }

    /// Takes a setting back to its default, or forgets it where it is a client's own.
    pub async fn reset_config(&self, by: &Caller, key: String) -> Result<()> {
        access::in_general(&by.actor, Operation::ChangeSettings)?;
        let held = store::settings::stored(&mut self.0.store.read().await?, key.trim()).await?;
        if held.is_none() && setting::known(key.trim()).is_none() {
            return Err(Error::not_found("setting"));
        }
        self.change_setting(by, key, None).await.map(|_| ())
    }

    /// Changes a setting, or takes it back to its default with `None`.
    pub async fn change_setting(&self, by: &Caller, key: String, value: Option<Value>) -> Result<Option<Setting>> {
        self.edit_setting(by, ChangeSetting { key, value: Edit::Set(value), ..ChangeSetting::default() }).await
    }

    /// Changes a setting, whether there is one of that name or not; `None` where it is at its default afterwards.
    pub async fn edit_setting(&self, by: &Caller, change: ChangeSetting) -> Result<Option<Setting>> {
        let key = change.key.clone();
        self.execute(by, Command::ChangeSetting(Box::new(change))).await?;
        let all = store::settings::all(&mut self.0.store.read().await?).await?;
        Ok(all.into_iter().find(|s| s.key == key.trim()))
    }
}

fn of_known(known: &setting::Known, policy: &Policy, description: Option<String>, updated_at: Option<Time>) -> Config {
    Config {
        key: known.key.to_owned(),
        value: known.value(policy),
        kind: known.kind,
        description: Some(description.unwrap_or_else(|| known.description.to_owned())),
        public: known.public,
        shelf: Shelf { category: Some(setting::category(known.key).to_owned()), group: None },
        known: true,
        updated_at,
    }
}
