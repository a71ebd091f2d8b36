//! ServiceAccounts, by tokens that the API server gives them, as it does for their pods.

use std::path::PathBuf;

use serde_json::json;

use crate::client::Client;
use crate::plane::{Plane, server};

/// A ServiceAccount of the cluster.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    pub(crate) namespace: &'static str,
    pub(crate) name: &'static str,
}

impl Account {
    fn token(self, plane: &Plane) -> String {
        let Self { namespace, name } = self;
        let request = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600},
        });
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token");
        let answer = plane.admin.post(&path, &request).accepted();
        let token = answer["status"]["token"].as_str().expect("a token");
        token.to_owned()
    }

    pub(crate) fn client(self, plane: &Plane) -> Client {
        plane.admin.with_token(&plane.authority, &self.token(plane))
    }

    /// What a pod's token and the cluster's variables tell in a cluster.
    pub(crate) fn kubeconfig(self, plane: &Plane) -> PathBuf {
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "e2e", "cluster": {
                "server": server(),
                "certificate-authority": plane.authority.path("ca.crt"),
            }}],
            "users": [{"name": self.name, "user": {"token": self.token(plane)}}],
            "contexts": [{"name": "e2e", "context": {"cluster": "e2e", "user": self.name}}],
            "current-context": "e2e",
        });
        let path = plane
            .path()
            .join(format!("{}-account.kubeconfig", self.name));
        std::fs::write(&path, config.to_string()).expect("a file");
        path
    }
}
