//! `gen config`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{ArgAction, Args, ValueEnum};
use talos_examples::failure::{Failure, Outcome};
use talos_examples::{arguments, files};
use talos_sdk::machineconfig::{DEFAULT_INSTALL_IMAGE, GenerateOptions, Generated, SecretsBundle, generate};
use talos_sdk::pki::{FixedClock, SecretString, SystemClock};
use talos_sdk::prelude::Clock as _;

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

    fn text(self, generated: &Generated) -> Outcome<SecretString> {
        Ok(match self {
            Self::Controlplane => generated.control_plane.to_yaml()?,
            Self::Worker => generated.worker.to_yaml()?,
            Self::Talosconfig => generated.talosconfig.to_yaml()?,
        })
    }
}

#[derive(Args)]
pub(crate) struct Config {
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
    /// For machines without Kubernetes and etcd
    #[arg(long, value_name = "BOOL", hide = true, default_value_t = false, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    skip_k8s_etcd: bool,
}

impl Config {
    pub(crate) fn make(&self, force: bool) -> Outcome {
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
        let secrets = self.secrets(&options, &clock)?;
        let generated = generate(&secrets, &options, &clock)?;
        for warning in &generated.warnings {
            eprintln!("warning: {warning}");
        }
        for (output, path) in targets {
            if path == Path::new("-") {
                files::print(output.text(&generated)?.expose())?;
                continue;
            }
            files::write_readable(&path, output.text(&generated)?.expose())?;
            eprintln!("Created {}", path.display());
        }
        Ok(())
    }

    fn secrets(&self, options: &GenerateOptions, clock: &FixedClock) -> Outcome<SecretsBundle> {
        let Some(path) = &self.with_secrets else {
            eprintln!("generating PKI and tokens");
            let make = if options.kubernetes {
                SecretsBundle::generate
            } else {
                SecretsBundle::generate_without_kubernetes
            };
            return Ok(make(options.contract, clock)?);
        };
        let place = |error| Failure::of(path.display(), error);
        let bundle = SecretsBundle::from_yaml(&files::read(path)?).map_err(place)?;
        let check = if options.kubernetes { bundle.validate() } else { bundle.validate_without_kubernetes() };
        check.map_err(place)?;
        Ok(bundle)
    }

    fn options(&self) -> Outcome<GenerateOptions> {
        let mut options = GenerateOptions::new(&self.name, &self.endpoint)
            .with_contract(arguments::contract(&self.talos_version)?)
            .with_install_disk(&self.install_disk)
            .with_additional_sans(&self.additional_sans)
            .with_dns_domain(&self.dns_domain)
            .with_cluster_discovery(self.with_cluster_discovery)
            .with_kubernetes(!self.skip_k8s_etcd)
            .with_patches(arguments::patches(&self.config_patch)?)
            .with_control_plane_patches(arguments::patches(&self.config_patch_control_plane)?)
            .with_worker_patches(arguments::patches(&self.config_patch_worker)?);
        if let Some(version) = &self.kubernetes_version {
            options = options.with_kubernetes_version(version);
        }
        options = match (&self.install_image, std::env::var("TAG")) {
            (Some(image), _) => options.with_install_image(image),
            // As talosctl, for who builds installers of his own.
            (None, Ok(tag)) => {
                let name =
                    DEFAULT_INSTALL_IMAGE.rsplit_once(':').map_or(DEFAULT_INSTALL_IMAGE, |(name, _)| name);
                options.with_install_image(format!("{name}:{tag}"))
            }
            (None, Err(_)) => options,
        };
        if self.with_kubespan {
            options = options.with_kubespan(true);
        }
        for mirror in &self.registry_mirror {
            let Some((host, url)) = mirror.split_once('=') else {
                let problem = format!(
                    "--registry-mirror {mirror:?}: write host=url, such as docker.io=https://mirror.example"
                );
                return Err(Failure::new(problem));
            };
            options = options.with_registry_mirror(host, [url]);
        }
        Ok(options)
    }

    /// What to write where.
    fn targets(&self) -> Outcome<Vec<(Output, PathBuf)>> {
        let outputs: BTreeSet<Output> = self.output_types.iter().copied().collect();
        if outputs.is_empty() {
            return Err(Failure::new(
                "--output-types is empty: name one or more of controlplane, worker, talosconfig",
            ));
        }
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
