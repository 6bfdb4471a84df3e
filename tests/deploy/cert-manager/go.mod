// The definitions of cert-manager, for tests. Apart from the tools' module, whose file is part of the key of its builds.
module coder-k8s.test/cert-manager

go 1.25

require github.com/cert-manager/cert-manager v1.19.1
