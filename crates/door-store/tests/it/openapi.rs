//! E: the API describes itself, and can be read offline.

use serde_json::Value;
use testkit::TestApp;

use crate::support::{keys, text};

const ROUTES: [&str; 33] = [
    "DELETE /api/v1/store/ai-providers/{code}/key",
    "DELETE /api/v1/store/knowledge/{articleId}",
    "DELETE /api/v1/store/social/channels/{channelId}",
    "GET /api/v1/store/ai-providers",
    "GET /api/v1/store/knowledge",
    "GET /api/v1/store/knowledge/{articleId}",
    "GET /api/v1/store/social/channels",
    "GET /api/v1/store/social/channels/auth/{kind}",
    "GET /api/v1/store/social/conversations",
    "GET /api/v1/store/social/conversations/{conversationId}",
    "GET /api/v1/store/usage",
    "GET /api/v1/widget/chat/{channelToken}/config",
    "GET /api/v1/widget/chat/{channelToken}/messages",
    "PATCH /api/v1/store/social/channels/{channelId}",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/logout",
    "POST /api/v1/auth/refresh",
    "POST /api/v1/store/knowledge",
    "POST /api/v1/store/social/channels/website",
    "POST /api/v1/store/social/channels/{channelId}/toggle-agent",
    "POST /api/v1/store/social/conversations/{conversationId}/assign",
    "POST /api/v1/store/social/conversations/{conversationId}/messages",
    "POST /api/v1/store/social/conversations/{conversationId}/reopen",
    "POST /api/v1/store/social/conversations/{conversationId}/resolve",
    "POST /api/v1/store/social/conversations/{conversationId}/resume-agent",
    "POST /api/v1/widget/chat/{channelToken}/answers",
    "POST /api/v1/widget/chat/{channelToken}/earlier",
    "POST /api/v1/widget/chat/{channelToken}/messages",
    "POST /api/v1/widget/chat/{channelToken}/pages",
    "POST /api/v1/widget/chat/{channelToken}/rating",
    "POST /api/v1/widget/chat/{channelToken}/sync",
    "PUT /api/v1/store/ai-providers/{code}/key",
    "PUT /api/v1/store/knowledge/{articleId}",
];

/// Every `$ref` of a document.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get("$ref").and_then(Value::as_str));
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_description_lists_every_route_and_refers_to_nothing_that_is_not_there() {
    let app = TestApp::start().await;
    let document = app.anonymous().get("/api/v1/openapi.json").await.expect(200);
    assert!(text(&document["openapi"]).starts_with("3."), "{}", document["openapi"]);
    let mut routes = Vec::new();
    for path in keys(&document["paths"]) {
        for method in keys(&document["paths"][path]) {
            let operation = &document["paths"][path][method];
            assert!(
                operation["responses"].as_object().is_some_and(|responses| !responses.is_empty()),
                "{method} {path}"
            );
            routes.push(format!("{} {path}", method.to_uppercase()));
        }
    }
    routes.sort_unstable();
    assert_eq!(routes, ROUTES);
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leads away"));
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}

#[tokio::test]
async fn the_documentation_asks_nobody_else() {
    let app = TestApp::start().await;
    let page = app.anonymous().get("/docs/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    let mut loaded = 0;
    for attribute in ["src=\"", "href=\""] {
        for part in page.text.split(attribute).skip(1) {
            let link = part.split('"').next().unwrap_or_default();
            assert!(!link.contains("//"), "{link} is not ours");
            let path = format!("/docs/{}", link.trim_start_matches("./"));
            assert_eq!(app.anonymous().get(&path).await.status, 200, "{path}");
            loaded += 1;
        }
    }
    assert!(loaded >= 3, "{}", page.text);
    let setup = app.anonymous().get("/docs/swagger-initializer.js").await;
    assert!(setup.text.contains("/api/v1/openapi.json"), "{}", setup.text);
}
