//! What a part of a rule is called where it is refused: `conditions[2].operator`, `actions[0].params.user_id`.
//!
//! Problems name their fields by texts that live for ever; rules are bounded, so all of theirs are made once.

use super::action::{ACTIONS_MAX, PARAMS};
use super::condition::CONDITIONS_MAX;
use std::sync::LazyLock;

const OF_CONDITION: [&str; 5] = ["", ".field", ".operator", ".value", ".logic_op"];

static CONDITIONS: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
    let of = |at: usize| OF_CONDITION.iter().map(|part| format!("conditions[{at}]{part}")).collect();
    (0..CONDITIONS_MAX).map(of).collect()
});

static ACTIONS: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
    let of = |at: usize| {
        let whole = ["", ".type", ".params"].map(|part| format!("actions[{at}]{part}"));
        let params = PARAMS.iter().map(|param| format!("actions[{at}].params.{param}"));
        whole.into_iter().chain(params).collect()
    };
    (0..ACTIONS_MAX).map(of).collect()
});

/// The condition at a place, or one of its parts.
pub fn of_condition(at: usize, part: &str) -> &'static str {
    let index = OF_CONDITION.iter().position(|known| known.strip_prefix('.') == Some(part)).unwrap_or(0);
    CONDITIONS.get(at).and_then(|parts| parts.get(index)).map_or("conditions", String::as_str)
}

/// The action at a place.
pub fn of_action(at: usize, part: &str) -> &'static str {
    let index = match part {
        "type" => 1,
        "params" => 2,
        _ => 0,
    };
    ACTIONS.get(at).and_then(|parts| parts.get(index)).map_or("actions", String::as_str)
}

/// A parameter of the action at a place; one that no action has stands for all of them.
pub fn of_param(at: usize, param: &str) -> &'static str {
    let known = PARAMS.iter().position(|known| *known == param);
    known.and_then(|index| ACTIONS.get(at)?.get(3 + index)).map_or_else(|| of_action(at, "params"), String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_named_as_clients_write_them() {
        assert_eq!(of_condition(2, "operator"), "conditions[2].operator");
        assert_eq!(of_condition(0, ""), "conditions[0]");
        assert_eq!(of_condition(999, "field"), "conditions");
        assert_eq!(of_action(1, "type"), "actions[1].type");
        assert_eq!(of_param(0, "user_id"), "actions[0].params.user_id");
        assert_eq!(of_param(0, "nonsense"), "actions[0].params");
    }
}
