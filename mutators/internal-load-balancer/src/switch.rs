//! Existing load balancers that become internal.

use admission::Malformed;

use crate::plan::Plan;
use crate::settings::Provider;
use crate::vendor::{AWS_NLB_IP, AWS_TYPE, Annotation, effect_of_switch, own_classes};

admission::rule! {
    /// An update makes a load balancer internal that already has an address.
    ///
    /// # What it checks
    /// The policy warns if a load balancer with an address had no annotations that make it internal before the
    /// update. The message says what the provider does with it.
    ///
    /// # Why
    /// Providers differ: some move or replace the load balancer, so clients and DNS need its new address.
    /// Others keep it public until the Service is recreated.
    ///
    /// # Example
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: gcp}
    /// # stored object
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: portal, namespace: portal}
    /// spec:
    ///   type: LoadBalancer
    ///   ports: [{port: 80}]
    /// status: {loadBalancer: {ingress: [{ip: 203.0.113.7}]}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: portal, namespace: portal}
    /// spec:
    ///   type: LoadBalancer
    ///   ports: [{port: 443}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: gcp}
    /// # A new Service.
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
    pub SWITCH_TO_INTERNAL = "switch-to-internal";
}

impl Plan<'_, '_> {
    /// Warns if an existing load balancer with an address becomes internal.
    pub(crate) fn check_switch(&mut self, wanted: &[Annotation<'_>]) -> Result<(), Malformed> {
        let old = self.load_balancer.old.as_ref();
        let Some(old) = old.filter(|old| old.has_address) else {
            return Ok(());
        };
        let mut was_internal = true;
        for annotation in wanted.iter().filter(|it| it.is_required) {
            let value = self.current(&old.annotations, &annotation.key)?;
            was_internal &= value.as_ref() == Some(&annotation.value);
        }
        if was_internal {
            return Ok(());
        }
        let class = self.load_balancer.class()?;
        let own_classes = own_classes(Provider::Aws);
        let aws_type = old.annotations.get(AWS_TYPE)?;
        let by_controller = aws_type.is_some_and(|it| it == "external" || it == AWS_NLB_IP)
            || class.is_some_and(|(_, class)| own_classes.contains(&class.as_ref()));
        let effect = effect_of_switch(self.settings, self.provider, by_controller);
        let path = self.load_balancer.annotations_path;
        self.warn(SWITCH_TO_INTERNAL, path, effect);
        Ok(())
    }
}
