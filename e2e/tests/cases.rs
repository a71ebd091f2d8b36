//! Every case of every module on every host, with the same expectation.

use e2e::hosts::{Embedded, Host, Native};
use e2e::{Case, Expectation};

fn run_all(host: &dyn Host) {
    if let Err(reason) = host.available() {
        println!("skipped: {}: {reason}", host.name());
        return;
    }
    let mut failures = Vec::new();
    let mut ran = 0;
    for module in Native::modules() {
        for case in Case::all_of(module).unwrap() {
            ran += 1;
            let complaints = match host.run(module, &case) {
                Ok(outcome) => Expectation(&case).complaints(&outcome),
                Err(error) => vec![error.to_string()],
            };
            for complaint in complaints {
                let Case {
                    name, description, ..
                } = &case;
                failures.push(format!(
                    "{module}/{name} on {}: {description}\n  {complaint}",
                    host.name()
                ));
            }
        }
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
    println!("{}: {ran} cases", host.name());
    assert!(ran > 0, "{} ran nothing", host.name());
}

#[test]
fn native() {
    run_all(&Native);
}

#[test]
fn embedded() {
    run_all(&Embedded::new().unwrap());
}
