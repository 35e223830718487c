//! The OpenAPI file: made from the routes themselves, so that it cannot say what they do not do.

use std::sync::Arc;

use axum::Router;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, SecurityRequirement,
    ServerBuilder, tag::TagBuilder,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use super::App;
use super::health::VERSION;

/// The document of all routes, without a server.
pub fn document() -> OpenApi {
    parts(super::routes()).1
}

/// The routes, with the document at `/openapi.json` and a page to read it at `/docs`.
pub fn with_document(routes: OpenApiRouter<Arc<App>>) -> Router<Arc<App>> {
    let (router, document) = parts(routes);
    router.merge(SwaggerUi::new("/docs").url("/openapi.json", document))
}

fn parts(routes: OpenApiRouter<Arc<App>>) -> (Router<Arc<App>>, OpenApi) {
    OpenApiRouter::with_openapi(frame()).merge(routes).split_for_parts()
}

const TOKEN: &str = "token";
const SESSION: &str = "session";

/// What the document says before any route.
fn frame() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Fieldhook")
        .description(Some(
            "A cloud for device events. Routes under `/v1` are those of Particle's Device Cloud; those under \
             `/fieldhook/v1` are our own: lists come in pages (`limit`, `cursor`), and failures name the value, \
             the limit and the remedy.",
        ))
        .version(VERSION)
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()));
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An access token, as `POST /oauth/token` gives it."));
    let cookie = ApiKeyValue::with_description(
        "fieldhook_session",
        "The console's session, as `POST /fieldhook/v1/session` sets it. Requests that change something also need \
         the header `X-CSRF-Token`.",
    );
    let components = ComponentsBuilder::new()
        .security_scheme(TOKEN, SecurityScheme::Http(bearer.build()))
        .security_scheme(SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)))
        .build();
    OpenApiBuilder::new()
        .info(info.build())
        .servers(Some([ServerBuilder::new().url("/").description(Some("This server.")).build()]))
        .components(Some(components))
        .security(Some([TOKEN, SESSION].map(|scheme| SecurityRequirement::new(scheme, Vec::<String>::new()))))
        .tags(Some([
            tag("particle", "The routes of Particle's Device Cloud."),
            tag("fieldhook", "Our own routes."),
            tag("server", "How the server is; public."),
        ]))
        .build()
}

fn tag(name: &str, description: &str) -> utoipa::openapi::tag::Tag {
    TagBuilder::new().name(name).description(Some(description)).build()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    fn written() -> Value {
        serde_json::to_value(document()).unwrap()
    }

    #[test]
    fn the_document_is_openapi_3_1_and_asks_for_a_token_or_a_session() {
        let document = written();
        assert_eq!(document["openapi"], "3.1.0");
        assert_eq!(document["components"]["securitySchemes"][TOKEN]["scheme"], "bearer");
        assert_eq!(document["components"]["securitySchemes"][SESSION]["in"], "cookie");
        assert_eq!(document["security"], serde_json::json!([{TOKEN: []}, {SESSION: []}]));
        assert_eq!(document["paths"]["/health"]["get"]["security"][0], serde_json::json!({}));
    }

    #[test]
    fn every_schema_that_is_referred_to_is_there() {
        let document = written();
        let known: BTreeSet<&str> =
            document["components"]["schemas"].as_object().unwrap().keys().map(String::as_str).collect();
        let text = document.to_string();
        let named: BTreeSet<&str> = text
            .split("\"$ref\":\"#/components/schemas/")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        let missing: Vec<_> = named.difference(&known).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_operation_has_a_summary_a_tag_and_an_id_of_its_own() {
        let document = written();
        let mut ids = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                assert!(operation["summary"].is_string(), "{method} {path} has no summary");
                assert!(operation["tags"][0].is_string(), "{method} {path} has no tag");
                let id = operation["operationId"].as_str().unwrap();
                assert!(ids.insert(id), "{method} {path} shares its id {id}");
            }
        }
    }
}
