//! How mails say it: what is told of events, with a greeting and a footer, and the mails that only mail knows.
//!
//! Pure. Each mail is written once as lines, a quotation and a link, from which both parts are laid out.

use crate::wording::{self, line, pick};
use model::locale::Locale;
use model::people::User;

/// A mail's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    pub locale: Locale,
    pub subject: String,
    pub greeting: String,
    pub lines: Vec<String>,
    pub quote: Option<String>,
    /// What it is called, and where it leads.
    pub link: Option<(&'static str, String)>,
    pub footer: &'static str,
}

fn greeting(locale: Locale, name: &str) -> String {
    let name = line(name, 100);
    pick(locale, format!("{name}，您好："), format!("Hello {name},"))
}

/// What somebody is told of an event, as a mail.
pub(super) fn notice(said: wording::Words, user: &User, locale: Locale) -> Words {
    Words {
        locale,
        subject: said.headline,
        greeting: greeting(locale, &user.name()),
        lines: said.lines,
        quote: said.quote,
        link: said.link,
        footer: pick(
            locale,
            "这封邮件由系统自动发送。您可以在通知设置中选择要接收哪些邮件。",
            "This mail was sent automatically. In your notification settings you choose which mails you get.",
        ),
    }
}

pub(super) fn password_reset(name: Option<&str>, locale: Locale, link: String) -> Words {
    let hello = pick(locale, "您好：", "Hello,").to_owned();
    Words {
        locale,
        subject: pick(locale, "重置您的密码", "Reset your password").to_owned(),
        greeting: name.map_or(hello, |name| greeting(locale, name)),
        lines: vec![
            pick(
                locale,
                "我们收到了重置您账户密码的请求。请在一小时内打开下面的链接，设置新密码。",
                "Somebody asked for a new password for your account. Open the link below within an hour to set one.",
            )
            .to_owned(),
        ],
        quote: None,
        link: Some((pick(locale, "设置新密码", "Set a new password"), link)),
        footer: pick(
            locale,
            "如果这不是您本人的操作，请忽略这封邮件，您的密码不会改变。",
            "If it wasn't you, ignore this mail: your password stays as it is.",
        ),
    }
}

pub(super) fn test(locale: Locale) -> Words {
    Words {
        locale,
        subject: pick(locale, "测试邮件", "Test mail").to_owned(),
        greeting: pick(locale, "您好：", "Hello,").to_owned(),
        lines: vec![
            pick(
                locale,
                "这是一封测试邮件。您能读到它，说明邮件发送设置正确。",
                "This is a test mail. That you can read it shows that sending mail is set up properly.",
            )
            .to_owned(),
        ],
        quote: None,
        link: None,
        footer: pick(
            locale,
            "这封邮件应管理员的要求发送，无需回复。",
            "It was sent because an administrator asked for it. There is no need to answer.",
        ),
    }
}

impl Words {
    pub(super) fn plain(&self) -> String {
        let mut parts = vec![self.greeting.clone()];
        parts.extend(self.lines.iter().cloned());
        parts.extend(self.quote.as_ref().map(|q| q.lines().map(|l| format!("> {l}")).collect::<Vec<_>>().join("\n")));
        let colon = pick(self.locale, "：", ": ");
        parts.extend(self.link.as_ref().map(|(name, url)| format!("{name}{colon}\n{url}")));
        format!("{}\n\n--\n{}\n", parts.join("\n\n"), self.footer)
    }

    pub(super) fn html(&self) -> String {
        let paragraph = |text: &str| format!("<p>{}</p>\n", escaped(text));
        let mut body = paragraph(&self.greeting);
        body.extend(self.lines.iter().map(|line| paragraph(line)));
        if let Some(quote) = &self.quote {
            let lines: Vec<String> = quote.lines().map(escaped).collect();
            let style = "margin:0 0 1em;padding:0 0 0 1em;border-left:3px solid #d0d7de";
            let quoted = format!("<blockquote style=\"{style}\">{}</blockquote>\n", lines.join("<br>\n"));
            body.push_str(&quoted);
        }
        if let Some((name, url)) = &self.link {
            let link = format!("<p><a href=\"{}\">{}</a></p>\n", escaped(url), escaped(name));
            body.push_str(&link);
        }
        let footer = format!("<p style=\"color:#57606a;font-size:85%\">{}</p>\n", escaped(self.footer));
        body.push_str(&footer);
        format!(
            "<!DOCTYPE html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\"><title>{}</title></head>\n\
             <body style=\"font-family:sans-serif;line-height:1.5\">\n{body}</body>\n</html>\n",
            self.locale.word(),
            escaped(&self.subject)
        )
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
