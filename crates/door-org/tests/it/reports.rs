//! Reports (`org.md` N). What is expected was reckoned by hand.

use jiff::{SignedDuration, Timestamp};
use parlor_core::{
    Actor,
    contacts::ExternalId,
    conversations::{Answering, Content, Rating, Score},
    ids::{AgentId, ChannelId},
    import::{self, PastConversation, PastMessage, PastSender, PastSession},
};
use serde_json::{Value, json};
use testkit::{Client, Shop, TestApp};

use crate::support::{NOBODY, at, id_of, quiet_shop, refused, writer};

/// A session of the past, told in a few words.
struct Told {
    /// Who wrote when: `v` the visitor, `b` the assistant, `a` the agent.
    messages: &'static [(char, &'static str)],
    handed_over: Option<&'static str>,
    resolved: Option<&'static str>,
    assigned: bool,
    rating: Option<(i64, &'static str)>,
    tags: &'static [&'static str],
    name: &'static str,
}

const NOTHING: Told = Told {
    messages: &[],
    handed_over: None,
    resolved: None,
    assigned: false,
    rating: None,
    tags: &[],
    name: "Zoë",
};

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// Brings these into the shop, one conversation each.
async fn tell(app: &TestApp, shop: &Shop, agent: &str, sessions: &[Told]) {
    tell_as(app, shop, agent, "visitor", sessions).await;
}

/// The same for visitors whose ids begin so.
async fn tell_as(app: &TestApp, shop: &Shop, agent: &str, visitors: &str, sessions: &[Told]) {
    let agent_id = AgentId(agent.parse().expect("an id"));
    let channel_id = ChannelId(shop.channel_id.parse().expect("an id"));
    let assistant = parlor_core::ids::AssistantId(NOBODY.parse().expect("an id"));
    let told = sessions.iter().enumerate().map(|(number, told)| {
        let message = |(who, at): &(char, &str)| PastMessage {
            sender: match who {
                'a' => PastSender::Agent { id: agent_id, name: "Olga".into() },
                'b' => PastSender::Assistant { id: assistant, name: "Fern".into() },
                _ => PastSender::Contact,
            },
            content: Content::text("Hello").expect("a text"),
            at: time(at),
        };
        let rating = told.rating.map(|(score, comment)| Rating {
            score: Score::new(score).expect("a score"),
            comment: Some(comment.to_owned()),
            at: time(told.resolved.expect("what is rated was resolved")),
        });
        let session = PastSession {
            assignee: told.assigned.then_some(agent_id),
            assigned_at: told.assigned.then(|| time(told.messages[0].1)),
            answering: Answering::Person,
            tags: told.tags.iter().map(|tag| (*tag).to_owned()).collect(),
            resolved_at: told.resolved.map(time),
            handed_over_at: told.handed_over.map(time),
            rating,
            messages: told.messages.iter().map(message).collect(),
        };
        PastConversation {
            channel_id,
            external_id: ExternalId::parse(&format!("{visitors}-{number}")).expect("an id"),
            display_name: Some(told.name.to_owned()),
            email: None,
            phone: None,
            sessions: vec![session],
        }
    });
    let (told, operator) = (told.collect(), Actor::Operator(shop.account_id));
    let stored = app.within(move |app| async move { import::conversations(&app, &operator, told).await });
    stored.await.expect("they are stored");
}

/// Around the night in which Berlin's clocks go from 2:00 to 3:00.
const STORIES: &[Told] = &[
    Told {
        messages: &[
            ('v', "2026-03-27T23:30:00Z"),
            ('a', "2026-03-27T23:31:00Z"),
            ('v', "2026-03-27T23:32:00Z"),
            ('a', "2026-03-27T23:40:00Z"),
        ],
        resolved: Some("2026-03-28T10:00:00Z"),
        assigned: true,
        rating: Some((5, "great")),
        tags: &["refund"],
        ..NOTHING
    },
    Told {
        messages: &[
            ('v', "2026-03-29T00:59:00Z"),
            ('b', "2026-03-29T00:59:02Z"),
            ('a', "2026-03-29T01:02:00Z"),
        ],
        handed_over: Some("2026-03-29T01:00:00Z"),
        assigned: true,
        tags: &["refund", "vip"],
        ..NOTHING
    },
    Told {
        messages: &[('v', "2026-03-29T22:30:00Z"), ('b', "2026-03-29T22:30:01Z")],
        resolved: Some("2026-03-29T23:00:00Z"),
        rating: Some((2, "slow")),
        ..NOTHING
    },
    // The last second before the first day, and the first one after the last.
    Told { messages: &[('v', "2026-03-27T22:59:59Z")], ..NOTHING },
    Told { messages: &[('v', "2026-03-30T22:00:00Z"), ('v', "2026-03-30T22:00:01Z")], ..NOTHING },
];

const BERLIN: &str = "from=2026-03-28&to=2026-03-30&timezone=Europe/Berlin";

async fn report(browser: &Client, query: &str) -> Value {
    browser.get(&format!("/api/reports/?{query}")).await.expect(200)
}

/// The rows of a table without quotes, and its heading.
async fn table(browser: &Client, query: &str) -> String {
    let request = browser.request(reqwest::Method::GET, &format!("/api/reports/conversations.csv?{query}"));
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    String::from_utf8(answer.bytes().await.expect("a body").to_vec()).expect("UTF-8")
}

#[tokio::test]
async fn the_numbers_are_those_of_the_conversations() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let olga = id_of(&app, &shop.owner).await;
    tell(&app, &shop, &olga, STORIES).await;
    let browser = app.browser(&shop.owner).await;
    let report = report(&browser, BERLIN).await;
    assert_eq!((&report["from"], &report["to"]), (&json!("2026-03-28"), &json!("2026-03-30")));
    let totals = json!({
        "conversations": 3, "resolved": 2, "messages_in": 4, "messages_out": 5,
        "first_response_seconds": { "median": 60, "p90": 120 },
        "resolution_seconds": { "median": 1800, "p90": 37_800 },
        "answered_by_assistant": 1, "handed_over": 1, "tokens": { "input": 0, "output": 0 },
        "rating": { "count": 2, "average": 3.5, "by_score": [0, 1, 0, 0, 1] },
    });
    assert_eq!(report["totals"], totals);
    assert_eq!(
        (&report["previous"]["conversations"], &report["previous"]["messages_in"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        report["previous"]["rating"],
        json!({ "count": 0, "average": null, "by_score": [0, 0, 0, 0, 0] })
    );
    let day = |date, conversations, resolved, messages_in, median: Value| {
        json!({ "date": date, "conversations": conversations, "resolved": resolved, "messages_in": messages_in,
            "first_response_median": median })
    };
    let days = [
        day("2026-03-28", 1, 1, 2, json!(60)),
        day("2026-03-29", 1, 0, 1, json!(120)),
        day("2026-03-30", 1, 1, 1, Value::Null),
    ];
    assert_eq!(report["days"], json!(days));
    let mut hours = vec![vec![0; 24]; 7];
    // Saturday and Monday after midnight, Sunday in the last hour of winter.
    (hours[5][0], hours[6][1], hours[0][0]) = (1, 1, 1);
    assert_eq!(report["hours"], json!(hours));
    assert_eq!(report["tags"], json!([{ "tag": "refund", "count": 2 }, { "tag": "vip", "count": 1 }]));
    let agents = json!([{ "id": olga, "name": "A shop", "conversations": 2, "replies": 3, "resolved": 1,
        "first_response_median": 60, "rating_average": 5.0 }]);
    assert_eq!(report["agents"], agents);
}

#[tokio::test]
async fn a_day_begins_where_the_zone_says() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let olga = id_of(&app, &shop.owner).await;
    tell(&app, &shop, &olga, STORIES).await;
    let browser = app.browser(&shop.owner).await;
    let days = async |query: &str| -> Vec<i64> {
        let report = report(&browser, query).await;
        let days = report["days"].as_array().expect("days").iter();
        days.map(|day| day["conversations"].as_i64().expect("a number")).collect()
    };
    assert_eq!(days(BERLIN).await, [1, 1, 1]);
    assert_eq!(days("from=2026-03-27&to=2026-03-30").await, [2, 0, 2, 1], "UTC without a zone");
    assert_eq!(days("from=2026-03-28&to=2026-03-31&timezone=Asia/Kolkata").await, [2, 1, 1, 1]);
    // 24 hours and 23 hours: the day before the clocks change, and the day on which they do.
    for (day, conversations) in [("2026-03-28", 1), ("2026-03-29", 1)] {
        assert_eq!(days(&format!("from={day}&to={day}&timezone=Europe/Berlin")).await, [conversations]);
    }
}

#[tokio::test]
async fn a_time_without_conversations_has_days_all_the_same() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let report = report(&browser, "from=2024-01-01&to=2024-12-31").await;
    assert_eq!(report["days"].as_array().map(Vec::len), Some(366), "a leap year, the longest there is");
    let totals = &report["totals"];
    assert_eq!(totals["conversations"], 0);
    assert_eq!(totals["first_response_seconds"], json!({ "median": null, "p90": null }));
    assert_eq!(totals["rating"]["average"], Value::Null);
    assert_eq!((&report["tags"], &report["agents"]), (&json!([]), &json!([])));
    assert_eq!(table(&browser, "from=2024-01-01&to=2024-12-31").await.lines().count(), 1, "a heading alone");
}

#[tokio::test]
async fn a_report_can_be_of_one_channel_and_never_of_a_foreign_one() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let olga = id_of(&app, &shop.owner).await;
    tell(&app, &shop, &olga, STORIES).await;
    let browser = app.browser(&shop.owner).await;
    let own = report(&browser, &format!("{BERLIN}&channel_id={}", shop.channel_id)).await;
    assert_eq!(own["totals"]["conversations"], 3);

    let other = app.shop().await;
    for path in ["/api/reports/", "/api/reports/conversations.csv"] {
        for channel in [NOBODY, &other.channel_id] {
            refused(browser.get(&format!("{path}?{BERLIN}&channel_id={channel}")).await, 404);
        }
        refused(app.anonymous().get(&format!("{path}?{BERLIN}")).await, 401);
    }
    let theirs = app.browser(&other.owner).await;
    assert_eq!(report(&theirs, BERLIN).await["totals"]["conversations"], 0);
    assert_eq!(table(&theirs, BERLIN).await.lines().count(), 1);
    let viewer = app.browser(&app.agent(&shop, "viewer").await).await;
    assert_eq!(report(&viewer, BERLIN).await["totals"]["conversations"], 3, "viewers read");
}

#[tokio::test]
async fn what_is_no_period_is_refused() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    for query in [
        "",
        "from=2026-01-01",
        "from=2026-01-01&to=yesterday",
        "from=2026-02-30&to=2026-03-01",
        "from=2026-01-02&to=2026-01-01",
        "from=2024-01-01&to=2025-01-01",
        "from=1900-01-01&to=1900-01-02",
        "from=2026-01-01&to=2026-01-02&timezone=Berlin",
        "from=2026-01-01&to=2026-01-02&channel_id=1",
    ] {
        for path in ["/api/reports/", "/api/reports/conversations.csv"] {
            refused(browser.get(&format!("{path}?{query}")).await, 400);
        }
    }
}

#[tokio::test]
async fn what_happens_now_is_counted() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let browser = app.browser(&shop.owner).await;
    let (visitor, id) = writer(&app, &shop, "Hello").await;
    visitor.writes("Anybody there?").await.expect(200);
    for text in ["Yes", "How can I help?"] {
        browser.post(&at(&id, "messages"), &json!({ "content": text })).await.expect(201);
    }
    browser.post(&at(&id, "resolve"), &json!({ "tags": ["done"] })).await.expect(200);
    browser.post(&at(&id, "messages"), &json!({ "content": "Bye" })).await.expect(201);
    visitor.writes("One more thing").await.expect(200);

    let now = Timestamp::from_second(seconds()).expect("a time");
    let day = |hours| (now + SignedDuration::from_hours(hours)).strftime("%Y-%m-%d").to_string();
    let query = format!("from={}&to={}", day(-24), day(24));
    let report = report(&browser, &query).await;
    let totals = &report["totals"];
    let count = |name: &str| totals[name].as_i64().expect("a number");
    assert_eq!((count("conversations"), count("resolved")), (2, 1), "two sessions");
    assert_eq!((count("messages_in"), count("messages_out")), (3, 3));
    assert!(totals["first_response_seconds"]["median"].is_i64(), "{totals}");
    let agent = &report["agents"][0];
    assert_eq!((&agent["conversations"], &agent["replies"]), (&json!(1), &json!(3)));
    assert_eq!(report["tags"], json!([{ "tag": "done", "count": 1 }]));
    assert_eq!(table(&browser, &query).await.lines().count(), 3);
}

/// What the clock says, from outside: seconds since 1970.
fn seconds() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
    i64::try_from(since.as_secs()).expect("not so late")
}

#[tokio::test]
async fn a_hand_over_of_the_assistant_is_counted() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let visitor = app.visitor(&shop);
    let hub = visitor.joins().await;
    visitor.says(&hub, "Where is the moon?").await.expect("it is sent");
    while hub.event("MessageReceived").await[0]["isAiGenerated"] != true {}
    let now = Timestamp::from_second(seconds()).expect("a time");
    let day = |hours| (now + SignedDuration::from_hours(hours)).strftime("%Y-%m-%d").to_string();
    let report = report(&browser, &format!("from={}&to={}", day(-24), day(24))).await;
    let totals = &report["totals"];
    // There is no article, so it knows nothing.
    assert_eq!((&totals["handed_over"], &totals["answered_by_assistant"]), (&json!(1), &json!(0)));
    assert_eq!((&totals["messages_in"], &totals["messages_out"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn the_table_has_a_line_for_each_session_and_no_formula() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let olga = id_of(&app, &shop.owner).await;
    let hostile = Told {
        messages: &[('v', "2026-03-29T00:59:00Z"), ('a', "2026-03-29T01:01:00Z")],
        resolved: Some("2026-03-29T02:00:00Z"),
        assigned: true,
        rating: Some((1, "=1+1\n\"so\", she said")),
        tags: &["a,b", "+49"],
        name: "=cmd|' /C calc'!A0",
        ..NOTHING
    };
    let plain = Told { messages: &[('v', "2026-03-29T03:00:00Z")], ..NOTHING };
    tell(&app, &shop, &olga, &[plain, hostile]).await;
    let browser = app.browser(&shop.owner).await;
    let table = table(&browser, BERLIN).await;
    let (heading, rows) = table.split_once("\r\n").expect("a heading");
    assert!(heading.starts_with("\u{feff}began_at,resolved_at,status,channel,contact,"), "{heading}");
    let expected = "2026-03-29T01:59:00+01:00,2026-03-29T04:00:00+02:00,resolved,Support Chat,\
        \"'=cmd|' /C calc'!A0\",,A shop,\"a,b; +49\",1,1,120,3660,no,no,1,\"'=1+1\n\"\"so\"\", she said\",";
    assert!(rows.starts_with(expected), "{rows}");
    assert!(
        rows.contains("\r\n2026-03-29T05:00:00+02:00,,open,Support Chat,Zoë,,,,1,0,,,no,no,,,"),
        "{rows}"
    );
    assert!(rows.ends_with("\r\n"));
}

#[tokio::test]
async fn many_that_began_at_the_same_instant_are_all_there() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let olga = id_of(&app, &shop.owner).await;
    for number in 0..9 {
        let some: Vec<Told> = (0..250)
            .map(|_| Told {
                messages: &[('v', "2026-03-29T03:00:00Z"), ('a', "2026-03-29T03:00:07Z")],
                ..NOTHING
            })
            .collect();
        tell_as(&app, &shop, &olga, &format!("visitor-{number}"), &some).await;
    }
    let browser = app.browser(&shop.owner).await;
    let report = report(&browser, BERLIN).await;
    assert_eq!(report["totals"]["conversations"], 2250);
    assert_eq!(report["agents"][0]["replies"], 2250);
    assert_eq!(report["totals"]["first_response_seconds"], json!({ "median": 7, "p90": 7 }));
    assert_eq!(table(&browser, BERLIN).await.lines().count(), 2251);
}
