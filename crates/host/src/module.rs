use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use wasmi::{ExternType, Linker, ValType};

use crate::calls::HostCalls;
use crate::engine::{Host, Options};
use crate::instance::{self, Failure, State};
use crate::response::{Activity, Answer, Response, SettingsResponse};
use crate::{Error, Snapshot, wapc, wasi};
use kubewarden::{self, ContextAwareResource, ExecutionMode, Metadata};

/// A module ready to judge: validated, linked, and instantiated afresh for every call.
///
/// It may be used from many threads at a time, and cloning it is cheap.
#[derive(Clone)]
pub struct Module {
    inner: Arc<Inner>,
    granted: Arc<BTreeSet<ContextAwareResource>>,
}

struct Inner {
    name: String,
    metadata: Option<Metadata>,
    code: wasmi::Module,
    linker: Linker<State>,
    options: Arc<Options>,
}

impl Module {
    pub(crate) fn load(host: &Host, name: &str, wasm: &[u8]) -> Result<Self, Error> {
        let module = || name.to_owned();
        if !wasm.starts_with(b"\0asm") {
            return Err(Error::NotWasm { module: module() });
        }
        let metadata = kubewarden::read(wasm).map_err(|source| match source {
            kubewarden::Error::Component => Error::Component { module: module() },
            kubewarden::Error::NotWasm(error) => Error::Load {
                module: module(),
                cause: error.to_string(),
            },
            source => Error::Metadata {
                module: module(),
                source,
            },
        })?;
        let mode = metadata
            .as_ref()
            .map(|metadata| metadata.execution_mode)
            .unwrap_or_default();
        if mode != ExecutionMode::KubewardenWapc {
            return Err(Error::Mode {
                module: module(),
                mode,
            });
        }
        let broken = |cause: String| Error::Load {
            module: module(),
            cause,
        };
        let code =
            wasmi::Module::new(&host.engine, wasm).map_err(|error| broken(error.to_string()))?;
        check_exports(&code).map_err(|export| Error::Export {
            module: module(),
            export,
        })?;
        check_imports(&code).map_err(broken)?;
        let mut linker = host.linker.clone();
        wasi::define_rest(&mut linker, &code).map_err(|error| broken(error.to_string()))?;
        let granted = metadata
            .iter()
            .flat_map(|metadata| metadata.context_aware_resources.iter().cloned())
            .collect();
        let inner = Inner {
            name: module(),
            metadata,
            code,
            linker,
            options: Arc::clone(&host.options),
        };
        Ok(Self {
            inner: Arc::new(inner),
            granted: Arc::new(granted),
        })
    }

    /// How errors call the module.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The module's metadata; `None` for one that `kwctl annotate` has not seen, which runs here as
    /// it does in `kwctl run`.
    pub fn metadata(&self) -> Option<&Metadata> {
        self.inner.metadata.as_ref()
    }

    /// The same module, allowed to ask for the kinds in `policy` only, the `contextAwareResources`
    /// of the policy that runs it.
    ///
    /// Until then it may ask for all its metadata names; kinds that the metadata does not name it
    /// never gets. A module without metadata gets what the policy names.
    #[must_use]
    pub fn with_context_aware_resources(
        &self,
        policy: impl IntoIterator<Item = ContextAwareResource>,
    ) -> Self {
        let named = |kind: &ContextAwareResource| {
            self.metadata()
                .is_none_or(|metadata| metadata.context_aware_resources.contains(kind))
        };
        Self {
            inner: Arc::clone(&self.inner),
            granted: Arc::new(policy.into_iter().filter(named).collect()),
        }
    }

    /// The module's verdict on `request`, the `request` of an `AdmissionReview`, under `settings`.
    ///
    /// Both reach the module byte for byte.
    ///
    /// # Errors
    /// The module gave no verdict: it trapped, ran out of fuel, or failed.
    pub fn validate(
        &self,
        settings: &RawValue,
        request: &RawValue,
        cluster: &Snapshot,
    ) -> Result<Response, Error> {
        const OPERATION: &str = "validate";
        let payload = simulate::builtin::payload(settings, request);
        let (answer, activity) = self.call(OPERATION, payload.as_bytes(), cluster)?;
        let answer: Answer = self.parse(OPERATION, &answer)?;
        Ok(answer.into_response(request, activity))
    }

    /// The module's verdict on `settings`.
    ///
    /// # Errors
    /// The module gave no verdict: it trapped, ran out of fuel, or failed.
    pub fn validate_settings(&self, settings: &RawValue) -> Result<SettingsResponse, Error> {
        const OPERATION: &str = "validate_settings";
        let (answer, _) = self.call(OPERATION, settings.get().as_bytes(), &Snapshot::new())?;
        self.parse(OPERATION, &answer)
    }

    /// The version of Kubewarden's protocol the module speaks: `v1`.
    ///
    /// # Errors
    /// The module does not say: it trapped, ran out of fuel, or failed.
    pub fn protocol_version(&self) -> Result<String, Error> {
        const OPERATION: &str = "protocol_version";
        let (answer, _) = self.call(OPERATION, &[], &Snapshot::new())?;
        self.parse(OPERATION, &answer)
    }

    /// The module's bytes in answer to a payload, for comparisons byte by byte.
    ///
    /// # Errors
    /// The module gave no answer: it trapped, ran out of fuel, or failed.
    pub fn call(
        &self,
        operation: &'static str,
        payload: &[u8],
        cluster: &Snapshot,
    ) -> Result<(Vec<u8>, Activity), Error> {
        let calls = HostCalls::new(cluster.clone(), Arc::clone(&self.granted));
        let Inner {
            code,
            linker,
            options,
            ..
        } = &*self.inner;
        instance::call(linker, code, options, operation, payload.to_vec(), calls)
            .map_err(|failure| self.error(operation, failure))
    }

    fn error(&self, operation: &'static str, failure: Failure) -> Error {
        let module = self.inner.name.clone();
        let Options {
            fuel_limit,
            memory_limit,
        } = *self.inner.options;
        match failure {
            Failure::Start(cause) => Error::Start { module, cause },
            Failure::OutOfFuel => Error::OutOfFuel {
                module,
                operation,
                fuel_limit,
            },
            Failure::Trap(cause) => Error::Trap {
                module,
                operation,
                cause,
                memory_limit,
            },
            Failure::Guest(cause) => Error::Guest {
                module,
                operation,
                cause: without_middle(cause),
            },
        }
    }

    fn parse<'a, T: Deserialize<'a>>(
        &self,
        operation: &'static str,
        answer: &'a [u8],
    ) -> Result<T, Error> {
        serde_json::from_slice(answer).map_err(|cause| Error::Answer {
            module: self.inner.name.clone(),
            operation,
            cause,
        })
    }
}

impl std::fmt::Debug for Module {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Module")
            .field("name", &self.inner.name)
            .field("granted", &self.granted)
            .finish_non_exhaustive()
    }
}

/// The SDK puts the whole request into its messages, and the reason behind it.
fn without_middle(text: String) -> String {
    const KEPT: usize = 300;
    if text.chars().count() <= 2 * KEPT {
        return text;
    }
    let head: String = text.chars().take(KEPT).collect();
    let tail: String = text.chars().skip(text.chars().count() - KEPT).collect();
    format!("{head} … {tail}")
}

/// What waPC needs of a module; the error is what is missing.
fn check_exports(code: &wasmi::Module) -> Result<(), &'static str> {
    match code.get_export("memory") {
        Some(ExternType::Memory(_)) => {}
        _ => return Err("a memory named `memory`"),
    }
    match code.get_export(instance::GUEST_CALL) {
        Some(ExternType::Func(function))
            if function.params() == [ValType::I32, ValType::I32]
                && function.results() == [ValType::I32] =>
        {
            Ok(())
        }
        _ => Err("the function `__guest_call`"),
    }
}

/// Whether a module imports functions of waPC and WASI alone, all that Kubewarden has; the error names the
/// first other one.
fn check_imports(code: &wasmi::Module) -> Result<(), String> {
    let known = |module: &str| matches!(module, wapc::MODULE | wasi::MODULE);
    match code.imports().find(|import| !known(import.module())) {
        None => Ok(()),
        Some(import) => Err(format!(
            "it imports `{}::{}`, which Kubewarden does not provide",
            import.module(),
            import.name()
        )),
    }
}
