//! The container of a rendered workload, with local paths.

use std::collections::BTreeMap;
use std::path::PathBuf;

use k8s_openapi::api::core::v1::PodTemplateSpec;

use super::{Zone, keys};

/// A rendered workload with one container.
pub(super) struct Pod {
    template: PodTemplateSpec,
    root: PathBuf,
}

impl Pod {
    pub(super) fn of(zone: &Zone, kind: &str, name: &str) -> Self {
        let template = zone.object(kind, name).value["spec"]["template"].clone();
        Self {
            template: serde_json::from_value(template).expect("a pod"),
            root: zone.path().to_owned(),
        }
    }

    fn container(&self) -> &k8s_openapi::api::core::v1::Container {
        let containers = self
            .template
            .spec
            .as_ref()
            .map(|spec| spec.containers.as_slice());
        match containers {
            Some([container]) => container,
            _ => panic!("a pod of one container"),
        }
    }

    /// Returns the arguments with local paths.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut arguments = self.container().args.clone().unwrap_or_default();
        self.swap_paths(&mut arguments);
        arguments
    }

    pub(super) fn environment(&self) -> BTreeMap<String, String> {
        let variables = self.container().env.iter().flatten();
        variables
            .map(|variable| {
                let mut value = vec![variable.value.clone().expect("a plain value")];
                self.swap_paths(&mut value);
                (variable.name.clone(), value.concat())
            })
            .collect()
    }

    /// Replaces the container's mount paths with local directories.
    pub(super) fn swap_paths(&self, texts: &mut [String]) {
        for mount in self.container().volume_mounts.iter().flatten() {
            let here = self.path(&mount.mount_path).display().to_string();
            for text in &mut *texts {
                *text = text.replace(&format!("{}/", mount.mount_path), &format!("{here}/"));
            }
        }
    }

    /// Returns the local directory for a mount path.
    pub(super) fn path(&self, mount_path: &str) -> PathBuf {
        let mounts = self.container().volume_mounts.iter().flatten();
        let mut mounts = mounts.filter(|mount| mount.mount_path == mount_path);
        let mount = mounts
            .next()
            .unwrap_or_else(|| panic!("nothing is mounted at {mount_path}"));
        let volumes = self
            .template
            .spec
            .iter()
            .flat_map(|spec| spec.volumes.iter().flatten());
        let mut volumes = volumes.filter(|volume| volume.name == mount.name);
        let secret = volumes.find_map(|volume| volume.secret.as_ref()?.secret_name.as_deref());
        match secret {
            Some(secret) => keys::directory(&self.root, secret),
            None => self
                .root
                .join("volume")
                .join(self.container().name.as_str())
                .join(&mount.name),
        }
    }

    pub(super) fn probe(&self, which: &str) -> &str {
        let container = self.container();
        let probe = match which {
            "readiness" => &container.readiness_probe,
            _ => &container.liveness_probe,
        };
        let http = probe.as_ref().and_then(|probe| probe.http_get.as_ref());
        http.and_then(|get| get.path.as_deref())
            .expect("a probe over HTTP")
    }
}

/// Replaces a text, which must occur.
pub(crate) fn swap(texts: &mut [String], from: &str, to: &str) {
    assert!(
        texts.iter().any(|text| text.contains(from)),
        "no `{from}` in {texts:#?}"
    );
    for text in texts {
        *text = text.replace(from, to);
    }
}
