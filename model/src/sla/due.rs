//! Which configuration counts for a ticket, and when its two targets are due.
//!
//! The one that names most of priority, type and category counts; where two name as many, a category says more than a
//! priority, and a priority more than a type; of two that name the same the older one. The default one takes part in that, and
//! counts where no other does. Where there is none, the policy's hours do, as they always did. A category's own hours are said for exactly that category: over them
//! stands only a configuration that names it, too. They are of the resolution, and around the clock.

use super::{Agreement, SlaConfig};
use crate::id::CategoryId;
use crate::policy::Policy;
use crate::ticket::Priority;
use crate::time::Time;

/// What due times depend on.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub created: Time,
    pub priority: Priority,
    pub kind: &'a str,
    pub category: Option<CategoryId>,
    /// The category's own hours to the resolution.
    pub category_hours: Option<i64>,
}

/// When both targets are due, and by which agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub response: Time,
    pub resolution: Time,
    pub agreement: Option<Box<Agreement>>,
}

/// The configuration that counts.
pub fn applies<'a>(configs: &'a [SlaConfig], asked: &Asked<'_>) -> Option<&'a SlaConfig> {
    let active = || configs.iter().filter(|config| config.form.active);
    let best = active()
        .filter(|config| config.matches(asked))
        .max_by_key(|config| (config.specificity(), !config.form.default, std::cmp::Reverse(config.id)));
    best.or_else(|| active().find(|config| config.form.default))
}

impl SlaConfig {
    fn matches(&self, asked: &Asked<'_>) -> bool {
        let form = &self.form;
        form.priority.is_none_or(|priority| priority == asked.priority)
            && form.kind.as_deref().is_none_or(|kind| kind == asked.kind)
            && form.category.is_none_or(|category| Some(category) == asked.category)
    }

    /// How much it names, and then what.
    fn specificity(&self) -> (usize, [bool; 3]) {
        let named = [self.form.category.is_some(), self.form.priority.is_some(), self.form.kind.is_some()];
        (named.iter().filter(|named| **named).count(), named)
    }
}

impl Policy {
    /// When a ticket's targets are due, both counted from its creation.
    pub fn due(&self, asked: &Asked<'_>) -> Due {
        let (response, resolution) = self.sla.due(asked.created, asked.priority, asked.category_hours);
        let Some(config) = applies(&self.sla_configs, asked) else {
            return Due { response, resolution, agreement: None };
        };
        let form = &config.form;
        let worked = |minutes| match &form.hours {
            Some(hours) => hours.after(asked.created, minutes, self.zone),
            None => asked.created.plus_minutes(minutes),
        };
        let by_category =
            asked.category_hours.is_some() && (form.category.is_none() || form.category != asked.category);
        Due {
            response: worked(form.response_minutes),
            resolution: if by_category { resolution } else { worked(form.resolution_minutes) },
            agreement: Some(Box::new(Agreement { config: config.id, rules: form.rules.clone() })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::tests::form;
    use super::*;
    use crate::id::SlaConfigId;
    use crate::sla::{Day, SlaForm, WorkingHours};

    const CATEGORY: CategoryId = CategoryId(7);

    fn asked(priority: Priority, kind: &str, category: Option<CategoryId>) -> Asked<'_> {
        let created = Time::parse("2024-10-25T09:00:00Z").unwrap();
        Asked { created, priority, kind, category, category_hours: None }
    }

    fn configs(forms: impl IntoIterator<Item = SlaForm>) -> Vec<SlaConfig> {
        let made = |(n, form)| SlaConfig { id: SlaConfigId(n), form, created_at: Time(0), updated_at: Time(0) };
        (1..).zip(forms).map(made).collect()
    }

    /// `c` names the category, `p` the priority, `t` the type, `d` is the default, `-` is not active.
    fn named(word: &str) -> SlaForm {
        SlaForm {
            category: word.contains('c').then_some(CATEGORY),
            priority: word.contains('p').then_some(Priority::High),
            kind: word.contains('t').then(|| "bug".to_owned()),
            default: word.contains('d'),
            active: !word.contains('-'),
            ..form()
        }
    }

    #[test]
    fn the_most_specific_one_counts() {
        let all = ["d", "", "t", "p", "c", "pt", "ct", "cp", "cpt"];
        let (high, bug) = (Priority::High, "bug");
        // Whatever the order in which they were made.
        for reverse in [false, true] {
            let mut words = all.to_vec();
            if reverse {
                words.reverse();
            }
            for (taken_away, ticket, wanted) in [
                (&[][..], asked(high, bug, Some(CATEGORY)), "cpt"),
                (&["cpt"], asked(high, bug, Some(CATEGORY)), "cp"),
                (&["cpt", "cp"], asked(high, bug, Some(CATEGORY)), "ct"),
                (&["cpt", "cp", "ct"], asked(high, bug, Some(CATEGORY)), "pt"),
                (&["cpt", "cp", "ct", "pt"], asked(high, bug, Some(CATEGORY)), "c"),
                (&[], asked(high, "other", Some(CATEGORY)), "cp"),
                (&[], asked(Priority::Low, bug, Some(CATEGORY)), "ct"),
                (&[], asked(high, bug, None), "pt"),
                (&[], asked(high, bug, Some(CategoryId(8))), "pt"),
                (&[], asked(high, "other", None), "p"),
                (&[], asked(Priority::Low, bug, None), "t"),
                (&[], asked(Priority::Low, "other", None), ""),
                (&[""], asked(Priority::Low, "other", None), "d"),
            ] {
                let left: Vec<&str> = words.iter().copied().filter(|word| !taken_away.contains(word)).collect();
                let configs = configs(left.iter().map(|word| named(word)));
                let found = applies(&configs, &ticket).map(|config| &config.form);
                assert_eq!(found, Some(&named(wanted)), "{ticket:?}");
            }
        }
    }

    #[test]
    fn ties_are_the_older_ones_and_inactive_ones_do_not_count() {
        let ticket = asked(Priority::High, "bug", None);
        for (words, id) in [
            (&["p", "p"][..], Some(1)),
            (&["p-", "p"], Some(2)),
            (&["d", "p-"], Some(1)),
            (&["d-", "c"], None),
            (&["dp", "t"], Some(1)),
            (&["dp", "p"], Some(2)),
            (&["dt", "p"], Some(2)),
            (&["dc", "c"], Some(1)),
            (&["d", ""], Some(2)),
            (&[], None),
        ] {
            let configs = configs(words.iter().map(|word| named(word)));
            assert_eq!(applies(&configs, &ticket).map(|config| config.id.0), id, "{words:?}");
        }
    }

    #[test]
    fn due_times_are_of_the_configuration_the_category_or_the_policy() {
        let day = |start: &str, end: &str| Day { start: start.into(), end: end.into() };
        let week: [Day; 7] = std::array::from_fn(|n| if n < 5 { day("09:00", "18:00") } else { Day::default() });
        let hours = WorkingHours::parse(&week).ok();
        // Friday, 17:00 in Shanghai.
        let plain = asked(Priority::High, "bug", Some(CATEGORY));
        let hourly = Asked { category_hours: Some(4), ..plain };
        for (forms, ticket, response, resolution) in [
            (vec![], plain, "2024-10-25T13:00:00Z", "2024-10-26T09:00:00Z"),
            (vec![], hourly, "2024-10-25T13:00:00Z", "2024-10-25T13:00:00Z"),
            (vec![named("d")], plain, "2024-10-25T10:00:00Z", "2024-10-25T17:00:00Z"),
            (vec![named("d")], hourly, "2024-10-25T10:00:00Z", "2024-10-25T13:00:00Z"),
            (vec![named("pt")], hourly, "2024-10-25T10:00:00Z", "2024-10-25T13:00:00Z"),
            (
                vec![SlaForm { category: Some(CategoryId(8)), ..named("d") }],
                hourly,
                "2024-10-25T10:00:00Z",
                "2024-10-25T13:00:00Z",
            ),
            (vec![named("c")], hourly, "2024-10-25T10:00:00Z", "2024-10-25T17:00:00Z"),
            (vec![named("d-")], hourly, "2024-10-25T13:00:00Z", "2024-10-25T13:00:00Z"),
            (vec![SlaForm { hours, ..named("p") }], plain, "2024-10-25T10:00:00Z", "2024-10-28T08:00:00Z"),
            (vec![SlaForm { hours, ..named("p") }], hourly, "2024-10-25T10:00:00Z", "2024-10-25T13:00:00Z"),
        ] {
            let agreed = !forms.iter().all(|form: &SlaForm| !form.active);
            let policy = Policy { sla_configs: configs(forms), ..Policy::default() };
            let due = policy.due(&ticket);
            assert_eq!((due.response.rfc3339().as_str(), due.resolution.rfc3339().as_str()), (response, resolution));
            assert_eq!(due.agreement.map(|agreement| agreement.config), agreed.then_some(SlaConfigId(1)));
        }
    }
}
