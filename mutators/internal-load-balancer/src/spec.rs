//! Fields of the spec that annotations do not override, and that this policy does not change.

use admission::Malformed;

use crate::load_balancer::is_public_address;
use crate::plan::Plan;
use crate::vendor::{ADDRESSES, SOURCE_RANGES, is_public_class, supports_class};

admission::rule! {
    /// The load balancer class is public regardless of annotations.
    ///
    /// # What it checks
    /// `spec.loadBalancerClass` must not be a class for public load balancers, such as
    /// `networking.gke.io/l4-regional-external` on GKE.
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
    /// The load balancer class is not one of the provider's.
    ///
    /// # What it checks
    /// `spec.loadBalancerClass` should not be set, or be a class of the setting `provider`.
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
    /// Neither `spec.loadBalancerSourceRanges` nor the annotation
    /// `service.beta.kubernetes.io/load-balancer-source-ranges` may contain `0.0.0.0/0` or `::/0`. The policy
    /// warns, or rejects the object with `onConflict: reject`. It does not change the ranges.
    ///
    /// # Why
    /// Source ranges restrict who may connect. A range with every address restricts nobody.
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
    /// The policy warns about public IP addresses in `spec.loadBalancerIP` and `spec.externalIPs` of a Service,
    /// in `spec.addresses` of a Gateway, and in annotations for addresses.
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

impl Plan<'_, '_> {
    /// Checks `spec.loadBalancerClass`.
    pub(crate) fn check_class(&mut self) -> Result<(), Malformed> {
        let Some(class) = self.load_balancer.class()? else {
            return Ok(());
        };
        let path = "spec.loadBalancerClass".to_owned();
        if is_public_class(&class) {
            let message = format!(
                "`{class}` is public regardless of annotations; remove it, or have the Service added \
                 to the setting `public`"
            );
            self.reject(PUBLIC_LOAD_BALANCER_CLASS, path, message);
        } else if !supports_class(self.provider, &class) {
            let provider = self.provider.name();
            let message =
                format!("`{class}` is not a class of {provider}; the load balancer may be public");
            self.warn(UNKNOWN_LOAD_BALANCER_CLASS, path, message);
        }
        Ok(())
    }

    /// Checks the source ranges in the spec and in the annotation.
    pub(crate) fn check_source_ranges(&mut self) -> Result<(), Malformed> {
        let mut lists = Vec::new();
        for node in self.load_balancer.source_ranges()? {
            lists.push((node.path(), node.string()?));
        }
        if let Some(ranges) = self.load_balancer.annotations.get(SOURCE_RANGES)? {
            lists.push((self.load_balancer.annotation_path(SOURCE_RANGES), ranges));
        }
        for (path, ranges) in lists {
            let every_address = ["0.0.0.0/0", "::/0"];
            let mut ranges = ranges.split(',').map(str::trim);
            if let Some(range) = ranges.find(|range| every_address.contains(range)) {
                self.conflict(
                    OPEN_SOURCE_RANGES,
                    path,
                    format_args!("`{range}` allows every address to connect"),
                    format_args!(
                        "`{range}` allows every address to connect; list the networks that may"
                    ),
                );
            }
        }
        Ok(())
    }

    /// Warns about public addresses in the spec and in annotations.
    pub(crate) fn check_addresses(&mut self) -> Result<(), Malformed> {
        let mut public = self.load_balancer.public_addresses()?;
        for key in ADDRESSES {
            let Some(addresses) = self.current(&self.load_balancer.annotations, key)? else {
                continue;
            };
            for address in addresses.split(',').filter(|text| is_public_address(text)) {
                let address = address.trim().to_owned();
                public.push((self.load_balancer.annotation_path(key), address.into()));
            }
        }
        for (path, address) in public {
            let message = format!("`{address}` is a public address");
            self.warn(PUBLIC_ADDRESS, path, message);
        }
        Ok(())
    }
}
