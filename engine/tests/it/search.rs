//! Search: in Chinese and English, within what the searcher may see, best first, and unmoved by hostile input.

use crate::house::{House, caller, each_backend};
use engine::Caller;
use model::command::*;
use model::comment::Visibility;
use model::id::TicketId;
use model::people::Role;
use model::query::{Page, Sort, SortBy, TicketFilter};

async fn found(house: &House, by: &Caller, text: &str) -> Vec<TicketId> {
    let filter = TicketFilter { search: Some(text.into()), ..TicketFilter::default() };
    let mut last = None;
    for sort in [SortBy::Created, SortBy::Relevance] {
        let sort = Sort { by: sort, ..Sort::default() };
        let slice = house.engine.tickets(&by.actor, &filter, sort, &Page::first(100)).await.unwrap();
        last = Some(slice.items.into_iter().map(|(_, t)| t.id).collect::<Vec<_>>());
    }
    let last = last.unwrap();
    assert_eq!(house.engine.count_tickets(&by.actor, &filter).await.unwrap(), last.len() as i64, "{text}");
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_wherever_they_stand_and_by_whom_they_may_be() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let (alice, mallory) =
            (caller(&house.person("alice", Role::User).await), caller(&house.person("mallory", Role::User).await));
        let (bob, carol) = (house.person("bob", Role::Agent).await, caller(&house.person("carol", Role::Agent).await));
        let root = caller(&house.person("root", Role::Admin).await);
        let mut open = OpenTicket::new("无法登录游戏", "Password reset does not work，请帮忙。");
        open.tags = vec!["紧急".into(), "vip-gold".into()];
        open.customer_name = Some("王小明".into());
        open.customer_email = Some("wang@example.cn".into());
        open.customer_phone = Some("13800138000".into());
        let ticket = engine.open_ticket(&alice, open).await.unwrap();
        let id = ticket.id;
        let mut decoy = OpenTicket::new("登 录 apart", "游 戏");
        decoy.requester = Some(mallory.actor.user().unwrap());
        let decoy = engine.open_ticket(&root, decoy).await.unwrap().id;
        engine.add_comment(&root, id, AddComment::public("calling the workshop")).await.unwrap();
        let note = AddComment { visibility: Visibility::Internal, ..AddComment::public("疑似欺诈 suspicious") };
        engine.add_comment(&root, id, note).await.unwrap();
        let seen = [
            "登录",
            "无法登录",
            "登录游戏",
            "password",
            "PASSWORD reset",
            "passw res",
            "ＰＡＳＳＷＯＲＤ",
            "登录 password",
            "请帮忙",
            "workshop",
            "password workshop",
            "登录 workshop calling",
            "紧急",
            "vip-gold",
            "王小明",
            "小明",
            "wang@example.cn",
            "13800138000",
            "TK-2026-001",
            "tk-2026-001",
            "100001",
            "#100001",
            &ticket.numbers.daily,
            &ticket.numbers.legacy,
        ];
        for text in seen {
            assert_eq!(found(&house, &alice, text).await.first(), Some(&id), "{text}");
            assert_eq!(found(&house, &root, text).await.first(), Some(&id), "{text}");
            assert!(found(&house, &mallory, text).await.iter().all(|t| *t == decoy), "{text}");
        }
        assert!(found(&house, &alice, "录").await.contains(&id), "a single character");
        assert_eq!(found(&house, &root, "登录").await, [id], "two characters that stand apart are no word");
        for nothing in ["录登", "asswor", "登录 nowhere", "workshop password elsewhere"] {
            assert!(found(&house, &root, nothing).await.is_empty(), "{nothing}");
        }
        for internal in ["欺诈", "suspicious", "password suspicious"] {
            assert!(found(&house, &alice, internal).await.is_empty(), "{internal}");
            assert_eq!(found(&house, &carol, internal).await, [id], "{internal}");
        }
        // Nobody's ticket is found by every agent, somebody's only by theirs.
        house.assign(id, Some(bob.id)).await;
        assert!(found(&house, &carol, "登录").await.is_empty());
        assert_eq!(found(&house, &caller(&bob), "登录").await, [id]);
        let retitle =
            EditTicket { title: Some("Renamed completely".into()), tags: Some(vec![]), ..EditTicket::default() };
        engine.edit_ticket(&root, id, retitle).await.unwrap();
        assert!(found(&house, &alice, "登录").await.is_empty() && found(&house, &alice, "紧急").await.is_empty());
        assert_eq!(found(&house, &alice, "renamed password").await, [id]);
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_begin_so_are_found_behind_those_that_are_so() {
    each_backend(|house| async move {
        let alice = caller(&house.person("alice", Role::User).await);
        let bob = caller(&house.person("bob", Role::Agent).await);
        let long = house.ticket(&alice, "Wolfgang printer jam").await.id;
        let whole = house.ticket(&alice, "wolf").await.id;
        let note = AddComment { visibility: Visibility::Internal, ..AddComment::public("wolfram lamp") };
        let noted = house.ticket(&alice, "quiet").await.id;
        house.engine.add_comment(&Caller::system("t"), noted, note).await.unwrap();
        assert_eq!(found(&house, &alice, "wolf").await, [whole, long]);
        assert_eq!(found(&house, &bob, "wolf").await, [whole, noted, long]);
        assert_eq!(found(&house, &alice, "WOLFG print").await, [long]);
        assert_eq!(found(&house, &bob, "wolfr").await, [noted]);
        assert!(found(&house, &alice, "wolfr").await.is_empty(), "notes are for staff");
        assert!(found(&house, &alice, "w").await.is_empty(), "one letter is not enough");
        assert!(found(&house, &alice, "olf").await.is_empty(), "words are found from their beginning on");
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_best_match_comes_first_and_pages_follow_each_other() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let root = caller(&house.person("root", Role::Admin).await);
        let head = engine.open_ticket(&root, OpenTicket::new("printer", "x")).await.unwrap().id;
        let mut body = Vec::new();
        for n in 0..30 {
            body.push(
                engine.open_ticket(&root, OpenTicket::new(format!("t{n}"), "the printer burns")).await.unwrap().id,
            );
        }
        let number = engine.open_ticket(&root, OpenTicket::new("about 100001 and TK-2026-001", "x")).await.unwrap().id;
        assert_eq!(found(&house, &root, "100001").await, [head, number]);
        assert_eq!(found(&house, &root, "TK-2026-001").await, [head, number]);
        body.reverse();
        let mut want = vec![head];
        want.extend(&body);
        assert_eq!(found(&house, &root, "printer").await, want, "the title first, then the newest");
        let filter = TicketFilter { search: Some("printer".into()), ..TicketFilter::default() };
        let sort = Sort { by: SortBy::Relevance, ..Sort::default() };
        let (mut page, mut all) = (Page::first(7), Vec::new());
        loop {
            let slice = engine.tickets(&root.actor, &filter, sort, &page).await.unwrap();
            all.extend(slice.items.iter().map(|(_, t)| t.id));
            assert_eq!(slice.has_previous, page.after.is_some());
            page.after = slice.items.last().map(|(p, _)| *p);
            if !slice.has_next {
                break;
            }
        }
        assert_eq!(all, want);
        // And back from the last one.
        page = Page { backward: true, before: page.after, ..Page::first(7) };
        let slice = engine.tickets(&root.actor, &filter, sort, &page).await.unwrap();
        assert_eq!(slice.items.iter().map(|(_, t)| t.id).collect::<Vec<_>>(), want[23..30]);
        let page = Page { backward: true, ..Page::first(7) };
        let slice = engine.tickets(&root.actor, &filter, sort, &page).await.unwrap();
        assert_eq!(slice.items.iter().map(|(_, t)| t.id).collect::<Vec<_>>(), want[24..31], "the last seven");
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_input_is_only_text() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let root = caller(&house.person("root", Role::Admin).await);
        let alice = caller(&house.person("alice", Role::User).await);
        let id =
            engine.open_ticket(&root, OpenTicket::new("or 1 NEAR", "and NOT emoji😀text שלום عليكم")).await.unwrap().id;
        let long = "x".repeat(10_000);
        let many: String = (0..2_000).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ");
        for text in [
            "' OR 1=1 --",
            "\"",
            "*",
            ":",
            "\0",
            "a\0b",
            &long,
            &many,
            "😀",
            "(((",
            "h_or",
            "i_x",
            "r_1",
            "NEAR(",
            "-1",
            "#",
            "\\",
            "%",
            "_",
            "h_ OR r_1",
        ] {
            for by in [&root, &alice] {
                let hits = found(&house, by, text).await;
                assert!(hits.is_empty() || (hits == [id] && by.actor == root.actor), "{text:.50}");
            }
            let people = model::query::UserFilter { search: Some(text.into()), ..Default::default() };
            match engine.users(&root.actor, &people, &Page::first(5)).await {
                Ok(_) => {}
                Err(error) => assert_eq!(error.code(), "INVALID", "{text:.50}"),
            }
        }
        for text in ["שלום", "عليكم", "emoji", "text", "not and"] {
            assert_eq!(found(&house, &root, text).await, [id], "{text}");
        }
        // A comment as long as can be, of words as odd as can be, is kept and found.
        let odd: String = (0..4_000_u32).map(|n| "𝐀𝐁𝐂𝐃".repeat(9) + &n.to_string()).collect::<Vec<_>>().join(" ");
        let odd: String = odd.chars().take(199_000).collect();
        engine.add_comment(&root, id, AddComment::public(odd)).await.unwrap();
        let han: String = (0..199_000_u32).filter_map(|n| char::from_u32(0x4e00 + n * 7919 % 20_000)).collect();
        engine.add_comment(&root, id, AddComment::public(han)).await.unwrap();
        engine.close().await;
    })
    .await;
}
