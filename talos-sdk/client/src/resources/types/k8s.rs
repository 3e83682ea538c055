//! Resources of the package `k8s`, written by `cargo run -p talos-proto-codegen --bin resource_types`.

super::messages! { talos_proto::talos::resource::definitions::k8s:
    ApiServerConfigSpec = "APIServerConfigs.kubernetes.talos.dev" in "controlplane", since 9, sensitive true, older API_SERVER_ARGUMENTS;
    AdmissionControlConfigSpec = "AdmissionControlConfigs.kubernetes.talos.dev" in "controlplane", since 9, id "admission-control";
    AuditPolicyConfigSpec = "AuditPolicyConfigs.kubernetes.talos.dev" in "controlplane", since 9, sensitive true, id "audit-policy";
    AuthenticationConfigSpec = "AuthenticationConfigs.kubernetes.talos.dev" in "controlplane", since 14, sensitive true, id "authentication-config";
    AuthorizationConfigSpec = "AuthorizationConfigs.kubernetes.talos.dev" in "controlplane", since 9, sensitive true, id "authorization";
    BootstrapManifestsConfigSpec = "BootstrapManifestsConfigs.kubernetes.talos.dev" in "controlplane", since 9, id "manifests";
    ConfigStatusSpec = "ConfigStatuses.kubernetes.talos.dev" in "controlplane", since 9, id "static-pods";
    ControllerManagerConfigSpec = "ControllerManagerConfigs.kubernetes.talos.dev" in "controlplane", since 9, older CONTROLLER_MANAGER_ARGUMENTS;
    EndpointSpec = "Endpoints.kubernetes.talos.dev" in "controlplane", since 9;
    EtcdEncryptionConfigSpec = "EtcdEncryptionConfigs.kubernetes.talos.dev" in "k8s", since 14, sensitive true, id "k8s";
    ExtraManifestsConfigSpec = "ExtraManifestsConfigs.kubernetes.talos.dev" in "controlplane", since 9, id "extra-manifests";
    KubePrismConfigSpec = "KubePrismConfigs.kubernetes.talos.dev" in "k8s", since 9, id "k8s-loadbalancer-config";
    KubePrismEndpointsSpec = "KubePrismEndpoints.kubernetes.talos.dev" in "k8s", since 9, id "k8s-cluster";
    KubePrismStatusesSpec = "KubePrismStatuses.kubernetes.talos.dev" in "k8s", since 9, id "k8s-loadbalancer";
    KubeletConfigSpec = "KubeletConfigs.kubernetes.talos.dev" in "k8s", since 9, sensitive true, id "kubelet", older KUBELET_ARGUMENTS;
    KubeletKubeconfigSpec = "KubeletKubeconfigs.kubernetes.talos.dev" in "k8s", since 12, id "kubelet";
    KubeletSpecSpec = "KubeletSpecs.kubernetes.talos.dev" in "k8s", since 9, sensitive true, id "kubelet";
    KubeletStatusSpec = "KubeletStatuses.kubernetes.talos.dev" in "k8s", since 14;
    ManifestStatusSpec = "ManifestStatuses.kubernetes.talos.dev" in "controlplane", since 9, id "manifests";
    ManifestSpec = "Manifests.kubernetes.talos.dev" in "controlplane", since 9;
    NodeAnnotationSpecSpec = "NodeAnnotationSpecs.k8s.talos.dev" in "k8s", since 9, sensitive true;
    NodeIpConfigSpec = "NodeIPConfigs.kubernetes.talos.dev" in "k8s", since 9, id "kubelet";
    NodeIpSpec = "NodeIPs.kubernetes.talos.dev" in "k8s", since 9, id "kubelet";
    NodeLabelSpecSpec = "NodeLabelSpecs.k8s.talos.dev" in "k8s", since 9, sensitive true;
    NodeStatusSpec = "NodeStatuses.kubernetes.talos.dev" in "k8s", since 9;
    NodeTaintSpecSpec = "NodeTaintSpecs.k8s.talos.dev" in "k8s", since 9, sensitive true;
    NodenameSpec = "Nodenames.kubernetes.talos.dev" in "k8s", since 9, id "nodename";
    SchedulerConfigSpec = "SchedulerConfigs.kubernetes.talos.dev" in "controlplane", since 9, older SCHEDULER_ARGUMENTS;
    SecretsStatusSpec = "SecretStatuses.kubernetes.talos.dev" in "controlplane", since 9, id "static-pods";
    StaticPodServerStatusSpec = "StaticPodServerStatuses.kubernetes.talos.dev" in "k8s", since 9, id "static-pod-server-status";
    StaticPodStatusSpec = "StaticPodStatuses.kubernetes.talos.dev" in "k8s", since 9;
    StaticPodSpec = "StaticPods.kubernetes.talos.dev" in "k8s", since 9;
}
