//! Makes the secrets and the machine configurations of a new cluster.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use talos_examples::failure::{Failure, Outcome, run};
use talos_examples::{arguments, files};
use talos_sdk::machineconfig::{GenerateOptions, SecretsBundle, generate};
use talos_sdk::pki::{FixedClock, SystemClock};
use talos_sdk::prelude::Clock as _;

/// Make secrets and machine configurations
///
/// Flags and files are those of `talosctl gen`, with one difference: what is written can be read by its owner only.
#[derive(Parser)]
#[command(version)]
struct Gen {
    #[command(subcommand)]
    what: What,
    /// Overwrite files that are there
    #[arg(short, long, global = true)]
    force: bool,
}

#[derive(Subcommand)]
enum What {
    /// Make configurations for control planes and workers, and a talosconfig
    Config(Box<Config>),
    /// Make a secrets bundle, from which the same configurations can be made again
    Secrets(Secrets),
}

#[derive(Args)]
struct Secrets {
    /// Where to write; - is standard output
    #[arg(short, long, value_name = "FILE", default_value = "secrets.yaml")]
    output_file: PathBuf,
    /// The Talos version to suit, such as v1.9.4; the newest if not given
    #[arg(long, value_name = "VERSION", default_value = "", hide_default_value = true)]
    talos_version: String,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Output {
    Controlplane,
    Worker,
    Talosconfig,
}

impl Output {
    fn file_name(self) -> &'static str {
        match self {
            Self::Controlplane => "controlplane.yaml",
            Self::Worker => "worker.yaml",
            Self::Talosconfig => "talosconfig",
        }
    }
}

#[derive(Args)]
struct Config {
    /// Name of the cluster
    name: String,
    /// Where the Kubernetes API will be reached, such as https://10.0.0.1:6443
    endpoint: String,
    /// The disk to install to; empty leaves it out
    #[arg(long, value_name = "DISK", default_value = "/dev/sda")]
    install_disk: String,
    /// The installer image; empty leaves it out
    #[arg(long, value_name = "IMAGE")]
    install_image: Option<String>,
    /// More names and addresses for the certificates of both APIs
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    additional_sans: Vec<String>,
    /// DNS domain of the cluster
    #[arg(long, value_name = "DOMAIN", default_value = "cluster.local")]
    dns_domain: String,
    /// Version of the configuration format
    #[arg(long, value_name = "VERSION", default_value = "v1alpha1")]
    version: String,
    /// The Talos version to suit, such as v1.9.4; the newest if not given
    #[arg(long, value_name = "VERSION", default_value = "", hide_default_value = true)]
    talos_version: String,
    /// The Kubernetes version; the one of the Talos version if not given
    #[arg(long, value_name = "VERSION")]
    kubernetes_version: Option<String>,
    /// A patch for every machine: text, or @file
    #[arg(long, value_name = "PATCH")]
    config_patch: Vec<String>,
    /// A patch for control planes
    #[arg(long, value_name = "PATCH")]
    config_patch_control_plane: Vec<String>,
    /// A patch for workers
    #[arg(long, value_name = "PATCH")]
    config_patch_worker: Vec<String>,
    /// A mirror of an image registry, as host=url
    #[arg(long, value_name = "MIRROR", value_delimiter = ',')]
    registry_mirror: Vec<String>,
    /// Whether machines find each other through the discovery service
    #[arg(long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    with_cluster_discovery: bool,
    /// Whether to turn KubeSpan on
    #[arg(long, value_name = "BOOL", default_value_t = false, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    with_kubespan: bool,
    /// Whether to write commented examples (not offered)
    #[arg(long, value_name = "BOOL", default_value_t = false, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    with_examples: bool,
    /// Whether to write documentation as comments (not offered)
    #[arg(long, value_name = "BOOL", default_value_t = false, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    with_docs: bool,
    /// The secrets bundle to use instead of a new one
    #[arg(long, value_name = "FILE")]
    with_secrets: Option<PathBuf>,
    /// What to write
    #[arg(
        short = 't',
        long,
        value_name = "TYPES",
        value_delimiter = ',',
        default_value = "controlplane,worker,talosconfig"
    )]
    output_types: Vec<Output>,
    /// Where to write: a folder, or for a single type a file or -
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Where to write, always a folder
    #[arg(long, value_name = "FOLDER", hide = true, conflicts_with = "output")]
    output_dir: Option<PathBuf>,
}

fn main() -> ExitCode {
    run(|arguments: Gen| match arguments.what {
        What::Config(config) => config.make(arguments.force),
        What::Secrets(secrets) => secrets.make(arguments.force),
    })
}

impl Secrets {
    fn make(&self, force: bool) -> Outcome {
        let contract = arguments::contract(&self.talos_version)?;
        files::check_free(&self.output_file, force)?;
        let bundle = SecretsBundle::generate(contract, &SystemClock)?;
        files::write_or_print(&self.output_file, bundle.to_yaml()?.expose())
    }
}

impl Config {
    fn make(&self, force: bool) -> Outcome {
        if self.version != "v1alpha1" {
            return Err(Failure::new(format!(
                "there is no configuration format {:?}; use v1alpha1",
                self.version
            )));
        }
        if self.with_docs || self.with_examples {
            return Err(Failure::new(
                "comments in configurations are not offered: leave out --with-docs and --with-examples",
            ));
        }
        let options = self.options()?;
        let targets = self.targets()?;
        for (_, path) in &targets {
            files::check_free(path, force)?;
        }
        let clock = FixedClock::new(SystemClock.now());
        let secrets = match &self.with_secrets {
            Some(path) => {
                let place = |error| Failure::of(path.display(), error);
                let bundle = SecretsBundle::from_yaml(&files::read(path)?).map_err(place)?;
                bundle.validate().map_err(place)?;
                bundle
            }
            None => {
                eprintln!("generating PKI and tokens");
                SecretsBundle::generate(options.contract, &clock)?
            }
        };
        let generated = generate(&secrets, &options, &clock)?;
        for (output, path) in targets {
            let text = match output {
                Output::Controlplane => generated.control_plane.to_yaml()?,
                Output::Worker => generated.worker.to_yaml()?,
                Output::Talosconfig => secrets.talosconfig(&self.name, [""; 0], &clock)?.to_yaml()?,
            };
            files::write_or_print(&path, text.expose())?;
            if path != Path::new("-") {
                eprintln!("Created {}", path.display());
            }
        }
        Ok(())
    }

    fn options(&self) -> Outcome<GenerateOptions> {
        let mut options = GenerateOptions::new(&self.name, &self.endpoint)
            .with_contract(arguments::contract(&self.talos_version)?)
            .with_install_disk(&self.install_disk)
            .with_additional_sans(&self.additional_sans)
            .with_dns_domain(&self.dns_domain)
            .with_cluster_discovery(self.with_cluster_discovery)
            .with_patches(arguments::patches(&self.config_patch)?)
            .with_control_plane_patches(arguments::patches(&self.config_patch_control_plane)?)
            .with_worker_patches(arguments::patches(&self.config_patch_worker)?);
        if let Some(version) = &self.kubernetes_version {
            options = options.with_kubernetes_version(version);
        }
        if let Some(image) = &self.install_image {
            options = options.with_install_image(image);
        }
        if self.with_kubespan {
            options = options.with_kubespan(true);
        }
        for mirror in &self.registry_mirror {
            let Some((host, url)) = mirror.split_once('=') else {
                return Err(Failure::new(format!("--registry-mirror {mirror:?}: write host=url")));
            };
            options = options.with_registry_mirror(host, [url]);
        }
        Ok(options)
    }

    /// What to write where.
    fn targets(&self) -> Outcome<Vec<(Output, PathBuf)>> {
        let outputs: BTreeSet<Output> = self.output_types.iter().copied().collect();
        if let Some(folder) = &self.output_dir {
            return Ok(in_folder(&outputs, folder));
        }
        match &self.output {
            None => Ok(in_folder(&outputs, Path::new(""))),
            Some(path) if outputs.len() == 1 => {
                Ok(outputs.into_iter().map(|output| (output, path.clone())).collect())
            }
            Some(path) if path == Path::new("-") => Err(Failure::new(
                "several outputs do not fit on standard output: choose one with --output-types",
            )),
            Some(folder) => Ok(in_folder(&outputs, folder)),
        }
    }
}

fn in_folder(outputs: &BTreeSet<Output>, folder: &Path) -> Vec<(Output, PathBuf)> {
    outputs.iter().map(|output| (*output, folder.join(output.file_name()))).collect()
}
