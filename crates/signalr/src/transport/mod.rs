//! How bytes travel.

pub(crate) mod lane;
