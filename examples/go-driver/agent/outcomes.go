package agent

import (
	"math/rand/v2"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// outcome is how one SendEvents ended.
type outcome struct {
	code       codes.Code
	rejected   bool // OK, but success=false
	message    string
	retryAfter time.Duration // what the server asks for (RetryInfo)
}

// outcomeOf reads what a call returned.
func outcomeOf(success bool, message string, err error) outcome {
	if err == nil {
		return outcome{rejected: !success, message: message}
	}
	said := status.Convert(err)
	result := outcome{code: said.Code(), message: said.Message()}
	for _, detail := range said.Details() {
		if info, is := detail.(*errdetails.RetryInfo); is {
			result.retryAfter = info.GetRetryDelay().AsDuration()
		}
	}
	return result
}

func (o outcome) tooLarge() bool {
	return o.code == codes.ResourceExhausted && strings.Contains(o.message, "larger than max")
}

type action int

const (
	acknowledge action = iota
	retry
	split
	quarantine
	drop
)

// rule is how a status is met.
type rule int

const (
	again  rule = iota // the same bytes, after a pause that grows
	renew              // the same with a new token, the first time at once
	slowly             // the same at the slowest pace: somebody must mend it
	bisect             // in halves, until the guilty event is alone
)

// A status that is not here is met with again.
var rules = map[codes.Code]rule{
	codes.Unauthenticated:    renew,
	codes.PermissionDenied:   slowly,
	codes.FailedPrecondition: slowly,
	codes.Unimplemented:      slowly,
	codes.InvalidArgument:    bisect,
}

// decision is what becomes of a batch.
type decision struct {
	action action
	pause  time.Duration
}

// decide says what becomes of a batch of so many events that has failed so many times in a row.
func decide(o outcome, failures, events int, s *Settings) decision {
	if o.rejected {
		if s.Faults[RefusedIsSent] {
			return decision{action: acknowledge}
		}
		return decision{action: quarantine}
	}
	if o.code == codes.OK {
		return decision{action: acknowledge}
	}
	met := rules[o.code]
	if o.tooLarge() {
		met = bisect
	}
	if met == bisect && !s.Faults[NeverSplits] {
		if events > 1 {
			return decision{action: split}
		}
		return decision{action: quarantine}
	}
	if s.Faults[GivesUp] && failures >= 3 {
		return decision{action: drop}
	}
	if s.Faults[Recuts] && events > 1 {
		return decision{action: split}
	}
	var pause time.Duration
	switch {
	case met == slowly:
		pause = s.RetryMax
	case met == renew && failures == 1:
	default:
		pause = retryPause(failures, s)
	}
	return decision{retry, max(pause, o.retryAfter)}
}

// retryPause is drawn from zero to a bound that doubles with each failure.
func retryPause(failures int, s *Settings) time.Duration {
	if s.Faults[NoBackoff] {
		failures = 1
	}
	bound := grown(s.RetryBase, 2, failures-1, s.RetryMax)
	if s.Faults[NoJitter] {
		return bound
	}
	return rand.N(bound + 1)
}

// grown is a pause that has grown by a factor so many times, up to a limit.
func grown(pause time.Duration, factor float64, times int, limit time.Duration) time.Duration {
	grown := float64(pause)
	for range times {
		if grown >= float64(limit) {
			break
		}
		grown *= factor
	}
	return min(time.Duration(grown), limit)
}

// varied is a pause, longer or shorter by up to a tenth.
func varied(pause time.Duration) time.Duration {
	return pause*9/10 + rand.N(pause/5+1)
}
