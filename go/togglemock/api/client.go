// Package api is the HTTP API of a mock Toggle: a record for each body, and a method for each endpoint.
//
// [Client] asks as it is told, and gives errors back; package togglemock is what tests hold.
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

const unix = "unix:"

// Client asks one mock, about all of it or about one session. It may be used by many goroutines.
type Client struct {
	base    string
	http    *http.Client
	session string
}

// New gives a client of the mock at a URL, such as http://127.0.0.1:8025, or unix:PATH of its socket.
//
// It connects straight, whatever proxy the environment names.
func New(address string) (*Client, error) {
	dialer := &net.Dialer{}
	if path, isPath := strings.CutPrefix(address, unix); isPath && path != "" {
		dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return dialer.DialContext(ctx, "unix", path) }
		return &Client{base: "http://localhost", http: &http.Client{Transport: &http.Transport{DialContext: dial}}}, nil
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "http" || parsed.Host == "" {
		return nil, fmt.Errorf("%q is no URL of a mock Toggle: give http://HOST:PORT or unix:PATH", address)
	}
	transport := &http.Transport{DialContext: dialer.DialContext}
	return &Client{base: "http://" + parsed.Host, http: &http.Client{Transport: transport}}, nil
}

// In gives a client of the same mock that asks about one session; an empty one is the whole mock.
func (c *Client) In(session string) *Client {
	return &Client{base: c.base, http: c.http, session: session}
}

// Close closes the connections that nobody uses.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Error is what the mock answers if it does not do what is asked.
type Error struct {
	// Status is that of HTTP.
	Status int

	// Kind is the name of the exception that it is in Python, such as NotReceivedError.
	Kind string

	// Text is what is wrong, for people.
	Text string
}

// Error gives the text alone: it says all.
func (e *Error) Error() string { return e.Text }

// IsKind says whether an error is the mock's, of a kind such as NotReceivedError.
func IsKind(err error, kind string) bool {
	var told *Error
	return errors.As(err, &told) && told.Kind == kind
}

type request struct {
	method    string
	path      string
	inSession bool
	query     func(url.Values)
	body      any
}

func ask[Answer any](ctx context.Context, c *Client, asked request) (Answer, error) {
	var answer Answer
	response, err := c.do(ctx, asked)
	if err != nil {
		return answer, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return answer, c.noToggle(asked, err)
	}
	if failure := failed(response.StatusCode, content); failure != nil {
		return answer, failure
	}
	if err := json.Unmarshal(content, &answer); err != nil {
		return answer, c.noToggle(asked, fmt.Errorf("status %d, %w", response.StatusCode, err))
	}
	return answer, nil
}

func stream(ctx context.Context, c *Client, asked request) (io.ReadCloser, error) {
	response, err := c.do(ctx, asked)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err == nil {
		err = failed(response.StatusCode, content)
	}
	return nil, cmpError(err, c.noToggle(asked, fmt.Errorf("status %d", response.StatusCode)))
}

func (c *Client) do(ctx context.Context, asked request) (*http.Response, error) {
	values := url.Values{}
	if asked.inSession && c.session != "" {
		values.Set("session", c.session)
	}
	if asked.query != nil {
		asked.query(values)
	}
	var body io.Reader
	if asked.body != nil {
		content, err := json.Marshal(asked.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(content)
	}
	address := c.base + asked.path
	if len(values) > 0 {
		address += "?" + values.Encode()
	}
	made, err := http.NewRequestWithContext(ctx, asked.method, address, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		made.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(made)
	if err != nil {
		return nil, c.noToggle(asked, err)
	}
	return response, nil
}

func (c *Client) noToggle(asked request, why error) error {
	return fmt.Errorf("%s%s does not answer as a mock Toggle: %w", c.base, asked.path, why)
}

// failed gives the error that an answer is; a server that is not ready tells so with a status of its own.
func failed(status int, content []byte) error {
	if status < http.StatusBadRequest {
		return nil
	}
	var failure Failure
	if json.Unmarshal(content, &failure) != nil || failure.Kind == "" {
		return nil
	}
	return &Error{Status: status, Kind: failure.Kind, Text: failure.Error}
}

func cmpError(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

func segment(value any) string { return url.PathEscape(fmt.Sprint(value)) }

// add puts a value into a query; what was not given stays out.
func add(to url.Values, name string, value any) {
	switch given := value.(type) {
	case string:
		if given != "" {
			to.Set(name, given)
		}
	case *string:
		if given != nil {
			to.Set(name, *given)
		}
	case *int:
		if given != nil {
			to.Set(name, fmt.Sprint(*given))
		}
	}
}
