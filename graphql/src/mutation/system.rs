//! The installation: settings in bulk, notifications that are written by hand, clean-ups.

use super::{Sent, edit, payloads, run};
use crate::admin::Config;
use crate::cleanup::CleanupRun;
use crate::error::Result;
use crate::node::{read, read_or};
use crate::operations::Notification;
use crate::scalars::Any;
use crate::words::{CleanupTask, NotificationType, Priority};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use model::command::{ChangeSetting, Edit, SendNotification};

#[derive(Default)]
pub(super) struct System;

/// One of several settings to change.
#[derive(InputObject)]
pub struct SettingInput {
    /// Its name.
    key: String,
    /// Its new value; null takes it back to its default. What is left out stays.
    value: MaybeUndefined<Any>,
    /// What it is for.
    description: MaybeUndefined<String>,
    /// Whether those who are not signed in may read it: only for settings that mean nothing to the server itself, as what follows.
    public: Option<bool>,
    /// The category that clients sort it into.
    category: MaybeUndefined<String>,
    /// The group within it.
    group: MaybeUndefined<String>,
}

/// Settings to change.
#[derive(InputObject)]
pub struct ChangeSettingsInput {
    /// 1 to 500 of them; those that are not there are made.
    settings: Vec<SettingInput>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A notification to write to somebody.
#[derive(InputObject)]
pub struct SendNotificationInput {
    /// To whom.
    to: ID,
    /// Of which kind it is: its reader says for each by which routes they are told.
    #[graphql(name = "type", default_with = "NotificationType::SystemAlert")]
    kind: NotificationType,
    /// Its title: 1 to 255 characters.
    title: String,
    /// What it says: 1 to 5000 characters.
    content: String,
    /// How much it matters.
    #[graphql(default_with = "Priority::Normal")]
    priority: Priority,
    /// The ticket that it is about; its reader must be able to see it.
    ticket: Option<ID>,
    /// Where it leads: begins with `https://`, `http://` or `/`.
    action_url: Option<String>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// Clean-ups to begin.
#[derive(InputObject)]
pub struct StartCleanupInput {
    /// What is to be looked through; all if nothing is said.
    tasks: Option<Vec<CleanupTask>>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

payloads! {
    /// What changing settings came to.
    ChangeSettingsPayload {
        /// Those that were named and are there, as they are now.
        configs: Vec<Config>
    }
    /// What writing to somebody came to.
    SendNotificationPayload {
        /// It, as its reader has it; null if they are told by other routes than the app only.
        notification: Notification
    }
    /// What beginning clean-ups came to.
    StartCleanupPayload {
        /// Their records; they go on by themselves.
        runs: Vec<CleanupRun>
    }
}

impl From<super::Answer<Option<Notification>>> for SendNotificationPayload {
    fn from(answer: super::Answer<Option<Notification>>) -> Self {
        super::Answer {
            object: answer.object.flatten(),
            errors: answer.errors,
            client_mutation_id: answer.client_mutation_id,
        }
        .into()
    }
}

impl SettingInput {
    fn read(self) -> ChangeSetting {
        ChangeSetting {
            key: self.key,
            value: match edit(self.value) {
                Edit::Keep => Edit::Keep,
                Edit::Set(value) => Edit::Set(value.map(|json| json.0).filter(|json| !json.is_null())),
            },
            description: edit(self.description),
            public: self.public,
            kind: None,
            category: edit(self.category),
            group: edit(self.group),
        }
    }
}

#[Object(name = "MutationSystem")]
impl System {
    /// Changes several settings, all of them or none.
    #[graphql(complexity = "20 + 5 * child_complexity")]
    async fn change_settings(&self, ctx: &Context<'_>, input: ChangeSettingsInput) -> Result<ChangeSettingsPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let changes: Vec<ChangeSetting> = input.settings.into_iter().map(SettingInput::read).collect();
            let keys: Vec<String> = changes.iter().map(|change| change.key.trim().to_owned()).collect();
            call.engine.change_settings(&by, changes).await?;
            let all = call.engine.configs(call.actor()).await?;
            Ok(all.into_iter().filter(|one| keys.contains(&one.key)).map(Config).collect::<Vec<_>>())
        })
        .await
    }

    /// Writes a notification to somebody; for administrators.
    async fn send_notification(
        &self,
        ctx: &Context<'_>,
        input: SendNotificationInput,
    ) -> Result<SendNotificationPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let send = SendNotification {
                to: read("to", &input.to)?,
                kind: input.kind.into(),
                ticket: read_or("ticket", input.ticket.as_ref())?,
                title: input.title,
                content: input.content,
                priority: input.priority.into(),
                action_url: input.action_url,
            };
            Ok(call.engine.send_notification(&by, send).await?.notice.map(Notification))
        })
        .await
    }

    /// Begins clean-ups by hand; for administrators.
    #[graphql(complexity = "20 + 4 * child_complexity")]
    async fn start_cleanup(&self, ctx: &Context<'_>, input: StartCleanupInput) -> Result<StartCleanupPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let tasks: Vec<engine::CleanupTask> = match input.tasks {
                Some(tasks) => tasks.into_iter().map(Into::into).collect(),
                None => engine::CleanupTask::ALL.to_vec(),
            };
            let runs = call.engine.start_cleanup(&by, &tasks).await?;
            Ok(runs.into_iter().map(CleanupRun).collect::<Vec<_>>())
        })
        .await
    }
}
