//! `agnostics check` with modules from the registry.

use std::fs;
use std::path::PathBuf;

use e2e::Error;
use e2e::hosts::Native;
use registry::manifest::MANIFEST;
use registry::{Digest, Pin, Registry};

use crate::server::Server;
use crate::trial::{TAG, Trial, run};
use crate::{with_published, with_registry};

#[test]
fn published_modules_give_the_verdicts_of_those_that_were_built() -> Result<(), Error> {
    with_registry(|program| {
        let trial = Trial::new(Server::secure(program)?)?;
        trial.log_in_rightly()?;
        trial.publish(&[])?.succeeded();
        let built = trial.check(&["--modules", "target/modules"])?.judged();
        assert!(built.stdout.contains("storage-class: "), "{}", built.stdout);
        let published = [trial.modules(), format!("{}:{TAG}", trial.modules())];
        for modules in &published {
            let signed = trial.check(&[modules, &trial.verify_key("key.pub")])?;
            assert_eq!(signed.judged().stdout, built.stdout);
        }
        Ok(())
    })
}

#[test]
fn a_module_in_place_of_their_place_is_told_with_the_place() -> Result<(), Error> {
    with_published(|trial| {
        let place = trial.modules();
        let said = format!("name the place above it, where all of them are: {place}:{TAG}");
        let said = said.replace("--modules=", "--modules ");
        let module = format!("{place}/storage-class:{TAG}");
        trial.check(&[&module])?.failed(2, &[&said]);
        Ok(())
    })
}

#[test]
fn modules_are_kept_and_held_to_their_digest_each_time() -> Result<(), Error> {
    with_published(|trial| {
        let first = trial.check(&[&trial.modules()])?.judged();
        let mut kept = 0;
        for module in Native::modules() {
            let digest = Digest::of(&fs::read(trial.module(module))?);
            let path = trial.path(&format!("cache/published/{}.wasm", digest.hex()));
            if path.exists() {
                kept += 1;
                fs::write(&path, "something else")?;
            }
        }
        assert!(kept > 0, "nothing is kept");
        let again = trial.check(&[&trial.modules()])?.judged();
        assert_eq!(again.stdout, first.stdout);
        Ok(())
    })
}

#[test]
fn a_module_that_somebody_else_pushed_is_not_run() -> Result<(), Error> {
    with_published(|trial| {
        let other = [trial.modules(), trial.verify_key("other.pub")];
        trial.check(&[&other[0], &other[1]])?.failed(
            2,
            &["no signature of", "it is another key's", "do not run it"],
        );

        // The tag moves to what nobody has signed.
        for module in Native::modules() {
            let path = trial.module(module);
            let mut wasm = fs::read(&path)?;
            wasm.extend([0, 2, 1, b'x']);
            fs::write(&path, wasm)?;
        }
        let mut publish = trial.publisher()?;
        run(publish.arg("--move-tags"))?.succeeded();
        let own = [trial.modules(), trial.verify_key("key.pub")];
        trial
            .check(&[&own[0], &own[1]])?
            .failed(2, &["is not signed", "do not run it"]);
        // Without a key to hold it to, it runs.
        trial.check(&[&own[0]])?.judged();
        Ok(())
    })
}

#[test]
fn a_module_that_was_changed_in_the_registry_is_not_run() -> Result<(), Error> {
    with_published(|trial| {
        for module in Native::modules() {
            let digest = Digest::of(&fs::read(trial.module(module))?);
            let hex = digest.hex();
            let (two, _) = hex.split_at(2);
            let blob = format!("docker/registry/v2/blobs/sha256/{two}/{hex}/data");
            let blob = trial.server.data().join(blob);
            let mut wasm = fs::read(&blob)?;
            let last = wasm.last_mut().ok_or("an empty module")?;
            *last ^= 1;
            fs::write(&blob, wasm)?;
        }
        trial
            .check(&[&trial.modules()])?
            .failed(2, &["is not what its digest says"]);
        Ok(())
    })
}

#[test]
fn a_signature_of_another_module_is_no_signature() -> Result<(), Error> {
    with_published(|trial| {
        // Every signature is replaced by that of another module, by the right key.
        let tags = |module: &str| -> Result<PathBuf, Error> {
            let dir = trial.server.data().join(format!(
                "docker/registry/v2/repositories/{}/_manifests/tags",
                Trial::repository(module)
            ));
            for entry in fs::read_dir(dir)? {
                let path = entry?.path();
                if path.to_string_lossy().ends_with(".sig") {
                    return Ok(path.join("current/link"));
                }
            }
            Err("no signature".into())
        };
        let modules: Vec<&str> = Native::modules().collect();
        let last = modules.last().ok_or("no module")?;
        let data = |path: &str| trial.server.data().join("docker/registry/v2").join(path);
        let link = fs::read(tags(last)?)?;
        let digest = String::from_utf8(link.clone())?.replace("sha256:", "sha256/");
        for module in &modules {
            fs::write(tags(module)?, &link)?;
            // Registries keep which manifests and blobs belong to a repository.
            let repository = data(&format!("repositories/{}", Trial::repository(module)));
            let from = data(&format!("repositories/{}", Trial::repository(last)));
            let revision = format!("_manifests/revisions/{digest}");
            fs::create_dir_all(repository.join(&revision))?;
            fs::write(repository.join(&revision).join("link"), &link)?;
            for layer in fs::read_dir(from.join("_layers/sha256"))? {
                let layer = layer?;
                let to = repository.join("_layers/sha256").join(layer.file_name());
                fs::create_dir_all(&to)?;
                fs::copy(layer.path().join("link"), to.join("link"))?;
            }
        }
        let key = trial.verify_key("key.pub");
        trial
            .check(&[&trial.modules(), &key])?
            .failed(2, &["what the key has signed is something else"]);
        Ok(())
    })
}

#[test]
fn a_key_is_of_use_with_a_registry_only() -> Result<(), Error> {
    with_published(|trial| {
        let key = trial.verify_key("key.pub");
        trial.check(&[&key])?.failed(
            2,
            &[
                "--verify-key is for modules with a signature",
                "registry://",
            ],
        );
        let private = trial.verify_key("key.pem");
        trial
            .check(&[&trial.modules(), &private])?
            .failed(2, &["not a public key that cosign writes"]);
        Ok(())
    })
}

#[test]
fn a_module_that_was_signed_as_an_older_version_is_not_run() -> Result<(), Error> {
    with_published(|trial| {
        // Whoever has the registry gives what is signed a tag of its own making.
        let registry = Registry::anonymous(&trial.server.host(), true);
        for module in Native::modules() {
            let repository = registry.writable(&Trial::repository(module));
            let manifest = repository.manifest(&Pin::Tag(TAG.to_owned()))?;
            let manifest = manifest.ok_or("no manifest")?;
            let later = Pin::Tag("v9.9.9".to_owned());
            repository.put_manifest(&later, MANIFEST, &manifest)?;
        }
        let modules = format!("{}:v9.9.9", trial.modules());
        trial
            .check(&[&modules, &trial.verify_key("key.pub")])?
            .failed(2, &["is signed as `", "do not run it"]);
        Ok(())
    })
}
