//! Files sent up, and read by their links (`org.md` M).

use std::{path::Path, time::Duration};

use http::Method;
use image::{DynamicImage, ImageFormat, RgbImage, RgbaImage};
use parlor_core::{App, params};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use testkit::{Answer, Client, Shop, TestApp, Visitor, answer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const CSV: &[u8] = b"name,price\r\nFern,12\r\n";

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let painted = RgbImage::from_fn(width, height, |x, y| image::Rgb([(x % 256) as u8, (y % 256) as u8, 90]));
    DynamicImage::from(painted).write_to(&mut bytes, format).expect("a picture can be written");
    bytes.into_inner()
}

fn named(name: &str, bytes: impl Into<Vec<u8>>) -> Part {
    Part::bytes(bytes.into()).file_name(name.to_owned())
}

/// What the widget sends: who, then the file.
fn form(visitor: &Visitor, file: Part) -> Form {
    let form = Form::new().text("channel_token", visitor.channel_token.clone());
    form.text("external_id", visitor.session_id.clone()).part("file", file)
}

async fn sends_up(app: &TestApp, form: Form) -> Answer {
    answer(app.anonymous().request(Method::POST, "/chat-widget/uploads").multipart(form)).await
}

async fn upload(app: &TestApp, visitor: &Visitor, name: &str, bytes: impl Into<Vec<u8>>) -> Answer {
    sends_up(app, form(visitor, named(name, bytes))).await
}

async fn upload_of(staff: &Client, name: &str, bytes: impl Into<Vec<u8>>) -> Answer {
    let form = Form::new().part("file", named(name, bytes));
    answer(staff.request(Method::POST, "/api/uploads/").multipart(form)).await
}

async fn fetched(url: &str) -> reqwest::Response {
    reqwest::Client::builder().no_proxy().build().expect("a client").get(url).send().await.expect("an answer")
}

async fn bytes_at(url: &Value) -> Vec<u8> {
    let response = fetched(url.as_str().expect("a link")).await;
    assert_eq!(response.status(), 200, "{url}");
    response.bytes().await.expect("a body").to_vec()
}

/// Every file there is.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

async fn rows(app: &TestApp) -> i64 {
    let count = |app: App| async move {
        let sql = "select count(*) from uploads";
        app.db.read(move |tx| Box::pin(async move { tx.one(sql, params![], |row| row.get(0)).await })).await
    };
    app.within(count).await.expect("rows can be counted")
}

async fn nothing_is_left(app: &TestApp) {
    for _ in 0..200 {
        if rows(app).await == 0 && files(&app.uploads()).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{} rows, {:?}", rows(app).await, files(&app.uploads()));
}

async fn setting() -> (TestApp, Shop) {
    let app = TestApp::builder().settings(|settings| settings.largest_upload = 256 << 10).start().await;
    let shop = app.shop().await;
    (app, shop)
}

#[tokio::test]
async fn a_visitor_sends_up_a_picture_and_gets_links_to_it_and_its_preview() {
    let (app, shop) = setting().await;
    let visitor = app.visitor(&shop);
    let bytes = picture(800, 400, ImageFormat::Png);
    let sent = upload(&app, &visitor, "leaf.png", bytes.clone()).await.expect(201);
    assert_eq!(sent["filename"], "leaf.png");
    assert_eq!(sent["mime_type"], "image/png");
    assert_eq!(sent["size"], bytes.len());
    assert_eq!((&sent["width"], &sent["height"]), (&800.into(), &400.into()));
    assert_eq!(bytes_at(&sent["url"]).await, bytes);
    let preview = image::load_from_memory(&bytes_at(&sent["preview_url"]).await).expect("a picture");
    assert_eq!((preview.width(), preview.height()), (320, 160));
}

#[tokio::test]
async fn an_agent_sends_up_a_file_by_cookie_and_needs_the_csrf_token() {
    let (app, shop) = setting().await;
    let browser = app.browser(&shop.owner).await;
    let sent = upload_of(&browser, "prices.csv", CSV).await.expect(201);
    assert_eq!(sent["mime_type"], "text/csv");
    assert_eq!(sent["preview_url"], Value::Null);
    assert_eq!(bytes_at(&sent["url"]).await, CSV);
    assert_eq!(upload_of(&browser.without_csrf(), "prices.csv", CSV).await.status, 403);
    assert_eq!(upload_of(&app.anonymous(), "prices.csv", CSV).await.status, 401);
    let viewer = app.agent(&shop, "viewer").await;
    assert_eq!(upload_of(&app.browser(&viewer).await, "prices.csv", CSV).await.status, 403);
}

#[tokio::test]
async fn a_file_is_served_so_that_nothing_in_it_can_run() {
    let (app, shop) = setting().await;
    let visitor = app.visitor(&shop);
    let sent = upload(&app, &visitor, "Müller \"x\".txt", "plain text").await.expect(201);
    let response = fetched(sent["url"].as_str().expect("a link")).await;
    let header = |name: &str| response.headers()[name].to_str().expect("a text").to_owned();
    assert_eq!(header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-security-policy"), "default-src 'none'; sandbox");
    assert_eq!(header("cross-origin-resource-policy"), "cross-origin");
    assert_eq!(header("cache-control"), "private, max-age=3600, immutable");
    assert_eq!(header("content-length"), "10");
    assert!(header("content-disposition").starts_with("attachment; filename=\"M_ller"), "{response:?}");
    let picture = upload(&app, &visitor, "p.gif", picture(9, 9, ImageFormat::Gif)).await.expect(201);
    for link in ["url", "preview_url"] {
        let response = fetched(picture[link].as_str().expect("a link")).await;
        assert!(
            response.headers()["content-disposition"].to_str().expect("a text").starts_with("attachment;")
        );
    }
}

#[tokio::test]
async fn a_link_that_is_forged_or_of_another_file_leads_nowhere() {
    let (app, shop) = setting().await;
    let visitor = app.visitor(&shop);
    let one = upload(&app, &visitor, "one.png", picture(9, 9, ImageFormat::Png)).await.expect(201);
    let other = upload(&app, &visitor, "other.png", picture(9, 9, ImageFormat::Png)).await.expect(201);
    let (url, preview) = (one["url"].as_str().expect("a link"), one["preview_url"].as_str().expect("a link"));
    let (folder, ticket) = url.rsplit_once('/').expect("a path");
    let (until, signature) = ticket.split_once('-').expect("a signature");
    let later = until.parse::<i64>().expect("a time") + 3600;
    let other_folder = other["url"].as_str().and_then(|url| Some(url.rsplit_once('/')?.0)).expect("a path");
    let forged = [
        format!("{other_folder}/{ticket}"),
        format!("{folder}/{later}-{signature}"),
        format!("{folder}/+{until}-{signature}"),
        format!("{folder}/0{until}-{signature}"),
        format!("{folder}/{until}-"),
        format!("{folder}/{until}"),
        format!("{folder}/0-{signature}"),
        format!("{folder}/preview/{ticket}"),
        preview.replace("/preview/", "/"),
        format!("{}/uploads/not-an-id/{ticket}", app.url()),
        format!("{}/uploads/{}/{ticket}", app.url(), uuid_of_nobody()),
        format!("{folder}/%2e%2e%2f{ticket}"),
    ];
    for link in forged {
        let response = fetched(&link).await;
        assert_eq!(response.status(), 404, "{link}");
        assert_eq!(response.text().await.expect("a text"), r#"{"error":"Upload not found."}"#, "{link}");
    }
    bytes_at(&one["url"]).await;
}

fn uuid_of_nobody() -> &'static str {
    "01890000-0000-7000-8000-000000000000"
}

#[tokio::test]
async fn what_is_not_taken_is_refused_whatever_it_says_of_itself() {
    let (app, shop) = setting().await;
    let visitor = app.visitor(&shop);
    let png = picture(40, 40, ImageFormat::Png);
    let mut cut = png.clone();
    cut.truncate(png.len() / 2);
    let mut late = b"word ".repeat(4000);
    late.extend_from_slice(b"\0\x01");
    let mut cut_text = b"word ".repeat(4000);
    cut_text.push(0xc3);
    let refused: [(&str, Vec<u8>); 11] = [
        ("page.png", b"<!DOCTYPE html><script>alert(1)</script>".to_vec()),
        ("page.txt", b"\n\n <html><body onload=alert(1)>".to_vec()),
        ("drawing.svg", b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>".to_vec()),
        ("photo.jpg", b"<?xml version=\"1.0\"?><svg/>".to_vec()),
        ("setup.pdf", b"MZ\x90\x00\x03\x00\x00\x00".to_vec()),
        ("program.txt", b"\x7fELF\x02\x01\x01\x00".to_vec()),
        ("polyglot.gif", b"GIF89a/*\x00\x00*/=1;alert(1)//".to_vec()),
        ("half.png", cut),
        ("late.txt", late),
        ("cut.txt", cut_text),
        ("tail.jpg", [b"\xff\xd8\xff\xe0".as_slice(), b"<script>alert(1)</script>"].concat()),
    ];
    // The limit on a visitor's uploads is not what is tried here.
    for (name, bytes) in refused {
        let visitor = app.visitor(&shop);
        let answer =
            sends_up(&app, form(&visitor, named(name, bytes).mime_str("image/png").expect("a type"))).await;
        assert_eq!(answer.expect(415)["error"], "Files of this type are not taken.", "{name}");
    }
    let empty = upload(&app, &visitor, "empty.txt", "").await;
    assert_eq!(empty.expect(400)["error"], "file must not be empty.");
    nothing_is_left(&app).await;
}

#[tokio::test]
async fn a_picture_that_would_fill_the_memory_is_not_decoded() {
    let (app, shop) = setting().await;
    // 20,000 x 20,000 pixels of one colour: 1.2 GB when decoded, some kilobytes as a file.
    let mut bomb = png_head(20_000, 20_000);
    bomb.extend_from_slice(&picture(2, 2, ImageFormat::Png)[33..]);
    assert_eq!(upload(&app, &app.visitor(&shop), "bomb.png", bomb).await.status, 415);
    let huge = [png_head(u32::MAX >> 1, u32::MAX >> 1).as_slice(), &[0; 64]].concat();
    assert_eq!(upload(&app, &app.visitor(&shop), "huge.png", huge).await.status, 415);
    nothing_is_left(&app).await;
}

/// A PNG's signature and its header for so many pixels.
fn png_head(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend_from_slice(&width.to_be_bytes());
    header.extend_from_slice(&height.to_be_bytes());
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    let mut head = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d".to_vec();
    head.extend_from_slice(&header);
    head.extend_from_slice(&crc32(&header).to_be_bytes());
    head
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[tokio::test]
async fn a_preview_keeps_what_is_clear_and_forgets_what_is_known() {
    let (app, shop) = setting().await;
    let visitor = app.visitor(&shop);
    let mut clear = std::io::Cursor::new(Vec::new());
    let glass = RgbaImage::from_pixel(400, 20, image::Rgba([9, 9, 9, 0]));
    DynamicImage::from(glass).write_to(&mut clear, ImageFormat::Png).expect("a picture can be written");
    let sent = upload(&app, &visitor, "glass.png", clear.into_inner()).await.expect(201);
    let preview = image::load_from_memory(&bytes_at(&sent["preview_url"]).await).expect("a picture");
    assert_eq!(preview.to_rgba8().get_pixel(3, 3).0[3], 0);

    // A comment and an EXIF block that turns the picture by a quarter, put in after the start of the file.
    let plain = picture(300, 100, ImageFormat::Jpeg);
    let exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0where I live";
    let mut telling = plain[..2].to_vec();
    telling.extend_from_slice(&[0xff, 0xe1]);
    telling.extend_from_slice(&u16::try_from(exif.len() + 2).expect("it is short").to_be_bytes());
    telling.extend_from_slice(exif);
    telling.extend_from_slice(&plain[2..]);
    let sent = upload(&app, &visitor, "home.jpg", telling).await.expect(201);
    assert_eq!((&sent["width"], &sent["height"]), (&100.into(), &300.into()));
    let preview = bytes_at(&sent["preview_url"]).await;
    assert!(!preview.windows(12).any(|window| window == b"where I live"));
    let preview = image::load_from_memory(&preview).expect("a picture");
    assert_eq!((preview.width(), preview.height()), (100, 300));
}

#[tokio::test]
async fn a_name_is_cleaned_and_leads_out_of_no_folder() {
    let (app, shop) = setting().await;
    let visitor = app.visitor(&shop);
    let names = [
        ("../../../etc/passwd", "passwd.txt"),
        ("C:\\temp\\page.html", "page.html.txt"),
        ("bill\u{202e}txt.exe", "billtxt.exe.txt"),
        ("a\u{200b}b.txt", "ab.txt"),
        ("....", "file.txt"),
    ];
    for (given, kept) in names {
        let sent = upload(&app, &visitor, given, "words").await.expect(201);
        assert_eq!(sent["filename"], kept, "{given:?}");
    }
    let long = upload(&app, &visitor, &"x".repeat(9000), "words").await.expect(201);
    assert_eq!(long["filename"].as_str().map(str::len), Some(100));
    let account = app.uploads().join(shop.account_id.to_string());
    assert_eq!(files(&app.uploads()).len(), names.len() + 1);
    assert!(files(&app.uploads()).iter().all(|file| file.parent() == Some(&account)));
    let name = |file: &Path| file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let random = |name: String| name.len() == 32 && name.chars().all(|c| c.is_ascii_hexdigit());
    assert!(files(&app.uploads()).iter().all(|file| random(name(file))));
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_and_leaves_nothing() {
    let (app, shop) = setting().await;
    let refused = "The file is too large: at most 262144 bytes may be sent.";
    let fits = vec![b'a'; 256 << 10];
    upload(&app, &app.visitor(&shop), "fits.txt", fits.clone()).await.expect(201);
    for length in [(256 << 10) + 1, 500 << 10, 900 << 10] {
        let visitor = app.visitor(&shop);
        let answer = upload(&app, &visitor, "long.txt", vec![b'a'; length]).await;
        assert_eq!(answer.expect(413)["error"], refused, "{length}");
    }
    assert_eq!((rows(&app).await, files(&app.uploads()).len()), (1, 1));

    // What says of itself that it is far too large is not even read.
    let mut connection =
        TcpStream::connect(app.url().trim_start_matches("http://")).await.expect("it listens");
    let head = "POST /chat-widget/uploads HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000000\r\n\r\n";
    connection.write_all(head.as_bytes()).await.expect("it reads");
    let mut answer = vec![0; 12];
    connection.read_exact(&mut answer).await.expect("it answers");
    assert_eq!(answer, b"HTTP/1.1 413");
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_nothing() {
    let (app, shop) = setting().await;
    let visitor = app.visitor(&shop);
    let address = app.url().trim_start_matches("http://").to_owned();
    let field = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body = format!(
        "{}{}--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.txt\"\r\n\r\nhalf of it",
        field("channel_token", &visitor.channel_token),
        field("external_id", &visitor.session_id)
    );
    let head = format!(
        "POST /chat-widget/uploads HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n",
        body.len() + 1000
    );
    let mut connection = TcpStream::connect(&address).await.expect("it listens");
    connection.write_all(format!("{head}{body}").as_bytes()).await.expect("it reads");
    for _ in 0..400 {
        if !files(&app.uploads()).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!((rows(&app).await, files(&app.uploads()).len()), (1, 1), "it has begun");
    drop(connection);
    nothing_is_left(&app).await;
}

#[tokio::test]
async fn ten_at_once_are_ten_files() {
    let (app, shop) = setting().await;
    let uploads = (0..10).map(|i| {
        let (visitor, bytes) = (app.visitor(&shop), format!("file {i} ").repeat(1000));
        let app = &app;
        async move { (upload(app, &visitor, "same.txt", bytes.clone()).await.expect(201), bytes) }
    });
    for (sent, bytes) in futures_util::future::join_all(uploads).await {
        assert_eq!(bytes_at(&sent["url"]).await, bytes.into_bytes());
    }
}

#[tokio::test]
async fn an_upload_outlives_a_restart_and_so_do_its_links() {
    let (mut app, shop) = setting().await;
    let visitor = app.visitor(&shop);
    let bytes = picture(64, 64, ImageFormat::WebP);
    let sent = upload(&app, &visitor, "w.webp", bytes.clone()).await.expect(201);
    app.crash().await;
    assert_eq!(bytes_at(&sent["url"]).await, bytes);
    bytes_at(&sent["preview_url"]).await;
}

#[tokio::test]
async fn who_sends_a_file_is_known_before_the_file() {
    let (app, shop) = setting().await;
    let visitor = app.visitor(&shop);
    let refused = |form: Form, status: u16, reason: &'static str| {
        let app = &app;
        async move { assert_eq!(sends_up(app, form).await.expect(status)["error"], reason) }
    };
    let file = || named("x.txt", "words");
    let token = visitor.channel_token.clone();
    let late = Form::new().part("file", file()).text("channel_token", token.clone());
    refused(late, 400, "Either conversation_id or channel_token must come before the file.").await;
    let nobody = Form::new().text("channel_token", token.clone()).part("file", file());
    refused(nobody, 400, "external_id must come before the file.").await;
    let both = Form::new().text("channel_token", token).text("conversation_id", uuid_of_nobody());
    let both = both.text("external_id", "me").part("file", file());
    refused(both, 400, "Either conversation_id or channel_token must come before the file.").await;
    let unknown = Form::new().text("channel_token", "no such").text("external_id", "me").part("file", file());
    refused(unknown, 404, "Channel not found.").await;
    refused(Form::new().text("channel_token", "x".repeat(2000)), 400, "A field of the form is too long.")
        .await;
    refused(Form::new().text("surprise", "x"), 400, "A form of this kind has no such field.").await;
    refused(Form::new().text("external_id", "me"), 400, "file is required.").await;

    let conversation = visitor.writes("Hello").await.expect(200)["conversationId"].clone();
    let conversation = conversation.as_str().expect("an id").to_owned();
    let by = |id: String| Form::new().text("conversation_id", conversation.clone()).text("external_id", id);
    sends_up(&app, by(visitor.session_id.clone()).part("file", file())).await.expect(201);
    refused(by("somebody else".into()).part("file", file()), 404, "Conversation not found.").await;
    let json = app.anonymous().post("/chat-widget/uploads", &serde_json::json!({})).await;
    assert_eq!(json.status, 400);
    assert_eq!((rows(&app).await, files(&app.uploads()).len()), (1, 1));
}

#[tokio::test]
async fn a_visitor_who_sends_too_much_is_slowed_down() {
    let (app, shop) = setting().await;
    let visitor = app.visitor(&shop);
    for _ in 0..12 {
        upload(&app, &visitor, "x.txt", "words").await.expect(201);
    }
    let refused = upload(&app, &visitor, "x.txt", "words").await;
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|wait| wait >= 1));
    assert_eq!(refused.status, 429);
    upload(&app, &app.visitor(&shop), "x.txt", "words").await.expect(201);
}

#[tokio::test]
async fn too_many_files_without_a_message_are_refused() {
    let app = TestApp::builder().rate_limits(parlor_core::limits::RateLimits::Off).start().await;
    let shop = app.shop().await;
    let visitor = app.visitor(&shop);
    for _ in 0..20 {
        upload(&app, &visitor, "x.txt", "words").await.expect(201);
    }
    let refused = upload(&app, &visitor, "x.txt", "words").await.expect(409);
    assert_eq!(refused["error"], "Too many files wait to be sent.");
    upload(&app, &app.visitor(&shop), "x.txt", "words").await.expect(201);
}

#[tokio::test]
async fn what_no_message_has_used_is_swept_away_after_a_day() {
    let mut app =
        TestApp::builder().settings(|settings| settings.sweep = Duration::from_millis(50)).start().await;
    let shop = app.shop().await;
    let visitor = app.visitor(&shop);
    let old = upload(&app, &visitor, "old.png", picture(9, 9, ImageFormat::Png)).await.expect(201);
    let orphan = upload(&app, &visitor, "gone.txt", "gone words").await.expect(201);
    let fresh = upload(&app, &visitor, "fresh.txt", "fresh words").await.expect(201);
    // A crash after the bytes went and before the row did.
    let gone = files(&app.uploads())
        .into_iter()
        .find(|file| std::fs::read(file).is_ok_and(|bytes| bytes == b"gone words"));
    std::fs::remove_file(gone.expect("a text is there")).expect("a file can be removed");
    let (old, orphan) = (id(&old), id(&orphan));
    let age = move |app: App| async move {
        let before = app.now() - jiff::SignedDuration::from_hours(25);
        app.db
            .write(move |tx| {
                Box::pin(async move {
                    let sql = "update uploads set created_at = $2 where id = $1";
                    tx.exec(sql, params![old, before]).await?;
                    let sql = "update uploads set created_at = $2, state = 'arriving' where id = $1";
                    tx.exec(sql, params![orphan, before]).await
                })
            })
            .await
    };
    app.within(age).await.expect("time can pass");
    app.restart().await;
    for _ in 0..200 {
        if rows(&app).await == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_eq!(rows(&app).await, 1);
    assert_eq!(bytes_at(&fresh["url"]).await, b"fresh words");
    assert_eq!(files(&app.uploads()).len(), 1);
}

fn id(sent: &Value) -> uuid::Uuid {
    sent["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
}

#[tokio::test]
async fn a_widget_on_another_origin_may_send_files_up_without_credentials() {
    let (app, shop) = setting().await;
    let preflight = app
        .anonymous()
        .request(Method::OPTIONS, "/chat-widget/uploads")
        .header("origin", "https://shop.example")
        .header("access-control-request-method", "POST");
    let preflight = answer(preflight).await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-origin"), "https://shop.example");
    assert_eq!(preflight.header("access-control-allow-credentials"), "");
    let sent = app
        .anonymous()
        .request(Method::POST, "/chat-widget/uploads")
        .header("origin", "https://shop.example")
        .multipart(form(&app.visitor(&shop), named("x.txt", "words")));
    let sent = answer(sent).await;
    assert_eq!(sent.header("access-control-allow-origin"), "https://shop.example");
    sent.expect(201);
}

/// A visitor who has written, and the conversation.
async fn conversation(app: &TestApp, shop: &Shop) -> (Visitor, String) {
    let visitor = app.visitor(shop);
    let written = visitor.writes("Hello").await.expect(200);
    (visitor, written["conversationId"].as_str().expect("an id").to_owned())
}

async fn says(staff: &Client, conversation: &str, kind: &str, rich_media: Value) -> Answer {
    let body = json!({ "content": "", "content_type": kind, "rich_media": rich_media });
    staff.post(&format!("/api/conversations/{conversation}/messages"), &body).await
}

/// What the visitor's widget is shown last.
async fn last_shown(visitor: &Visitor) -> Value {
    let view = visitor.posts("sync", json!({ "sessionId": visitor.session_id })).await.expect(200);
    view["messages"].as_array().and_then(|messages| messages.last()).expect("a message")["richMedia"].clone()
}

#[tokio::test]
async fn an_agents_message_shows_an_upload_by_fresh_links_to_everybody() {
    let (mut app, shop) = setting().await;
    let (visitor, conversation) = conversation(&app, &shop).await;
    let browser = app.browser(&shop.owner).await;
    let bytes = picture(640, 480, ImageFormat::Jpeg);
    let sent = upload_of(&browser, "p.jpg", bytes.clone()).await.expect(201);
    let rich_media = json!({ "upload_id": sent["id"], "alt": "A fern" });
    says(&browser, &conversation, "image", rich_media).await.expect(201);
    app.restart().await;
    let shown = last_shown(&visitor).await;
    assert_eq!(
        (&shown["alt"], &shown["width"], &shown["height"]),
        (&json!("A fern"), &json!(640), &json!(480))
    );
    assert_eq!(bytes_at(&shown["url"]).await, bytes);
    bytes_at(&shown["preview_url"]).await;

    // The link that the upload was answered with names it as well, and what is said of the file is what it is.
    let table = upload_of(&browser, "prices.csv", CSV).await.expect(201);
    let said = json!({ "url": table["url"], "filename": "virus.exe", "size": 1, "mime_type": "text/html" });
    says(&browser, &conversation, "file", said).await.expect(201);
    let shown = last_shown(&visitor).await;
    assert_eq!(
        (&shown["filename"], &shown["mime_type"], &shown["size"]),
        (&json!("prices.csv"), &json!("text/csv"), &json!(CSV.len()))
    );
    assert_eq!(bytes_at(&shown["url"]).await, CSV);

    let cards = json!({ "cards": [{ "title": "Fern", "image_upload_id": sent["id"] }, { "title": "Moss", "image_url": "https://example.com/moss.jpg" }] });
    says(&browser, &conversation, "carousel", cards).await.expect(201);
    let shown = last_shown(&visitor).await;
    assert_eq!(bytes_at(&shown["cards"][0]["image_url"]).await, bytes);
    bytes_at(&shown["cards"][0]["image_preview_url"]).await;
    assert_eq!(shown["cards"][1], json!({ "title": "Moss", "image_url": "https://example.com/moss.jpg" }));

    let read = browser.get(&format!("/api/conversations/{conversation}/messages")).await.expect(200);
    let listed = read.as_array().expect("a list").iter().filter(|message| message["content_type"] == "image");
    for message in listed {
        assert_eq!(bytes_at(&message["rich_media"]["url"]).await, bytes);
    }
}

#[tokio::test]
async fn somebody_elses_upload_is_not_found() {
    let (app, shop) = setting().await;
    let (visitor, conversation) = conversation(&app, &shop).await;
    let owner = app.browser(&shop.owner).await;
    let colleague = app.browser(&app.agent(&shop, "agent").await).await;
    let stranger = app.browser(&app.shop().await.owner).await;
    let of_visitor = upload(&app, &visitor, "mine.txt", "words").await.expect(201);
    let of_colleague = upload_of(&colleague, "hers.txt", "words").await.expect(201);
    let of_stranger = upload_of(&stranger, "his.txt", "words").await.expect(201);
    for foreign in [of_visitor, of_colleague, of_stranger] {
        let by_id = says(&owner, &conversation, "file", json!({ "upload_id": foreign["id"] })).await;
        assert_eq!(by_id.expect(404)["error"], "Upload not found.");
        let by_link =
            json!({ "url": foreign["url"], "filename": "x.txt", "size": 1, "mime_type": "text/plain" });
        assert_eq!(says(&owner, &conversation, "file", by_link).await.status, 404);
    }
    let nobodys = says(&owner, &conversation, "file", json!({ "upload_id": uuid_of_nobody() })).await;
    assert_eq!(nobodys.status, 404);
    let malformed = says(&owner, &conversation, "file", json!({ "upload_id": "../secret.key" })).await;
    assert_eq!(malformed.status, 400);
    let text = upload_of(&owner, "no picture.txt", "words").await.expect(201);
    let as_picture = says(&owner, &conversation, "image", json!({ "upload_id": text["id"] })).await;
    assert_eq!(as_picture.expect(400)["error"], "rich_media must name a picture.");
}
