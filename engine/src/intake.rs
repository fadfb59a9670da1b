//! What comes in: stored first, then who is it, which ticket, seen before? — and then a command like any other.
//!
//! A sender's address proves nothing, so nobody gains a role by it, and only those who take part in a conversation may
//! join it: everyone else gets a ticket of their own that names the one they answered.

use crate::audit::{Act, took};
use crate::execute::Work;
use crate::seat::Seat;
use crate::subject::Subject;
use crate::{Caller, Engine, secret};
use model::access::{self, Operation};
use model::command::{AddComment, Command, Effect, MakeContact, Once, OpenTicket, Origin, StoreFile};
use model::comment::Visibility;
use model::id::{AttachmentId, CommentId, InboundId, TicketId, UserId};
use model::inbound::{Clue, Inbound, InboundState, Nature, StoredInbound};
use model::people::Channel;
use model::query::TicketFilter;
use model::text::{Body, Email, Title};
use model::ticket::{Source, Ticket};
use model::{Actor, Error, Result};
use std::time::Instant;
use store::inbound::{NewInbound, Raw};

/// Larger raw messages lie in a file, smaller ones in the database.
const INLINE: usize = 64 * 1024;
/// Hex digits of the signatures in reply addresses and Message-IDs.
const SIGNATURE: usize = 16;

/// Where a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenIn {
    pub ticket: TicketId,
    pub comment: CommentId,
    /// It opened the ticket.
    pub opened: bool,
    /// It had come in before.
    pub duplicate: bool,
}

impl Engine {
    /// Stores a raw message. When it returns, the message is safe.
    #[expect(clippy::wildcard_enum_match_arm, reason = "looks for a few among many")]
    pub async fn store_inbound(&self, channel: Channel, raw: Vec<u8>, remote: Option<String>) -> Result<InboundId> {
        let size = raw.len() as i64;
        let raw = self.kept(raw).await?;
        let outcome = self.submit(Work::StoreInbound(NewInbound { channel, raw, size, remote })).await?;
        match outcome.subject {
            Subject::Inbound(id) => Ok(id),
            _ => Err(Error::internal("no message was stored")),
        }
    }

    async fn kept(&self, raw: Vec<u8>) -> Result<Raw> {
        if raw.len() <= INLINE {
            return Ok(Raw::Bytes(raw));
        }
        let info = self.keep_file("message", "message/rfc822", None, false, raw).await?;
        Ok(Raw::File(info.sha256))
    }

    /// Messages that are stored but were not read yet, as after a crash.
    pub async fn received(&self) -> Result<Vec<StoredInbound>> {
        let mut conn = self.0.store.read().await?;
        store::inbound::in_state(&mut conn, InboundState::Received, InboundId(0), 1_000).await
    }

    /// Puts a message into quarantine, where staff see it and can run it again.
    pub async fn quarantine(&self, id: InboundId, why: &str) -> Result<()> {
        let command = Command::QuarantineInbound { inbound: id, why: why.to_owned() };
        self.execute(&Caller::system("intake"), command).await.map(|_| ())
    }

    /// Settles a message that is kept but leads to nothing, and says why.
    pub async fn ignore_inbound(&self, id: InboundId, why: &str) -> Result<()> {
        let work = Work::SettleInbound { id, state: InboundState::Processed, why: Some(why.to_owned()), went: None };
        self.submit(work).await.map(|_| ())
    }

    /// Puts a mended form in the place of a quarantined message.
    pub async fn mend_inbound(&self, by: &Caller, id: InboundId, raw: Vec<u8>) -> Result<()> {
        access::in_general(&by.actor, Operation::SettleQuarantine)?;
        let known = store::inbound::by_id(&mut self.0.store.read().await?, id).await?;
        if known.ok_or_else(|| Error::not_found("message"))?.state != InboundState::Quarantined {
            return Err(Error::conflict("id", "the message is not in quarantine"));
        }
        let size = raw.len() as i64;
        let raw = self.kept(raw).await?;
        self.submit(Work::MendInbound { id, raw, size }).await.map(|_| ())
    }

    /// Takes a read message in: a comment of the ticket that it belongs to, or a ticket of its own.
    pub async fn take_in(&self, id: InboundId, inbound: Inbound) -> Result<TakenIn> {
        let (began, channel, mut sender) = (Instant::now(), inbound.origin.channel, None);
        let taken = self.taken_in(id, inbound, &mut sender).await?;
        // A second copy changes nothing.
        if taken.duplicate {
            return Ok(taken);
        }
        let role = match sender {
            // A role that can't be looked up now must not undo what has happened.
            Some(sender) => self.known_people(&[sender]).await.ok().and_then(|known| known.first().map(|u| u.role)),
            None => None,
        };
        self.note(Act {
            user: sender,
            role,
            username: sender.is_none().then(|| "intake".to_owned()),
            action: format!("{} {}", channel.word(), if taken.opened { "opened a ticket" } else { "commented" }),
            method: channel.word().to_ascii_uppercase(),
            path: format!("/tickets/{}", taken.ticket),
            status: 200,
            client_ip: None,
            latency_ms: took(began),
        })
        .await;
        Ok(taken)
    }

    async fn taken_in(&self, id: InboundId, inbound: Inbound, from: &mut Option<UserId>) -> Result<TakenIn> {
        let (before, known) = self.known(&inbound).await?;
        if let Some((ticket, comment)) = before {
            let went = Some((ticket, comment));
            self.submit(Work::SettleInbound { id, state: InboundState::Duplicate, why: None, went }).await?;
            return Ok(TakenIn { ticket, comment, opened: false, duplicate: true });
        }
        let machine = matches!(inbound.nature, Nature::AutoReply | Nature::Bounce);
        let command = if machine {
            // A machine's mail makes no contact and no ticket: it is a note where it belongs, or nothing.
            let sender = known;
            *from = sender;
            let reported = self.reported(&inbound).await?;
            let ticket = match self.conversation(&inbound, sender).await? {
                Target::Join(ticket) => Some(ticket),
                Target::Open { .. } => reported,
            };
            let Some(ticket) = ticket else {
                return Err(Error::Conflict { field: None, why: NOTHING_TO_ANSWER.to_owned() });
            };
            Command::AddComment(ticket, Box::new(self.comment(&inbound, sender).await?))
        } else {
            let sender = match known {
                Some(known) => known,
                None => self.newcomer(&inbound).await?,
            };
            *from = Some(sender);
            match self.conversation(&inbound, Some(sender)).await? {
                Target::Join(ticket) => {
                    Command::AddComment(ticket, Box::new(self.comment(&inbound, Some(sender)).await?))
                }
                Target::Open { follows } => {
                    Command::OpenTicket(Box::new(self.ticket_of(&inbound, sender, follows).await?))
                }
            }
        };
        let mut caller = Caller::system("intake");
        caller.once = Once { key: None, origin: Some(inbound.origin.clone()) };
        let opens = matches!(command, Command::OpenTicket(_));
        let outcome = self.submit(Work::Command { caller, command, settles: Some(id) }).await?;
        let (comment, ticket) = match (&outcome.subject, &outcome.ticket) {
            (Subject::Comment(comment, ticket), _) => (*comment, *ticket),
            (_, Some(ticket)) => (ticket.description, ticket.id),
            _ => return Err(Error::internal("a message led to nothing")),
        };
        Ok(TakenIn { ticket, comment, opened: opens && !outcome.repeated, duplicate: outcome.repeated })
    }

    /// Who wrote and is not known: a contact that is made now.
    #[expect(clippy::wildcard_enum_match_arm, reason = "looks for a few among many")]
    async fn newcomer(&self, inbound: &Inbound) -> Result<UserId> {
        let channel = inbound.origin.channel;
        let contact = MakeContact {
            channel,
            external_id: inbound.from.external_id.clone(),
            display: inbound.from.display.clone(),
            email: inbound.from.email.as_ref().map(|e| e.as_str().to_owned()),
        };
        let outcome = self.execute(&Caller::system("intake"), Command::MakeContact(contact)).await?;
        match outcome.subject {
            Subject::User(id) => Ok(id),
            // Two messages of a new sender at once: the second finds what the first has made.
            Subject::Identity(_) | Subject::Nothing => {
                let mut conn = self.0.store.read().await?;
                let identity = store::people::identity(&mut conn, channel, &inbound.from.external_id).await?;
                identity.map(|i| i.user).ok_or_else(|| Error::internal("no contact was made"))
            }
            _ => Err(Error::internal("no contact was made")),
        }
    }

    /// Where the message went if it came in before; else the person that the channel's identity or the mail's address already
    /// belongs to.
    async fn known(&self, inbound: &Inbound) -> Result<(Option<(TicketId, CommentId)>, Option<UserId>)> {
        let (origin, from) = (inbound.origin.clone(), inbound.from.clone());
        // Waited for here: no thread stands about for want of a connection.
        let mut conn = self.0.store.read_here().await?;
        let questions = async move {
            let before = store::once::origin(&mut conn, &origin).await?;
            if before.is_some() {
                return Ok((before, None));
            }
            let identity = store::people::identity(&mut conn, origin.channel, &from.external_id).await?;
            if let Some(identity) = identity {
                return Ok((None, Some(identity.user)));
            }
            let Some(email) = &from.email else { return Ok((None, None)) };
            let user = store::people::by_login(&mut conn, email.as_str()).await?;
            Ok((None, user.filter(|u| u.profile.email.as_ref() == Some(email)).map(|u| u.id)))
        };
        Seat::at(&self.0.store).ask(questions).await
    }

    /// The first clue that leads to a ticket decides.
    async fn conversation(&self, inbound: &Inbound, sender: Option<UserId>) -> Result<Target> {
        let mut follows = None;
        for clue in &inbound.thread {
            let way = self.clue(inbound.origin.channel, clue).await?;
            let Some(target) = way.last().map(|t| t.id) else { continue };
            // A mail server's report comes from nobody who takes part; it is a note for staff only.
            let mut joins = matches!(inbound.nature, Nature::AutoReply | Nature::Bounce);
            // Who takes part in a ticket takes part in what it was merged into.
            for ticket in &way {
                joins = joins
                    || match sender {
                        Some(sender) => self.takes_part(ticket, inbound, sender).await?,
                        None => false,
                    };
            }
            if joins {
                return Ok(Target::Join(target));
            }
            follows = follows.or(Some(target));
        }
        Ok(Target::Open { follows })
    }

    /// The ticket that a clue leads to, by way of those that were merged; nothing where it leads nowhere.
    async fn clue(&self, channel: Channel, clue: &Clue) -> Result<Vec<Ticket>> {
        let found = match clue {
            Clue::Signed(token) => self.signed_ticket(token),
            Clue::Message(id) => {
                let origin = Origin { channel, external_id: id.clone() };
                let known = store::once::origin(&mut self.0.store.read().await?, &origin).await?;
                known.map(|(ticket, _)| ticket).or_else(|| self.ticket_of_message_id(id))
            }
            Clue::Number(number) => self.numbered(number).await?,
        };
        self.followed(found).await
    }

    /// A ticket, and those that it was merged into; nothing where one of them is gone.
    async fn followed(&self, mut next: Option<TicketId>) -> Result<Vec<Ticket>> {
        let mut way = Vec::new();
        // A merged ticket's conversation goes on where it went.
        for _ in 0..10 {
            let Some(id) = next else { return Ok(Vec::new()) };
            let ticket = store::ticket::by_id(&mut self.0.store.read().await?, id).await?;
            match ticket {
                Some(ticket) if ticket.deleted_at.is_none() => {
                    next = ticket.merged_into;
                    way.push(ticket);
                    if next.is_none() {
                        return Ok(way);
                    }
                }
                Some(_) | None => return Ok(Vec::new()),
            }
        }
        Ok(Vec::new())
    }

    /// What a report that a mail of ours did not arrive is about: the delivery is marked, and its ticket is where the report
    /// is noted. A reply finds no ticket this way: what was said among staff must not be answered in public.
    async fn reported(&self, inbound: &Inbound) -> Result<Option<TicketId>> {
        let Some(report) = &inbound.bounce else { return Ok(None) };
        let sent = store::delivery::by_message(&mut self.0.store.read().await?, &report.message_id).await?;
        let Some(first) = sent.first() else { return Ok(None) };
        if report.permanent {
            let mut batch = self.0.store.begin().await?;
            batch.delivery_bounced(&report.message_id, &report.why, self.now()).await?;
            batch.commit().await?;
            metrics::counter!("echodesk_deliveries_total", "state" => "bounced").increment(1);
        }
        Ok(self.followed(first.ticket).await?.last().map(|ticket| ticket.id))
    }

    /// Whether the sender is the requester, the named customer, or somebody who has written on the ticket before.
    async fn takes_part(&self, ticket: &Ticket, inbound: &Inbound, sender: UserId) -> Result<bool> {
        let customer = inbound.from.email.is_some() && ticket.customer.email == inbound.from.email;
        if ticket.requester == sender || ticket.assignee == Some(sender) || customer {
            return Ok(true);
        }
        store::comment::has_author(&mut self.0.store.read().await?, ticket.id, sender).await
    }

    async fn comment(&self, inbound: &Inbound, sender: Option<UserId>) -> Result<AddComment> {
        let (body, files) = self.contents(inbound).await?;
        let note = matches!(inbound.nature, Nature::AutoReply | Nature::Bounce);
        Ok(AddComment {
            body,
            visibility: if note { Visibility::Internal } else { Visibility::Public },
            channel: inbound.origin.channel,
            attachments: files,
            folded: folded(inbound),
            meta: inbound.meta.clone(),
            effect: if inbound.nature == Nature::Message { Effect::Converse } else { Effect::Keep },
            on_behalf: sender,
        })
    }

    async fn ticket_of(&self, inbound: &Inbound, sender: UserId, follows: Option<TicketId>) -> Result<OpenTicket> {
        let (body, files) = self.contents(inbound).await?;
        let mail = inbound.origin.channel == Channel::Email;
        Ok(OpenTicket {
            source: if mail { Source::Email } else { Source::Chat },
            channel: inbound.origin.channel,
            requester: Some(sender),
            customer_name: inbound
                .from
                .display
                .as_ref()
                .map(|d| d.chars().filter(|c| !c.is_control()).take(200).collect()),
            customer_email: inbound.from.email.as_ref().map(|e| e.as_str().to_owned()),
            attachments: files,
            folded: folded(inbound),
            meta: inbound.meta.clone(),
            follows,
            mailbox: inbound.mailbox.clone(),
            ..OpenTicket::new(Title::shortened(&inbound.subject.replace('\0', ""), "(no subject)").into_string(), body)
        })
    }

    /// The text as a comment can hold it, and its files. What is too long is kept whole as a file.
    async fn contents(&self, inbound: &Inbound) -> Result<(String, Vec<AttachmentId>)> {
        let mut files = inbound.files.clone();
        let (mut body, cut) = Body::kept(&inbound.text, "(no text)");
        if cut {
            files.push(
                self.keep_file("message.txt", "text/plain", None, false, inbound.text.clone().into_bytes()).await?,
            );
            let short: String = body.as_str().chars().take(model::text::BODY_MAX - 100).collect();
            body = Body::kept(&format!("{short}\n\n[…] (the whole text: message.txt)"), "").0;
        }
        let most = self.policy().max_attachments_per_comment;
        let system = Caller::system("intake");
        let stores =
            files.into_iter().take(most).map(|file| self.execute(&system, Command::StoreFile(StoreFile::new(file))));
        let mut ids = Vec::new();
        for outcome in futures_util::future::join_all(stores).await {
            if let Subject::Attachment(id) = outcome?.subject {
                ids.push(id);
            }
        }
        if inbound.files.len() > most {
            let left = inbound.files.len() - most;
            body = Body::kept(&format!("{body}\n\n[{left} more attachments are in the original message]"), "").0;
        }
        Ok((body.into_string(), ids))
    }

    async fn numbered(&self, number: &str) -> Result<Option<TicketId>> {
        let mut conn = self.0.store.read().await?;
        if let Some(id) = store::ticket::by_number(&mut conn, number).await? {
            return Ok(Some(id));
        }
        Ok(number.trim_start_matches('#').parse().ok().map(TicketId))
    }

    /// The address to which answers to a ticket go: whoever has it was given it.
    pub fn reply_address(&self, ticket: TicketId, mailbox: Option<&Email>) -> Option<String> {
        let (local, domain) = self.mailbox_of(mailbox).or_else(|| self.mailbox())?.split_once('@')?;
        Some(format!("{local}+{}@{domain}", self.reply_token(ticket)))
    }

    fn reply_token(&self, ticket: TicketId) -> String {
        format!("{ticket}-{}", secret::sign(self.0.keys.raw(), &format!("reply {ticket}"), SIGNATURE))
    }

    fn signed_ticket(&self, token: &str) -> Option<TicketId> {
        let id = TicketId(token.split_once('-')?.0.parse().ok()?);
        secret::same_secret(&token.to_lowercase(), &self.reply_token(id)).then_some(id)
    }

    /// The Message-ID of a mail of ours about a comment, without brackets.
    pub fn message_id(&self, ticket: TicketId, comment: CommentId) -> String {
        let signature = secret::sign(self.0.keys.raw(), &format!("message {ticket} {comment}"), SIGNATURE);
        format!("t{ticket}.c{comment}.{signature}@{}", self.0.email.domain)
    }

    fn ticket_of_message_id(&self, id: &str) -> Option<TicketId> {
        let (local, _) = id.split_once('@')?;
        let mut parts = local.split('.');
        let ticket = TicketId(parts.next()?.strip_prefix('t')?.parse().ok()?);
        let comment = CommentId(parts.next()?.strip_prefix('c')?.parse().ok()?);
        secret::same_secret(id, &self.message_id(ticket, comment)).then_some(ticket)
    }

    /// The first bytes of a stored message, for looking at it.
    pub async fn inbound_head(&self, actor: &Actor, id: InboundId, most: usize) -> Result<Vec<u8>> {
        access::in_general(actor, Operation::ReadQuarantine)?;
        let raw = store::inbound::raw(&mut self.0.store.read().await?, id).await?;
        match raw.ok_or_else(|| Error::not_found("message"))? {
            Raw::Bytes(mut bytes) => {
                bytes.truncate(most);
                Ok(bytes)
            }
            Raw::File(sha256) => self.0.files.head(&sha256, most).await,
        }
    }

    /// A stored message's bytes, for reading it again.
    pub async fn inbound_raw(&self, actor: &Actor, id: InboundId) -> Result<Vec<u8>> {
        self.inbound_head(actor, id, usize::MAX).await
    }
}

/// Quoted history is in the tickets that it quotes and, whole, in the raw message: what is shown of it is bounded.
fn folded(inbound: &Inbound) -> Option<String> {
    inbound.folded.as_ref().map(|text| Body::kept(text, "").0.into_string()).filter(|text| !text.is_empty())
}

/// What a machine's mail hears that answers nothing we know.
pub const NOTHING_TO_ANSWER: &str = "an automatic message that answers no ticket of ours";

enum Target {
    Join(TicketId),
    Open { follows: Option<TicketId> },
}

impl Engine {
    /// How many tickets match, whoever asks: for the doctor.
    pub async fn all_tickets(&self) -> Result<i64> {
        self.count_tickets(&Actor::System("doctor"), &TicketFilter::default()).await
    }
}
