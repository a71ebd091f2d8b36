//! The table of ingress-nginx's annotations.

use ingress2route::{ANNOTATIONS, ActiveWhen, Handling, annotation, other_controller};

#[test]
fn the_table_is_complete_sorted_and_searchable() {
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
            known.reason.chars().count() <= 120,
            "{}: {}",
            known.name,
            known.reason
        );
    }
    assert_eq!(annotation("auth-urls"), None);
}

#[test]
fn parts_belong_to_an_annotation_that_is_not_a_part() {
    for part in ANNOTATIONS {
        if let ActiveWhen::PartOf(main) = part.active_when {
            let main = annotation(main).unwrap();
            assert!(
                !matches!(main.active_when, ActiveWhen::PartOf(_)),
                "{}",
                part.name
            );
            assert_eq!(part.handling, Handling::Ignored, "{}", part.name);
        }
    }
}

#[test]
fn some_values_have_no_effect() {
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
        assert_eq!(known.is_active(value), expected, "{name}: {value}");
    }
}

#[test]
fn a_prefix_identifies_the_controller() {
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
