//! Listening to events as they come.

use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::scope::ScopeArgs;
use crate::Context;
use crate::client::{Client, ClientError};
use crate::output::{printable, text_at};
use crate::path::Path;

/// How long to wait before listening again after the stream broke.
const REST: Duration = Duration::from_secs(2);

/// Listen to events as they come
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook subscribe                          all of your devices and integrations
  fieldhook subscribe climate/                 names that begin with this
  fieldhook subscribe --device kitchen
  fieldhook subscribe --product greenhouse climate/ --json | jq .data
  fieldhook subscribe hook-response/ --max 1   wait for one answer

A stream that breaks is taken up again until you press Ctrl-C.")]
pub(crate) struct Subscribe {
    /// What the names begin with; all when absent
    prefix: Option<String>,
    /// Of one device, by its id (or, of your own, its name)
    #[arg(long, value_name = "DEVICE")]
    device: Option<String>,
    #[command(flatten)]
    scope: ScopeArgs,
    /// End after so many events
    #[arg(long, value_name = "COUNT")]
    max: Option<u64>,
}

impl Subscribe {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let client = context.client()?;
        let path = self.path();
        let mut left = self.max.unwrap_or(u64::MAX);
        let mut listened = false;
        while left > 0 {
            match self.listen(context, &client, &path, &mut left, &mut listened).await {
                Ok(()) => {}
                // Before the first answer a failure is the command's own; later it is the network's.
                Err(ClientError::Unreachable { .. }) if listened => {}
                Err(error) => return Err(error.into()),
            }
            if left > 0 {
                context.output.note("The stream broke; listening again.");
                context.nature.clock.sleep(REST).await;
            }
        }
        Ok(())
    }

    async fn listen(
        &self,
        context: &Context,
        client: &Client,
        path: &Path,
        left: &mut u64,
        listened: &mut bool,
    ) -> Result<(), ClientError> {
        let mut events = client.stream(path).await?;
        if !std::mem::replace(listened, true) {
            context.output.note(format!("Listening at {}. Ctrl-C ends.", client.url()));
        }
        while *left > 0 {
            let Some(event) = events.next(&*context.nature.clock).await? else { return Ok(()) };
            let json = event.json();
            context.output.each(&json, || line(&json));
            *left -= 1;
        }
        Ok(())
    }

    fn path(&self) -> Path {
        let path = match &self.device {
            Some(device) => self.scope.base().then("devices").then(device).then("events"),
            None => self.scope.events(),
        };
        match &self.prefix {
            Some(prefix) => path.then(prefix),
            None => path,
        }
    }
}

/// `2026-01-02T03:04:05.678Z  name  publisher  data`.
fn line(event: &Value) -> String {
    let text = |at| printable(&text_at(event, at));
    format!("{}  {}  {}  {}", text("/published_at"), text("/name"), text("/coreid"), text("/data"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(prefix: Option<&str>, device: Option<&str>, scope: ScopeArgs) -> String {
        let prefix = prefix.map(str::to_owned);
        Subscribe { prefix, device: device.map(str::to_owned), scope, max: None }.path().to_string()
    }

    #[test]
    fn every_scope_has_its_own_stream() {
        let own = ScopeArgs::default;
        assert_eq!(path(None, None, own()), "/v1/devices/events");
        assert_eq!(path(Some("a/b"), None, own()), "/v1/devices/events/a%2Fb");
        assert_eq!(path(None, Some("my dev"), own()), "/v1/devices/my%20dev/events");
        assert_eq!(path(Some("x"), None, ScopeArgs::product("7")), "/v1/products/7/events/x");
        assert_eq!(path(None, Some("d"), ScopeArgs::product("7")), "/v1/products/7/devices/d/events");
        assert_eq!(path(None, None, ScopeArgs::org("o")), "/v1/orgs/o/events");
    }
}
