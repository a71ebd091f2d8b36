use std::env;

use docker_credential::{CredentialRetrievalError, DockerCredential};

/// Who asks, as far as a registry is concerned.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) secret: Secret,
    /// Where they were found, for whoever has to correct them.
    pub(crate) source_of: &'static str,
}

#[derive(Clone)]
pub(crate) enum Secret {
    Password {
        user: String,
        password: String,
    },
    /// What `docker login` stores for registries that give out tokens, such as Azure's.
    IdentityToken(String),
}

const USER: &str = "AGNOSTICS_REGISTRY_USER";
const PASSWORD: &str = "AGNOSTICS_REGISTRY_PASSWORD";
const HOST: &str = "AGNOSTICS_REGISTRY_HOST";

impl Credentials {
    /// Finds the credentials for `host`: those of the environment, if they are for it, else what docker's
    /// configuration has, in `$DOCKER_CONFIG` or `~/.docker`, itself or through a helper.
    ///
    /// # Errors
    /// Why there are none, after "wants credentials and". What is public needs none, whatever is wrong with
    /// docker's.
    pub(crate) fn find(host: &str) -> Result<Self, String> {
        let lack = match from_environment(host, |name| env::var(name).ok()) {
            Ok(credentials) => return Ok(credentials),
            Err(lack) => lack,
        };
        let secret = match docker_credential::get_credential(host) {
            Ok(DockerCredential::UsernamePassword(user, password)) => {
                Secret::Password { user, password }
            }
            Ok(DockerCredential::IdentityToken(token)) => Secret::IdentityToken(token),
            Err(error) if is_absence(&error) => return Err(lack),
            Err(error) => {
                let said = error.to_string();
                let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
                return Err(format!("docker's config.json gives none ({line})"));
            }
        };
        Ok(Self {
            secret,
            source_of: "docker's config.json",
        })
    }
}

/// Those of the environment, which are for one registry: no other is to see them.
fn from_environment(
    host: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Credentials, String> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let (Some(user), Some(password)) = (variable(USER), variable(PASSWORD)) else {
        return Err("none are known".to_owned());
    };
    match variable(HOST) {
        Some(own) if own == host => Ok(Credentials {
            secret: Secret::Password { user, password },
            source_of: "AGNOSTICS_REGISTRY_USER and AGNOSTICS_REGISTRY_PASSWORD",
        }),
        Some(other) => Err(format!("those of the environment are for `{other}`")),
        None => Err(format!("{USER} is set without {HOST}")),
    }
}

/// No file is as good as a file without the host. A file that is broken reads the same as none; a
/// registry that then wants credentials says so. Helpers answer that they have none with an error.
fn is_absence(error: &CredentialRetrievalError) -> bool {
    match error {
        CredentialRetrievalError::ConfigNotFound
        | CredentialRetrievalError::ConfigReadError
        | CredentialRetrievalError::NoCredentialConfigured => true,
        CredentialRetrievalError::HelperFailure { stdout, .. } => {
            stdout.contains("credentials not found")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_of_the_environment_are_for_the_host_that_it_names() {
        let found = |host: &str, own: Option<&str>| {
            let given = [(USER, Some("me")), (PASSWORD, Some("secret")), (HOST, own)];
            let variable = |name: &str| {
                let found = given.iter().find(|(known, _)| *known == name)?;
                found.1.map(str::to_owned)
            };
            from_environment(host, variable).map(|it| match it.secret {
                Secret::Password { user, password } => format!("{user}:{password}"),
                Secret::IdentityToken(token) => token,
            })
        };
        let ours = Some("registry.example:5000");
        assert_eq!(found("registry.example:5000", ours).unwrap(), "me:secret");
        for other in ["registry.example", "registry.example:443", "ghcr.io"] {
            let said = found(other, ours).unwrap_err();
            assert!(said.contains("are for `registry.example:5000`"), "{said}");
        }
        for none in [None, Some("")] {
            let said = found("ghcr.io", none).unwrap_err();
            assert!(said.contains("without AGNOSTICS_REGISTRY_HOST"), "{said}");
        }
    }
}
