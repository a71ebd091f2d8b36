//! An existing cluster, from which the suite removes everything that it created.

use std::net::{IpAddr, TcpListener};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use kube::config::Kubeconfig;
use serde_json::{Value, json};

use crate::client::Client;
use crate::kubeconfig;
use crate::prefix;
use crate::webhooks::PORT;

// Environment variables with the options of `cargo xtask e2e cluster`.
pub(crate) const KUBECONFIG: &str = "AGNOSTICS_E2E_KUBECONFIG";
pub(crate) const CONTEXT: &str = "AGNOSTICS_E2E_CONTEXT";
const WEBHOOK_ADDRESS: &str = "AGNOSTICS_E2E_WEBHOOK_ADDRESS";

/// An existing cluster.
pub(crate) struct ExistingCluster {
    pub(crate) kubeconfig: Kubeconfig,
    /// The address at which its API server reaches this machine.
    pub(crate) webhook_address: Option<String>,
}

impl ExistingCluster {
    /// Returns the cluster that the environment selects, if any.
    ///
    /// # Errors
    /// Returns an error if the kubeconfig cannot be read.
    pub(crate) fn from_env() -> Result<Option<Self>, String> {
        let Some(file) = std::env::var_os(KUBECONFIG).map(PathBuf::from) else {
            return Ok(None);
        };
        let context = std::env::var(CONTEXT).map_err(|error| format!("{CONTEXT}: {error}"))?;
        Ok(Some(Self {
            kubeconfig: kubeconfig::for_context(&file, &context)?,
            webhook_address: std::env::var(WEBHOOK_ADDRESS).ok(),
        }))
    }

    /// Checks that the suite can run on the cluster.
    ///
    /// # Errors
    /// Returns an error if permissions are missing, or if the plane is installed, because the suite would
    /// change its objects.
    pub(crate) fn check(&self) -> Result<(), String> {
        let address = self.webhook_address.as_deref().map(str::parse::<IpAddr>);
        if let Some(Ok(address)) = address {
            TcpListener::bind((address, PORT)).map_err(|error| {
                format!(
                    "cannot listen on {address}:{PORT}: {error}; give an address of this machine, or a name \
                     that resolves to it, with `--webhook-address`"
                )
            })?;
        }
        let admin = Client::new(self.kubeconfig.clone())?;
        let everything = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {"group": "*", "resource": "*", "verb": "*"}},
        });
        let review = admin.try_create(&everything)?;
        if review.body["status"]["allowed"] != true {
            return Err(
                "the suite needs a cluster administrator: it installs CRDs, roles and webhooks, and \
                 removes them again"
                    .to_owned(),
            );
        }
        for path in [
            "/apis/storage.k8s.io/v1/storageclasses/rwo-default",
            "/apis/storage.k8s.io/v1/storageclasses/rwx-default",
            "/apis/external-secrets.io/v1/clustersecretstores/secret-store",
        ] {
            if admin.get(path).status != 404 {
                return Err(format!(
                    "the cluster already has {path}, which the suite creates; use a cluster without the plane"
                ));
            }
        }
        Ok(())
    }
}

/// Sets an owner that does not exist. Does nothing on an existing cluster, whose garbage collector would delete
/// the object.
pub(crate) fn set_owner(object: &mut Value, mut owner: Value) {
    if prefix::get().is_none() {
        owner["uid"] = "4d7e7a3c-7c1b-4c1e-8f0a-0c6f0c1f7b11".into();
        object["metadata"]["ownerReferences"] = json!([owner]);
    }
}

/// A class that no controller handles. The policies of an existing cluster allow it.
pub(crate) const UNHANDLED_CLASS: &str = "example.org/nobody";

/// Prevents the controllers of an existing cluster from acting on a load balancer or a Gateway, which could use
/// up addresses or cost money.
pub(crate) fn set_unhandled_class(object: &mut Value) {
    if prefix::get().is_none() {
        return;
    }
    let class = match object["kind"].as_str() {
        Some("Gateway") => "gatewayClassName",
        _ if object["spec"]["type"] == "LoadBalancer" => "loadBalancerClass",
        _ => return,
    };
    object["spec"][class] = UNHANDLED_CLASS.into();
}

/// The timeout of the clean-up when it makes no progress.
const CLEAN_UP_TIMEOUT: Duration = Duration::from_secs(180);

/// Deletes everything that the suite created, newest first, and waits until it is gone.
///
/// # Errors
/// Returns an error that lists the objects that still exist.
pub(crate) fn clean_up(admin: &Client) -> Result<(), String> {
    let mut created = admin.take_created();
    created.reverse();
    // Webhooks first, because they would intercept the other deletions.
    created.sort_by_key(|path| !path.contains("webhookconfigurations"));
    // The API server removes CRDs slowly, so the timeout restarts whenever an object is gone.
    let timed_out = |since: Instant| since.elapsed() >= CLEAN_UP_TIMEOUT;
    let mut since = Instant::now();
    let mut last = String::new();
    while !created.is_empty() {
        let count = created.len();
        // Repeats the deletion until the object is gone: a request may be lost or too early.
        created.retain(|path| {
            if timed_out(since) {
                return true;
            }
            match admin.try_delete(path) {
                Ok(response) if response.status == 404 => return false,
                Ok(response) => last = format!("{} {}", response.status, response.message()),
                Err(error) => last = error,
            }
            true
        });
        if created.len() < count {
            since = Instant::now();
        } else if timed_out(since) {
            return Err(format!("{}; last response: {last}", created.join(", ")));
        } else {
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    Ok(())
}
