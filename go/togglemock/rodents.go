package togglemock

import (
	"context"

	"example.com/rodent-events/go/togglemock/api"
)

// Rodent is one that is, was or will be connected.
type Rodent struct {
	// RID is its id.
	RID string

	toggle *Toggle
}

// Rodent gives the one that has an id in its token.
func (t *Toggle) Rodent(rid string) *Rodent { return &Rodent{RID: rid, toggle: t} }

// State is whether it is connected, and all messages of its streams.
func (r *Rodent) State() api.RodentWithHistory {
	r.toggle.t.Helper()
	return must(r.toggle, 0, func(ctx context.Context) (api.RodentWithHistory, error) {
		return r.toggle.api.RodentsOne(ctx, r.RID)
	})
}

// WaitConnected waits until its stream is open, by default for 5 seconds.
func (r *Rodent) WaitConnected(given ...How) { r.toggle.t.Helper(); r.wait(true, given) }

// WaitDisconnected waits until it has no stream.
func (r *Rodent) WaitDisconnected(given ...How) { r.toggle.t.Helper(); r.wait(false, given) }

func (r *Rodent) wait(connected bool, given []How) {
	r.toggle.t.Helper()
	h := howOf(given)
	asked := api.WaitForRodent{Connected: &connected, Timeout: seconds(h.timeout)}
	must(r.toggle, h.wait(), func(ctx context.Context) (api.RodentState, error) {
		return r.toggle.api.RodentsWait(ctx, r.RID, asked)
	})
}

// Command sends a command, such as system.status, with what it needs, and waits for the answer.
func (r *Rodent) Command(kind string, payload any, given ...How) api.CommandAnswer {
	r.toggle.t.Helper()
	h := howOf(given)
	asked := api.SendCommand{Type: kind, Payload: payload, Timeout: seconds(h.timeout)}
	return must(r.toggle, h.wait(), func(ctx context.Context) (api.CommandAnswer, error) {
		return r.toggle.api.RodentsCommand(ctx, r.RID, asked)
	})
}

// PushConfig pushes a configuration, and waits until it is acknowledged.
func (r *Rodent) PushConfig(kind string, payload any, given ...How) api.Acknowledged {
	r.toggle.t.Helper()
	h := howOf(given)
	asked := api.PushConfig{Type: kind, Payload: payload, Timeout: seconds(h.timeout)}
	return must(r.toggle, h.wait(), func(ctx context.Context) (api.Acknowledged, error) {
		return r.toggle.api.RodentsConfig(ctx, r.RID, asked)
	})
}

// HTTP sends a request through it to one of its local services.
func (r *Rodent) HTTP(asked api.SendHTTP, given ...How) api.HTTPAnswer {
	r.toggle.t.Helper()
	h := howOf(given)
	if h.timeout != nil {
		asked.Timeout = seconds(h.timeout)
	}
	return must(r.toggle, h.wait(), func(ctx context.Context) (api.HTTPAnswer, error) {
		return r.toggle.api.RodentsHTTP(ctx, r.RID, asked)
	})
}

// Disconnect ends its streams with a status.
func (r *Rodent) Disconnect(status api.OutcomeName) {
	r.toggle.t.Helper()
	must(r.toggle, 0, func(ctx context.Context) (api.Done, error) {
		return r.toggle.api.RodentsDisconnect(ctx, r.RID, api.Disconnect{Status: new(string(status))})
	})
}
