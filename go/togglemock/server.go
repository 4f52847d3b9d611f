package togglemock

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"example.com/rodent-events/go/togglemock/api"
)

// URLVariable is the environment variable with the URL of a mock that runs already.
const URLVariable = "TOGGLE_MOCK_URL"

const startTimeout = time.Minute

// Option says how a mock is had.
type Option func(*options)

type options struct {
	url     string
	binary  string
	args    []string
	timeout time.Duration
}

// WithURL asks the mock at a URL, http://HOST:PORT or unix:PATH, whatever TOGGLE_MOCK_URL says.
func WithURL(address string) Option { return func(o *options) { o.url = address } }

// WithBinary runs a program of its path, not the toggle-mock on the PATH, and whatever TOGGLE_MOCK_URL says.
func WithBinary(path string) Option { return func(o *options) { o.binary = path } }

// WithArgs gives toggle-mock serve further arguments, such as --tls. A mock that runs already has none, so
// one is run, whatever TOGGLE_MOCK_URL says.
func WithArgs(args ...string) Option { return func(o *options) { o.args = append(o.args, args...) } }

// WithStartTimeout gives the mock so long to be there, instead of a minute.
func WithStartTimeout(timeout time.Duration) Option { return func(o *options) { o.timeout = timeout } }

func optionsOf(given []Option) options {
	made := options{timeout: startTimeout}
	for _, option := range given {
		option(&made)
	}
	if made.url == "" && made.binary == "" && len(made.args) == 0 {
		made.url = os.Getenv(URLVariable)
	}
	if made.binary == "" {
		made.binary = "toggle-mock"
	}
	return made
}

func (o options) key() string {
	return strings.Join(append([]string{o.url, o.binary}, o.args...), "\x00")
}

// Server is a mock, of which any number of tests have their [Server.Session].
type Server struct {
	// URL is where its HTTP API is.
	URL string

	// Info is where it listens, and how it is set.
	Info api.Info

	api     *api.Client
	address string
	lease   time.Duration
	stop    func() error
	process *process // nil if it was not run here
}

// API asks about the whole mock, and gives errors back.
func (s *Server) API() *api.Client { return s.api }

// Close ends the mock if it was run for this server, and else leaves it alone.
func (s *Server) Close() error {
	s.api.Close()
	return s.stop()
}

// Connect takes a mock that runs already, at http://HOST:PORT or unix:PATH.
//
// Sessions in it end half a minute after this process is heard of no more.
func Connect(ctx context.Context, address string) (*Server, error) {
	return connect(ctx, address, leased, func() error { return nil })
}

const leased = 30 * time.Second

func connect(ctx context.Context, address string, lease time.Duration, stop func() error) (*Server, error) {
	client, err := api.New(address)
	if err != nil {
		return nil, err
	}
	info, err := client.ServerInfo(ctx)
	if err != nil {
		return nil, err
	}
	return &Server{URL: address, Info: info, api: client, lease: lease, stop: stop}, nil
}

// ConnectVia is [Connect] for one whose port of gRPC is another here than it knows, as that of a container is.
//
// Its tests share that one port, so that faults of connections are the whole mock's to ask for. stop ends it.
func ConnectVia(ctx context.Context, address, target string, stop func() error) (*Server, error) {
	server, err := connect(ctx, address, leased, stop)
	if err != nil {
		return nil, err
	}
	server.address = target
	return server, nil
}

// Launch runs a mock, or takes the one that runs already at the URL that was given.
//
// One that was run ends with this process, if nobody closes it before.
func Launch(ctx context.Context, given ...Option) (*Server, error) {
	made := optionsOf(given)
	ctx, cancel := context.WithTimeout(ctx, made.timeout)
	defer cancel()
	if made.url != "" {
		return Connect(ctx, made.url)
	}
	path, err := exec.LookPath(made.binary)
	if err != nil {
		return nil, fmt.Errorf("%w: install it with pipx install 'rodent-events[serve]', give "+
			"togglemock.WithBinary(PATH), or set %s to the URL of a mock that runs", err, URLVariable)
	}
	process, address, err := launch(ctx, path, made.args)
	if err != nil {
		return nil, err
	}
	server, err := connect(ctx, address, 0, process.stop)
	if err != nil {
		return nil, fmt.Errorf("%w (%v)", err, process.stop())
	}
	server.process = process
	return server, nil
}

// explained is an error, and why the mock answers no more if it has ended.
func (s *Server) explained(err error) error {
	if s.process == nil || !s.process.hasEnded() {
		return err
	}
	return fmt.Errorf("%w\n%w", err, s.process.story("has ended"))
}

// targetOf is the target of gRPC for who is here: of a mock that listens at all addresses of its machine,
// the host by which HTTP is asked.
func (s *Server) targetOf(address string) string {
	if s.address != "" {
		return s.address
	}
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsUnspecified() {
		return address
	}
	asked, err := url.Parse(s.URL)
	if err != nil || asked.Hostname() == "" {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return net.JoinHostPort(asked.Hostname(), port)
}

// ownPorts says whether each session can have a port of its own, for faults of its connections alone.
func (s *Server) ownPorts() bool {
	if s.address != "" || !s.Info.Relay {
		return false
	}
	if strings.HasPrefix(s.Info.Address, "unix:") {
		return true
	}
	host, _, err := net.SplitHostPort(s.Info.Address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// shared are the mocks of this process, by how they were asked for.
var shared = struct {
	sync.Mutex
	servers map[string]func() (*Server, error)
}{servers: map[string]func() (*Server, error){}}

func sharedServer(given []Option) (*Server, error) {
	made := optionsOf(given)
	shared.Lock()
	launched, known := shared.servers[made.key()]
	if !known {
		// It outlives the test that comes first, and so its context.
		launched = sync.OnceValues(func() (*Server, error) { return Launch(context.Background(), given...) })
		shared.servers[made.key()] = launched
	}
	shared.Unlock()
	return launched()
}
