//! Mail: a raw message over `POST /hooks/email` to a stored ticket, durable before the answer, against our own creation of
//! tickets at as many clients.

use super::client::{Ask, Load, Work, post, with_body};
use super::create;
use super::house::{HOOK_SECRET, House};
use super::limits::{Cell, Side, compare};
use super::report::Figure;
use super::seed;
use crate::cli::Failure;
use model::time::Zone;

/// So many mails come in at a time.
const CLIENTS: usize = 4;
const REACH: f64 = 0.60;

pub async fn cell(house: &House, seconds: u64) -> Result<Figure, Failure> {
    let mut limit = Side::Load(create::load(house.address, &house.people, CLIENTS).await?);
    let mut own = Side::Load(load(house).await?);
    let cell =
        Cell { work: "mail to ticket".to_owned(), clients: CLIENTS, against: "own create at 4 clients", reach: REACH };
    compare(cell, &mut limit, &mut own, seconds).await
}

/// Mails of all requesters by turns, each with a Message-ID of its own.
async fn load(house: &House) -> Result<Load, Failure> {
    let head = post("/hooks/email", house.address, "message/rfc822", Some(HOOK_SECRET))?;
    let senders: Vec<String> = house.people.requesters.iter().map(|person| person.email.clone()).collect();
    let sent = Zone::east_minutes(0).unwrap_or_default().wall(house.engine.now());
    let ask = move |client: usize, turn: u64| mail(&head, &senders, client, turn, &sent);
    Load::new(house.address, CLIENTS, Work { ask: Box::new(ask), sign: "" }).await
}

/// What a usual program sends: plain text with its HTML twin.
fn mail(head: &Ask, senders: &[String], client: usize, turn: u64, sent: &str) -> Ask {
    let number = turn * CLIENTS as u64 + client as u64;
    let open = seed::ticket(2_000_000_000 + number);
    let from = senders.get(number.checked_rem(senders.len() as u64).unwrap_or_default() as usize);
    let from = from.map(String::as_str).unwrap_or_default();
    // The Date's form matters less than its being there; our clock's reading is one of those that readers must understand.
    let raw = format!(
        "Received: from mx.example.org (mx.example.org [192.0.2.1]) by desk.example.org; {sent} +0000\r\n\
         Message-ID: <bench.{client}.{turn}.{stamp}@example.org>\r\n\
         Date: {sent} +0000\r\n\
         From: Requester <{from}>\r\n\
         To: Support <support@desk.example.org>\r\n\
         Subject: {title}\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/alternative; boundary=\"part\"\r\n\
         \r\n\
         --part\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\
         \r\n\
         {text}\r\n\
         --part\r\n\
         Content-Type: text/html; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\
         \r\n\
         <html><body><p>{text}</p></body></html>\r\n\
         --part--\r\n",
        stamp = sent.replace([' ', ':'], "-"),
        title = open.title,
        text = open.description,
    );
    with_body(head, raw)
}
