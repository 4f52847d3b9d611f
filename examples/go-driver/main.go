// Command go-driver is a small Rodent that is told what to emit, line by line: see README.md.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"example.com/go-driver/agent"
)

// Toggle may leave Register unanswered.
const registerLimit = 5 * time.Second

func main() {
	log.SetFlags(log.Ltime | log.Lmicroseconds | log.Lmsgprefix)
	log.SetPrefix(os.Getenv("SUITE_CASE") + ": ")
	settings, err := configure(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(0)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "go-driver:", err)
		os.Exit(2)
	}
	if err := run(settings); err != nil {
		fmt.Fprintln(os.Stderr, "go-driver:", err)
		os.Exit(1)
	}
}

// configure reads flags and environment.
func configure(arguments []string) (*agent.Settings, error) {
	settings := &agent.Settings{
		Address:   os.Getenv("TOGGLE_ADDRESS"),
		Token:     os.Getenv("TOGGLE_JWT"),
		TokenFile: os.Getenv("TOGGLE_JWT_FILE"),
		CAFile:    os.Getenv("TOGGLE_CA_FILE"),
		EventsDir: os.Getenv("EVENTS_DIR"),
	}
	if home := os.Getenv("HOME"); settings.EventsDir == "" && home != "" {
		settings.EventsDir = filepath.Join(home, "events")
	}
	flags := flag.NewFlagSet("go-driver", flag.ContinueOnError)
	settings.Flags(flags)
	published := flags.Bool("published", false, "have the faults of the published Rodent")
	table := flags.Bool("faults", false, "print the table of faults, and end")
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	if *table {
		fmt.Print(agent.FaultTable())
		return nil, flag.ErrHelp
	}
	if *published {
		settings.ReadyLate = true
		for fault := range agent.Published() {
			settings.Faults[fault] = true
		}
	}
	return settings, nil
}

// run drives the agent until stdin or a signal ends it.
func run(settings *agent.Settings) error {
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM, syscall.SIGINT)
	// Whoever reads stdout may go first: the agent is shut down then, not ended by a signal.
	signal.Ignore(syscall.SIGPIPE)
	rodent, err := agent.Start(settings, log.Default())
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() {
		if settings.ReadyLate {
			rodent.AwaitRegister(registerLimit)
		}
		_, err := serve(rodent, os.Stdin, os.Stdout, settings.ShutdownTimeout)
		served <- err
	}()
	if settings.Faults[agent.IgnoresSIGTERM] {
		terminate = nil
	}
	select {
	case err = <-served:
	case <-terminate:
	}
	rodent.Shutdown(settings.ShutdownTimeout)
	return err
}
