//! ServiceAccounts with tokens that the API server issues, as it does for pods.

use std::path::PathBuf;

use serde_json::json;

use crate::client::Client;
use crate::cluster::TestCluster;
use crate::kubeconfig;
use crate::prefix::prefixed;

/// A ServiceAccount.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServiceAccount {
    pub(crate) namespace: &'static str,
    pub(crate) name: &'static str,
}

impl ServiceAccount {
    /// Returns a client of the account, with a token that `admin` requests.
    pub(crate) fn client(self, admin: &Client) -> Client {
        let Self { namespace, name } = self;
        let request = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600},
        });
        let namespace = prefixed(namespace);
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token");
        let response = admin.post(&path, &request).accepted();
        let token = response["status"]["token"].as_str().expect("a token");
        admin.with_kubeconfig(kubeconfig::with_token(&admin.kubeconfig, token))
    }

    /// Writes a kubeconfig of the account.
    pub(crate) fn kubeconfig(self, cluster: &TestCluster) -> PathBuf {
        let Self { namespace, name } = self;
        let path = cluster
            .path()
            .join(format!("{namespace}-{name}.kubeconfig"));
        kubeconfig::write(&self.client(&cluster.admin).kubeconfig, &path);
        path
    }
}
