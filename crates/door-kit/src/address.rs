//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request},
    middleware::Next,
    response::Response,
};
use http::{Extensions, HeaderMap, request::Parts};

/// Whether `X-Forwarded-For` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forwarded {
    /// Anybody could have written it.
    Ignore,
    /// A proxy of ours appends the address it saw.
    Trust,
}

/// The caller's address, as far as it can be known.
#[derive(Clone, Copy, Debug)]
pub struct Address(pub IpAddr);

impl Address {
    /// The address that [`remember`] has left with a request.
    pub fn of(extensions: &Extensions) -> Address {
        extensions.get().copied().unwrap_or(Address(IpAddr::from([0, 0, 0, 0])))
    }
}

impl<S: Sync> FromRequestParts<S> for Address {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Address, Self::Rejection> {
        Ok(Address::of(&parts.extensions))
    }
}

/// Leaves the caller's address with the request.
pub async fn remember(forwarded: Forwarded, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let named = match forwarded {
        Forwarded::Trust => nearest(request.headers()),
        Forwarded::Ignore => None,
    };
    if let Some(address) = named.or(peer) {
        request.extensions_mut().insert(Address(address));
    }
    next.run(request).await
}

/// The last entry: the one our own proxy has written. Those before it are the caller's word.
fn nearest(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?;
    last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}
