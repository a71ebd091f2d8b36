//! The changes to the annotations of one load balancer, and the findings about it.

use std::borrow::Cow;
use std::fmt::Arguments;

use admission::{Edits, Finding, Findings, Malformed, Rule, Verdict};

use crate::annotations::MISSING_INTERNAL_ANNOTATIONS;
use crate::load_balancer::{Annotations, Kind, LoadBalancer};
use crate::settings::{OnConflict, Provider, Settings};
use crate::vendor::{METALLB_DEPRECATED, internal_annotations};

/// The planned changes. They are applied last, since a conflict may reject the object.
pub(crate) struct Plan<'a, 's> {
    pub(crate) settings: &'s Settings,
    pub(crate) provider: Provider,
    /// The namespace of the object.
    pub(crate) namespace: &'a str,
    pub(crate) load_balancer: &'a LoadBalancer<'a>,
    /// Annotations to add.
    pub(crate) added: Vec<(Cow<'s, str>, Cow<'s, str>)>,
    /// Annotations with another value than they have.
    pub(crate) replaced: Vec<(Cow<'s, str>, Cow<'s, str>)>,
    /// Annotations to remove.
    pub(crate) removed: Vec<&'static str>,
    /// Warnings about conflicts.
    conflicts: Vec<Finding>,
    /// Other warnings.
    warnings: Vec<Finding>,
    errors: Findings,
}

impl<'a, 's> Plan<'a, 's> {
    /// Checks a load balancer and plans the changes.
    ///
    /// # Errors
    /// Returns an error if a field that the verdict depends on has the wrong type.
    pub(crate) fn new(
        settings: &'s Settings,
        namespace: &'a str,
        load_balancer: &'a LoadBalancer<'a>,
    ) -> Result<Self, Malformed> {
        let mut plan = Self {
            settings,
            provider: settings.provider,
            namespace,
            load_balancer,
            added: Vec::new(),
            replaced: Vec::new(),
            removed: Vec::new(),
            conflicts: Vec::new(),
            warnings: Vec::new(),
            errors: Findings::default(),
        };
        load_balancer.annotations.validate()?;
        plan.check_external_ips()?;
        if load_balancer.kind == Kind::OtherService {
            return Ok(plan);
        }
        let wanted = match plan.check_class()? {
            true => internal_annotations(settings, load_balancer)?,
            false => Vec::new(),
        };
        plan.check_source_ranges()?;
        plan.check_subnet()?;
        plan.set_annotations(&wanted)?;
        plan.keep_aws_type()?;
        plan.check_other_annotations(&wanted)?;
        plan.check_annotation_limit();
        plan.replace_deprecated_annotations()?;
        plan.check_switch(&wanted)?;
        plan.check_addresses()?;
        Ok(plan)
    }

    /// Applies the changes and returns the verdict.
    ///
    /// # Errors
    /// Returns an error if the annotations cannot be edited.
    pub(crate) fn verdict(self) -> Result<Verdict, Malformed> {
        if !self.errors.has_no_errors() {
            return Ok(self.errors.verdict());
        }
        let load_balancer = self.load_balancer;
        let mut edits = Edits::new(load_balancer.root.node());
        let members = self.replaced.iter().chain(&self.added);
        let members: Vec<(&str, &str)> = members
            .map(|(key, value)| (key.as_ref(), value.as_ref()))
            .collect();
        edits.set_strings(
            &load_balancer.root,
            load_balancer.annotations_fields,
            &members,
        )?;
        if let Some(annotations) = load_balancer.annotations.object() {
            for key in &self.removed {
                edits.remove(annotations, key)?;
            }
        }
        let provider = self.provider.name();
        let (added, replaced, removed) =
            (self.added.len(), self.replaced.len(), self.removed.len());
        let mut warnings = self.conflicts;
        if added > 0 {
            let plural = if added > 1 { "s" } else { "" };
            let message = format!(
                "added {added} annotation{plural} for an internal load balancer on {provider}"
            );
            let path = load_balancer.annotations_path;
            warnings.push(MISSING_INTERNAL_ANNOTATIONS.finding(path, message));
        }
        warnings.extend(self.warnings);
        let mut warnings = warnings.into_iter();
        let verdict = if edits.is_empty() {
            Verdict::accept()
        } else {
            let summary =
                format!("{provider}: {added} added, {replaced} replaced, {removed} removed");
            // Every change has a warning.
            let warning = warnings.next().unwrap_or_else(|| {
                MISSING_INTERNAL_ANNOTATIONS.finding(load_balancer.annotations_path, "changed")
            });
            Verdict::mutate(edits.apply(), warning).audit("internal-load-balancer", summary)
        };
        Ok(warnings.fold(verdict, Verdict::warn))
    }

    /// Reports a conflict with an internal load balancer: a warning with `overwritten`, or an error with
    /// `rejected`, depending on the setting `onConflict`.
    pub(crate) fn conflict(
        &mut self,
        rule: Rule,
        path: String,
        overwritten: Arguments<'_>,
        rejected: Arguments<'_>,
    ) {
        match self.settings.on_conflict {
            OnConflict::Overwrite => {
                let finding = rule.finding(path, overwritten.to_string());
                self.conflicts.push(finding);
            }
            OnConflict::Reject => self.reject(rule, path, rejected.to_string()),
        }
    }

    pub(crate) fn reject(&mut self, rule: Rule, path: String, message: String) {
        self.errors.reject(rule, path, message);
    }

    pub(crate) fn warn(&mut self, rule: Rule, path: impl Into<String>, message: impl Into<String>) {
        self.warnings.push(rule.finding(path, message));
    }

    /// Returns the value of `key`, or for MetalLB the value of the deprecated key that it replaces.
    pub(crate) fn current(
        &self,
        annotations: &Annotations<'a>,
        key: &str,
    ) -> Result<Option<Cow<'a, str>>, Malformed> {
        let current = annotations.get(key)?;
        if current.is_some() || self.provider != Provider::Metallb {
            return Ok(current);
        }
        match METALLB_DEPRECATED.iter().find(|(_, new)| *new == key) {
            Some((old, _)) => Ok(annotations.get(old)?.filter(|value| !value.is_empty())),
            None => Ok(None),
        }
    }
}
