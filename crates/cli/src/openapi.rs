//! The OpenAPI file, from the routes themselves: no server needs to run for it.

use clap::Args;
use fieldhook_server::api::openapi::document;

use crate::Context;

/// Print the OpenAPI file of the API
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fieldhook openapi > docs/openapi.json")]
pub(crate) struct OpenApi {}

impl OpenApi {
    pub(crate) fn run(context: &Context) -> anyhow::Result<()> {
        context.output.line(document().to_pretty_json()?);
        Ok(())
    }
}
