module coder-k8s-tests/tls_client

go 1.26
