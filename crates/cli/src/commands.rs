//! What people ask of a server, command by command.

pub(crate) mod alert;
pub(crate) mod case;
pub(crate) mod device;
pub(crate) mod diagnose;
pub(crate) mod explain;
pub(crate) mod integration;
pub(crate) mod lint;
pub(crate) mod login;
pub(crate) mod product;
pub(crate) mod publish;
pub(crate) mod replay;
pub(crate) mod scope;
pub(crate) mod secret;
pub(crate) mod subscribe;
pub(crate) mod tester;
pub(crate) mod token;
pub(crate) mod user;
