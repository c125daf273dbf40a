//! When a connection is to be pinged, and when it has been silent for too long.

use crate::{Options, house::millis};

/// Milliseconds of the server's clock.
pub(crate) struct Beat {
    ping: u64,
    /// Until when an answer to the last ping has to come; none when it has.
    pong: Option<u64>,
    /// Since when it is in no namespace.
    alone: Option<u64>,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    Ping,
    /// The last ping was not answered in time.
    Silent,
    /// It has not entered a namespace in time.
    Alone,
}

impl Beat {
    pub(crate) fn new(now: u64, options: &Options) -> Self {
        Self { ping: now + millis(options.ping_interval), pong: None, alone: Some(now) }
    }

    /// Looks at the clock. The times are those at which things were due, not those at which somebody looked, except that a server that
    /// has slept does not take it out on its clients.
    pub(crate) fn look(&mut self, now: u64, options: &Options) -> Due {
        if self.pong.is_some_and(|pong| now >= pong) {
            return Due::Silent;
        }
        if self.alone.is_some_and(|since| now >= since + millis(options.connect_timeout)) {
            return Due::Alone;
        }
        if self.pong.is_none() && now >= self.ping {
            let slack = 2 * millis(options.heartbeat).max(1_000);
            let pong = self.ping.max(now.saturating_sub(slack)) + millis(options.ping_timeout);
            self.pong = Some(pong);
            return if now >= pong { Due::Silent } else { Due::Ping };
        }
        Due::Nothing
    }

    /// Nothing is read from the client, so its silence means nothing.
    pub(crate) fn excuse(&mut self, now: u64, options: &Options) {
        if let Some(pong) = &mut self.pong {
            *pong = now + millis(options.ping_timeout);
        }
    }

    /// The client has answered, and says whether it was asked.
    pub(crate) fn answered(&mut self, now: u64, options: &Options) -> bool {
        self.ping = now + millis(options.ping_interval);
        self.pong.take().is_some()
    }

    pub(crate) fn alone(&mut self, since: Option<u64>) {
        self.alone = since;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn options() -> Options {
        Options {
            ping_interval: Duration::from_millis(300),
            ping_timeout: Duration::from_millis(200),
            connect_timeout: Duration::from_secs(9),
            heartbeat: Duration::from_millis(10),
            ..Options::default()
        }
    }

    #[test]
    fn a_ping_that_is_not_answered_ends_it_at_the_moment_it_was_due() {
        let options = options();
        let mut beat = Beat::new(0, &options);
        assert_eq!(beat.look(299, &options), Due::Nothing);
        assert_eq!(beat.look(310, &options), Due::Ping);
        assert_eq!(beat.look(499, &options), Due::Nothing);
        assert_eq!(beat.look(500, &options), Due::Silent);
        let mut beat = Beat::new(0, &options);
        assert_eq!(beat.look(510, &options), Due::Silent, "also where nobody looked in between");
    }

    #[test]
    fn an_answer_begins_the_next_interval() {
        let options = options();
        let mut beat = Beat::new(0, &options);
        assert_eq!(beat.look(300, &options), Due::Ping);
        assert!(beat.answered(320, &options));
        assert!(!beat.answered(320, &options), "nobody asked");
        assert_eq!(beat.look(619, &options), Due::Nothing);
        assert_eq!(beat.look(620, &options), Due::Ping);
    }

    #[test]
    fn a_server_that_slept_asks_first() {
        let options = options();
        let mut beat = Beat::new(0, &options);
        beat.alone(None);
        assert_eq!(
            beat.look(60_000, &options),
            Due::Silent,
            "the slack is shorter than the timeout asked for here"
        );
        let options = Options { ping_timeout: Duration::from_secs(20), ..options };
        let mut beat = Beat::new(0, &options);
        beat.alone(None);
        assert_eq!(beat.look(60_000, &options), Due::Ping);
    }
}
