//! Accounts as those see them who look after them: lists by number with how many tickets each has, and changes in one go.

use crate::{Caller, Engine, Numbered, Numbers};
use model::access::{self, Operation};
use model::command::{Command, EditAccount};
use model::id::UserId;
use model::people::{self, ProfileInput, Role, User, UserStatus};
use model::query::{UserFilter, UserSort};
use model::session::Sealed;
use model::{Actor, Error, Result};
pub use store::account::Tally as AccountTally;

/// What to change of an account; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct AccountEdit {
    pub profile: ProfileInput,
    pub role: Option<Role>,
    pub status: Option<UserStatus>,
    pub password: Option<String>,
}

impl Engine {
    /// A page of accounts, each with how many tickets it opened; for those who may list people.
    pub async fn accounts_numbered(
        &self,
        actor: &Actor,
        filter: &UserFilter,
        sort: UserSort,
        part: Numbers,
    ) -> Result<Numbered<(User, i64)>> {
        access::in_general(actor, Operation::ListPeople)?;
        let mut conn = self.0.store.read().await?;
        let total = store::people::count(&mut conn, filter).await?;
        let users = store::account::list(&mut conn, filter, sort, (part.skip, part.limit)).await?;
        let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
        let counts = store::account::opened(&mut conn, &ids).await?;
        let counted = |user: User| {
            let tickets = counts.iter().find(|(id, _)| *id == user.id).map_or(0, |(_, tickets)| *tickets);
            (self.portrayed_one(actor, user), tickets)
        };
        Ok(Numbered { items: users.into_iter().map(counted).collect(), total })
    }

    /// An account with its figures.
    pub async fn account(&self, actor: &Actor, id: UserId) -> Result<(User, AccountTally)> {
        access::in_general(actor, Operation::ListPeople)?;
        let mut conn = self.0.store.read().await?;
        let user = store::people::by_id(&mut conn, id).await?.ok_or_else(|| Error::not_found("user"))?;
        let tally = store::account::tally(&mut conn, user.id, user.role).await?;
        Ok((self.portrayed_one(actor, user), tally))
    }

    /// Changes an account, all of it or nothing.
    pub async fn edit_account(&self, by: &Caller, id: UserId, edit: AccountEdit) -> Result<User> {
        access::in_general(&by.actor, Operation::SetUserStatus)?;
        let password = match edit.password {
            Some(_) if by.actor.user() == Some(id) => {
                return Err(Error::Forbidden { what: "set your own password without the current one" });
            }
            Some(password) => {
                // Who may not, must not make us hash.
                access::on_person(&by.actor, Operation::SetPassword, Some(id))?;
                people::password(&password, self.policy().password_min_length)?;
                Some(Sealed(Some(self.0.passwords.hash(password).await?)))
            }
            None => None,
        };
        let edit = EditAccount { profile: edit.profile, role: edit.role, status: edit.status, password };
        self.execute(by, Command::EditAccount(id, Box::new(edit))).await?;
        self.person(id).await
    }
}
