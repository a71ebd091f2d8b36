//! A program that runs for as long as a value lives.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// How long a condition that is to come true may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Whether somebody wants the suite to end, for suites that ask; see [`end_when_told`].
static INTERRUPTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// From now on Ctrl-C and a request to terminate end the suite as a failure does, with everything taken
/// away that it has made and started. A second one ends it at once.
pub(crate) fn end_when_told() -> std::io::Result<()> {
    for signal in [SIGINT, SIGTERM] {
        flag::register_conditional_shutdown(signal, 130, Arc::clone(&INTERRUPTED))?;
        flag::register(signal, Arc::clone(&INTERRUPTED))?;
    }
    Ok(())
}

/// Whether the suite has been told to end.
pub(crate) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Asks until the answer is there; panics with the last refusal at the deadline, or when the suite has
/// been told to end.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let started = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(why) if started.elapsed() > PATIENCE => panic!("{what}: {why}"),
            Err(why) if is_interrupted() => panic!("interrupted while waiting: {what}: {why}"),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// A program that `cargo xtask e2e` built.
pub(crate) fn tool(name: &str) -> PathBuf {
    let path = e2e::workspace::root().join("target/tools").join(name);
    assert!(path.is_file(), "build the programs with `cargo xtask e2e`");
    path
}

/// A child that is ended, by its id, when this is dropped, a failed test included.
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program with its output in a file of `directory`.
    pub(crate) fn start(name: &str, command: &mut Command, directory: &Path) -> Self {
        let log = directory.join(format!("{name}.log"));
        let output = File::options().create(true).append(true).open(&log);
        let output = output.expect("a log file");
        let child = command
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a second handle"))
            .stderr(output)
            .spawn();
        let name = name.to_owned();
        match child {
            Ok(child) => Self { name, child, log },
            Err(error) => panic!("{name}: {error}"),
        }
    }

    /// Waits until an HTTP endpoint of the program answers 200.
    pub(crate) fn ready(&mut self, address: SocketAddr, path: &str) {
        let name = self.name.clone();
        until(&name, || {
            self.alive()?;
            let status = get(address, path).map(|(status, _)| status)?;
            match status {
                200 => Ok(()),
                _ => Err(format!("{path} answers {status}:\n{}", self.log())),
            }
        });
    }

    /// Panics where the program has ended by itself.
    ///
    /// # Errors
    /// When the system does not tell.
    pub(crate) fn alive(&mut self) -> Result<(), String> {
        if let Some(status) = self.child.try_wait().map_err(|error| error.to_string())? {
            panic!("{} ended with {status}:\n{}", self.name, self.log());
        }
        Ok(())
    }

    /// The process' id, which changes when it is started again.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, by the signal's name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.id().to_string()])
            .status();
        assert!(sent.is_ok_and(|it| it.success()), "{}: {name}", self.name);
    }

    /// Ends it without a chance to tidy up.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn end(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
        if std::thread::panicking() {
            eprintln!("== {}\n{}", self.name, self.log());
        }
    }
}

/// The status and body of a page.
pub(crate) fn get(address: SocketAddr, path: &str) -> Result<(u16, String), String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into();
    let response = agent.get(format!("http://{address}{path}")).call();
    let mut response = response.map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let body = response.body_mut().read_to_string();
    Ok((status, body.map_err(|error| error.to_string())?))
}
