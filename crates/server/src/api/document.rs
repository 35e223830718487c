//! What holds for every route alike in the OpenAPI file, said once.

use std::sync::Arc;

use fieldhook_core::wire::ErrorBody;
use utoipa::openapi::path::{Operation, Parameter, PathItem};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder};
use utoipa::{PartialSchema as _, ToSchema as _};
use utoipa_axum::router::OpenApiRouter;

use super::App;

/// Adds the answer that every operation gives when it refuses, and writes paths as the OpenAPI file wants them.
pub(super) fn tidied(mut routes: OpenApiRouter<Arc<App>>) -> OpenApiRouter<Arc<App>> {
    let document = routes.get_openapi_mut();
    let components = document.components.get_or_insert_default();
    components.schemas.insert(ErrorBody::name().into_owned(), ErrorBody::schema());
    let refused = ResponseBuilder::new()
        .description("Refused, with the reason in words.")
        .content(
            "application/json",
            ContentBuilder::new().schema(Some(Ref::from_schema_name(ErrorBody::name()))).build(),
        )
        .build();
    for operation in operations_of(document) {
        let responses = &mut operation.responses.responses;
        responses.entry("default".to_owned()).or_insert_with(|| RefOr::T(refused.clone()));
    }
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    routes
}

/// Puts `prefix` before the operation ids, which must be unique, and says what the mount's path parameter is.
pub(super) fn mounted(
    mut routes: OpenApiRouter<Arc<App>>,
    prefix: &str,
    parameter: Parameter,
) -> OpenApiRouter<Arc<App>> {
    let document = routes.get_openapi_mut();
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            operation.parameters.get_or_insert_default().push(RefOr::T(parameter.clone()));
            operation.operation_id = operation.operation_id.take().map(|id| format!("{prefix}_{id}"));
        }
    }
    routes
}

fn operations_of(document: &mut OpenApi) -> impl Iterator<Item = &mut Operation> {
    document.paths.paths.values_mut().flat_map(operations)
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, options, head, patch, .. } = item;
    [get, put, post, delete, options, head, patch].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    #[test]
    fn every_schema_that_is_referred_to_is_there() {
        let (_, document) = super::super::routes().split_for_parts();
        let document = serde_json::to_value(document).unwrap();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let text = document.to_string();
        let references = text.split("\"$ref\":\"#/components/schemas/").skip(1);
        let missing: BTreeSet<&str> = references
            .filter_map(|rest| rest.split('"').next())
            .filter(|name| !schemas.contains_key(*name))
            .collect();
        assert_eq!(missing, BTreeSet::new());
    }

    #[test]
    fn every_parameter_of_a_path_is_described_and_every_operation_may_refuse() {
        let (_, document) = super::super::routes().split_for_parts();
        let document = serde_json::to_value(document).unwrap();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let described = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
                let described: BTreeSet<&str> = described
                    .iter()
                    .filter(|parameter| parameter["in"] == "path")
                    .map(|parameter| parameter["name"].as_str().unwrap())
                    .collect();
                let named: BTreeSet<&str> =
                    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
                assert_eq!(described, named, "{method} {path}");
                assert_ne!(operation["responses"]["default"], Value::Null, "{method} {path}");
            }
        }
    }
}
