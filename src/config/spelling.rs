//! "Did you mean …?": the known name that is nearest to an unknown one.

/// The nearest of `known` to `written`, unless nothing is near.
///
/// A name that ends alike (`log.listen` for `listen`) counts as near: in TOML, a line below a `[section]` belongs to
/// it.
pub(super) fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = written.to_lowercase();
    let allowed = (written.chars().count() / 3).clamp(1, 4);
    known
        .into_iter()
        .map(|name| {
            let lower = name.to_lowercase();
            let far = distance(&written, &lower);
            (if last_part(&written) == last_part(&lower) { far.min(allowed) } else { far }, far, name)
        })
        .filter(|(score, _, _)| *score <= allowed)
        .min()
        .map(|(_, _, name)| name)
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Levenshtein's distance with swaps of neighbours counting as one.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous_a = None;
    for (row, here) in a.chars().enumerate() {
        let mut current = vec![row + 1];
        let mut previous_b = None;
        for (column, &there) in b.iter().enumerate() {
            let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&last, column) + usize::from(here != there))
                .min(at(&last, column + 1) + 1)
                .min(at(&current, column) + 1);
            if previous_a == Some(there) && previous_b == Some(here) && column > 0 {
                best = best.min(at(&before_last, column - 1) + 1);
            }
            current.push(best);
            previous_b = Some(there);
        }
        before_last = std::mem::replace(&mut last, current);
        previous_a = Some(here);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits_and_swaps() {
        for (a, b, edits) in [("listen", "listen", 0), ("listne", "listen", 1), ("emial", "email", 1), ("", "abc", 3)] {
            assert_eq!(distance(a, b), edits, "{a} {b}");
        }
    }

    #[test]
    fn suggests_what_is_near_and_nothing_else() {
        let known = ["listen", "log.level", "http.cors_origins", "email.domain", "attachments.max_bytes"];
        for (written, name) in [
            ("listne", Some("listen")),
            ("emial.domain", Some("email.domain")),
            ("http.cors_orgins", Some("http.cors_origins")),
            ("log.listen", Some("listen")),
            ("max_bytes", Some("attachments.max_bytes")),
            ("colour", None),
        ] {
            assert_eq!(nearest(written, known), name, "{written}");
        }
    }
}
