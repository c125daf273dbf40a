//! Whether a visitor is there: what keeps phones silent.

use parlor_core::{contacts::ExternalId, ids::ChannelId, presence};
use testkit::{Shop, TestApp, Visitor};

async fn is_live(app: &TestApp, shop: &Shop, visitor: &Visitor) -> bool {
    let channel = ChannelId(shop.channel_id.parse().expect("an id"));
    let visitor = ExternalId::parse(&visitor.session_id).expect("an external id");
    app.within(move |app| async move { presence::visitor_is_live(&app, channel, &visitor) }).await
}

#[tokio::test]
async fn a_visitor_is_live_while_a_hub_connection_has_joined() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let (seed, own, absent) = (app.visitor(&shop), app.visitor(&shop), app.visitor(&shop));
    let by_the_contract = seed.joins().await;
    let by_our_widget = own.joins_own(None).await;
    assert!(is_live(&app, &shop, &seed).await);
    assert!(is_live(&app, &shop, &own).await);
    assert!(!is_live(&app, &shop, &absent).await);
    drop((by_the_contract, by_our_widget));
    while is_live(&app, &shop, &seed).await || is_live(&app, &shop, &own).await {
        tokio::task::yield_now().await;
    }
}
