//! Certificates, requests and keys, as PEM text and as DER; what is written is read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use talos_pki::{Certificate, CertificateRequest, PrivateKey, base64};

fuzz_target!(|data: &[u8]| {
    assert!(base64::decode(&base64::encode(data)).is_some_and(|again| again.as_slice() == data));
    if let Ok(certificate) = Certificate::from_der(data) {
        same_certificate(&certificate);
    }
    if let Ok(request) = CertificateRequest::from_der(data) {
        same_request(&request);
    }
    if let Ok(key) = PrivateKey::from_der(data) {
        same_key(&key);
    }

    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = base64::decode(text).is_some();
    if let Ok(request) = CertificateRequest::from_pem(text) {
        same_request(&request);
    }
    if let Ok(key) = PrivateKey::from_pem(text) {
        same_key(&key);
    }
    if let Ok(certificate) = Certificate::from_pem(text) {
        same_certificate(&certificate);
    }
    for certificate in Certificate::parse_bundle(text).unwrap_or_default() {
        same_certificate(&certificate);
    }
});

fn same_certificate(certificate: &Certificate) {
    assert_eq!(Certificate::from_pem(&certificate.to_pem()).as_ref().ok(), Some(certificate));
}

fn same_request(request: &CertificateRequest) {
    assert_eq!(CertificateRequest::from_pem(&request.to_pem()).as_ref().ok(), Some(request));
}

fn same_key(key: &PrivateKey) {
    let again = PrivateKey::from_pem(key.to_pem().expose()).unwrap();
    assert_eq!(again.fingerprint(), key.fingerprint());
}
