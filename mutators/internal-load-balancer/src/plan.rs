//! What is to change on one load balancer's annotations, and what is to be said of it.

use std::borrow::Cow;
use std::fmt::Arguments;

use admission::{Edits, Malformed, Verdict};

use crate::settings::{OnConflict, Provider, Settings};
use crate::subject::{Annotations, Subject, is_public_address};
use crate::vendor::{
    ADDRESSES, AWS_TYPE, KNOWN, METALLB_DEPRECATED, SOURCE_RANGES, Wanted, is_controllers_class,
    is_public_class, on_switch, reads_class, wanted,
};

/// The changes, gathered before any is made: a contradiction may refuse the object.
pub(crate) struct Plan<'a, 's> {
    settings: &'s Settings,
    provider: Provider,
    subject: &'a Subject<'a>,
    /// Annotations that are not there yet.
    added: Vec<(Cow<'s, str>, Cow<'s, str>)>,
    /// Annotations that get another value.
    replaced: Vec<(Cow<'s, str>, Cow<'s, str>)>,
    removed: Vec<&'static str>,
    /// What contradicted an internal load balancer and is overwritten.
    overwritten: Vec<String>,
    /// Why the object is refused.
    refusals: Vec<String>,
    warnings: Vec<String>,
}

impl<'a, 's> Plan<'a, 's> {
    /// # Errors
    /// When a field that decides has the wrong type.
    pub(crate) fn new(settings: &'s Settings, subject: &'a Subject<'a>) -> Result<Self, Malformed> {
        let mut plan = Self {
            settings,
            provider: settings.provider,
            subject,
            added: Vec::new(),
            replaced: Vec::new(),
            removed: Vec::new(),
            overwritten: Vec::new(),
            refusals: Vec::new(),
            warnings: Vec::new(),
        };
        let is_new = subject.before.is_none();
        let annotations = &subject.annotations;
        annotations.check()?;
        let set = wanted(settings, annotations, subject.of_gateway, is_new)?;
        plan.look_at_spec()?;
        plan.set(&set)?;
        plan.keep_aws_type()?;
        plan.look_at_known(&set)?;
        plan.make_room();
        plan.replace_deprecated()?;
        plan.look_at_switch(&set)?;
        plan.look_at_addresses()?;
        Ok(plan)
    }

    /// The verdict, with the changes made.
    ///
    /// # Errors
    /// When the annotations cannot be edited.
    pub(crate) fn verdict(self) -> Result<Verdict, Malformed> {
        if !self.refusals.is_empty() {
            return Ok(Verdict::reject(self.refusals.join("\n")));
        }
        let subject = self.subject;
        let mut edits = Edits::new(subject.root.node());
        let members = self.replaced.iter().chain(&self.added);
        let members: Vec<(&str, &str)> = members
            .map(|(key, value)| (key.as_ref(), value.as_ref()))
            .collect();
        edits.set_strings(&subject.root, subject.path, &members)?;
        if let Some(annotations) = subject.annotations.object() {
            for key in &self.removed {
                edits.remove(annotations, key)?;
            }
        }
        let provider = self.provider.name();
        let mut warnings = self.overwritten;
        if !self.added.is_empty() {
            warnings.push(format!(
                "{}: {} added for an internal load balancer on {provider}",
                subject.place,
                self.added.len()
            ));
        }
        warnings.extend(self.warnings);
        let mut warnings = warnings.into_iter();
        let verdict = if edits.is_empty() {
            Verdict::accept()
        } else {
            let summary = format!(
                "{provider}: {} added, {} replaced, {} removed",
                self.added.len(),
                self.replaced.len(),
                self.removed.len()
            );
            // Whatever is changed has its line.
            Verdict::mutate(edits.apply(), warnings.next().unwrap_or_default())
                .audit("internal-load-balancer", summary)
        };
        Ok(warnings.fold(verdict, Verdict::warn))
    }

    /// Fields that no annotation overrules, and that this module does not change.
    fn look_at_spec(&mut self) -> Result<(), Malformed> {
        let provider = self.provider;
        if let Some(class) = self.subject.class()? {
            if is_public_class(&class) {
                self.refusals.push(format!(
                    "spec.loadBalancerClass: `{class}` is public whatever the annotations say; \
                     leave it out, or have the Service listed as `public`"
                ));
            } else if !reads_class(provider, &class) {
                self.warnings.push(format!(
                    "spec.loadBalancerClass: `{class}` is not {}'s; whether it is internal is not known",
                    provider.name()
                ));
            }
        }
        let mut open = Vec::new();
        for node in self.subject.source_ranges()? {
            open.push((node.path(), node.string()?));
        }
        if let Some(ranges) = self.subject.annotations.get(SOURCE_RANGES)? {
            open.push((self.subject.at(SOURCE_RANGES), ranges));
        }
        for (path, ranges) in open {
            let everyone = ["0.0.0.0/0", "::/0"];
            let mut ranges = ranges.split(',').map(str::trim);
            if let Some(range) = ranges.find(|range| everyone.contains(range)) {
                self.conflict(
                    path,
                    format_args!("`{range}` lets every address connect"),
                    format_args!(
                        "`{range}` lets every address connect; write the networks that may"
                    ),
                );
            }
        }
        Ok(())
    }

    /// Brings the provider's annotations to their values.
    fn set(&mut self, set: &[Wanted<'s>]) -> Result<(), Malformed> {
        for Wanted { key, value, must } in set {
            match self.current(&self.subject.annotations, key)? {
                None => self.added.push((key.clone(), value.clone())),
                Some(current) if *must && current != *value => {
                    self.replace(key.clone(), &current, value.clone());
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// The AWS annotation that says who makes the balancer stays what it was, or that one would be
    /// left behind, and public.
    fn keep_aws_type(&mut self) -> Result<(), Malformed> {
        let Some(before) = &self.subject.before else {
            return Ok(());
        };
        if self.provider != Provider::Aws {
            return Ok(());
        }
        let stored = before.annotations.get(AWS_TYPE)?;
        let current = self.subject.annotations.get(AWS_TYPE)?;
        match (stored, current) {
            (stored, current) if stored == current => {}
            (Some(stored), None) => {
                self.added
                    .push((AWS_TYPE.into(), stored.into_owned().into()));
            }
            (Some(stored), Some(current)) => {
                self.conflict(
                    self.subject.at(AWS_TYPE),
                    format_args!("put back to `{stored}`; it must not change"),
                    format_args!(
                        "must stay `{stored}`, not `{current}`, while the load balancer exists"
                    ),
                );
                self.replaced
                    .push((AWS_TYPE.into(), stored.into_owned().into()));
            }
            (None, current) => {
                let current = current.unwrap_or_default();
                self.conflict(
                    self.subject.at(AWS_TYPE),
                    format_args!("taken out; only a new Service may get it"),
                    format_args!(
                        "`{current}` cannot be added now; take it out, or create the Service anew"
                    ),
                );
                self.removed.push(AWS_TYPE);
            }
        }
        Ok(())
    }

    /// Annotations beside the provider's set: other vendors', and those of its own that say public. A
    /// cluster may have more than one controller, so whoever reads them reads internal.
    fn look_at_known(&mut self, set: &[Wanted<'s>]) -> Result<(), Malformed> {
        let provider = self.provider;
        for known in &KNOWN {
            if set.iter().any(|wanted| wanted.key == known.key) {
                continue;
            }
            let Some(current) = self.subject.annotations.get(known.key)? else {
                continue;
            };
            match known.internal {
                Some(internal) if current != internal => {
                    self.replace(known.key.into(), &current, internal.into());
                }
                _ if known.vendor != provider && provider != Provider::Custom => {
                    let (vendor, provider) = (known.vendor.name(), provider.name());
                    self.conflict(
                        self.subject.at(known.key),
                        format_args!("is for {vendor}, not {provider}"),
                        format_args!("is for {vendor}, and this cluster has {provider}; remove it"),
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// MetalLB's keys of old: their values move to the keys of today, which takes no room.
    fn replace_deprecated(&mut self) -> Result<(), Malformed> {
        if self.provider != Provider::Metallb {
            return Ok(());
        }
        for (old, new) in METALLB_DEPRECATED {
            let Some(value) = self.subject.annotations.get(old)? else {
                continue;
            };
            self.removed.push(old);
            self.warnings.push(format!(
                "{}: deprecated; moved to {new}",
                self.subject.at(old)
            ));
            let mut handled = self.added.iter().chain(&self.replaced);
            let is_handled = handled.any(|(key, _)| key == new);
            let is_there = self.subject.annotations.get(new)?.is_some();
            if !is_handled && !is_there && !value.is_empty() {
                self.added.push((new.into(), value.into_owned().into()));
            }
        }
        Ok(())
    }

    /// A balancer with a public address that becomes internal.
    fn look_at_switch(&mut self, set: &[Wanted<'_>]) -> Result<(), Malformed> {
        let Some(before) = self
            .subject
            .before
            .as_ref()
            .filter(|before| before.has_address)
        else {
            return Ok(());
        };
        let mut was_internal = true;
        for Wanted { key, value, must } in set {
            let stored = self.current(&before.annotations, key)?;
            was_internal &= !must || stored.as_ref() == Some(value);
        }
        if was_internal {
            return Ok(());
        }
        let class = self.subject.class()?;
        let managed = before.annotations.get(AWS_TYPE)?;
        let by_controller = managed.is_some_and(|kind| kind == "external" || kind == "nlb-ip")
            || class.is_some_and(|class| is_controllers_class(&class));
        let what = on_switch(self.settings, self.provider, by_controller);
        let path = self.subject.place;
        self.warnings.push(format!("{path}: {what}"));
        Ok(())
    }

    /// Public addresses that are asked for, in the spec or by annotation.
    fn look_at_addresses(&mut self) -> Result<(), Malformed> {
        let mut public = self.subject.public_addresses()?;
        for key in ADDRESSES {
            let Some(addresses) = self.current(&self.subject.annotations, key)? else {
                continue;
            };
            for address in addresses.split(',').filter(|text| is_public_address(text)) {
                let address = address.trim().to_owned();
                public.push((self.subject.at(key), address.into()));
            }
        }
        for (path, address) in public {
            self.warnings
                .push(format!("{path}: `{address}` is a public address"));
        }
        Ok(())
    }

    /// A Gateway takes a few annotations alone. Its Service, which is looked at too, takes them all.
    fn make_room(&mut self) {
        let stay = self
            .subject
            .annotations
            .len()
            .saturating_sub(self.removed.len());
        let many = self.added.len();
        if many > 0 && stay + many > self.subject.room {
            self.added.clear();
            self.warnings.push(format!(
                "{}: holds {stay} of {} annotations, no room for {many}; its Service gets them",
                self.subject.place, self.subject.room
            ));
        }
    }

    /// Says that something contradicts an internal load balancer: `done` where it is overwritten, or
    /// `refused`.
    fn conflict(&mut self, path: String, done: Arguments<'_>, refused: Arguments<'_>) {
        match self.settings.on_conflict {
            OnConflict::Overwrite => self.overwritten.push(format!("{path}: {done}")),
            OnConflict::Reject => self.refusals.push(format!("{path}: {refused}")),
        }
    }

    fn replace(&mut self, key: Cow<'s, str>, current: &str, value: Cow<'s, str>) {
        self.conflict(
            self.subject.at(&key),
            format_args!("`{current}` replaced by `{value}`"),
            format_args!("`{current}` contradicts an internal load balancer; write `{value}`"),
        );
        self.replaced.push((key, value));
    }

    /// The value of `key`, or for MetalLB what a deprecated key says in its place.
    fn current(
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
