//! Rules of categories.

use super::{Decision, Scene};
use crate::access::{self, Operation};
use crate::category::{Category, CategoryForm, check_parent};
use crate::command::EditCategory;
use crate::counters::Counters;
use crate::error::{Error, Result};
use crate::event::{Change, Event};
use crate::id::CategoryId;

pub(super) fn create(scene: &Scene<'_>, form: &CategoryForm, counters: &mut Counters) -> Result<Decision> {
    access::in_general(scene.actor, Operation::EditCategories)?;
    let form = checked(scene, None, form.clone(), &CategoryForm::empty())?;
    let id = counters.next_category();
    let category = Category { id, form, created_at: scene.now, updated_at: scene.now };
    Ok(Event::CategoryCreated { category: Box::new(category) }.into())
}

pub(super) fn edit(scene: &Scene<'_>, edit: &EditCategory) -> Result<Decision> {
    access::in_general(scene.actor, Operation::EditCategories)?;
    let category = scene.facts.category.as_ref().ok_or_else(|| Error::not_found("category"))?;
    let form = edit.clone().over(category.form.clone());
    let form = checked(scene, Some(category.id), form, &category.form)?;
    Ok(Change::of(category.form.clone(), form)
        .map(|form| Event::CategoryEdited { category: category.id, form: Box::new(form) })
        .into_iter()
        .collect::<Vec<_>>()
        .into())
}

/// A category that tickets have is only put out of use: their history names it.
pub(super) fn delete(scene: &Scene<'_>) -> Result<Decision> {
    access::in_general(scene.actor, Operation::EditCategories)?;
    let category = scene.facts.category.as_ref().ok_or_else(|| Error::not_found("category"))?;
    if scene.facts.category_children {
        return Err(Error::conflict("category", "there are categories below it; move or delete those first"));
    }
    if scene.facts.category_tickets {
        let form = CategoryForm { active: false, ..category.form.clone() };
        let change = Change::of(category.form.clone(), form);
        let edited = change.map(|form| Event::CategoryEdited { category: category.id, form: Box::new(form) });
        return Ok(edited.into_iter().collect::<Vec<_>>().into());
    }
    // Without it, an agreement on this category would be one on all of them.
    if let Some(config) = scene.policy.sla_configs.iter().find(|config| config.form.category == Some(category.id)) {
        let why = format!("the SLA configuration \"{}\" names it", config.form.name);
        return Err(Error::conflict("category", why));
    }
    Ok(Event::CategoryDeleted { category: category.id, name: category.form.name.clone() }.into())
}

/// A form that is right in itself and names what is there. What it names as before is not looked at again: an assignee may have
/// left since, and nobody is asked to mend that who wants to change something else.
fn checked(scene: &Scene<'_>, id: Option<CategoryId>, form: CategoryForm, held: &CategoryForm) -> Result<CategoryForm> {
    let form = form.check()?;
    if scene.facts.taken.contains(&"key") {
        return Err(Error::conflict("key", "that key is taken"));
    }
    if form.parent != held.parent {
        if form.parent.is_some() && scene.facts.ancestors.is_empty() {
            return Err(Error::invalid("parent", "does not exist"));
        }
        check_parent(id, &scene.facts.ancestors)?;
    }
    let able = || scene.facts.assignee.as_ref().is_some_and(|u| u.role.is_staff() && u.is_active());
    if form.auto_assignee.is_some() && form.auto_assignee != held.auto_assignee && !able() {
        return Err(Error::invalid("auto_assignee", "must be an active member of staff"));
    }
    Ok(form)
}
