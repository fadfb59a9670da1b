//! The values that are more than text and numbers: secrets, addresses, networks, the database, the business zone.
//!
//! Each is parsed once, from text, and says in a whole sentence what it expected; inside, it can be believed.

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

/// Text that is never printed: `Debug` and `Serialize` write `***`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

/// `sqlite://PATH` or `postgres://…`. Printed without its password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    pub(super) fn sqlite_file(path: &Path) -> Self {
        // The driver decodes percent signs and stops at `?`.
        let path = path.display().to_string().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
        Self(format!("sqlite://{path}"))
    }

    /// The whole address, password included, for the driver.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn is_postgres(&self) -> bool {
        self.0.starts_with("postgres://") || self.0.starts_with("postgresql://")
    }

    pub fn is_sqlite(&self) -> bool {
        self.0.starts_with("sqlite://")
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, query) = self.0.split_once('?').map_or((self.0.as_str(), None), |(a, q)| (a, Some(q)));
        let login = address.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?)));
        match login {
            Some((scheme, (user, server))) => {
                let (name, password) = user.split_once(':').map_or((user, ""), |(name, _)| (name, ":***"));
                write!(f, "{scheme}://{name}{password}@{server}")?;
            }
            None => f.write_str(address)?,
        }
        for (index, pair) in query.into_iter().flat_map(|query| query.split('&')).enumerate() {
            let shown = if pair.starts_with("password=") { "password=***" } else { pair };
            write!(f, "{}{shown}", if index == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An address or a network: `127.0.0.1`, `10.0.0.0/8`, `fd00::/8`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let alone = || text.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical()));
        text.parse::<IpNet>().ok().or_else(alone).map(Self)
    }

    /// Whether the address lies inside; `::ffff:10.0.0.1` is the same as `10.0.0.1`.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{self:?}"))
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(text.trim()).ok_or_else(|| {
            D::Error::custom(format!("`{text}` is not a network. Write an address or a network, such as 10.0.0.0/8."))
        })
    }
}

/// The zone of the business day: one offset, all year.
#[derive(Clone, PartialEq, Eq)]
pub struct BusinessZone {
    name: String,
    minutes_east: i32,
}

impl BusinessZone {
    /// As it was written: `Asia/Shanghai`, `+01:00`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Minutes east of UTC, negative in the west.
    pub fn minutes_east(&self) -> i32 {
        self.minutes_east
    }

    fn parse(text: &str) -> Option<Self> {
        let named = |minutes_east| Self { name: text.to_owned(), minutes_east };
        if let Some((_, minutes)) = ZONES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            return Some(named(*minutes));
        }
        let (sign, rest) = text.strip_prefix('-').map(|r| (-1, r)).or_else(|| Some((1, text.strip_prefix('+')?)))?;
        let digits = rest.replacen(':', "", 1);
        if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let number: i32 = digits.parse().ok()?;
        let (hours, minutes) = (number / 100, number % 100);
        (hours <= 14 && minutes < 60).then(|| named(sign * (hours * 60 + minutes)))
    }
}

impl fmt::Debug for BusinessZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Serialize for BusinessZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

impl<'de> Deserialize<'de> for BusinessZone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(text.trim()).ok_or_else(|| {
            D::Error::custom(format!(
                "`{text}` is not a zone that is known to keep one offset all year. Write an offset, such as +01:00."
            ))
        })
    }
}

/// Zones of the IANA list that have kept one offset since 2024, in minutes east of UTC. Others are written as offsets.
const ZONES: &[(&str, i32)] = &[
    ("UTC", 0),
    ("Etc/UTC", 0),
    ("GMT", 0),
    ("Africa/Abidjan", 0),
    ("Africa/Accra", 0),
    ("Atlantic/Reykjavik", 0),
    ("Africa/Lagos", 60),
    ("Africa/Algiers", 60),
    ("Africa/Johannesburg", 120),
    ("Africa/Nairobi", 180),
    ("Europe/Istanbul", 180),
    ("Europe/Minsk", 180),
    ("Europe/Moscow", 180),
    ("Asia/Baghdad", 180),
    ("Asia/Riyadh", 180),
    ("Asia/Tehran", 210),
    ("Asia/Dubai", 240),
    ("Asia/Tbilisi", 240),
    ("Asia/Kabul", 270),
    ("Asia/Almaty", 300),
    ("Asia/Karachi", 300),
    ("Asia/Tashkent", 300),
    ("Asia/Yekaterinburg", 300),
    ("Asia/Colombo", 330),
    ("Asia/Kolkata", 330),
    ("Asia/Kathmandu", 345),
    ("Asia/Dhaka", 360),
    ("Asia/Urumqi", 360),
    ("Asia/Yangon", 390),
    ("Asia/Bangkok", 420),
    ("Asia/Ho_Chi_Minh", 420),
    ("Asia/Jakarta", 420),
    ("Asia/Hong_Kong", 480),
    ("Asia/Kuala_Lumpur", 480),
    ("Asia/Macau", 480),
    ("Asia/Manila", 480),
    ("Asia/Shanghai", 480),
    ("Asia/Singapore", 480),
    ("Asia/Taipei", 480),
    ("Asia/Ulaanbaatar", 480),
    ("Australia/Perth", 480),
    ("PRC", 480),
    ("Asia/Seoul", 540),
    ("Asia/Tokyo", 540),
    ("Australia/Darwin", 570),
    ("Australia/Brisbane", 600),
    ("Asia/Vladivostok", 600),
    ("Pacific/Honolulu", -600),
    ("America/Phoenix", -420),
    ("America/Costa_Rica", -360),
    ("America/Mexico_City", -360),
    ("America/Bogota", -300),
    ("America/Lima", -300),
    ("America/Panama", -300),
    ("America/Caracas", -240),
    ("America/La_Paz", -240),
    ("America/Argentina/Buenos_Aires", -180),
    ("America/Montevideo", -180),
    ("America/Sao_Paulo", -180),
];

/// `""` is "not set".
pub(super) fn optional<'de, T: From<String>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(if text.is_empty() { None } else { Some(T::from(text)) })
}

/// Addresses with ports. `localhost` is the only name that is understood, because a name may have several addresses.
pub(super) fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SocketAddr>, D::Error> {
    let parse = |text: String| {
        let numeric = text.strip_prefix("localhost:").map_or_else(|| text.clone(), |port| format!("127.0.0.1:{port}"));
        numeric.parse().map_err(|_| {
            D::Error::custom(format!(
                "`{text}` is not an address to listen on. Write an IP address and a port, such as 127.0.0.1:8080 or \
                 [::1]:8080."
            ))
        })
    };
    Vec::<String>::deserialize(deserializer)?.into_iter().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_print() {
        let secret = Secret::from("hunter2".to_owned());
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"***\"");
    }

    #[test]
    fn database_addresses_print_without_their_password() {
        for (url, shown) in [
            ("sqlite://data/echodesk.db", "sqlite://data/echodesk.db"),
            ("postgres://me:p@ss@host:5432/db", "postgres://me:***@host:5432/db"),
            ("postgres://me@host/db?password=x&sslmode=require", "postgres://me@host/db?password=***&sslmode=require"),
        ] {
            assert_eq!(DatabaseUrl(url.to_owned()).to_string(), shown);
            assert_eq!(format!("{:?}", DatabaseUrl(url.to_owned())), shown);
        }
    }

    #[test]
    fn paths_survive_in_database_addresses() {
        assert_eq!(DatabaseUrl::sqlite_file(Path::new("/a b/50%?#/x.db")).0, "sqlite:///a b/50%25%3F%23/x.db");
    }

    #[test]
    fn networks_contain_their_addresses() {
        for (network, address, inside) in [
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("0.0.0.0/0", "203.0.113.1", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("fd00::/8", "fd12::1", true),
            ("::/0", "10.0.0.1", false),
        ] {
            assert_eq!(
                Network::parse(network).unwrap().contains(address.parse().unwrap()),
                inside,
                "{network} {address}"
            );
        }
        for wrong in ["", "10.0.0.0/33", "::1/129", "example.org", "10.0.0.0/"] {
            assert!(Network::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn zones_are_names_and_offsets() {
        for (text, minutes) in [
            ("Asia/Shanghai", Some(480)),
            ("asia/kathmandu", Some(345)),
            ("UTC", Some(0)),
            ("+08:00", Some(480)),
            ("-0330", Some(-210)),
            ("+14:00", Some(840)),
            ("+15:00", None),
            ("+08:60", None),
            ("8", None),
            ("+8:00", None),
            ("Europe/Berlin", None),
            ("", None),
        ] {
            assert_eq!(BusinessZone::parse(text).map(|zone| zone.minutes_east()), minutes, "{text}");
        }
    }
}
