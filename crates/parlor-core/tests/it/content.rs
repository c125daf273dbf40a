//! What a message may say: the shapes of each kind, and everything else refused by the path that leads to it.

use parlor_core::{
    Error,
    conversations::{Content, ContentType},
};
use serde_json::{Value, json};

/// The path and the problem of a refusal.
#[track_caller]
fn refused(kind: ContentType, text: &str, rich_media: Value) -> (String, String) {
    match Content::new(kind, text, Some(rich_media.clone())) {
        Err(Error::Invalid { field, problem }) => (field.into_owned(), problem.into_owned()),
        other => panic!("{kind:?} {rich_media}: {other:?}"),
    }
}

fn image() -> Value {
    json!({"url": "https://example.com/photo.jpg", "alt": "A scenic view"})
}

fn file() -> Value {
    json!({"url": "https://example.com/files/invoice.pdf", "filename": "invoice.pdf", "size": 204_800, "mime_type": "application/pdf"})
}

fn buttons() -> Value {
    json!({"buttons": [{"label": "Yes", "value": "yes"}, {"label": "No", "value": "no"}]})
}

fn carousel() -> Value {
    json!({"cards": [{"image_url": "https://example.com/a.jpg", "title": "Product A", "subtitle": "Short description",
        "buttons": [{"label": "Buy now", "value": "buy_A"}]}]})
}

fn dropdown() -> Value {
    json!({"placeholder": "-- pick one --", "options": [{"label": "Asia Pacific", "value": "apac"}, {"label": "Europe", "value": "eu"}]})
}

/// A shape with one value put elsewhere, by JSON pointer.
fn with(mut shape: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    match shape.pointer_mut(parent).expect("a parent") {
        Value::Object(entries) => drop(entries.insert(name.to_owned(), value)),
        Value::Array(items) => items[name.parse::<usize>().expect("an index")] = value,
        other => panic!("{other} has nothing in it"),
    }
    shape
}

#[test]
fn every_shape_of_the_guide_is_kept_as_it_is() {
    use ContentType::{Carousel, Dropdown, File, Image, QuickButton};
    let shapes = [
        (Image, image()),
        (Image, json!({"url": "http://example.com/photo.jpg"})),
        (File, file()),
        (File, with(file(), "/size", json!(0))),
        (QuickButton, buttons()),
        (Carousel, carousel()),
        (Carousel, json!({"cards": [{"title": "Only a title"}]})),
        (Dropdown, dropdown()),
        (Dropdown, json!({"options": [{"label": "One", "value": "1"}]})),
    ];
    for (kind, shape) in shapes {
        for text in ["", "Choose an option:"] {
            let content = Content::new(kind, text, Some(shape.clone())).expect("a shape of the guide");
            assert_eq!(
                (content.kind, content.text.as_str(), content.rich_media.as_ref()),
                (kind, text, Some(&shape))
            );
            assert!(!content.summary().is_empty() && !content.plain().is_empty(), "{content:?}");
        }
    }
    let dropped = with(image(), "/alt", Value::Null);
    let content = Content::new(Image, "", Some(dropped)).expect("null is as good as nothing");
    assert_eq!(content.rich_media, Some(json!({"url": "https://example.com/photo.jpg"})));
    let broken = with(buttons(), "/buttons/0/label", json!("Y\nes"));
    assert_eq!(refused(QuickButton, "", broken).0, "rich_media.buttons[0].label");
    let trimmed =
        Content::new(QuickButton, " Choose ", Some(with(buttons(), "/buttons/0/label", json!(" Yes "))))
            .expect("buttons");
    assert_eq!((trimmed.text.as_str(), trimmed.rich_media), ("Choose", Some(buttons())));
}

#[test]
fn what_has_another_shape_is_refused_by_its_path() {
    use ContentType::{Carousel, Dropdown, File, Image, QuickButton};
    let many = |count: usize| Value::Array(vec![json!({"label": "x", "value": "x"}); count]);
    let cases = [
        (Image, json!([]), "rich_media", "must be an object"),
        (Image, json!("https://example.com/photo.jpg"), "rich_media", "must be an object"),
        (Image, json!({}), "rich_media.url", "is required"),
        (
            Image,
            with(image(), "/url", json!(7)),
            "rich_media.url",
            "must be an http or https address of at most 2,000 bytes",
        ),
        (
            Image,
            with(image(), "/url", json!("javascript:alert(1)")),
            "rich_media.url",
            "must be an http or https address of at most 2,000 bytes",
        ),
        (
            Image,
            with(image(), "/url", json!("data:image/png;base64,AAAA")),
            "rich_media.url",
            "must be an http or https address of at most 2,000 bytes",
        ),
        (
            Image,
            with(image(), "/alt", json!("x".repeat(501))),
            "rich_media.alt",
            "must have 0 to 500 printable characters",
        ),
        (
            Image,
            with(image(), "/onload", json!("alert(1)")),
            "rich_media",
            "must hold nothing but url, upload_id, alt",
        ),
        (Image, buttons(), "rich_media", "must hold nothing but url, upload_id, alt"),
        (File, with(file(), "/size", json!(-1)), "rich_media.size", "must be a whole number of bytes"),
        (File, with(file(), "/size", json!(1.5)), "rich_media.size", "must be a whole number of bytes"),
        (File, with(file(), "/size", json!("204800")), "rich_media.size", "must be a whole number of bytes"),
        (
            File,
            with(file(), "/size", json!(1_u64 << 53)),
            "rich_media.size",
            "must be a whole number of bytes",
        ),
        (
            File,
            with(file(), "/filename", json!(" ")),
            "rich_media.filename",
            "must have 1 to 255 printable characters",
        ),
        (
            File,
            with(file(), "/filename", json!("a\u{0}b")),
            "rich_media.filename",
            "must have 1 to 255 printable characters",
        ),
        (
            File,
            with(file(), "/filename", json!("invoice\u{202e}fdp.exe")),
            "rich_media.filename",
            "must not turn the direction of writing",
        ),
        (
            File,
            with(file(), "/mime_type", json!("pdf")),
            "rich_media.mime_type",
            "must be a MIME type such as application/pdf",
        ),
        (
            File,
            with(file(), "/mime_type", json!("text/html\r\nx: y")),
            "rich_media.mime_type",
            "must be a MIME type such as application/pdf",
        ),
        (File, image(), "rich_media", "must hold nothing but url, upload_id, filename, size, mime_type"),
        (QuickButton, json!({}), "rich_media.buttons", "is required"),
        (QuickButton, json!({"buttons": {}}), "rich_media.buttons", "must be a list of 1 to 50"),
        (QuickButton, json!({"buttons": []}), "rich_media.buttons", "must be a list of 1 to 50"),
        (QuickButton, json!({ "buttons": many(51) }), "rich_media.buttons", "must be a list of 1 to 50"),
        (QuickButton, json!({"buttons": ["Yes"]}), "rich_media.buttons[0]", "must be an object"),
        (
            QuickButton,
            with(buttons(), "/buttons/1/label", json!("")),
            "rich_media.buttons[1].label",
            "must have 1 to 200 printable characters",
        ),
        (
            QuickButton,
            with(buttons(), "/buttons/1/value", json!(true)),
            "rich_media.buttons[1].value",
            "must have 1 to 1000 printable characters",
        ),
        (
            QuickButton,
            with(buttons(), "/buttons/0/url", json!("https://e.com")),
            "rich_media.buttons[0]",
            "must hold nothing but label, value",
        ),
        (Carousel, json!({"cards": []}), "rich_media.cards", "must be a list of 1 to 50"),
        (Carousel, json!({"cards": [null]}), "rich_media.cards[0]", "must be an object"),
        (
            Carousel,
            with(carousel(), "/cards/0/title", Value::Null),
            "rich_media.cards[0].title",
            "is required",
        ),
        (
            Carousel,
            with(carousel(), "/cards/0/image_url", json!("//e.com/a.jpg")),
            "rich_media.cards[0].image_url",
            "must be an http or https address of at most 2,000 bytes",
        ),
        (
            Carousel,
            with(carousel(), "/cards/0/buttons/0/label", json!({})),
            "rich_media.cards[0].buttons[0].label",
            "must have 1 to 200 printable characters",
        ),
        (
            Carousel,
            with(carousel(), "/cards/0/buttons", many(21)),
            "rich_media.cards[0].buttons",
            "must be a list of 0 to 20",
        ),
        (Dropdown, json!({ "options": many(101) }), "rich_media.options", "must be a list of 1 to 100"),
        (
            Dropdown,
            with(dropdown(), "/placeholder", json!([])),
            "rich_media.placeholder",
            "must have 0 to 200 printable characters",
        ),
    ];
    for (kind, shape, path, problem) in cases {
        let shown = shape.to_string();
        assert_eq!(
            refused(kind, "Caption", shape),
            (path.to_owned(), problem.to_owned()),
            "{kind:?} {shown}"
        );
    }
    let large = json!({"options": vec![json!({"label": "x", "value": "x".repeat(1000)}); 70]});
    assert_eq!(refused(Dropdown, "", large).1, "must have at most 64 KiB");
    let long = "x".repeat(10_001);
    assert_eq!(refused(Image, &long, image()).0, "text");
    assert_eq!(refused(Image, "a\u{0}b", image()).0, "text");
    assert_eq!(refused(ContentType::Text, "Hello", buttons()).0, "rich_media");
    for kind in [Image, File, QuickButton, Carousel, Dropdown] {
        let missing = Content::new(kind, "Hello", None);
        assert!(
            matches!(missing, Err(Error::Invalid { ref field, .. }) if field == "rich_media"),
            "{missing:?}"
        );
    }
    assert!(Content::new(ContentType::Text, " \n", Some(Value::Null)).is_err());
}

#[test]
fn whoever_knows_only_text_gets_a_text() {
    use ContentType::{Carousel, Dropdown, File, Image, QuickButton};
    let said = |kind, text: &str, shape| {
        let content = Content::new(kind, text, Some(shape)).expect("a shape of the guide");
        (content.summary().into_owned(), content.plain().into_owned())
    };
    let pair = |summary: &str, plain: &str| (summary.to_owned(), plain.to_owned());
    let url = "https://example.com/photo.jpg";
    assert_eq!(said(Image, "Look!", image()), pair("Look!", &format!("Look!\n{url}")));
    assert_eq!(said(Image, "", image()), pair("A scenic view", &format!("A scenic view\n{url}")));
    assert_eq!(said(Image, "", json!({ "url": url })), pair("Image", &format!("Image\n{url}")));
    assert_eq!(
        said(File, "", file()),
        pair("invoice.pdf", "invoice.pdf\nhttps://example.com/files/invoice.pdf")
    );
    assert_eq!(said(QuickButton, "Sure?", buttons()), pair("Sure?", "Sure?\n- Yes\n- No"));
    assert_eq!(said(QuickButton, "", buttons()), pair("Yes · No", "- Yes\n- No"));
    assert_eq!(said(Dropdown, "", dropdown()), pair("Asia Pacific · Europe", "- Asia Pacific\n- Europe"));
    let card = "Product A: Short description [Buy now]";
    assert_eq!(said(Carousel, "", carousel()), pair(card, &format!("- {card}")));
    let text = Content::text(" Hello ").expect("a text");
    assert_eq!((text.summary().as_ref(), text.plain().as_ref()), ("Hello", "Hello"));
}
