//! Exempt objects.

use crate::request::AdmissionRequest;

crate::settings! {
    /// A route that is accepted without checks.
    pub struct Exemption {
        /// The namespace.
        pub namespace: String,
        /// The name.
        pub name: String,
    }
}

impl Exemption {
    /// Returns the exemptions of K8TRE's own routes, which its `agnostics/gateway` tree creates: the health
    /// probe, and the redirect to HTTPS.
    pub fn gateway_routes() -> Vec<Self> {
        let exemption = |name: &&str| Self {
            namespace: "gateway".to_owned(),
            name: (*name).to_owned(),
        };
        let names = ["gw-health-probe-route", "http-to-https-redirect"];
        names.iter().map(exemption).collect()
    }

    /// Returns whether the request is about the exempt object.
    pub fn covers(&self, request: &AdmissionRequest<'_>) -> bool {
        self.namespace == request.namespace && self.name == request.name
    }
}
