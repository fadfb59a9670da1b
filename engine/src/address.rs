//! Where a webhook may point: which addresses are this machine's or this network's own business (SSRF), by IANA's
//! special-purpose registries.
//!
//! A name is looked up here, and whoever connects must connect to what came back and to nothing else; otherwise the name
//! could answer differently the second time. Unless private addresses are allowed, one of them in an answer refuses all.

use model::{Error, Result};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use url::{Host, Url};

/// How long a name is looked up when a webhook is registered.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why an address is not connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreachable {
    /// It is not allowed, and never will be.
    Forbidden(String),
    /// The name leads to a forbidden address now.
    Misleading(String),
    /// The name leads nowhere now.
    Unknown(String),
}

impl std::fmt::Display for Unreachable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Forbidden(why) | Self::Misleading(why) | Self::Unknown(why)) = self;
        f.write_str(why)
    }
}

impl std::error::Error for Unreachable {}

/// Whether an address is one that anybody on the Internet could connect to.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    match (a, b) {
        // This network, private, loopback; private; carrier-grade NAT; link-local (and the clouds' metadata).
        (0 | 10 | 127, _) | (172, 16..=31) | (192, 168) | (100, 64..=127) | (169, 254) => false,
        // Protocols, documentation, relays of 6to4.
        (192, 0) => !matches!(c, 0 | 2),
        (192, 88) => c != 99,
        (198, 51) => c != 100,
        (203, 0) => c != 113,
        // Benchmarks; multicast, reserved, broadcast.
        (198, 18 | 19) | (224..=255, _) => false,
        _ => true,
    }
}

/// Only global unicast, and of that nothing that carries an IPv4 address or belongs to a protocol: mapped, compatible and
/// NAT64 addresses lie outside of 2000::/3, 6to4 and Teredo inside.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let global = a & 0xe000 == 0x2000;
    let protocols = a == 0x2001 && b < 0x0200;
    let documentation = (a == 0x2001 && b == 0x0db8) || (a == 0x3fff && b < 0x1000);
    let six_to_four = a == 0x2002;
    global && !protocols && !documentation && !six_to_four
}

fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// What a webhook's address says, by the parser that the sender uses, too: numbers of any notation are addresses.
pub fn parse(text: &str) -> Result<Url> {
    let url = Url::parse(text).map_err(|e| Error::invalid("url", format!("is not a web address: {e}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::invalid("url", "must begin with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::invalid("url", "must not contain credentials"));
    }
    if url.host().is_none() {
        return Err(Error::invalid("url", "must name a host"));
    }
    Ok(url)
}

/// Which hosts may be connected to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reach {
    /// Private and local addresses, too.
    pub private: bool,
}

impl Reach {
    /// Refuses a host that says by itself where it lies: an address, or this machine's own name.
    pub fn check_host(self, url: &Url) -> Result<(), Unreachable> {
        let refused = match url.host() {
            None => true,
            Some(_) if self.private => false,
            Some(Host::Ipv4(v4)) => !is_public_v4(v4),
            Some(Host::Ipv6(v6)) => !is_public_v6(v6),
            Some(Host::Domain(name)) => is_local_name(name),
        };
        if !refused {
            return Ok(());
        }
        let host = url.host_str().unwrap_or_default();
        Err(Unreachable::Forbidden(format!("{host} is a private or local address (webhooks.allow_private is off)")))
    }

    /// The addresses of a name, all of them allowed.
    pub async fn look_up(self, name: &str, port: u16) -> Result<Vec<SocketAddr>, Unreachable> {
        let found = tokio::net::lookup_host((name, port)).await;
        let found = found.map_err(|e| Unreachable::Unknown(format!("the name {name} can't be looked up: {e}")))?;
        let found: Vec<SocketAddr> = found.collect();
        if found.is_empty() {
            return Err(Unreachable::Unknown(format!("the name {name} has no address")));
        }
        self.check_all(name, found)
    }

    fn check_all(self, name: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Unreachable> {
        match found.iter().find(|address| !self.private && !is_public(address.ip())) {
            Some(private) => Err(Unreachable::Misleading(format!(
                "{name} leads to {}, a private or local address (webhooks.allow_private is off)",
                private.ip()
            ))),
            None => Ok(found),
        }
    }

    /// Checks an address that somebody registers. A name that leads nowhere yet is taken: each attempt looks again.
    pub(crate) async fn check(self, text: &str) -> Result<()> {
        let url = parse(text)?;
        let refused = |why: Unreachable| Error::invalid("url", format!("must not be used: {why}"));
        self.check_host(&url).map_err(refused)?;
        let Some(Host::Domain(name)) = url.host() else { return Ok(()) };
        let port = url.port_or_known_default().unwrap_or(443);
        match tokio::time::timeout(PATIENCE, self.look_up(name, port)).await {
            Ok(Err(why @ (Unreachable::Misleading(_) | Unreachable::Forbidden(_)))) => Err(refused(why)),
            Ok(Ok(_) | Err(Unreachable::Unknown(_))) | Err(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_whole_internet_reaches_is_public() {
        for public in
            ["1.1.1.1", "93.184.216.34", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1"]
        {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:1.1.1.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }

    #[test]
    fn numbers_of_any_notation_are_addresses() {
        let closed = Reach { private: false };
        for bad in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://127.1:8080/x",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://a.localhost/",
            "http://169.254.169.254/latest/meta-data",
        ] {
            let url = parse(bad).unwrap();
            assert!(matches!(closed.check_host(&url), Err(Unreachable::Forbidden(_))), "{bad}");
            assert!(Reach { private: true }.check_host(&url).is_ok(), "{bad}");
        }
        for good in ["http://1.1.1.1/", "https://hooks.example/x", "http://[2606:4700::1]/"] {
            assert!(closed.check_host(&parse(good).unwrap()).is_ok(), "{good}");
        }
        for bad in ["https://a:b@c.example", "ftp://c.example", "https://", "nonsense"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn one_private_address_in_an_answer_refuses_all_of_it() {
        let mixed: Vec<SocketAddr> = vec!["1.1.1.1:443".parse().unwrap(), "10.0.0.1:443".parse().unwrap()];
        let told = Reach::default().check_all("a.example", mixed.clone());
        assert!(matches!(&told, Err(Unreachable::Misleading(why)) if why.contains("10.0.0.1")), "{told:?}");
        assert_eq!(Reach { private: true }.check_all("a.example", mixed.clone()), Ok(mixed));
    }

    #[tokio::test]
    async fn a_name_is_looked_up_before_it_is_taken() {
        // Every machine knows this name; its own spelling is refused before it is looked up.
        let led = Reach::default().look_up("localhost", 80).await;
        assert!(matches!(led, Err(Unreachable::Misleading(_))), "{led:?}");
        assert!(Reach { private: true }.check("http://localhost:1/").await.is_ok());
        assert!(Reach::default().check("http://localhost:1/").await.is_err());
    }
}
