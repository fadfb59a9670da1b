//! From people of the model to the document's (`wire/people.rs`). Pure.

use super::wire;
use model::people::User;
use model::{Actor, Time};
use std::sync::Arc;

/// A person beside something else. The address is told to staff and to the person; others know the name of who works for them.
pub fn person(user: &User, reader: &Actor) -> wire::Person {
    let p = &user.profile;
    let known = reader.is_staff() || reader.user() == Some(user.id);
    wire::Person {
        id: user.id.0,
        username: p.username.clone().unwrap_or_default(),
        first_name: p.first_name.clone(),
        last_name: p.last_name.clone(),
        email: p.email.as_ref().filter(|_| known).map(|email| email.as_str().to_owned()),
        role: user.role.word(),
        name: user.name(),
    }
}

/// The one of these with that id; people who were erased are drawn by their number alone elsewhere.
pub fn found(people: &[Arc<User>], id: Option<model::id::UserId>, reader: &Actor) -> Option<wire::Person> {
    people.iter().find(|user| Some(user.id) == id).map(|user| person(user, reader))
}

/// A whole account, for those who may see it so.
pub fn account(user: &User) -> wire::User {
    let p = &user.profile;
    wire::User {
        id: user.id.0,
        username: p.username.clone().unwrap_or_default(),
        email: p.email.as_ref().map(|email| email.as_str().to_owned()),
        first_name: p.first_name.clone(),
        last_name: p.last_name.clone(),
        name: user.name(),
        phone: p.phone.clone(),
        avatar_url: p.avatar_url.clone(),
        role: user.role.word(),
        status: user.status.word(),
        last_login_at: user.last_login_at.map(moment),
        created_at: moment(user.created_at),
        updated_at: moment(user.updated_at),
    }
}

/// A moment as the document prints it: RFC 3339 in UTC, whole seconds.
pub fn moment(at: Time) -> String {
    at.whole_seconds().rfc3339()
}
