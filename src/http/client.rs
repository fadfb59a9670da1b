//! Where a request comes from: the peer of the connection, or whom a trusted proxy names.
//!
//! Anybody can write `X-Forwarded-For`, so it is read from the right, and only as far as trusted proxies wrote it. Of the two
//! headers only the one is read that the proxies are known to write: the other one they pass through as the client wrote it.

use crate::config::{ForwardedHeader, Http};
use axum::http::header::FORWARDED;
use axum::http::{HeaderMap, HeaderName};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client's address, given the peer's.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, http: &Http) -> IpAddr {
    let trusts = |address: IpAddr| http.trusted_proxies.iter().any(|network| network.contains(address));
    let peer = peer.to_canonical();
    if !trusts(peer) {
        return peer;
    }
    let hops = match http.forwarded_header {
        ForwardedHeader::XForwardedFor => forwarded_for(headers),
        ForwardedHeader::Forwarded => forwarded(headers),
    };
    let mut client = peer;
    for hop in hops.into_iter().rev() {
        // What stands left of something unreadable was written by nobody we know.
        let Some(address) = hop else { break };
        client = address;
        if !trusts(address) {
            break;
        }
    }
    client
}

/// The address by which somebody unknown is counted: one household owns a whole /64 of IPv6, so those count as one.
pub fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(four) => IpAddr::V4(four),
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() >> 64 << 64)),
    }
}

fn forwarded_for(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let values = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(address).collect()
}

/// RFC 7239: `for=192.0.2.43, for="[2001:db8::17]:4711";proto=https`.
fn forwarded(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let values = headers.get_all(FORWARDED).iter().filter_map(|value| value.to_str().ok());
    let hop = |element: &str| {
        let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
        let mut named = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
        named.next().and_then(|(_, value)| address(value.trim().trim_matches('"')))
    };
    values.flat_map(|value| value.split(',')).map(hop).collect()
}

/// An address with or without a port, and with or without brackets.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address.ip().to_canonical());
    }
    text.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn http(header: &str) -> Http {
        let settings = [("http.trusted_proxies", "10.0.0.0/8,::1"), ("http.forwarded_header", header)];
        Config::with(&settings).unwrap().http
    }

    fn client(peer: &str, name: HeaderName, value: &str) -> String {
        let http = http(name.as_str());
        let headers = std::iter::once((name, value.parse().unwrap())).collect();
        client_address(peer.parse().unwrap(), &headers, &http).to_string()
    }

    /// As nginx sends it on: its own header appended to, the client's other one untouched.
    #[test]
    fn the_header_that_the_proxy_does_not_write_is_not_read() {
        let headers = [(FORWARDED_FOR, "6.6.6.6, 198.51.100.1"), (FORWARDED, "for=7.7.7.7")];
        let headers: HeaderMap = headers.into_iter().map(|(name, value)| (name, value.parse().unwrap())).collect();
        for (header, client_is) in [("x-forwarded-for", "198.51.100.1"), ("forwarded", "7.7.7.7")] {
            let told = client_address("10.0.0.1".parse().unwrap(), &headers, &http(header));
            assert_eq!(told.to_string(), client_is, "{header}");
        }
        let forged: HeaderMap = std::iter::once((FORWARDED, "for=7.7.7.7".parse().unwrap())).collect();
        let told = client_address("10.0.0.1".parse().unwrap(), &forged, &http("x-forwarded-for"));
        assert_eq!(told.to_string(), "10.0.0.1");
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        for (peer, header, client_is) in [
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("::1", "6.6.6.6, 198.51.100.1, 10.2.3.4", "198.51.100.1"),
            ("10.0.0.1", "6.6.6.6, nonsense, 10.2.3.4", "10.2.3.4"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ] {
            assert_eq!(client(peer, FORWARDED_FOR, header), client_is, "{peer} {header}");
        }
        assert_eq!(
            client("10.0.0.1", FORWARDED, "for=6.6.6.6, for=\"[2001:db8::17]:4711\";proto=https"),
            "2001:db8::17"
        );
        assert_eq!(client("10.0.0.1", FORWARDED, "For=198.51.100.1;by=10.0.0.1"), "198.51.100.1");
        assert_eq!(client("10.0.0.1", FORWARDED, "for=unknown"), "10.0.0.1");
    }
}
