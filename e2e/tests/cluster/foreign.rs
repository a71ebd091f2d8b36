//! A cluster of others, of which nothing is to be left changed.

use std::net::{IpAddr, TcpListener};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::access::Access;
use crate::client::Client;
use crate::own;
use crate::webhooks::PORT;

/// Where `cargo xtask e2e cluster` says which cluster, and what of it.
pub(crate) const KUBECONFIG: &str = "AGNOSTICS_E2E_KUBECONFIG";
pub(crate) const CONTEXT: &str = "AGNOSTICS_E2E_CONTEXT";
const WEBHOOK_ADDRESS: &str = "AGNOSTICS_E2E_WEBHOOK_ADDRESS";

/// The cluster.
pub(crate) struct Foreign {
    pub(crate) access: Access,
    /// Where its API server reaches this machine.
    pub(crate) reviews_at: Option<String>,
}

impl Foreign {
    /// The cluster that the suite is told to run on, if it is.
    ///
    /// # Errors
    /// When it cannot be reached as it is told.
    pub(crate) fn told() -> Result<Option<Self>, String> {
        let Some(kubeconfig) = std::env::var_os(KUBECONFIG).map(PathBuf::from) else {
            return Ok(None);
        };
        let context = std::env::var(CONTEXT).map_err(|error| format!("{CONTEXT}: {error}"))?;
        Ok(Some(Self {
            access: Access::of_context(&kubeconfig, &context)?,
            reviews_at: std::env::var(WEBHOOK_ADDRESS).ok(),
        }))
    }

    /// Looks whether the suite can run here.
    ///
    /// # Errors
    /// When it may not, or when the plane is here already: its objects would be changed.
    pub(crate) fn look(&self) -> Result<(), String> {
        let address = self.reviews_at.as_deref().map(str::parse::<IpAddr>);
        if let Some(Ok(address)) = address {
            TcpListener::bind((address, PORT)).map_err(|error| {
                format!(
                    "cannot listen at {address}:{PORT}: {error}; give an address of this machine, or a name \
                     that leads to it, with `--webhook-address`"
                )
            })?;
        }
        let admin = Client::new(self.access.clone());
        let everything = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {"group": "*", "resource": "*", "verb": "*"}},
        });
        let reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let answer = admin.ask("POST", reviews, "application/json", Some(&everything))?;
        if answer.body["status"]["allowed"] != true {
            return Err(
                "the suite needs a cluster's administrator: it installs kinds, roles and \
                        webhooks, and removes them again"
                    .to_owned(),
            );
        }
        for present in [
            "/apis/storage.k8s.io/v1/storageclasses/rwo-default",
            "/apis/storage.k8s.io/v1/storageclasses/rwx-default",
            "/apis/external-secrets.io/v1/clustersecretstores/secret-store",
        ] {
            if admin.get(present).status != 404 {
                return Err(format!(
                    "the cluster has {present}: the suite makes its own, so it takes a cluster without \
                     the plane"
                ));
            }
        }
        Ok(())
    }
}

/// Gives an object an owner, which is not there: in a cluster of others its garbage collector would take
/// the object away.
pub(crate) fn owned_by(object: &mut Value, mut owner: Value) {
    if own::run().is_none() {
        owner["uid"] = "4d7e7a3c-7c1b-4c1e-8f0a-0c6f0c1f7b11".into();
        object["metadata"]["ownerReferences"] = json!([owner]);
    }
}

/// Has no controller in a cluster of others act on a load balancer or a Gateway, which might cost
/// addresses or money: its class is one of nobody.
pub(crate) fn of_nobody(object: &mut Value) {
    if own::run().is_none() {
        return;
    }
    let class = match object["kind"].as_str() {
        Some("Gateway") => "gatewayClassName",
        _ if object["spec"]["type"] == "LoadBalancer" => "loadBalancerClass",
        _ => return,
    };
    object["spec"][class] = NOBODY.into();
}

const NOBODY: &str = "example.org/nobody";

/// Whether a warning is about that class and nothing else.
pub(crate) fn is_about_nobody(warning: &str) -> bool {
    warning.contains(NOBODY)
}

/// Takes away all that was made, the latest first, and waits until it is gone.
///
/// # Errors
/// What is left.
pub(crate) fn leave(admin: &Client) -> Result<(), String> {
    let mut made = admin.take_made();
    made.reverse();
    // Webhooks first: they would have a say in the rest.
    made.sort_by_key(|path| !path.contains("webhookconfigurations"));
    // The API server takes its time for kinds, so patience begins anew whenever something has gone.
    let patient = |since: Instant| since.elapsed() < Duration::from_secs(180);
    let mut since = Instant::now();
    let mut last = String::new();
    while !made.is_empty() {
        let count = made.len();
        // Again for as long as it is there: a request may be lost, or come too early.
        made.retain(|path| {
            if !patient(since) {
                return true;
            }
            match admin.try_delete(path) {
                Ok(answer) if answer.status == 404 => return false,
                Ok(answer) => last = format!("{} {}", answer.status, answer.message()),
                Err(error) => last = error,
            }
            true
        });
        if made.len() < count {
            since = Instant::now();
        } else if !patient(since) {
            return Err(format!("{}; the last answer: {last}", made.join(", ")));
        } else {
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    Ok(())
}
