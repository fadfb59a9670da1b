//! HTML down to the few tags that matter for reading it as text.
//!
//! Drops scripts, styles, heads, comments and what the sender hid; turns tables into rows of cells and links into
//! `text (url)`. What comes out is balanced and at most [`DEEPEST`] deep, so no renderer's stack depends on a sender.
//! One pass: every search that fails is remembered and not made again.

use super::header::one_line;

pub(super) const DEEPEST: usize = 40;
/// Stands between two cells of a row until the text is laid out; a private character that mail does not hold.
pub(super) const CELL: char = '\u{e0c1}';

struct Cleaner<'a> {
    rest: &'a str,
    out: String,
    open: Vec<&'static str>,
    /// Where a link began in `out`, and where it leads.
    link: Option<(usize, String)>,
    /// For each open table row: has it a cell already?
    rows: Vec<bool>,
    broken: Broken,
}

/// What was looked for to the very end and not found.
#[derive(Default)]
struct Broken {
    quote: bool,
    comment: bool,
    hidden: bool,
    head: bool,
    raw: bool,
}

struct Tag<'a> {
    name: String,
    closing: bool,
    attributes: &'a str,
}

pub(super) fn clean(html: &str) -> String {
    let mut cleaner = Cleaner {
        rest: html,
        out: String::with_capacity(html.len()),
        open: Vec::new(),
        link: None,
        rows: Vec::new(),
        broken: Broken::default(),
    };
    while let Some((text, from)) = cleaner.rest.find('<').and_then(|at| cleaner.rest.split_at_checked(at)) {
        cleaner.text(text);
        cleaner.rest = from;
        cleaner.markup();
    }
    let rest = cleaner.rest;
    cleaner.text(rest);
    cleaner.end_link();
    while let Some(name) = cleaner.open.pop() {
        put(&mut cleaner.out, &["</", name, ">"]);
    }
    cleaner.out
}

impl<'a> Cleaner<'a> {
    fn text(&mut self, text: &str) {
        self.out.extend(text.chars().filter(|&c| c != CELL && c != '\0'));
    }

    /// `rest` begins with `<`.
    fn markup(&mut self) {
        let after = self.rest.strip_prefix('<').unwrap_or_default();
        if let Some(comment) = after.strip_prefix("!--") {
            let end = if self.broken.comment { None } else { comment.find("-->") };
            self.broken.comment |= end.is_none();
            self.rest = end.and_then(|at| comment.get(at + 3..)).unwrap_or(comment);
        } else if after.starts_with(['!', '?']) {
            self.rest = after.split_once('>').map_or("", |(_, rest)| rest);
        } else if let Some((tag, rest)) = tag(after, &mut self.broken.quote) {
            self.rest = rest;
            self.tag(&tag);
        } else {
            self.out.push_str("&lt;");
            self.rest = after;
        }
    }

    fn tag(&mut self, tag: &Tag<'a>) {
        let name = tag.name.as_str();
        match name {
            "script" | "style" | "title" | "template" | "svg" | "math" | "noscript" | "xml" if !tag.closing => {
                self.skip_to_close(name);
            }
            "head" if !tag.closing && !self.broken.head => match find_tag(self.rest, &["</head", "<body"]) {
                Some(rest) => self.rest = rest,
                None => self.broken.head = true,
            },
            _ if !tag.closing && hidden(tag.attributes) && self.skip_hidden(name) => {}
            "br" => self.out.push_str("<br>"),
            "hr" => self.out.push_str("<div>----------</div>"),
            "td" | "th" if !tag.closing => self.cell(),
            "tr" => self.row(tag.closing),
            "a" => {
                self.end_link();
                if !tag.closing
                    && let Some(url) = attribute(tag.attributes, "href")
                {
                    self.link = Some((self.out.len(), url));
                }
            }
            "img" => {
                let alt = attribute(tag.attributes, "alt").map(|alt| one_line(&alt)).unwrap_or_default();
                if !alt.is_empty() {
                    put(&mut self.out, &["[", &escape(&alt), "]"]);
                }
            }
            _ => {
                if let Some(kept) = kept(name) {
                    if tag.closing { self.close(kept) } else { self.enter(kept) }
                }
            }
        }
    }

    fn row(&mut self, closing: bool) {
        if closing {
            self.rows.pop();
            self.close("div");
        } else {
            if self.rows.len() < DEEPEST {
                self.rows.push(false);
            }
            self.enter("div");
        }
    }

    fn cell(&mut self) {
        if let Some(filled) = self.rows.last_mut()
            && std::mem::replace(filled, true)
        {
            self.out.push(CELL);
        }
    }

    fn enter(&mut self, name: &'static str) {
        // These end an open one of their kind by themselves; left open they would only add depth.
        if matches!(name, "p" | "li") && self.open.last() == Some(&name) {
            self.close(name);
        }
        if self.open.len() < DEEPEST {
            self.open.push(name);
            put(&mut self.out, &["<", name, ">"]);
        } else {
            self.out.push_str("<br>");
        }
    }

    fn close(&mut self, name: &'static str) {
        let Some(at) = self.open.iter().rposition(|open| *open == name) else { return };
        self.end_link();
        for name in self.open.drain(at..).rev() {
            put(&mut self.out, &["</", name, ">"]);
        }
    }

    /// ` (url)` after a link's text, unless the text is the address already or there is no text to click on.
    fn end_link(&mut self) {
        let Some((start, url)) = self.link.take() else { return };
        let shown = one_line(&self.out.get(start..).unwrap_or_default().replace("&amp;", "&"));
        let bare = |url: &str| {
            url.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/').to_owned()
        };
        let target = url.strip_prefix("mailto:").or_else(|| url.strip_prefix("tel:")).unwrap_or(&url);
        let leads = ["http://", "https://", "mailto:", "tel:", "ftp://"].iter().any(|scheme| url.starts_with(scheme));
        let blank = shown.is_empty() || (shown.starts_with('<') && shown.ends_with('>'));
        if leads && !blank && !bare(&shown).contains(&bare(target)) && url.len() <= 2_000 {
            put(&mut self.out, &[" (", &escape(target), ")"]);
        }
    }

    fn skip_to_close(&mut self, name: &str) {
        let close = format!("</{name}");
        // `<title/>` in a stray place must not swallow the mail, so a missing end is no end at all.
        if let Some(rest) = (!self.broken.raw).then(|| find_tag(self.rest, &[&close])).flatten() {
            self.rest = rest;
        } else {
            self.broken.raw = true;
            if matches!(name, "script" | "style") {
                self.rest = "";
            }
        }
    }

    /// Skips a hidden element with all that is in it; false when it never ends (then it is shown).
    fn skip_hidden(&mut self, name: &str) -> bool {
        if matches!(name, "img" | "br" | "hr" | "input" | "meta" | "link") {
            return true;
        }
        if self.broken.hidden || matches!(name, "body" | "html") {
            return false;
        }
        let mut depth = 1usize;
        let mut rest = self.rest;
        while let Some(from) = rest.find('<').and_then(|at| rest.get(at + 1..)) {
            rest = from;
            let Some((inner, after)) = tag(from, &mut self.broken.quote) else { continue };
            rest = after;
            if inner.name != name {
                continue;
            }
            depth = if inner.closing { depth - 1 } else { depth + 1 };
            if depth == 0 {
                self.rest = rest;
                return true;
            }
        }
        self.broken.hidden = true;
        false
    }
}

/// The tag after `<`, and what follows its `>`.
fn tag<'a>(after: &'a str, quote_broken: &mut bool) -> Option<(Tag<'a>, &'a str)> {
    let (closing, after) = after.strip_prefix('/').map_or((false, after), |rest| (true, rest));
    let len = after.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'-' | b'_')).count();
    let (name, body) = after.split_at_checked(len)?;
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let end = if *quote_broken { None } else { tag_end(body) };
    *quote_broken |= end.is_none();
    // An unclosed quote would swallow all that follows: then the next `>` ends the tag, and at worst there is none.
    let end = end.or_else(|| body.find('>')).unwrap_or(body.len());
    let (attributes, rest) = body.split_at_checked(end)?;
    Some((Tag { name: name.to_ascii_lowercase(), closing, attributes }, rest.strip_prefix('>').unwrap_or(rest)))
}

fn tag_end(body: &str) -> Option<usize> {
    let mut quote = None;
    let mut last = b' ';
    for (at, byte) in body.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') if last == b'=' => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            last = byte;
        }
    }
    None
}

/// What follows the first of `wanted` (lower case, with their `<`), past its `>`.
fn find_tag<'a>(text: &'a str, wanted: &[&str]) -> Option<&'a str> {
    let mut rest = text;
    while let Some(from) = rest.find('<').and_then(|at| rest.get(at..)) {
        let starts = |tag: &str| from.get(..tag.len()).is_some_and(|head| head.eq_ignore_ascii_case(tag));
        if wanted.iter().any(|tag| starts(tag)) {
            return Some(from.split_once('>').map_or("", |(_, rest)| rest));
        }
        rest = from.get(1..).unwrap_or_default();
    }
    None
}

fn kept(name: &str) -> Option<&'static str> {
    Some(match name {
        "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => "p",
        "div" | "section" | "article" | "header" | "footer" | "center" | "address" | "main" | "nav" | "aside"
        | "form" | "fieldset" | "figure" | "dl" | "dt" | "dd" | "table" | "tr" | "caption" | "option" => "div",
        "ul" | "menu" => "ul",
        "ol" => "ol",
        "li" => "li",
        "blockquote" => "blockquote",
        "pre" => "pre",
        _ => return None,
    })
}

fn hidden(attributes: &str) -> bool {
    if attributes.len() < 6 {
        return false;
    }
    let style: String = attribute(attributes, "style")
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_ascii_lowercase();
    ["display:none", "visibility:hidden", "mso-hide:all"].iter().any(|rule| style.contains(rule))
        || attributes.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("hidden"))
}

/// An attribute's value with its most common entities undone.
fn attribute(attributes: &str, name: &str) -> Option<String> {
    let mut rest = attributes.get(..8_000).unwrap_or(attributes);
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        let (key, after) = rest.split_at_checked(rest.find(|c: char| c.is_whitespace() || c == '=')?)?;
        let after = after.trim_start();
        let Some(value) = after.strip_prefix('=') else {
            rest = after;
            continue;
        };
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (found, next) = match quote {
            Some(quote) => {
                let inner = value.get(1..)?;
                inner.split_once(quote).unwrap_or((inner, ""))
            }
            None => value.split_once(char::is_whitespace).unwrap_or((value, "")),
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(
                found.trim().replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"),
            );
        }
        rest = next;
    }
}

fn put(out: &mut String, pieces: &[&str]) {
    out.extend(pieces.iter().copied());
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_matters_is_left() {
        for (html, want) in [
            ("<b>a</b> <span style='color:red'>b</span>", "a b"),
            ("<style>p{}</style><script>x<y</script>a", "a"),
            ("<head><title>t</title></head><body>a", "a"),
            ("<HEAD>no end<p>a", "no end<p>a</p>"),
            ("<!-- a > b --><!--[if mso]><p>x</p><![endif]-->c<![if !mso]>d<![endif]>", "cd"),
            ("<div style=\"DISPLAY: none\">pre<div>x</div></div>a", "a"),
            ("<span hidden>x</span>a<p style='display:none'>never closed", "a<p>never closed</p>"),
            ("<div><p>a</div>b</p>", "<div><p>a</p></div>b"),
            ("1 < 2 <3", "1 &lt; 2 &lt;3"),
            ("<a href=\"https://x.org/?a=1&amp;b=2\">here</a>", "here (https://x.org/?a=1&amp;b=2)"),
            ("<a href=https://x.org/>https://x.org</a>", "https://x.org"),
            ("<a href='mailto:a@x.org'>a@x.org</a> <a href='javascript:x'>y</a>", "a@x.org y"),
            ("<img alt='Logo' src='cid:1'><img src=x alt=''>", "[Logo]"),
            ("<a title='x > y' href='http://x'>z</a>", "z (http://x)"),
            ("<p class=\"unclosed>a</p>b", "<p>a</p>b"),
            ("a<style>never closed", "a"),
        ] {
            assert_eq!(clean(html), want, "{html}");
        }
    }

    #[test]
    fn depth_is_bounded_and_balanced() {
        let out = clean(&"<div><blockquote>".repeat(10_000));
        assert_eq!(out.matches("<div>").count() + out.matches("<blockquote>").count(), DEEPEST);
        assert_eq!(out.matches("</").count(), DEEPEST);
    }

    #[test]
    fn hostile_html_takes_linear_time() {
        let started = std::time::Instant::now();
        for piece in [
            "<a '",
            "<!--",
            "<div style=display:none>",
            "<head>",
            "<a href=\"",
            "<",
            "</",
            "<title>",
            "<p hidden x='",
            "<table><tr><td>",
        ] {
            clean(&piece.repeat(1_000_000 / piece.len()));
        }
        assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    }
}
