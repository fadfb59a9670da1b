//! The whole permission matrix: the table against one written out here, and every command and query through the engine.

use crate::house::{House, START, actor, change, each_backend};
use engine::Caller;
use model::access::{Grant, Operation, on_person, on_ticket};
use model::actor::{Member, Scope, Via};
use model::attachment::FileInfo;
use model::automation::reply::QuickReplyInput;
use model::automation::{
    ActionInput, QuickReplyFilter, RuleFilter, RuleInput, RunFilter, TemplateFilter, TemplateForm,
};
use model::category::CategoryForm;
use model::cleanup::{Record, Task};
use model::command::*;
use model::comment::Visibility;
use model::counters::Counters;
use model::decide::{Facts, Scene, decide};
use model::id::*;
use model::mail::EmailConfig;
use model::notice::{NoticeKind, Route, Rule};
use model::people::{Channel, ProfileInput, Role, User, UserStatus};
use model::policy::Policy;
use model::query::{EventFilter, Page, Sort, TicketFilter, UserFilter, UserSort};
use model::session::{Sealed, SignInFilter};
use model::ticket::{Priority, Status};
use model::webhook::{Headers, Topic};
use model::{Actor, Error, Event};
use std::sync::atomic::{AtomicUsize, Ordering};

mod queries;
mod rows;
mod things;

use queries::{QUERIES, query};
use rows::{answers, samples};
use things::Things;

/// User, agent, supervisor, admin: `-` no, `o` own, `r` wherever the role reaches. From seed 001 "权限说明", seed 003 §2.2 and
/// `dialects.md` 0.7, 0.21, 0.23. An operation without a row doesn't compile.
fn expected(operation: Operation) -> &'static str {
    use Operation::*;
    match operation {
        ReadTicket | OpenTicket | ListTickets | ReadStatistics | ReadEvents | ReadCategories | StoreFile => "rrrr",
        EditTicket | CloseTicket | ReopenTicket | AddComment => "orrr",
        ReadInternal | EditWorkflow | ChangeStatus | SetPriority | AssignTicket | EscalateTicket => "-rrr",
        MergeTicket | AddInternalNote | OpenTicketForOthers | ListStaff => "-rrr",
        WithdrawTicket | RateTicket | EditComment | CreateApiToken | ReadNotifications => "oooo",
        EditNotificationRules => "oooo",
        NoteRating => "orrr",
        DeleteTicket | RestoreTicket => "--rr",
        DiscardTicket => "oorr",
        WithdrawComment => "oorr",
        SetCommentVisibility => "-orr",
        ReadPerson => "orrr",
        EditProfile | SetPassword | ReadSessions | EndSession | RevokeApiToken | UnlinkIdentity => "ooor",
        DisableSecondFactor | RevokeTrustedDevice => "ooor",
        EnableSecondFactor => "oooo",
        ReadAllTickets => "--rr",
        ListPeople | CreateUser | SetRole | SetUserStatus | EditCategories | ReadSettings => "--rr",
        ReadDeliveries | ReadQuarantine | SettleQuarantine => "--rr",
        ReadQuickReplies | UseQuickReply | ReadTemplates | ReadRules => "-rrr",
        WriteQuickReply => "-ooo",
        PublishQuickReply => "--rr",
        ManageTemplates | ManageRules => "---r",
        SendNotification | ReadCleanup | RunCleanup | ReadSystem => "---r",
        ReadSla => "-rrr",
        ReadEmailConfig | ManageEmail | ManageSla => "---r",
        LinkIdentity | ChangeSettings | ReadAudit | ReadWebhooks | ManageWebhooks => "---r",
        Housekeeping => "----",
    }
}

#[test]
fn the_table_is_the_one_written_here() {
    let policy = Policy::default();
    let requester = actor(UserId(1), Role::User);
    let scene = Scene { facts: &Facts::default(), actor: &requester, policy: &policy, now: START };
    let open = Command::OpenTicket(Box::new(OpenTicket::new("t", "d"))).into();
    let decision = decide(&scene, &open, &mut Counters::default()).unwrap();
    let Event::TicketOpened { ticket, .. } = &decision.events[0] else { panic!("no ticket") };
    for operation in Operation::ALL {
        for (role, letter) in Role::ALL.into_iter().zip(expected(operation).chars()) {
            let grant = match letter {
                '-' => Grant::No,
                'o' => Grant::Own,
                _ => Grant::Reach,
            };
            assert_eq!(operation.grant(role), grant, "{operation:?} {role:?}");
            // Oneself, and somebody else.
            for (me, own) in [(UserId(1), true), (UserId(2), false)] {
                let me = actor(me, role);
                let may = letter == 'r' || (letter == 'o' && own);
                assert_eq!(on_person(&me, operation, Some(UserId(1))).is_ok(), may, "{operation:?} {role:?} {own}");
                for assignee in [None, Some(UserId(2)), Some(UserId(3))] {
                    let mut ticket = ticket.clone();
                    ticket.assignee = assignee;
                    let sees = match role {
                        Role::User => own,
                        Role::Agent => own || assignee != Some(UserId(3)),
                        Role::Supervisor | Role::Admin => true,
                    };
                    let told = on_ticket(&me, operation, &ticket);
                    match (sees, may) {
                        (false, _) => assert_eq!(told, Err(Error::not_found("ticket")), "{operation:?} {role:?}"),
                        (true, true) => assert_eq!(told, Ok(()), "{operation:?} {role:?} {own}"),
                        (true, false) => {
                            assert!(matches!(told, Err(Error::Forbidden { .. })), "{operation:?} {role:?} {told:?}");
                        }
                    }
                }
            }
        }
        assert!(matches!(on_ticket(&Actor::Anonymous, operation, ticket), Err(Error::Unauthenticated { .. })));
        assert_eq!(on_ticket(&Actor::System("x"), operation, ticket), Ok(()));
        // A token whose scopes don't cover it may not, one whose scopes do may.
        for scope in Scope::ALL {
            let member =
                Member { id: UserId(1), role: Role::Admin, via: Via::ApiToken(ApiTokenId(1)), scopes: vec![scope] };
            let may = scope == operation.scope() && operation.grant(Role::Admin) != Grant::No;
            assert_eq!(on_person(&Actor::User(member), operation, Some(UserId(1))).is_ok(), may, "{operation:?}");
        }
    }
}

/// Who asks, in the order of the columns below.
const WHO: [&str; 9] = [
    "anonymous",
    "the requester",
    "another user",
    "the assignee",
    "an agent, of nobody's ticket",
    "another agent",
    "a supervisor",
    "an administrator",
    "an administrator's token that may only read",
];

struct People {
    alice: User,
    all: [User; 6],
}

impl People {
    async fn of(house: &House) -> Self {
        let alice = house.person("alice", Role::User).await;
        let all = [
            house.person("mallory", Role::User).await,
            house.person("bob", Role::Agent).await,
            house.person("carol", Role::Agent).await,
            house.person("dave", Role::Agent).await,
            house.person("sue", Role::Supervisor).await,
            house.person("root", Role::Admin).await,
        ];
        Self { alice, all }
    }

    fn actor(&self, who: usize) -> Actor {
        match who {
            0 => Actor::Anonymous,
            1 => actor(self.alice.id, Role::User),
            8 => Actor::User(Member {
                id: self.all[5].id,
                role: Role::Admin,
                via: Via::ApiToken(ApiTokenId(0)),
                scopes: vec![Scope::Read],
            }),
            n => actor(self.all[n - 2].id, self.all[n - 2].role),
        }
    }

    /// Whom the ticket is assigned to when this one asks.
    fn assignee(&self, who: usize) -> Option<UserId> {
        (who != 4).then_some(self.all[1].id)
    }
}

fn letter<T>(answer: &Result<T, Error>) -> char {
    match answer {
        Ok(_) => 'O',
        Err(Error::Forbidden { .. }) => 'F',
        Err(Error::NotFound { .. }) => 'N',
        Err(Error::Unauthenticated { .. }) => 'U',
        Err(_) => '?',
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_answers_everyone_as_written() {
    each_backend(|house| async move {
        let people = People::of(&house).await;
        let mut wrong = Vec::new();
        // Several rows at once: what they write shares transactions.
        for some in samples().chunks(12) {
            let all = some.iter().flat_map(|sample| (0..WHO.len()).map(move |who| (*sample, who)));
            let cells = all.map(async |(sample, who)| {
                let things = Things::make(&house, &people, who).await;
                let command = sample(&things);
                let answer = house.engine.execute(&Caller::new(people.actor(who)), command.clone()).await;
                (who, command, answer)
            });
            for (who, command, answer) in futures_util::future::join_all(cells).await {
                let want = answers(&command).chars().nth(who).unwrap();
                if letter(&answer) != want {
                    let answer = answer.map(|o| o.subject);
                    wrong.push(format!("{command:?} by {}: {want} expected, got {answer:?}", WHO[who]));
                }
            }
            // There may be only so many of these.
            let (system, test) = (Caller::system("test"), Actor::System("test"));
            for rule in house.engine.rules(&test, &RuleFilter::default()).await.unwrap() {
                house.engine.delete_rule(&system, rule.id).await.unwrap();
            }
            for template in house.engine.templates(&test, &TemplateFilter::default()).await.unwrap() {
                house.engine.delete_template(&system, template.id).await.unwrap();
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_answers_everyone_as_written() {
    each_backend(|house| async move {
        let people = People::of(&house).await;
        let mut wrong = Vec::new();
        for (who, person) in WHO.into_iter().enumerate() {
            let things = Things::make(&house, &people, who).await;
            for (name, want) in QUERIES {
                let answer = query(name, &house.engine, &people.actor(who), &things).await;
                if letter(&answer) != want.chars().nth(who).unwrap() {
                    wrong.push(format!("{name} by {person}: {want} expected, got {answer:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        house.engine.close().await;
    })
    .await;
}
