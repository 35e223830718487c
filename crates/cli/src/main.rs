//! Fieldhook's one binary: the server, its demo, its bench, and a command line for people and programs.
//!
//! What this file holds is what every command shares: the flags, the way to the server, and how failures end.

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use fieldhook_server::clock::Nature;

use crate::client::Client;
use crate::output::Output;
use crate::profile::Profile;

mod bench;
mod client;
mod commands;
mod demo;
mod failure;
mod migrate;
mod openapi;
mod output;
mod path;
mod profile;
mod serve;
mod sse;
#[cfg(test)]
mod tests;

/// The server's habit of giving memory back to the system matters more than the last bit of speed, and jemalloc
/// has both: a backlog that was worked off leaves no large process behind.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const EXAMPLES: &str = "\
Examples:
  fieldhook demo                                     a live server with thirty simulated devices
  fieldhook serve --data ./data                      the server
  fieldhook login --username me@example.com
  fieldhook integration create --event temperature --to https://example.com/in
  fieldhook publish temperature 21.5
  fieldhook integration logs ID --follow
  fieldhook diagnose ID                              what is wrong with it, and what to do

Exit codes:
  0  done
  1  failed: the message says why
  2  the command line was wrong
  3  not logged in, or the token has ended: run `fieldhook login`
  4  no such thing, or not yours
  5  the server cannot be reached";

/// A self-hosted cloud for device events.
#[derive(Debug, Parser)]
#[command(name = "fieldhook", version, after_help = EXAMPLES, max_term_width = 110, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Global {
    /// The server [default: the one of the last login, else http://127.0.0.1:8080]
    #[arg(long, global = true, env = "FIELDHOOK_URL", value_name = "URL", help_heading = "Everywhere")]
    url: Option<String>,
    /// An access token, instead of the login's
    #[arg(
        long,
        global = true,
        env = "FIELDHOOK_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true,
        help_heading = "Everywhere"
    )]
    token: Option<String>,
    /// Print JSON for programs: the API's own answers
    #[arg(long, global = true, help_heading = "Everywhere")]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Demo(demo::Demo),
    Migrate(migrate::Migrate),
    Login(commands::login::Login),
    /// Forget the login, and revoke its token
    #[command(after_help = "Examples:\n  fieldhook logout")]
    Logout,
    Publish(commands::publish::Publish),
    Subscribe(commands::subscribe::Subscribe),
    #[command(subcommand)]
    Integration(commands::integration::Integration),
    Explain(commands::explain::Explain),
    #[command(subcommand)]
    Alert(commands::alert::Alert),
    Case(commands::case::Case),
    Diagnose(commands::diagnose::Diagnose),
    Lint(commands::lint::Lint),
    #[command(subcommand)]
    Replay(commands::replay::Replay),
    #[command(subcommand)]
    Device(commands::device::Device),
    #[command(subcommand)]
    Product(commands::product::Product),
    #[command(subcommand)]
    Secret(commands::secret::Secret),
    #[command(subcommand)]
    User(commands::user::User),
    #[command(subcommand)]
    Token(commands::token::Token),
    #[command(subcommand)]
    Tester(commands::tester::Tester),
    Bench(bench::Bench),
    #[command(name = "openapi")]
    OpenApi(openapi::OpenApi),
}

/// What every command works with.
struct Context {
    output: Output,
    nature: Nature,
    url: Option<String>,
    token: Option<String>,
}

impl Context {
    /// Where the server is: as said, else where the last login was, else here.
    fn url(&self) -> anyhow::Result<String> {
        let url = match &self.url {
            Some(url) => url.clone(),
            None => {
                Profile::load()?.map_or_else(|| "http://127.0.0.1:8080".to_owned(), |profile| profile.url)
            }
        };
        Ok(url.trim_end_matches('/').to_owned())
    }

    /// A client that says who it is, if that is known.
    ///
    /// The login's token goes to the login's server alone: another `--url` must not be handed a token that is
    /// good elsewhere.
    fn client(&self) -> anyhow::Result<Client> {
        let url = self.url()?;
        let token = match &self.token {
            Some(token) => Some(token.clone()),
            None => Profile::load()?.filter(|profile| profile.url == url).map(|profile| profile.token),
        };
        Ok(Client::new(&url, token)?)
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.global.json);
    // The first provider set up stays; there is no other.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            output.failure(&anyhow::Error::new(error).context("the system gave no threads"));
            return ExitCode::FAILURE;
        }
    };
    let context = Context { output, nature: Nature::real(), url: cli.global.url, token: cli.global.token };
    match runtime.block_on(run(&context, cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            context.output.failure(&error);
            failure::exit_code(&error)
        }
    }
}

async fn run(context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(command) => command.run(context).await,
        Command::Demo(command) => command.run(context).await,
        Command::Migrate(command) => command.run(context).await,
        Command::Login(command) => command.run(context).await,
        Command::Logout => commands::login::logout(context).await,
        Command::Publish(command) => command.run(context).await,
        Command::Subscribe(command) => command.run(context).await,
        Command::Integration(command) => command.run(context).await,
        Command::Explain(command) => command.run(context).await,
        Command::Alert(command) => command.run(context).await,
        Command::Case(command) => command.run(context).await,
        Command::Diagnose(command) => command.run(context).await,
        Command::Lint(command) => command.run(context).await,
        Command::Replay(command) => command.run(context).await,
        Command::Device(command) => command.run(context).await,
        Command::Product(command) => command.run(context).await,
        Command::Secret(command) => command.run(context).await,
        Command::User(command) => command.run(context).await,
        Command::Token(command) => command.run(context).await,
        Command::Tester(command) => command.run(context).await,
        Command::Bench(command) => command.run(context).await,
        Command::OpenApi(_) => openapi::OpenApi::run(context),
    }
}
