//! What is told where it does not work, and that nothing is half-published then.

use std::fs;

use e2e::Error;
use e2e::hosts::Native;
use registry::Registry;

use crate::server::Server;
use crate::trial::{TAG, Trial, run};
use crate::with_registry;

/// Whether any module's version is there.
fn any_tag(trial: &Trial) -> Result<bool, Error> {
    let registry = Registry::anonymous(&trial.server.host(), true);
    for module in Native::modules() {
        let repository = registry.repository(&Trial::repository(module));
        if repository.resolve(TAG)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

#[test]
fn a_full_disk_leaves_no_tag_and_is_gone_on_from() -> Result<(), Error> {
    with_registry(|program| {
        let mut trial = Trial::new(Server::plain(program)?)?;
        // Configs and manifests fit, modules do not.
        trial.server.restart(Some(64))?;
        trial.publish(&[])?.failed(
            1,
            &[
                "could not take",
                "status 5",
                "run this again: what it has taken is not sent twice",
            ],
        );
        assert!(!any_tag(&trial)?);
        trial.server.restart(None)?;
        trial.publish(&[])?.succeeded();
        assert!(any_tag(&trial)?);
        Ok(())
    })
}

#[test]
fn a_push_that_broke_off_before_its_tag_is_completed() -> Result<(), Error> {
    with_registry(|program| {
        let trial = Trial::new(Server::plain(program)?)?;
        trial.publish(&[])?.succeeded();
        let whole = trial.stored()?;
        // As if every push had ended after the first paper.
        for module in Native::modules() {
            let tags = format!(
                "docker/registry/v2/repositories/{}/_manifests/tags",
                Trial::repository(module)
            );
            fs::remove_dir_all(trial.server.data().join(tags))?;
        }
        assert!(!any_tag(&trial)?);
        let again = trial.publish(&[])?.succeeded();
        assert!(!again.stdout.contains("pushed module"), "{}", again.stdout);
        let lists = again
            .stdout
            .matches("pushed SBOM, provenance, signature, tag,")
            .count();
        assert_eq!(lists, Native::modules().count(), "{}", again.stdout);
        assert!(
            trial.stored()? == whole,
            "the registry stores something else"
        );
        Ok(())
    })
}

#[test]
fn a_registry_that_is_down_is_named() -> Result<(), Error> {
    with_registry(|program| {
        let mut trial = Trial::new(Server::plain(program)?)?;
        trial.server.stop();
        let host = format!("`{}` does not answer", trial.server.host());
        trial
            .publish(&[])?
            .failed(1, &[&host, "is the registry up"]);
        trial
            .check(&[&trial.modules()])?
            .failed(2, &[&host, "is the registry up"]);
        Ok(())
    })
}

#[test]
fn credentials_that_are_missing_or_wrong_are_told_apart() -> Result<(), Error> {
    with_registry(|program| {
        let trial = Trial::new(Server::secure(program)?)?;
        let login = format!("`docker login {}`", trial.server.host());
        let missing = ["none are known", login.as_str()];
        trial.publish(&[])?.failed(1, &missing);
        trial.check(&[&trial.modules()])?.failed(2, &missing);
        trial.log_in("wrong horse")?;
        let wrong = ["refuses the credentials", "docker's config.json", &login];
        trial.publish(&[])?.failed(1, &wrong);
        Ok(())
    })
}

#[test]
fn a_broken_credential_helper_is_told_where_credentials_are_wanted_and_nowhere_else()
-> Result<(), Error> {
    with_registry(|program| {
        let trial = Trial::new(Server::plain(program)?)?;
        trial.lose_helper()?;
        trial.publish(&[])?.succeeded();
        trial.check(&[&trial.modules()])?.judged();
        let trial = Trial::new(Server::secure(program)?)?;
        trial.lose_helper()?;
        let told = ["docker's config.json gives none (", "docker login"];
        trial.publish(&[])?.failed(1, &told);
        Ok(())
    })
}

#[test]
fn a_connection_that_cannot_be_trusted_is_refused() -> Result<(), Error> {
    with_registry(|program| {
        let trial = Trial::new(Server::secure(program)?)?;
        trial.log_in_rightly()?;
        let mut publish = trial.publisher()?;
        publish.env_remove("SSL_CERT_FILE");
        run(&mut publish)?.failed(1, &["no secure connection", "SSL_CERT_FILE"]);
        // HTTP where the registry speaks TLS: the registry says so itself.
        let mut publish = trial.publisher()?;
        publish.arg("--insecure");
        run(&mut publish)?.failed(1, &["HTTP request to an HTTPS server"]);
        drop(trial);

        let trial = Trial::new(Server::plain(program)?)?;
        trial
            .check(&[&trial.modules()])?
            .failed(2, &["is not in the registry", "was it published"]);
        let mut check = trial.command(e2e::workspace::program("agnostics")?);
        check.args(["check", "examples", &trial.modules()]);
        run(&mut check)?.failed(2, &["it does not speak TLS", "--insecure"]);
        Ok(())
    })
}
