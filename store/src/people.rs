//! User rows and their identities on channels. Password hashes leave only through `password_hash`.

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql};
use model::id::{IdentityId, UserId};
use model::people::{Channel, Identity, Profile, Role, User, UserStatus};
use model::query::{Page, Place, Slice, UserFilter};
use model::session::Sealed;
use model::text::Email;
use model::{Result, Time};

pub(crate) const COLUMNS: &str = "u.id, u.username, u.email, u.first_name, u.last_name, u.display_name, u.phone, u.avatar_url, u.openid, \
                       u.staff_id, u.locale, u.role, u.status, CAST(CASE WHEN u.password_hash IS NULL THEN 0 ELSE 1 END AS BIGINT), \
                       u.created_at, u.updated_at, u.last_login_at, u.login_count, u.version";

pub(crate) fn read(c: &mut Columns<'_>) -> Result<User> {
    Ok(User {
        id: UserId(c.int()?),
        profile: Profile {
            username: c.text_or()?,
            email: c.text_or()?.map(Email::stored),
            first_name: c.text_or()?,
            last_name: c.text_or()?,
            display_name: c.text_or()?,
            phone: c.text_or()?,
            avatar_url: c.text_or()?,
            openid: c.text_or()?,
            staff_id: c.int_or()?,
            locale: c.text_or()?,
        },
        role: c.word(Role::parse)?,
        status: c.word(UserStatus::parse)?,
        has_password: c.int()? != 0,
        created_at: c.time()?,
        updated_at: c.time()?,
        last_login_at: c.time_or()?,
        login_count: c.int()?,
        version: c.int()?,
    })
}

pub async fn by_id(conn: &mut Conn, id: UserId) -> Result<Option<User>> {
    let sql = Sql::select(COLUMNS, "FROM users u WHERE u.id = $1");
    conn.find(sql.bind(id), read).await
}

pub async fn by_ids(conn: &mut Conn, ids: &[UserId]) -> Result<Vec<User>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::select(COLUMNS, "FROM users u WHERE u.id > 0");
    sql.and_in("u.id", ids.iter().copied());
    conn.list(sql, read).await
}

/// The person with this e-mail address or user name (either case).
pub async fn by_login(conn: &mut Conn, login: &str) -> Result<Option<User>> {
    let login = login.trim().to_lowercase();
    if login.contains('\0') {
        return Ok(None);
    }
    let sql = Sql::built(format!(
        "SELECT {COLUMNS} FROM users u WHERE u.email = $1 OR u.username_key = $1 ORDER BY u.id LIMIT 1"
    ));
    conn.find(sql.bind(login), read).await
}

/// The hash of a person's password, for checking it and nothing else.
pub async fn password_hash(conn: &mut Conn, id: UserId) -> Result<Option<String>> {
    let sql = Sql::new("SELECT password_hash FROM users WHERE id = $1");
    Ok(conn.find(sql.bind(id), |c| c.text_or()).await?.flatten())
}

/// Which of a profile's unique values belong to somebody else.
pub async fn taken(conn: &mut Conn, profile: &Profile, except: Option<UserId>) -> Result<Vec<&'static str>> {
    let mut fields = Vec::new();
    let except = except.map_or(0, |u| u.0);
    let checks = [
        (
            "username",
            "SELECT id FROM users WHERE username_key = $1 AND id <> $2",
            profile.username.as_ref().map(|n| n.to_lowercase()),
        ),
        (
            "email",
            "SELECT id FROM users WHERE email = $1 AND id <> $2",
            profile.email.as_ref().map(|e| e.as_str().to_owned()),
        ),
        ("openid", "SELECT id FROM users WHERE openid = $1 AND id <> $2", profile.openid.clone()),
    ];
    for (field, sql, value) in checks {
        if let Some(value) = value
            && conn.one(Sql::new(sql).bind(value).bind(except)).await?.is_some()
        {
            fields.push(field);
        }
    }
    if let Some(staff_id) = profile.staff_id {
        let sql = Sql::new("SELECT id FROM users WHERE staff_id = $1 AND id <> $2").bind(staff_id).bind(except);
        if conn.one(sql).await?.is_some() {
            fields.push("staff_id");
        }
    }
    Ok(fields)
}

/// Everybody who has this role (and an account that works).
pub async fn active_with_role(conn: &mut Conn, role: Role) -> Result<Vec<UserId>> {
    let sql = Sql::new("SELECT id FROM users WHERE role = $1 AND status = 'active' ORDER BY id LIMIT 1000");
    conn.list(sql.bind(role.word()), |c| c.int().map(UserId)).await
}

/// Whether anybody has this role (and an account that works).
pub async fn any_with_role(conn: &mut Conn, role: Role) -> Result<bool> {
    let sql = Sql::new("SELECT id FROM users WHERE role = $1 AND status = 'active' LIMIT 1");
    Ok(conn.one(sql.bind(role.word())).await?.is_some())
}

pub(crate) fn conditions(sql: &mut Sql, filter: &UserFilter) {
    sql.and_in("u.id", filter.ids.iter().copied());
    sql.and_in("u.role", filter.role.iter().map(|r| r.word()));
    sql.and_in("u.status", filter.status.iter().map(|s| s.word()));
    if let Some(text) = filter.search.as_deref().map(str::trim).filter(|t| !t.is_empty()) {
        sql.and_contains("u.search_text", text);
    }
}

/// People in the order of their ids.
pub async fn list(conn: &mut Conn, filter: &UserFilter, page: &Page) -> Result<Slice<User>> {
    let mut sql = Sql::select(COLUMNS, "FROM users u WHERE u.id > 0");
    conditions(&mut sql, filter);
    if let Some(place) = page.after {
        sql.push(" AND u.id > ").push_arg(place.id);
    }
    if let Some(place) = page.before {
        sql.push(" AND u.id < ").push_arg(place.id);
    }
    sql.push(if page.backward { " ORDER BY u.id DESC" } else { " ORDER BY u.id" });
    sql.push_limit(page.limit as i64 + 1).push(" OFFSET ").push_arg(page.offset as i64);
    let users = conn.list(sql, read).await?;
    Ok(crate::list::slice(users, page, |u| Place { key: None, id: u.id.0 }))
}

pub async fn count(conn: &mut Conn, filter: &UserFilter) -> Result<i64> {
    let mut sql = Sql::built("SELECT COUNT(*) FROM users u WHERE u.id > 0".to_owned());
    conditions(&mut sql, filter);
    conn.int(sql).await
}

/// How many accounts there are of each role and status.
pub async fn tally(conn: &mut Conn) -> Result<Vec<(Role, UserStatus, i64)>> {
    let sql = Sql::new("SELECT role, status, COUNT(*) FROM users GROUP BY role, status ORDER BY role, status");
    conn.list(sql, |c| Ok((c.word(Role::parse)?, c.word(UserStatus::parse)?, c.int()?))).await
}

const IDENTITY: &str = "id, user_id, channel, external_id, display, verified, proof, linked_at";

fn read_identity(c: &mut Columns<'_>) -> Result<Identity> {
    Ok(Identity {
        id: IdentityId(c.int()?),
        user: UserId(c.int()?),
        channel: c.word(Channel::parse)?,
        external_id: c.text()?,
        display: c.text_or()?,
        verified: c.bool()?,
        proof: c.text_or()?,
        linked_at: c.time()?,
    })
}

/// Who holds a channel's identity.
pub async fn identity(conn: &mut Conn, channel: Channel, external_id: &str) -> Result<Option<Identity>> {
    let sql = Sql::built(format!("SELECT {IDENTITY} FROM identities WHERE channel = $1 AND external_id = $2"));
    conn.find(sql.bind(channel.word()).bind(external_id), read_identity).await
}

pub async fn identity_by_id(conn: &mut Conn, id: IdentityId) -> Result<Option<Identity>> {
    let sql = Sql::built(format!("SELECT {IDENTITY} FROM identities WHERE id = $1"));
    conn.find(sql.bind(id), read_identity).await
}

/// The identities of several people.
pub async fn identities(conn: &mut Conn, users: &[UserId]) -> Result<Vec<Identity>> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::built(format!("SELECT {IDENTITY} FROM identities WHERE id > 0"));
    sql.and_in("user_id", users.iter().copied());
    sql.push(" ORDER BY id");
    conn.list(sql, read_identity).await
}

/// What a search for people looks at.
fn search_text(p: &Profile) -> String {
    let parts = [
        p.username.as_deref(),
        p.email.as_ref().map(Email::as_str),
        p.first_name.as_deref(),
        p.last_name.as_deref(),
        p.display_name.as_deref(),
        p.phone.as_deref(),
    ];
    let name = format!("{}{}", p.last_name.as_deref().unwrap_or_default(), p.first_name.as_deref().unwrap_or_default());
    let mut text = parts.into_iter().flatten().collect::<Vec<_>>().join("\n");
    text.push('\n');
    text.push_str(&name);
    text.to_lowercase()
}

impl Batch<'_> {
    pub(crate) async fn insert_user(&mut self, u: &User, password: &Sealed) -> Result<()> {
        let p = &u.profile;
        let sql = Sql::new(
            "INSERT INTO users (id, username, username_key, email, password_hash, first_name, last_name, display_name, phone, \
             avatar_url, openid, staff_id, locale, role, status, search_text, created_at, updated_at, last_login_at, \
             login_count, version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
        )
        .bind(u.id)
        .bind(&p.username)
        .bind(p.username.as_ref().map(|n| n.to_lowercase()))
        .bind(p.email.as_ref().map(Email::as_str))
        .bind(&password.0)
        .bind(&p.first_name)
        .bind(&p.last_name)
        .bind(&p.display_name)
        .bind(&p.phone)
        .bind(&p.avatar_url)
        .bind(&p.openid)
        .bind(p.staff_id)
        .bind(&p.locale)
        .bind(u.role.word())
        .bind(u.status.word())
        .bind(search_text(p))
        .bind(u.created_at)
        .bind(u.updated_at)
        .bind(u.last_login_at)
        .bind(u.login_count)
        .bind(u.version);
        self.conn.run(sql).await.map(|_| ())
    }

    pub(crate) async fn set_profile(&mut self, id: UserId, p: &Profile, at: Time) -> Result<()> {
        let sql = Sql::new(
            "UPDATE users SET username = $1, username_key = $2, email = $3, first_name = $4, last_name = $5, \
             display_name = $6, phone = $7, avatar_url = $8, openid = $9, staff_id = $10, locale = $11, search_text = $12, \
             updated_at = $13, version = version + 1 WHERE id = $14",
        )
        .bind(&p.username)
        .bind(p.username.as_ref().map(|n| n.to_lowercase()))
        .bind(p.email.as_ref().map(Email::as_str))
        .bind(&p.first_name)
        .bind(&p.last_name)
        .bind(&p.display_name)
        .bind(&p.phone)
        .bind(&p.avatar_url)
        .bind(&p.openid)
        .bind(p.staff_id)
        .bind(&p.locale)
        .bind(search_text(p))
        .bind(at)
        .bind(id);
        self.conn.run(sql).await.map(|_| ())
    }

    pub(crate) async fn set_role(&mut self, id: UserId, role: Role, at: Time) -> Result<()> {
        let sql = Sql::new("UPDATE users SET role = $1, updated_at = $2, version = version + 1 WHERE id = $3");
        self.conn.run(sql.bind(role.word()).bind(at).bind(id)).await.map(|_| ())
    }

    pub(crate) async fn set_user_status(&mut self, id: UserId, status: UserStatus, at: Time) -> Result<()> {
        let sql = Sql::new("UPDATE users SET status = $1, updated_at = $2, version = version + 1 WHERE id = $3");
        self.conn.run(sql.bind(status.word()).bind(at).bind(id)).await.map(|_| ())
    }

    pub(crate) async fn set_password(&mut self, id: UserId, hash: &Sealed, at: Time) -> Result<()> {
        let sql = Sql::new("UPDATE users SET password_hash = $1, updated_at = $2, version = version + 1 WHERE id = $3");
        self.conn.run(sql.bind(&hash.0).bind(at).bind(id)).await.map(|_| ())
    }

    pub(crate) async fn count_login(&mut self, id: UserId, at: Time) -> Result<()> {
        let sql = Sql::new("UPDATE users SET last_login_at = $1, login_count = login_count + 1 WHERE id = $2");
        self.conn.run(sql.bind(at).bind(id)).await.map(|_| ())
    }

    pub(crate) async fn insert_identity(&mut self, i: &Identity) -> Result<()> {
        let sql = Sql::built(format!("INSERT INTO identities ({IDENTITY}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"))
            .bind(i.id)
            .bind(i.user)
            .bind(i.channel.word())
            .bind(&i.external_id)
            .bind(&i.display)
            .bind(i.verified)
            .bind(&i.proof)
            .bind(i.linked_at);
        self.conn.run(sql).await.map(|_| ())
    }

    pub(crate) async fn delete_identity(&mut self, id: IdentityId) -> Result<()> {
        self.conn.run(Sql::new("DELETE FROM identities WHERE id = $1").bind(id)).await.map(|_| ())
    }
}
