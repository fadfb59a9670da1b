//! Settings in bulk, what they come to, and what is held of them in memory.

use super::NewConfig;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::openapi::schema::ArrayBuilder;
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

/// `GET /admin/configs` and `GET /admin/configs/export`
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ConfigsQuery {
    /// Only those of this category
    #[param(value_type = String, required = false, example = "system", max_length = 50, pattern = r"^[^\x00]*$")]
    pub category: Option<String>,
    /// Only those of this group
    #[param(value_type = String, required = false, example = "basic", max_length = 50, pattern = r"^[^\x00]*$")]
    pub group: Option<String>,
    /// How they are written down; there is json only
    #[param(value_type = String, required = false, example = "json", pattern = "^json$")]
    pub format: Option<String>,
}

/// Settings to change, and to make where they are not there. It describes the body, an array, and is never made.
pub struct ConfigSet;

impl PartialSchema for ConfigSet {
    fn schema() -> RefOr<Schema> {
        let one = Ref::from_schema_name(NewConfig::name());
        ArrayBuilder::new().items(one).min_items(Some(1)).max_items(Some(500)).build().into()
    }
}

impl ToSchema for ConfigSet {
    fn name() -> Cow<'static, str> {
        "ApiConfigSet".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((NewConfig::name().into_owned(), NewConfig::schema()));
        NewConfig::schemas(schemas);
    }
}

/// What became of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiConfigsChanged)]
pub struct ConfigsChanged {
    /// How many are now as was sent.
    #[schema(example = 2)]
    pub updated_count: usize,
    /// How many of them were not so before.
    #[schema(example = 1)]
    pub changed_count: usize,
}

/// What became of a file of settings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiConfigsImported)]
pub struct ConfigsImported {
    #[schema(example = "configs.json")]
    pub filename: String,
    /// Bytes.
    pub size: usize,
    pub updated_count: usize,
    pub changed_count: usize,
}

/// The form of an import.
#[derive(ToSchema)]
#[schema(as = ApiConfigFile)]
#[expect(dead_code, reason = "it describes, and is never made")]
pub struct ConfigFile {
    /// What an export gives: a JSON array of settings
    #[schema(value_type = String, format = Binary)]
    pub file: Vec<u8>,
}

/// What `POST /admin/configs/init` came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiConfigsRestored)]
pub struct ConfigsRestored {
    /// Settings that were unusable, and are at their defaults again.
    pub restored_count: usize,
    pub restored_keys: Vec<String>,
    /// Settings that the server knows; each has a value.
    pub total: usize,
}

/// What is really asked of those who sign in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiSecurityPolicy)]
pub struct SecurityPolicy {
    pub password_policy: PasswordPolicy,
    pub login_policy: LoginPolicy,
    pub trusted_device_policy: TrustedDevicePolicy,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiPasswordPolicy)]
pub struct PasswordPolicy {
    #[schema(example = 8)]
    pub min_length: usize,
    #[schema(example = 128)]
    pub max_length: usize,
    /// Always false, as all four: length is what counts.
    pub require_upper: bool,
    pub require_lower: bool,
    pub require_digit: bool,
    pub require_symbol: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiLoginPolicy)]
pub struct LoginPolicy {
    /// Failures for one account until it has to wait; 0: any number.
    #[schema(example = 10)]
    pub max_attempts: u32,
    /// The same for one address.
    #[schema(example = 50)]
    pub max_attempts_per_address: u32,
    /// Seconds within which they are counted, and after which another try is taken.
    #[schema(example = 300)]
    pub lock_duration: i64,
    /// Seconds after which a session dies that nobody renews.
    #[schema(example = 604_800)]
    pub session_timeout: i64,
    /// Seconds that an access token lives.
    #[schema(example = 900)]
    pub access_token_lifetime: i64,
    /// Always false: everybody sets up their own second factor.
    pub two_factor_required: bool,
    pub allow_registration: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiTrustedDevicePolicy)]
pub struct TrustedDevicePolicy {
    #[schema(example = 720)]
    pub ttl_hours: i64,
    #[schema(example = 5)]
    pub max_per_user: usize,
}

/// What is held in memory. Each piece is cleared by the event that changes it, on every process, so nothing in it is stale.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiCacheStats)]
pub struct CacheStats {
    /// Settings that are not at their default: all of those are held.
    pub item_count: usize,
    pub people: u64,
    pub categories: bool,
    /// Always null: nothing expires by time.
    #[schema(required)]
    pub default_expiration: Option<String>,
}

/// What was read anew.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiCacheCleared)]
pub struct CacheCleared {
    /// Settings that were read out of the database.
    pub reread_count: usize,
}
