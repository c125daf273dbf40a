//! Channels, and how they look, speak and behave (`org.md` C).

use http::Method;
use image::{DynamicImage, ImageFormat, RgbImage};
use parlor_core::{App, params};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use testkit::{Client, Shop, TestApp, answer};

use crate::support::{NOBODY, assert_time, items, keys, refused, text};

const CHANNELS: &str = "/api/channels/";
const WEBSITE: &str = "/api/channels/website/";

async fn shop() -> (TestApp, Shop, Client) {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    (app, shop, browser)
}

fn path(shop: &Shop) -> String {
    format!("{CHANNELS}{}", shop.channel_id)
}

/// What the widget is told.
async fn config(app: &TestApp, shop: &Shop) -> Value {
    app.anonymous().get(&format!("/api/v1/widget/chat/{}/config", shop.channel_token)).await.expect(200)
}

fn standard() -> Value {
    json!({
        "primary_color": "#1f6feb", "position": "bottom-right", "greeting": "Hi! How can we help?", "title": null,
        "logo_url": null, "language": "auto", "translations": {}, "hours": null, "reply_time": null,
        "pre_chat": { "enabled": false, "fields": [] }, "rating": { "enabled": true }
    })
}

/// Everything that can be set, but the logo.
fn whole() -> Value {
    json!({
        "primary_color": "#2f6b4f", "position": "bottom-left", "greeting": "Welcome!\nAsk us.", "title": "Fern & Pot",
        "language": "de",
        "translations": { "de": { "greeting": "Hallo!", "title": "Farn & Topf" }, "ar": { "greeting": "مرحبا" }, "fr": {} },
        "hours": {
            "enabled": true, "timezone": "Europe/Berlin", "away_message": "Back on Monday.",
            "week": {
                "mon": [["09:00", "12:00"], ["13:00", "17:30"]], "tue": [], "wed": [], "thu": [], "fri": [["00:00", "24:00"]],
                "sat": [], "sun": []
            }
        },
        "reply_time": "hours",
        "pre_chat": { "enabled": true, "fields": [
            { "key": "name", "label": "Your name", "type": "text", "required": true },
            { "key": "email", "label": "E-mail", "type": "email", "required": false },
            { "key": "topic", "label": "What is it about?", "type": "select", "required": true, "options": ["An order", "A plant"] }
        ] },
        "rating": { "enabled": false }
    })
}

fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let painted = DynamicImage::from(RgbImage::from_pixel(width, height, image::Rgb([47, 107, 79])));
    painted.write_to(&mut bytes, ImageFormat::Png).expect("a picture can be written");
    bytes.into_inner()
}

async fn sends_up(staff: &Client, name: &str, bytes: Vec<u8>) -> Value {
    let form = Form::new().part("file", Part::bytes(bytes).file_name(name.to_owned()));
    answer(staff.request(Method::POST, "/api/uploads/").multipart(form)).await.expect(201)
}

async fn fetched(url: &Value) -> reqwest::Response {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    http.get(text(url)).send().await.expect("an answer")
}

#[tokio::test]
async fn the_website_is_opened_once_and_shows_all_of_itself() {
    let app = TestApp::start().await;
    let shop = app.shop_without_channel().await;
    let browser = app.browser(&shop.owner).await;
    assert_eq!(browser.get(CHANNELS).await.expect(200), json!([]));
    let made = browser.post(WEBSITE, &json!({ "name": "  Fern & Pot " })).await.expect(201);
    let properties = [
        "assistant_id",
        "auto_reply",
        "created_at",
        "id",
        "identity",
        "is_enabled",
        "kind",
        "name",
        "settings",
        "snippet",
        "token",
    ];
    assert_eq!(keys(&made), properties);
    assert_eq!(
        (&made["kind"], &made["name"], &made["is_enabled"], &made["auto_reply"], &made["identity"]),
        (&json!("website"), &json!("Fern & Pot"), &json!(true), &json!(true), &json!("open"))
    );
    assert_eq!(made["settings"], standard());
    assert_time(&made["created_at"]);
    let snippet = format!(
        r#"<script src="{}/widget.js" data-channel="{}" async></script>"#,
        app.url(),
        text(&made["token"])
    );
    assert_eq!(made["snippet"], snippet);
    let own = format!("{CHANNELS}{}", text(&made["id"]));
    assert_eq!(browser.get(&own).await.expect(200), made);
    assert_eq!(browser.get("/api/channels").await.expect(200), json!([made]));
    let assistants = browser.get("/api/assistants/").await.expect(200);
    assert_eq!(assistants[0]["id"], made["assistant_id"], "it has an assistant of its own");

    refused(browser.post(WEBSITE, &json!({ "name": "Another" })).await, 409);
    for bad in
        [json!({}), json!({ "name": "" }), json!({ "name": "x".repeat(101) }), json!({ "name": "a\nb" })]
    {
        refused(browser.post(WEBSITE, &bad).await, 400);
    }
    let told = refused(browser.post(WEBSITE, &json!({ "name": " " })).await, 400);
    assert_eq!(told, "name must have 1 to 100 printable characters.");

    assert_eq!(browser.delete(&own).await.status, 204);
    refused(browser.get(&own).await, 404);
    let config = format!("/api/v1/widget/chat/{}/config", text(&made["token"]));
    assert_eq!(app.anonymous().get(&config).await.status, 404, "its token opens nothing any more");
    let with = json!({ "name": "Again", "assistant_id": made["assistant_id"] });
    let again = browser.post(WEBSITE, &with).await.expect(201);
    assert_eq!(again["assistant_id"], made["assistant_id"], "the assistant that was named answers");
    assert_ne!(again["token"], made["token"]);
    assert_eq!(browser.get("/api/assistants/").await.expect(200).as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_channel_is_changed_bit_by_bit() {
    let (app, shop, browser) = shop().await;
    let path = path(&shop);
    let before = browser.get(&path).await.expect(200);
    let switched =
        browser.patch(&path, &json!({ "is_enabled": false, "auto_reply": false })).await.expect(200);
    assert_eq!((&switched["is_enabled"], &switched["auto_reply"]), (&json!(false), &json!(false)));
    assert_eq!(switched["settings"], before["settings"]);
    let config = format!("/api/v1/widget/chat/{}/config", shop.channel_token);
    assert_eq!(app.anonymous().get(&config).await.status, 422, "it is switched off");
    let on = json!({ "is_enabled": true, "auto_reply": true, "name": "Help" });
    let named = browser.patch(&path, &on).await.expect(200);
    assert_eq!(
        (&named["name"], &named["id"], &named["token"]),
        (&json!("Help"), &before["id"], &before["token"])
    );
    assert_eq!(
        browser.patch(&path, &json!({})).await.expect(200),
        named,
        "nothing to change changes nothing"
    );

    // Who answers from now on.
    let robin =
        browser.post("/api/assistants/", &json!({ "name": "Robin", "provider": "local" })).await.expect(201);
    let given = browser.patch(&path, &json!({ "assistant_id": robin["id"] })).await.expect(200);
    assert_eq!(given["assistant_id"], robin["id"]);
    assert_eq!(browser.get(&path).await.expect(200), given);
    let visitor = app.visitor(&shop);
    let (hub, _) = visitor.joins_own(None).await;
    visitor.says(&hub, "Hello").await.expect("it is stored");
    hub.event("Message").await;
    assert_eq!(hub.event("Message").await[0]["senderName"], "Robin");
    assert_eq!(browser.delete(&format!("/api/assistants/{}", text(&robin["id"]))).await.status, 409);

    for bad in [
        json!({ "is_enabled": "yes" }),
        json!({ "auto_reply": 1 }),
        json!({ "token": "0".repeat(32) }),
        json!({ "name": "" }),
        json!({ "settings": [] }),
        json!([]),
    ] {
        refused(browser.patch(&path, &bad).await, 400);
    }
    refused(browser.patch(&path, &json!({ "assistant_id": NOBODY })).await, 404);
    refused(browser.patch(&format!("{CHANNELS}{NOBODY}"), &json!({ "name": "x" })).await, 404);
    refused(browser.patch(&format!("{CHANNELS}nonsense"), &json!({ "name": "x" })).await, 404);
    let half = json!({ "name": "Half", "settings": { "greeting": "Hi", "position": "top" } });
    refused(browser.patch(&path, &half).await, 400);
    assert_eq!(browser.get(&path).await.expect(200), given, "a bad change changes nothing");
}

#[tokio::test]
async fn settings_are_kept_whole_and_replaced_member_by_member() {
    let (app, shop, browser) = shop().await;
    let path = path(&shop);
    let changed = browser.patch(&path, &json!({ "settings": whole() })).await.expect(200);
    let mut expected = whole();
    expected["logo_url"] = Value::Null;
    assert_eq!(changed["settings"], expected);
    let title = json!({ "settings": { "title": null, "translations": {}, "reply_time": null } });
    let changed = browser.patch(&path, &title).await.expect(200);
    expected["title"] = Value::Null;
    expected["translations"] = json!({});
    expected["reply_time"] = Value::Null;
    assert_eq!(changed["settings"], expected);
    // The store door changes the same settings, and leaves the rest.
    let store = format!("/api/v1/store/social/channels/{}", shop.channel_id);
    shop.owner.patch(&store, &json!({ "primaryColor": "#ABCDEF" })).await.expect(200);
    expected["primary_color"] = json!("#abcdef");
    assert_eq!(browser.get(&path).await.expect(200)["settings"], expected);
    browser.patch(&path, &json!({ "settings": { "hours": null } })).await.expect(200);
    assert_eq!(config(&app, &shop).await["hours"], Value::Null);
}

#[tokio::test]
async fn bad_settings_are_refused_by_their_path_and_change_nothing() {
    let (_app, shop, browser) = shop().await;
    let path = path(&shop);
    let field = |field: Value| json!({ "pre_chat": { "enabled": true, "fields": [field] } });
    let select =
        |options: Value| field(json!({ "key": "a", "label": "A", "type": "select", "options": options }));
    let nine: Vec<Value> =
        (0..9).map(|number| json!({ "key": format!("k{number}"), "label": "K", "type": "text" })).collect();
    let cases = [
        (json!({ "primary_color": "red" }), "settings.primary_color must look like #1f6feb."),
        (json!({ "primary_color": null }), "settings.primary_color must be a text."),
        (json!({ "position": "top" }), "settings.position must be bottom-right or bottom-left."),
        (
            json!({ "greeting": "x".repeat(501) }),
            "settings.greeting must have at most 500 characters and no NUL.",
        ),
        (json!({ "title": "" }), "settings.title must have 1 to 60 printable characters."),
        (json!({ "title": "a\u{7}b" }), "settings.title must have 1 to 60 printable characters."),
        (json!({ "title": "x".repeat(61) }), "settings.title must have 1 to 60 printable characters."),
        (json!({ "language": "tlh" }), "settings.language must be auto, en, de, fr, es or ar."),
        (
            json!({ "translations": { "tlh": {} } }),
            "settings.translations must hold nothing but en, de, fr, es, ar.",
        ),
        (
            json!({ "translations": { "de": { "title": 1 } } }),
            "settings.translations.de.title must have 1 to 60 printable characters.",
        ),
        (json!({ "reply_time": "soon" }), "settings.reply_time must be minutes, hours or day."),
        (json!({ "rating": {} }), "settings.rating.enabled is required."),
        (json!({ "rating": true }), "settings.rating must be an object."),
        (json!({ "logo_upload_id": "logo.png" }), "settings.logo_upload_id must be the id of an upload."),
        (
            json!({ "hours": { "enabled": true, "timezone": "UTC", "week": { "mon": [["17:00", "09:00"]] } } }),
            "settings.hours.week.mon[0] must end after it begins; a night ends at 24:00 and goes on the next day.",
        ),
        (
            json!({ "pre_chat": { "enabled": true, "fields": nine } }),
            "settings.pre_chat.fields must be a list of at most 8.",
        ),
        (
            field(json!({ "key": "Your Name", "label": "A", "type": "text" })),
            "settings.pre_chat.fields[0].key must have 1 to 40 of a-z, 0-9 and _, and begin with a letter.",
        ),
        (
            field(json!({ "key": "a", "label": "", "type": "text" })),
            "settings.pre_chat.fields[0].label must have 1 to 80 printable characters.",
        ),
        (field(json!({ "key": "a", "label": "A" })), "settings.pre_chat.fields[0].type is required."),
        (
            field(json!({ "key": "a", "label": "A", "type": "file" })),
            "settings.pre_chat.fields[0].type must be text, email, phone or select.",
        ),
        (
            field(json!({ "key": "email", "label": "A", "type": "text" })),
            "settings.pre_chat.fields[0].type must be text for name, email for email and phone for phone.",
        ),
        (
            field(json!({ "key": "a", "label": "A", "type": "text", "options": ["x"] })),
            "settings.pre_chat.fields[0].options must be left out of what is no select.",
        ),
        (select(Value::Null), "settings.pre_chat.fields[0].options is required."),
        (select(json!([])), "settings.pre_chat.fields[0].options must have something to choose from."),
        (select(json!(["x", "x"])), "settings.pre_chat.fields[0].options[1] must be there only once."),
        (
            json!({ "pre_chat": { "enabled": true, "fields": [
                { "key": "a", "label": "A", "type": "text" }, { "key": "a", "label": "B", "type": "text" }
            ] } }),
            "settings.pre_chat.fields[1] must have a key that no other field has.",
        ),
    ];
    for (bad, told) in cases {
        assert_eq!(refused(browser.patch(&path, &json!({ "settings": bad })).await, 400), told, "{bad}");
    }
    // The name of a member that is not known is not repeated.
    let odd = json!({ "settings": { "<script>": 1 } });
    let told = refused(browser.patch(&path, &odd).await, 400);
    assert!(
        told.starts_with("settings must hold nothing but primary_color,") && !told.contains("script"),
        "{told}"
    );
    assert_eq!(browser.get(&path).await.expect(200)["settings"], standard());
}

#[tokio::test]
async fn the_widget_is_told_what_it_needs_of_the_settings() {
    let (app, shop, browser) = shop().await;
    browser.patch(&path(&shop), &json!({ "settings": whole() })).await.expect(200);
    let told = config(&app, &shop).await;
    let settings = whole();
    assert_eq!((&told["title"], &told["language"]), (&json!("Fern & Pot"), &json!("de")));
    assert_eq!((&told["translations"], &told["preChat"]), (&settings["translations"], &settings["pre_chat"]));
    assert_eq!((&told["replyTime"], &told["rating"]), (&json!("hours"), &json!({ "enabled": false })));
    assert_eq!(
        keys(&told["hours"]),
        ["awayMessage", "isOpen", "opensAt"],
        "when exactly is the server's to reckon"
    );

    let week = |day: Value| -> Value {
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        days.map(|name| (name.to_owned(), day.clone())).into_iter().collect()
    };
    let hours = |enabled: bool, day: Value| {
        json!({ "settings": { "hours": {
        "enabled": enabled, "timezone": "Asia/Kolkata", "week": week(day), "away_message": "We are asleep."
    } } })
    };
    browser.patch(&path(&shop), &hours(true, json!([["00:00", "24:00"]]))).await.expect(200);
    let open = json!({ "isOpen": true, "opensAt": null, "awayMessage": "We are asleep." });
    assert_eq!(config(&app, &shop).await["hours"], open);
    browser.patch(&path(&shop), &hours(true, json!([]))).await.expect(200);
    let never = json!({ "isOpen": false, "opensAt": null, "awayMessage": "We are asleep." });
    assert_eq!(config(&app, &shop).await["hours"], never);
    browser.patch(&path(&shop), &hours(false, json!([]))).await.expect(200);
    assert_eq!(
        config(&app, &shop).await["hours"],
        Value::Null,
        "hours that are not told are nobody's business"
    );
}

#[tokio::test]
async fn a_logo_is_public_while_it_is_one_and_lasts() {
    let mut app = TestApp::builder()
        .settings(|settings| settings.sweep = std::time::Duration::from_millis(50))
        .start()
        .await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let path = path(&shop);
    let first = sends_up(&browser, "logo.png", picture(900, 600)).await;
    let set = |upload: &Value| json!({ "settings": { "logo_upload_id": upload["id"] } });
    let public = |upload: &Value| json!(format!("{}/uploads/{}/logo", app.url(), text(&upload["id"])));
    let (address, before) = (public(&first), public(&json!({ "id": NOBODY })));
    assert_eq!(fetched(&address).await.status(), 404, "it is nobody's logo yet");
    assert_eq!(fetched(&before).await.status(), 404);

    let changed = browser.patch(&path, &set(&first)).await.expect(200);
    assert_eq!(changed["settings"]["logo_url"], address);
    assert_eq!(config(&app, &shop).await["logoUrl"], address);
    let shown = fetched(&address).await;
    assert_eq!(shown.status(), 200);
    let header = |name: &str| {
        shown.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-security-policy"), "default-src 'none'; sandbox");
    assert_eq!(header("cross-origin-resource-policy"), "cross-origin");
    assert_eq!(header("cache-control"), "public, max-age=86400, immutable");
    assert!(header("content-disposition").starts_with("attachment"));
    assert_eq!(header("content-type"), "image/jpeg");
    let small = image::load_from_memory(&shown.bytes().await.expect("a body")).expect("a picture");
    assert_eq!((small.width(), small.height()), (320, 213));
    assert_eq!(fetched(&first["url"]).await.status(), 200, "the links that its sender has go on");

    // Days later it is still there, after a sweep and after a restart.
    let id: uuid::Uuid = text(&first["id"]).parse().expect("an id");
    let age = move |app: App| async move {
        let before = app.now() - jiff::SignedDuration::from_hours(72);
        let sql = "update uploads set created_at = $2 where id = $1";
        app.db.write(move |tx| Box::pin(async move { tx.exec(sql, params![id, before]).await })).await
    };
    app.within(age).await.expect("time can pass");
    app.restart().await;
    let unused = sends_up(&browser, "unused.png", picture(8, 8)).await;
    let unused_id: uuid::Uuid = text(&unused["id"]).parse().expect("an id");
    let age = move |app: App| async move {
        let before = app.now() - jiff::SignedDuration::from_hours(72);
        let sql = "update uploads set created_at = $2 where id = $1";
        app.db.write(move |tx| Box::pin(async move { tx.exec(sql, params![unused_id, before]).await })).await
    };
    app.within(age).await.expect("time can pass");
    gone(&unused["url"]).await;
    assert_eq!(fetched(&address).await.status(), 200);

    // Another one takes its place, and the first is nowhere any more.
    let second = sends_up(&browser, "logo.png", picture(64, 64)).await;
    let changed = browser.patch(&path, &set(&second)).await.expect(200);
    assert_ne!(changed["settings"]["logo_url"], address);
    gone(&address).await;
    gone(&first["url"]).await;
    let none = browser.patch(&path, &json!({ "settings": { "logo_upload_id": null } })).await.expect(200);
    assert_eq!(none["settings"]["logo_url"], Value::Null);
    gone(&changed["settings"]["logo_url"]).await;
    // With the channel goes its logo.
    let third = sends_up(&browser, "logo.png", picture(64, 64)).await;
    let changed = browser.patch(&path, &set(&third)).await.expect(200);
    assert_eq!(browser.delete(&path).await.status, 204);
    gone(&changed["settings"]["logo_url"]).await;
}

/// Waits for the sweep.
async fn gone(url: &Value) {
    for _ in 0..200 {
        if fetched(url).await.status() == 404 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("{url} is still there");
}

#[tokio::test]
async fn a_logo_is_a_picture_of_the_staff_that_nothing_else_shows() {
    let (app, shop, browser) = shop().await;
    let path = path(&shop);
    let set = |upload: &Value| json!({ "settings": { "logo_upload_id": upload["id"], "title": "New" } });
    let list = sends_up(&browser, "prices.csv", b"name,price\r\nFern,12\r\n".to_vec()).await;
    assert_eq!(
        refused(browser.patch(&path, &set(&list)).await, 400),
        "settings.logo_upload_id must name a picture."
    );
    let other = app.shop().await;
    let theirs = sends_up(&app.browser(&other.owner).await, "logo.png", picture(8, 8)).await;
    refused(browser.patch(&path, &set(&theirs)).await, 404);
    refused(browser.patch(&path, &set(&json!({ "id": NOBODY }))).await, 404);
    // A visitor's picture is the visitor's.
    let visitor = app.visitor(&shop);
    let form = Form::new()
        .text("channel_token", shop.channel_token.clone())
        .text("external_id", visitor.session_id.clone())
        .part("file", Part::bytes(picture(8, 8)).file_name("me.png"));
    let sent_up = app.anonymous().request(Method::POST, "/chat-widget/uploads").multipart(form);
    let visitors = answer(sent_up).await.expect(201);
    refused(browser.patch(&path, &set(&visitors)).await, 404);
    // What was said in a conversation stays in it.
    let written = visitor.writes("Hello").await.expect(200);
    let said = sends_up(&browser, "map.png", picture(8, 8)).await;
    let message =
        json!({ "content": "", "content_type": "image", "rich_media": { "upload_id": said["id"] } });
    let messages = format!("/api/conversations/{}/messages", text(&written["conversationId"]));
    browser.post(&messages, &message).await.expect(201);
    refused(browser.patch(&path, &set(&said)).await, 404);
    assert_eq!(browser.get(&path).await.expect(200)["settings"], standard(), "a bad change changes nothing");
    // And a logo is no message's.
    let logo = sends_up(&browser, "logo.png", picture(8, 8)).await;
    browser.patch(&path, &set(&logo)).await.expect(200);
    let message =
        json!({ "content": "", "content_type": "image", "rich_media": { "upload_id": logo["id"] } });
    refused(browser.post(&messages, &message).await, 404);
}

#[tokio::test]
async fn channels_are_their_accounts_and_open_to_those_who_may() {
    let (app, shop, browser) = shop().await;
    let own = path(&shop);
    let other = app.shop().await;
    let stranger = app.browser(&other.owner).await;
    let agent = app.browser(&app.agent(&shop, "agent").await).await;
    let viewer = app.browser(&app.agent(&shop, "viewer").await).await;
    let key = |scopes: Value| json!({ "name": "Till", "scopes": scopes });
    let reads = browser.post("/api/api-keys", &key(json!(["store.social_channels.view"]))).await.expect(201);
    let reads = app.anonymous().bearer(text(&reads["key"]));
    let nobody = app.anonymous();
    let named = json!({ "name": "Mine" });
    let cases = [
        (&stranger, 404, 404),
        (&agent, 200, 403),
        (&viewer, 200, 403),
        (&reads, 200, 403),
        (&nobody, 401, 401),
    ];
    for (client, read, write) in cases {
        assert_eq!(client.get(&own).await.status, read);
        assert_eq!(client.patch(&own, &named).await.status, write);
        assert_eq!(client.patch(&own, &json!({ "settings": { "greeting": "Mine" } })).await.status, write);
        assert_eq!(client.delete(&own).await.status, write);
    }
    assert_eq!(viewer.post(WEBSITE, &named).await.status, 403);
    let listed = stranger.get(CHANNELS).await.expect(200);
    assert_eq!(
        items(&listed).iter().map(|channel| text(&channel["id"])).collect::<Vec<_>>(),
        [other.channel_id.as_str()]
    );
    assert_eq!(browser.without_csrf().patch(&own, &named).await.status, 403);
    let theirs = stranger.get("/api/assistants/").await.expect(200);
    refused(browser.patch(&own, &json!({ "assistant_id": theirs[0]["id"] })).await, 404);

    let scopes = json!(["store.social_channels.view", "store.social_channels.manage"]);
    let writes = browser.post("/api/api-keys", &key(scopes)).await.expect(201);
    let writes = app.anonymous().bearer(text(&writes["key"]));
    assert_eq!(
        writes.patch(&own, &json!({ "name": "By a program" })).await.expect(200)["name"],
        "By a program"
    );
}

/// What was stored before there were settings.
#[tokio::test]
async fn channels_of_former_versions_are_as_they_were() {
    let (app, shop, browser) = shop().await;
    let id: uuid::Uuid = shop.channel_id.parse().expect("an id");
    let former = move |app: App| async move {
        let old = json!({ "primary_color": "#112233", "position": "bottom-left", "greeting": "As ever" });
        let sql = "update channels set settings = $2 where id = $1";
        app.db.write(move |tx| Box::pin(async move { tx.exec(sql, params![id, &old]).await })).await
    };
    app.within(former).await.expect("a row can be as it was");
    let mut expected = standard();
    expected["primary_color"] = json!("#112233");
    expected["position"] = json!("bottom-left");
    expected["greeting"] = json!("As ever");
    assert_eq!(browser.get(&path(&shop)).await.expect(200)["settings"], expected);
}
