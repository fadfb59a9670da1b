//! Sessions, refresh tokens, API tokens, failed sign-ins. Tokens stand here as SHA-256 only.

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql};
use model::actor::Scope;
use model::event::Recorded;
use model::id::{ApiTokenId, SessionId, UserId};
use model::session::{ApiToken, Refresh, Sealed, Session, device_of};
use model::{Result, Time};

const COLUMNS: &str = "id, user_id, method, ip, user_agent, created_at, last_used_at, expires_at, ended_at, end_reason";

fn read(c: &mut Columns<'_>) -> Result<Session> {
    Ok(Session {
        id: SessionId(c.int()?),
        user: UserId(c.int()?),
        method: c.text()?,
        ip: c.text_or()?,
        user_agent: c.text_or()?,
        created_at: c.time()?,
        last_used_at: c.time()?,
        expires_at: c.time()?,
        ended_at: c.time_or()?,
        end_reason: c.text_or()?,
    })
}

pub async fn by_id(conn: &mut Conn, id: SessionId) -> Result<Option<Session>> {
    let sql = Sql::built(format!("SELECT {COLUMNS} FROM sessions WHERE id = $1"));
    conn.find(sql.bind(id), read).await
}

/// A person's sessions, newest first.
pub async fn of_user(conn: &mut Conn, user: UserId, limit: usize) -> Result<Vec<Session>> {
    let sql = Sql::built(format!(
        "SELECT {COLUMNS} FROM sessions WHERE user_id = $1 ORDER BY id DESC LIMIT CAST($2 AS BIGINT)"
    ));
    conn.list(sql.bind(user).bind(limit as i64), read).await
}

/// A person's sessions that have not ended, as far as the rows say.
pub async fn open_of_user(conn: &mut Conn, user: UserId) -> Result<Vec<Session>> {
    let sql = Sql::built(format!("SELECT {COLUMNS} FROM sessions WHERE user_id = $1 AND ended_at IS NULL ORDER BY id"));
    conn.list(sql.bind(user), read).await
}

/// The session that a refresh token belongs to, and whether the token is its current one.
pub async fn by_refresh(conn: &mut Conn, hash: &str) -> Result<(Option<Session>, Refresh)> {
    let sql = Sql::built(format!("SELECT {COLUMNS} FROM sessions WHERE refresh_hash = $1"));
    if let Some(session) = conn.find(sql.bind(hash), read).await? {
        return Ok((Some(session), Refresh::Current));
    }
    let sql = Sql::new("SELECT session_id FROM used_refresh_tokens WHERE hash = $1");
    match conn.find(sql.bind(hash), |c| c.int()).await? {
        Some(id) => Ok((by_id(conn, SessionId(id)).await?, Refresh::Used)),
        None => Ok((None, Refresh::Unknown)),
    }
}

const TOKEN: &str = "id, user_id, name, scopes, created_at, expires_at, revoked_at";

fn read_token(c: &mut Columns<'_>) -> Result<ApiToken> {
    Ok(ApiToken {
        id: ApiTokenId(c.int()?),
        user: UserId(c.int()?),
        name: c.text()?,
        scopes: c.text()?.split(',').filter_map(Scope::parse).collect(),
        created_at: c.time()?,
        expires_at: c.time_or()?,
        revoked_at: c.time_or()?,
    })
}

/// An API token by the SHA-256 of its secret.
pub async fn token_by_hash(conn: &mut Conn, hash: &str) -> Result<Option<ApiToken>> {
    let sql = Sql::built(format!("SELECT {TOKEN} FROM api_tokens WHERE hash = $1"));
    conn.find(sql.bind(hash), read_token).await
}

pub async fn token_by_id(conn: &mut Conn, id: ApiTokenId) -> Result<Option<ApiToken>> {
    let sql = Sql::built(format!("SELECT {TOKEN} FROM api_tokens WHERE id = $1"));
    conn.find(sql.bind(id), read_token).await
}

pub async fn tokens_of_user(conn: &mut Conn, user: UserId) -> Result<Vec<ApiToken>> {
    let sql = Sql::built(format!("SELECT {TOKEN} FROM api_tokens WHERE user_id = $1 ORDER BY id DESC LIMIT 500"));
    conn.list(sql.bind(user), read_token).await
}

impl Batch<'_> {
    pub(crate) async fn insert_session(&mut self, s: &Session, refresh: &Sealed) -> Result<()> {
        let sql = Sql::built(format!(
            "INSERT INTO sessions ({COLUMNS}, refresh_hash, device) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        ))
        .bind(s.id)
        .bind(s.user)
        .bind(&s.method)
        .bind(&s.ip)
        .bind(&s.user_agent)
        .bind(s.created_at)
        .bind(s.last_used_at)
        .bind(s.expires_at)
        .bind(s.ended_at)
        .bind(&s.end_reason)
        .bind(refresh.0.clone().unwrap_or_default())
        .bind(device_of(s.user_agent.as_deref()).kind);
        self.conn.run(sql).await.map(|_| ())
    }

    pub(crate) async fn refresh_session(
        &mut self,
        id: SessionId,
        refresh: &Sealed,
        expires_at: Time,
        at: Time,
    ) -> Result<()> {
        let sql = Sql::new(
            "INSERT INTO used_refresh_tokens (hash, session_id, used_at) SELECT refresh_hash, id, $1 FROM sessions WHERE id = $2",
        );
        self.conn.run(sql.bind(at).bind(id)).await?;
        let sql = Sql::new("UPDATE sessions SET refresh_hash = $1, expires_at = $2, last_used_at = $3 WHERE id = $4");
        let hash = refresh.0.clone().unwrap_or_default();
        self.conn.run(sql.bind(hash).bind(expires_at).bind(at).bind(id)).await.map(|_| ())
    }

    pub(crate) async fn end_session(&mut self, id: SessionId, reason: &str, at: Time) -> Result<()> {
        let sql = Sql::new("UPDATE sessions SET ended_at = $1, end_reason = $2 WHERE id = $3");
        self.conn.run(sql.bind(at).bind(reason).bind(id)).await.map(|_| ())
    }

    pub(crate) async fn insert_token(&mut self, t: &ApiToken, secret: &Sealed) -> Result<()> {
        let scopes = t.scopes.iter().map(|s| s.word()).collect::<Vec<_>>().join(",");
        let sql = Sql::built(format!("INSERT INTO api_tokens ({TOKEN}, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"))
            .bind(t.id)
            .bind(t.user)
            .bind(&t.name)
            .bind(scopes)
            .bind(t.created_at)
            .bind(t.expires_at)
            .bind(t.revoked_at)
            .bind(secret.0.clone().unwrap_or_default());
        self.conn.run(sql).await.map(|_| ())
    }

    pub(crate) async fn revoke_token(&mut self, id: ApiTokenId, at: Time) -> Result<()> {
        let sql = Sql::new("UPDATE api_tokens SET revoked_at = $1 WHERE id = $2");
        self.conn.run(sql.bind(at).bind(id)).await.map(|_| ())
    }

    pub(crate) async fn insert_failed_sign_in(
        &mut self,
        recorded: &Recorded,
        user: UserId,
        method: &str,
        (ip, agent): (Option<&str>, Option<&str>),
    ) -> Result<()> {
        let sql = Sql::new(
            "INSERT INTO failed_sign_ins (seq, user_id, at, ip, user_agent, method, device) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        );
        let sql = sql.bind(recorded.seq).bind(user).bind(recorded.at).bind(ip).bind(agent).bind(method);
        self.conn.run(sql.bind(device_of(agent).kind)).await.map(|_| ())
    }

    /// Forgets what can't be presented any more: used refresh tokens and answers to idempotency keys before an instant.
    pub async fn forget_old(&mut self, tokens_before: Time, keys_before: Time) -> Result<u64> {
        let gone =
            self.conn.run(Sql::new("DELETE FROM used_refresh_tokens WHERE used_at < $1").bind(tokens_before)).await?;
        Ok(gone + self.conn.run(Sql::new("DELETE FROM idempotency WHERE at < $1").bind(keys_before)).await?)
    }
}
