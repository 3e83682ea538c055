//! Lists that come in pages.

use reqwest::Url;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cloud::Cloud;
use crate::error::{Error, Result};
use crate::request::Request;

impl Cloud {
    /// All pages of a list, whose items stand under `key`.
    ///
    /// # Errors
    /// When a page can't be had. A list is whole or an error.
    pub async fn list<T: DeserializeOwned>(&self, request: &Request, key: &str) -> Result<Vec<T>> {
        let mut items = Vec::new();
        let mut request = request.clone();
        loop {
            let reply = self.send(&request).await?;
            let mut page = reply.json()?;
            items.extend(reply.part::<Vec<T>>(&mut page, key)?);
            let Some(query) = next_query(&page, key) else { return Ok(items) };
            if query == request.query {
                return Err(Error::protocol(format!("{}: the next page is this one", request.label())));
            }
            request.query = query;
        }
    }
}

/// The query of the next page. Only that of the link is used: behind a proxy the rest of it may be wrong.
fn next_query(page: &Value, key: &str) -> Option<Vec<(String, String)>> {
    let links = page.get(format!("{key}_links")).and_then(Value::as_array);
    let neutron_or_nova = links.and_then(|links| {
        links.iter().find(|link| link.get("rel").and_then(Value::as_str) == Some("next"))?.get("href")
    });
    let glance = page.get("next");
    let keystone = page.get("links").and_then(|links| links.get("next"));
    let link = [neutron_or_nova, glance, keystone].into_iter().flatten().find_map(Value::as_str)?;
    let base = Url::parse("http://localhost/").ok()?;
    let url = base.join(link).ok()?;
    Some(url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::next_query;

    #[test]
    fn every_service_links_in_its_own_way() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let marked = Some(vec![pair("limit", "1"), pair("marker", "a b")]);
        let nova = json!({"servers": [], "servers_links":
            [{"rel": "next", "href": "http://inside:8774/v2.1/servers/detail?limit=1&marker=a+b"}]});
        assert_eq!(next_query(&nova, "servers"), marked);
        let glance = json!({"images": [], "first": "/v2/images", "next": "/v2/images?limit=1&marker=a%20b"});
        assert_eq!(next_query(&glance, "images"), marked);
        let neutron =
            json!({"ports": [], "ports_links": [{"rel": "previous", "href": "http://n/x?marker=z"}]});
        assert_eq!(next_query(&neutron, "ports"), None);
        assert_eq!(next_query(&json!({"links": {"next": null}}), "users"), None);
    }
}
