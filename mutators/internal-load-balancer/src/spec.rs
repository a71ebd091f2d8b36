//! Fields of the spec that annotations do not override, and that this policy does not change.

use admission::Malformed;

use crate::address::{Ranges, is_public, parse};
use crate::load_balancer::Kind;
use crate::plan::Plan;
use crate::reserved::requests;
use crate::settings::Provider;
use crate::vendor::{SOURCE_RANGES, is_public_class, own_classes};

admission::rule! {
    /// The load balancer class is public regardless of annotations.
    ///
    /// # What it checks
    /// The class of a Service, Gateway or Ingress must not be one for public load balancers, such as
    /// `networking.gke.io/l4-regional-external` on GKE, or `azure-alb-external` of Azure's Application Gateway
    /// for Containers.
    ///
    /// # Why
    /// No annotation overrides the class, so the policy cannot make such a load balancer internal.
    ///
    /// # Example
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: gcp}
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: portal, namespace: portal}
    /// spec:
    ///   type: LoadBalancer
    ///   loadBalancerClass: networking.gke.io/l4-regional-external
    ///   ports: [{port: 443}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: gcp}
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: portal
    ///   namespace: portal
    ///   annotations: {networking.gke.io/load-balancer-type: Internal}
    /// spec:
    ///   type: LoadBalancer
    ///   ports: [{port: 443}]
    /// ```
    pub PUBLIC_LOAD_BALANCER_CLASS = "public-load-balancer-class";
}

admission::rule! {
    /// The load balancer class is not allowed.
    ///
    /// # What it checks
    /// If `spec.loadBalancerClass` is set, it must be a class of the provider's own controllers, or be listed in
    /// the setting `allowedClasses`.
    ///
    /// # Why
    /// Another controller creates the load balancer and ignores the provider's annotations, so it may be
    /// public.
    ///
    /// # Example
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: azure}
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: portal, namespace: portal}
    /// spec:
    ///   type: LoadBalancer
    ///   loadBalancerClass: tailscale
    ///   ports: [{port: 443}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: azure}
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: portal, namespace: portal}
    /// spec:
    ///   type: LoadBalancer
    ///   ports: [{port: 443}]
    /// ```
    pub UNKNOWN_LOAD_BALANCER_CLASS = "unknown-load-balancer-class";
}

admission::rule! {
    /// The source ranges allow every address to connect.
    ///
    /// # What it checks
    /// The ranges in `spec.loadBalancerSourceRanges` and in the annotations for source ranges must not cover
    /// every address of the internet, neither one of them, such as `0.0.0.0/0`, nor all of them together. On
    /// Azure, the service tag `Internet` covers every address. The policy warns, or rejects the object with
    /// `onConflict: reject`. It does not change the ranges.
    ///
    /// # Why
    /// Source ranges restrict who may connect. Ranges with every address restrict nobody.
    ///
    /// # Example
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: azure}
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: portal, namespace: portal}
    /// spec:
    ///   type: LoadBalancer
    ///   loadBalancerSourceRanges: [0.0.0.0/0]
    ///   ports: [{port: 443}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: azure}
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: portal, namespace: portal}
    /// spec:
    ///   type: LoadBalancer
    ///   loadBalancerSourceRanges: [10.20.0.0/16]
    ///   ports: [{port: 443}]
    /// ```
    pub OPEN_SOURCE_RANGES = "open-source-ranges";
}

admission::rule! {
    /// The object asks for a public address.
    ///
    /// # What it checks
    /// The policy warns about public IP addresses in `spec.loadBalancerIP` of a Service, in `spec.addresses` of
    /// a Gateway, and in annotations for addresses.
    ///
    /// # Why
    /// An internal load balancer has a private address. A public one is a mistake, or the load balancer is
    /// meant to be public and needs an entry in the setting `public`.
    ///
    /// # Example
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: azure}
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: portal, namespace: portal}
    /// spec:
    ///   type: LoadBalancer
    ///   loadBalancerIP: 203.0.113.7
    ///   ports: [{port: 443}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: azure}
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: portal, namespace: portal}
    /// spec:
    ///   type: LoadBalancer
    ///   loadBalancerIP: 10.20.0.7
    ///   ports: [{port: 443}]
    /// ```
    pub PUBLIC_ADDRESS = "public-address";
}

admission::rule! {
    /// The Service has external IPs.
    ///
    /// # What it checks
    /// A Service of any type must not get or change `spec.externalIPs`. The policy warns about those that an
    /// existing Service keeps.
    ///
    /// # Why
    /// Every node sends traffic for these addresses to the Service. With the public address of a node, the
    /// Service is public. With the address of another service, it intercepts that service's traffic
    /// (CVE-2020-8554).
    ///
    /// # Example
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: azure}
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: portal, namespace: portal}
    /// spec:
    ///   externalIPs: [203.0.113.7]
    ///   ports: [{port: 443}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: azure}
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: portal, namespace: portal}
    /// spec:
    ///   ports: [{port: 443}]
    /// ```
    pub EXTERNAL_IPS = "external-ips";
}

impl Plan<'_, '_> {
    /// Checks `spec.externalIPs`.
    pub(crate) fn check_external_ips(&mut self) -> Result<(), Malformed> {
        let load_balancer = self.load_balancer;
        if load_balancer.has_external_ips()? {
            let message =
                "every node would send traffic for these addresses to the Service; remove it";
            if load_balancer.keeps_external_ips {
                self.warn(EXTERNAL_IPS, "spec.externalIPs", message);
            } else {
                self.reject(
                    EXTERNAL_IPS,
                    "spec.externalIPs".to_owned(),
                    message.to_owned(),
                );
            }
        }
        Ok(())
    }

    /// Checks the class. Returns whether a controller of the provider reads the provider's annotations.
    pub(crate) fn check_class(&mut self) -> Result<bool, Malformed> {
        let Some((path, class)) = self.load_balancer.class()? else {
            return Ok(true);
        };
        let is_own = self.load_balancer.kind != Kind::Service
            || own_classes(self.provider).contains(&class.as_ref());
        if is_public_class(&class) {
            let message = format!(
                "`{class}` is public regardless of annotations; use another class, or have the object \
                 added to the setting `public`"
            );
            self.reject(PUBLIC_LOAD_BALANCER_CLASS, path, message);
        } else if !is_own && !self.settings.allowed_classes.iter().any(|it| *it == class) {
            let message = format!(
                "`{class}` is not allowed; remove it, or have it added to the setting `allowedClasses`"
            );
            self.reject(UNKNOWN_LOAD_BALANCER_CLASS, path, message);
        }
        Ok(is_own || matches!(self.provider, Provider::Metallb | Provider::Custom))
    }

    /// Checks the source ranges in the spec and in annotations. Vendors differ in which of them count, so they
    /// are checked together.
    pub(crate) fn check_source_ranges(&mut self) -> Result<(), Malformed> {
        let mut lists = Vec::new();
        for node in self.load_balancer.source_ranges()? {
            lists.push((node.path(), node.string()?));
        }
        for key in SOURCE_RANGES {
            if let Some(ranges) = self.load_balancer.annotations.get(key)? {
                lists.push((self.load_balancer.annotation_path(key), ranges));
            }
        }
        let mut all = Ranges::default();
        for (path, ranges) in lists {
            // One finding for each list: the first range that leaves no address out.
            let mut ranges = ranges.split(',').map(str::trim);
            if let Some(range) = ranges.find(|range| all.cover_internet_with(range)) {
                self.conflict(
                    OPEN_SOURCE_RANGES,
                    path,
                    format_args!("`{range}` allows every address to connect"),
                    format_args!(
                        "`{range}` allows every address to connect; list the networks that may"
                    ),
                );
                all = Ranges::default();
            }
        }
        Ok(())
    }

    /// Warns about public addresses in the spec and in annotations. Cluster IPs may be in any range.
    pub(crate) fn check_addresses(&mut self) -> Result<(), Malformed> {
        for node in requests(&self.load_balancer.root)? {
            let addresses = node.string()?;
            for address in addresses.split(',').map(str::trim) {
                let path = node.path();
                if parse(address).is_some_and(is_public) && !path.starts_with("spec.clusterIP") {
                    let message = format!("`{address}` is a public address");
                    self.warn(PUBLIC_ADDRESS, path, message);
                }
            }
        }
        Ok(())
    }
}
