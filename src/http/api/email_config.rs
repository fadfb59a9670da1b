//! `/api/admin/email-config`: by which server mail is sent, and a test mail (获取邮件配置, 测试邮件连接).
//!
//! The document only reads it; PUT takes the same names. What is set counts at once, and the password is never answered.

use super::people::moment;
use super::wire::{self, Envelope, Refusal, Reply};
use super::{Answer, Api};
use crate::http::App;
use crate::http::dialect::{Body, Caller};
use axum::extract::State;
use engine::{EmailEdit, EmailSettings};
use model::Result;
use model::access::Operation;
use model::command::Edit;
use model::error::Problems;
use model::mail::{EmailConfig, EmailTest, Security};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(read, edit)).routes(routes!(test))
}

/// Read how mail is sent
///
/// The password is never shown (获取邮件配置).
#[utoipa::path(get, path = "/admin/email-config", operation_id = "apiEmailConfig", tag = "api admin",
    responses((status = 200, description = "How mail is sent", body = Envelope<wire::EmailConfig>)),
)]
async fn read(app: Server, by: Caller<Api>) -> Answer<wire::EmailConfig> {
    Ok(Reply::done("", shown(app.engine.email_settings(&by.actor).await?)))
}

/// Change how mail is sent
///
/// What is left out stays; it counts at once (更新邮件配置).
#[utoipa::path(put, path = "/admin/email-config", operation_id = "apiEditEmailConfig", tag = "api admin",
    request_body = Option<wire::EmailConfigEdit>,
    responses(
        (status = 200, description = "How mail is sent now", body = Envelope<wire::EmailConfig>),
        (status = 409, description = "CONFLICT: the Idempotency-Key was used for something else", body = Refusal),
    ),
)]
async fn edit(
    app: Server,
    by: Caller<Api>,
    Body(form, ..): Body<wire::EmailConfigEdit, Api>,
) -> Answer<wire::EmailConfig> {
    by.may(Operation::ManageEmail)?;
    let settings = app.engine.edit_email_settings(&by, read_edit(form)?).await?;
    Ok(Reply::done("邮件配置更新成功", shown(settings)))
}

/// Send a test mail
///
/// At once, and once. That it could not be sent is the answer, not an error (测试邮件连接).
#[utoipa::path(post, path = "/admin/email-config/test", operation_id = "apiTestEmailConfig", tag = "api admin",
    request_body = wire::EmailTestForm,
    responses(
        (status = 200, description = "How it went", body = Envelope<wire::EmailTest>),
        (status = 409, description = "CONFLICT: the Idempotency-Key was used for something else", body = Refusal),
    ),
)]
async fn test(app: Server, by: Caller<Api>, Body(form, ..): Body<wire::EmailTestForm, Api>) -> Answer<wire::EmailTest> {
    by.may(Operation::ManageEmail)?;
    let mut problems = Problems::default();
    let to = form.test_email.required("test_email", &mut problems).unwrap_or_default();
    problems.finish()?;
    Ok(Reply::done("邮件测试完成", told(app.engine.test_email(&by, &to).await?)))
}

fn read_edit(form: wire::EmailConfigEdit) -> Result<EmailEdit> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let port = form.smtp_port.optional("smtp_port", p).map(u16::try_from);
    if matches!(port, Some(Err(_))) {
        p.add("smtp_port", "must be 1 to 65535");
    }
    let security = form.smtp_tls.optional("smtp_tls", p);
    let security = security.map(|word| {
        let known = Security::parse(&word);
        if known.is_none() {
            p.add("smtp_tls", "must be none, starttls or tls");
        }
        known
    });
    let config = EmailConfig {
        host: form.smtp_host.optional("smtp_host", p),
        port: port.and_then(std::result::Result::ok),
        username: form.smtp_username.optional("smtp_username", p),
        from: form.smtp_from.optional("smtp_from", p),
        from_name: form.smtp_from_name.optional("smtp_from_name", p),
        security: security.flatten(),
        enabled: form.is_enabled.optional("is_enabled", p),
        has_password: None,
    };
    let password = Edit::some(form.smtp_password.optional("smtp_password", p));
    // What can be seen to be wrong here and what the rule sees is told at once.
    p.take(model::mail::check(config.clone()))?;
    problems.finish()?;
    Ok(EmailEdit { config, password })
}

fn shown(settings: EmailSettings) -> wire::EmailConfig {
    let EmailSettings { smtp, test } = settings;
    wire::EmailConfig {
        is_enabled: smtp.enabled && !smtp.host.is_empty(),
        smtp_host: smtp.host,
        smtp_port: smtp.port,
        smtp_username: smtp.username,
        smtp_from: smtp.from,
        smtp_from_name: smtp.from_name,
        smtp_tls: match smtp.security {
            Security::None => wire::SmtpTls::None,
            Security::StartTls => wire::SmtpTls::Starttls,
            Security::Tls => wire::SmtpTls::Tls,
        },
        has_password: smtp.has_password,
        last_test_at: test.as_ref().map(|test| moment(test.at)),
        test_status: test.as_ref().map(|test| status(test.ok)),
        test_error: test.and_then(|test| test.why),
    }
}

fn status(ok: bool) -> wire::TestStatus {
    if ok { wire::TestStatus::Success } else { wire::TestStatus::Failed }
}

fn told(test: EmailTest) -> wire::EmailTest {
    let message = match (test.ok, test.why) {
        (true, _) => "邮件发送成功".to_owned(),
        (false, Some(why)) => format!("邮件发送失败：{why}"),
        (false, None) => "邮件发送失败".to_owned(),
    };
    wire::EmailTest { status: status(test.ok), message, test_time: moment(test.at) }
}
