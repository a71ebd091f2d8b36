//! ServiceAccounts, by tokens that the API server gives them, as it does for their pods.

use std::path::PathBuf;

use serde_json::json;

use crate::access::Access;
use crate::client::Client;
use crate::own::own;
use crate::plane::Plane;

/// A ServiceAccount of the cluster.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    pub(crate) namespace: &'static str,
    pub(crate) name: &'static str,
}

impl Account {
    /// What a pod's token and the cluster's variables tell in a cluster.
    fn access(self, admin: &Client) -> Access {
        let Self { namespace, name } = self;
        let request = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600},
        });
        let namespace = own(namespace);
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token");
        let answer = admin.post(&path, &request).accepted();
        let token = answer["status"]["token"].as_str().expect("a token");
        admin.access.with_token(token.to_owned())
    }

    pub(crate) fn client(self, plane: &Plane) -> Client {
        self.by(&plane.admin)
    }

    /// Its client, by the client of whoever may have its token.
    pub(crate) fn by(self, admin: &Client) -> Client {
        admin.through(self.access(admin))
    }

    pub(crate) fn kubeconfig(self, plane: &Plane) -> PathBuf {
        let Self { namespace, name } = self;
        let path = plane.path().join(format!("{namespace}-{name}.kubeconfig"));
        let config = self.access(&plane.admin).kubeconfig();
        std::fs::write(&path, config.to_string()).expect("a file");
        path
    }
}
