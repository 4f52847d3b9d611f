package agent

import (
	"context"
	"fmt"
	"log"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/rodent-events/go/pb"
	"google.golang.org/grpc"
)

// Agent is a running Rodent. Its methods may be called from any goroutine.
type Agent struct {
	settings *Settings
	log      *log.Logger
	journal  *journal
	tokens   *tokenSource
	channel  *grpc.ClientConn
	toggle   pb.RodentServiceClient

	registered atomic.Bool
	tried      chan struct{} // closed once the first Register has ended
	firstTry   sync.Once
	isNew      bool // Register has issued a certificate
	working    sync.WaitGroup
	end        context.CancelFunc
	shutdown   sync.Once
	complete   bool
}

// Start takes what an earlier run has left, and begins to register. Events are accepted from then on.
func Start(settings *Settings, logger *log.Logger) (*Agent, error) {
	if err := settings.check(); err != nil {
		return nil, err
	}
	a := &Agent{settings: settings, log: logger, tokens: &tokenSource{settings: settings}, tried: make(chan struct{})}
	var err error
	if a.journal, err = openJournal(settings); err != nil {
		return nil, err
	}
	if a.channel, err = dial(settings, a.tokens); err != nil {
		return nil, err
	}
	a.toggle = pb.NewRodentServiceClient(a.channel)
	if settings.Faults[LogsToken] {
		token, _ := a.tokens.token()
		a.log.Printf("the token is %s", token)
	}
	ctx, cancel := context.WithCancel(context.Background())
	a.end = cancel
	a.working.Go(func() { a.run(ctx) })
	a.working.Go(func() { a.lookAround(ctx) })
	return a, nil
}

// run registers; then events go out, and Toggle's commands are answered.
func (a *Agent) run(ctx context.Context) {
	if a.settings.Faults[ConnectsEarly] {
		a.working.Go(func() { a.stayConnected(ctx) })
	}
	if !a.register(ctx) {
		return
	}
	a.emitOwn("SystemStartupPayload", startupFields(a.isNew))
	senders := 1
	if a.settings.Faults[TwoSenders] {
		senders = 2
	}
	for range senders {
		a.working.Go(func() { a.deliver(ctx) })
	}
	if pause(ctx, a.settings.ConnectDelay) && !a.settings.Faults[ConnectsEarly] {
		a.stayConnected(ctx)
	}
}

// lookAround takes what other instances have left that have ended since.
func (a *Agent) lookAround(ctx context.Context) {
	for pause(ctx, a.settings.LookAround) {
		a.must(a.journal.takeAbandoned())
	}
}

// Emit takes an event, as often as it says; it returns how many were taken. They are on disk by then.
func (a *Agent) Emit(emit Emit) (int, error) {
	event, err := eventOf(emit)
	if err != nil {
		return 0, err
	}
	count := 1
	if emit.Count != nil {
		count = *emit.Count
	}
	if count < 1 {
		return 0, fmt.Errorf("count is %d: give 1 or more", count)
	}
	switch faults := a.settings.Faults; {
	case faults[DropsEarly] && !a.registered.Load():
		a.journal.passOver(dropped, count)
		return count, nil
	case faults[FiltersSilently] && isUnusual(event):
		return 0, nil
	case !a.isWanted(emit.Level):
		a.journal.passOver(filtered, count)
		return count, nil
	}
	spoil(event, a.settings.Faults)
	taken, err := a.journal.accept(event, count)
	if err != nil && taken > 0 {
		err = fmt.Errorf("%d of %d were taken: %w", taken, count, err)
	}
	return taken, err
}

func (a *Agent) isWanted(level string) bool {
	if level == "" {
		level = "INFO"
	}
	wanted := a.settings.levels()
	return len(wanted) == 0 || slices.Contains(wanted, level)
}

// emitOwn emits an event of the agent's own start or stop.
func (a *Agent) emitOwn(payload, fields string) {
	if !a.settings.OwnEvents {
		return
	}
	source := "system"
	if a.settings.Faults[OtherSource] {
		source = "rodent.system"
	}
	metadata := map[string]string{"component": "rodent"}
	_, err := a.Emit(Emit{Payload: payload, Fields: []byte(fields), Source: &source, Metadata: metadata})
	a.must(err)
}

func startupFields(isNew bool) string {
	if isNew {
		return `{"operation": "SYSTEM_STARTUP_OPERATION_REGISTERED"}`
	}
	return `{"operation": "SYSTEM_STARTUP_OPERATION_STARTED"}`
}

// Flush sends what waits at once; it returns true if Toggle has acknowledged all of it within the time.
func (a *Agent) Flush(timeout time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return a.journal.flush(ctx)
}

// Shutdown ends the agent within the time, whatever Toggle does. What is not delivered by then is sent
// when it runs again. It returns true if nothing is left.
func (a *Agent) Shutdown(timeout time.Duration) bool {
	a.shutdown.Do(func() {
		if !a.settings.Faults[LosesStop] {
			a.emitOwn("SystemShutdownPayload", `{"operation": "SYSTEM_SHUTDOWN_OPERATION_SHUTDOWN", "graceful": true}`)
			a.journal.close()
			if a.settings.Faults[NoShutdownLimit] {
				timeout = time.Duration(1<<63 - 1)
			}
			a.complete = a.Flush(timeout)
		}
		a.journal.close()
		a.end()
		a.working.Wait()
		a.must(a.channel.Close())
		a.journal.folder.close()
	})
	return a.complete
}

// Stats has where the events are: emitted is the sum of the others.
func (a *Agent) Stats() map[string]int {
	return a.journal.stats()
}

// must logs what went wrong where there is nobody to tell.
func (a *Agent) must(err error) {
	if err != nil {
		a.logf("%v", err)
	}
}

func (a *Agent) logf(format string, arguments ...any) {
	a.log.Print(a.redact(fmt.Sprintf(format, arguments...)))
}

func (a *Agent) redact(text string) string { return a.tokens.redact(text) }
