//! Whole-cluster work on Talos: bootstrap, kubeconfig, health.
