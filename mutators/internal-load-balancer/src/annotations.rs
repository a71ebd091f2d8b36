//! The annotations that make a load balancer internal, and those that conflict with it.

use std::borrow::Cow;

use admission::Malformed;

use crate::plan::Plan;
use crate::settings::Provider;
use crate::vendor::{
    AWS_TYPE, AZURE_SUBNET, Annotation, Internal, METALLB_DEPRECATED, VENDOR_ANNOTATIONS,
    admits_internet_gateways,
};

admission::rule! {
    /// The load balancer lacks annotations that make it internal.
    ///
    /// # What it checks
    /// A Service with a load balancer must have the annotations of the setting `provider`, and a Gateway must
    /// have them in `spec.infrastructure.annotations`, from which its Service gets them. An Ingress for an ALB
    /// must have its scheme. The policy adds missing annotations.
    ///
    /// # Why
    /// On most clouds a load balancer is public unless an annotation makes it internal, and each vendor has its
    /// own annotations.
    ///
    /// # Example
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: azure}
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
    /// # settings of internal-load-balancer: {provider: azure}
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: portal
    ///   namespace: portal
    ///   annotations:
    ///     service.beta.kubernetes.io/azure-load-balancer-internal: "true"
    ///     service.beta.kubernetes.io/azure-load-balancer-internal-subnet: snet-clusteringressservices
    /// spec:
    ///   type: LoadBalancer
    ///   ports: [{port: 443}]
    /// ```
    pub MISSING_INTERNAL_ANNOTATIONS = "missing-internal-annotations";
}

admission::rule! {
    /// An annotation has a value that conflicts with an internal load balancer.
    ///
    /// # What it checks
    /// Annotations that make a load balancer public or internal must have the internal value, whichever vendor
    /// they are for. Annotations for public addresses and for private link services of other subscriptions must
    /// be absent. The policy replaces or removes them, or rejects the object with `onConflict: reject`. It
    /// always rejects AWS attributes that admit traffic of internet gateways.
    ///
    /// # Why
    /// The load balancer would be public. A cluster may have controllers of more than one vendor, so
    /// annotations for other vendors count too.
    ///
    /// # Example
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: azure}
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: portal
    ///   namespace: portal
    ///   annotations:
    ///     service.beta.kubernetes.io/azure-load-balancer-internal: "false"
    /// spec:
    ///   type: LoadBalancer
    ///   ports: [{port: 443}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: azure}
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: portal
    ///   namespace: portal
    ///   annotations:
    ///     service.beta.kubernetes.io/azure-load-balancer-internal: "true"
    /// spec:
    ///   type: LoadBalancer
    ///   ports: [{port: 443}]
    /// ```
    pub CONFLICTING_ANNOTATION = "conflicting-annotation";
}

admission::rule! {
    /// An annotation is for another vendor's load balancers.
    ///
    /// # What it checks
    /// A load balancer should not have annotations that only vendors other than the setting `provider` read.
    /// The policy warns, or rejects the object with `onConflict: reject`. It does not remove the annotation.
    ///
    /// # Why
    /// The provider does not read the annotation, so what it asks for does not happen. The manifest was
    /// probably written for another vendor.
    ///
    /// # Example
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: azure}
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
    pub OTHER_VENDOR_ANNOTATION = "other-vendor-annotation";
}

admission::rule! {
    /// An update adds or changes the annotation that selects the AWS controller.
    ///
    /// # What it checks
    /// `service.beta.kubernetes.io/aws-load-balancer-type` must not change after the Service is created.
    /// The policy restores it, or rejects the object with `onConflict: reject`.
    ///
    /// # Why
    /// The annotation selects between the AWS Load Balancer Controller and the legacy cloud provider. After a
    /// change the other controller creates a second load balancer, and the first one stays, possibly public.
    ///
    /// # Example
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: aws}
    /// # stored object
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: portal
    ///   namespace: portal
    ///   annotations:
    ///     service.beta.kubernetes.io/aws-load-balancer-scheme: internal
    ///     service.beta.kubernetes.io/aws-load-balancer-type: external
    /// spec:
    ///   type: LoadBalancer
    ///   ports: [{port: 443}]
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: portal
    ///   namespace: portal
    ///   annotations:
    ///     service.beta.kubernetes.io/aws-load-balancer-scheme: internal
    ///     service.beta.kubernetes.io/aws-load-balancer-type: nlb
    /// spec:
    ///   type: LoadBalancer
    ///   ports: [{port: 443}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: aws}
    /// # stored object
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: portal
    ///   namespace: portal
    ///   annotations:
    ///     service.beta.kubernetes.io/aws-load-balancer-scheme: internal
    ///     service.beta.kubernetes.io/aws-load-balancer-type: external
    /// spec:
    ///   type: LoadBalancer
    ///   ports: [{port: 443}]
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: portal
    ///   namespace: portal
    ///   annotations:
    ///     service.beta.kubernetes.io/aws-load-balancer-scheme: internal
    ///     service.beta.kubernetes.io/aws-load-balancer-type: external
    /// spec:
    ///   type: LoadBalancer
    ///   ports: [{port: 8443}]
    /// ```
    pub AWS_TYPE_CHANGED = "aws-type-changed";
}

admission::rule! {
    /// An annotation is deprecated by MetalLB.
    ///
    /// # What it checks
    /// With the provider `metallb`, the policy moves values of the deprecated annotations
    /// `metallb.universe.tf/address-pool`, `metallb.universe.tf/loadBalancerIPs` and
    /// `metallb.universe.tf/allow-shared-ip` to `metallb.io/…`.
    ///
    /// # Why
    /// Later versions of MetalLB may ignore the deprecated annotations.
    ///
    /// # Example
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: metallb}
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: portal
    ///   namespace: portal
    ///   annotations: {metallb.universe.tf/address-pool: default-pool}
    /// spec:
    ///   type: LoadBalancer
    ///   ports: [{port: 443}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: metallb}
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: portal
    ///   namespace: portal
    ///   annotations: {metallb.io/address-pool: default-pool}
    /// spec:
    ///   type: LoadBalancer
    ///   ports: [{port: 443}]
    /// ```
    pub DEPRECATED_METALLB_ANNOTATION = "deprecated-metallb-annotation";
}

admission::rule! {
    /// The Gateway has too many annotations for the policy to add its own.
    ///
    /// # What it checks
    /// The API server accepts at most eight annotations in `spec.infrastructure` of a Gateway. If the missing
    /// annotations do not fit, the policy adds none of them to the Gateway.
    ///
    /// # Why
    /// The policy adds the annotations to the Gateway's Service instead, so the load balancer is still
    /// internal, but the Gateway does not show them.
    ///
    /// # Example
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: gcp}
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: Gateway
    /// metadata: {name: internal-gateway, namespace: gateway}
    /// spec:
    ///   gatewayClassName: cilium
    ///   infrastructure:
    ///     annotations:
    ///       example.org/1: ""
    ///       example.org/2: ""
    ///       example.org/3: ""
    ///       example.org/4: ""
    ///       example.org/5: ""
    ///       example.org/6: ""
    ///       example.org/7: ""
    ///       example.org/8: ""
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: gcp}
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: Gateway
    /// metadata: {name: internal-gateway, namespace: gateway}
    /// spec:
    ///   gatewayClassName: cilium
    ///   infrastructure:
    ///     annotations:
    ///       networking.gke.io/load-balancer-type: Internal
    ///       example.org/1: ""
    ///       example.org/2: ""
    ///       example.org/3: ""
    ///       example.org/4: ""
    ///       example.org/5: ""
    ///       example.org/6: ""
    ///       example.org/7: ""
    /// ```
    pub GATEWAY_ANNOTATION_LIMIT = "gateway-annotation-limit";
}

admission::rule! {
    /// A load balancer on Azure has an address of its own, but no subnet.
    ///
    /// # What it checks
    /// The policy does not add the subnet in the settings to a Service that asks for an address, and warns.
    ///
    /// # Why
    /// The address may be outside that subnet, and Azure would create no load balancer. Without a subnet, the
    /// address must be in the subnet of the cluster.
    ///
    /// # Example
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
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: azure}
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: portal
    ///   namespace: portal
    ///   annotations:
    ///     service.beta.kubernetes.io/azure-load-balancer-internal-subnet: snet-portal
    /// spec:
    ///   type: LoadBalancer
    ///   loadBalancerIP: 10.20.0.7
    ///   ports: [{port: 443}]
    /// ```
    pub SUBNET_NOT_ADDED = "subnet-not-added";
}

impl<'s> Plan<'_, 's> {
    /// Adds the provider's annotations and replaces conflicting values.
    pub(crate) fn set_annotations(&mut self, wanted: &[Annotation<'s>]) -> Result<(), Malformed> {
        for Annotation {
            key,
            value,
            is_required,
        } in wanted
        {
            match self.current(&self.load_balancer.annotations, key)? {
                // A Gateway's label is no reason to give the addresses in the settings to another namespace.
                None if *is_required
                    || self.settings.reserved_in(value, self.namespace).is_none() =>
                {
                    self.added.push((key.clone(), value.clone()));
                }
                Some(current) if *is_required && current != *value => {
                    self.replace(key.clone(), &current, value.clone());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Restores the annotation that selects the AWS controller. After a change, the existing load balancer
    /// would remain, possibly public.
    pub(crate) fn keep_aws_type(&mut self) -> Result<(), Malformed> {
        let Some(old) = &self.load_balancer.old else {
            return Ok(());
        };
        if self.provider != Provider::Aws {
            return Ok(());
        }
        let old = old.annotations.get(AWS_TYPE)?;
        let current = self.load_balancer.annotations.get(AWS_TYPE)?;
        let path = || self.load_balancer.annotation_path(AWS_TYPE);
        match (old, current) {
            (old, current) if old == current => {}
            (Some(old), None) => self.added.push((AWS_TYPE.into(), old.into_owned().into())),
            (Some(old), Some(current)) => {
                self.conflict(
                    AWS_TYPE_CHANGED,
                    path(),
                    format_args!("restored to `{old}`, since it must not change"),
                    format_args!(
                        "must not change to `{current}` while the load balancer exists; use `{old}`"
                    ),
                );
                self.replaced
                    .push((AWS_TYPE.into(), old.into_owned().into()));
            }
            (None, current) => {
                let current = current.unwrap_or_default();
                self.conflict(
                    AWS_TYPE_CHANGED,
                    path(),
                    format_args!("removed, since only a new Service may have it"),
                    format_args!(
                        "`{current}` cannot be added to an existing Service; remove it, or recreate the Service"
                    ),
                );
                self.removed.push(AWS_TYPE);
            }
        }
        Ok(())
    }

    /// Checks annotations other than those to set: those of other vendors, and the provider's own that make a
    /// load balancer public. A cluster may have controllers of more than one vendor.
    pub(crate) fn check_other_annotations(
        &mut self,
        wanted: &[Annotation<'s>],
    ) -> Result<(), Malformed> {
        let provider = self.provider;
        for &(vendor, key, internal) in &VENDOR_ANNOTATIONS {
            if wanted.iter().any(|annotation| annotation.key == key) {
                continue;
            }
            let Some(current) = self.load_balancer.annotations.get(key)? else {
                continue;
            };
            let path = self.load_balancer.annotation_path(key);
            match internal {
                Internal::Only(value) if current != value => {
                    self.replace(key.into(), &current, value.into());
                }
                Internal::Absent => {
                    self.conflict(
                        CONFLICTING_ANNOTATION,
                        path,
                        format_args!("removed, since it conflicts with an internal load balancer"),
                        format_args!("conflicts with an internal load balancer; remove it"),
                    );
                    self.removed.push(key);
                }
                Internal::Attributes if admits_internet_gateways(&current) => {
                    let message = "admits traffic of internet gateways; remove \
                                   `ipv6.deny_all_igw_traffic`";
                    self.reject(CONFLICTING_ANNOTATION, path, message.to_owned());
                }
                _ if vendor != provider && provider != Provider::Custom => {
                    let (vendor, provider) = (vendor.name(), provider.name());
                    self.conflict(
                        OTHER_VENDOR_ANNOTATION,
                        path,
                        format_args!("is for {vendor}, not {provider}"),
                        format_args!("is for {vendor}, but this cluster has {provider}; remove it"),
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Warns about a new load balancer that gets no subnet, since it asks for an address that may be in another
    /// one. Azure creates no load balancer whose address is outside its subnet.
    pub(crate) fn check_subnet(&mut self) -> Result<(), Malformed> {
        let load_balancer = self.load_balancer;
        if self.provider == Provider::Azure
            && load_balancer.old.is_none()
            && self.settings.azure.subnet.is_some()
            && load_balancer.annotations.get(AZURE_SUBNET)?.is_none()
            && let Some(address) = load_balancer.azure_address()?
        {
            let message =
                format!("no subnet added: set that of `{address}`, or remove the address");
            self.warn(SUBNET_NOT_ADDED, load_balancer.annotations_path, message);
        }
        Ok(())
    }

    /// Adds nothing to a Gateway that would have too many annotations. Its Service, which the policy checks
    /// too, has no such limit.
    pub(crate) fn check_annotation_limit(&mut self) {
        let load_balancer = self.load_balancer;
        let max = load_balancer.max_annotations;
        let kept = load_balancer.annotations.len();
        let kept = kept.saturating_sub(self.removed.len());
        let missing = self.added.len();
        if missing > 0 && kept + missing > max {
            self.added.clear();
            let message = format!(
                "has {kept} of at most {max} annotations, no room for {missing} more; its Service gets \
                 them"
            );
            let path = load_balancer.annotations_path;
            self.warn(GATEWAY_ANNOTATION_LIMIT, path, message);
        }
    }

    /// Moves the values of MetalLB's deprecated annotations. This does not change the number of annotations.
    pub(crate) fn replace_deprecated_annotations(&mut self) -> Result<(), Malformed> {
        if self.provider != Provider::Metallb {
            return Ok(());
        }
        let load_balancer = self.load_balancer;
        for (old, new) in METALLB_DEPRECATED {
            let Some(value) = load_balancer.annotations.get(old)? else {
                continue;
            };
            self.removed.push(old);
            let path = load_balancer.annotation_path(old);
            let message = format!("deprecated; moved to {new}");
            self.warn(DEPRECATED_METALLB_ANNOTATION, path, message);
            let mut planned = self.added.iter().chain(&self.replaced);
            let is_planned = planned.any(|(key, _)| key == new);
            let is_set = load_balancer.annotations.get(new)?.is_some();
            if !is_planned && !is_set && !value.is_empty() {
                self.added.push((new.into(), value.into_owned().into()));
            }
        }
        Ok(())
    }

    fn replace(&mut self, key: Cow<'s, str>, current: &str, value: Cow<'s, str>) {
        self.conflict(
            CONFLICTING_ANNOTATION,
            self.load_balancer.annotation_path(&key),
            format_args!("`{current}` replaced with `{value}`"),
            format_args!("`{current}` conflicts with an internal load balancer; use `{value}`"),
        );
        self.replaced.push((key, value));
    }
}
