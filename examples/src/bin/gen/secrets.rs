//! `gen secrets`.

use std::path::{Path, PathBuf};

use clap::Args;
use talos_examples::failure::{Failure, Outcome};
use talos_examples::{arguments, files};
use talos_sdk::machineconfig::{self, CertificateAndKey, Contract, KubernetesPki, SecretsBundle};
use talos_sdk::pki::SystemClock;

#[derive(Args)]
pub(crate) struct Secrets {
    /// Where to write; - is standard output
    #[arg(short, long, value_name = "FILE", default_value = "secrets.yaml")]
    output_file: PathBuf,
    /// The Talos version to suit, such as v1.9.4; the newest if not given
    #[arg(long, value_name = "VERSION", default_value = "", hide_default_value = true)]
    talos_version: String,
    /// Take the secrets out of the configuration of a control plane
    #[arg(long, value_name = "FILE", conflicts_with = "from_kubernetes_pki")]
    from_controlplane_config: Option<PathBuf>,
    /// Take over the keys of a Kubernetes cluster, from a folder such as /etc/kubernetes/pki
    #[arg(short = 'p', long, value_name = "FOLDER")]
    from_kubernetes_pki: Option<PathBuf>,
    /// The bootstrap token to take over with them
    #[arg(short = 't', long, value_name = "TOKEN", requires = "from_kubernetes_pki")]
    kubernetes_bootstrap_token: Option<String>,
}

impl Secrets {
    pub(crate) fn make(&self, force: bool) -> Outcome {
        let contract = arguments::contract(&self.talos_version)?;
        if self.output_file != Path::new("-") {
            files::check_free(&self.output_file, force)?;
        }
        let bundle = self.bundle(contract)?;
        files::write_or_print(&self.output_file, bundle.to_yaml()?.expose())
    }

    fn bundle(&self, contract: Contract) -> Outcome<SecretsBundle> {
        if let Some(folder) = &self.from_kubernetes_pki {
            return self.of_kubernetes(folder, contract);
        }
        let Some(path) = &self.from_controlplane_config else {
            return Ok(SecretsBundle::generate(contract, &SystemClock)?);
        };
        let place = |error| Failure::of(path.display(), error);
        let config = machineconfig::Config::from_yaml(&files::read(path)?).map_err(place)?;
        let bundle = SecretsBundle::from_config(&config).map_err(place)?;
        if let Err(error) = bundle.validate() {
            eprintln!("warning: {}: {error}", path.display());
        }
        Ok(bundle)
    }

    fn of_kubernetes(&self, folder: &Path, contract: Contract) -> Outcome<SecretsBundle> {
        let flag = "--from-kubernetes-pki";
        if !folder.is_dir() {
            return Err(Failure::new(format!("{flag}: {} is no folder, check the path", folder.display())));
        }
        let read = |name: &str| files::read(&folder.join(name)).map_err(|error| Failure::of(flag, error));
        let pair = |name: &str| {
            Ok::<_, Failure>(CertificateAndKey::new(
                read(&format!("{name}.crt"))?,
                read(&format!("{name}.key"))?,
            ))
        };
        let service_account = machineconfig::Key::new(read("sa.key")?);
        let mut pki =
            KubernetesPki::new(pair("ca")?, pair("etcd/ca")?, pair("front-proxy-ca")?, service_account);
        if let Some(token) = &self.kubernetes_bootstrap_token {
            pki = pki.with_bootstrap_token(token.as_str());
        }
        SecretsBundle::from_kubernetes_pki(pki, contract, &SystemClock)
            .map_err(|error| Failure::of(folder.display(), error))
    }
}
