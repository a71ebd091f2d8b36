//! The cluster that the scenarios share.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use kube::config::Kubeconfig;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api_server::{ApiServer, address};
use crate::certificates::Authority;
use crate::client::Client;
use crate::existing::{self, ExistingCluster};
use crate::kubeconfig;
use crate::policies::{self, Mode, Profile};
use crate::prefix::{self, prefixed};
use crate::service_accounts::ServiceAccount;
use crate::stores;
use crate::webhooks::Webhooks;

/// The namespace of the scenarios' apps.
pub(crate) const APPS: &str = "apps";

/// A developer with the permissions of the role `edit` in every namespace.
const DEVELOPER: ServiceAccount = ServiceAccount {
    namespace: APPS,
    name: "developer",
};

/// An API server with the plane's policies.
pub(crate) struct TestCluster {
    // Dropped in this order: clients before servers.
    webhooks: Option<Webhooks>,
    api_server: Option<ApiServer>,
    /// Issues the certificate of the policy server.
    pub(crate) authority: Authority,
    /// The address at which the API server reaches the policy server.
    pub(crate) webhook_address: String,
    /// A cluster administrator, who also acts as the cluster's controllers.
    pub(crate) admin: Client,
    pub(crate) developer: Client,
    directory: TempDir,
}

impl TestCluster {
    /// Starts an API server.
    pub(crate) fn start() -> Self {
        let api_server = ApiServer::start(0);
        let admin = api_server.admin();
        Self::on(admin, Some(api_server), address(2).to_string())
    }

    /// Uses an existing cluster.
    ///
    /// # Errors
    /// Returns an error if the suite cannot run there or would change existing objects.
    pub(crate) fn existing(existing: ExistingCluster) -> Result<Self, String> {
        existing.check()?;
        prefix::enable();
        let local = || address(2).to_string();
        let webhook_address = existing.webhook_address.unwrap_or_else(local);
        Ok(Self::on(existing.kubeconfig, None, webhook_address))
    }

    fn on(admin: Kubeconfig, api_server: Option<ApiServer>, webhook_address: String) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let authority = Authority::new(directory.path());
        authority.server("policy-server", &webhook_address);
        let admin = Client::new(admin).expect("a kubeconfig that was used before");
        // Constructed before the first request, so that a panic cleans up.
        let mut cluster = Self {
            developer: admin.clone(),
            webhooks: None,
            api_server,
            authority,
            webhook_address,
            admin,
            directory,
        };
        cluster.create_accounts();
        cluster.developer = DEVELOPER.client(&cluster.admin);
        kubeconfig::write(&cluster.developer.kubeconfig, &cluster.kubeconfig());
        cluster
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Returns the address on which the policy server listens.
    pub(crate) fn listen_address(&self) -> IpAddr {
        let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        self.webhook_address.parse().unwrap_or(any)
    }

    pub(crate) fn is_existing(&self) -> bool {
        self.api_server.is_none()
    }

    /// Returns the suite's own API server.
    pub(crate) fn api_server(&self) -> &ApiServer {
        self.api_server.as_ref().expect("not an existing cluster")
    }

    pub(crate) fn start_api_server(&mut self) {
        self.api_server
            .as_mut()
            .expect("not an existing cluster")
            .start_api_server();
    }

    pub(crate) fn kill_api_server(&mut self) {
        self.api_server
            .as_mut()
            .expect("not an existing cluster")
            .kill_api_server();
    }

    /// Returns the default storage class; if there are several, the newest one, as the admission plugin
    /// DefaultStorageClass does.
    pub(crate) fn default_class(&self) -> Option<String> {
        let classes = "/apis/storage.k8s.io/v1/storageclasses";
        let classes = self.admin.list(classes).into_iter();
        let defaults = classes.filter(|it| {
            let annotation = "storageclass.kubernetes.io/is-default-class";
            it["metadata"]["annotations"][annotation] == "true"
        });
        let age = |it: &Value| {
            it["metadata"]["creationTimestamp"]
                .as_str()
                .map(str::to_owned)
        };
        let latest = defaults.max_by_key(age)?;
        latest["metadata"]["name"].as_str().map(str::to_owned)
    }

    /// Creates the accounts of the developer and of the policy server. The role lists the permissions of `edit`
    /// itself, because no controller aggregates roles here.
    fn create_accounts(&self) {
        self.namespace(APPS, &json!({stores::LABEL: "allowed"}));
        for name in ["gateway", policies::ACCOUNT.namespace, "kube-system"] {
            self.namespace(name, &json!({}));
        }
        for ServiceAccount { namespace, name } in [DEVELOPER, policies::ACCOUNT] {
            let account = json!({
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": name, "namespace": prefixed(namespace)},
            });
            self.admin.create(&account).accepted();
        }
        let groups = [
            "",
            "external-secrets.io",
            "gateway.networking.k8s.io",
            "networking.k8s.io",
        ];
        let name = prefixed(DEVELOPER.name);
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": [{"apiGroups": groups, "resources": ["*"], "verbs": ["*"]}],
        });
        self.admin.create(&role).accepted();
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name,
            },
            "subjects": [{
                "kind": "ServiceAccount",
                "name": DEVELOPER.name,
                "namespace": prefixed(DEVELOPER.namespace),
            }],
        });
        self.admin.create(&binding).accepted();
    }

    /// Creates a namespace or updates its labels.
    pub(crate) fn namespace(&self, name: &str, labels: &Value) {
        let mut namespace = json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": prefixed(name), "labels": labels},
        });
        if let Some(prefix) = prefix::get() {
            namespace["metadata"]["labels"][prefix::LABEL] = prefix.into();
        }
        self.admin.apply(&namespace).accepted();
    }

    /// Replaces the installed policies with those of a profile, as Kubewarden does.
    pub(crate) fn install(&mut self, profile: Profile) {
        self.install_in(profile, Mode::Protect);
    }

    /// Installs the policies of a profile in a mode.
    pub(crate) fn install_in(&mut self, profile: Profile, mode: Mode) {
        if self.webhooks.is_none() {
            self.webhooks = Some(Webhooks::start(self));
        }
        let webhooks = self.webhooks.as_ref().expect("started");
        webhooks.install(self, profile, mode);
    }

    /// Returns the webhooks of the installed policies.
    pub(crate) fn webhooks(&self) -> &Webhooks {
        self.webhooks.as_ref().expect("installed")
    }

    pub(crate) fn stop_policy_server(&mut self) {
        self.webhooks.as_mut().expect("installed").server = None;
    }

    pub(crate) fn start_policy_server(&mut self) {
        let webhooks = self.webhooks();
        let server = webhooks.start_server(self);
        self.webhooks.as_mut().expect("installed").server = Some(server);
    }

    /// Makes the policy server accept requests without responding, as a very slow one does.
    pub(crate) fn pause_policy_server(&self) {
        self.webhooks().pause(true);
    }

    /// Makes the policy server respond again, including to requests that it received while paused.
    pub(crate) fn resume_policy_server(&self) {
        self.webhooks().pause(false);
    }

    /// Restores the servers and policies after a failed scenario.
    pub(crate) fn reset(&mut self) {
        if self.api_server.as_ref().is_some_and(ApiServer::is_down) {
            self.start_api_server();
        }
        self.stop_policy_server();
        self.start_policy_server();
        Webhooks::grant(self);
        self.install(Profile::K3s);
    }

    /// Deletes what the suite created on an existing cluster.
    ///
    /// # Errors
    /// Returns an error that lists the objects that still exist.
    pub(crate) fn clean_up(&mut self) -> Result<(), String> {
        match self.api_server {
            Some(_) => Ok(()),
            None => existing::clean_up(&self.admin),
        }
    }

    /// Returns the developer's kubeconfig.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.path().join("developer.kubeconfig")
    }
}

impl Drop for TestCluster {
    fn drop(&mut self) {
        if let Err(left) = self.clean_up() {
            eprintln!("not removed from the cluster: {left}");
        }
    }
}
