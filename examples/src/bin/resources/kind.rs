//! A type of resources as it is shown.

use talos_sdk::Node;
use talos_sdk::client::Result;
use talos_sdk::resources::{Metadata, Resources, Untyped};
use talos_sdk::yaml::{self, Node as Yaml};

/// A type of resources as it is shown.
pub(crate) struct Kind {
    columns: Vec<(String, String)>,
    namespace: String,
    name: String,
    /// The name for people, in the singular.
    display: String,
}

impl Kind {
    /// What the type is called, where it is, and which columns it is shown with.
    pub(crate) async fn find(node: &Node, name: &str, namespace: Option<&str>) -> Result<Self> {
        let definition = node.resource_definition(name).await?;
        let definitions = node.resources_untyped("meta", "ResourceDefinitions.meta.cosi.dev");
        let full = definitions.get(&definition.kind.to_lowercase()).await?;
        Ok(Self {
            columns: print_columns(&full.spec.yaml),
            namespace: namespace.map_or(definition.default_namespace, str::to_owned),
            name: definition.kind,
            display: definition.display_type,
        })
    }

    pub(crate) fn on(&self, node: &Node) -> Resources<Untyped> {
        node.resources_untyped(&self.namespace, &self.name)
    }

    /// The first line of a table, without the machine.
    pub(crate) fn header(&self) -> Vec<String> {
        let fixed = ["NAMESPACE", "TYPE", "ID", "VERSION"].map(str::to_owned);
        fixed.into_iter().chain(self.columns.iter().map(|(name, _)| name.to_uppercase())).collect()
    }

    /// The line of a resource, without the machine.
    pub(crate) fn row(&self, metadata: &Metadata, spec: Option<&Untyped>) -> Vec<String> {
        let version = metadata.version.map(|version| version.to_string()).unwrap_or_default();
        let mut row = vec![metadata.namespace.clone(), self.display.clone(), metadata.id.clone(), version];
        let spec = spec.and_then(|spec| document(&spec.yaml));
        let cell = |path: &str| spec.as_ref().and_then(|spec| json_path(spec, path)).map(text);
        row.extend(self.columns.iter().map(|(_, path)| cell(path).unwrap_or_default()));
        row
    }
}

pub(crate) fn document(text: &str) -> Option<Yaml> {
    yaml::parse_documents(text).ok()?.into_iter().next()
}

/// The columns that a type asks to be shown with: heading and path.
fn print_columns(definition: &str) -> Vec<(String, String)> {
    let Some(definition) = document(definition) else { return Vec::new() };
    let columns = definition.get("printColumns").map(Yaml::items).unwrap_or_default();
    let field = |column: &Yaml, name| Some(column.get(name)?.value()?.to_owned());
    columns.iter().filter_map(|column| Some((field(column, "name")?, field(column, "jsonPath")?))).collect()
}

/// Goes along a JSONPath of keys and list positions, `{.address.ips[0]}`; other forms give nothing.
pub(crate) fn json_path<'a>(spec: &'a Yaml, path: &str) -> Option<&'a Yaml> {
    let path = path.strip_prefix('{')?.strip_suffix('}')?.strip_prefix('.')?;
    path.split('.').filter(|step| !step.is_empty()).try_fold(spec, |node, step| {
        let (key, positions) = step.split_once('[').unwrap_or((step, ""));
        let node = if key.is_empty() { node } else { node.get(key)? };
        positions.split('[').filter(|position| !position.is_empty()).try_fold(node, |node, position| {
            node.items().get(position.strip_suffix(']')?.parse::<usize>().ok()?)
        })
    })
}

/// A value in one cell.
pub(crate) fn text(node: &Yaml) -> String {
    match node.value() {
        Some(text) => text.to_owned(),
        None => serde_json::to_string(node).unwrap_or_default(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let spec = document("a: {b: [x, {c: 1}]}\nd: [1, 2]\n").unwrap();
        let at = |path| json_path(&spec, path).map(text);
        assert_eq!(at("{.a.b[0]}").as_deref(), Some("x"));
        assert_eq!(at("{.a.b[1].c}").as_deref(), Some("1"));
        assert_eq!(at("{.d}").as_deref(), Some("[1,2]"));
        assert_eq!([at("{.no}"), at("{.d[9]}"), at("{.d[x]}"), at(".d")], [None, None, None, None]);
    }
}
