//! The table of annotations.

use ingress2route::{ANNOTATIONS, Effect, Fate, annotation, other_controller};

#[test]
fn every_annotation_is_there_once_and_is_found() {
    assert_eq!(ANNOTATIONS.len(), 138, "ingress-nginx 1.15 knows 138");
    for pair in ANNOTATIONS.windows(2) {
        assert!(
            pair[0].name < pair[1].name,
            "{} before {}",
            pair[0].name,
            pair[1].name
        );
    }
    for known in ANNOTATIONS {
        assert_eq!(annotation(known.name), Some(known));
        assert!(
            known.why.chars().count() <= 120,
            "{}: {}",
            known.name,
            known.why
        );
    }
    assert_eq!(annotation("auth-urls"), None);
}

#[test]
fn parts_belong_to_an_annotation_that_stands_for_itself() {
    for part in ANNOTATIONS {
        if let Effect::Beside(main) = part.effect {
            let main = annotation(main).unwrap();
            assert!(!matches!(main.effect, Effect::Beside(_)), "{}", part.name);
            assert_eq!(part.fate, Fate::Ignorable, "{}", part.name);
        }
    }
}

#[test]
fn a_value_that_does_nothing_has_no_effect() {
    for (name, value, expected) in [
        ("enable-cors", "true", true),
        ("enable-cors", "T", true),
        ("enable-cors", "false", false),
        ("enable-cors", "yes", false),
        ("auth-url", "", false),
        ("auth-url", " ", false),
        ("auth-url", "https://auth", true),
        ("proxy-body-size", "0", false),
        ("proxy-body-size", "8m", true),
        ("proxy-cookie-path", "off", false),
        ("session-cookie-name", "route", false),
    ] {
        let known = annotation(name).unwrap();
        assert_eq!(known.has_effect(value), expected, "{name}: {value}");
    }
}

#[test]
fn prefixes_tell_whose_annotations_they_are() {
    for (prefix, expected) in [
        (
            "alb.ingress.kubernetes.io",
            Some("the AWS Load Balancer Controller"),
        ),
        ("traefik.ingress.kubernetes.io", Some("Traefik")),
        ("nginx.org", Some("F5's NGINX controller")),
        ("example.ingress.kubernetes.io", Some("another controller")),
        ("nginx.ingress.kubernetes.io", None),
        ("kubernetes.io", None),
        ("cert-manager.io", None),
        ("", None),
    ] {
        assert_eq!(other_controller(prefix), expected, "{prefix}");
    }
}
