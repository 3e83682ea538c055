//! From a service's refusal to an [`Error`]: each service has its own way to say no.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::error::{Error, ErrorKind, one_line};
use crate::secret::Secret;

/// The error that an answer means. `label` says what was asked, `secrets` what must not be repeated.
pub(crate) fn error(
    label: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    secrets: &[Secret],
) -> Error {
    let refusal = Refusal::read(status, body);
    let kind = refusal.kind(status);
    let hint = match kind {
        ErrorKind::QuotaExceeded => "; delete something or ask the operator for a larger quota",
        ErrorKind::Unauthorized => "; the token was refused twice, check the credentials",
        ErrorKind::Forbidden => "; check the roles of the user or application credential",
        _ => "",
    };
    let said = clean(&refusal.message, secrets);
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    Error::new(kind, format!("{label} failed with {}{said}{hint}", status.as_u16()))
        .with_status(status)
        .with_request_id(request_id(headers))
        .with_retry_after(retry_after(headers, OffsetDateTime::now_utc()))
}

/// The service's name for the request.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("x-openstack-request-id").or_else(|| headers.get("x-compute-request-id"))?;
    value.to_str().ok().map(str::to_owned)
}

/// How long `Retry-After` asks to wait: seconds, or a date (RFC 9110, section 10.2.3).
pub(crate) fn retry_after(headers: &HeaderMap, now: OffsetDateTime) -> Option<Duration> {
    const DATE: &[BorrowedFormatItem<'_>] = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = time::PrimitiveDateTime::parse(text, DATE).ok()?.assume_utc();
    Some((date - now).try_into().unwrap_or(Duration::ZERO))
}

/// What a service said.
struct Refusal {
    /// The service's name for the kind of trouble: Nova's key, Neutron's type.
    name: String,
    message: String,
}

impl Refusal {
    fn read(status: StatusCode, body: &[u8]) -> Refusal {
        let text = String::from_utf8_lossy(body);
        match serde_json::from_str::<Value>(&text) {
            Ok(value) => Refusal::read_json(&value),
            Err(_) => {
                let message = plain_text(&text);
                // A page that only repeats the status says nothing.
                let bare = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
                let message = message.strip_prefix(&bare).unwrap_or(&message).trim().to_owned();
                Refusal { name: String::new(), message }
            }
        }
    }

    /// `{"error": {...}}` of Keystone, `{"<kind>": {...}}` of Nova, `{"NeutronError": {...}}` of Neutron and
    /// `{"errors": [{...}]}` of the newer services.
    fn read_json(value: &Value) -> Refusal {
        let entry = value.as_object().and_then(|map| map.iter().next());
        let Some((key, inner)) = entry else {
            return Refusal { name: String::new(), message: String::new() };
        };
        let inner = match inner {
            Value::Array(list) => list.first().unwrap_or(&Value::Null),
            inner => inner,
        };
        let text = |key: &str| inner.get(key).and_then(Value::as_str).unwrap_or_default().trim();
        let name = match text("type") {
            "" => key.clone(),
            kind => kind.to_owned(),
        };
        let message = match (text("message"), text("detail"), inner.as_str()) {
            ("", "", Some(bare)) => bare.to_owned(),
            ("", detail, _) => detail.to_owned(),
            (message, "", _) => message.to_owned(),
            (message, detail, _) => format!("{message} {detail}"),
        };
        Refusal { name, message }
    }

    fn kind(&self, status: StatusCode) -> ErrorKind {
        match status.as_u16() {
            403 | 409 | 413 if self.is_quota() => ErrorKind::QuotaExceeded,
            413 if self.name == "overLimit" => ErrorKind::TooManyRequests,
            401 => ErrorKind::Unauthorized,
            403 => ErrorKind::Forbidden,
            404 | 410 => ErrorKind::NotFound,
            409 | 412 => ErrorKind::Conflict,
            413 => ErrorKind::TooLarge,
            429 => ErrorKind::TooManyRequests,
            400..500 => ErrorKind::BadRequest,
            502..=504 => ErrorKind::ServiceUnavailable,
            500..600 => ErrorKind::Server,
            _ => ErrorKind::Protocol,
        }
    }

    fn is_quota(&self) -> bool {
        const SIGNS: &[&str] =
            &["quota exceeded", "exceeds quota", "exceeded quota", "over quota", "over limit"];
        let message = self.message.to_ascii_lowercase();
        self.name == "OverQuota" || SIGNS.iter().any(|sign| message.contains(sign))
    }
}

/// The text of an HTML page, without its head; other text as it is.
fn plain_text(text: &str) -> String {
    let mut out = without_tags(text.split_once("</head>").map_or(text, |(_, body)| body));
    for (entity, c) in
        [("&#x27;", "'"), ("&#39;", "'"), ("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")]
    {
        out = out.replace(entity, c);
    }
    // Glance writes some of its tags as entities.
    one_line(&out.replace("<br />", " "))
}

fn without_tags(text: &str) -> String {
    let mut out = String::new();
    let mut in_tag = false;
    for c in text.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                out.push(' ');
            }
            _ if !in_tag => out.push(c),
            _ => {}
        }
    }
    out
}

/// One line of bearable length without the secrets. Nova repeats the values that it does not like, user data
/// included, so a word that no human wrote is left out as well.
fn clean(message: &str, secrets: &[Secret]) -> String {
    const LONGEST_WORD: usize = 160;
    const LONGEST: usize = 600;
    let mut message = message.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.expose().is_empty()) {
        message = message.replace(secret.expose(), "[redacted]");
    }
    let words = message.split_whitespace().map(|word| if word.len() > LONGEST_WORD { "[…]" } else { word });
    let mut line = words.collect::<Vec<_>>().join(" ");
    if line.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
        line.truncate(end);
        line.push('…');
    }
    line.trim_end_matches('.').to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderValue, StatusCode};
    use time::macros::datetime;

    use super::{error, retry_after};
    use crate::ErrorKind;
    use crate::secret::Secret;

    fn told(status: u16, body: &str) -> (ErrorKind, String) {
        let status = StatusCode::from_u16(status).unwrap();
        let error = error("x", status, &HeaderMap::new(), body.as_bytes(), &[Secret::from("hush")]);
        (error.kind().clone(), error.to_string())
    }

    #[test]
    fn every_service_is_understood() {
        let (kind, text) =
            told(403, r#"{"forbidden": {"code": 403, "message": "Quota exceeded for cores"}}"#);
        assert_eq!(kind, ErrorKind::QuotaExceeded);
        assert!(text.starts_with("x failed with 403: Quota exceeded for cores; delete"), "{text}");
        let neutron = r#"{"NeutronError": {"type": "OverQuota", "message": "No more", "detail": ""}}"#;
        assert_eq!(told(409, neutron).0, ErrorKind::QuotaExceeded);
        let policy = r#"{"forbidden": {"code": 403, "message": "Policy forbids os-quota-sets:update"}}"#;
        assert_eq!(told(403, policy).0, ErrorKind::Forbidden);
        let keystone = r#"{"error": {"code": 404, "message": "No such project.", "title": "Not Found"}}"#;
        assert_eq!(told(404, keystone), (ErrorKind::NotFound, "x failed with 404: No such project".into()));
        let glance = "<html>\n<head><title>409 Conflict</title></head>\n<body>\n<h1>409 Conflict</h1>\n \
                      It&#x27;s taken<br /><br />\n\n</body></html>";
        assert_eq!(told(409, glance), (ErrorKind::Conflict, "x failed with 409: It's taken".into()));
        assert_eq!(told(503, ""), (ErrorKind::ServiceUnavailable, "x failed with 503".into()));
        assert_eq!(told(418, "[]").0, ErrorKind::BadRequest);
        assert_eq!(told(500, r#"{"errors": [{"detail": "broken"}]}"#).1, "x failed with 500: broken");
        assert_eq!(told(302, "").0, ErrorKind::Protocol);
    }

    #[test]
    fn what_the_service_repeats_is_not_repeated() {
        let long = "QUJD".repeat(100);
        let body = format!(r#"{{"badRequest": {{"message": "user_data '{long}' is too long, pass hush"}}}}"#);
        let (_, text) = told(400, &body);
        assert_eq!(text, "x failed with 400: user_data […] is too long, pass [redacted]");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = datetime!(2026-01-01 00:00:00 UTC);
        let read = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", HeaderValue::from_static(text));
            retry_after(&headers, now)
        };
        assert_eq!(read("7"), Some(Duration::from_secs(7)));
        assert_eq!(read("Thu, 01 Jan 2026 00:01:30 GMT"), Some(Duration::from_secs(90)));
        assert_eq!(read("Wed, 31 Dec 2025 00:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
    }
}
