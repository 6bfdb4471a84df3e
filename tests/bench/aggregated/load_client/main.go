// Asks a Kubernetes API server as many clients at a time would, with the bearer token of a service account over the
// protocol that client-go speaks (HTTP/2 unless said otherwise), and prints what came of it as one line of JSON. Reads
// what to do as one line of JSON; see job.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// job is what the first line of the input says.
type job struct {
	// Kind is load, pages or watch.
	Kind   string
	Server string
	CaPem  string
	Token  string
	// Paths are asked for in an order that chance decides.
	Paths   []string
	Callers int
	// WarmupSeconds are not counted.
	WarmupSeconds float64
	Seconds       float64
	// PerSecond requests begin at most, by all callers together; 0: as many as there can be.
	PerSecond float64
	Gzip      bool
	Http1     bool
	// Body makes it a PATCH of this ContentType; {n} in it is a number that comes once.
	Body        string
	ContentType string
	// EventMark stands before a decimal number in each event of a watch that is told.
	EventMark string
	// TimeMark stands before the time of the change, in nanoseconds since 1970.
	TimeMark string
}

func main() {
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	line, err := input.ReadBytes('\n')
	check(err)
	var wanted job
	check(json.Unmarshal(line, &wanted))
	switch wanted.Kind {
	case "load":
		say(load(wanted, get))
	case "pages":
		say(load(wanted, getPages))
	case "watch":
		watch(wanted, input)
	default:
		panic("no such kind of job: " + wanted.Kind)
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func say(what any) {
	text, err := json.Marshal(what)
	check(err)
	os.Stdout.Write(append(text, '\n'))
}

// client has connections of its own.
func client(wanted job) *http.Client {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(wanted.CaPem)) {
		panic("no certificate authority")
	}
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: roots},
		ForceAttemptHTTP2:   !wanted.Http1,
		MaxIdleConnsPerHost: wanted.Callers,
		DisableCompression:  true,
	}
	return &http.Client{Transport: transport}
}

// turns counts what was sent with a number of its own.
var turns atomic.Int64

func request(wanted job, path string) *http.Request {
	method, body := "GET", io.Reader(nil)
	if wanted.Body != "" {
		number := strconv.FormatInt(turns.Add(1), 10)
		method, body = "PATCH", strings.NewReader(strings.ReplaceAll(wanted.Body, "{n}", number))
	}
	asked, err := http.NewRequest(method, wanted.Server+path, body)
	check(err)
	if wanted.Body != "" {
		asked.Header.Set("Content-Type", wanted.ContentType)
	}
	asked.Header.Set("Authorization", "Bearer "+wanted.Token)
	asked.Header.Set("Accept", "application/json")
	asked.Header.Set("User-Agent", "bench")
	if wanted.Gzip {
		asked.Header.Set("Accept-Encoding", "gzip")
	}
	return asked
}

// caller is one of those who ask.
type caller struct {
	wanted job
	client *http.Client
	buffer []byte
}

// answer is what came of one turn of a caller: one request, or all pages of a list.
type answer struct {
	code  int
	bytes int64
	items int
}

func (one *caller) read(path string, into *bytes.Buffer) answer {
	response, err := one.client.Do(request(one.wanted, path))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return answer{}
	}
	defer response.Body.Close()
	var sink io.Writer = io.Discard
	if into != nil {
		into.Reset()
		sink = into
	}
	count, err := io.CopyBuffer(struct{ io.Writer }{sink}, response.Body, one.buffer)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return answer{bytes: count}
	}
	return answer{code: response.StatusCode, bytes: count}
}

func get(one *caller, path string, _ *bytes.Buffer) answer {
	return one.read(path, nil)
}

var (
	continueMark = []byte(`"continue":"`)
	itemMark     = []byte(`"uid":"`)
)

func getPages(one *caller, path string, page *bytes.Buffer) answer {
	sum := answer{}
	next := path
	for {
		got := one.read(next, page)
		sum.code = got.code
		sum.bytes += got.bytes
		sum.items += bytes.Count(page.Bytes(), itemMark)
		if got.code != 200 {
			return sum
		}
		// What belongs to the list stands before its items.
		head := page.Bytes()[:min(len(page.Bytes()), 1024)]
		at := bytes.Index(head, continueMark)
		if at == -1 {
			return sum
		}
		token := head[at+len(continueMark):]
		token = token[:bytes.IndexByte(token, '"')]
		next = path + "&continue=" + string(token)
	}
}

type loaded struct {
	// Micros is how long each turn took, in microseconds.
	Micros  []int64        `json:"micros"`
	Seconds float64        `json:"seconds"`
	Codes   map[string]int `json:"codes"`
	Bytes   int64          `json:"bytes"`
	Items   int            `json:"items"`
}

func load(wanted job, turn func(*caller, string, *bytes.Buffer) answer) loaded {
	shared := client(wanted)
	var gate chan struct{}
	if wanted.PerSecond > 0 {
		gate = make(chan struct{})
		go pace(gate, wanted.PerSecond)
	}
	begun := time.Now().Add(time.Duration(wanted.WarmupSeconds * float64(time.Second)))
	end := begun.Add(time.Duration(wanted.Seconds * float64(time.Second)))
	sum := loaded{Codes: map[string]int{}, Micros: []int64{}}
	var lock sync.Mutex
	var all sync.WaitGroup
	for range wanted.Callers {
		all.Add(1)
		go func() {
			defer all.Done()
			one := &caller{wanted, shared, make([]byte, 64<<10)}
			page := &bytes.Buffer{}
			own := loaded{Codes: map[string]int{}}
			for {
				if gate != nil {
					<-gate
				}
				started := time.Now()
				if started.After(end) {
					break
				}
				got := turn(one, wanted.Paths[rand.Intn(len(wanted.Paths))], page)
				// What began before counts no more than what ends after the time.
				if now := time.Now(); started.After(begun) && now.Before(end) {
					own.Micros = append(own.Micros, now.Sub(started).Microseconds())
					own.Codes[strconv.Itoa(got.code)]++
					own.Bytes += got.bytes
					own.Items += got.items
				}
			}
			lock.Lock()
			defer lock.Unlock()
			sum.Micros = append(sum.Micros, own.Micros...)
			sum.Bytes += own.Bytes
			sum.Items += own.Items
			for code, count := range own.Codes {
				sum.Codes[code] += count
			}
		}()
	}
	all.Wait()
	sum.Seconds = wanted.Seconds
	return sum
}

// pace lets so many begin a second; who is late makes up for it.
func pace(gate chan<- struct{}, perSecond float64) {
	started := time.Now()
	for count := 0.0; ; count++ {
		time.Sleep(time.Until(started.Add(time.Duration(count / perSecond * float64(time.Second)))))
		gate <- struct{}{}
	}
}

type watched struct {
	// Micros from a change to each watcher that was told of it, in microseconds.
	Micros []int64 `json:"micros"`
	// Events is how many each watcher was told of.
	Events []int `json:"events"`
	// Same is how many watchers were told the same events in the same order as the first one.
	Same int `json:"same"`
	// Ended is how many watches had ended before they were to.
	Ended int `json:"ended"`
	// Codes of the answers.
	Codes map[string]int `json:"codes"`
}

// watch opens all watches, says so, and goes on until the input says "finish"; any other line is answered with how many
// events all watchers have been told.
func watch(wanted job, input *bufio.Reader) {
	results := make([]result, wanted.Callers)
	stop := make(chan struct{})
	var opened, all sync.WaitGroup
	// Handshakes are costly: not all at a time.
	room := make(chan struct{}, 16)
	for index := range wanted.Callers {
		opened.Add(1)
		all.Add(1)
		go func() {
			defer all.Done()
			room <- struct{}{}
			response, err := client(wanted).Do(request(wanted, wanted.Paths[index%len(wanted.Paths)]))
			<-room
			opened.Done()
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				return
			}
			results[index].code = response.StatusCode
			go func() {
				<-stop
				response.Body.Close()
			}()
			results[index].follow(response.Body, []byte(wanted.EventMark), []byte(wanted.TimeMark), stop)
		}()
	}
	opened.Wait()
	say(map[string]bool{"open": true})
	for {
		line, err := input.ReadString('\n')
		check(err)
		if strings.Contains(line, "finish") {
			break
		}
		least := results[0].events.Load()
		for index := range results {
			least = min(least, results[index].events.Load())
		}
		say(map[string]int64{"least": least})
	}
	close(stop)
	all.Wait()
	sum := watched{Codes: map[string]int{}, Micros: []int64{}, Events: []int{}}
	for index := range results {
		one := &results[index]
		sum.Micros = append(sum.Micros, one.micros...)
		sum.Events = append(sum.Events, int(one.events.Load()))
		sum.Codes[strconv.Itoa(one.code)]++
		if one.sum == results[0].sum {
			sum.Same++
		}
		if one.ended {
			sum.Ended++
		}
	}
	say(sum)
}

type result struct {
	code   int
	events atomic.Int64
	// sum of all event numbers, in which their order counts.
	sum    uint64
	micros []int64
	ended  bool
}

func (one *result) follow(body io.Reader, eventMark, timeMark []byte, stop <-chan struct{}) {
	lines := bufio.NewReaderSize(body, 32<<10)
	for {
		line, err := lines.ReadSlice('\n')
		now := time.Now().UnixNano()
		if err != nil {
			select {
			case <-stop:
			default:
				fmt.Fprintln(os.Stderr, "a watch ended:", err)
				one.ended = true
			}
			return
		}
		number, isEvent := numberAfter(line, eventMark)
		if !isEvent {
			continue
		}
		one.events.Add(1)
		one.sum = one.sum*1_000_003 + uint64(number)
		if at, isTimed := numberAfter(line, timeMark); isTimed {
			one.micros = append(one.micros, (now-at)/1_000)
		}
	}
}

func numberAfter(text, mark []byte) (int64, bool) {
	at := bytes.Index(text, mark)
	if at == -1 {
		return 0, false
	}
	var number int64
	for _, digit := range text[at+len(mark):] {
		if digit < '0' || digit > '9' {
			break
		}
		number = number*10 + int64(digit-'0')
	}
	return number, true
}
