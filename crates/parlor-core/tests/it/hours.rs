//! When a shop says that somebody is there, by a fixed clock (`org.md` C).

use jiff::{Timestamp, tz::TimeZoneDatabase};
use parlor_core::{
    Error,
    channels::{Hours, Opening, Settings, SettingsChange},
};
use serde_json::{Value, json};

fn settings(document: &Value) -> Result<Settings, String> {
    match SettingsChange::parse("settings", document) {
        Ok(change) => {
            let mut settings = Settings::default();
            change.apply(&mut settings);
            Ok(settings)
        }
        Err(refused @ Error::Invalid { .. }) => Err(refused.to_string()),
        Err(other) => panic!("{other:?}"),
    }
}

fn hours(timezone: &str, week: Value) -> Hours {
    let document = json!({ "hours": { "enabled": true, "timezone": timezone, "week": week } });
    settings(&document).expect("these hours do").hours.expect("there are hours")
}

/// Whether it is open at a time, and when it opens again if not.
#[track_caller]
fn assert_opening(hours: &Hours, now: &str, expected: Result<(), Option<&str>>) {
    let time = |text: &str| -> Timestamp { text.parse().expect("a time") };
    let expected = match expected {
        Ok(()) => Opening::Open,
        Err(opens_at) => Opening::Closed { opens_at: opens_at.map(time) },
    };
    assert_eq!(hours.opening(time(now)), expected, "{now}");
}

#[test]
fn a_shop_opens_and_closes_to_the_minute_by_its_own_clocks() {
    let berlin = hours(
        "Europe/Berlin",
        json!({ "mon": [["09:00", "12:30"], ["13:30", "17:00"]], "fri": [["08:15", "24:00"]], "sat": [["00:00", "02:00"]] }),
    );
    // A Monday in winter, an hour ahead of UTC.
    assert_opening(&berlin, "2026-01-12T07:59:59.999999Z", Err(Some("2026-01-12T08:00:00Z")));
    assert_opening(&berlin, "2026-01-12T08:00:00Z", Ok(()));
    assert_opening(&berlin, "2026-01-12T11:29:59Z", Ok(()));
    assert_opening(&berlin, "2026-01-12T11:30:00Z", Err(Some("2026-01-12T12:30:00Z")));
    assert_opening(&berlin, "2026-01-12T16:00:00Z", Err(Some("2026-01-16T07:15:00Z")));
    // From Friday into Saturday without a break.
    assert_opening(&berlin, "2026-01-16T22:59:59Z", Ok(()));
    assert_opening(&berlin, "2026-01-16T23:00:00Z", Ok(()));
    assert_opening(&berlin, "2026-01-17T00:59:59Z", Ok(()));
    assert_opening(&berlin, "2026-01-17T01:00:00Z", Err(Some("2026-01-19T08:00:00Z")));
    // In summer two hours ahead: the same times on the clock.
    assert_opening(&berlin, "2026-07-13T06:59:59Z", Err(Some("2026-07-13T07:00:00Z")));
    assert_opening(&berlin, "2026-07-13T07:00:00Z", Ok(()));

    // It is Monday in Auckland while it is still Sunday in UTC, and in Honolulu it is the other way round.
    let nine = json!({ "mon": [["09:00", "10:00"]] });
    assert_opening(&hours("Pacific/Auckland", nine.clone()), "2026-01-11T20:30:00Z", Ok(()));
    assert_opening(&hours("Pacific/Honolulu", nine), "2026-01-12T19:30:00Z", Ok(()));
}

#[test]
fn clocks_that_are_put_forward_or_back_change_nothing_about_the_hours() {
    // 29 March 2026 in Berlin: after 01:59:59 comes 03:00:00. It is a Sunday.
    let spring = hours("Europe/Berlin", json!({ "sun": [["01:30", "02:30"], ["02:45", "04:00"]] }));
    assert_opening(&spring, "2026-03-29T00:29:59Z", Err(Some("2026-03-29T00:30:00Z")));
    assert_opening(&spring, "2026-03-29T00:30:00Z", Ok(()));
    // 02:30 is the moment that the clocks make of it, 03:30; and 02:45 is 03:45.
    assert_opening(&spring, "2026-03-29T01:29:59Z", Ok(()));
    assert_opening(&spring, "2026-03-29T01:30:00Z", Err(Some("2026-03-29T01:45:00Z")));
    assert_opening(&spring, "2026-03-29T01:45:00Z", Ok(()));
    assert_opening(&spring, "2026-03-29T02:00:00Z", Err(Some("2026-04-04T23:30:00Z")));

    // 25 October 2026: after 02:59:59 comes 02:00:00 again. The first of the two counts.
    let autumn = hours("Europe/Berlin", json!({ "sun": [["02:30", "06:00"]] }));
    assert_opening(&autumn, "2026-10-25T00:29:59Z", Err(Some("2026-10-25T00:30:00Z")));
    assert_opening(&autumn, "2026-10-25T00:30:00Z", Ok(()));
    assert_opening(&autumn, "2026-10-25T01:15:00Z", Ok(()));
    assert_opening(&autumn, "2026-10-25T04:59:59Z", Ok(()));
    assert_opening(&autumn, "2026-10-25T05:00:00Z", Err(Some("2026-11-01T01:30:00Z")));

    // The day of 23 hours and the day of 25 have no gap at midnight, nor in Santiago, where the clocks are changed at midnight.
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let always = days.map(|day| (day.to_owned(), json!([["00:00", "24:00"]]))).into_iter().collect::<Value>();
    for zone in
        ["Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"]
    {
        let always = hours(zone, always.clone());
        let mut now: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        for _ in 0..2 * 366 * 24 {
            assert_eq!(always.opening(now), Opening::Open, "{zone} {now}");
            now += jiff::SignedDuration::from_mins(30);
        }
    }
}

#[test]
fn a_week_without_hours_never_opens_and_the_only_hours_of_a_week_come_again() {
    assert_opening(&hours("Europe/Paris", json!({})), "2026-01-12T08:00:00Z", Err(None));
    let once = hours("UTC", json!({ "wed": [["00:00", "00:01"]] }));
    assert_opening(&once, "2026-01-14T00:00:59Z", Ok(()));
    assert_opening(&once, "2026-01-14T00:01:00Z", Err(Some("2026-01-21T00:00:00Z")));
    assert_opening(&once, "9999-12-30T22:00:00Z", Err(None));
}

/// Not every machine has a folder of time zones.
#[test]
fn the_time_zones_are_in_the_program() {
    let bundled = TimeZoneDatabase::bundled();
    for name in ["Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Riyadh", "UTC"] {
        bundled.get(name).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn hours_that_cannot_be_are_refused_by_their_path() {
    let whole = |hours: Value| settings(&json!({ "hours": hours })).expect_err("these hours cannot be");
    let week = |week: Value| whole(json!({ "enabled": true, "timezone": "UTC", "week": week }));
    let mon = |mon: Value| week(json!({ "mon": mon }));
    let cases = [
        (whole(json!([])), "settings.hours must be an object."),
        (whole(json!({ "enabled": true, "week": {} })), "settings.hours.timezone is required."),
        (
            whole(json!({ "enabled": true, "timezone": "Mars/Olympus", "week": {} })),
            "settings.hours.timezone must be a time zone such as Europe/Berlin.",
        ),
        (
            whole(json!({ "enabled": true, "timezone": "../../etc/passwd", "week": {} })),
            "settings.hours.timezone must be a time zone such as Europe/Berlin.",
        ),
        (
            whole(json!({ "enabled": "yes", "timezone": "UTC", "week": {} })),
            "settings.hours.enabled must be true or false.",
        ),
        (
            week(json!({ "monday": [] })),
            "settings.hours.week must hold nothing but mon, tue, wed, thu, fri, sat, sun.",
        ),
        (mon(json!("09:00-17:00")), "settings.hours.week.mon must be a list of at most 10."),
        (mon(json!(vec![["00:00", "00:01"]; 11])), "settings.hours.week.mon must be a list of at most 10."),
        (
            mon(json!([["09:00"]])),
            "settings.hours.week.mon[0] must be two times such as [\"09:00\", \"17:00\"].",
        ),
        (
            mon(json!([["9:00", "17:00"]])),
            "settings.hours.week.mon[0][0] must be a time from 00:00 to 24:00.",
        ),
        (
            mon(json!([["09:00", "24:01"]])),
            "settings.hours.week.mon[0][1] must be a time from 00:00 to 24:00.",
        ),
        (
            mon(json!([["09:00", "1٢:00"]])),
            "settings.hours.week.mon[0][1] must be a time from 00:00 to 24:00.",
        ),
        (
            mon(json!([["09:60", "17:00"]])),
            "settings.hours.week.mon[0][0] must be a time from 00:00 to 24:00.",
        ),
        (mon(json!([[9, 17]])), "settings.hours.week.mon[0][0] must be a text."),
        (
            mon(json!([["22:00", "06:00"]])),
            "settings.hours.week.mon[0] must end after it begins; a night ends at 24:00 and goes on the next day.",
        ),
        (
            mon(json!([["09:00", "12:00"], ["11:59", "17:00"]])),
            "settings.hours.week.mon[1] must begin when the one before it has ended.",
        ),
    ];
    for (told, expected) in cases {
        assert_eq!(told, expected);
    }
}
