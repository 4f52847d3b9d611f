package agent

import (
	"errors"
	"flag"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// usual are the settings that an agent has unless it is told others.
func usual(faults ...Fault) *Settings {
	settings := &Settings{}
	settings.Flags(flag.NewFlagSet("", flag.PanicOnError))
	for _, fault := range faults {
		settings.Faults[fault] = true
	}
	return settings
}

func TestEachOutcomeIsMetAsTheTableSays(t *testing.T) {
	tooLarge := outcome{code: codes.ResourceExhausted, message: "grpc: received message larger than max (9 vs. 4)"}
	for _, row := range []struct {
		outcome outcome
		events  int
		want    action
	}{
		{outcome{}, 9, acknowledge},
		{outcome{rejected: true}, 9, quarantine},
		{outcome{code: codes.Unavailable}, 9, retry},
		{outcome{code: codes.DeadlineExceeded}, 9, retry},
		{outcome{code: codes.Aborted}, 9, retry},
		{outcome{code: codes.Canceled}, 9, retry},
		{outcome{code: codes.Unknown}, 9, retry},
		{outcome{code: codes.Internal}, 9, retry},
		{outcome{code: codes.OutOfRange}, 9, retry},
		{outcome{code: codes.DataLoss}, 9, retry},
		{outcome{code: codes.NotFound}, 9, retry},
		{outcome{code: codes.AlreadyExists}, 9, retry},
		{outcome{code: codes.ResourceExhausted, message: "slow down"}, 9, retry},
		{tooLarge, 9, split},
		{tooLarge, 1, quarantine},
		{outcome{code: codes.Unauthenticated}, 9, retry},
		{outcome{code: codes.PermissionDenied}, 9, retry},
		{outcome{code: codes.FailedPrecondition}, 9, retry},
		{outcome{code: codes.Unimplemented}, 9, retry},
		{outcome{code: codes.InvalidArgument}, 2, split},
		{outcome{code: codes.InvalidArgument}, 1, quarantine},
	} {
		for _, failures := range []int{1, 2, 3, 100} {
			if got := decide(row.outcome, failures, row.events, usual()); got.action != row.want {
				t.Errorf("%+v of %d events, failure %d: %v", row.outcome, row.events, failures, got)
			}
		}
	}
}

func TestPausesGrowWithJitterUpToALimit(t *testing.T) {
	for failures, most := range map[int]time.Duration{1: 1, 2: 2, 3: 4, 5: 16, 6: 30, 1000: 30} {
		most *= time.Second
		shortest, longest := most, time.Duration(0)
		for range 1000 {
			pause := decide(outcome{code: codes.Unavailable}, failures, 1, usual()).pause
			shortest, longest = min(shortest, pause), max(longest, pause)
		}
		if longest > most || longest < most*9/10 || shortest > most/10 {
			t.Errorf("after %d failures pauses are from %v to %v", failures, shortest, longest)
		}
	}
}

func TestPausesThatAreFixed(t *testing.T) {
	unavailable, expired := outcome{code: codes.Unavailable}, outcome{code: codes.Unauthenticated}
	for _, row := range []struct {
		outcome  outcome
		failures int
		settings *Settings
		want     time.Duration
	}{
		{expired, 1, usual(), 0},
		{outcome{code: codes.PermissionDenied}, 1, usual(), 30 * time.Second},
		{outcome{code: codes.Unavailable, retryAfter: time.Hour}, 1, usual(), time.Hour},
		{unavailable, 1, usual(NoJitter), time.Second},
		{unavailable, 2, usual(NoJitter), 2 * time.Second},
		{expired, 2, usual(NoJitter), 2 * time.Second},
		{unavailable, 9, usual(NoJitter, NoBackoff), time.Second},
	} {
		if got := decide(row.outcome, row.failures, 1, row.settings).pause; got != row.want {
			t.Errorf("%+v, failure %d, faults %s: %v", row.outcome, row.failures, row.settings.Faults, got)
		}
	}
}

func TestAnOutcomeIsReadFromACall(t *testing.T) {
	said, err := status.New(codes.ResourceExhausted, "slow down").WithDetails(
		&errdetails.RetryInfo{RetryDelay: durationpb.New(2 * time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ got, want outcome }{
		{outcomeOf(true, "", nil), outcome{}},
		{outcomeOf(false, "no room", nil), outcome{rejected: true, message: "no room"}},
		{outcomeOf(false, "", errors.New("x")), outcome{code: codes.Unknown, message: "x"}},
		{outcomeOf(false, "", said.Err()), outcome{codes.ResourceExhausted, false, "slow down", 2 * time.Second}},
	} {
		if row.got != row.want {
			t.Errorf("%+v instead of %+v", row.got, row.want)
		}
	}
}

func TestRedialsGrowUpToALimit(t *testing.T) {
	for ends, want := range map[int]time.Duration{0: 30, 1: 45, 2: 68, 9: 900, 1000: 900} {
		for range 100 {
			got := redialPause(codes.Unavailable, ends, usual())
			if got < want*time.Second*89/100 || got > want*time.Second*111/100 {
				t.Errorf("after %d ends: %v", ends, got)
			}
		}
	}
	for code := range refusals {
		if got := redialPause(code, 5, usual()); got < 54*time.Second || got > 66*time.Second {
			t.Errorf("after %s: %v", code, got)
		}
	}
}
