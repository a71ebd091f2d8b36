#!/usr/bin/env bash
# Writes the release metadata of the built policies. For each target/modules/<policy>.wasm it writes
#   <policy>.cdx.json          the SBOM in CycloneDX format: the crates compiled into the policy
#   <policy>.provenance.json   the predicate of the SLSA provenance
#   <policy>.annotations.json  the annotations of its OCI manifest
# and SHA256SUMS for all policies. The same commit gives the same bytes. Needs git and jq.
set -euo pipefail
cd "$(dirname "$0")/../.."

target=wasm32-wasip1
cyclonedx=0.5.9
repository=$(sed -n 's/^repository = "\(.*\)"$/\1/p' Cargo.toml)
commit=$(git rev-parse HEAD)
created=$(TZ=UTC git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd)
changed=$([ -z "$(git status --porcelain)" ] && echo false || echo true)
compiler=$(rustc --version)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH

# Does nothing if this version is already installed.
cargo install --quiet --locked cargo-cyclonedx --version "$cyclonedx" --root target/tools
# cargo-cyclonedx writes next to every Cargo.toml of a workspace, so it runs on a copy.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z -- Cargo.lock '*.toml' '*.rs' | tar --null --files-from=- --create | tar --extract --directory "$copy"
cyclonedx=$PWD/target/tools/bin/cargo-cyclonedx
(cd "$copy" && "$cyclonedx" cyclonedx --quiet --format json --spec-version 1.5 --target "$target" --no-build-deps)

# cargo-cyclonedx also lists proc macros, and crates that only the features of other workspace members enable.
# Keeps the crates that `cargo tree` lists as compiled in. Adds the standard library and the digest of the
# policy, which no manifest lists. Makes paths relative to the workspace.
sbom='
  ($compiled | split("\n")) as $compiled
  | del(.metadata.component.components)
  | .components |= map(select("\(.name) v\(.version)" | IN($compiled[])))
  | [.metadata.component, .components[] | ."bom-ref"] as $kept
  | .dependencies |= [.[] | select(.ref | IN($kept[])) | .dependsOn = [.dependsOn // [] | .[] | select(IN($kept[]))]]
  | .components += [{type: "library", "bom-ref": "rust-std", name: "rust-std",
      version: ($compiler | split(" ")[1]), licenses: [{expression: "MIT OR Apache-2.0"}]}]
  | .metadata.component.hashes = [{alg: "SHA-256", content: $sha256}]
  | (.metadata.component, .components[]) |= if .purl // "" | contains("file:") then del(.purl) else . end
  | walk(if type == "string" then split("file://" + $copy) | join("file://.") else . end)'

provenance='{
  buildDefinition: {
    buildType: "\($repository)/blob/\($commit)/xtask/src/build.rs",
    externalParameters: {command: "cargo xtask build", module: $policy},
    internalParameters: {compiler: $compiler, target: $target, changedSinceCommit: $changed},
    resolvedDependencies: [
      {uri: "git+\($repository)", digest: {gitCommit: $commit}},
      {uri: "\($repository)/blob/\($commit)/Cargo.lock", digest: {sha256: $lock}}
    ]
  },
  runDetails: {builder: {id: $builder}}
}'
builder=${GITHUB_WORKFLOW_REF:+https://github.com/$GITHUB_WORKFLOW_REF}
builder=${builder:-$repository/blob/$commit/xtask}

annotations='.packages[] | select(.name == $policy) | {"$manifest": {
  "org.opencontainers.image.title": .name,
  "org.opencontainers.image.description": .description,
  "org.opencontainers.image.version": .version,
  "org.opencontainers.image.licenses": .license,
  "org.opencontainers.image.authors": (.authors | join(", ")),
  "org.opencontainers.image.source": .repository,
  "org.opencontainers.image.revision": $commit,
  "org.opencontainers.image.created": $created
}}'

digest() { sha256sum "$1" | cut -d ' ' -f 1; }

cargo metadata --no-deps --locked --format-version 1 > "$copy/metadata.json"
for wasm in target/modules/*.wasm; do
  policy=$(basename "$wasm" .wasm)
  compiled=$(cargo tree --locked --package "$policy" --target "$target" --edges normal,no-proc-macro \
    --prefix none --format '{p}' | cut -d ' ' -f 1,2)
  jq --arg compiled "$compiled" --arg compiler "$compiler" --arg sha256 "$(digest "$wasm")" --arg copy "$copy" \
    "$sbom" "$copy"/*/"$policy/$policy.cdx.json" > "${wasm%.wasm}.cdx.json"
  jq --null-input --arg policy "$policy" --arg repository "$repository" --arg commit "$commit" \
    --arg compiler "$compiler" --arg target "$target" --argjson changed "$changed" \
    --arg lock "$(digest Cargo.lock)" --arg builder "$builder" "$provenance" > "${wasm%.wasm}.provenance.json"
  jq --arg policy "$policy" --arg commit "$commit" --arg created "$created" \
    "$annotations" "$copy/metadata.json" > "${wasm%.wasm}.annotations.json"
done
(cd target/modules && sha256sum -- *.wasm > SHA256SUMS)
