//! One ticket's life, from opening to closing, and what every reader sees of it.

use crate::house::{caller, each_backend};
use model::command::{AddComment, AssignTicket, ChangeStatus, Edit, OpenTicket};
use model::people::Role;
use model::query::{Page, Sort, TicketFilter};
use model::ticket::{Resolution, Status};

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_opened_answered_resolved_and_closed() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let user = house.person("alice", Role::User).await;
        let agent = house.person("bob", Role::Agent).await;
        let ticket =
            engine.open_ticket(&caller(&user), OpenTicket::new("无法登录", "密码错误 please help")).await.unwrap();
        assert_eq!(ticket.id.0, 100_001);
        assert_eq!(ticket.numbers.yearly, "TK-2026-001");
        assert_eq!(ticket.status, Status::New);
        house.clock.advance(15 * 60_000);
        let assign = AssignTicket { assignee: Some(agent.id), department: Edit::Keep, reason: None };
        let ticket = engine.assign_ticket(&caller(&agent), ticket.id, assign).await.unwrap();
        assert_eq!(ticket.status, Status::Open);
        engine.add_comment(&caller(&agent), ticket.id, AddComment::public("looking into it")).await.unwrap();
        for status in [Status::InProgress, Status::Resolved] {
            let change = ChangeStatus { status, resolution: None, reason: None };
            engine.change_status(&caller(&agent), ticket.id, change).await.unwrap();
        }
        let ticket = engine.close_ticket(&caller(&user), ticket.id, "thanks".into()).await.unwrap();
        assert_eq!((ticket.status, ticket.resolution), (Status::Closed, Resolution::Accepted));
        assert_eq!(ticket.response_minutes(), Some(15));
        let filter = TicketFilter { search: Some("登录".into()), ..TicketFilter::default() };
        for text in ["登录", "help", "looking", "TK-2026-001", "help looking"] {
            let filter = TicketFilter { search: Some(text.into()), ..filter.clone() };
            let sort = Sort { by: model::query::SortBy::Relevance, ..Sort::default() };
            let slice = engine.tickets(&caller(&user).actor, &filter, sort, &Page::first(20)).await.unwrap();
            assert_eq!(slice.items.len(), 1, "{text}");
            assert_eq!(engine.count_tickets(&caller(&agent).actor, &filter).await.unwrap(), 1, "{text}");
        }
        assert_eq!(engine.count_tickets(&caller(&agent).actor, &TicketFilter::default()).await.unwrap(), 1);
        let history = engine.history(&caller(&user).actor, ticket.id, None, 50).await.unwrap();
        let words: Vec<_> = history.iter().rev().map(|r| r.event.word()).collect();
        assert_eq!(
            words,
            [
                "ticket_opened",
                "ticket_assigned",
                "status_changed",
                "comment_added",
                "status_changed",
                "status_changed",
                "status_changed"
            ]
        );
        let statistics = engine.statistics(&caller(&user).actor, engine::StatisticsQuery::default()).await.unwrap();
        assert_eq!((statistics.total, statistics.resolved), (1, 1));
        engine.close().await;
    })
    .await;
}
