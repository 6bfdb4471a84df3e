document.title = "coder-k8s";
