//! A: who is who. Sign-in, tokens, roles, and stores that never meet.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Method;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use testkit::{Answer, Client, TestApp, answer, hub::HubClient};

use crate::support::{
    CHANNELS, CONVERSATIONS, KNOWLEDGE, NOBODY, PROVIDERS, USAGE, history, keys, problem, quiet_shop, text,
    texts, unlimited, writer,
};

const LOGIN: &str = "/api/v1/auth/login";
const REFRESH: &str = "/api/v1/auth/refresh";
const LOGOUT: &str = "/api/v1/auth/logout";

async fn renew(client: &Client, refresh_token: &str) -> Answer {
    client.post(REFRESH, &json!({ "refreshToken": refresh_token })).await
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a JWT has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("JSON")
}

#[tokio::test]
async fn a_person_signs_in() {
    let app = TestApp::start().await;
    let shop = app.shop_without_channel().await;
    let as_typed = format!("  {} ", shop.owner.email.to_uppercase());
    let login = json!({ "email": as_typed, "password": shop.owner.password });
    let tokens = app.anonymous().post(LOGIN, &login).await.expect(200);
    assert_eq!(keys(&tokens), ["accessToken", "expiresIn", "refreshToken", "tokenType"]);
    assert_eq!((&tokens["tokenType"], &tokens["expiresIn"]), (&json!("Bearer"), &json!(900)));
    let access = text(&tokens["accessToken"]);
    app.anonymous().bearer(access).get(USAGE).await.expect(200);

    let claims = claims(access);
    assert_eq!(claims["store_id"], shop.account_id.to_string());
    assert_eq!(claims["role"], "owner");
    let permissions = [
        "store.social_channels.view",
        "store.social_channels.manage",
        "store.conversations.view",
        "store.conversations.manage",
    ];
    assert_eq!(claims["permissions"], json!(permissions));
    assert!(claims["sub"].is_string(), "{claims}");
    let (issued, expires) = (claims["iat"].as_i64(), claims["exp"].as_i64());
    assert_eq!(expires, issued.map(|at| at + 900));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_person_look_alike() {
    let app = TestApp::start().await;
    let shop = app.shop_without_channel().await;
    let wrong = json!({ "email": shop.owner.email, "password": "not the password" });
    let unknown = json!({ "email": "nobody@shop.example", "password": shop.owner.password });
    let long = json!({ "email": shop.owner.email, "password": "x".repeat(300) });
    let mut answers = Vec::new();
    for login in [wrong, unknown, long] {
        answers.push(problem(app.anonymous().post(LOGIN, &login).await, 401));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
}

#[tokio::test]
async fn a_sign_in_is_renewed_and_the_token_is_spent() {
    let app = TestApp::start().await;
    let owner = app.shop_without_channel().await.owner;
    let renewed = renew(&owner, &owner.refresh_token).await.expect(200);
    assert_eq!(keys(&renewed), ["accessToken", "expiresIn", "refreshToken", "tokenType"]);
    assert_ne!(renewed["refreshToken"], owner.refresh_token);
    app.anonymous().bearer(text(&renewed["accessToken"])).get(USAGE).await.expect(200);
    // The access token from before still stands: it is the same sign-in.
    owner.get(USAGE).await.expect(200);
    let again = renew(&owner, text(&renewed["refreshToken"])).await.expect(200);
    assert_ne!(again["refreshToken"], renewed["refreshToken"]);
}

#[tokio::test]
async fn a_refresh_token_used_twice_ends_the_sign_in_and_what_it_holds_open() {
    let app = TestApp::start().await;
    let owner = app.shop_without_channel().await.owner;
    let hub = owner.hub().await;
    let renewed = renew(&owner, &owner.refresh_token).await.expect(200);
    problem(renew(&owner, &owner.refresh_token).await, 401);
    hub.closed().await;
    problem(renew(&owner, text(&renewed["refreshToken"])).await, 401);
    problem(owner.get(USAGE).await, 401);
    problem(app.anonymous().bearer(text(&renewed["accessToken"])).get(USAGE).await, 401);
}

#[tokio::test]
async fn a_sign_out_ends_access_and_open_connections_at_once() {
    let app = TestApp::start().await;
    let shop = quiet_shop(&app).await;
    let elsewhere = app.sign_in(&shop.owner.email, shop.owner.password).await;
    let (here, there) = (shop.owner.hub().await, elsewhere.hub().await);
    let answer = shop.owner.post(LOGOUT, &json!({ "refreshToken": shop.owner.refresh_token })).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    problem(shop.owner.get(USAGE).await, 401);
    problem(renew(&shop.owner, &shop.owner.refresh_token).await, 401);
    here.closed().await;
    HubClient::connect(shop.owner.url(), "/hubs/store-conversations", Some(&shop.owner.token))
        .await
        .map(|_| ())
        .expect_err("a sign-in that has ended opens no hub");
    // Another sign-in of the same person lives on.
    elsewhere.get(USAGE).await.expect(200);
    app.visitor(&shop).writes("Still there?").await.expect(200);
    assert_eq!(there.event("NewCustomerMessage").await[0]["contentText"], "Still there?");
}

#[tokio::test]
async fn signing_out_with_an_unknown_token_is_answered_alike() {
    let app = TestApp::start().await;
    for token in ["rt_0000", "", "\u{0}", "💥"] {
        let answer = app.anonymous().post(LOGOUT, &json!({ "refreshToken": token })).await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{token:?}");
        problem(renew(&app.anonymous(), token).await, 401);
    }
}

/// A token with these claims and this header, signed with this key.
fn signed(claims: &Value, algorithm: Algorithm, key: &[u8]) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(key))
        .expect("it can be signed")
}

/// What nobody may come in with, by name.
fn forgeries(app: &TestApp, good: &str) -> Vec<(&'static str, String)> {
    let core = app.core();
    let key = core.secrets.token_key();
    let honest = claims(good);
    let with = |name: &str, value: Value| {
        let mut claims = honest.clone();
        claims[name] = value;
        claims
    };
    let without = |name: &str| {
        let mut claims = honest.clone();
        claims.as_object_mut().expect("claims are an object").remove(name);
        claims
    };
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let parts: Vec<&str> = good.split('.').collect();
    let promoted = encode(&with("role", json!("owner")));
    let none = encode(&json!({ "alg": "none", "typ": "JWT" }));
    let past = core.now().as_second() - 1;
    vec![
        ("nothing", String::new()),
        ("no JWT", "abc".into()),
        ("alg none", format!("{none}.{}.", parts[1])),
        ("alg none with the old signature", format!("{none}.{}.{}", parts[1], parts[2])),
        ("another key", signed(&honest, Algorithm::HS256, b"another key of thirty-two bytes!")),
        ("another algorithm", signed(&honest, Algorithm::HS512, key)),
        ("changed claims", format!("{}.{}.{}", parts[0], encode(&with("sub", json!(NOBODY))), parts[2])),
        ("a changed role", format!("{}.{promoted}.{}", parts[0], parts[2].replace(['A', 'a'], "b"))),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("expired", signed(&with("exp", json!(past)), Algorithm::HS256, key)),
        ("no expiry", signed(&without("exp"), Algorithm::HS256, key)),
        ("no sign-in", signed(&without("sid"), Algorithm::HS256, key)),
        ("an unknown sign-in", signed(&with("sid", json!(NOBODY)), Algorithm::HS256, key)),
        ("a sign-in that is no id", signed(&with("sid", json!("x")), Algorithm::HS256, key)),
    ]
}

#[tokio::test]
async fn forged_expired_and_foreign_tokens_open_nothing() {
    let app = unlimited().await;
    let shop = quiet_shop(&app).await;
    let stranger = app.anonymous();
    let hub = "/hubs/store-conversations";
    for (name, token) in forgeries(&app, &shop.owner.token) {
        let refused = stranger.bearer(&token).get(CONVERSATIONS).await;
        assert_eq!(refused.header("www-authenticate"), "Bearer", "{name}");
        problem(refused, 401);
        let by_header =
            stranger.bearer(&token).post_empty(&format!("{hub}/negotiate?negotiateVersion=1")).await;
        assert_eq!(by_header.status, 401, "{name} by header");
        let path = format!("{hub}/negotiate?negotiateVersion=1&access_token={token}");
        assert_eq!(stranger.post_empty(&path).await.status, 401, "{name} by query");
    }
    problem(stranger.get(CONVERSATIONS).await, 401);
    problem(stranger.bearer(&shop.owner.refresh_token).get(CONVERSATIONS).await, 401);
    let basic =
        stranger.request(Method::GET, CONVERSATIONS).header("Authorization", "Basic b3duZXI6cGFzcw==");
    problem(answer(basic).await, 401);
    // The real one, as a control; the scheme's case does not matter.
    let real = stranger.request(Method::GET, CONVERSATIONS);
    answer(real.header("Authorization", format!("bearer {}", shop.owner.token))).await.expect(200);
}

/// What a call needs: method, path, body, permission, and what whoever may is answered.
type Call = (Method, String, Value, &'static str, u16);

const VIEW_CHANNELS: &str = "store.social_channels.view";
const MANAGE_CHANNELS: &str = "store.social_channels.manage";
const VIEW_CONVERSATIONS: &str = "store.conversations.view";
const MANAGE_CONVERSATIONS: &str = "store.conversations.manage";

/// Every call of staff. The ids are nobody's, so that who may call is told 404 and changes nothing.
fn staff_calls() -> Vec<Call> {
    let channel = |rest: &str| format!("{CHANNELS}/{NOBODY}{rest}");
    let conversation = |rest: &str| format!("{CONVERSATIONS}/{NOBODY}{rest}");
    let article = json!({ "title": "Shipping", "body": "Two days." });
    let none = Value::Null;
    vec![
        (Method::GET, CHANNELS.into(), none.clone(), VIEW_CHANNELS, 200),
        (Method::POST, format!("{CHANNELS}/website"), json!({ "displayName": "Chat" }), MANAGE_CHANNELS, 409),
        (Method::GET, format!("{CHANNELS}/auth/website"), none.clone(), MANAGE_CHANNELS, 400),
        (Method::PATCH, channel(""), json!({ "displayName": "Chat" }), MANAGE_CHANNELS, 404),
        (Method::POST, channel("/toggle-agent"), none.clone(), MANAGE_CHANNELS, 404),
        (Method::DELETE, channel(""), none.clone(), MANAGE_CHANNELS, 404),
        (Method::GET, CONVERSATIONS.into(), none.clone(), VIEW_CONVERSATIONS, 200),
        (Method::GET, conversation(""), none.clone(), VIEW_CONVERSATIONS, 404),
        (Method::POST, conversation("/messages"), json!({ "text": "Hello" }), MANAGE_CONVERSATIONS, 404),
        (Method::POST, conversation("/resolve"), none.clone(), MANAGE_CONVERSATIONS, 404),
        (Method::POST, conversation("/reopen"), none.clone(), MANAGE_CONVERSATIONS, 404),
        (Method::POST, conversation("/assign"), json!({ "userId": NOBODY }), MANAGE_CONVERSATIONS, 404),
        (Method::POST, conversation("/resume-agent"), none.clone(), MANAGE_CONVERSATIONS, 404),
        (Method::GET, KNOWLEDGE.into(), none.clone(), VIEW_CHANNELS, 200),
        (Method::POST, KNOWLEDGE.into(), article.clone(), MANAGE_CHANNELS, 201),
        (Method::GET, format!("{KNOWLEDGE}/{NOBODY}"), none.clone(), VIEW_CHANNELS, 404),
        (Method::PUT, format!("{KNOWLEDGE}/{NOBODY}"), article, MANAGE_CHANNELS, 404),
        (Method::DELETE, format!("{KNOWLEDGE}/{NOBODY}"), none.clone(), MANAGE_CHANNELS, 404),
        (Method::GET, USAGE.into(), none.clone(), "", 200),
        (Method::GET, PROVIDERS.into(), none.clone(), VIEW_CHANNELS, 200),
        (Method::PUT, format!("{PROVIDERS}/openai/key"), json!({ "apiKey": "sk-1" }), MANAGE_CHANNELS, 204),
        (Method::DELETE, format!("{PROVIDERS}/openai/key"), none, MANAGE_CHANNELS, 204),
    ]
}

async fn call(client: &Client, (method, path, body, ..): &Call) -> Answer {
    let request = client.request(method.clone(), path);
    answer(if body.is_null() { request } else { request.json(body) }).await
}

#[tokio::test]
async fn each_role_may_what_its_permissions_say_and_no_more() {
    let app = unlimited().await;
    let shop = app.shop().await;
    let everything = [VIEW_CHANNELS, MANAGE_CHANNELS, VIEW_CONVERSATIONS, MANAGE_CONVERSATIONS, ""];
    let agents = [VIEW_CHANNELS, VIEW_CONVERSATIONS, MANAGE_CONVERSATIONS, ""];
    let viewers = [VIEW_CHANNELS, VIEW_CONVERSATIONS, ""];
    let roles: [(&str, &[&str]); 4] =
        [("owner", &everything), ("admin", &everything), ("agent", &agents), ("viewer", &viewers)];
    for (role, may) in roles {
        let person = app.agent(&shop, role).await;
        for staff_call @ (method, path, _, needed, status) in &staff_calls() {
            let answer = call(&person, staff_call).await;
            if may.contains(needed) {
                assert_eq!(answer.status, *status, "{role} {method} {path}: {}", answer.text);
            } else {
                assert_eq!(answer.status, 403, "{role} {method} {path}: {}", answer.text);
                assert_eq!(problem(answer, 403)["permission"], *needed, "{role} {method} {path}");
            }
        }
        person.hub().await;
    }
}

#[tokio::test]
async fn no_staff_call_is_forgotten_and_none_is_open_to_strangers() {
    let app = unlimited().await;
    let described = app.anonymous().get("/api/v1/openapi.json").await.expect(200);
    let mut secured = Vec::new();
    for (path, operations) in described["paths"].as_object().expect("an object") {
        for (method, operation) in operations.as_object().expect("an object") {
            if !operation["security"].is_null() {
                secured.push(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    let generic = |path: &str| {
        let names = [("auth/website", "auth/{kind}"), ("openai/key", "{code}/key")];
        let mut path = names.iter().fold(path.to_owned(), |path, (from, to)| path.replace(from, to));
        for (before, name) in
            [(CHANNELS, "channelId"), (CONVERSATIONS, "conversationId"), (KNOWLEDGE, "articleId")]
        {
            path = path.replace(&format!("{before}/{NOBODY}"), &format!("{before}/{{{name}}}"));
        }
        path
    };
    let mut known: Vec<String> =
        staff_calls().iter().map(|(method, path, ..)| format!("{method} {}", generic(path))).collect();
    known.sort_unstable();
    secured.sort_unstable();
    assert_eq!(known, secured, "the table of calls and the description differ");
    for staff_call in &staff_calls() {
        problem(call(&app.anonymous(), staff_call).await, 401);
    }
}

#[tokio::test]
async fn stores_never_meet() {
    let app = unlimited().await;
    let (mine, theirs) = (quiet_shop(&app).await, quiet_shop(&app).await);
    let (_, conversation) = writer(&app, &theirs).await;
    let article = json!({ "title": "Shipping", "body": "Two days." });
    let article_id = theirs.owner.post(KNOWLEDGE, &article).await.expect(201)["id"].clone();
    let their_agent = claims(&app.agent(&theirs, "agent").await.token)["sub"].clone();
    let message = history(&theirs.owner, &conversation).await[0]["id"].clone();

    let mut tried = 0;
    for (method, path, body, needed, _) in staff_calls() {
        let path = path
            .replace(&format!("{CHANNELS}/{NOBODY}"), &format!("{CHANNELS}/{}", theirs.channel_id))
            .replace(&format!("{CONVERSATIONS}/{NOBODY}"), &format!("{CONVERSATIONS}/{conversation}"))
            .replace(&format!("{KNOWLEDGE}/{NOBODY}"), &format!("{KNOWLEDGE}/{}", text(&article_id)));
        let foreign = [theirs.channel_id.as_str(), conversation.as_str(), text(&article_id)];
        if foreign.iter().any(|id| path.contains(id)) {
            tried += 1;
            problem(call(&mine.owner, &(method, path, body, needed, 404)).await, 404);
        }
    }
    assert_eq!(tried, 12);
    // A foreign id inside an own conversation, too.
    let (_, own) = writer(&app, &mine).await;
    let assign = format!("{CONVERSATIONS}/{own}/assign");
    problem(mine.owner.post(&assign, &json!({ "userId": their_agent })).await, 404);
    problem(mine.owner.get(&format!("{CONVERSATIONS}/{own}?after={}", text(&message))).await, 404);
    let listed = format!("{CONVERSATIONS}?channelId={}", theirs.channel_id);
    assert_eq!(mine.owner.get(&listed).await.expect(200)["totalCount"], 0);
    let lists = mine.owner.get(CONVERSATIONS).await.expect(200).to_string();
    assert!(!lists.contains(&conversation), "{lists}");
    assert_eq!(mine.owner.get(KNOWLEDGE).await.expect(200), json!([]));

    // And nothing of theirs has changed.
    let kept = theirs.owner.get(&format!("{CONVERSATIONS}/{conversation}")).await.expect(200);
    assert_eq!((&kept["status"], &kept["assignedUserId"]), (&json!("Open"), &Value::Null));
    assert_eq!(texts(&history(&theirs.owner, &conversation).await), ["Hello"]);
    let channels = theirs.owner.get(CHANNELS).await.expect(200);
    assert_eq!(channels[0]["displayName"], "Support Chat");
    assert_eq!(theirs.owner.get(KNOWLEDGE).await.expect(200)[0]["title"], "Shipping");
}

/// The same token for another store, signed as ours are.
pub fn with_store(app: &TestApp, good: &str, store: &str) -> String {
    let mut claims = claims(good);
    claims["store_id"] = json!(store);
    signed(&claims, Algorithm::HS256, app.core().secrets.token_key())
}

/// Whose token it is.
pub fn subject(token: &str) -> Value {
    claims(token)["sub"].clone()
}
