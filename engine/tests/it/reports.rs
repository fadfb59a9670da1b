//! Reports: what a service-level report counts, and how one's own tickets are told.

use crate::house::{actor, caller, each_backend};
use engine::{Levels, ReportBy, ReportQuery};
use model::command::{AddComment, CategoryRef, Command, OpenTicket};
use model::id::{TicketId, UserId};
use model::people::Role;
use model::ticket::{Priority, Status};
use model::time::{HOUR, Zone};

fn levels(total: i64, response_met: i64, resolution_met: i64, both_met: i64) -> Levels {
    Levels { total, response_met, resolution_met, both_met }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_due_yet_counts_as_kept() {
    each_backend(|house| async move {
        let user = house.person("alice", Role::User).await;
        let agent = house.person("bob", Role::Agent).await;
        assert!(house.engine.first_admin(None, None).await.is_ok());
        let open = async |priority, key: &str| {
            let mut open = OpenTicket::new("t", "d");
            open.priority = Some(priority);
            open.category = Some(CategoryRef::Key(key.into()));
            house.engine.open_ticket(&caller(&user), open).await.unwrap().id
        };
        let say = async |id: TicketId| {
            house.engine.add_comment(&caller(&agent), id, AddComment::public("hello")).await.unwrap();
        };
        let resolve = async |id| {
            house.status(id, Status::InProgress).await;
            house.status(id, Status::Resolved).await;
        };
        // Response 1 h, resolution 4 h: kept, answered late, never answered; and one that is not due for long.
        let kept = open(Priority::Urgent, "billing").await;
        let late = open(Priority::Urgent, "billing").await;
        let never = open(Priority::Urgent, "technical").await;
        let patient = open(Priority::Low, "technical").await;
        let gone = open(Priority::Low, "technical").await;
        house.system(Command::DeleteTicket(gone)).await;
        house.assign(late, Some(agent.id)).await;
        say(kept).await;
        resolve(kept).await;
        house.clock.advance(2 * HOUR);
        say(late).await;
        house.clock.advance(3 * HOUR);
        resolve(late).await;

        let today = Zone::default().day_number(house.engine.now());
        let root = actor(UserId(999), Role::Admin);
        let report = async |from_day, to_day, by| {
            house.engine.report(&root, ReportQuery { from_day, to_day, by }).await.unwrap()
        };
        // With and without the timers having noticed.
        for _ in 0..2 {
            let by_priority = report(today, today, ReportBy::Priority).await;
            assert_eq!(by_priority.overall, levels(4, 2, 2, 2));
            assert_eq!(
                by_priority.by_priority,
                [(Priority::Urgent, levels(3, 1, 1, 1)), (Priority::Low, levels(1, 1, 1, 1))]
            );
            assert!(by_priority.by_assignee.is_empty() && by_priority.by_category.is_empty());
            let by_assignee = report(today - 1, today + 1, ReportBy::Assignee).await;
            assert_eq!(by_assignee.by_priority, by_priority.by_priority);
            assert_eq!(by_assignee.by_assignee, [(None, levels(3, 2, 2, 2)), (Some(agent.id), levels(1, 0, 0, 0))]);
            let parts: Vec<Levels> =
                report(today, today, ReportBy::Category).await.by_category.into_iter().map(|(_, part)| part).collect();
            assert_eq!(parts, [levels(2, 1, 1, 1), levels(2, 1, 1, 1)]);
            assert_eq!(report(today + 1, today + 1, ReportBy::Priority).await, engine::Report::default());
            house.engine.fire_timers().await.unwrap();
        }
        // Withdrawn before it was due: nothing was missed.
        house.engine.withdraw_ticket(&caller(&user), patient, None).await.unwrap();
        house.clock.advance(300 * HOUR);
        assert_eq!(report(today, today, ReportBy::Priority).await.overall, levels(4, 2, 2, 2));
        assert_eq!(house.get(never).await.status, Status::New);
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_tickets_are_those_requested_and_those_assigned() {
    each_backend(|house| async move {
        let user = house.person("alice", Role::User).await;
        let agent = house.person("bob", Role::Agent).await;
        let mut ids = Vec::new();
        for n in 0..3 {
            ids.push(house.ticket(&caller(&user), &format!("t{n}")).await.id);
            house.assign(ids[n], Some(agent.id)).await;
        }
        house.ticket(&caller(&agent), "an agent's own").await;
        house.clock.advance(2 * HOUR);
        house.status(ids[0], Status::InProgress).await;
        house.status(ids[1], Status::InProgress).await;
        house.status(ids[1], Status::Resolved).await;
        house.clock.advance(200 * HOUR);
        let told = house.engine.own_statistics(&caller(&user).actor).await.unwrap();
        assert_eq!((told.created.total(), told.assigned.total(), told.overdue_assigned), (3, 0, 0));
        assert_eq!(told.created.average_resolution_minutes, Some(120.0));
        assert_eq!(told.created.of(&[Status::Open, Status::InProgress]), 2);
        let told = house.engine.own_statistics(&caller(&agent).actor).await.unwrap();
        assert_eq!((told.created.total(), told.assigned.total(), told.overdue_assigned), (1, 3, 2));
        assert_eq!(told.assigned.average_resolution_minutes, Some(120.0));
        assert_eq!(told.created.average_resolution_minutes, None);
        house.engine.close().await;
    })
    .await;
}

/// The cube's figures, and the ones that are summed up from a requester's tickets, follow the same rules.
#[tokio::test(flavor = "multi_thread")]
async fn everybodys_figures_are_the_sum_of_each_requesters() {
    each_backend(|house| async move {
        let users = [house.person("alice", Role::User).await, house.person("ann", Role::User).await];
        let agent = house.person("bob", Role::Agent).await;
        let root = house.person("root", Role::Admin).await;
        let mut ids = Vec::new();
        for (n, user) in users.iter().cycle().take(8).enumerate() {
            let mut open = OpenTicket::new(format!("t{n}"), "d");
            open.priority = Some(if n % 3 == 0 { Priority::Urgent } else { Priority::High });
            ids.push(house.engine.open_ticket(&caller(user), open).await.unwrap().id);
            if n % 2 == 0 {
                house.assign(ids[n], Some(agent.id)).await;
            }
        }
        house.clock.advance(90_500);
        house.engine.add_comment(&caller(&agent), ids[0], AddComment::public("hello")).await.unwrap();
        house.status(ids[2], Status::InProgress).await;
        house.status(ids[2], Status::Resolved).await;
        // Marked by the timer; then some have a later due time, and others become late before the timer looks again.
        house.clock.advance(5 * HOUR);
        house.engine.fire_timers().await.unwrap();
        house.engine.set_priority(&caller(&root), ids[3], Priority::Low).await.unwrap();
        house.engine.delete_ticket(&caller(&root), ids[7]).await.unwrap();
        let compare = async || {
            let of = async |person| {
                let reader = caller(person).actor;
                house.engine.statistics(&reader, engine::StatisticsQuery::default()).await.unwrap()
            };
            let (all, one, two) = (of(&root).await, of(&users[0]).await, of(&users[1]).await);
            let sum = |count: fn(&engine::Statistics) -> i64| assert_eq!(count(&all), count(&one) + count(&two));
            sum(|s| s.total);
            sum(|s| s.unassigned);
            sum(|s| s.escalated);
            sum(|s| s.breached);
            sum(|s| s.responded);
            sum(|s| s.response_met);
            sum(|s| s.resolved);
            sum(|s| s.resolution_met);
            sum(|s| s.sla_overdue);
            sum(|s| s.by_status.iter().map(|(status, n)| status.word().len() as i64 * n).sum());
            sum(|s| s.by_priority.iter().map(|(priority, n)| (priority.rank() + 1) * n).sum());
            sum(|s| (s.average_response_minutes.unwrap_or(0.0) * s.responded as f64).round() as i64);
            sum(|s| (s.average_resolution_minutes.unwrap_or(0.0) * s.resolved as f64).round() as i64);
            all
        };
        let now = compare().await;
        assert_eq!((now.total, now.sla_overdue, now.responded), (7, 2, 1));
        assert_eq!(now.average_response_minutes, Some(1.0));
        house.clock.advance(30 * HOUR);
        assert_eq!(compare().await.sla_overdue, 5);
        house.engine.fire_timers().await.unwrap();
        assert_eq!(compare().await.sla_overdue, 5);
        house.clock.advance(120 * HOUR);
        assert_eq!(compare().await.sla_overdue, 6);
        house.engine.close().await;
    })
    .await;
}
