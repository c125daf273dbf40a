//! The REST routes and what is said of them at `/docs`.

use axum::{Router, extract::DefaultBodyLimit, response::Response};
use http::{HeaderValue, StatusCode, header::X_FRAME_OPTIONS};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use crate::{
    Door, ai_providers, auth, channels, conversations, error::Problem, knowledge, usage, visitors, widget,
};

/// No body may be larger, in bytes: an article of 100,000 characters fits.
const LARGEST_BODY: usize = 512 * 1024;
/// What anonymous callers may send: a text of 10,000 characters fits, escaped as it may be.
const LARGEST_ANONYMOUS_BODY: usize = 128 * 1024;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Parlor store API",
        description = "The contract of the store door. Errors are problem documents (RFC 9457). Times are RFC 3339 in UTC. Real-time \
                       delivery: the SignalR hubs `/hubs/widget-chat` and `/hubs/store-conversations`."
    ),
    modifiers(&Bearer),
    tags(
        (name = "auth", description = "Sign in with e-mail address and password"),
        (name = "channels", description = "Ways in for visitors"),
        (name = "conversations", description = "The staff's inbox"),
        (name = "knowledge", description = "What assistants rest their answers on"),
        (name = "ai-providers", description = "Keys for model providers"),
        (name = "usage", description = "Plan and usage"),
        (name = "widget", description = "For visitors' widgets; anonymous"),
    )
)]
struct Docs;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("An access token of `/api/v1/auth/login`, or an API key (`pk_…`)."))
            .build();
        let components = openapi.components.get_or_insert_with(Default::default);
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// Every REST route of this door, and `/docs`.
pub fn router(door: &Door) -> Router {
    let staff = OpenApiRouter::new()
        .merge(channels::router())
        .merge(conversations::router())
        .merge(knowledge::router())
        .merge(usage::router())
        .merge(ai_providers::router())
        .layer(DefaultBodyLimit::max(LARGEST_BODY));
    let anonymous = OpenApiRouter::new()
        .merge(auth::router())
        .merge(widget::router())
        .merge(visitors::router())
        .layer(DefaultBodyLimit::max(LARGEST_ANONYMOUS_BODY));
    let (router, openapi) =
        OpenApiRouter::with_openapi(Docs::openapi()).merge(staff).merge(anonymous).split_for_parts();
    let unframed = SetResponseHeaderLayer::overriding(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    let unknown = Router::new().route("/api/v1/{*path}", axum::routing::any(unknown));
    router
        .method_not_allowed_fallback(wrong_method)
        .with_state(door.clone())
        .merge(unknown)
        .merge(Router::from(SwaggerUi::new("/docs").url("/api/v1/openapi.json", openapi)).layer(unframed))
}

async fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "There is nothing at this path.")
}

async fn wrong_method() -> Response {
    use axum::response::IntoResponse;
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "The path does not take this method.").into_response()
}
