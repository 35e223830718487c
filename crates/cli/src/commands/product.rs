//! Products: fleets with a team.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::Context;
use crate::output::{Column, column, text_at};
use crate::path::Path;

/// Products: fleets of devices with a team
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  fieldhook product create Greenhouse
  fieldhook product list
  fieldhook product team add greenhouse --username a@example.com --role developer")]
pub(crate) enum Product {
    List(List),
    Create(Create),
    Show(Show),
    #[command(subcommand)]
    Team(Team),
}

/// List products
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fieldhook product list")]
pub(crate) struct List {
    /// Of an organisation, by its id or its name in paths
    #[arg(long, value_name = "ORG")]
    org: Option<String>,
}

/// Create a product
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fieldhook product create Greenhouse --description 'Climate sensors'")]
pub(crate) struct Create {
    /// Its name
    name: String,
    /// What it is
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Of an organisation, by its id or its name in paths
    #[arg(long, value_name = "ORG")]
    org: Option<String>,
}

/// Show one product
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fieldhook product show greenhouse")]
pub(crate) struct Show {
    /// Its number or its name in paths
    product: String,
}

/// Who works on a product, and what they may do
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  fieldhook product team list greenhouse")]
pub(crate) enum Team {
    /// List the team
    #[command(after_help = "Examples:\n  fieldhook product team list greenhouse")]
    List {
        /// The product
        product: String,
    },
    /// Add somebody who has an account
    #[command(
        after_help = "Examples:\n  fieldhook product team add greenhouse --username a@example.com --role support"
    )]
    Add {
        /// The product
        product: String,
        /// Their e-mail address
        #[arg(long, short, value_name = "EMAIL")]
        username: String,
        /// owner, administrator, developer, support or view-only
        #[arg(long, value_name = "ROLE")]
        role: String,
    },
    /// Change what somebody may do
    #[command(
        after_help = "Examples:\n  fieldhook product team change greenhouse --username a@example.com --role developer"
    )]
    Change {
        /// The product
        product: String,
        /// Their e-mail address
        #[arg(long, short, value_name = "EMAIL")]
        username: String,
        /// owner, administrator, developer, support or view-only
        #[arg(long, value_name = "ROLE")]
        role: String,
    },
    /// Take somebody off the team
    #[command(after_help = "Examples:\n  fieldhook product team remove greenhouse --username a@example.com")]
    Remove {
        /// The product
        product: String,
        /// Their e-mail address
        #[arg(long, short, value_name = "EMAIL")]
        username: String,
    },
}

const LIST: [Column; 5] = [
    column("ID", "/id"),
    column("NAME", "/name"),
    column("IN PATHS", "/slug"),
    column("DEVICES", "/device_count"),
    column("YOUR ROLE", "/role"),
];
const TEAM: [Column; 3] = [column("USER", "/username"), column("ROLE", "/role"), column("ID", "/id")];

impl Product {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let client = context.client()?;
        let out = &context.output;
        match self {
            Self::List(List { org }) => {
                let answer = client.get(&products(org.as_deref())).await?;
                let rows = answer["products"].as_array().map_or(&[][..], Vec::as_slice);
                let none = "No products. Create one: fieldhook product create NAME";
                out.answer(&answer, |out| out.table(&LIST, rows, none));
            }
            Self::Create(Create { name, description, org }) => {
                let product = json!({ "name": name, "description": description.unwrap_or_default() });
                let answer = client.post(&products(org.as_deref()), &json!({ "product": product })).await?;
                let product = &answer["product"];
                out.answer(&answer, |out| {
                    let (id, slug) = (text_at(product, "/id"), text_at(product, "/slug"));
                    out.line(format!("Created product {id}, {slug} in paths."));
                });
            }
            Self::Show(Show { product }) => {
                let answer = client.get(&Path::of(&["v1", "products", &product])).await?;
                out.answer(&answer, |out| out.fields(&LIST, &answer["product"]));
            }
            Self::Team(command) => command.run(context).await?,
        }
        Ok(())
    }
}

impl Team {
    async fn run(self, context: &Context) -> anyhow::Result<()> {
        let client = context.client()?;
        let out = &context.output;
        match self {
            Self::List { product } => {
                let answer = client.get(&team(&product)).await?;
                let rows = answer["team"].as_array().map_or(&[][..], Vec::as_slice);
                out.answer(&answer, |out| out.table(&TEAM, rows, "Nobody."));
            }
            Self::Add { product, username, role } => {
                let body = json!({ "username": username, "role": role });
                let answer = client.post(&team(&product), &body).await?;
                out.answer(&answer, |out| out.line(format!("{username} is now {role} of {product}.")));
            }
            Self::Change { product, username, role } => {
                let answer = client.put(&team(&product).then(&username), &json!({ "role": role })).await?;
                out.answer(&answer, |out| out.line(format!("{username} is now {role} of {product}.")));
            }
            Self::Remove { product, username } => {
                let answer = client.delete(&team(&product).then(&username)).await?;
                out.answer(&answer, |out| out.line(format!("{username} is off the team of {product}.")));
            }
        }
        Ok(())
    }
}

fn products(org: Option<&str>) -> Path {
    match org {
        Some(org) => Path::of(&["v1", "orgs", org, "products"]),
        None => Path::of(&["v1", "user", "products"]),
    }
}

fn team(product: &str) -> Path {
    Path::of(&["v1", "products", product, "team"])
}
