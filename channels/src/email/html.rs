//! Readable text of an HTML mail.
//!
//! `clean` reduces the markup, html2text lays it out, and what it cannot do (too much of it, an error) is
//! done crudely: tags out, entities undone. It says nothing about what is safe to show in a browser.

use super::clean::{CELL, clean};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Beyond this no HTML is read at all, and beyond the second bound it is read crudely: nobody writes that much.
const MOST: usize = 8 * 1024 * 1024;
const MOST_LAID_OUT: usize = 512 * 1024;
/// Lines are the writer's paragraphs, not ours to wrap.
const WIDTH: usize = 20_000;
const LONGEST_ROW: usize = 160;

pub fn to_text(html: &str) -> String {
    let end = (0..=MOST.min(html.len())).rev().find(|&at| html.is_char_boundary(at)).unwrap_or(0);
    let cleaned = clean(html.get(..end).unwrap_or_default());
    let laid_out = if cleaned.len() <= MOST_LAID_OUT { lay_out(&cleaned) } else { None };
    tidy(&laid_out.unwrap_or_else(|| strip(&cleaned)))
}

fn lay_out(cleaned: &str) -> Option<String> {
    // html2text asserts in places; a mail must not end the process, and nothing outlives the call.
    let render = || {
        html2text::config::plain().no_link_wrapping().allow_width_overflow().string_from_read(cleaned.as_bytes(), WIDTH)
    };
    catch_unwind(AssertUnwindSafe(render)).ok()?.ok()
}

fn strip(cleaned: &str) -> String {
    let mut out = String::with_capacity(cleaned.len());
    for (at, piece) in cleaned.split('<').enumerate() {
        let (tag, text) = if at == 0 { ("", piece) } else { piece.split_once('>').unwrap_or(("", piece)) };
        out.push_str(match tag {
            "li" => "\n* ",
            "p" | "blockquote" | "pre" => "\n\n",
            "br" | "div" | "/div" | "/p" | "/li" | "ul" | "ol" => "\n",
            _ => "",
        });
        entities(text, &mut out);
    }
    out
}

fn entities(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('&') {
        out.push_str(before);
        let known = from.char_indices().take(10).find(|(_, c)| *c == ';').and_then(|(at, _)| from.split_at_checked(at));
        if let Some((c, after)) = known.and_then(|(name, after)| Some((entity(name)?, after))) {
            out.push(c);
            rest = after.strip_prefix(';').unwrap_or(after);
        } else {
            out.push('&');
            rest = from;
        }
    }
    out.push_str(rest);
}

fn entity(name: &str) -> Option<char> {
    let number = name.strip_prefix('#');
    if let Some(hex) = number.and_then(|n| n.strip_prefix(['x', 'X'])) {
        return u32::from_str_radix(hex, 16).ok().and_then(char::from_u32);
    }
    if let Some(number) = number {
        return number.parse().ok().and_then(char::from_u32);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "hellip" => '…',
        "mdash" => '—',
        "ndash" => '–',
        _ => return None,
    })
}

/// Cells apart, invisible filler out, no trailing blanks, no runs of empty lines.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut empty, mut joined, mut last) = (0, false, 0);
    for line in text.lines() {
        let visible: String =
            line.chars().filter(|c| !filler(*c)).map(|c| if c == '\u{a0}' { ' ' } else { c }).collect();
        let visible = visible.trim_end();
        joined |= visible.trim_start().starts_with(CELL);
        let line = cells(visible);
        let length = line.chars().count();
        if length == 0 {
            empty += 1;
            continue;
        }
        if !out.is_empty() {
            // Outlook makes a paragraph of each cell. Long cells are columns of a page, and stay apart.
            let row = joined && last + length <= LONGEST_ROW;
            out.push_str(if row {
                " | "
            } else if empty > 0 {
                "\n\n"
            } else {
                "\n"
            });
        }
        (empty, joined, last) = (0, visible.ends_with(CELL), length);
        out.push_str(&line);
    }
    out
}

/// What newsletters pad their preview lines with.
fn filler(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200c}' | '\u{feff}' | '\u{ad}' | '\u{34f}' | '\u{2007}' | '\u{2060}')
        || (c.is_control() && c != '\t')
}

fn cells(line: &str) -> String {
    if !line.contains(CELL) {
        return line.trim_end().to_owned();
    }
    let filled: Vec<&str> = line.split(CELL).map(str::trim).filter(|cell| !cell.is_empty()).collect();
    filled.join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts() {
        for (html, want) in [
            ("<p>Hello,</p><p>it is <b>broken</b>.</p>", "Hello,\n\nit is broken."),
            ("line one<br>line two<br/><br/>three", "line one\nline two\n\nthree"),
            ("<div>a</div><div>b</div><div><br></div><div>c</div>", "a\nb\n\nc"),
            ("<ul><li>one</li><li>two <b>bold</b></li></ul>", "* one\n* two bold"),
            ("<ol><li>one<li>two</ol>", "1. one\n2. two"),
            (
                "<table><tr><td>Order</td><td>42</td></tr><tr><td>Price</td><td>5&nbsp;€</td></tr></table>",
                "Order | 42\nPrice | 5 €",
            ),
            ("see <a href='https://x.org/a'>this page</a>.", "see this page (https://x.org/a)."),
            ("<blockquote><p>old</p><blockquote>older</blockquote></blockquote>new", "> old\n> \n> > older\n\nnew"),
            ("a &amp; b &lt;c&gt; &copy; &#20320;&#x597d;", "a & b <c> © 你好"),
            ("", ""),
            ("<p>你好，</p><p>　　我的账号无法登录。</p>", "你好，\n\n我的账号无法登录。"),
            ("<pre>fn main() {\n    run();\n}</pre>", "fn main() {\n    run();\n}"),
        ] {
            assert_eq!(to_text(html).replace("> \n", ">\n"), want.replace("> \n", ">\n"), "{html}");
        }
    }

    #[test]
    fn outlook_and_newsletter_html() {
        let outlook = "<html xmlns:o=\"urn:schemas-microsoft-com:office:office\"><head><style><!-- p.MsoNormal {margin:0} --></style>\
            <!--[if gte mso 9]><xml><o:shapedefaults/></xml><![endif]--></head><body lang=EN-US><div class=WordSection1>\
            <p class=MsoNormal>Dear team,<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p>\
            <p class=MsoNormal>The printer is <b>offline</b>.<o:p></o:p></p></div></body></html>";
        assert_eq!(to_text(outlook), "Dear team,\n\nThe printer is offline.");
        let preheader = "<body><div style=\"display:none;max-height:0\">Preview &zwnj;&nbsp;&zwnj;</div>\
            <table width=600><tr><td><table><tr><td>Offer</td></tr></table></td></tr></table></body>";
        assert_eq!(to_text(preheader), "Offer");
    }

    #[test]
    fn the_crude_way_reads_too() {
        assert_eq!(tidy(&strip(&clean("<p>a &amp; b</p><ul><li>c</ul>&#x4f60;&bogus;&"))), "a & b\n\n* c\n你&bogus;&");
    }

    #[test]
    fn much_and_deep_html_is_survived() {
        let started = std::time::Instant::now();
        let deep = format!("{}deep{}", "<div><table><tr><td><blockquote><b>".repeat(20_000), "</b>".repeat(100));
        assert!(to_text(&deep).contains("deep"));
        let wide = "<p>word <i>word</i> <a href='https://x.org'>link</a></p>".repeat(60_000);
        assert!(to_text(&wide).len() > 1_000_000);
        let list = "<li>".repeat(100_000);
        to_text(&list);
        assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
    }
}
