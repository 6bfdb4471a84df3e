// Argo CD's engine of health checks, for tests. Apart from the other tools' module, whose file is part of the key of its build.
module coder-k8s.test/lua

go 1.23

require github.com/yuin/gopher-lua v1.1.1
