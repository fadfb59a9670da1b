//! Rules of clean-ups: who begins one, that one of a kind runs at a time, and that each batch forgets only what is over.

use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::cleanup::{Record, Run, SILENCE, before};
use crate::command::StartCleanup;
use crate::error::{Error, Result};
use crate::event::Event;

/// Two processes begin what is due at the same time: the second finds that it was begun already, and does nothing.
pub(super) fn start(scene: &Scene<'_>, start: &StartCleanup) -> Result<Decision> {
    access::in_general(scene.actor, if start.due.is_some() { Operation::Housekeeping } else { Operation::RunCleanup })?;
    if start.due.is_some_and(|due| scene.facts.cleanup_due.is_some_and(|last| last >= due)) {
        return Ok(Decision::default());
    }
    let mut events = Vec::new();
    for run in scene.facts.cleanups.iter().filter(|run| run.finished_at.is_none()) {
        if run.touched_at.plus(SILENCE) > scene.now {
            return match start.due {
                Some(_) => Ok(Decision::default()),
                None => Err(Error::conflict("task_type", "a clean-up of this kind is running")),
            };
        }
        events.push(finished(run, 0, Some("it was interrupted".to_owned())));
    }
    let keep_days = scene.policy.keep.days(start.task, scene.policy.audit_days);
    events.push(Event::CleanupStarted {
        task: start.task,
        due: start.due,
        keep_days,
        before: before(scene.now, keep_days),
    });
    Ok(events.into())
}

/// One batch. Nothing to forget, or a run that is over: nothing happens.
pub(super) fn forget(scene: &Scene<'_>, record: Record) -> Result<Decision> {
    access::in_general(scene.actor, Operation::Housekeeping)?;
    let run = run(scene)?;
    let meant = run.task.records().contains(&record) && run.finished_at.is_none();
    // The clock was moved: what is not a day old yet stays, whatever the run was begun with.
    if !meant || scene.facts.forgettable == 0 || run.before > before(scene.now, 1) {
        return Ok(Decision::default());
    }
    let gone = scene.facts.forgettable;
    Ok(Event::RecordsForgotten { run: run.id, record, before: run.before, gone }.into())
}

/// `beside`: what was forgotten without the log.
pub(super) fn finish(scene: &Scene<'_>, beside: i64, error: Option<&str>) -> Result<Decision> {
    access::in_general(scene.actor, Operation::Housekeeping)?;
    let run = run(scene)?;
    if run.finished_at.is_some() {
        return Ok(Decision::default());
    }
    Ok(finished(run, beside, error.map(|why| why.chars().take(500).collect())).into())
}

fn run<'a>(scene: &'a Scene<'_>) -> Result<&'a Run> {
    scene.facts.cleanups.first().ok_or_else(|| Error::not_found("clean-up"))
}

fn finished(run: &Run, beside: i64, error: Option<String>) -> Event {
    Event::CleanupFinished { run: run.id, task: run.task, beside, forgotten: run.forgotten + beside, error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::{Actor, Member, Via};
    use crate::cleanup::{Task, Trigger};
    use crate::decide::Facts;
    use crate::id::{Seq, SessionId, UserId};
    use crate::people::Role;
    use crate::policy::Policy;
    use crate::time::{DAY, MINUTE, Time};

    const NOW: Time = Time(1_767_578_400_000);

    fn run_of(touched_at: Time) -> Run {
        Run {
            id: Seq(7),
            task: Task::LoginHistory,
            trigger: Trigger::Manual,
            started_at: touched_at,
            started_by: None,
            keep_days: 180,
            before: NOW.plus(-180 * DAY),
            forgotten: 3,
            touched_at,
            finished_at: None,
            error: None,
        }
    }

    fn begun(actor: &Actor, due: Option<Time>, facts: &Facts) -> Result<Vec<&'static str>> {
        let scene = Scene { facts, actor, policy: &Policy::default(), now: NOW };
        let decision = start(&scene, &StartCleanup { task: Task::LoginHistory, due })?;
        Ok(decision.events.iter().map(Event::word).collect())
    }

    #[test]
    fn one_of_a_kind_runs_at_a_time_and_what_is_due_is_begun_once() {
        let member = |role| Member { id: UserId(1), role, via: Via::Session(SessionId(1)), scopes: Vec::new() };
        let (root, sue) = (Actor::User(member(Role::Admin)), Actor::User(member(Role::Supervisor)));
        let system = Actor::System("timers");
        let free = Facts::default();
        let busy = Facts { cleanups: vec![run_of(NOW.plus(-MINUTE))], ..Facts::default() };
        let stuck = Facts { cleanups: vec![run_of(NOW.plus(-SILENCE))], ..Facts::default() };
        let done = Facts { cleanup_due: Some(NOW), ..Facts::default() };
        assert_eq!(begun(&root, None, &free).unwrap(), ["cleanup_started"]);
        assert_eq!(begun(&sue, None, &free).unwrap_err().code(), "FORBIDDEN");
        assert_eq!(begun(&root, Some(NOW), &free).unwrap_err().code(), "FORBIDDEN");
        assert_eq!(begun(&root, None, &busy).unwrap_err().code(), "CONFLICT");
        assert!(begun(&system, Some(NOW), &busy).unwrap().is_empty());
        assert_eq!(begun(&root, None, &stuck).unwrap(), ["cleanup_finished", "cleanup_started"]);
        assert!(begun(&system, Some(NOW), &done).unwrap().is_empty());
        assert_eq!(begun(&system, Some(NOW.plus(DAY)), &done).unwrap(), ["cleanup_started"]);
        assert_eq!(begun(&root, None, &done).unwrap(), ["cleanup_started"]);
    }

    #[test]
    fn a_batch_forgets_only_what_its_run_is_about_and_what_is_a_day_old() {
        let system = Actor::System("cleanup");
        let told = |run: Run, record, now| {
            let facts = Facts { cleanups: vec![run], forgettable: 5, ..Facts::default() };
            let scene = Scene { facts: &facts, actor: &system, policy: &Policy::default(), now };
            forget(&scene, record).unwrap().events.len()
        };
        assert_eq!(told(run_of(NOW), Record::Session, NOW), 1);
        assert_eq!(told(run_of(NOW), Record::Notification, NOW), 0, "of another task");
        assert_eq!(told(Run { finished_at: Some(NOW), ..run_of(NOW) }, Record::Session, NOW), 0);
        assert_eq!(told(run_of(NOW), Record::Session, NOW.plus(-180 * DAY)), 0, "the clock went back");
    }
}
