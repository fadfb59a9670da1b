//! Edits that say only what changes: two made from one reading both stay, a repetition is known whatever was done in between, and
//! what a thing names although it is gone is in nobody's way.

use crate::house::{House, caller, each_backend};
use engine::{Caller, Outcome};
use model::automation::reply::QuickReplyInput;
use model::automation::{ActionInput, RuleInput, TemplateForm};
use model::category::CategoryForm;
use model::command::{Command, Edit, EditCategory, EditQuickReply, EditRule, EditTemplate};
use model::id::{CategoryId, QuickReplyId, RuleId, TemplateId, UserId};
use model::people::{Role, UserStatus};
use model::{Actor, Error};
use serde_json::{Value, json};

const SYSTEM: Actor = Actor::System("test");

/// One of each kind that can be edited in part.
#[derive(Clone, Copy)]
struct Things {
    rule: RuleId,
    template: TemplateId,
    reply: QuickReplyId,
    category: CategoryId,
}

fn action(kind: &str, params: Value) -> ActionInput {
    ActionInput { kind: kind.into(), params: params.as_object().cloned().unwrap() }
}

fn naming(user: UserId) -> RuleInput {
    RuleInput {
        name: "old".into(),
        kind: "assignment".into(),
        trigger: "ticket.created".into(),
        actions: vec![action("assign", json!({ "user_id": user }))],
        ..RuleInput::empty()
    }
}

async fn things(house: &House, by: &Caller, assignee: UserId) -> Things {
    let engine = &house.engine;
    let template = TemplateForm { name: "old".into(), assignee: Some(assignee), ..TemplateForm::empty() };
    let reply = QuickReplyInput { name: "old".into(), content: "c".into(), public: true, ..QuickReplyInput::default() };
    let category = CategoryForm {
        key: "partial".into(),
        name: "old".into(),
        auto_assignee: Some(assignee),
        ..CategoryForm::empty()
    };
    Things {
        rule: engine.create_rule(by, naming(assignee)).await.unwrap().id,
        template: engine.create_template(by, template).await.unwrap().id,
        reply: engine.create_quick_reply(by, reply).await.unwrap().id,
        category: engine.create_category(by, category).await.unwrap().id,
    }
}

impl Things {
    fn renamed(self) -> [Command; 4] {
        let name = || Some("new".to_owned());
        [
            Command::EditRule(self.rule, Box::new(EditRule { name: name(), ..EditRule::default() })),
            Command::EditTemplate(self.template, Box::new(EditTemplate { name: name(), ..EditTemplate::default() })),
            Command::EditQuickReply(self.reply, Box::new(EditQuickReply { name: name(), ..EditQuickReply::default() })),
            Command::EditCategory(self.category, Box::new(EditCategory { name: name(), ..EditCategory::default() })),
        ]
    }

    /// Out of use; and the reply, which is always in use, is said otherwise.
    fn switched_off(self) -> [Command; 4] {
        let (active, content) = (Some(false), Some("said otherwise".to_owned()));
        [
            Command::EditRule(self.rule, Box::new(EditRule { active, ..EditRule::default() })),
            Command::EditTemplate(self.template, Box::new(EditTemplate { active, ..EditTemplate::default() })),
            Command::EditQuickReply(self.reply, Box::new(EditQuickReply { content, ..EditQuickReply::default() })),
            Command::EditCategory(self.category, Box::new(EditCategory { active, ..EditCategory::default() })),
        ]
    }

    /// Names, and whether it is as [`Things::switched_off`] leaves it.
    async fn stand(self, house: &House) -> [(String, bool); 4] {
        let engine = &house.engine;
        let rule = engine.rule(&SYSTEM, self.rule).await.unwrap().form;
        let template = engine.template(&SYSTEM, self.template).await.unwrap().form;
        let reply = engine.quick_reply(&SYSTEM, self.reply).await.unwrap().form;
        let all = engine.categories(&SYSTEM).await.unwrap();
        let category = all.iter().find(|one| one.id == self.category).unwrap().form.clone();
        [
            (rule.name, !rule.active),
            (template.name, !template.active),
            (reply.name, reply.content == "said otherwise"),
            (category.name, !category.active),
        ]
    }
}

async fn cast(house: &House) -> (Caller, Caller, UserId) {
    let (one, two) = (house.person("root", Role::Admin).await, house.person("admin", Role::Admin).await);
    (caller(&one), caller(&two), house.person("bob", Role::Agent).await.id)
}

async fn events(house: &House) -> i64 {
    house.count("SELECT COUNT(*) FROM events").await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_edits_of_different_fields_both_stay() {
    each_backend(|house| async move {
        let (one, two, bob) = cast(&house).await;
        let things = things(&house, &one, bob).await;
        // Both have read it as it was; neither knows of the other.
        for (rename, off) in things.renamed().into_iter().zip(things.switched_off()) {
            let (named, off) = tokio::join!(house.engine.execute(&one, rename), house.engine.execute(&two, off));
            assert!(named.is_ok() && off.is_ok(), "{named:?} {off:?}");
        }
        assert_eq!(things.stand(&house).await, [(); 4].map(|()| ("new".to_owned(), true)));
        // What is so already is nothing that happens.
        let before = events(&house).await;
        for command in things.renamed() {
            house.engine.execute(&one, command).await.unwrap();
        }
        assert_eq!(events(&house).await, before);
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_edit_is_known_whatever_was_done_in_between() {
    each_backend(|house| async move {
        let (one, two, bob) = cast(&house).await;
        let things = things(&house, &one, bob).await;
        let keyed = |at: usize| one.clone().keyed(Some(format!("edit {at}")));
        let mut first: Vec<Outcome> = Vec::new();
        for (at, command) in things.renamed().into_iter().enumerate() {
            first.push(house.engine.execute(&keyed(at), command).await.unwrap());
        }
        let others = [
            Command::EditRule(
                things.rule,
                Box::new(EditRule { name: Some("theirs".into()), active: Some(false), ..EditRule::default() }),
            ),
            Command::EditTemplate(
                things.template,
                Box::new(EditTemplate { name: Some("theirs".into()), active: Some(false), ..EditTemplate::default() }),
            ),
            Command::EditQuickReply(
                things.reply,
                Box::new(EditQuickReply {
                    name: Some("theirs".into()),
                    content: Some("said otherwise".into()),
                    ..EditQuickReply::default()
                }),
            ),
            Command::EditCategory(
                things.category,
                Box::new(EditCategory { name: Some("theirs".into()), active: Some(false), ..EditCategory::default() }),
            ),
        ];
        for command in others {
            house.engine.execute(&two, command).await.unwrap();
        }
        let before = events(&house).await;
        for (at, command) in things.renamed().into_iter().enumerate() {
            let again = house.engine.execute(&keyed(at), command).await.unwrap();
            assert!(again.repeated && again.subject == first[at].subject, "{again:?}");
        }
        assert_eq!(events(&house).await, before, "nothing is done twice");
        assert_eq!(things.stand(&house).await, [(); 4].map(|()| ("theirs".to_owned(), true)));
        // Another edit under the same key is another request.
        let other = things.switched_off().into_iter().next().unwrap();
        let told = house.engine.execute(&keyed(0), other).await.unwrap_err();
        assert_eq!(told.field(), Some("idempotency_key"));
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_is_in_the_way_only_of_whoever_names_it_anew() {
    each_backend(|house| async move {
        let (root, _, bob) = cast(&house).await;
        let carol = house.person("carol", Role::Agent).await.id;
        let things = things(&house, &root, bob).await;
        for id in [bob, carol] {
            house.system(Command::SetUserStatus(id, UserStatus::Suspended)).await;
        }
        for command in things.switched_off().into_iter().chain(things.renamed()) {
            house.engine.execute(&root, command).await.unwrap();
        }
        assert_eq!(things.stand(&house).await, [(); 4].map(|()| ("new".to_owned(), true)));
        let engine = &house.engine;
        // Saying again whom it names is no change, either: clients send whole forms.
        let same = EditTemplate { assignee: Edit::Set(Some(bob)), active: Some(true), ..EditTemplate::default() };
        assert!(engine.edit_template(&root, things.template, same).await.unwrap().form.active);
        let same = EditCategory { auto_assignee: Edit::Set(Some(bob)), active: Some(true), ..EditCategory::default() };
        assert!(engine.edit_category(&root, things.category, same).await.unwrap().form.active);
        let actions = |id| Some(vec![action("assign", json!({ "user_id": id })), action("escalate", json!({}))]);
        let same = EditRule { actions: actions(bob), ..EditRule::default() };
        assert_eq!(engine.edit_rule(&root, things.rule, same).await.unwrap().form.actions.len(), 2);
        // Another one has to be there; and a rule that is to act again, all whom it names.
        let field = |told: Error| told.field();
        let other = EditTemplate { assignee: Edit::Set(Some(carol)), ..EditTemplate::default() };
        let told = engine.edit_template(&root, things.template, other).await.unwrap_err();
        assert_eq!(field(told), Some("assign_to_user_id"));
        let other = EditTemplate { ticket_category: Edit::Set(Some(CategoryId(999))), ..EditTemplate::default() };
        let told = engine.edit_template(&root, things.template, other).await.unwrap_err();
        assert_eq!(field(told), Some("default_category_id"));
        let other = EditCategory { auto_assignee: Edit::Set(Some(carol)), ..EditCategory::default() };
        let told = engine.edit_category(&root, things.category, other).await.unwrap_err();
        assert_eq!(field(told), Some("auto_assignee"));
        let other = EditRule { actions: actions(carol), ..EditRule::default() };
        let told = engine.edit_rule(&root, things.rule, other).await.unwrap_err();
        assert_eq!(field(told), Some("actions[0].params.user_id"));
        let on = EditRule { active: Some(true), ..EditRule::default() };
        let told = engine.edit_rule(&root, things.rule, on).await.unwrap_err();
        assert_eq!(field(told), Some("actions[0].params.user_id"));
        // Nothing takes away.
        let none = EditTemplate { assignee: Edit::Set(None), ..EditTemplate::default() };
        assert_eq!(engine.edit_template(&root, things.template, none).await.unwrap().form.assignee, None);
        engine.close().await;
    })
    .await;
}
