use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::value::RawValue;
use wapc::WapcHost;
use wasmtime::{ExternType, ValType};
use wasmtime_provider::{WasmtimeEngineProviderBuilder, WasmtimeEngineProviderPre};

use crate::annotation::{self, ContextAwareResource, ExecutionMode, Metadata};
use crate::calls::HostCalls;
use crate::engine::{Host, Limits};
use crate::response::{Activity, Answer, Response, SettingsResponse};
use crate::{Error, Snapshot};

/// A module ready to judge: compiled, linked, and instantiated afresh for every call.
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
    provider: WasmtimeEngineProviderPre,
    limits: Arc<Limits>,
}

impl Module {
    pub(crate) fn load(host: &Host, name: &str, wasm: &[u8]) -> Result<Self, Error> {
        let module = || name.to_owned();
        if !wasm.starts_with(b"\0asm") {
            return Err(Error::NotWasm { module: module() });
        }
        let metadata = annotation::read(wasm).map_err(|source| match source {
            annotation::Error::Component => Error::Component { module: module() },
            annotation::Error::NotWasm(error) => Error::Load {
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
        let code = wasmtime::Module::new(&host.engine, wasm).map_err(|error| Error::Load {
            module: module(),
            cause: format!("{error:#}"),
        })?;
        check_exports(&code).map_err(|export| Error::Export {
            module: module(),
            export,
        })?;
        let provider = WasmtimeEngineProviderBuilder::new()
            .engine(host.engine.clone())
            .module(code)
            .enable_resource_limits(host.limits.resources())
            .build_pre()
            .map_err(|error| Error::Load {
                module: module(),
                cause: format!("{error:#}"),
            })?;
        let granted = metadata
            .iter()
            .flat_map(|metadata| metadata.context_aware_resources.iter().cloned())
            .collect();
        let inner = Inner {
            name: module(),
            metadata,
            provider,
            limits: Arc::clone(&host.limits),
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
    /// The module gave no verdict: it trapped, ran out of time, or failed.
    pub fn validate(
        &self,
        settings: &RawValue,
        request: &RawValue,
        cluster: &Snapshot,
    ) -> Result<Response, Error> {
        const OPERATION: &str = "validate";
        let payload = [
            "{\"request\":",
            request.get(),
            ",\"settings\":",
            settings.get(),
            "}",
        ]
        .concat();
        let (answer, activity) = self.call(OPERATION, payload.as_bytes(), cluster)?;
        let answer: Answer = self.parse(OPERATION, &answer)?;
        Ok(answer.into_response(request, activity))
    }

    /// The module's verdict on `settings`.
    ///
    /// # Errors
    /// The module gave no verdict: it trapped, ran out of time, or failed.
    pub fn validate_settings(&self, settings: &RawValue) -> Result<SettingsResponse, Error> {
        const OPERATION: &str = "validate_settings";
        let (answer, _) = self.call(OPERATION, settings.get().as_bytes(), &Snapshot::new())?;
        self.parse(OPERATION, &answer)
    }

    /// The version of Kubewarden's protocol the module speaks: `v1`.
    ///
    /// # Errors
    /// The module does not say: it trapped, ran out of time, or failed.
    pub fn protocol_version(&self) -> Result<String, Error> {
        const OPERATION: &str = "protocol_version";
        let (answer, _) = self.call(OPERATION, &[], &Snapshot::new())?;
        self.parse(OPERATION, &answer)
    }

    /// Calls `operation` in a fresh instance.
    fn call(
        &self,
        operation: &'static str,
        payload: &[u8],
        cluster: &Snapshot,
    ) -> Result<(Vec<u8>, Activity), Error> {
        let activity = Arc::new(Mutex::new(Activity::default()));
        let calls = HostCalls {
            cluster: cluster.clone(),
            granted: Arc::clone(&self.granted),
            activity: Arc::clone(&activity),
        };
        let callback = move |_, binding: &str, namespace: &str, operation: &str, payload: &[u8]| {
            calls.answer(binding, namespace, operation, payload)
        };
        let run = || {
            let provider = self
                .inner
                .provider
                .rehydrate(Some(self.inner.limits.deadlines()));
            let provider =
                provider.map_err(|error| wapc::errors::Error::InitFailed(format!("{error:#}")))?;
            WapcHost::new(Box::new(provider), Some(Box::new(callback)))?.call(operation, payload)
        };
        // The provider panics when a module hands it an address outside the module's memory.
        // Nothing of what it was working on outlives this call.
        let answer = catch_unwind(AssertUnwindSafe(run))
            .map_err(|_| self.trap(operation, "it passed an address outside its memory"))?
            .map_err(|error| self.failure(operation, error))?;
        let activity =
            std::mem::take(&mut *activity.lock().unwrap_or_else(PoisonError::into_inner));
        Ok((answer, activity))
    }

    /// Sorts a failure by its words, the provider's only sign.
    fn failure(&self, operation: &'static str, error: wapc::errors::Error) -> Error {
        const OUT_OF_TIME: &str = "execution deadline exceeded";
        let module = self.inner.name.clone();
        let (cause, starting) = match error {
            wapc::errors::Error::GuestCallFailure(cause) => (cause, false),
            wapc::errors::Error::InitFailed(cause) => (cause, true),
            other => (other.to_string(), false),
        };
        if cause.ends_with(OUT_OF_TIME) {
            Error::TimeLimit {
                module,
                operation,
                limit: self.inner.limits.time,
            }
        } else if starting {
            Error::Start { module, cause }
        } else if let Some(trap) = cause.strip_prefix("wasm trap: ") {
            self.trap(operation, trap)
        } else {
            Error::Guest {
                module,
                operation,
                cause: without_middle(cause),
            }
        }
    }

    fn trap(&self, operation: &'static str, cause: &str) -> Error {
        let memory_limit = self.inner.limits.memory;
        Error::Trap {
            module: self.inner.name.clone(),
            operation,
            cause: cause.to_owned(),
            memory_limit,
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

/// What the provider needs of a module; returned is what is missing.
fn check_exports(code: &wasmtime::Module) -> Result<(), &'static str> {
    let is_i32 = |value: ValType| matches!(value, ValType::I32);
    match code.get_export("memory") {
        Some(ExternType::Memory(_)) => {}
        _ => return Err("a memory named `memory`"),
    }
    match code.get_export("__guest_call") {
        Some(ExternType::Func(function))
            if function.params().len() == 2
                && function.results().len() == 1
                && function.params().chain(function.results()).all(is_i32) =>
        {
            Ok(())
        }
        _ => Err("the function `__guest_call`"),
    }
}
