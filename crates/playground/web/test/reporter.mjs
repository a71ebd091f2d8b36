// Reports results in the format of Rust's test runner, which `cargo xtask` parses.

export default async function* reporter(events) {
  let passed = 0;
  let failed = 0;
  let ignored = 0;
  for await (const { type, data } of events) {
    if (type === "test:pass" && data.skip !== undefined) {
      ignored += 1;
    } else if (type === "test:pass" && data.details?.type !== "suite") {
      passed += 1;
      yield `test ${data.name} ... ok (${(data.details.duration_ms / 1000).toFixed(1)} s)\n`;
    } else if (type === "test:fail" && data.details?.type !== "suite") {
      failed += 1;
      const { error } = data.details;
      yield `test ${data.name} ... FAILED\n${error?.cause?.stack ?? error?.stack ?? error}\n`;
    } else if (type === "test:stdout") {
      yield data.message;
    }
  }
  yield `\ntest result: ${failed === 0 ? "ok" : "FAILED"}. ${passed} passed; ${failed} failed; ${ignored} ignored\n`;
}
