//! Which things to list.

use crate::request::Request;
use crate::service::ServiceType;

/// Which things to list: all whose fields equal the given ones.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    fields: Vec<(String, String)>,
    tags: Vec<String>,
}

impl Filter {
    /// Everything that the project sees.
    pub fn new() -> Filter {
        Filter::default()
    }

    /// Only things of exactly this name.
    pub fn with_name(self, name: impl Into<String>) -> Filter {
        self.with_field("name", name)
    }

    /// Only things that carry this tag too.
    pub fn with_tag(mut self, tag: impl Into<String>) -> Filter {
        self.tags.push(tag.into());
        self
    }

    /// Only things of this project.
    pub fn with_project(self, id: impl Into<String>) -> Filter {
        self.with_field("project_id", id)
    }

    /// Only things on this network: subnets and ports.
    pub fn with_network(self, id: impl Into<String>) -> Filter {
        self.with_field("network_id", id)
    }

    /// Only things with this value in a field of the API, such as `device_id`.
    pub fn with_field(mut self, name: impl Into<String>, value: impl Into<String>) -> Filter {
        self.fields.push((name.into(), value.into()));
        self
    }

    pub(super) fn request(&self, path: &str) -> Request {
        let mut request = Request::get(ServiceType::NETWORK, path);
        for (name, value) in &self.fields {
            request = request.with_query(name, value);
        }
        if !self.tags.is_empty() {
            request = request.with_query("tags", self.tags.join(","));
        }
        request
    }
}

#[cfg(test)]
mod tests {
    use super::Filter;

    #[test]
    fn all_tags_go_into_one_parameter() {
        let request = Filter::new().with_tag("a").with_name("n").with_tag("b").request("ports");
        let pairs: Vec<_> = request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(pairs, ["name=n", "tags=a,b"]);
    }
}
