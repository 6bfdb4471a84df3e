// Shows a certificate to a TLS server and signs with whatever key it is given: other TLS libraries refuse a key that
// does not belong to the certificate before they send anything. Asks twice in each version of TLS, the second time on
// the session of the first where the server lets it, and prints a line for each answer. Says X-Remote-User: admin.
//
//	tls_client ADDRESS CERTIFICATE.pem KEY.pem
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	address, certificate, key := os.Args[1], block(os.Args[2]), block(os.Args[3])
	parsed, err := x509.ParsePKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	shown := tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: parsed}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := &tls.Config{
			InsecureSkipVerify: true, // the server is not what is tested
			MinVersion:         version,
			MaxVersion:         version,
			Certificates:       []tls.Certificate{shown},
			ClientSessionCache: tls.NewLRUClientSessionCache(1),
		}
		for range 2 {
			line, err := ask(address, config)
			if err != nil {
				line = "refused"
			}
			fmt.Printf("%s %s\n", tls.VersionName(version), line)
		}
	}
}

func ask(address string, config *tls.Config) (string, error) {
	connection, err := tls.Dial("tcp", address, config)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", err
	}
	request := "GET / HTTP/1.1\r\nHost: server\r\nX-Remote-User: admin\r\nConnection: close\r\n\r\n"
	if _, err := fmt.Fprint(connection, request); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(connection)
	if err != nil || len(answer) < len("HTTP/1.1 200") {
		return "", fmt.Errorf("no answer: %w", err)
	}
	session := "new"
	if connection.ConnectionState().DidResume {
		session = "resumed"
	}
	return session + " " + string(answer[len("HTTP/1.1 "):len("HTTP/1.1 200")]), nil
}

func block(path string) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	first, _ := pem.Decode(text)
	return first.Bytes
}
