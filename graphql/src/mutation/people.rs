//! Other people's accounts: creating, editing, roles, identities.

use super::{Sent, payloads, run};
use crate::error::Result;
use crate::node::{global, read};
use crate::person::{Identity, User};
use crate::words::{Channel, Role, UserStatus};
use async_graphql::{Context, ID, InputObject, Object};
use engine::{AccountEdit, NewUser};
use model::command::LinkIdentity;
use model::id::IdentityId;

#[derive(Default)]
pub(super) struct People;

/// What is said of a person. An empty text counts as nothing.
#[derive(InputObject, Default)]
pub struct ProfileInput {
    /// 2 to 50 letters, digits, `_`, `-` or `.`.
    username: Option<String>,
    /// The e-mail address.
    email: Option<String>,
    /// The given name.
    first_name: Option<String>,
    /// The family name.
    last_name: Option<String>,
    /// The name to be shown.
    display_name: Option<String>,
    /// The telephone number.
    phone: Option<String>,
    /// Where the picture is.
    avatar_url: Option<String>,
    /// The user centre's name for them.
    openid: Option<String>,
    /// The user centre's number for a member of staff.
    staff_id: Option<i64>,
    /// `zh-CN` or `en`.
    locale: Option<String>,
}

/// An account to make.
#[derive(InputObject)]
pub struct CreateUserInput {
    /// Who they are.
    profile: ProfileInput,
    /// What they may do; `USER` if nothing is said.
    role: Option<Role>,
    /// Whether the account works; `ACTIVE` if nothing is said.
    status: Option<UserStatus>,
    /// Their password; without one they cannot sign in by password.
    password: Option<String>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// What to say of a person from now on: the whole profile, not only what changes.
#[derive(InputObject)]
pub struct EditProfileInput {
    /// The person.
    id: ID,
    /// Who they are. What is left out is taken away.
    profile: ProfileInput,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// What to change of an account: all of it, or nothing where something is refused.
#[derive(InputObject)]
pub struct EditAccountInput {
    /// The person.
    id: ID,
    /// Who they are; what is left out stays.
    profile: Option<ProfileInput>,
    /// What they may do.
    role: Option<Role>,
    /// Whether the account works.
    status: Option<UserStatus>,
    /// Their new password.
    password: Option<String>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// What a person is to be allowed.
#[derive(InputObject)]
pub struct SetRoleInput {
    /// The person.
    id: ID,
    /// What they may do.
    role: Role,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// Whether an account is to work.
#[derive(InputObject)]
pub struct SetUserStatusInput {
    /// The person.
    id: ID,
    /// Whether the account works.
    status: UserStatus,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A new password.
#[derive(InputObject)]
pub struct SetPasswordInput {
    /// The person.
    id: ID,
    /// The password until now: needed for one's own.
    current: Option<String>,
    /// The new password.
    password: String,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A person's name on a channel.
#[derive(InputObject)]
pub struct LinkIdentityInput {
    /// The person.
    user: ID,
    /// The channel.
    channel: Channel,
    /// The channel's own id for the person.
    external_id: String,
    /// What the channel calls them.
    display: Option<String>,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

/// A name on a channel to forget.
#[derive(InputObject)]
pub struct UnlinkIdentityInput {
    /// The identity.
    id: ID,
    /// Makes a repetition harmless.
    client_mutation_id: Option<String>,
}

payloads! {
    /// What making an account came to.
    CreateUserPayload {
        /// The new account.
        user: User
    }
    /// What editing a profile came to.
    EditProfilePayload {
        /// The account as it is now.
        user: User
    }
    /// What changing an account came to.
    EditAccountPayload {
        /// The account as it is now.
        user: User
    }
    /// What changing a role came to.
    SetRolePayload {
        /// The account as it is now.
        user: User
    }
    /// What opening or shutting an account came to.
    SetUserStatusPayload {
        /// The account as it is now.
        user: User
    }
    /// What setting a password came to.
    SetPasswordPayload {
        /// The account as it is now.
        user: User
    }
    /// What linking an identity came to.
    LinkIdentityPayload {
        /// The identity.
        identity: Identity
    }
    /// What unlinking an identity came to.
    UnlinkIdentityPayload {
        /// The id of the identity that is no more.
        id: ID
    }
}

#[Object(name = "MutationPeople")]
impl People {
    /// Makes an account.
    async fn create_user(&self, ctx: &Context<'_>, input: CreateUserInput) -> Result<CreateUserPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let new = NewUser {
                profile: input.profile.read(),
                role: input.role.map_or(model::people::Role::User, Into::into),
                status: input.status.map_or(model::people::UserStatus::Active, Into::into),
                password: input.password,
            };
            Ok(call.engine.create_user(&by, new).await?.into())
        })
        .await
    }

    /// Edits a profile: one's own, or anybody's for administrators.
    async fn edit_profile(&self, ctx: &Context<'_>, input: EditProfileInput) -> Result<EditProfilePayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            Ok(call.engine.edit_profile(&by, read("id", &input.id)?, input.profile.read()).await?.into())
        })
        .await
    }

    /// Changes an account, all of it or nothing; for those who look after accounts.
    async fn edit_account(&self, ctx: &Context<'_>, input: EditAccountInput) -> Result<EditAccountPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let edit = AccountEdit {
                profile: input.profile.unwrap_or_default().read(),
                role: input.role.map(Into::into),
                status: input.status.map(Into::into),
                password: input.password,
            };
            Ok(call.engine.edit_account(&by, read("id", &input.id)?, edit).await?.into())
        })
        .await
    }

    /// Changes what a person may do.
    async fn set_role(&self, ctx: &Context<'_>, input: SetRoleInput) -> Result<SetRolePayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            Ok(call.engine.set_role(&by, read("id", &input.id)?, input.role.into()).await?.into())
        })
        .await
    }

    /// Opens or shuts an account. Shutting it ends its sessions.
    async fn set_user_status(&self, ctx: &Context<'_>, input: SetUserStatusInput) -> Result<SetUserStatusPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            Ok(call.engine.set_user_status(&by, read("id", &input.id)?, input.status.into()).await?.into())
        })
        .await
    }

    /// Sets a password.
    #[graphql(complexity = "20 + child_complexity")]
    async fn set_password(&self, ctx: &Context<'_>, input: SetPasswordInput) -> Result<SetPasswordPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let id = read("id", &input.id)?;
            Ok(call.engine.set_password(&by, id, input.current, input.password).await?.into())
        })
        .await
    }

    /// Says that a name on a channel is a person's; for administrators, who vouch for it.
    async fn link_identity(&self, ctx: &Context<'_>, input: LinkIdentityInput) -> Result<LinkIdentityPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let link = LinkIdentity {
                user: read("user", &input.user)?,
                channel: input.channel.into(),
                external_id: input.external_id,
                display: input.display,
                verified: true,
                proof: Some("administrator".to_owned()),
            };
            Ok(Identity(call.engine.link_identity(&by, link).await?))
        })
        .await
    }

    /// Forgets that a name on a channel is a person's.
    async fn unlink_identity(&self, ctx: &Context<'_>, input: UnlinkIdentityInput) -> Result<UnlinkIdentityPayload> {
        run(ctx, Sent::id(input.client_mutation_id), async |call, by| {
            let id: IdentityId = read("id", &input.id)?;
            call.engine.unlink_identity(&by, id).await?;
            Ok(global(id))
        })
        .await
    }
}

impl ProfileInput {
    pub(super) fn read(self) -> model::people::ProfileInput {
        model::people::ProfileInput {
            username: self.username,
            email: self.email,
            first_name: self.first_name,
            last_name: self.last_name,
            display_name: self.display_name,
            phone: self.phone,
            avatar_url: self.avatar_url,
            openid: self.openid,
            staff_id: self.staff_id,
            locale: self.locale,
        }
    }
}
