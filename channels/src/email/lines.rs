//! Lines of raw bytes, whatever ended them: CRLF, LF, a bare CR, or the CR CR LF of twice-converted mail.
//!
//! Gives offsets, copies nothing.

/// Where one line stands in its buffer: `start..end` without its line end, and where the next one starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    pub start: usize,
    pub end: usize,
    pub next: usize,
}

pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

pub(super) fn lines(bytes: &[u8]) -> Lines<'_> {
    Lines { bytes, at: 0 }
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        let start = self.at;
        let rest = self.bytes.get(start..).filter(|rest| !rest.is_empty())?;
        let Some(len) = rest.iter().position(|&b| b == b'\n' || b == b'\r') else {
            self.at = self.bytes.len();
            return Some(Line { start, end: self.at, next: self.at });
        };
        let end = start + len;
        let returns = rest.get(len..).map_or(0, |tail| tail.iter().take_while(|&&b| b == b'\r').count());
        let next = match (returns, self.bytes.get(end + returns)) {
            (_, Some(b'\n')) => end + returns + 1,
            // A run of bare CRs: each ends a line, or a mail with CR line ends would have no blank line.
            _ => end + 1,
        };
        self.at = next;
        Some(Line { start, end, next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        lines(text.as_bytes()).map(|line| text.get(line.start..line.end).unwrap()).collect()
    }

    #[test]
    fn each_line_end_counts_once() {
        for (text, want) in [
            ("a\r\nb\r\n", vec!["a", "b"]),
            ("a\nb", vec!["a", "b"]),
            ("a\rb\r\rc", vec!["a", "b", "", "c"]),
            ("a\r\r\nb\r\r\n\r\r\nc", vec!["a", "b", "", "c"]),
            ("\n\n", vec!["", ""]),
            ("", vec![]),
        ] {
            assert_eq!(split(text), want, "{text:?}");
        }
    }
}
