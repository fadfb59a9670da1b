//! The client's way from a name to addresses: looked up, checked, and only what was checked is connected to.
//!
//! The client asks here for each new connection, so a name that changes its mind between two attempts, or between check and
//! use, gains nothing.

use engine::Reach;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::SocketAddr;

pub(super) struct Checked(pub Reach);

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            // The port is the client's to fill in: an address with port 0 gets the URL's.
            let found: Vec<SocketAddr> = reach.look_up(name.as_str(), 0).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
