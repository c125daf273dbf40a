//! What assistants rest their answers on (`org.md` C).

use serde_json::{Value, json};
use testkit::{Client, Shop, TestApp};

use crate::support::{NOBODY, assert_time, items, keys, refused, text};

const ARTICLES: &str = "/api/articles/";
const IMPORT: &str = "/api/articles/import/";

async fn shop() -> (TestApp, Shop, Client) {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    (app, shop, browser)
}

async fn titles(browser: &Client, query: &str) -> Vec<String> {
    let listed = browser.get(&format!("{ARTICLES}{query}")).await.expect(200);
    items(&listed).iter().map(|entry| text(&entry["title"]).to_owned()).collect()
}

async fn imports(browser: &Client, format: &str, content: &str) -> Vec<Value> {
    let body = json!({ "format": format, "content": content });
    items(&browser.post(IMPORT, &body).await.expect(201)).to_vec()
}

async fn whole(browser: &Client, imported: &Value) -> Value {
    browser.get(&format!("{ARTICLES}{}", text(&imported["id"]))).await.expect(200)
}

#[tokio::test]
async fn an_article_is_written_quoted_rewritten_and_deleted() {
    let (app, shop, browser) = shop().await;
    assert_eq!(browser.get(ARTICLES).await.expect(200), json!([]));
    let new = json!({ "title": " Shipping ", "body": "Shipping takes two days.", "url": "https://shop.example/shipping" });
    let made = browser.post(ARTICLES, &new).await.expect(201);
    assert_eq!(keys(&made), ["body", "id", "passages", "title", "updated_at", "url"]);
    assert_eq!((&made["title"], &made["passages"]), (&json!("Shipping"), &json!(1)));
    assert_time(&made["updated_at"]);
    let path = format!("{ARTICLES}{}", text(&made["id"]));
    assert_eq!(browser.get(&path).await.expect(200), made);
    let listed = browser.get("/api/articles").await.expect(200);
    assert_eq!(keys(&listed[0]), ["id", "passages", "title", "updated_at", "url"], "without its text");

    let long = format!("{}\n\n{}", "Shipping to the moon takes a year. ".repeat(20), "x".repeat(900));
    let changed = browser.put(&path, &json!({ "title": "Shipping", "body": long })).await.expect(200);
    assert_eq!(
        (&changed["url"], &changed["passages"]),
        (&Value::Null, &json!(2)),
        "what is left out is gone"
    );
    assert_eq!(browser.get(ARTICLES).await.expect(200)[0]["passages"], 2);
    let visitor = app.visitor(&shop);
    let (hub, _) = visitor.joins_own(None).await;
    visitor.says(&hub, "How long does shipping to the moon take?").await.expect("it is stored");
    hub.event("Message").await;
    let answer = hub.event("Message").await.swap_remove(0);
    assert!(text(&answer["content"]).starts_with("Shipping to the moon"), "{answer}");
    assert_eq!(answer["sources"][0]["title"], "Shipping");

    for bad in [
        json!({}),
        json!({ "title": "", "body": "x" }),
        json!({ "title": "x", "body": " " }),
        json!({ "title": "x", "body": "x", "url": "javascript:alert(1)" }),
        json!({ "title": "x", "body": "x".repeat(100_001) }),
        json!({ "title": "x", "body": "x", "more": 1 }),
    ] {
        refused(browser.put(&path, &bad).await, 400);
        refused(browser.post(ARTICLES, &bad).await, 400);
    }
    assert_eq!(browser.get(&path).await.expect(200), changed, "a bad change changes nothing");
    assert_eq!(browser.delete(&path).await.status, 204);
    refused(browser.get(&path).await, 404);
    refused(browser.put(&path, &new).await, 404);
    refused(browser.delete(&path).await, 404);
}

#[tokio::test]
async fn articles_are_searched_and_listed_page_by_page() {
    let (_app, _shop, browser) = shop().await;
    for (title, body) in
        [("Versand", "Zwei Tage"), ("Rückgabe", "100 % in 30 Tagen"), ("Plants_", "Water them")]
    {
        browser.post(ARTICLES, &json!({ "title": title, "body": body })).await.expect(201);
    }
    assert_eq!(titles(&browser, "").await, ["Versand", "Rückgabe", "Plants_"], "the oldest first");
    assert_eq!(titles(&browser, "?search=RÜCK").await, ["Rückgabe"], "case does not matter");
    assert_eq!(titles(&browser, "?search=tage").await, ["Versand", "Rückgabe"], "texts are searched, too");
    assert_eq!(titles(&browser, "?search=%25").await, ["Rückgabe"], "every character means itself");
    assert_eq!(titles(&browser, "?search=_").await, ["Plants_"]);
    assert_eq!(titles(&browser, "?search=%27").await, Vec::<String>::new());
    assert_eq!(titles(&browser, "?limit=2").await, ["Versand", "Rückgabe"]);
    let listed = browser.get(ARTICLES).await.expect(200);
    let after = format!("?limit=2&after={}", text(&listed[1]["id"]));
    assert_eq!(titles(&browser, &after).await, ["Plants_"]);
    for bad in ["?limit=0", "?limit=501", "?limit=x", "?after=x", "?search=%00"] {
        refused(browser.get(&format!("{ARTICLES}{bad}")).await, 400);
    }
    refused(browser.get(&format!("{ARTICLES}?search={}", "x".repeat(201))).await, 400);
}

#[tokio::test]
async fn markdown_with_several_headings_becomes_several_articles() {
    let (_app, _shop, browser) = shop().await;
    let content = "---\nlang: en\n---\n\n# Shipping\n\nTwo days.\n\n## Abroad\n\nFour days.\n\n```\n# no heading\n```\n\n# Empty\n\n# *Returns*\n\nThirty days.\n";
    let made = imports(&browser, "markdown", content).await;
    assert_eq!(
        made.iter().map(|article| text(&article["title"])).collect::<Vec<_>>(),
        ["Shipping", "Returns"]
    );
    assert_eq!(keys(&made[0]), ["id", "title"]);
    let shipping = whole(&browser, &made[0]).await;
    assert_eq!(shipping["body"], "Two days.\n\n## Abroad\n\nFour days.\n\n```\n# no heading\n```");
    assert_eq!(titles(&browser, "").await, ["Shipping", "Returns"]);

    // What stands before the first heading takes the title that is given.
    let body = json!({
        "format": "markdown", "content": "About us.\n\n# Team\n\nAda.", "title": "Intro", "url": "https://shop.example/about"
    });
    let made = browser.post(IMPORT, &body).await.expect(201);
    assert_eq!((&made[0]["title"], &made[1]["title"]), (&json!("Intro"), &json!("Team")));
    assert_eq!(whole(&browser, &made[1]).await["url"], "https://shop.example/about");
    // One article takes it, too; without it the first heading or line is the title.
    let one = json!({ "format": "markdown", "content": "# Heading\n\nText.", "title": "Given" });
    assert_eq!(browser.post(IMPORT, &one).await.expect(201)[0]["title"], "Given");
    assert_eq!(imports(&browser, "markdown", "## Small\n\nText.").await[0]["title"], "Small");
    assert_eq!(
        imports(&browser, "markdown", "Just a line.\n\nAnd another.").await[0]["title"],
        "Just a line."
    );
    let long = imports(&browser, "markdown", &format!("# {}\n\nText.", "word ".repeat(100))).await;
    assert!(text(&long[0]["title"]).ends_with('…') && text(&long[0]["title"]).chars().count() <= 200);
}

#[tokio::test]
async fn a_page_becomes_its_readable_text() {
    let (app, shop, browser) = shop().await;
    let page = "<!doctype html><html><head><title>Help</title><script>alert('x')</script></head><body><nav>Home</nav>
        <main><h1>Returns &amp; refunds</h1><p>Send it back within <b>30&nbsp;days</b>.</p><ul><li><p>Unused</p></li><li>Clean</li></ul></main>
        <footer>Imprint</footer></body></html>";
    let made = imports(&browser, "html", page).await;
    assert_eq!(made.len(), 1);
    let article = whole(&browser, &made[0]).await;
    assert_eq!(article["title"], "Returns & refunds");
    assert_eq!(article["body"], "# Returns & refunds\n\nSend it back within 30 days.\n\n- Unused\n- Clean");
    let visitor = app.visitor(&shop);
    let (hub, _) = visitor.joins_own(None).await;
    visitor.says(&hub, "Can I get a refund?").await.expect("it is stored");
    hub.event("Message").await;
    assert_eq!(
        hub.event("Message").await[0]["sources"][0]["title"],
        "Returns & refunds",
        "it is quoted at once"
    );

    let plain = imports(&browser, "text", "Opening hours\n\nMonday to Friday.").await;
    assert_eq!(whole(&browser, &plain[0]).await["body"], "Opening hours\n\nMonday to Friday.");
    assert_eq!(plain[0]["title"], "Opening hours");
}

#[tokio::test]
async fn what_cannot_be_imported_is_refused_whole() {
    let (_app, _shop, browser) = shop().await;
    let told = |format: &str, content: &str| {
        let (browser, body) = (browser.clone(), json!({ "format": format, "content": content }));
        async move { refused(browser.post(IMPORT, &body).await, 400) }
    };
    assert_eq!(told("pdf", "x").await, "format must be markdown, html or text.");
    for (format, nothing) in [
        ("text", " \n "),
        ("markdown", "# Only\n\n# Headings"),
        ("html", "<script>alert(1)</script>"),
        ("html", "<!-- never closed"),
    ] {
        assert_eq!(told(format, nothing).await, "content must hold a text to read.", "{nothing}");
    }
    assert_eq!(told("text", "a\0b").await, "content must not hold a NUL character.");
    assert_eq!(told("text", &"x".repeat((1 << 20) + 1)).await, "content must have at most 1 MiB.");
    assert_eq!(
        told("text", &"x ".repeat(100_000)).await,
        "content must have at most 100,000 characters an article."
    );
    let many = "# A\n\nb\n\n".repeat(101);
    assert_eq!(told("markdown", &many).await, "content must have at most 100 first-level headings.");
    let odd = json!({ "format": "text", "content": "x", "title": "" });
    assert_eq!(
        refused(browser.post(IMPORT, &odd).await, 400),
        "title must have 1 to 200 printable characters."
    );
    let odd = json!({ "format": "text", "content": "x", "url": "file:///etc/passwd" });
    assert_eq!(refused(browser.post(IMPORT, &odd).await, 400), "url must be an http or https address.");
    for bad in [json!({ "format": "text" }), json!({ "format": "text", "content": 1 }), json!([])] {
        refused(browser.post(IMPORT, &bad).await, 400);
    }
    assert_eq!(browser.get(ARTICLES).await.expect(200), json!([]), "nothing of it is kept");

    // A mebibyte that was made to be slow is read as fast as any other.
    let size = 1 << 20;
    for (format, hostile) in [
        ("html", "<a ".repeat(size / 3)),
        (
            "html",
            format!("<p {}>", (0..size / 8).map(|number| format!("a{number:x}=1 ")).collect::<String>())
                [..size]
                .to_owned(),
        ),
        ("html", "<nav>".repeat(size / 5)),
        ("html", "<div>".repeat(size / 5)),
        ("html", "&".repeat(size)),
        ("html", "<!--".repeat(size / 4)),
        ("html", "</script".repeat(size / 8)),
        ("markdown", "> ".repeat(size / 2)),
        ("markdown", "[".repeat(size)),
        ("markdown", "*a_".repeat(size / 3)),
        ("markdown", "`".repeat(size / 2) + &" `".repeat(size / 4)),
        ("markdown", "- ".repeat(size / 2)),
        ("markdown", "<!--".repeat(size / 4)),
    ] {
        let answer = browser.post(IMPORT, &json!({ "format": format, "content": hostile })).await;
        assert_eq!(answer.status, 400, "{}: {}", &hostile[..9], answer.text);
    }
    // Last, because whoever is refused in the middle of it is not listened to any more.
    let flood = json!({ "format": "text", "content": "x".repeat(8 << 20) });
    refused(browser.post(IMPORT, &flood).await, 413);
}

#[tokio::test]
async fn articles_are_their_accounts_and_open_to_those_who_may() {
    let (app, shop, browser) = shop().await;
    let new = json!({ "title": "Ours", "body": "Secret." });
    let made = browser.post(ARTICLES, &new).await.expect(201);
    let path = format!("{ARTICLES}{}", text(&made["id"]));
    let other = app.shop().await;
    let stranger = app.browser(&other.owner).await;
    let viewer = app.browser(&app.agent(&shop, "viewer").await).await;
    let import = json!({ "format": "text", "content": "x" });
    for (client, reads, writes, makes) in
        [(&stranger, 404, 404, 201), (&viewer, 200, 403, 403), (&app.anonymous(), 401, 401, 401)]
    {
        assert_eq!(client.get(&path).await.status, reads);
        assert_eq!(client.put(&path, &new).await.status, writes);
        assert_eq!(client.delete(&path).await.status, writes);
        assert_eq!(client.post(IMPORT, &import).await.status, makes);
        assert_eq!(client.post(ARTICLES, &new).await.status, makes);
    }
    assert_eq!(browser.get(&format!("{ARTICLES}{NOBODY}")).await.status, 404);
    assert_eq!(titles(&stranger, "").await, ["x", "Ours"]);
    assert_eq!(titles(&browser, "").await, ["Ours"]);
    assert_eq!(browser.without_csrf().post(IMPORT, &import).await.status, 403);
    let scopes = json!(["store.social_channels.view", "store.social_channels.manage"]);
    let key = browser.post("/api/api-keys", &json!({ "name": "CMS", "scopes": scopes })).await.expect(201);
    app.anonymous().bearer(text(&key["key"])).post(IMPORT, &import).await.expect(201);
}
