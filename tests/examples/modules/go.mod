// Definitions of the kinds of others that examples have objects of, for tests. Apart from the tools' module, whose file is part of the
// key of its builds.
module coder-k8s.test/examples

go 1.25.0

require (
	github.com/argoproj/argo-cd/v3 v3.1.8
	github.com/fluxcd/kustomize-controller v1.7.3
	github.com/fluxcd/source-controller v1.7.0
)
