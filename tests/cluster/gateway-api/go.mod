// The definitions of the Gateway API, for tests. Apart from the tools' module, whose file is part of the key of its builds.
module coder-k8s.test/gateway-api

go 1.21

require sigs.k8s.io/gateway-api v1.4.1
