//! Rate limits on whatever is anonymous, the same for every door.

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use governor::{
    Quota,
    clock::{Clock, DefaultClock},
    state::keyed::DefaultKeyedStateStore,
};

use crate::{Error, Result};

/// The metric that counts what was refused, by action.
pub const REFUSED: &str = "parlor_rate_limited_total";

/// Whether the limits are watched. Off is for load tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateLimits {
    On,
    Off,
}

/// What is limited. The defaults are such that no honest visitor meets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A visitor writes; counted for the visitor.
    VisitorWrites,
    /// A visitor writes; counted for the address, which a whole office may share.
    AddressWrites,
    /// A visitor joins or reads; counted for the address, so that trying session ids is slow.
    AddressReads,
    /// A visitor comes to another page of the shop; counted for the visitor.
    VisitorPages,
    /// A visitor sends a file up; counted for the visitor.
    VisitorUploads,
    /// A visitor sends a file up; counted for the address.
    AddressUploads,
    /// Somebody tries to sign in; counted for the address.
    AddressSignsIn,
    /// Somebody tries to sign in; counted for the person at that address.
    PersonSignsIn,
    /// Somebody tries to sign in; counted for the person, wherever it comes from. Wide, or a stranger could lock a person out.
    PersonIsTried,
    /// Somebody comes with an API key that is none; counted for the address. Good keys are not counted.
    AddressTriesKeys,
    /// An agent's page says what it shows or that somebody types; counted for the agent.
    AgentSignals,
    /// An agent asks an assistant; counted for the agent.
    AgentAsks,
}

impl Action {
    const ALL: &[Action] = &[
        Action::VisitorWrites,
        Action::AddressWrites,
        Action::AddressReads,
        Action::VisitorPages,
        Action::VisitorUploads,
        Action::AddressUploads,
        Action::AddressSignsIn,
        Action::PersonSignsIn,
        Action::PersonIsTried,
        Action::AddressTriesKeys,
        Action::AgentSignals,
        Action::AgentAsks,
    ];

    /// Its name in the metric.
    const fn as_str(self) -> &'static str {
        match self {
            Action::VisitorWrites => "visitor_writes",
            Action::AddressWrites => "address_writes",
            Action::AddressReads => "address_reads",
            Action::VisitorPages => "visitor_pages",
            Action::AddressSignsIn => "address_signs_in",
            Action::PersonSignsIn => "person_signs_in",
            Action::PersonIsTried => "person_is_tried",
            Action::VisitorUploads => "visitor_uploads",
            Action::AddressUploads => "address_uploads",
            Action::AddressTriesKeys => "address_tries_keys",
            Action::AgentSignals => "agent_signals",
            Action::AgentAsks => "agent_asks",
        }
    }

    /// How many a minute, and how many at once.
    const fn quota(self) -> (u32, u32) {
        match self {
            Action::VisitorWrites => (60, 30),
            Action::AddressWrites => (600, 200),
            Action::AddressReads => (1200, 400),
            Action::VisitorPages => (30, 20),
            Action::VisitorUploads => (12, 12),
            Action::AddressUploads => (60, 40),
            Action::AddressSignsIn => (30, 20),
            Action::PersonSignsIn => (10, 10),
            Action::PersonIsTried => (120, 120),
            Action::AddressTriesKeys => (30, 20),
            Action::AgentSignals => (600, 120),
            Action::AgentAsks => (30, 20),
        }
    }
}

type Governor = governor::RateLimiter<u64, DefaultKeyedStateStore<u64>, DefaultClock>;

/// Counts who does what how often.
pub struct RateLimiter {
    watched: RateLimits,
    governors: Vec<Governor>,
    hasher: std::hash::RandomState,
}

impl RateLimiter {
    pub(crate) fn new(watched: RateLimits) -> RateLimiter {
        let governors = Action::ALL.iter().map(|action| {
            let (per_minute, burst) = action.quota();
            let per_minute = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
            let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
            Governor::dashmap(Quota::per_minute(per_minute).allow_burst(burst))
        });
        RateLimiter { watched, governors: governors.collect(), hasher: std::hash::RandomState::new() }
    }

    /// Counts `who` doing `action` once more.
    ///
    /// # Errors
    /// [`Error::TooMany`] when that is too often; nothing is counted then.
    pub fn check(&self, action: Action, who: impl std::hash::Hash) -> Result<()> {
        use std::hash::BuildHasher;
        if self.watched == RateLimits::Off {
            return Ok(());
        }
        let governor = &self.governors[action as usize];
        governor.check_key(&self.hasher.hash_one(who)).map_err(|refused| {
            metrics::counter!(REFUSED, "action" => action.as_str()).increment(1);
            let wait = refused.wait_time_from(DefaultClock::default().now());
            Error::TooMany(wait.max(Duration::from_secs(1)))
        })
    }

    /// Forgets who has been quiet, so that memory follows the present and not the past.
    pub(crate) fn forget(&self) {
        for governor in &self.governors {
            governor.retain_recent();
            governor.shrink_to_fit();
        }
    }
}

/// What counts as one address: an IPv6 customer owns a whole /64.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    }
}
