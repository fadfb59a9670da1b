//! What every query answers to everyone.

use super::things::*;
use super::*;

/// What queries answer; an empty list counts as not found.
pub(super) const QUERIES: &[(&str, &str)] = &[
    ("me", "UOOOOOOOO"),
    ("ticket", "UONOONOOO"),
    ("ticket_by_number", "UONOONOOO"),
    ("ticket_by_no_number", "UNNNNNNNN"),
    ("deleted ticket", "UNNNNNNOO"),
    ("tickets_by_ids", "NONOONOOO"),
    ("tickets", "UONOONOOO"),
    ("deleted tickets", "UFFFFFFOO"),
    ("count_tickets", "UONOONOOO"),
    ("comments", "UONOONOOO"),
    ("comments_of_tickets", "NONOONOOO"),
    ("comments_by_ids", "NONOONOOO"),
    ("comment_versions", "NONOONOOO"),
    ("history", "UONOONOOO"),
    ("users", "UFFFFFOOO"),
    ("users who are staff", "UFFOOOOOO"),
    ("count_users", "UFFFFFOOO"),
    ("users_by_ids", "UOOOOOOOO"),
    ("categories", "UOOOOOOOO"),
    ("tags", "UFFOOOOOO"),
    ("settings", "UFFFFFOOO"),
    ("configs", "UFFFFFOOO"),
    ("accounts_numbered", "UFFFFFOOO"),
    ("account", "UFFFFFOOO"),
    ("audit_numbered", "UFFFFFFOO"),
    ("notifications_numbered", "UOOOOOOOO"),
    ("deliveries", "UFFFFFOOO"),
    ("inbound", "UFFFFFOOO"),
    ("inbound_by_id", "UFFFFFOOO"),
    ("inbound_raw", "UFFFFFOOO"),
    ("inbound_head", "UFFFFFOOO"),
    ("notifications", "UOOOOOOOO"),
    ("unread_count", "UOOOOOOOO"),
    ("sessions", "UONNNNNOO"),
    ("api_tokens", "UONNNNNOO"),
    ("second_factor", "UONNNNNOO"),
    ("trusted_devices", "UONNNNNOO"),
    ("sign_ins", "UONNNNNOO"),
    ("identities", "UONOOOOOO"),
    ("statistics", "UOOOOOOOO"),
    ("own_statistics", "UOOOOOOOO"),
    ("report", "UFFFFFOOO"),
    ("detail", "UONOONOOO"),
    ("deleted detail", "UNNNNNNNN"),
    ("tickets_numbered", "UONOONOOO"),
    ("tickets of somebody by name", "UOFFFFOOO"),
    ("comments_numbered", "UONOONOOO"),
    ("whole", "UONOONOOO"),
    ("deleted whole", "UNNNNNNNN"),
    ("descriptions", "NONOONOOO"),
    ("history_numbered", "UONOONOOO"),
    ("desk_figures", "UOOOOOOOO"),
    ("events", "UOOOOOOOO"),
    ("notification_stream", "UOOOOOOOO"),
    ("attachment", "UONOONOOO"),
    ("files_of_ticket", "UONOONOOO"),
    ("files_numbered", "UONOONOOO"),
    ("download", "UONOONOOO"),
    ("webhooks", "UFFFFFFOO"),
    ("webhook", "UFFFFFFOO"),
    ("webhook_deliveries", "UFFFFFFOO"),
    ("delivery_attempts", "UFFFFFOOO"),
    ("preferences", "UOOOOOOOO"),
    ("email_settings", "UFFFFFFOO"),
    ("quick_replies", "UFFOOOOOO"),
    ("quick_reply", "UFFOOOOOO"),
    ("templates", "UFFOOOOOO"),
    ("template", "UFFOOOOOO"),
    ("rules", "UFFOOOOOO"),
    ("rule", "UFFOOOOOO"),
    ("rule_figures", "UFFOOOOOO"),
    ("rule_runs", "UFFOOOOOO"),
    ("cleanup_runs", "UFFFFFFOO"),
    ("cleanup_figures", "UFFFFFFOO"),
    ("cleanup_config", "UFFFFFFOO"),
    ("system_figures", "UFFFFFFOO"),
    ("may_read_figures", "UFFFFFFOO"),
    ("own_figures", "UOOOOOOOO"),
    ("security_policy", "UFFFFFOOO"),
    ("remembered", "UFFFFFOOO"),
    ("read_anew", "UFFFFFFOF"),
    ("sla_configs", "UFFOOOOOO"),
    ("sla_config", "UFFOOOOOO"),
];

pub(super) fn some<T>(list: Vec<T>) -> Result<(), Error> {
    if list.is_empty() { Err(Error::not_found("any")) } else { Ok(()) }
}

pub(super) async fn query(name: &str, e: &engine::Engine, a: &Actor, t: &Things) -> Result<(), Error> {
    let mine = TicketFilter { ids: vec![t.ticket], ..TicketFilter::default() };
    let gone = TicketFilter { ids: vec![t.deleted], deleted: true, ..TicketFilter::default() };
    let page = Page::first(10);
    let part = engine::Part::oldest(true, 10);
    let numbers = engine::Numbers { skip: 0, limit: 10 };
    let staff = UserFilter { role: vec![Role::Agent], ..UserFilter::default() };
    match name {
        "me" => e.me(a).await.map(drop),
        "ticket" => e.ticket(a, t.ticket).await.map(drop),
        "ticket_by_number" => e.ticket_by_number(a, &t.number).await.map(drop),
        "ticket_by_no_number" => e.ticket_by_number(a, "nothing").await.map(drop),
        "deleted ticket" => e.ticket(a, t.deleted).await.map(drop),
        "tickets_by_ids" => some(e.tickets_by_ids(a, &[t.ticket]).await?),
        "tickets" => some(e.tickets(a, &mine, Sort::default(), &page).await?.items),
        "deleted tickets" => some(e.tickets(a, &gone, Sort::default(), &page).await?.items),
        "count_tickets" => some(vec![(); e.count_tickets(a, &mine).await? as usize]),
        "comments" => some(e.comments(a, t.ticket, part).await?),
        "comments_of_tickets" => some(e.comments_of_tickets(a, &[t.ticket], 5).await?),
        "comments_by_ids" => some(e.comments_by_ids(a, &[t.comment]).await?),
        "comment_versions" => {
            e.edit_comment(&Caller::system("test"), t.comment, "edited".into()).await.unwrap();
            some(e.comment_versions(a, &[t.comment]).await?)
        }
        "history" => some(e.history(a, t.ticket, None, 10).await?),
        "users" => some(e.users(a, &UserFilter::default(), &page).await?.items),
        "users who are staff" => some(e.users(a, &staff, &page).await?.items),
        "count_users" => e.count_users(a, &UserFilter::default()).await.map(drop),
        "users_by_ids" => some(e.users_by_ids(a, &[t.alice]).await?),
        "categories" => e.categories(a).await.map(drop),
        "tags" => e.tags(a, 10).await.map(drop),
        "settings" => e.settings(a).await.map(drop),
        "configs" => e.configs(a).await.map(drop),
        "cleanup_runs" => e.cleanup_runs(a, None, 5).await.map(drop),
        "cleanup_figures" => e.cleanup_figures(a).await.map(drop),
        "cleanup_config" => e.cleanup_config(a).map(drop),
        "may_read_figures" => e.may_read_figures(a),
        "system_figures" => e.system_figures(a, None).await.map(drop),
        "own_figures" => e.own_figures(a).await.map(drop),
        "security_policy" => e.security_policy(a).map(drop),
        "remembered" => e.remembered(a).map(drop),
        "read_anew" => e.read_anew(a).await.map(drop),
        "accounts_numbered" => {
            some(e.accounts_numbered(a, &UserFilter::default(), UserSort::default(), numbers).await?.items)
        }
        "account" => e.account(a, t.alice).await.map(drop),
        "audit_numbered" => e.audit_numbered(a, engine::AuditFilter::default(), numbers).await.map(drop),
        "notifications_numbered" => e.notifications_numbered(a, None, numbers).await.map(drop),
        "deliveries" => e.deliveries(a, None, None, &page).await.map(drop),
        "inbound" => some(e.inbound(a, None, &page).await?.items),
        "inbound_by_id" => e.inbound_by_id(a, t.inbound).await.map(drop),
        "inbound_head" => e.inbound_head(a, t.inbound, 10).await.map(drop),
        "inbound_raw" => e.inbound_raw(a, t.inbound).await.map(drop),
        "notifications" => e.notifications(a, None, &page).await.map(drop),
        "unread_count" => e.unread_count(a).await.map(drop),
        "sessions" => some(e.sessions(a, t.alice).await?),
        "api_tokens" => some(e.api_tokens(a, t.alice).await?),
        "second_factor" => e.second_factor(a, t.alice).await.map(drop),
        "trusted_devices" => some(e.trusted_devices(a, t.alice).await?),
        "sign_ins" => some(e.sign_ins(a, t.alice, &SignInFilter::default(), numbers).await?.items),
        "identities" => some(e.identities(a, &[t.alice]).await?),
        "statistics" => e.statistics(a, engine::StatisticsQuery::default()).await.map(drop),
        "own_statistics" => e.own_statistics(a).await.map(drop),
        "report" => {
            e.report(a, engine::ReportQuery { from_day: 0, to_day: 1, by: engine::ReportBy::Assignee }).await.map(drop)
        }
        "detail" => e.detail(a, t.ticket).await.map(drop),
        "deleted detail" => e.detail(a, t.deleted).await.map(drop),
        "tickets_numbered" => some(e.tickets_numbered(a, &mine, Sort::default(), numbers).await?.items),
        "tickets of somebody by name" => {
            let filter = TicketFilter { creator: Some(t.alice), ..TicketFilter::default() };
            e.tickets_numbered(a, &filter, Sort::default(), numbers).await.map(drop)
        }
        "comments_numbered" => {
            let query = engine::CommentQuery { internal: true, newest_first: true, part: numbers };
            some(e.comments_numbered(a, t.ticket, query).await?.items)
        }
        "whole" => e.whole(a, t.ticket, 10).await.map(drop),
        "deleted whole" => e.whole(a, t.deleted, 10).await.map(drop),
        "descriptions" => {
            let known = e.tickets_by_ids(&Actor::System("test"), &[t.ticket]).await?;
            some(e.descriptions(a, &known).await?)
        }
        "history_numbered" => some(e.history_numbered(a, t.ticket, numbers, |_| true).await?.items),
        "desk_figures" => e.desk_figures(a, None).await.map(drop),
        "events" => e.events(a, None, EventFilter::default()).await.map(drop),
        "notification_stream" => e.notification_stream(a).await.map(drop),
        "files_numbered" => e.files_numbered(a, t.ticket, numbers).await.map(drop),
        "files_of_ticket" => e.files_of_ticket(a, t.ticket).await.map(drop),
        "attachment" => e.attachment(a, t.file).await.map(drop),
        "download" => e.download(a, t.file).await.map(drop),
        "webhooks" => e.webhooks(a).await.map(drop),
        "webhook" => e.webhook(a, t.webhook).await.map(drop),
        "webhook_deliveries" => e.webhook_deliveries(a, t.webhook, None, &page).await.map(drop),
        "preferences" => e.preferences(a).await.map(drop),
        "email_settings" => e.email_settings(a).await.map(drop),
        "sla_configs" => e.sla_configs(a).await.map(drop),
        "sla_config" => e.sla_config(a, t.sla).await.map(drop),
        "delivery_attempts" => e.delivery_attempts(a, &[DeliveryId(1)]).await.map(drop),
        "quick_replies" => some(e.quick_replies(a, QuickReplyFilter::default(), &page).await?.items),
        "quick_reply" => e.quick_reply(a, t.reply).await.map(drop),
        "templates" => some(e.templates(a, &TemplateFilter::default()).await?),
        "template" => e.template(a, t.template).await.map(drop),
        "rules" => some(e.rules(a, &RuleFilter::default()).await?),
        "rule" => e.rule(a, t.rule).await.map(drop),
        "rule_figures" => e.rule_figures(a, &[t.rule]).await.map(drop),
        "rule_runs" => e.rule_runs(a, RunFilter::default(), &page).await.map(drop),
        other => panic!("{other}"),
    }
}
