package agent

import (
	"context"
	"os"
	"sync"
	"time"

	"example.com/rodent-events/go/pb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	redialGrowth   = 1.5
	commandsAtOnce = 500 // beyond them the stream is not read on, and Toggle waits: nothing is dropped
)

// The ends after which it is for an operator to mend something.
var refusals = map[codes.Code]bool{
	codes.PermissionDenied:   true,
	codes.Unauthenticated:    true,
	codes.FailedPrecondition: true,
	codes.InvalidArgument:    true,
}

// stayConnected opens a stream, and again after each end, until the context ends.
func (a *Agent) stayConnected(ctx context.Context) {
	for ends, refused := 0, 0; ctx.Err() == nil; ends++ {
		got, err := a.converse(ctx)
		if ctx.Err() != nil {
			return
		}
		a.logf("Connect: %v", err)
		switch got {
		case nothing:
			refused++
		case aStream:
			refused = 0
		case messages:
			ends, refused = 0, 0
		}
		if a.settings.Faults[StopsRedialling] && refused > 5 {
			return
		}
		if a.settings.Faults[ConstantRedial] && refused == 0 {
			ends = 0
		}
		pause(ctx, redialPause(status.Code(err), ends, a.settings))
	}
}

// progress is how far a stream got.
type progress int

const (
	nothing progress = iota // Toggle was not reached
	aStream                 // but Toggle said nothing
	messages
)

// redialPause is that after so many streams in a row on which Toggle had nothing to say.
func redialPause(code codes.Code, ends int, s *Settings) time.Duration {
	if refusals[code] {
		return varied(s.RedialRefused)
	}
	return varied(grown(s.Redial, redialGrowth, ends, s.RedialMax))
}

// converse answers what comes on one stream, until it ends. It says nothing unasked.
func (a *Agent) converse(ctx context.Context) (got progress, err error) {
	ctx, cancel := context.WithCancel(ctx)
	if a.settings.Faults[NoTokenOnConnect] {
		ctx = context.WithValue(ctx, withoutToken{}, true)
	}
	stream, err := a.toggle.Connect(ctx)
	if err != nil {
		cancel()
		return nothing, err
	}
	got = aStream
	answers, ended := make(chan *pb.RodentRequest), make(chan struct{})
	var working sync.WaitGroup
	defer working.Wait()
	defer cancel()
	// A stream takes messages from one goroutine at a time.
	working.Go(func() {
		defer close(ended)
		for {
			select {
			case answer := <-answers:
				if stream.Send(answer) != nil {
					return // Recv tells why
				}
			case <-ctx.Done():
				return
			}
		}
	})
	if a.settings.Faults[SpeaksFirst] {
		answers <- &pb.RodentRequest{Payload: &pb.RodentRequest_Ack{Ack: &pb.Acknowledgement{Success: true}}}
	}
	room := make(chan struct{}, commandsAtOnce)
	for {
		message, err := stream.Recv()
		if err != nil {
			return got, err
		}
		got = messages
		if message.GetPayload() == nil && a.settings.Faults[DiesOfEmpty] {
			a.logf("a message without content")
			os.Exit(2)
		}
		room <- struct{}{}
		working.Go(func() {
			defer func() { <-room }()
			answer := answerTo(message, a.settings)
			if answer == nil {
				return
			}
			select {
			case answers <- answer:
			case <-ended:
			}
		})
	}
}
