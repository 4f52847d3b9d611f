// Package container runs a mock Toggle as a container, by the command docker or one that is like it.
//
//	toggle := container.Start(t, "toggle-mock:latest")
//
// It needs nothing but that command: who has testcontainers-go already starts the image by that, and gives
// [togglemock.ConnectVia] the ports.
package container

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"example.com/rodent-events/go/togglemock"
)

// Ports of the image.
const (
	GRPCPort = "50051/tcp"
	HTTPPort = "8025/tcp"
)

const (
	startTimeout = 60 * time.Second
	stopTimeout  = 60 * time.Second
	between      = 50 * time.Millisecond
)

// Option says how the container is run.
type Option func(*options)

type options struct {
	docker string
	flags  []string
}

// WithDocker runs another command than docker, such as podman.
func WithDocker(program string) Option { return func(o *options) { o.docker = program } }

// WithSetting gives toggle-mock serve an option by the environment: WithSetting("tls", "true") is --tls.
func WithSetting(name, value string) Option {
	variable := "TOGGLE_MOCK_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	return WithFlags("--env", variable+"="+value)
}

// WithNetwork puts it into a network, where agents that are containers too reach it by an alias.
func WithNetwork(network, alias string) Option {
	return WithFlags("--network", network, "--network-alias", alias)
}

// WithFlags gives docker run further flags.
func WithFlags(flags ...string) Option {
	return func(o *options) { o.flags = append(o.flags, flags...) }
}

// Start runs a container for one test, and gives the test its part of the mock in it.
func Start(t testing.TB, image string, given ...Option) *togglemock.Toggle {
	t.Helper()
	server, err := Run(t.Context(), image, given...)
	if err != nil {
		t.Fatalf("there is no mock Toggle: %v", err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("the mock's container did not end: %v", err)
		}
	})
	return server.Session(t)
}

// Run runs a container until its server is closed: in TestMain for all tests, each with its
// [togglemock.Server.Session].
func Run(ctx context.Context, image string, given ...Option) (*togglemock.Server, error) {
	made := options{docker: "docker"}
	for _, option := range given {
		option(&made)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	flags := append([]string{"run", "--detach", "--publish", "127.0.0.1::" + GRPCPort, "--publish", "127.0.0.1::" + HTTPPort}, made.flags...)
	id, err := made.run(ctx, append(flags, image)...)
	if err != nil {
		return nil, err
	}
	stop := func() error { return made.remove(id) }
	server, err := made.connect(ctx, id, stop)
	if err != nil {
		log, _ := made.run(context.WithoutCancel(ctx), "logs", id) // which is told if it can be had
		return nil, errors.Join(fmt.Errorf("the container of %s: %w\n%s", image, err, log), stop())
	}
	return server, nil
}

// connect asks again until the mock answers, or its container has ended.
func (o options) connect(ctx context.Context, id string, stop func() error) (*togglemock.Server, error) {
	http, err := o.port(ctx, id, HTTPPort)
	if err != nil {
		return nil, err
	}
	grpc, err := o.port(ctx, id, GRPCPort)
	if err != nil {
		return nil, err
	}
	for {
		server, err := togglemock.ConnectVia(ctx, "http://"+http, grpc, stop)
		if err == nil {
			return server, nil
		}
		if running, failed := o.run(ctx, "inspect", "--format", "{{.State.Running}}", id); failed == nil && running != "true" {
			return nil, fmt.Errorf("it has ended: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ctx.Err(), err)
		case <-time.After(between):
		}
	}
}

// port is where a port of a container is reached from here; docker gives a line for each family.
func (o options) port(ctx context.Context, id, port string) (string, error) {
	found, err := o.run(ctx, "port", id, port)
	if err != nil {
		return "", err
	}
	first, _, _ := strings.Cut(found, "\n")
	return first, nil
}

func (o options) remove(id string) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	_, err := o.run(ctx, "rm", "--force", "--volumes", id)
	return err
}

func (o options) run(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, o.docker, args...)
	var out, log bytes.Buffer
	command.Stdout, command.Stderr = &out, &log
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", o.docker, strings.Join(args, " "), err, strings.TrimSpace(log.String()))
	}
	if args[0] == "logs" {
		out.Write(log.Bytes())
	}
	return strings.TrimSpace(out.String()), nil
}
