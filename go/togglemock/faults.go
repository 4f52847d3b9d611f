package togglemock

import (
	"context"
	"time"

	"example.com/rodent-events/go/togglemock/api"
)

// Outcomes of calls that have no more to them than a name. api.Fail, api.Reject, api.LoseAnswer and so on
// have more: a message, a delay.
const (
	OK                 = api.OutcomeOK
	Cancelled          = api.OutcomeCancelled
	Unknown            = api.OutcomeUnknown
	InvalidArgument    = api.OutcomeInvalidArgument
	DeadlineExceeded   = api.OutcomeDeadlineExceeded
	NotFound           = api.OutcomeNotFound
	AlreadyExists      = api.OutcomeAlreadyExists
	PermissionDenied   = api.OutcomePermissionDenied
	ResourceExhausted  = api.OutcomeResourceExhausted
	FailedPrecondition = api.OutcomeFailedPrecondition
	Aborted            = api.OutcomeAborted
	OutOfRange         = api.OutcomeOutOfRange
	Unimplemented      = api.OutcomeUnimplemented
	Internal           = api.OutcomeInternal
	Unavailable        = api.OutcomeUnavailable
	DataLoss           = api.OutcomeDataLoss
	Unauthenticated    = api.OutcomeUnauthenticated

	// Reject answers success=false, and accepts nothing.
	Reject = api.OutcomeReject

	// LoseAnswer accepts all, and the caller gets UNAVAILABLE.
	LoseAnswer = api.OutcomeLoseAnswer

	// Hang answers nothing.
	Hang = api.OutcomeHang
)

// Faults put faults in force. Each is healed at the end of the test, if not before.
type Faults struct{ toggle *Toggle }

// Fault is one that was put in force.
type Fault struct {
	toggle *Toggle
	id     string
}

// Add puts a fault in force, such as api.Latency{Seconds: 0.2, Jitter: 0.1}.
func (f *Faults) Add(fault api.Fault) *Fault {
	f.toggle.t.Helper()
	added := must(f.toggle, 0, func(ctx context.Context) (api.FaultAdded, error) {
		return f.toggle.api.FaultsAdd(ctx, fault)
	})
	return &Fault{f.toggle, added.Fault}
}

// Heal ends all faults of the test.
func (f *Faults) Heal() {
	f.toggle.t.Helper()
	must(f.toggle, 0, f.toggle.api.FaultsHeal)
}

// Heal ends the fault.
func (f *Fault) Heal() {
	f.toggle.t.Helper()
	must(f.toggle, 0, func(ctx context.Context) (api.Done, error) { return f.toggle.api.FaultsHealOne(ctx, f.id) })
}

// Remaining is how many outcomes of [Script.Returns] no call has met yet.
func (f *Fault) Remaining() int {
	f.toggle.t.Helper()
	remaining := must(f.toggle, 0, f.toggle.api.FaultsListed).Faults[f.id].Remaining
	if remaining == nil {
		return 0
	}
	return *remaining
}

// Outage ends connections, and refuses new ones.
func (f *Faults) Outage() *Fault { f.toggle.t.Helper(); return f.Add(api.Outage{}) }

// Refuse refuses new connections; old ones go on.
func (f *Faults) Refuse() *Fault { f.toggle.t.Helper(); return f.Add(api.Refuse{}) }

// Reset resets all connections, once.
func (f *Faults) Reset() *Fault { f.toggle.t.Helper(); return f.Add(api.Reset{}) }

// HalfOpen lets nothing through on the connections that are open; new ones work.
func (f *Faults) HalfOpen() *Fault { f.toggle.t.Helper(); return f.Add(api.HalfOpen{}) }

// Partition lets nothing through, in either direction, and tells nobody.
func (f *Faults) Partition() *Fault { f.toggle.t.Helper(); return f.Add(api.Partition{}) }

// Latency makes everything take so much longer, in each direction.
func (f *Faults) Latency(delay time.Duration) *Fault {
	f.toggle.t.Helper()
	return f.Add(api.Latency{Seconds: delay.Seconds()})
}

// Bandwidth lets no more bytes a second through, on each connection and in each direction.
func (f *Faults) Bandwidth(bytesPerSecond float64) *Fault {
	f.toggle.t.Helper()
	return f.Add(api.Bandwidth{BytesPerSecond: bytesPerSecond})
}

// Script says what becomes of calls of one method.
type Script struct {
	toggle   *Toggle
	method   string
	matching *string
	rid      *string
}

// OnRegister is for calls of Register.
func (t *Toggle) OnRegister() Script { return Script{toggle: t, method: MethodRegister} }

// OnConnect is for calls of Connect.
func (t *Toggle) OnConnect() Script { return Script{toggle: t, method: MethodConnect} }

// OnSendEvents is for calls of SendEvents.
func (t *Toggle) OnSendEvents() Script { return Script{toggle: t, method: MethodSendEvents} }

// Matching is for batches alone in which an event matches a query.
func (s Script) Matching(query string) Script { s.matching = &query; return s }

// Of is for calls of one Rodent alone.
func (s Script) Of(rid string) Script { s.rid = &rid; return s }

// Returns gives each of the next calls an outcome; then all is as usual.
func (s Script) Returns(outcomes ...api.Outcome) *Fault {
	s.toggle.t.Helper()
	return s.toggle.Faults.Add(api.Returns{Method: s.method, Matching: s.matching, RID: s.rid, Returns: outcomes})
}

// Always gives all calls an outcome.
func (s Script) Always(outcome api.Outcome) *Fault {
	s.toggle.t.Helper()
	return s.toggle.Faults.Add(api.Always{Method: s.method, Matching: s.matching, RID: s.rid, Always: outcome})
}

// At gives one call an outcome: that of an index, counted from 0 and from now on.
func (s Script) At(index int, outcome api.Outcome) *Fault {
	s.toggle.t.Helper()
	asked := api.At{Method: s.method, Matching: s.matching, RID: s.rid, At: index, Outcome: outcome}
	return s.toggle.Faults.Add(asked)
}

// Rates gives outcomes by chance, each its share of the calls, the same for the same seed.
func (s Script) Rates(seed int, shares map[api.OutcomeName]float64) *Fault {
	s.toggle.t.Helper()
	asked := api.Rates{Method: s.method, Matching: s.matching, RID: s.rid, Seed: seed, Rates: shares}
	return s.toggle.Faults.Add(asked)
}

// MessageLimit refuses larger requests, as a server with that limit does.
func (s Script) MessageLimit(bytes int) *Fault {
	s.toggle.t.Helper()
	asked := api.MessageLimit{Method: s.method, Matching: s.matching, RID: s.rid, MessageLimit: bytes}
	return s.toggle.Faults.Add(asked)
}
