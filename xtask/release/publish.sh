#!/usr/bin/env bash
# Publishes policies to an OCI registry, after `cargo xtask build` and describe.sh. Pushes each policy by
# digest, signs it, attests its SBOM and provenance, and verifies all three. Only then does it set the tag
# v<version>, so a tag never points to an unsigned policy. It is idempotent.
#
# Needs jq, oras and cosign 2; Kubewarden 1.36 does not find the bundles that cosign 3 writes. Log in with
# `oras login` first. Set SSL_CERT_FILE to the CA of a registry whose certificate the system does not trust.
# Connections to `localhost` do not use TLS.
set -euo pipefail

usage='usage: publish.sh (--key COSIGN.KEY | --identity URL) [--no-tag] HOST/PATH [DIR]

  --key COSIGN.KEY  sign with this key, with its password in COSIGN_PASSWORD; contacts only the registry
  --identity URL    sign keyless, as the GitHub workflow with this identity
  --no-tag          do everything except setting the tags; run again without it to set them
  HOST/PATH         push each policy to HOST/PATH/<policy>
  DIR               the directory of the policies (default: target/modules)'

key='' identity='' tag=true
while [ $# -gt 0 ]; do
  case $1 in
    --key) key=${2:?$usage}; shift 2 ;;
    --identity) identity=${2:?$usage}; shift 2 ;;
    --no-tag) tag=false; shift ;;
    -*) echo "$usage" >&2; exit 2 ;;
    *) break ;;
  esac
done
registry=${1:?$usage} dir=${2:-target/modules}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '{}' > "$work/config.json"

# Runs a command, and prints its output only if it fails.
quietly() { "$@" > "$work/log" 2>&1 || { cat "$work/log" >&2; return 1; }; }

if [ -n "$key" ]; then
  sign=(--yes --key "$key" --tlog-upload=false)
  quietly cosign public-key --key "$key" --outfile "$work/cosign.pub"
  # Without a trusted root, cosign fetches one from Sigstore's public instance, even if it does not need one.
  cosign trusted-root create --out "$work/root.json"
  verify=(--key "$work/cosign.pub" --insecure-ignore-tlog --trusted-root "$work/root.json")
else
  sign=(--yes)
  verify=(--certificate-oidc-issuer https://token.actions.githubusercontent.com
    --certificate-identity "${identity:?$usage}")
fi

# Signs or attests an image and verifies the result, unless that was done before; cosign would add a second one.
signed() { # IMAGE
  cosign verify "${verify[@]}" "$1" > "$work/log" 2>&1 && return
  quietly cosign sign "${sign[@]}" "$1"
  quietly cosign verify "${verify[@]}" "$1"
}
attested() { # IMAGE TYPE PREDICATE
  cosign verify-attestation "${verify[@]}" --type "$2" "$1" > "$work/log" 2>&1 && return
  quietly cosign attest "${sign[@]}" --type "$2" --predicate "$3" "$1"
  quietly cosign verify-attestation "${verify[@]}" --type "$2" "$1"
}

# Packs all policies and checks their tags before it pushes anything.
packed=()
for wasm in "$dir"/*.wasm; do
  policy=$(basename "$wasm" .wasm)
  version=$(jq --raw-output '."$manifest"."org.opencontainers.image.version"' "$dir/$policy.annotations.json")
  # Runs in the directory, because the path given to oras becomes the title of the layer.
  digest=$(cd "$dir" && oras push --oci-layout "$work/layout" --no-tty --format 'go-template={{.digest}}' \
    --config "$work/config.json:application/vnd.wasm.config.v1+json" --disable-path-validation \
    --annotation-file "$policy.annotations.json" "$policy.wasm:application/vnd.wasm.content.layer.v1+wasm")
  image=$registry/$policy
  if tagged=$(oras resolve "$image:v$version" 2> /dev/null) && [ "$tagged" != "$digest" ]; then
    echo "error: $image:v$version is $tagged, not $digest; tags are immutable, raise the version" >&2
    exit 1
  fi
  packed+=("$policy v$version $image@$digest")
done

for line in "${packed[@]}"; do
  read -r policy version image <<< "$line"
  quietly oras cp --no-tty --from-oci-layout "$work/layout@${image#*@}" "${image%@*}"
  signed "$image"
  attested "$image" cyclonedx "$dir/$policy.cdx.json"
  attested "$image" slsaprovenance1 "$dir/$policy.provenance.json"
  if $tag; then quietly oras tag "$image" "$version"; fi
  echo "$image"
done
