//! What people want to be told, and how. The document has no words for it; these are in its manner.

use crate::http::field::Field;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What one is told, kind by kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiPreferences)]
pub struct Preferences {
    pub preferences: Vec<Preference>,
    /// Which ways lead to one at all: a chat only where one's account there is linked and verified.
    pub available: Ways,
}

/// What a notification tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ApiNotificationType)]
#[serde(rename_all = "snake_case")]
pub enum NotificationType {
    TicketCreated,
    TicketAssigned,
    TicketStatusChanged,
    TicketCommented,
    TicketResolved,
    TicketClosed,
    TicketOverdue,
    SystemAlert,
}

/// By which ways one is told of a kind of thing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiPreference)]
pub struct Preference {
    #[serde(rename = "type")]
    pub kind: NotificationType,
    #[serde(flatten)]
    pub ways: Ways,
}

/// The ways by which people are told.
#[derive(Debug, Default, Clone, Copy, Serialize, ToSchema)]
#[schema(as = ApiNotificationWays)]
pub struct Ways {
    pub in_app: bool,
    pub email: bool,
    pub discord: bool,
    pub telegram: bool,
}

/// `PUT /user/notification-preferences`; what is not named stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ApiPreferencesEdit, example = json!({ "preferences": [{ "type": "ticket_commented", "email": false }] }))]
pub struct PreferencesEdit {
    #[schema(value_type = Vec<PreferenceEdit>, required, max_items = 8)]
    #[serde(default)]
    pub preferences: Field<Value>,
}

/// What to change for a kind of thing.
#[derive(Debug, ToSchema)]
#[schema(as = ApiPreferenceEdit)]
#[expect(
    dead_code,
    reason = "it is read field by field, so that each that is wrong can be named; this is its document"
)]
pub struct PreferenceEdit {
    #[schema(rename = "type")]
    kind: NotificationType,
    in_app: Option<bool>,
    email: Option<bool>,
    discord: Option<bool>,
    telegram: Option<bool>,
}
