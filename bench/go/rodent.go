package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"example.com/rodent-events/go/pb"
	"example.com/rodent-events/go/pb/events"
)

const (
	queueSize    = 1000 // of the channel between who emits and who sends
	batchTimeout = 30 * time.Second
	sendTimeout  = 30 * time.Second
	tries        = 3
)

// rodent has the pipeline of the published one: a channel, batches, tries of a unary call. But it
// waits where that one drops: what is measured is what arrives.
type rodent struct {
	toggle    pb.RodentServiceClient
	token     string
	batchSize int
	queue     chan *events.Event
	flushes   chan chan error
}

func connect(address, token string, batchSize int) (*rodent, error) {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	r := &rodent{
		toggle: pb.NewRodentServiceClient(connection), token: token, batchSize: batchSize,
		queue: make(chan *events.Event, queueSize), flushes: make(chan chan error),
	}
	go r.send()
	return r, nil
}

// emit is of the event of the other benchmarks, a storage transfer with three entries of metadata.
func (r *rodent) emit() {
	r.queue <- &events.Event{
		EventId: newID(), Level: events.EventLevel_EVENT_LEVEL_INFO,
		Category: events.EventCategory_EVENT_CATEGORY_STORAGE, Source: "rodent.zfs-transfer-manager",
		Timestamp: time.Now().UnixMilli(),
		Metadata:  map[string]string{"component": "zfs-transfer", "action": "progress", "transfer_id": newID()},
		EventPayload: &events.Event_StorageEvent{StorageEvent: &events.StorageEvent{
			EventType: &events.StorageEvent_TransferEvent{TransferEvent: &events.StorageTransferPayload{
				Source: "tank/home@auto-2026-11-24", Destination: "backup/home",
				SizeBytes: 10_000_000_000, TransferredBytes: 1_000_000_000, ProgressPercent: 10,
				Operation: events.StorageTransferPayload_STORAGE_TRANSFER_OPERATION_PROGRESS,
			}},
		}},
	}
}

// flush waits until all that was emitted is answered.
func (r *rodent) flush() error {
	done := make(chan error)
	r.flushes <- done
	return <-done
}

func (r *rodent) send() {
	var waiting []*events.Event
	var failure error
	deliver := func() {
		if len(waiting) > 0 && failure == nil {
			failure = r.deliver(&pb.EventBatch{
				BatchId: newID(), Events: waiting, BatchTimestamp: time.Now().UnixMilli(),
			})
		}
		waiting = nil
	}
	add := func(event *events.Event) {
		if waiting = append(waiting, event); len(waiting) >= r.batchSize {
			deliver()
		}
	}
	due := time.NewTicker(batchTimeout)
	for {
		select {
		case event := <-r.queue:
			add(event)
		case <-due.C:
			deliver()
		case done := <-r.flushes:
			for range len(r.queue) {
				add(<-r.queue)
			}
			deliver()
			done <- failure
		}
	}
}

func (r *rodent) deliver(batch *pb.EventBatch) (err error) {
	for range tries {
		ctx, cancel := context.WithTimeout(context.Background(), sendTimeout)
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+r.token)
		_, err = r.toggle.SendEvents(ctx, batch)
		cancel()
		if err == nil {
			return nil
		}
		time.Sleep(time.Second)
	}
	return err
}

// newID is a UUID of version 7.
func newID() string {
	var id [16]byte
	rand.Read(id[6:])
	var now [8]byte
	binary.BigEndian.PutUint64(now[:], uint64(time.Now().UnixMilli()))
	copy(id[:6], now[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[:], id[:4])
	hex.Encode(text[9:], id[4:6])
	hex.Encode(text[14:], id[6:8])
	hex.Encode(text[19:], id[8:10])
	hex.Encode(text[24:], id[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}
