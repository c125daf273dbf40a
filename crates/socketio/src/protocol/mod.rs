//! The two protocols: Engine.IO 4 carries packets, Socket.IO 5 says what is in them.

pub(crate) mod engine;
pub(crate) mod packet;

/// What came is no packet, or not in its place: the connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;
