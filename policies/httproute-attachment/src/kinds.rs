//! Kinds that apps have no need of, and that would go past the rules for routes.

use admission::{Findings, Verdict};

use crate::rule::Rule;
use crate::settings::Settings;

/// Rejects them outside of the platform's namespaces. Other kinds pass.
pub(crate) fn judge(settings: &Settings, kind: &str, namespace: &str) -> Verdict {
    let problem = match kind {
        "Gateway" => {
            "is an entrance of its own, past the plane's Gateway; attach an HTTPRoute to that"
        }
        "ListenerSet" | "XListenerSet" => {
            "adds listeners, with hosts and certificates of their own; attach an HTTPRoute to the plane's"
        }
        "ReferenceGrant" => {
            "lets other namespaces at this one's Services and Secrets; route from the Service's own namespace"
        }
        "TLSRoute" | "TCPRoute" | "UDPRoute" => {
            "carries traffic that the plane cannot look into; write an HTTPRoute or a GRPCRoute"
        }
        _ => return Verdict::accept(),
    };
    let mut findings = Findings::new(&settings.disabled_rules);
    if !settings.is_platform(namespace) {
        findings.reject(Rule::Kinds, "kind", &format!("{kind} {problem}"));
    }
    findings.verdict()
}
