//! Looking a template over before it is saved.

use std::fmt::Write as _;

use clap::Args;
use fieldhook_core::access::Scope;
use fieldhook_core::id::UserId;
use fieldhook_core::integration::{Finding, Level};
use fieldhook_core::wire::diagnosis::{Lint as Asked, Linted};
use fieldhook_core::wire::render::{FindingPlace, RenderFinding};
use serde_json::{Map, Value, json};

use super::integration::{read_object, unwrapped};
use crate::Context;
use crate::output::printable;
use crate::path::Path;

/// Find what is wrong with a template before anything is sent
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook lint webhook.json
  fieldhook lint webhook.json --scope product:10001
  fieldhook lint webhook.json --offline         without a server, as in a continuous integration

The exit code is 0 only when there is no error; warnings and notes do not change it.")]
pub(crate) struct Lint {
    /// A JSON file with the template; `-` reads standard input
    file: String,
    /// Whose rules apply, and whose other integrations it is compared with: user:<id>, product:<number> or org:<id>
    #[arg(long, value_name = "SCOPE")]
    scope: Option<Scope>,
    /// The integration it is of, so that it is not compared with itself
    #[arg(long, value_name = "ID")]
    integration: Option<fieldhook_core::id::IntegrationId>,
    /// Ask no server: the template is not compared with other integrations
    #[arg(long)]
    offline: bool,
}

impl Lint {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let template = unwrapped(read_object(&self.file)?);
        let report =
            if self.offline { self.alone(&template) } else { self.beside(context, template).await? };
        context.output.answer(&json!(report), |out| {
            for finding in &report.findings {
                out.line(told(&self.file, finding));
            }
            if report.findings.is_empty() {
                out.line(format!("{}: nothing to say", self.file));
            }
        });
        let errors = report.findings.iter().filter(|finding| finding.level == "error").count();
        match errors {
            0 => Ok(()),
            1 => anyhow::bail!("{} has an error and cannot be saved", self.file),
            more => anyhow::bail!("{} has {more} errors and cannot be saved", self.file),
        }
    }

    async fn beside(&self, context: &Context, template: Map<String, Value>) -> anyhow::Result<Linted> {
        let asked = Asked { template, scope: self.scope, integration: self.integration };
        let path = Path::of(&["fieldhook", "v1", "lint"]);
        let answer = context.client()?.post(&path, &json!(asked)).await?;
        Ok(serde_json::from_value(answer)?)
    }

    fn alone(&self, template: &Map<String, Value>) -> Linted {
        let nobody = Scope::User(UserId([0; 12]));
        let findings = fieldhook_core::lint::lint(template, self.scope.unwrap_or(nobody), &[]);
        let ok = !fieldhook_core::lint::has_errors(&findings);
        Linted { ok, findings: findings.into_iter().map(finding).collect() }
    }
}

fn finding(found: Finding) -> RenderFinding {
    let level = match found.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    RenderFinding {
        level: level.to_owned(),
        code: found.code.to_owned(),
        message: found.message,
        place: FindingPlace { field: found.place.field, line: found.place.line, column: found.place.column },
    }
}

/// A finding on a line, as compilers write theirs.
fn told(file: &str, finding: &RenderFinding) -> String {
    let place = &finding.place;
    let mut at = file.to_owned();
    if let Some(field) = &place.field {
        at.push_str(": ");
        at.push_str(field);
    }
    for number in [place.line, place.column].into_iter().flatten() {
        write!(at, ":{number}").expect("writing to a String cannot fail");
    }
    printable(&format!("{at}: {}: {} [{}]", finding.level, finding.message, finding.code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_told_with_file_field_line_and_column() {
        let found = Finding::error("json-syntax", "json", "no JSON").at(Some(2), Some(7));
        assert_eq!(told("hook.json", &finding(found)), "hook.json: json:2:7: error: no JSON [json-syntax]");
    }
}
