//! Whom rules tell, what sets them off, and who reads what they did.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_tells_people_what_it_says() {
    each_backend(|house| async move {
        let [alice, mallory, bob] = [
            house.person("alice", Role::User).await,
            house.person("mallory", Role::User).await,
            house.person("bob", Role::Agent).await,
        ];
        let tell = |user: &model::people::User| {
            action("notify", json!({ "user_id": user.id, "content": format!("for {}", user.name()) }))
        };
        let id = make(&house, rule("r", "ticket.created", vec![tell(&bob), tell(&mallory)])).await;
        let ticket = house.ticket(&caller(&alice), "t").await;
        house.engine.automate().await.unwrap();
        let part = engine::Numbers { skip: 0, limit: 10 };
        let told = house.engine.notifications_numbered(&caller(&bob).actor, None, part).await.unwrap().items;
        assert_eq!((told.len(), told[0].message.as_str(), told[0].notice.ticket), (1, "for bob", Some(ticket.id)));
        assert_eq!((told[0].title.as_ref(), told[0].notice.kind), ("r", NoticeKind::SystemAlert));
        // Who may not know of the ticket hears nothing of it, and the log says so.
        assert_eq!(house.engine.unread_count(&caller(&mallory).actor).await.unwrap(), 0);
        let [run] = runs(&house.engine, RunFilter { rule: Some(id), ..RunFilter::default() }).await.try_into().unwrap();
        assert!(
            run.run
                .message()
                .contains("actions[1] notify: related_ticket_id must be a ticket that the recipient can see")
        );
        // It is no change of the ticket.
        assert_eq!(house.get(ticket.id).await.version, 1);
        // Who wants to hear of no such thing hears nothing, and that is no failure of the rule.
        let muted = Route::ALL.map(|route| Rule { kind: NoticeKind::SystemAlert, route, enabled: false });
        house.system(Command::SetNotificationRules(bob.id, muted.to_vec())).await;
        house.system(Command::SetRole(mallory.id, Role::Agent)).await;
        house.ticket(&caller(&alice), "another").await;
        house.engine.automate().await.unwrap();
        assert_eq!(house.engine.unread_count(&caller(&bob).actor).await.unwrap(), 1);
        let all = runs(&house.engine, RunFilter { rule: Some(id), ..RunFilter::default() }).await;
        let latest = &all.last().unwrap().run;
        assert!(latest.succeeded(), "{}", latest.message());
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_machines_write_back_sets_nothing_off_and_what_goes_on_and_on_is_braked() {
    each_backend(|house| async move {
        let alice = caller(&house.person("alice", Role::User).await);
        let say = action("add_comment", json!({ "content": "we are on it" }));
        let id = make(&house, rule("answers", "ticket.commented", vec![say])).await;
        let ticket = house.ticket(&alice, "t").await.id;
        // A bounce or an automatic answer becomes a note of the system's.
        let note = AddComment { visibility: Visibility::Internal, ..AddComment::public("Mailbox full") };
        house.engine.add_comment(&Caller::system("intake"), ticket, note).await.unwrap();
        assert_eq!(house.engine.automate().await.unwrap(), 0);
        // Somebody outside who answers each answer.
        for n in 0..32 {
            let said = AddComment::public(format!("again {n}"));
            house.engine.add_comment(&alice, ticket, said).await.unwrap();
            assert_eq!(house.engine.automate().await.unwrap(), 1);
        }
        let of = RunFilter { rule: Some(id), ..RunFilter::default() };
        let all = runs(&house.engine, of).await;
        assert_eq!((all.len(), all.iter().filter(|run| run.run.succeeded()).count()), (32, 30));
        assert!(
            all[31].run.message().contains("so often that it may be answering itself"),
            "{}",
            all[31].run.message()
        );
        // Another ticket is another matter, and so is the next hour.
        let other = house.ticket(&alice, "other").await.id;
        house.engine.add_comment(&alice, other, AddComment::public("x")).await.unwrap();
        house.clock.advance(HOUR + 1);
        house.engine.add_comment(&alice, ticket, AddComment::public("x")).await.unwrap();
        assert_eq!(house.engine.automate().await.unwrap(), 2);
        assert!(runs(&house.engine, of).await.iter().skip(32).all(|run| run.run.succeeded()));
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_reads_of_rules_what_they_did_to_tickets_in_reach() {
    each_backend(|house| async move {
        let alice = caller(&house.person("alice", Role::User).await);
        let (bob, carol) = (house.person("bob", Role::Agent).await, house.person("carol", Role::Agent).await);
        make(&house, tagging("seen", true)).await;
        let [hers, his, free] =
            [house.ticket(&alice, "a").await, house.ticket(&alice, "b").await, house.ticket(&alice, "c").await];
        house.engine.automate().await.unwrap();
        house.assign(hers.id, Some(carol.id)).await;
        house.assign(his.id, Some(bob.id)).await;
        let bob = caller(&bob).actor;
        let seen = house.engine.rule_runs(&bob, RunFilter::default(), &Page::first(10)).await.unwrap();
        let seen: Vec<TicketId> = seen.items.iter().map(|(_, run)| run.run.ticket).collect();
        assert_eq!(seen, [free.id, his.id]);
        assert_eq!(house.engine.count_rule_runs(&bob, RunFilter::default()).await.unwrap(), 2);
        let of = RunFilter { ticket: Some(hers.id), ..RunFilter::default() };
        assert_eq!(house.engine.rule_runs(&bob, of, &Page::first(10)).await.unwrap_err().code(), "NOT_FOUND");
        assert_eq!(house.engine.count_rule_runs(&Actor::System("t"), RunFilter::default()).await.unwrap(), 3);
        house.engine.close().await;
    })
    .await;
}
