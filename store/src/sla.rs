//! SLA configurations as rows. There are few, and whoever needs one needs them all.

use crate::batch::Batch;
use crate::db::{Columns, Conn, Sql, Value};
use model::id::{CategoryId, SlaConfigId};
use model::sla::{SlaConfig, SlaForm, WorkingHours};
use model::ticket::Priority;
use model::{Error, Result, Time};

const NAMES: &str = "id, name, description, is_default, active, priority, kind, category_id, response_minutes, \
                     resolution_minutes, hours, rules, created_at, updated_at";

fn read(c: &mut Columns<'_>) -> Result<SlaConfig> {
    let id = SlaConfigId(c.int()?);
    let form = SlaForm {
        name: c.text()?,
        description: c.text_or()?,
        default: c.bool()?,
        active: c.bool()?,
        priority: c.int_or()?.map(priority).transpose()?,
        kind: c.text_or()?,
        category: c.int_or()?.map(CategoryId),
        response_minutes: c.int()?,
        resolution_minutes: c.int()?,
        hours: c.text_or()?.as_deref().map(hours).transpose()?,
        rules: c.json()?,
    };
    Ok(SlaConfig { id, form, created_at: c.time()?, updated_at: c.time()? })
}

fn priority(rank: i64) -> Result<Priority> {
    Priority::of_rank(rank).ok_or_else(|| Error::internal("the store holds an unknown priority"))
}

fn hours(text: &str) -> Result<WorkingHours> {
    serde_json::from_str(text).map_err(|e| Error::internal(format!("the store holds unreadable JSON: {e}")))
}

fn json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(Error::internal)
}

/// All of them, in the order in which they were made.
pub async fn all(conn: &mut Conn) -> Result<Vec<SlaConfig>> {
    conn.list(Sql::built(format!("SELECT {NAMES} FROM sla_configs ORDER BY id LIMIT 1000")), read).await
}

/// The columns of a form, in the order of [`NAMES`].
fn values(form: &SlaForm) -> Result<[Value; 11]> {
    Ok([
        form.name.as_str().into(),
        (&form.description).into(),
        form.default.into(),
        form.active.into(),
        form.priority.map(Priority::rank).into(),
        (&form.kind).into(),
        form.category.into(),
        form.response_minutes.into(),
        form.resolution_minutes.into(),
        form.hours.map(|hours| json(&hours)).transpose()?.into(),
        json(&form.rules)?.into(),
    ])
}

impl Batch<'_> {
    pub(crate) async fn insert_sla_config(&mut self, config: &SlaConfig) -> Result<()> {
        let times = [config.created_at.into(), config.updated_at.into()];
        let row = std::iter::once(config.id.into()).chain(values(&config.form)?).chain(times).collect();
        crate::batch::insert(&mut self.conn, "sla_configs", NAMES, vec![row]).await
    }

    pub(crate) async fn set_sla_config(&mut self, id: SlaConfigId, form: &SlaForm, at: Time) -> Result<()> {
        let mut sql = Sql::built("UPDATE sla_configs SET updated_at = ".to_owned());
        sql.push_arg(at);
        for (name, value) in NAMES.split(", ").skip(1).zip(values(form)?) {
            sql.push(", ").push(name).push(" = ").push_arg(value);
        }
        sql.push(" WHERE id = ").push_arg(id);
        self.conn.run(sql).await.map(|_| ())
    }

    /// The tickets that it was agreed on for keep their agreements.
    pub(crate) async fn delete_sla_config(&mut self, id: SlaConfigId) -> Result<()> {
        self.conn.run(Sql::new("DELETE FROM sla_configs WHERE id = $1").bind(id)).await.map(|_| ())
    }
}
