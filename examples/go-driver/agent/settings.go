// Package agent is a small Rodent: it registers with Toggle, answers its commands, and delivers events.
package agent

import (
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"
)

// Settings are what an agent goes by. The times are those of the published Rodent unless they are given.
type Settings struct {
	Address   string // host:port
	Token     string // a JWT
	TokenFile string // a file with a JWT, which may change; it is used instead of Token
	CAFile    string // the root certificate, if Toggle speaks TLS
	EventsDir string

	BatchSize    int
	BatchBytes   int
	BatchTimeout time.Duration
	MaxBytes     int64
	Fsync        bool

	RetryBase       time.Duration
	RetryMax        time.Duration
	SendTimeout     time.Duration
	RegisterAgain   time.Duration
	ConnectDelay    time.Duration
	Redial          time.Duration
	RedialMax       time.Duration
	RedialRefused   time.Duration
	Keepalive       time.Duration
	PongTimeout     time.Duration
	ShutdownTimeout time.Duration
	LookAround      time.Duration

	OwnEvents bool
	Levels    string
	Faults    FaultSet
	ReadyLate bool // whoever drives it is to wait for the first Register, as the published Rodent's bus does
}

// Flags has the settings be flags.
func (s *Settings) Flags(flags *flag.FlagSet) {
	flags.IntVar(&s.BatchSize, "batch-size", 100, "events in a batch at the most")
	flags.IntVar(&s.BatchBytes, "batch-bytes", 4_000_000, "bytes of a batch at the most; gRPC servers take 4 MiB")
	flags.DurationVar(&s.BatchTimeout, "batch-timeout", 30*time.Second, "how long an event waits for others")
	flags.Int64Var(&s.MaxBytes, "max-bytes", 1<<30, "bytes that may wait on disk; beyond them events are refused")
	flags.BoolVar(&s.Fsync, "fsync", false, "accepted events survive a power cut too")
	flags.DurationVar(&s.RetryBase, "retry-base", time.Second, "the bound of the first pause between two tries of a batch")
	flags.DurationVar(&s.RetryMax, "retry-max", 30*time.Second, "the longest pause between two tries of a batch")
	flags.DurationVar(&s.SendTimeout, "send-timeout", 30*time.Second, "how long a try may take, of Register too")
	flags.DurationVar(&s.RegisterAgain, "register-again", time.Minute, "the pause between two tries of Register")
	flags.DurationVar(&s.ConnectDelay, "connect-delay", 3*time.Second, "the pause between Register and Connect")
	flags.DurationVar(&s.Redial, "redial", 30*time.Second, "the first pause before a stream is opened again")
	flags.DurationVar(&s.RedialMax, "redial-max", 15*time.Minute, "the longest such pause")
	flags.DurationVar(&s.RedialRefused, "redial-refused", time.Minute, "the pause after PERMISSION_DENIED and its like")
	flags.DurationVar(&s.Keepalive, "keepalive", 40*time.Second, "the pause between two pings; gRPC wants 10s or more")
	flags.DurationVar(&s.PongTimeout, "keepalive-timeout", 20*time.Second, "how long an answer to a ping may take")
	flags.DurationVar(&s.ShutdownTimeout, "shutdown-timeout", 10*time.Second, "the limit of an end by SIGTERM or by the end of stdin")
	flags.DurationVar(&s.LookAround, "look-around", 5*time.Second, "the pause between two looks for what other instances have left")
	flags.BoolVar(&s.OwnEvents, "own-events", true, "emit the events of its own start and stop")
	flags.StringVar(&s.Levels, "levels", "", "the levels that are sent, such as INFO,WARN; all unless given")
	s.Faults = FaultSet{}
	flags.Var(s.Faults, "fault", "a `name` of the table in README.md; may be repeated")
}

// check finds what cannot be.
func (s *Settings) check() error {
	s.Address = strings.TrimPrefix(strings.TrimPrefix(s.Address, "https://"), "http://")
	switch {
	case s.Address == "":
		return errors.New("the address is missing: set TOGGLE_ADDRESS to HOST:PORT")
	case s.Token == "" && s.TokenFile == "":
		return errors.New("the token is missing: set TOGGLE_JWT, or TOGGLE_JWT_FILE to a file that has it")
	case s.EventsDir == "":
		return errors.New("the folder is missing: set EVENTS_DIR, or HOME")
	case s.BatchSize < 1:
		return fmt.Errorf("-batch-size is %d: give 1 or more", s.BatchSize)
	case s.BatchBytes <= trailerRoom:
		return fmt.Errorf("-batch-bytes is %d: give more than %d", s.BatchBytes, trailerRoom)
	}
	for _, pause := range []time.Duration{
		s.BatchTimeout, s.RetryBase, s.RetryMax, s.SendTimeout, s.RegisterAgain, s.ConnectDelay, s.Redial,
		s.RedialMax, s.RedialRefused, s.Keepalive, s.PongTimeout, s.ShutdownTimeout, s.LookAround,
	} {
		if pause <= 0 {
			return fmt.Errorf("%v is no time to wait: give more than 0s", pause)
		}
	}
	for _, level := range s.levels() {
		if _, err := levelOf(level); err != nil {
			return fmt.Errorf("-levels: %w", err)
		}
	}
	return nil
}

func (s *Settings) levels() []string {
	return strings.FieldsFunc(s.Levels, func(r rune) bool { return r == ',' || r == ' ' })
}
