//! Resources of the package `secrets`, written by `cargo run -p talos-proto-codegen --bin resource_types`.

super::messages! { talos_proto::talos::resource::definitions::secrets:
    ApiCertsSpec = "ApiCertificates.secrets.talos.dev" in "secrets", since 9, sensitive true, id "api";
    CertSanSpec = "CertSANs.secrets.talos.dev" in "secrets", since 9, sensitive true;
    EncryptionSaltSpec = "EncryptionSalts.secrets.talos.dev" in "secrets", since 11, sensitive true, id "salt";
    EtcdRootSpec = "EtcdRootSecrets.secrets.talos.dev" in "secrets", since 9, sensitive true, id "etcd";
    EtcdCertsSpec = "EtcdSecrets.secrets.talos.dev" in "secrets", since 9, sensitive true, id "etcd";
    KubeletSpec = "KubeletSecrets.secrets.talos.dev" in "secrets", since 9, sensitive true, id "kubelet";
    KubernetesDynamicCertsSpec = "KubernetesDynamicCerts.secrets.talos.dev" in "secrets", since 9, sensitive true, id "k8s-dynamic-certs";
    KubernetesRootSpec = "KubernetesRootSecrets.secrets.talos.dev" in "secrets", since 9, sensitive true, id "k8s";
    KubernetesCertsSpec = "KubernetesSecrets.secrets.talos.dev" in "secrets", since 9, sensitive true, id "k8s-certs";
    MaintenanceRootSpec = "MaintenanceRootSecrets.secrets.talos.dev" in "secrets", since 9, sensitive true, id "maintenance";
    MaintenanceServiceCertsSpec = "MaintenanceServiceCertificates.secrets.talos.dev" in "secrets", since 9, until 13, sensitive true;
    OsRootSpec = "OSRootSecrets.secrets.talos.dev" in "secrets", since 9, sensitive true, id "os";
    TrustdCertsSpec = "TrustdCertificates.secrets.talos.dev" in "secrets", since 9, sensitive true, id "trustd";
}
