//! People and how they are known: users with roles, and their identities on other channels.

use crate::error::{Error, Result};
use crate::id::{IdentityId, UserId};
use crate::text::{self, Email};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// What a person may do in general (seed 001, "权限说明"; seed 003 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    User,
    Agent,
    Supervisor,
    Admin,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::User, Self::Agent, Self::Supervisor, Self::Admin];

    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.word() == word)
    }

    pub fn is_staff(self) -> bool {
        self != Self::User
    }
}

/// Whether the account works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    Active,
    Inactive,
    Suspended,
}

impl UserStatus {
    pub const ALL: [Self; 3] = [Self::Active, Self::Inactive, Self::Suspended];

    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Suspended => "suspended",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// A person. The password's hash is not part of it: only the store and the sign-in see that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub id: UserId,
    #[serde(flatten)]
    pub profile: Profile,
    pub role: Role,
    pub status: UserStatus,
    /// Whether a password was ever set; contacts made by a channel have none.
    pub has_password: bool,
    pub created_at: Time,
    pub updated_at: Time,
    pub last_login_at: Option<Time>,
    pub login_count: i64,
    pub version: i64,
}

/// What a person can say about themselves (and an administrator about them).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Profile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// The user-centre dialect's name for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openid: Option<String>,
    /// The user-centre dialect's number for a member of staff (`AUTH_UID_<n>`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff_id: Option<i64>,
    /// `zh-CN` or `en`: the language of what we write to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

impl User {
    /// What to call them: the display name, else family and given name (Chinese order for Han names), else the user
    /// name, else the part of the e-mail address before the `@`.
    ///
    /// Seed 001 says that `last_name` is the family name, and has it the other way round in all its samples (张 三): of two
    /// Han names, the one that is a common family name counts as it.
    pub fn name(&self) -> String {
        let p = &self.profile;
        if let Some(name) = &p.display_name {
            return name.clone();
        }
        match (&p.first_name, &p.last_name) {
            (Some(first), Some(last)) if is_family(first) && !is_family(last) => return format!("{first}{last}"),
            (Some(first), Some(last)) if is_han(last) => return format!("{last}{first}"),
            (Some(first), Some(last)) => return format!("{first} {last}"),
            (Some(one), None) | (None, Some(one)) => return one.clone(),
            (None, None) => {}
        }
        if let Some(name) = &p.username {
            return name.clone();
        }
        match &p.email {
            Some(email) => email.as_str().split('@').next().unwrap_or_default().to_owned(),
            None => format!("#{}", self.id),
        }
    }

    pub fn is_active(&self) -> bool {
        self.status == UserStatus::Active
    }
}

/// The hundred most common family names of China, and the two-character ones that are met.
const FAMILIES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石\
    廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤";
const LONG_FAMILIES: [&str; 8] = ["欧阳", "上官", "司马", "诸葛", "夏侯", "东方", "皇甫", "司徒"];

fn is_family(name: &str) -> bool {
    let mut chars = name.chars();
    match (chars.next(), chars.next()) {
        (Some(one), None) => FAMILIES.contains(one),
        _ => LONG_FAMILIES.contains(&name),
    }
}

fn is_han(name: &str) -> bool {
    name.chars()
        .next()
        .is_some_and(|c| ('\u{4e00}'..='\u{9fff}').contains(&c) || ('\u{3400}'..='\u{4dbf}').contains(&c))
}

/// A profile as a caller sent it, before it is checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileInput {
    pub username: Option<String>,
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub display_name: Option<String>,
    pub phone: Option<String>,
    pub avatar_url: Option<String>,
    pub openid: Option<String>,
    pub staff_id: Option<i64>,
    pub locale: Option<String>,
}

impl ProfileInput {
    /// Checks every field and lists every problem. An empty text counts as absent.
    pub fn check(&self) -> Result<Profile> {
        let mut problems = crate::error::Problems::default();
        let mut text = |field, value: &Option<String>, max| -> Result<Option<String>> {
            Ok(problems.take(text::optional(field, value.as_deref(), max))?.flatten())
        };
        let mut profile = Profile {
            username: None,
            email: None,
            first_name: text("first_name", &self.first_name, 100)?,
            last_name: text("last_name", &self.last_name, 100)?,
            display_name: text("display_name", &self.display_name, 200)?,
            phone: text("phone", &self.phone, 50)?,
            avatar_url: text("avatar_url", &self.avatar_url, 2_000)?,
            openid: text("openid", &self.openid, 200)?,
            staff_id: self.staff_id,
            locale: text("locale", &self.locale, 20)?,
        };
        if let Some(name) = self.username.as_deref().map(str::trim).filter(|n| !n.is_empty()) {
            profile.username = problems.take(username(name))?;
        }
        if let Some(email) = self.email.as_deref().map(str::trim).filter(|n| !n.is_empty()) {
            profile.email = problems.take(Email::parse("email", email))?;
        }
        problems.finish()?;
        Ok(profile)
    }
}

/// A user name: 2 to 50 letters, digits, `_`, `-` or `.` (Han letters count as letters).
pub fn username(name: &str) -> Result<String> {
    let count = name.chars().count();
    let good = name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
    if !(2..=50).contains(&count) || !good {
        return Err(Error::invalid("username", "must have 2 to 50 letters, digits, '_', '-' or '.'"));
    }
    Ok(name.to_owned())
}

/// Characters of a password, at most.
pub const PASSWORD_MAX: usize = 128;

/// Checks a new password's form: `min` to 128 characters, no NUL (`dialects.md` 2.2: no word lists).
pub fn password(text: &str, min: usize) -> Result<()> {
    let count = text.chars().count();
    if count < min || count > PASSWORD_MAX {
        return Err(Error::invalid("password", format!("must have {min} to {PASSWORD_MAX} characters")));
    }
    if text.contains('\0') {
        return Err(Error::invalid("password", "must not contain a NUL character"));
    }
    Ok(())
}

/// Where a person is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Web,
    Api,
    Email,
    Discord,
    Telegram,
    Game,
    Legacy,
}

impl Channel {
    pub const ALL: [Self; 7] =
        [Self::Web, Self::Api, Self::Email, Self::Discord, Self::Telegram, Self::Game, Self::Legacy];

    pub fn word(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Api => "api",
            Self::Email => "email",
            Self::Discord => "discord",
            Self::Telegram => "telegram",
            Self::Game => "game",
            Self::Legacy => "legacy",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.word() == word)
    }
}

/// A person's name on a channel. At most one person holds a (channel, external id) at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub id: IdentityId,
    pub user: UserId,
    pub channel: Channel,
    /// The channel's own id for the person (an e-mail address, a Discord or Telegram user id, an ecid).
    pub external_id: String,
    pub display: Option<String>,
    /// Only a verified identity may act for the person; an unverified one only says who probably wrote.
    pub verified: bool,
    /// How it was proven, e.g. `code in a direct message`, `administrator`, `dkim`.
    pub proof: Option<String>,
    pub linked_at: Time,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(profile: Profile) -> User {
        User {
            id: UserId(7),
            profile,
            role: Role::User,
            status: UserStatus::Active,
            has_password: false,
            created_at: Time(0),
            updated_at: Time(0),
            last_login_at: None,
            login_count: 0,
            version: 1,
        }
    }

    #[test]
    fn names_follow_the_persons_language() {
        let name = |first: &str, last: &str| {
            user(Profile { first_name: Some(first.into()), last_name: Some(last.into()), ..Profile::default() }).name()
        };
        assert_eq!(name("三", "张"), "张三");
        // As seed 001 has it in its samples.
        assert_eq!(name("张", "三"), "张三");
        assert_eq!(name("欧阳", "娜"), "欧阳娜");
        assert_eq!(name("江", "李"), "李江", "both are family names");
        assert_eq!(name("Ada", "Lovelace"), "Ada Lovelace");
        assert_eq!(user(Profile::default()).name(), "#7");
        assert_eq!(
            user(Profile { email: Some(Email::parse("email", "bob@x.org").unwrap()), ..Profile::default() }).name(),
            "bob"
        );
    }

    #[test]
    fn every_bad_field_is_named_at_once() {
        let input = ProfileInput {
            username: Some("a b".into()),
            email: Some("nope".into()),
            phone: Some("1".repeat(51)),
            ..ProfileInput::default()
        };
        let Err(Error::Invalid(problems)) = input.check() else { panic!("accepted") };
        let fields: Vec<_> = problems.iter().map(|p| p.field).collect();
        assert_eq!(fields, ["phone", "username", "email"]);
    }
}
