package agent

import (
	"context"
	"time"

	"example.com/rodent-events/go/pb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

// deliver sends what is due, one batch after the other, so that the order holds.
func (a *Agent) deliver(ctx context.Context) {
	for ctx.Err() == nil {
		if due := a.journal.next(ctx); due != nil {
			a.deliverOne(ctx, due)
		} else if ctx.Err() == nil { // with EmptyBatches
			a.send(ctx, batchOf(nil, a.journal.ids.nextBatch()))
		}
	}
}

// deliverOne sends a batch until it is settled, or split, or the context has ended.
func (a *Agent) deliverOne(ctx context.Context, due *segment) {
	for failures := 1; ctx.Err() == nil; failures++ {
		frames, err := due.frames()
		if err != nil {
			a.logf("dropped %d events: %v", due.events, err)
			a.must(a.journal.settle(due, dropped))
			return
		}
		batchID := due.id
		if a.settings.Faults[NewIDEachTry] {
			batchID = a.journal.ids.nextBatch()
		}
		batch := batchOf(frames, batchID)
		// Others that are too large are an earlier run's, with another limit, and may have been sent.
		result := outcome{code: codes.ResourceExhausted, message: "larger than max: see -batch-bytes"}
		if due.events > 1 || len(batch) <= a.settings.BatchBytes || a.settings.Faults[NoSizeLimit] {
			result = a.send(ctx, batch)
		}
		if ctx.Err() != nil && result.code != codes.OK {
			return // it stays on disk
		}
		if a.settings.Faults[SendsTwice] {
			a.send(ctx, batch)
		}
		if a.met(ctx, due, result, failures) {
			return
		}
	}
}

// met does what an outcome asks for; it returns whether that is all.
func (a *Agent) met(ctx context.Context, due *segment, result outcome, failures int) bool {
	decided := decide(result, failures, due.events, a.settings)
	if decided.action != acknowledge {
		a.logf("batch %s, %d events, try %d: %s %s", due.id, due.events, failures, result.code, result.message)
	}
	var err error
	switch decided.action {
	case acknowledge:
		a.must(a.journal.settle(due, delivered))
	case drop:
		a.must(a.journal.settle(due, dropped))
	case split:
		err = a.journal.split(due, due.events/2)
	case quarantine:
		err = a.journal.setAside(due, a.redact(result.code.String()+": "+result.message))
	case retry:
		pause(ctx, decided.pause)
		return false
	}
	if err != nil { // the disk is full, or gone: the batch is as it was
		a.logf("%v", err)
		pause(ctx, a.settings.RetryMax)
	}
	return err == nil
}

// send makes one call.
func (a *Agent) send(ctx context.Context, batch []byte) outcome {
	ctx, cancel := context.WithTimeout(ctx, a.settings.SendTimeout)
	defer cancel()
	var answer pb.EventBatchResponse
	err := a.channel.Invoke(ctx, pb.RodentService_SendEvents_FullMethodName, batch, &answer, grpc.ForceCodecV2(rawCodec{}))
	return outcomeOf(answer.GetSuccess(), answer.GetMessage(), err)
}

// pause waits; it returns false if the context ends first.
func pause(ctx context.Context, howLong time.Duration) bool {
	select {
	case <-time.After(howLong):
		return true
	case <-ctx.Done():
		return false
	}
}
