//! Lists: every filter and every order, page by page, and counts that equal what the lists show.

use crate::house::{Dice, House, actor, caller, each_backend};
use model::command::*;
use model::id::{CategoryId, TicketId};
use model::people::{Role, User};
use model::query::{Direction, Page, Sort, SortBy, TicketFilter};
use model::ticket::{Priority, Source, Status, Ticket};
use model::time::HOUR;
use model::{Actor, Time};
use std::collections::BTreeSet;
use std::sync::Arc;

const MANY: usize = 57;

struct Cast {
    users: Vec<User>,
    agents: Vec<User>,
}

/// 57 tickets that differ in everything, with ties and without due dates among them.
async fn fill(house: &House) -> Cast {
    let mut users = vec![house.person("alice", Role::User).await, house.person("mallory", Role::User).await];
    let agents = vec![house.person("bob", Role::Agent).await, house.person("carol", Role::Agent).await];
    users.push(agents[0].clone());
    let system = engine::Caller::system("test");
    for key in ["red", "blue"] {
        let form = model::category::CategoryForm {
            key: key.into(),
            name: key.into(),
            description: None,
            color: None,
            icon: None,
            parent: None,
            sla_hours: None,
            auto_assignee: None,
            active: true,
            sort_order: 0,
        };
        house.engine.create_category(&system, form).await.unwrap();
    }
    let mut dice = Dice(42);
    for n in 0..MANY {
        if dice.below(3) == 0 {
            house.clock.advance(HOUR);
        }
        let mut open = OpenTicket::new(format!("ticket {n}"), if n % 5 == 0 { "苹果" } else { "pears" });
        open.requester = Some(users[dice.below(3)].id);
        open.assignee = [None, Some(agents[0].id), Some(agents[1].id)][dice.below(3)];
        open.priority = Some(Priority::ALL[dice.below(5)]);
        open.source = Source::ALL[dice.below(6)];
        open.kind = Some(["bug", "wish"][dice.below(2)].into());
        open.category = [None, Some(CategoryId(1)), Some(CategoryId(2))][dice.below(3)].map(CategoryRef::Id);
        open.department = [None, Some("east")][dice.below(2)].map(str::to_owned);
        open.tags = ["a", "b"][..dice.below(3)].iter().map(|t| (*t).to_owned()).collect();
        open.due_at = (dice.below(3) > 0).then(|| house.engine.now().plus(HOUR * (dice.below(3) as i64 - 1)));
        let id = house.engine.open_ticket(&system, open).await.unwrap().id;
        for status in
            [&[][..], &[Status::InProgress], &[Status::InProgress, Status::Resolved], &[Status::Closed]][dice.below(4)]
        {
            house.status(id, *status).await;
        }
        match dice.below(9) {
            0 => drop(house.system(Command::DeleteTicket(id)).await),
            1 => drop(house.system(Command::EscalateTicket(id, EscalateTicket::default())).await),
            2 if !house.get(id).await.is_active() => drop(house.system(Command::ReopenTicket(id, "x".into())).await),
            _ => {}
        }
    }
    house.clock.advance(4 * HOUR);
    house.engine.fire_timers().await.unwrap();
    Cast { users, agents }
}

fn filters(now: Time, cast: &Cast) -> Vec<TicketFilter> {
    let plain = TicketFilter::default;
    vec![
        plain(),
        TicketFilter { ids: (100_001..100_020).map(TicketId).collect(), ..plain() },
        TicketFilter { status: vec![Status::New], ..plain() },
        TicketFilter { status: vec![Status::New, Status::Open, Status::Resolved, Status::New], ..plain() },
        TicketFilter { status: Status::ALL.to_vec(), ..plain() },
        TicketFilter { reopened: Some(true), ..plain() },
        TicketFilter { reopened: Some(false), ..plain() },
        TicketFilter { priority: vec![Priority::Low, Priority::Urgent], ..plain() },
        TicketFilter { kind: vec!["bug".into()], ..plain() },
        TicketFilter { category: vec![CategoryId(1)], ..plain() },
        TicketFilter { category: vec![CategoryId(1), CategoryId(2)], status: vec![Status::Open], ..plain() },
        TicketFilter { uncategorized: true, ..plain() },
        TicketFilter { uncategorized: true, category: vec![CategoryId(2)], ..plain() },
        TicketFilter { status: vec![Status::Open], reopened: Some(true), ..plain() },
        TicketFilter { status: vec![Status::Open], reopened: Some(false), ..plain() },
        TicketFilter { source: vec![Source::Email, Source::Chat], ..plain() },
        TicketFilter { channel: vec![model::people::Channel::Web], ..plain() },
        TicketFilter { channel: vec![model::people::Channel::Discord], ..plain() },
        TicketFilter { requester: vec![cast.users[0].id], ..plain() },
        TicketFilter { assignee: vec![cast.agents[0].id], ..plain() },
        TicketFilter { assignee: vec![cast.agents[0].id, cast.agents[1].id], status: vec![Status::Open], ..plain() },
        TicketFilter { assignee: vec![cast.agents[1].id], unassigned: Some(true), ..plain() },
        TicketFilter { unassigned: Some(true), ..plain() },
        TicketFilter { unassigned: Some(false), ..plain() },
        TicketFilter { unassigned: Some(true), priority: vec![Priority::Low], ..plain() },
        TicketFilter { department: Some("east".into()), ..plain() },
        TicketFilter { tags: vec!["a".into()], ..plain() },
        TicketFilter { tags: vec!["a".into(), "b".into()], ..plain() },
        TicketFilter { created_from: Some(now.plus(-10 * HOUR)), ..plain() },
        TicketFilter { created_to: Some(now.plus(-10 * HOUR)), ..plain() },
        TicketFilter { updated_from: Some(now.plus(-6 * HOUR)), ..plain() },
        TicketFilter { overdue: Some(true), ..plain() },
        TicketFilter { overdue: Some(false), ..plain() },
        TicketFilter { sla_overdue: Some(true), ..plain() },
        TicketFilter { sla_overdue: Some(false), ..plain() },
        TicketFilter { sla_breached: Some(true), ..plain() },
        TicketFilter { sla_breached: Some(false), ..plain() },
        TicketFilter { escalated: Some(true), ..plain() },
        TicketFilter { search: Some("苹果".into()), ..plain() },
        TicketFilter { search: Some("pears".into()), status: vec![Status::Open, Status::Closed], ..plain() },
        TicketFilter { search: Some("ticket 7".into()), ..plain() },
    ]
}

/// The filter as a plain condition.
fn matches(f: &TicketFilter, t: &Ticket, now: Time) -> bool {
    fn any<T: PartialEq>(list: &[T], value: &T) -> bool {
        list.is_empty() || list.contains(value)
    }
    let is = |wanted: Option<bool>, value: bool| wanted.is_none_or(|w| w == value);
    let n: usize = (t.id.0 - 100_001) as usize;
    let text = match f.search.as_deref() {
        Some("苹果") => n.is_multiple_of(5),
        Some("pears") => !n.is_multiple_of(5),
        Some("ticket 7") => n == 7,
        _ => true,
    };
    text && any(&f.ids, &t.id)
        && any(&f.status, &t.status)
        && any(&f.priority, &t.priority)
        && any(&f.kind, &t.kind)
        && any(&f.source, &t.source)
        && any(&f.channel, &t.channel)
        && any(&f.requester, &t.requester)
        && match t.category {
            Some(category) => f.category.contains(&category) || (f.category.is_empty() && !f.uncategorized),
            None => f.uncategorized || f.category.is_empty(),
        }
        && (f.assignee.is_empty() || t.assignee.is_some_and(|a| f.assignee.contains(&a)))
        && is(f.reopened, t.reopened)
        && is(f.unassigned, t.assignee.is_none())
        && is(f.overdue, t.is_overdue(now))
        && is(f.sla_overdue, t.is_sla_overdue(now))
        && is(f.sla_breached, t.response_breached || t.resolution_breached)
        && is(f.escalated, t.escalated)
        && f.department.as_ref().is_none_or(|d| t.department.as_ref() == Some(d))
        && f.tags.iter().all(|tag| t.tags.iter().any(|t| t.as_str() == tag))
        && f.created_from.is_none_or(|at| t.created_at >= at)
        && f.created_to.is_none_or(|at| t.created_at < at)
        && f.updated_from.is_none_or(|at| t.updated_at >= at)
}

fn reaches(actor: &Actor, t: &Ticket) -> bool {
    t.deleted_at.is_none() && model::access::sees(actor, t.requester, t.assignee)
}

fn ordered(mut all: Vec<&Ticket>, sort: Sort) -> Vec<TicketId> {
    let key = |t: &Ticket| match sort.by {
        SortBy::Created | SortBy::Relevance => Some(0),
        SortBy::Updated => Some(t.updated_at.0),
        SortBy::Priority => Some(t.priority.rank()),
        SortBy::DueAt => t.due_at.map(|d| d.0),
        SortBy::SlaDue => Some(t.resolution_due_at.0),
    };
    all.sort_by(|a, b| {
        let nothing = key(a).is_none().cmp(&key(b).is_none());
        let by = (key(a), a.id).cmp(&(key(b), b.id));
        nothing.then(if sort.direction == Direction::Descending { by.reverse() } else { by })
    });
    all.into_iter().map(|t| t.id).collect()
}

/// Reads a list page by page in one direction.
async fn walk(
    house: &House,
    by: &Actor,
    filter: &TicketFilter,
    sort: Sort,
    size: usize,
    backward: bool,
) -> Vec<TicketId> {
    let mut page = Page { backward, ..Page::first(size) };
    let mut all: Vec<TicketId> = Vec::new();
    loop {
        let slice = house.engine.tickets(by, filter, sort, &page).await.unwrap();
        let ids = slice.items.iter().map(|(_, t)| t.id);
        let first = if backward { page.before.is_none() } else { page.after.is_none() };
        if backward {
            all.splice(0..0, ids);
            assert_eq!(slice.has_next, !first, "{sort:?}");
            page.before = slice.items.first().map(|(place, _)| *place);
        } else {
            all.extend(ids);
            assert_eq!(slice.has_previous, !first, "{sort:?}");
            page.after = slice.items.last().map(|(place, _)| *place);
        }
        assert!(all.len() <= MANY, "{sort:?} backward {backward}: {all:?}");
        if !(if backward { slice.has_previous } else { slice.has_next }) {
            return all;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_and_order_shows_each_ticket_once_to_everyone() {
    each_backend(|house| async move {
        let cast = fill(&house).await;
        let now = house.engine.now();
        let all = house
            .engine
            .tickets_by_ids(&Actor::System("t"), &(100_001..100_058).map(TicketId).collect::<Vec<_>>())
            .await
            .unwrap();
        assert_eq!(all.len(), MANY);
        let supervisor = actor(model::id::UserId(999), Role::Supervisor);
        let readers =
            [caller(&cast.users[0]).actor, caller(&cast.agents[0]).actor, caller(&cast.agents[1]).actor, supervisor];
        for filter in filters(now, &cast) {
            for reader in &readers {
                let mine: Vec<&Ticket> =
                    all.iter().map(Arc::as_ref).filter(|t| reaches(reader, t) && matches(&filter, t, now)).collect();
                let count = house.engine.count_tickets(reader, &filter).await.unwrap();
                assert_eq!(count, mine.len() as i64, "{filter:?} {reader:?}");
                let shown = walk(&house, reader, &filter, Sort::default(), 100, false).await;
                assert_eq!(shown, ordered(mine, Sort::default()), "{filter:?} {reader:?}");
            }
        }
        let some =
            TicketFilter { status: vec![Status::New, Status::Open, Status::InProgress], ..TicketFilter::default() };
        for filter in [TicketFilter::default(), some] {
            for by in
                [SortBy::Created, SortBy::Updated, SortBy::Priority, SortBy::DueAt, SortBy::SlaDue, SortBy::Relevance]
            {
                for direction in [Direction::Ascending, Direction::Descending] {
                    for reader in &readers[1..] {
                        let sort = Sort { by, direction };
                        let mine = all
                            .iter()
                            .map(Arc::as_ref)
                            .filter(|t| reaches(reader, t) && matches(&filter, t, now))
                            .collect();
                        let want = ordered(mine, sort);
                        assert_eq!(walk(&house, reader, &filter, sort, 7, false).await, want, "{sort:?}");
                        assert_eq!(walk(&house, reader, &filter, sort, 7, true).await, want, "{sort:?} backward");
                        let page = Page { offset: 3, ..Page::first(4) };
                        let slice = house.engine.tickets(reader, &filter, sort, &page).await.unwrap();
                        let ids: Vec<_> = slice.items.iter().map(|(_, t)| t.id).collect();
                        assert_eq!(ids, want.iter().skip(3).take(4).copied().collect::<Vec<_>>());
                        assert_eq!((slice.has_previous, slice.has_next), (true, want.len() > 7));
                        for skip in [0, 5, want.len() - 1, want.len(), usize::MAX] {
                            let part = engine::Numbers { skip, limit: 6 };
                            let told = house.engine.tickets_numbered(reader, &filter, sort, part).await.unwrap();
                            let ids: Vec<_> = told.items.iter().map(|t| t.id).collect();
                            assert_eq!(
                                ids,
                                want.iter().skip(skip).take(6).copied().collect::<Vec<_>>(),
                                "{sort:?} {skip}"
                            );
                            assert_eq!(told.total, want.len() as i64);
                        }
                    }
                }
            }
        }
        let deleted = TicketFilter { deleted: true, ..TicketFilter::default() };
        let root = actor(model::id::UserId(998), Role::Admin);
        assert_eq!(house.engine.count_tickets(&root, &deleted).await.unwrap(), MANY as i64);
        // Statistics equal the totals of the lists of the same name (dialects.md 0.23).
        for reader in &readers {
            let told = house.engine.statistics(reader, engine::StatisticsQuery::default()).await.unwrap();
            let count = async |filter| house.engine.count_tickets(reader, &filter).await.unwrap();
            let f = TicketFilter::default;
            assert_eq!(told.total, count(f()).await, "{reader:?}");
            for (status, n) in told.by_status {
                assert_eq!(n, count(TicketFilter { status: vec![status], ..f() }).await, "{reader:?} {status:?}");
            }
            for (priority, n) in told.by_priority {
                assert_eq!(n, count(TicketFilter { priority: vec![priority], ..f() }).await, "{reader:?} {priority:?}");
            }
            assert_eq!(told.unassigned, count(TicketFilter { unassigned: Some(true), ..f() }).await);
            assert_eq!(told.escalated, count(TicketFilter { escalated: Some(true), ..f() }).await);
            assert_eq!(told.reopened, count(TicketFilter { reopened: Some(true), ..f() }).await);
            assert_eq!(told.overdue, count(TicketFilter { overdue: Some(true), ..f() }).await);
            assert_eq!(told.sla_overdue, count(TicketFilter { sla_overdue: Some(true), ..f() }).await);
            assert_eq!(told.breached, count(TicketFilter { sla_breached: Some(true), ..f() }).await);
            let today = engine::StatisticsQuery { from: Some(now), to: Some(now), assignee: None };
            let day = house.engine.statistics(reader, today).await.unwrap();
            assert!(day.total <= told.total && day.overdue <= day.total, "{day:?}");
        }
        let distinct: BTreeSet<_> = all.iter().map(|t| t.numbers.legacy.clone()).collect();
        assert_eq!(distinct.len(), MANY);
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_answer_is_not_given_once_another_process_has_written() {
    each_backend(|house| async move {
        let [user, admin] = [house.person("ulla", Role::User).await, house.person("root", Role::Admin).await];
        let other = house.second().await;
        let (filter, page) = (TicketFilter::default(), Page::first(10));
        for n in 1..=20_i64 {
            // The other process commits, and this one is asked before anybody has told it.
            other.open_ticket(&caller(&user), OpenTicket::new(format!("t{n}"), "x")).await.unwrap();
            let reader = caller(&admin).actor;
            let shown = house.engine.tickets(&reader, &filter, Sort::default(), &page).await.unwrap();
            assert_eq!(shown.items.len() as i64, n.min(10));
            assert_eq!(shown.items[0].1.title.as_str(), format!("t{n}"));
            assert_eq!(house.engine.count_tickets(&reader, &filter).await.unwrap(), n);
            let id = shown.items[0].1.id;
            other.set_priority(&caller(&user), id, Priority::Urgent).await.unwrap_err();
            other.set_priority(&caller(&admin), id, Priority::Urgent).await.unwrap();
            assert_eq!(house.engine.ticket(&reader, id).await.unwrap().priority, Priority::Urgent);
            let shown = house.engine.tickets(&reader, &filter, Sort::default(), &page).await.unwrap();
            assert_eq!(shown.items[0].1.priority, Priority::Urgent);
        }
        let reader = caller(&admin).actor;
        let again = async || drop(house.engine.tickets(&reader, &filter, Sort::default(), &page).await.unwrap());
        assert_eq!(house.statements(again).await, 1, "a list that nothing has changed is not read again");
        other.close().await;
    })
    .await;
}
