//! The images that a boot pulls.

use std::sync::PoisonError;

use super::Run;
use crate::images::{self, Names, Reference};
use crate::{pods, workload};

impl Run {
    /// Works on the images of one store.
    pub(crate) fn images<T>(&self, store: images::Store, work: impl FnOnce(&mut Names) -> T) -> T {
        match store {
            images::Store::InMemory => work(&mut self.images.lock().unwrap_or_else(PoisonError::into_inner)),
            images::Store::System => work(&mut self.node.disk().images.system),
            images::Store::Cri => {
                self.pull_images_of_pods();
                work(&mut self.node.disk().images.cri)
            }
        }
    }

    /// Pulls an image. Says whether it was there before.
    pub(crate) fn pull(&self, store: images::Store, reference: &Reference) -> bool {
        self.images(store, |names| images::pull(names, reference, self.now()))
    }

    /// Pulls what a service runs, as it did to get healthy.
    pub(super) fn pull_images_of(&self, id: &str) {
        let Some(config) = self.config() else { return };
        let mut wanted = Vec::new();
        match id {
            "etcd" => wanted.push((images::Store::System, config.components.etcd.image.clone())),
            "kubelet" => {
                let kubelet = config.components.kubelet.image.clone();
                wanted.push((images::Store::System, kubelet));
                wanted.push((images::Store::Cri, pods::SANDBOX_IMAGE.to_owned()));
            }
            _ => {}
        }
        for (store, image) in wanted {
            if let Ok(reference) = Reference::parse(&image) {
                self.pull(store, &reference);
            }
        }
    }

    /// Pulls what the pods run that came since: early enough is before somebody looks.
    fn pull_images_of_pods(&self) {
        let mut seen = self.pods.lock().unwrap_or_else(PoisonError::into_inner);
        for pod in workload::running_pods(self).into_iter().filter(|pod| seen.insert(pod.uid.clone())) {
            if let Ok(reference) = Reference::parse(&pod.image) {
                images::pull(&mut self.node.disk().images.cri, &reference, self.now());
            }
        }
    }
}
