//! Calls that one machine passes on to others.

use talos_pki::Role;
use talos_proto::cosi::resource::GetRequest;
use talos_proto::machine::{LogsRequest, ReadRequest};
use tonic::Code;

use crate::harness::{TestCluster, admin, client, state, with};

#[tokio::test]
async fn to_one_to_many_and_to_nobody() {
    let cluster = TestCluster::bootstrapped(2, 1).await;
    let [first, second] = &cluster.control_planes[..] else { panic!("two control planes") };
    let worker = &cluster.workers[0];
    let (a, b, w) = (first.address().to_string(), second.address().to_string(), worker.address().to_string());
    let mut endpoint = admin(first.address()).await;

    for (target, hostname) in
        [(&a, "cp-0"), (&b, "cp-1"), (&w, "worker-0"), (&"worker-0".to_owned(), "worker-0")]
    {
        let reply = endpoint.hostname(with((), &[("node", target)])).await.unwrap().into_inner();
        assert_eq!(reply.messages[0].hostname, hostname);
        assert!(reply.messages[0].metadata.is_none());
    }
    for (target, code) in [
        ("127.9.9.9", Code::Unavailable),
        ("10.1.2.3", Code::Unavailable),
        ("nosuch", Code::Unavailable),
        ("", Code::Internal),
        (&format!("{b}:50000"), Code::Internal),
    ] {
        let refused = endpoint.hostname(with((), &[("node", target)])).await.unwrap_err();
        assert_eq!(refused.code(), code, "{target:?}: {}", refused.message());
    }
    let twice = endpoint.hostname(with((), &[("node", &a), ("node", &b)])).await.unwrap_err();
    assert_eq!(twice.code(), Code::InvalidArgument);
    // A status without any message passes through as it is.
    let read = ReadRequest { path: "/nosuch".into() };
    let refused = endpoint.read(with(read, &[("node", &b)])).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);

    let nodes = [("nodes", a.as_str()), ("nodes", w.as_str()), ("nodes", "127.9.9.9")];
    let reply = endpoint.hostname(with((), &nodes)).await.unwrap().into_inner();
    let seen: Vec<_> = reply
        .messages
        .iter()
        .map(|message| {
            let metadata = message.metadata.clone().unwrap();
            (metadata.hostname, message.hostname.clone(), metadata.status.map(|status| status.code))
        })
        .collect();
    let wanted = [
        (a.clone(), "cp-0".to_owned(), None),
        (w.clone(), "worker-0".to_owned(), None),
        ("127.9.9.9".to_owned(), String::new(), Some(Code::Unavailable as i32)),
    ];
    assert_eq!(seen, wanted);

    let logs =
        LogsRequest { namespace: "system".into(), id: "apid".into(), tail_lines: -1, ..Default::default() };
    let mut stream = endpoint.logs(with(logs, &nodes)).await.unwrap().into_inner();
    let (mut texts, mut errors) = (0, 0);
    while let Some(data) = stream.message().await.unwrap() {
        let metadata = data.metadata.unwrap();
        texts += usize::from(metadata.error.is_empty() && !data.bytes.is_empty());
        errors += usize::from(!metadata.error.is_empty());
    }
    assert_eq!((texts, errors), (2, 1));

    let get = GetRequest {
        namespace: "runtime".into(),
        r#type: "MachineStatuses.runtime.talos.dev".into(),
        id: "machine".into(),
        options: None,
    };
    let mut resources = state(first.address(), &[Role::Admin]).await;
    resources.get(with(get.clone(), &[("node", &w)])).await.unwrap();
    assert_eq!(resources.get(with(get, &nodes)).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn workers_pass_nothing_on() {
    let cluster = TestCluster::bootstrapped(1, 1).await;
    let worker = &cluster.workers[0];
    let mut endpoint = admin(worker.address()).await;
    endpoint.version(with((), &[("node", &worker.address().to_string())])).await.unwrap();
    endpoint.version(with((), &[("nodes", "worker-0")])).await.unwrap();
    let other = cluster.control_planes[0].address().to_string();
    for header in ["node", "nodes"] {
        let refused = endpoint.version(with((), &[(header, &other)])).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        assert_eq!(refused.message(), "no request forwarding");
    }
}

#[tokio::test]
async fn roles_travel_with_the_call_and_cannot_be_claimed() {
    let cluster = TestCluster::bootstrapped(2, 0).await;
    let other = cluster.control_planes[1].address().to_string();
    let mut reader = client(cluster.control_planes[0].address(), &[Role::Reader]).await;
    reader.version(with((), &[("node", &other)])).await.unwrap();
    let call = cluster.simulation.calls().pop().unwrap();
    assert_eq!(
        (call.node.to_string(), call.roles, call.forwarded),
        (other.clone(), [Role::Reader].into(), true)
    );
    let read = || ReadRequest { path: "/etc/hostname".into() };
    for metadata in [&[("node", other.as_str())][..], &[("talos-role", "os:admin")]] {
        let refused = reader.read(with(read(), metadata)).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    let mut impersonator = client(cluster.control_planes[0].address(), &[Role::Impersonator]).await;
    impersonator.read(with(read(), &[("talos-role", "os:admin")])).await.unwrap();
    // A call that was passed on already is answered here, whatever it says.
    let reply = impersonator
        .hostname(with((), &[("talos-role", "os:reader"), ("proxyfrom", "x"), ("node", &other)]))
        .await
        .unwrap();
    assert_eq!(reply.into_inner().messages[0].hostname, "cp-0");
}
