//! The types of resources that have a message, as lines of a macro of talos-client.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Messages that older servers write in another shape, and the rules by which talos-client reads that.
const OLDER: &[(&str, &str)] = &[
    ("cri.RegistriesConfigSpec", "REGISTRIES"),
    ("etcd.ConfigSpec", "ETCD_ARGUMENTS"),
    ("etcd.SpecSpec", "ETCD_ARGUMENTS"),
    ("k8s.APIServerConfigSpec", "API_SERVER_ARGUMENTS"),
    ("k8s.ControllerManagerConfigSpec", "CONTROLLER_MANAGER_ARGUMENTS"),
    ("k8s.KubeletConfigSpec", "KUBELET_ARGUMENTS"),
    ("k8s.SchedulerConfigSpec", "SCHEDULER_ARGUMENTS"),
    ("network.LinkSpecSpec", "LINK_SPEC"),
    ("network.LinkStatusSpec", "LINK_STATUS"),
    ("network.NfTablesChainSpec", "CHAIN"),
];

/// The text of each file by the name of its area, from `facts/resources.tsv` and the generated messages below `proto`.
///
/// # Errors
///
/// Fails if a file cannot be read or the table has a line of another form.
pub fn generate(proto: &Path) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let mut areas: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut paths = BTreeMap::new();
    for line in fs::read_to_string(proto.join("facts/resources.tsv"))?.lines().skip(1) {
        let [kind, namespace, sensitive, message, id, since, removed] =
            line.split('\t').collect::<Vec<_>>()[..]
        else {
            return Err(format!("not seven columns: {line}").into());
        };
        let Some((package, name)) = message.rsplit_once('.') else { continue };
        // Messages newer than the committed ones are written by hand.
        let code = fs::read_to_string(proto.join(format!("src/generated/{package}.rs")))?;
        let Some(rust_name) = crate::rust_name(&code, name) else { continue };
        let area = package.rsplit('.').next().unwrap_or(package);
        paths.insert(area.to_owned(), package.replace('.', "::"));

        let mut entry = format!("    {rust_name} = {kind:?} in {namespace:?}, since {}", minor(since)?);
        if !removed.is_empty() {
            write!(entry, ", until {}", minor(removed)?)?;
        }
        if !sensitive.is_empty() {
            entry.push_str(", sensitive true");
        }
        if !id.is_empty() {
            write!(entry, ", id {id:?}")?;
        }
        if let Some((_, rules)) = OLDER.iter().find(|(message, _)| *message == format!("{area}.{name}")) {
            write!(entry, ", older {rules}")?;
        }
        areas.entry(area.to_owned()).or_default().push(format!("{entry};\n"));
    }
    Ok(areas
        .into_iter()
        .map(|(area, entries)| {
            let text = format!(
                "//! Resources of the package `{area}`, written by `cargo run -p talos-proto-codegen --bin resource_types`.\n\n\
                 super::messages! {{ talos_proto::{}:\n{}}}\n",
                paths[&area],
                entries.concat()
            );
            (area, text)
        })
        .collect())
}

fn minor(version: &str) -> Result<u16, Box<dyn Error>> {
    Ok(version.strip_prefix("1.").ok_or_else(|| format!("no version: {version}"))?.parse()?)
}
