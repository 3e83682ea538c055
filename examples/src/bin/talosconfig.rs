//! Reads and edits the client configuration file.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Serialize;
use talos_examples::connection::Connection;
use talos_examples::failure::{Failure, Outcome, run_async};
use talos_examples::table::Table;
use talos_examples::{arguments, files, instant};
use talos_sdk::pki::RoleSet;
use talos_sdk::talosconfig::{Context, Info, Paths};
use talos_sdk::{TalosConfig, yaml};

/// Read and edit the client configuration file
///
/// Commands, flags and output are those of `talosctl config`. Reading never creates a file.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Subcommand)]
enum What {
    /// Set the endpoints of a context
    #[command(visible_alias = "endpoints")]
    Endpoint {
        /// Where the API is reached
        #[arg(required = true, value_name = "ENDPOINT")]
        endpoints: Vec<String>,
    },
    /// Set the nodes that commands are for when they name none; without any, clear them
    #[command(visible_alias = "nodes")]
    Node {
        /// Addresses of machines
        #[arg(value_name = "NODE")]
        nodes: Vec<String>,
    },
    /// Set the proxy of a context, or show it
    ProxyUrl {
        /// socks5, http or https URL; "direct" for no proxy at all, "" for the one of the environment
        url: Option<String>,
    },
    /// Choose the current context
    #[command(name = "context", visible_alias = "use-context")]
    Use {
        /// Name of the context
        name: String,
    },
    /// List the contexts
    #[command(visible_alias = "get-contexts")]
    Contexts,
    /// Add a context, or replace it
    Add(Add),
    /// Remove contexts
    Remove {
        /// Name of the context; * stands for any text
        pattern: String,
        /// Do not ask
        #[arg(short = 'y', long)]
        noconfirm: bool,
        /// Only show what would be removed
        #[arg(long)]
        dry_run: bool,
    },
    /// Take over the contexts of another file; one whose name is taken gets a new name
    Merge {
        /// The other file
        from: PathBuf,
    },
    /// Say whose a context is, and until when
    Info {
        /// How to print it
        #[arg(short, long, value_name = "FORMAT", default_value = "text")]
        output: Output,
    },
    /// Ask a control plane machine for a new certificate, and write a file with it
    New {
        /// The file to write, which must not be there yet
        #[arg(default_value = "talosconfig")]
        path: PathBuf,
        /// Roles of the new certificate
        #[arg(long, value_name = "ROLE", value_delimiter = ',', default_value = "os:admin")]
        roles: Vec<String>,
        /// How long it is valid, such as 30m or 8760h
        #[arg(long, value_name = "DURATION", default_value = "8760h", value_parser = arguments::duration)]
        crt_ttl: Duration,
    },
}

#[derive(Args)]
struct Add {
    /// Name of the context
    name: String,
    /// File with the certificate of the authority, as PEM
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// File with the client's certificate, as PEM
    #[arg(long, value_name = "FILE", requires = "key")]
    crt: Option<PathBuf>,
    /// File with the client's key, as PEM
    #[arg(long, value_name = "FILE", requires = "crt")]
    key: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    Text,
    Json,
    Yaml,
}

fn main() -> ExitCode {
    run_async(|Arguments { what, connection }: Arguments| async move {
        let context = connection.context.as_deref();
        match what {
            What::Endpoint { endpoints } => edit(&connection, |config| {
                config.current_mut(context)?.endpoints = trimmed(endpoints);
                Ok(())
            }),
            What::Node { nodes } => edit(&connection, |config| {
                config.current_mut(context)?.nodes = trimmed(nodes);
                Ok(())
            }),
            What::ProxyUrl { url: None } => {
                let config = connection.config()?;
                let url = config.current(context)?.proxy_url.as_deref().unwrap_or_default();
                Ok(writeln!(io::stdout().lock(), "{url}")?)
            }
            What::ProxyUrl { url: Some(url) } => edit(&connection, |config| {
                config.current_mut(context)?.proxy_url =
                    Some(url.trim().to_owned()).filter(|url| !url.is_empty());
                Ok(())
            }),
            What::Use { name } => edit(&connection, |config| Ok(config.use_context(&name)?)),
            What::Contexts => contexts(&connection.config()?),
            What::Add(add) => insert(&connection, add),
            What::Remove { pattern, noconfirm, dry_run } => remove(&connection, &pattern, noconfirm, dry_run),
            What::Merge { from } => merge(&connection, &from),
            What::Info { output } => info(&connection.config()?.info(context)?, output),
            What::New { path, roles, crt_ttl } => issue(&connection, &path, &roles, crt_ttl).await,
        }
    })
}

fn trimmed(words: Vec<String>) -> Vec<String> {
    words.iter().map(|word| word.trim().to_owned()).collect()
}

/// The file to change: the one that is named, else the usual one.
fn path_of(connection: &Connection) -> Outcome<PathBuf> {
    if let Some(path) = &connection.talosconfig {
        return Ok(path.clone());
    }
    let paths = Paths::from_env();
    paths.existing().or_else(|| paths.writable()).map(Path::to_owned).ok_or_else(|| {
        Failure::new(
            "there is no place for a talosconfig: set TALOSCONFIG, or name a file with --talosconfig",
        )
    })
}

fn edit(connection: &Connection, change: impl FnOnce(&mut TalosConfig) -> Outcome) -> Outcome {
    let path = path_of(connection)?;
    let mut config = TalosConfig::load(&path)?;
    change(&mut config)?;
    Ok(config.save(&path)?)
}

/// As [`edit`], of a file that need not be there yet.
fn edit_or_create(connection: &Connection, change: impl FnOnce(&mut TalosConfig) -> Outcome) -> Outcome {
    let path = path_of(connection)?;
    let mut config = match TalosConfig::load(&path) {
        Err(error) if error.is_not_found() => TalosConfig::default(),
        loaded => loaded?,
    };
    change(&mut config)?;
    Ok(config.save(&path)?)
}

fn contexts(config: &TalosConfig) -> Outcome {
    let mut table = Table::new(["CURRENT", "NAME", "ENDPOINTS", "NODES"]);
    for (name, context) in &config.contexts {
        let current = if *name == config.context { "*" } else { "" };
        let nodes = match context.nodes.get(..3) {
            Some(first) if context.nodes.len() > 3 => format!("{}...", first.join(",")),
            _ => context.nodes.join(","),
        };
        table.row([current, name, &context.endpoints.join(","), &nodes]);
    }
    Ok(table.print()?)
}

fn insert(connection: &Connection, add: Add) -> Outcome {
    let read = |path: &Option<PathBuf>| path.as_deref().map(files::read).transpose();
    let mut context = Context::default();
    context.ca = read(&add.ca)?.map(Into::into);
    context.crt = read(&add.crt)?.map(Into::into);
    context.key = read(&add.key)?.map(Into::into);
    // What can't be used is refused here rather than by the first command that needs it.
    context.authorities()?;
    context.identity()?;
    edit_or_create(connection, |config| {
        config.contexts.insert(add.name, context);
        Ok(())
    })
}

fn remove(connection: &Connection, pattern: &str, noconfirm: bool, dry_run: bool) -> Outcome {
    let path = path_of(connection)?;
    let mut config = TalosConfig::load(&path)?;
    let found: Vec<String> = config.matching(pattern).map(str::to_owned).collect();
    if found.is_empty() {
        return Err(Failure::new(format!("no context fits {pattern:?}: see `talosconfig contexts`")));
    }
    let mut changed = false;
    for name in found {
        if name == config.context {
            eprintln!("keeping the current context {name:?}: choose another one first");
        } else if noconfirm || confirm(&format!("remove context {name:?}?"))? {
            eprintln!("removing context {name:?}");
            config.contexts.remove(&name);
            changed = true;
        }
    }
    if changed && !dry_run {
        config.save(&path)?;
    }
    Ok(())
}

fn confirm(question: &str) -> Outcome<bool> {
    let mut error = io::stderr().lock();
    write!(error, "{question} (y/N): ")?;
    error.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn merge(connection: &Connection, from: &Path) -> Outcome {
    let other = TalosConfig::load(from)?;
    edit_or_create(connection, |config| {
        for rename in config.merge(other) {
            eprintln!("renamed talosconfig context {rename}");
        }
        Ok(())
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InfoOutput {
    context: String,
    nodes: Vec<String>,
    endpoints: Vec<String>,
    roles: Vec<String>,
    #[serde(rename = "certTTL")]
    cert_ttl: String,
    cert_not_after: String,
}

fn info(info: &Info, output: Output) -> Outcome {
    let expires = info.expires.map(|expires| {
        let day: String = instant::rfc3339(expires).chars().take(10).collect();
        (instant::relative(expires, SystemTime::now()), day)
    });
    let (cert_ttl, cert_not_after) = expires.clone().unwrap_or_default();
    let shape = || InfoOutput {
        context: info.context.clone(),
        nodes: info.nodes.clone(),
        endpoints: info.endpoints.clone(),
        roles: info.roles.clone(),
        cert_ttl,
        cert_not_after,
    };
    let text = match output {
        Output::Json => {
            let mut value = serde_json::to_value(shape())?;
            for key in ["nodes", "roles"] {
                if value[key].as_array().is_some_and(Vec::is_empty) {
                    // As talosctl prints a list that is not there.
                    value[key] = serde_json::Value::Null;
                }
            }
            format!("{}\n", serde_json::to_string_pretty(&value)?)
        }
        Output::Yaml => yaml::to_string(&shape())?,
        Output::Text => {
            let list = |words: &[String]| match words {
                [] => "not defined".to_owned(),
                words => words.join(", "),
            };
            let mut text = format!("Current context:     {}\n", info.context);
            _ = writeln!(text, "Nodes:               {}", list(&info.nodes));
            _ = writeln!(text, "Endpoints:           {}", list(&info.endpoints));
            if !info.roles.is_empty() {
                _ = writeln!(text, "Roles:               {}", info.roles.join(", "));
            }
            if let Some((from_now, day)) = expires {
                _ = writeln!(text, "Certificate expires: {from_now} ({day})");
            }
            text
        }
    };
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}

/// Has a machine issue a certificate and writes a file with it.
async fn issue(connection: &Connection, path: &Path, roles: &[String], ttl: Duration) -> Outcome {
    let roles = RoleSet::parse(roles)?;
    if path.exists() {
        return Err(Failure::new(format!("{} is already there: choose another name", path.display())));
    }
    let client = connection.client()?;
    let nodes = if connection.nodes.is_empty() { client.default_nodes() } else { &connection.nodes };
    let [node] = nodes else {
        return Err(Failure::new("a certificate comes from one machine: name one control plane with -n"));
    };
    let config = client.node(node).client_configuration(&roles, ttl).await?;
    Ok(config.save(path)?)
}
