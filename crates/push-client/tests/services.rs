//! The client against the fakes of both services: what each answer and each failure becomes.

use std::time::{Duration, SystemTime};

use fake_push::{ApnsFile, FakePush, Gate, Reply, Script, Service, Step};
use push_client::{
    ApnsKey, Client, ClientOptions, Credentials, DeviceToken, Endpoints, Environment, Error, Notification,
    ServiceAccount,
};

const SERVICES: [Service; 2] = [Service::Fcm, Service::ApnsProduction];
const IPHONE: &str = "aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899";

/// Some moment; the client believes whatever it is told.
fn noon() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_781_258_700)
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

fn endpoints(fake: &FakePush) -> Endpoints {
    Endpoints {
        google_token: fake.token_url(),
        fcm: fake.fcm_url(),
        apns_production: fake.apns_production_url(),
        apns_sandbox: fake.apns_sandbox_url(),
    }
}

fn client(fake: &FakePush) -> Client {
    Client::new(endpoints(fake), ClientOptions::default())
}

fn apns(fake: &FakePush, environment: Environment) -> Credentials {
    let ApnsFile { team_id, key_id, bundle_id, private_key, .. } = fake.apns_key();
    Credentials::Apns(ApnsKey::new(team_id, key_id, bundle_id, private_key, environment).expect("a good key"))
}

fn credentials(fake: &FakePush, service: Service) -> Credentials {
    match service {
        Service::Tokens | Service::Fcm => {
            let file = fake.service_account().to_string();
            Credentials::Fcm(ServiceAccount::parse(&file).expect("a good file"))
        }
        Service::ApnsProduction => apns(fake, Environment::Production),
        Service::ApnsSandbox => apns(fake, Environment::Sandbox),
    }
}

fn device(service: Service) -> DeviceToken {
    match service {
        Service::Tokens | Service::Fcm => DeviceToken::fcm("fcm:APA91b_token-1").expect("a token"),
        _ => DeviceToken::apns(&IPHONE.to_ascii_uppercase()).expect("a token"),
    }
}

fn notification() -> Notification {
    Notification {
        title: "Ada".into(),
        body: "Your parcel is on its way.".into(),
        unread: 2,
        collapse: "0197-conversation".into(),
        data: vec![("conversation_id".into(), "0197-conversation".into())],
        lives: Duration::from_secs(86_400),
    }
}

async fn send(fake: &FakePush, service: Service) -> Result<(), Error> {
    client(fake).send(&credentials(fake, service), &device(service), &notification(), noon()).await
}

/// What one notification comes to when the service does this.
async fn after(service: Service, script: impl Into<Script>) -> Result<(), Error> {
    let fake = FakePush::start().await;
    fake.script(service, script);
    send(&fake, service).await
}

async fn retryable(service: Service, script: impl Into<Script>) -> (String, Option<Duration>) {
    match after(service, script).await {
        Err(Error::Retryable { reason, retry_after }) => (reason, retry_after),
        other => panic!("{other:?} of {service:?} is not retryable"),
    }
}

async fn permanent(service: Service, script: impl Into<Script>) -> String {
    match after(service, script).await {
        Err(Error::Permanent { reason }) => reason,
        other => panic!("{other:?} of {service:?} is not permanent"),
    }
}

#[tokio::test]
async fn fcm_takes_a_notification() {
    let fake = FakePush::start().await;
    send(&fake, Service::Fcm).await.expect("it is taken");

    let asked = &fake.requests(Service::Tokens)[0];
    assert_eq!(asked.claims["aud"], fake.token_url(), "the file's own token_uri leads elsewhere");
    assert_eq!(asked.claims["exp"].as_u64().unwrap() - asked.claims["iat"].as_u64().unwrap(), 3600);
    let sent = &fake.delivered()[0];
    assert_eq!((sent.device.as_str(), sent.text()), ("fcm:APA91b_token-1", "Your parcel is on its way."));
    let message = &sent.body["message"];
    assert_eq!(message["notification"]["title"], "Ada");
    assert_eq!(message["data"]["conversation_id"], "0197-conversation");
    assert_eq!(message["android"]["collapse_key"], "0197-conversation");
    assert_eq!(message["android"]["ttl"], "86400s");
    assert_eq!(sent.unread(), 2);
}

#[tokio::test]
async fn apns_takes_a_notification_over_http_2() {
    for (environment, service) in
        [(Environment::Production, Service::ApnsProduction), (Environment::Sandbox, Service::ApnsSandbox)]
    {
        let fake = FakePush::start().await;
        client(&fake)
            .send(&apns(&fake, environment), &device(service), &notification(), noon())
            .await
            .expect("it is taken");
        let sent = &fake.requests(service)[0];
        assert_eq!(
            (sent.device.as_str(), sent.text(), sent.unread()),
            (IPHONE, "Your parcel is on its way.", 2)
        );
        assert_eq!(sent.claims["iss"], "TEAM123456");
        assert_eq!(sent.claims["iat"], 1_781_258_700);
        for (header, value) in [
            ("apns-topic", "com.example.shop"),
            ("apns-push-type", "alert"),
            ("apns-priority", "10"),
            ("apns-expiration", "1781345100"),
            ("apns-collapse-id", "0197-conversation"),
        ] {
            assert_eq!(sent.headers[header], value);
        }
        assert_eq!(sent.body["conversation_id"], "0197-conversation");
        assert_eq!(sent.body["aps"]["thread-id"], "0197-conversation");
    }
}

#[tokio::test]
async fn a_text_of_any_length_is_taken() {
    for service in SERVICES {
        let fake = FakePush::start().await;
        let long =
            Notification { body: "\"é😀\u{1}\n".repeat(5000), title: "\\".repeat(5000), ..notification() };
        let sent = client(&fake).send(&credentials(&fake, service), &device(service), &long, noon()).await;
        sent.expect("it is taken");
        assert!(fake.delivered()[0].text().ends_with('…'));
    }
}

#[tokio::test]
async fn an_access_token_is_used_until_shortly_before_its_end() {
    let fake = FakePush::start().await;
    let (client, account) = (client(&fake), credentials(&fake, Service::Fcm));
    for (at, fetched) in [(0, 1), (30, 1), (57, 1), (58, 2), (60, 2), (116, 3)] {
        client
            .send(&account, &device(Service::Fcm), &notification(), noon() + minutes(at))
            .await
            .expect("it is taken");
        assert_eq!(fake.requests(Service::Tokens).len(), fetched, "after {at} minutes");
    }
    client.send(&account, &device(Service::Fcm), &notification(), noon()).await.expect("it is taken");
    assert_eq!(
        fake.requests(Service::Tokens).len(),
        4,
        "a clock that was set back says nothing of a token's age"
    );
}

#[tokio::test]
async fn who_comes_together_shares_one_access_token() {
    let fake = FakePush::start().await;
    let gate = Gate::closed();
    fake.script(Service::Tokens, Step::from(Reply::Take).held(&gate));
    let client = client(&fake);
    let sends: Vec<_> = (0..5)
        .map(|_| {
            let (client, account) = (client.clone(), credentials(&fake, Service::Fcm));
            tokio::spawn(async move {
                client.send(&account, &device(Service::Fcm), &notification(), noon()).await
            })
        })
        .collect();
    gate.arrived(1).await;
    gate.open();
    for send in sends {
        send.await.expect("it ran").expect("it is taken");
    }
    assert_eq!((fake.requests(Service::Tokens).len(), fake.delivered().len()), (1, 5));
}

#[tokio::test]
async fn a_revoked_access_token_is_replaced() {
    let fake = FakePush::start().await;
    let (client, account) = (client(&fake), credentials(&fake, Service::Fcm));
    let device = device(Service::Fcm);
    client.send(&account, &device, &notification(), noon()).await.expect("it is taken");
    fake.revoke_access_tokens();
    let refused = client.send(&account, &device, &notification(), noon()).await;
    assert!(matches!(refused, Err(Error::Retryable { .. })), "{refused:?}");
    client.send(&account, &device, &notification(), noon()).await.expect("the new token is good");
}

#[tokio::test]
async fn a_fresh_access_token_that_is_refused_will_not_get_better() {
    let reason = permanent(Service::Fcm, Reply::ExpiredToken).await;
    assert_eq!(reason, "FCM answered 401 UNAUTHENTICATED");
}

#[tokio::test]
async fn a_provider_token_is_neither_old_nor_changed_often() {
    let fake = FakePush::start().await;
    let (client, key) = (client(&fake), credentials(&fake, Service::ApnsProduction));
    let device = device(Service::ApnsProduction);
    for at in [0, 19, 49, 50, 99] {
        client.send(&key, &device, &notification(), noon() + minutes(at)).await.expect("it is taken");
    }
    let issued: Vec<u64> = fake
        .requests(Service::ApnsProduction)
        .iter()
        .map(|request| (request.claims["iat"].as_u64().unwrap() - 1_781_258_700) / 60)
        .collect();
    assert_eq!(issued, [0, 0, 0, 50, 50]);
}

#[tokio::test]
async fn an_expired_provider_token_is_replaced() {
    let fake = FakePush::start().await;
    let (client, key) = (client(&fake), credentials(&fake, Service::ApnsProduction));
    let device = device(Service::ApnsProduction);
    fake.script(Service::ApnsProduction, Script::new().then(Reply::ExpiredToken));
    let refused = client.send(&key, &device, &notification(), noon()).await;
    assert!(matches!(refused, Err(Error::Retryable { .. })), "{refused:?}");
    client.send(&key, &device, &notification(), noon() + minutes(1)).await.expect("it is taken");
    assert_eq!(fake.requests(Service::ApnsProduction)[1].claims["iat"], 1_781_258_760);
}

#[tokio::test]
async fn a_device_that_is_gone_is_told_apart() {
    for service in SERVICES {
        let fake = FakePush::start().await;
        fake.unregister(device(service).expose());
        let gone = send(&fake, service).await;
        assert!(matches!(gone, Err(Error::Gone { .. })), "{gone:?}");
    }
    for reason in ["BadDeviceToken", "DeviceTokenNotForTopic"] {
        let gone = after(Service::ApnsProduction, Reply::Refuse(400, reason)).await;
        assert_eq!(gone, Err(Error::Gone { reason: format!("APNs answered 400 {reason}") }));
    }
    let gone = after(Service::ApnsProduction, Reply::Refuse(410, "ExpiredToken")).await;
    assert!(matches!(gone, Err(Error::Gone { .. })), "{gone:?}");
}

#[tokio::test]
async fn a_404_of_somebody_else_costs_no_token() {
    for service in SERVICES {
        permanent(service, Reply::Html(404)).await;
        permanent(service, Reply::Html(410)).await;
    }
}

#[tokio::test]
async fn what_may_pass_is_retryable_and_says_how_long() {
    for service in [Service::Tokens, Service::Fcm, Service::ApnsProduction] {
        let (_, wait) = retryable(service, Reply::TooMany(Some(7))).await;
        assert_eq!(wait, Some(Duration::from_secs(7)), "{service:?}");
        for status in [500, 502, 503] {
            assert_eq!(retryable(service, Reply::Fail(status)).await.1, None, "{service:?} {status}");
        }
        retryable(service, Reply::Html(502)).await;
    }
    let (reason, wait) = retryable(Service::Fcm, Reply::TooMany(None)).await;
    assert_eq!((reason.as_str(), wait), ("FCM answered 429 QUOTA_EXCEEDED", Some(minutes(1))));
}

#[tokio::test]
async fn bad_credentials_are_permanent() {
    for (service, reply, reason) in [
        (
            Service::Tokens,
            Reply::Refuse(400, "invalid_grant"),
            "Google's token endpoint answered 400 invalid_grant",
        ),
        (Service::Fcm, Reply::Refuse(403, "SENDER_ID_MISMATCH"), "FCM answered 403 SENDER_ID_MISMATCH"),
        (
            Service::Fcm,
            Reply::Refuse(401, "THIRD_PARTY_AUTH_ERROR"),
            "FCM answered 401 THIRD_PARTY_AUTH_ERROR",
        ),
        (
            Service::ApnsProduction,
            Reply::Refuse(403, "InvalidProviderToken"),
            "APNs answered 403 InvalidProviderToken",
        ),
        (Service::ApnsProduction, Reply::Refuse(400, "TopicDisallowed"), "APNs answered 400 TopicDisallowed"),
    ] {
        assert_eq!(permanent(service, reply).await, reason);
    }
}

#[tokio::test]
async fn a_key_that_the_service_does_not_know_is_refused() {
    let fake = FakePush::start().await;
    let other = FakePush::start().await;
    let key = credentials(&other, Service::ApnsProduction);
    let sent = client(&fake).send(&key, &device(Service::ApnsProduction), &notification(), noon()).await;
    assert_eq!(sent, Err(Error::Permanent { reason: "APNs answered 403 InvalidProviderToken".into() }));

    let mut file = fake.service_account();
    file["client_email"] = "somebody@else.example".into();
    let account = Credentials::Fcm(ServiceAccount::parse(&file.to_string()).expect("it looks good"));
    let sent = client(&fake).send(&account, &device(Service::Fcm), &notification(), noon()).await;
    let reason = "Google's token endpoint answered 400 invalid_grant".to_owned();
    assert_eq!(sent, Err(Error::Permanent { reason }));
}

#[tokio::test]
async fn who_does_not_answer_is_not_waited_for() {
    for service in [Service::Tokens, Service::Fcm, Service::ApnsProduction] {
        let fake = FakePush::start().await;
        let gate = Gate::closed();
        fake.script(service, Step::from(Reply::Take).held(&gate));
        let options = ClientOptions { total_timeout: Duration::from_millis(200), ..ClientOptions::default() };
        let client = Client::new(endpoints(&fake), options);
        let sent = client.send(&credentials(&fake, service), &device(service), &notification(), noon()).await;
        let Err(Error::Retryable { reason, .. }) = sent else { panic!("{sent:?}") };
        assert!(reason.ends_with("did not answer within 0.2 s"), "{reason}");
    }
}

#[tokio::test]
async fn who_is_not_there_may_come_back() {
    for service in SERVICES {
        let fake = FakePush::start().await;
        let (client, credentials) = (client(&fake), credentials(&fake, service));
        drop(fake);
        let sent = client.send(&credentials, &device(service), &notification(), noon()).await;
        assert!(matches!(&sent, Err(Error::Retryable { .. })), "{sent:?}");
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let (reason, _) = retryable(Service::Tokens, Reply::Flood).await;
    assert_eq!(reason, "the answer of Google's token endpoint is too long");
    for service in SERVICES {
        retryable(service, Reply::Flood).await;
    }
}

#[test]
fn keys_of_the_wrong_kind_are_refused() {
    let p256 = ApnsFile::key(&aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING).0;
    let p384 = ApnsFile::key(&aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED_SIGNING).0;
    let key = |pem: &str| ApnsKey::new("TEAM123456", "KEY1234567", "com.example", pem, Environment::Sandbox);
    key(&p256).expect("that is the right kind");
    let nested = fake_push::pem(&[0x30, 0x80].repeat(1000));
    for pem in [p384.as_str(), &fake_push::rsa_pem(), &nested, "", "-----BEGIN PRIVATE KEY-----"] {
        let (field, _) = key(pem).expect_err("that is not");
        assert_eq!(field, "private_key");
    }
}

#[tokio::test]
async fn nothing_secret_shows_in_debug() {
    let fake = FakePush::start().await;
    for service in SERVICES {
        let shown = format!("{:?} {:?}", credentials(&fake, service), device(service));
        let file = fake.service_account();
        let key = file["private_key"].as_str().unwrap().lines().nth(1).unwrap();
        let p8 = fake.apns_key().private_key.lines().nth(1).unwrap().to_owned();
        for secret in [key, &p8, IPHONE, "APA91b"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
