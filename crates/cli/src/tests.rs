//! What every command promises: help with examples, and flags that do not clash.

use clap::{Command, CommandFactory};

use crate::Cli;

fn leaves(command: &Command, path: &str, found: &mut Vec<(String, Command)>) {
    let path = format!("{path} {}", command.get_name());
    for below in command.get_subcommands() {
        leaves(below, &path, found);
    }
    found.push((path, command.clone()));
}

fn every_command() -> Vec<(String, Command)> {
    let mut found = Vec::new();
    leaves(&Cli::command(), "", &mut found);
    found
}

#[test]
fn no_flags_clash() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_says_what_it_is_for_and_gives_examples() {
    for (path, command) in every_command() {
        assert!(command.get_about().is_some_and(|about| about.to_string().len() > 10), "{path} says nothing");
        let more = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(more.contains("Examples:\n  ") && more.contains("fieldhook "), "{path} has no examples");
    }
}

#[test]
fn every_visible_flag_is_explained() {
    for (path, command) in every_command() {
        for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
            let id = argument.get_id();
            assert!(argument.get_help().is_some(), "{path}: {id} is not explained");
        }
    }
}
