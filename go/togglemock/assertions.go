package togglemock

import (
	"context"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"example.com/rodent-events/go/togglemock/api"
)

// Methods that Rodents call.
const (
	MethodRegister   = "Register"
	MethodConnect    = "Connect"
	MethodSendEvents = "SendEvents"
)

const waits = 5 * time.Second

// How says more about what is waited for or asserted.
type How func(*how)

type how struct {
	count   *int
	timeout *time.Duration
	within  *time.Duration
	status  *string
}

// Count is how many there must be: to wait for at least, to assert exactly.
func Count(count int) How { return func(h *how) { h.count = &count } }

// Timeout is how long to wait for them.
func Timeout(timeout time.Duration) How { return func(h *how) { h.timeout = &timeout } }

// Within is how long none may come.
func Within(within time.Duration) How { return func(h *how) { h.within = &within } }

// Status is what calls must have ended with, such as togglemock.Unavailable.
func Status(status api.OutcomeName) How { return func(h *how) { h.status = new(string(status)) } }

func howOf(given []How) how {
	var made how
	for _, one := range given {
		one(&made)
	}
	return made
}

// wait is the longest that the mock may take by what was asked.
func (h how) wait() time.Duration {
	wait := waits
	for _, given := range []*time.Duration{h.timeout, h.within} {
		if given != nil {
			wait = max(wait, *given)
		}
	}
	return wait
}

func seconds(given *time.Duration) *float64 {
	if given == nil {
		return nil
	}
	return new(given.Seconds())
}

// Event is one that has arrived.
type Event struct{ api.Event }

// Into fills a message of the type rodent.events.Event, such as that of package pb/events, or one of a
// project's own generated code. What the message does not know is left out.
func (e Event) Into(message proto.Message) error {
	return protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(e.Event.Event, message)
}

func eventsOf(found []api.Event) []Event {
	made := make([]Event, len(found))
	for at, one := range found {
		made[at] = Event{one}
	}
	return made
}

// Events gives those that match a query, the oldest first; an empty one means all.
func (t *Toggle) Events(query string) []Event {
	t.t.Helper()
	asked := api.EventsFindQuery{Query: query, Limit: new(1_000_000_000)}
	return eventsOf(must(t, 0, func(ctx context.Context) (api.FoundEvents, error) {
		return t.api.EventsFind(ctx, asked)
	}).Events)
}

// Calls gives all calls, the oldest first.
func (t *Toggle) Calls() []api.Call {
	t.t.Helper()
	asked := api.CallsFindQuery{Limit: new(1_000_000_000)}
	return must(t, 0, func(ctx context.Context) (api.FoundCalls, error) { return t.api.CallsFind(ctx, asked) }).Calls
}

// Clear forgets what has arrived.
func (t *Toggle) Clear() {
	t.t.Helper()
	must(t, 0, t.api.RecordingClear)
}

// WaitFor waits until so many events match a query, by default one within 5 seconds, and gives them.
func (t *Toggle) WaitFor(query string, given ...How) []Event {
	t.t.Helper()
	h := howOf(given)
	asked := api.WaitForEvents{Query: &query, Count: h.count, Timeout: seconds(h.timeout)}
	return eventsOf(must(t, h.wait(), func(ctx context.Context) (api.Events, error) {
		return t.api.EventsWait(ctx, asked)
	}).Events)
}

// WaitForCall waits until so many calls of a method have come, or have ended with a [Status].
func (t *Toggle) WaitForCall(method string, given ...How) []api.Call {
	t.t.Helper()
	h := howOf(given)
	asked := api.WaitForCalls{Method: &method, Status: h.status, Count: h.count, Timeout: seconds(h.timeout)}
	return must(t, h.wait(), func(ctx context.Context) (api.Calls, error) { return t.api.CallsWait(ctx, asked) }).Calls
}

func (t *Toggle) verify(asked api.Verify, h how) {
	t.t.Helper()
	asked.Count, asked.Timeout, asked.Within = h.count, seconds(h.timeout), seconds(h.within)
	must(t, h.wait(), func(ctx context.Context) (api.Done, error) { return t.api.EventsVerify(ctx, asked) })
}

// AssertReceived asserts that an event has arrived that matches a query, or exactly [Count], and gives them.
func (t *Toggle) AssertReceived(query string, given ...How) []Event {
	t.t.Helper()
	t.verify(api.Verify{Received: &query}, howOf(given))
	return t.Events(query)
}

// AssertNotReceived asserts that no event has arrived that matches a query, nor does [Within] some time.
func (t *Toggle) AssertNotReceived(query string, given ...How) {
	t.t.Helper()
	t.verify(api.Verify{NotReceived: &query}, howOf(given))
}

// AssertOnly asserts that all events match a query, and that there are [Count] of them, by default some.
func (t *Toggle) AssertOnly(query string, given ...How) {
	t.t.Helper()
	t.verify(api.Verify{Only: &query}, howOf(given))
}

// AssertInOrder asserts that events match the queries one after the other; others may be between.
func (t *Toggle) AssertInOrder(queries ...string) {
	t.t.Helper()
	t.verify(api.Verify{InOrder: queries}, how{})
}

// AssertNoRefusals asserts that no call and no connection was turned away.
func (t *Toggle) AssertNoRefusals() {
	t.t.Helper()
	t.verify(api.Verify{NoRefusals: new(true)}, how{})
}
