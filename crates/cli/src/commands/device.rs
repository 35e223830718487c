//! Devices: one's own, and those of products.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::Context;
use crate::client::Client;
use crate::failure::usage;
use crate::output::{Column, column, text_at};
use crate::path::Path;

/// Devices: yours, or a product's
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  fieldhook device list
  fieldhook device add 0123456789abcdef01234567 --name kitchen
  fieldhook device token kitchen")]
pub(crate) enum Device {
    List(List),
    Show(Show),
    Add(Add),
    Rename(Rename),
    Remove(Remove),
    Token(Token),
}

/// A product's, instead of one's own.
#[derive(Debug, Args)]
struct InProduct {
    /// In a product, by its number or its name in paths
    #[arg(long, value_name = "PRODUCT")]
    product: Option<String>,
}

/// List devices
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fieldhook device list\n  fieldhook device list --product greenhouse --json"
)]
pub(crate) struct List {
    #[command(flatten)]
    place: InProduct,
}

/// Show one device
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fieldhook device show kitchen")]
pub(crate) struct Show {
    /// Its id or, of your own, its name
    device: String,
    #[command(flatten)]
    place: InProduct,
}

/// Claim a device for yourself, or add it to a product; an id that nobody has used becomes a new device
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook device add 0123456789abcdef01234567 --name kitchen
  fieldhook device add --new --name kitchen                       an id is made up
  fieldhook device add 0123456789abcdef01234567 --product greenhouse")]
pub(crate) struct Add {
    /// Its id: 24 hexadecimal digits
    #[arg(required_unless_present = "new")]
    id: Option<String>,
    /// Make an id up
    #[arg(long, conflicts_with = "id")]
    new: bool,
    /// What to call it
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    place: InProduct,
}

/// Give a device another name
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fieldhook device rename 0123456789abcdef01234567 kitchen")]
pub(crate) struct Rename {
    /// Its id or, of your own, its name
    device: String,
    /// Its new name
    name: String,
    #[command(flatten)]
    place: InProduct,
}

/// Give a device up, or take it out of a product; its token ends
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fieldhook device remove kitchen\n  fieldhook device remove ID --product greenhouse"
)]
pub(crate) struct Remove {
    /// Its id or, of your own, its name
    device: String,
    #[command(flatten)]
    place: InProduct,
}

/// Make a device's own token, with which it publishes as itself; shown once, it replaces the last
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook device token kitchen
  fieldhook publish temperature 21.5 --token \"$(fieldhook device token kitchen --json | jq -r .token)\"")]
pub(crate) struct Token {
    /// Its id or, of your own, its name
    device: String,
    #[command(flatten)]
    place: InProduct,
}

const LIST: [Column; 5] = [
    column("ID", "/id"),
    column("NAME", "/name"),
    column("ONLINE", "/online"),
    column("LAST HEARD", "/last_heard"),
    column("OWNER", "/owner"),
];

const ONE: [Column; 8] = [
    column("Id", "/id"),
    column("Name", "/name"),
    column("Online", "/online"),
    column("Last heard", "/last_heard"),
    column("Product", "/product_id"),
    column("Owner", "/owner"),
    column("Groups", "/groups"),
    column("Notes", "/notes"),
];

impl Device {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let client = context.client()?;
        let out = &context.output;
        match self {
            Self::List(List { place }) => {
                let devices = place.list(&client).await?;
                let rows = devices.as_array().map_or(&[][..], Vec::as_slice);
                out.answer(&devices, |out| {
                    out.table(&LIST, rows, "No devices. Add one: fieldhook device add --help")
                });
            }
            Self::Show(Show { device, place }) => {
                let record = client.get(&place.device(&device)).await?;
                out.answer(&record, |out| out.fields(&ONE, &record));
            }
            Self::Add(command) => command.run(context, &client).await?,
            Self::Rename(Rename { device, name, place }) => {
                let answer = client.put(&place.device(&device), &json!({ "name": name })).await?;
                out.answer(&answer, |out| {
                    out.line(format!("Device {} is now called {name}.", text_at(&answer, "/id")))
                });
            }
            Self::Remove(Remove { device, place }) => {
                let answer = client.delete_with(&place.device(&device), &json!({})).await?;
                out.answer(&answer, |out| out.line(format!("Removed device {device}.")));
            }
            Self::Token(Token { device, place }) => {
                let answer = client.post(&place.device(&device).then("token"), &json!({})).await?;
                out.answer(&answer, |out| {
                    out.line(text_at(&answer, "/token"));
                    out.note("Shown once: keep it on the device. Its last token has ended.");
                });
            }
        }
        Ok(())
    }
}

impl Add {
    async fn run(self, context: &Context, client: &Client) -> anyhow::Result<()> {
        let id = self.id.unwrap_or_else(|| new_id(context));
        let answer = client.post(&self.place.devices(), &json!({ "id": id })).await?;
        if answer["invalidDeviceIds"].as_array().is_some_and(|ids| !ids.is_empty()) {
            usage!("`{id}` is no device id: it must be 24 hexadecimal digits");
        }
        if answer["nonmemberDeviceIds"].as_array().is_some_and(|ids| !ids.is_empty()) {
            anyhow::bail!("device {id} belongs to another product, or to somebody outside the team");
        }
        if let Some(name) = &self.name {
            client.put(&self.place.device(&id), &json!({ "name": name })).await?;
        }
        let record = client.get(&self.place.device(&id)).await?;
        context.output.answer(&record, |out| {
            out.line(format!("Added device {id}."));
            out.note(format!("It needs a token to publish: fieldhook device token {id}"));
        });
        Ok(())
    }
}

impl InProduct {
    fn devices(&self) -> Path {
        match &self.product {
            Some(product) => Path::of(&["v1", "products", product, "devices"]),
            None => Path::of(&["v1", "devices"]),
        }
    }

    fn device(&self, device: &str) -> Path {
        self.devices().then(device)
    }

    /// All of them, page by page where they come so.
    async fn list(&self, client: &Client) -> anyhow::Result<Value> {
        if self.product.is_none() {
            return Ok(client.get(&self.devices()).await?);
        }
        let mut devices = Vec::new();
        for page in 1_u64.. {
            let mut answer = client.get(&self.devices().query("page", page).query("per_page", 1_000)).await?;
            if let Some(some) = answer["devices"].as_array_mut() {
                devices.append(some);
            }
            if page >= answer["meta"]["total_pages"].as_u64().unwrap_or(1) {
                break;
            }
        }
        Ok(Value::Array(devices))
    }
}

fn new_id(context: &Context) -> String {
    let bytes: [u8; 12] = fieldhook_server::clock::random(&*context.nature.luck);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_addressed_in_its_own_place() {
        let own = InProduct { product: None };
        let of_product = InProduct { product: Some("7".to_owned()) };
        assert_eq!(own.device("a b").to_string(), "/v1/devices/a%20b");
        assert_eq!(of_product.device("d").to_string(), "/v1/products/7/devices/d");
    }
}
