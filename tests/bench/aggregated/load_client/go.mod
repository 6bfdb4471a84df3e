module coder-k8s-tests/load_client

go 1.26
