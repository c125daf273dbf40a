use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;

/// What a scenario came to. One line of JSON; what a scenario does not measure is left out.
#[derive(Default, Serialize)]
pub struct Figures {
    pub scenario: &'static str,
    /// Which of its requests, where a scenario has several kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<&'static str>,
    pub connections: u32,
    pub seconds: f64,
    pub messages: u64,
    pub rate_per_second: f64,
    #[serde(flatten)]
    pub latency: Option<Latency>,
    pub errors: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rss_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_per_connection: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_cpu_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generator_cpu_seconds: Option<f64>,
}

#[derive(Serialize)]
pub struct Latency {
    p50_ms: f64,
    p90_ms: f64,
    p99_ms: f64,
    p999_ms: f64,
    max_ms: f64,
}

/// The time that is measured: after the warm-up, before the end.
#[derive(Clone, Copy)]
pub struct Window {
    pub start: Instant,
    pub end: Instant,
}

/// What one visitor met. Latencies are kept as they are and sorted into a histogram at the end.
#[derive(Default)]
pub struct Tally {
    micros: Vec<u32>,
    pub errors: u64,
    pub first_error: Option<String>,
}

impl Window {
    pub fn after(warm_up: Duration, duration: Duration) -> Self {
        let start = Instant::now() + warm_up;
        Self { start, end: start + duration }
    }
}

impl Tally {
    /// Counts what happened between the two moments, if it came to its end within the window.
    pub fn within(&mut self, window: Window, from: Instant, to: Instant) {
        if window.start <= to && to < window.end {
            self.latency(to - from);
        }
    }

    pub fn latency(&mut self, latency: Duration) {
        self.micros.push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
    }

    pub fn error(&mut self, error: impl std::fmt::Display) {
        self.errors += 1;
        if self.first_error.is_none() {
            self.first_error = Some(error.to_string());
        }
    }

    pub fn add(&mut self, other: Self) {
        self.add_all(&other);
    }

    /// The same, and the other stays.
    pub fn add_all(&mut self, other: &Self) {
        self.micros.extend(&other.micros);
        self.errors += other.errors;
        self.first_error = self.first_error.take().or_else(|| other.first_error.clone());
    }

    pub fn into_figures(self, scenario: &'static str, connections: u32, duration: Duration) -> Figures {
        let messages = self.micros.len() as u64;
        let seconds = duration.as_secs_f64();
        // Where time is not what was given, there is no rate.
        let rate_per_second = if duration.is_zero() { 0.0 } else { rounded(messages as f64 / seconds) };
        Figures {
            scenario,
            connections,
            seconds: rounded(seconds),
            messages,
            rate_per_second,
            latency: Latency::of(&self.micros),
            errors: self.errors,
            first_error: self.first_error,
            ..Figures::default()
        }
    }
}

impl Latency {
    fn of(micros: &[u32]) -> Option<Self> {
        let mut histogram = Histogram::<u64>::new(3).expect("three digits are a histogram's precision");
        for &micros in micros {
            histogram.record(u64::from(micros)).expect("the histogram grows by itself");
        }
        let ms = |quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0;
        (!micros.is_empty()).then(|| Self {
            p50_ms: ms(0.5),
            p90_ms: ms(0.9),
            p99_ms: ms(0.99),
            p999_ms: ms(0.999),
            max_ms: histogram.max() as f64 / 1000.0,
        })
    }
}

pub fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_measured_is_not_printed() {
        let printed =
            serde_json::to_value(Tally::default().into_figures("idle", 3, Duration::from_secs(2))).unwrap();
        assert_eq!(
            printed,
            serde_json::json!({"scenario": "idle", "connections": 3, "seconds": 2.0, "messages": 0,
                "rate_per_second": 0.0, "errors": 0})
        );
    }

    #[test]
    fn only_what_ends_within_the_window_counts() {
        let window = Window::after(Duration::from_secs(1), Duration::from_secs(10));
        let at = |seconds| window.start + Duration::from_secs(seconds);
        let mut tally = Tally::default();
        tally.within(window, window.start - Duration::from_secs(1), window.start - Duration::from_millis(1));
        tally.within(window, window.start - Duration::from_millis(500), at(0));
        tally.within(window, at(1), at(3));
        tally.within(window, at(9), at(10));
        assert_eq!(tally.micros, [500_000, 2_000_000]);
    }

    #[test]
    fn the_quantiles_are_of_the_whole() {
        let mut tally = Tally::default();
        for micros in 1..=1000 {
            tally.latency(Duration::from_micros(micros));
        }
        let latency = tally.into_figures("x", 1, Duration::from_secs(1)).latency.unwrap();
        assert_eq!([latency.p50_ms, latency.p90_ms, latency.p99_ms, latency.max_ms], [0.5, 0.9, 0.99, 1.0]);
    }
}
