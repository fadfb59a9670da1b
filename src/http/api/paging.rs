//! Pages of `/api`: `page` from 1 on, and `limit`, which some clients call `page_size`. What is out of bounds is moved into
//! them, as the document's own server does.

use super::wire::Pagination;
use crate::http::query::{PageNumber, integer};
use model::error::Problems;

/// Items on a page where nobody says how many, and the most there are (分页说明).
pub const USUAL: i64 = 20;
pub const MOST: i64 = 100;

/// The page that a query asks for, of at most `most` items.
pub fn page(number: Option<&str>, limit: [Option<&str>; 2], most: i64, problems: &mut Problems) -> PageNumber {
    let page = integer("page", number, problems).unwrap_or(1).max(1);
    let [limit, page_size] = limit;
    let (limit, page_size) = (integer("limit", limit, problems), integer("page_size", page_size, problems));
    let size = limit.or(page_size);
    PageNumber { page, size: size.filter(|size| *size >= 1).unwrap_or(USUAL).min(most) }
}

pub fn shown(page: PageNumber, total: i64) -> Pagination {
    Pagination { page: page.page, limit: page.size, page_size: page.size, total, pages: page.pages(total) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_moved_into_their_bounds() {
        for (number, limit, size, wanted) in [
            (None, None, None, (1, 20)),
            (Some("3"), Some("50"), None, (3, 50)),
            (Some("0"), Some("1000"), None, (1, 100)),
            (Some("-1"), Some("-5"), None, (1, 20)),
            (None, None, Some("7"), (1, 7)),
            (None, Some("9"), Some("7"), (1, 9)),
        ] {
            let page = page(number, [limit, size], MOST, &mut Problems::default());
            assert_eq!((page.page, page.size), wanted);
        }
        let mut problems = Problems::default();
        page(Some("x"), [Some("y"), None], MOST, &mut problems);
        assert!(
            problems.finish().unwrap_err().to_string().contains("page must be an integer; limit must be an integer")
        );
        assert_eq!(shown(PageNumber { page: 2, size: 20 }, 150).pages, 8);
    }
}
