//! The headers of a request that begins a connection.

use bytes::BytesMut;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONNECTION, UPGRADE},
};

/// Whether a request wants to go on as a WebSocket.
pub fn want_web_socket(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// What is about the client and not about the WebSocket, copied so that the buffer it was read into is not kept for the life of the
/// connection.
pub fn of_client(headers: &HeaderMap) -> HeaderMap {
    let kept = || headers.iter().filter(|(name, _)| !is_handshake(name));
    let mut bytes = BytesMut::with_capacity(kept().map(|(_, value)| value.len()).sum());
    kept().for_each(|(_, value)| bytes.extend_from_slice(value.as_bytes()));
    let mut bytes = bytes.freeze();
    let mut headers = HeaderMap::with_capacity(kept().count());
    for (name, value) in kept() {
        if let Ok(value) = HeaderValue::from_maybe_shared(bytes.split_to(value.len())) {
            headers.append(name, value);
        }
    }
    headers
}

fn is_handshake(name: &HeaderName) -> bool {
    *name == CONNECTION || *name == UPGRADE || name.as_str().starts_with("sec-websocket-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handshake_of_the_web_socket_is_left_out() {
        let pairs = [("connection", "Upgrade"), ("upgrade", "WebSocket"), ("sec-websocket-key", "x")];
        let pairs = pairs.into_iter().chain([("user-agent", "Lynx"), ("cookie", "a=1"), ("cookie", "b=2")]);
        let pairs =
            pairs.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let headers: HeaderMap = pairs.fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        });
        assert!(want_web_socket(&headers));
        let kept = of_client(&headers);
        let kept: Vec<_> =
            kept.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(kept, [("user-agent", "Lynx"), ("cookie", "a=1"), ("cookie", "b=2")]);
    }
}
