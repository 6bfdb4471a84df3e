// Command informer runs informers of client-go and tells on standard output, as lines of JSON, all that they hear.
//
// Usage: informer --kubeconfig PATH --informers JSON, where JSON is a list of specs (see spec.go). A line `report` on
// standard input is answered with the content of all stores; the end of standard input ends the program.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"sync"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

// printer writes one value a line, whoever writes.
type printer struct {
	mu  sync.Mutex
	out *bufio.Writer
}

func (p *printer) print(value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out.Write(text)
	p.out.WriteByte('\n')
	p.out.Flush()
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "path of a kubeconfig")
	informers := flag.String("informers", "[]", "list of specs, as JSON")
	watchSeconds := flag.Int64("watch-seconds", 0, "how long watches last at least, twice this at most; 0 leaves it to client-go")
	klog.InitFlags(nil)
	flag.Parse()
	// What is expected here is no line of a test's output, and no file either.
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	if err := run(*kubeconfig, *informers, *watchSeconds); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(kubeconfig, informers string, watchSeconds int64) error {
	var specs []spec
	if err := json.Unmarshal([]byte(informers), &specs); err != nil {
		return fmt.Errorf("--informers: %w", err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 1000, 1000
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	out := &printer{out: bufio.NewWriter(os.Stdout)}
	var all []*follower
	var running sync.WaitGroup
	for _, each := range specs {
		f, err := newFollower(client, each, watchSeconds, out)
		if err != nil {
			return fmt.Errorf("%s: %w", each.Name, err)
		}
		all = append(all, f)
		running.Go(func() { f.informer.RunWithContext(ctx) })
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if lines.Text() != "report" {
			continue
		}
		reports := []report{}
		for _, f := range all {
			reports = append(reports, f.report())
		}
		out.print(map[string]any{"kind": "report", "informers": reports})
	}
	cancel()
	running.Wait()
	return lines.Err()
}
