//! Files: kept once, for those who may see the comment that names them, and swept when nothing does.

use crate::house::{House, caller, each_backend, next};
use engine::{Caller, Engine, Numbers};
use model::attachment::{Attachment, Purpose};
use model::command::{AddComment, OpenTicket};
use model::comment::Visibility;
use model::id::TicketId;
use model::people::Role;
use model::query::EventFilter;
use model::time::{DAY, HOUR};
use model::{Actor, Error, Event};
use tokio::io::AsyncReadExt as _;

async fn upload(engine: &Engine, by: &Caller, name: &str, bytes: &[u8]) -> model::Result<Attachment> {
    engine.upload(by, name, Some("text/html; charset=x"), bytes).await
}

/// A PNG of one pixel.
const PIXEL: [u8; 67] = *b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cc`\0\0\0\x02\0\x01H\xaf\xa4q\0\0\0\0IEND\xaeB`\x82";

/// A picture, sent for this purpose and this ticket.
pub async fn picture(
    engine: &Engine,
    by: &Caller,
    purpose: Purpose,
    ticket: Option<TicketId>,
) -> model::Result<Attachment> {
    let received = engine.receive(by, "p.png", None, PIXEL.as_slice()).await?;
    engine.file(by, received, purpose, ticket).await
}

async fn read(house: &House, by: &Caller, file: &Attachment) -> model::Result<Vec<u8>> {
    let mut file = house.engine.download(&by.actor, file.id).await?.file;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).await.unwrap();
    Ok(bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_are_bounded_and_follow_their_comment() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let (alice, mallory) =
            (caller(&house.person("alice", Role::User).await), caller(&house.person("mallory", Role::User).await));
        let bob = caller(&house.person("bob", Role::Agent).await);
        let file = upload(engine, &alice, "../../图片.png", b"bytes").await.unwrap();
        assert_eq!(
            (file.file.filename.as_str(), file.file.content_type.as_str(), file.file.size),
            ("图片.png", "text/html", 5)
        );
        assert_eq!(read(&house, &alice, &file).await.unwrap(), b"bytes");
        for stranger in [&mallory, &bob] {
            assert_eq!(read(&house, stranger, &file).await.unwrap_err().code(), "NOT_FOUND", "it is not used yet");
        }
        for bad in ["x.exe", "x.PHP", "a/b.sh", "x.exe.", "x.sh ", "x.jar. ."] {
            assert_eq!(upload(engine, &alice, bad, b"x").await.unwrap_err().field(), Some("file"), "{bad}");
        }
        assert!(upload(engine, &Caller::new(Actor::Anonymous), "a.txt", b"x").await.is_err());
        let most = vec![0; 25 * 1024 * 1024];
        upload(engine, &alice, "most.bin", &most).await.unwrap();
        let more = [most, vec![0]].concat();
        assert!(matches!(upload(engine, &alice, "more.bin", &more).await, Err(Error::TooLarge { field: "file", .. })));
        let left = std::fs::read_dir(house.options.data_dir.join("files/tmp")).unwrap().count();
        assert_eq!(left, 0, "no half-written files");
        // Nobody names somebody else's upload, nor one twice.
        let with = |file: &Attachment| AddComment { attachments: vec![file.id], ..AddComment::public("see") };
        let ticket = house.ticket(&alice, "files").await.id;
        let theirs = house.ticket(&mallory, "theirs").await.id;
        assert_eq!(engine.add_comment(&mallory, theirs, with(&file)).await.unwrap_err().field(), Some("attachments"));
        let comment = engine.add_comment(&alice, ticket, with(&file)).await.unwrap();
        assert_eq!(comment.attachments[0].comment, Some(comment.id));
        assert_eq!(engine.add_comment(&alice, ticket, with(&file)).await.unwrap_err().field(), Some("attachments"));
        assert_eq!(read(&house, &bob, &file).await.unwrap(), b"bytes");
        assert_eq!(read(&house, &mallory, &file).await.unwrap_err().code(), "NOT_FOUND");
        let secret = upload(engine, &bob, "secret.txt", b"internal").await.unwrap();
        let note = AddComment { visibility: Visibility::Internal, ..with(&secret) };
        engine.add_comment(&bob, ticket, note).await.unwrap();
        assert_eq!(read(&house, &alice, &secret).await.unwrap_err().code(), "NOT_FOUND");
        assert_eq!(read(&house, &bob, &secret).await.unwrap(), b"internal");
        engine.withdraw_comment(&alice, comment.id).await.unwrap();
        assert_eq!(read(&house, &alice, &file).await.unwrap_err().code(), "NOT_FOUND");
        assert!(read(&house, &bob, &file).await.is_ok(), "staff still see it");
        let described = upload(engine, &alice, "d.txt", b"d").await.unwrap();
        let open = OpenTicket { attachments: vec![described.id], ..OpenTicket::new("t", "d") };
        let ticket = engine.open_ticket(&alice, open).await.unwrap().id;
        engine.delete_ticket(&Caller::system("t"), ticket).await.unwrap();
        assert_eq!(read(&house, &alice, &described).await.unwrap_err().code(), "NOT_FOUND");
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_names_is_swept_after_a_day_and_what_is_shared_stays() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let alice = caller(&house.person("alice", Role::User).await);
        let unused = upload(engine, &alice, "unused.txt", b"unused").await.unwrap();
        let twin = upload(engine, &alice, "one.txt", b"shared").await.unwrap();
        let used = upload(engine, &alice, "two.txt", b"shared").await.unwrap();
        assert_eq!(twin.file.sha256, used.file.sha256, "stored once");
        let open = OpenTicket { attachments: vec![used.id], ..OpenTicket::new("t", "d") };
        engine.open_ticket(&alice, open).await.unwrap();
        house.clock.advance(23 * HOUR);
        let young = upload(engine, &alice, "young.txt", b"young").await.unwrap();
        house.clock.advance(DAY - 23 * HOUR + 1);
        let mut events = engine.events(&Actor::System("t"), None, EventFilter::default()).await.unwrap();
        engine.start_background();
        let mut swept = vec![];
        while swept.len() < 2 {
            if let Event::FileDiscarded { attachment } = next(&mut events).await.event {
                swept.push(attachment);
            }
        }
        swept.sort_unstable();
        assert_eq!(swept, [unused.id, twin.id]);
        let path = engine.file_path(&unused.file.sha256).unwrap();
        crate::house::soon(async {
            while path.exists() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(read(&house, &alice, &used).await.unwrap(), b"shared");
        assert_eq!(read(&house, &alice, &young).await.unwrap(), b"young");
        assert_eq!(engine.file_path("../../etc/passwd"), None);
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_ticket_or_a_profile_has_stays() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let (alice, mallory) =
            (caller(&house.person("alice", Role::User).await), caller(&house.person("mallory", Role::User).await));
        let bob = caller(&house.person("bob", Role::Agent).await);
        let ticket = house.ticket(&alice, "files").await.id;
        let first = picture(engine, &alice, Purpose::Avatar, None).await.unwrap();
        let second = picture(engine, &alice, Purpose::Avatar, None).await.unwrap();
        let unused = picture(engine, &alice, Purpose::Document, None).await.unwrap();
        let of_ticket = picture(engine, &alice, Purpose::Attachment, Some(ticket)).await.unwrap();
        assert_eq!(of_ticket.path.as_deref().unwrap().split('/').take(2).collect::<Vec<_>>(), ["2026", "01"]);
        assert_eq!((of_ticket.picture.as_ref().unwrap().width, of_ticket.picture.as_ref().unwrap().height), (1, 1));
        // Nobody files for a ticket that they do not see, nor an avatar for one at all.
        let refused = picture(engine, &mallory, Purpose::Attachment, Some(ticket)).await.unwrap_err();
        assert_eq!(refused, Error::not_found("ticket"));
        assert_eq!(
            picture(engine, &alice, Purpose::Avatar, Some(ticket)).await.unwrap_err().field(),
            Some("ticket_id")
        );
        let history = engine.history(&bob.actor, ticket, None, 10).await.unwrap();
        assert!(
            history.iter().any(|r| matches!(&r.event, Event::FileStored { attachment } if **attachment == of_ticket))
        );
        assert_eq!(engine.ticket(&bob.actor, ticket).await.unwrap().version, 2, "a file is a change of its ticket");

        house.clock.advance(DAY + 1);
        let mut events = engine.events(&Actor::System("t"), None, EventFilter::default()).await.unwrap();
        engine.start_background();
        let mut swept = vec![];
        while swept.len() < 2 {
            if let Event::FileDiscarded { attachment } = next(&mut events).await.event {
                swept.push(attachment);
            }
        }
        swept.sort_unstable();
        assert_eq!(swept, [first.id, unused.id]);
        assert_eq!(read(&house, &mallory, &second).await.unwrap(), PIXEL, "an avatar is for everybody");
        assert_eq!(read(&house, &bob, &of_ticket).await.unwrap(), PIXEL);
        assert_eq!(read(&house, &mallory, &of_ticket).await.unwrap_err().code(), "NOT_FOUND");
        assert_eq!(engine.files_of_ticket(&alice.actor, ticket).await.unwrap(), std::slice::from_ref(&of_ticket));
        let first = engine.files_numbered(&alice.actor, ticket, Numbers { skip: 0, limit: 1 }).await.unwrap();
        assert_eq!((first.items, first.total), (vec![of_ticket], 1));
        let behind = engine.files_numbered(&alice.actor, ticket, Numbers { skip: 1, limit: 1 }).await.unwrap();
        assert_eq!((behind.items, behind.total), (Vec::new(), 1));
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_half_written_when_a_process_was_killed_is_swept_after_a_day() {
    let house = House::open(false).await;
    let written = |name: &str, hours_ago: i64| {
        let path = house.options.data_dir.join("files/tmp").join(name);
        let file = std::fs::File::create(&path).unwrap();
        let at = u64::try_from(crate::house::START.plus(-hours_ago * HOUR).0).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_millis(at)).unwrap();
        path
    };
    let (old, young) = (written("old", 25), written("young", 23));
    house.engine.start_background();
    crate::house::soon(async {
        while old.exists() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(young.exists(), "somebody may be writing it");
    house.engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_nothing_names_are_swept_after_a_day() {
    each_backend(|house| async move {
        let alice = caller(&house.person("alice", Role::User).await);
        // Refused after it was received.
        let refused = house.engine.receive(&alice, "x.txt", None, &b"no picture"[..]).await.unwrap();
        assert!(house.engine.file(&alice, refused, Purpose::Avatar, None).await.is_err());
        let kept = house.engine.receive(&alice, "y.txt", None, &b"kept"[..]).await.unwrap();
        let kept = house.engine.file(&alice, kept, Purpose::Attachment, None).await.unwrap();
        let files = || {
            let folders = std::fs::read_dir(house.options.data_dir.join("files"))
                .unwrap()
                .map(|f| f.unwrap().path())
                .filter(|path| path.is_dir());
            let names = folders.flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().file_name()));
            let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
            names.sort();
            names
        };
        assert_eq!(files().len(), 2);
        house.clock.advance(23 * HOUR);
        house.engine.sweep_orphans().await.unwrap();
        assert_eq!(files().len(), 2, "a row may be on its way");
        house.clock.advance(2 * HOUR);
        house.engine.sweep_orphans().await.unwrap();
        assert_eq!(files(), std::slice::from_ref(&kept.file.sha256));
        let unnamed = house.options.data_dir.join("files").join("aa").join("a".repeat(64));
        let leave = || {
            std::fs::create_dir_all(unnamed.parent().unwrap()).unwrap();
            let file = std::fs::File::create(&unnamed).unwrap();
            file.set_modified(std::time::UNIX_EPOCH).unwrap();
        };
        leave();
        house.engine.sweep_orphans().await.unwrap();
        assert!(!unnamed.exists());
        // Another store that lies beside this one, or was tried once, names files in the same folder: then what we don't know may
        // be that one's.
        let beside = House::open(false).await;
        let options = engine::Options { store: beside.options.store.clone(), ..house.options.clone() };
        let other = Engine::start(options).await.unwrap();
        leave();
        for engine in [&house.engine, &other] {
            engine.sweep_orphans().await.unwrap();
            assert!(unnamed.exists());
            assert!(engine.file_path(&kept.file.sha256).unwrap().exists());
        }
        other.close().await;
        beside.engine.close().await;
        house.engine.close().await;
    })
    .await;
}
