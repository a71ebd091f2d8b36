// The modules whose CRDs the suite `cluster` installs. No program is built from them.
module github.com/k8tre/agnostics/e2e/tools/crds

go 1.26.6

require (
	github.com/cert-manager/cert-manager v1.21.2
	github.com/cilium/cilium v1.20.2
	github.com/external-secrets/external-secrets v1.3.2
	go.universe.tf/metallb v0.16.2
	sigs.k8s.io/external-dns v0.22.0
	sigs.k8s.io/gateway-api v1.6.1
)
