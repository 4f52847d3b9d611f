// Package example is a small agent in plain Go, and its contract test.
package example

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"example.com/rodent-events/go/pb"
	"example.com/rodent-events/go/pb/events"
)

const pause = 20 * time.Millisecond

// Agent reports pools to Toggle, and answers its commands.
type Agent struct {
	connection *grpc.ClientConn
	toggle     pb.RodentServiceClient
	token      string
	batches    int
}

// NewAgent makes an agent of the Toggle at a target, HOST:PORT.
func NewAgent(target, token string) (*Agent, error) {
	connection, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	return &Agent{connection: connection, toggle: pb.NewRodentServiceClient(connection), token: token}, nil
}

// Close ends its connection.
func (a *Agent) Close() error { return a.connection.Close() }

func (a *Agent) authorized(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+a.token)
}

// Report sends one event, the same batch until Toggle has it, or until the context ends.
func (a *Agent) Report(ctx context.Context, level events.EventLevel, pool string) error {
	a.batches++
	now := time.Now().UnixMilli()
	id := fmt.Sprintf("%08x-%04x-7000-8000-%012x", now>>16, now&0xffff, a.batches)
	payload := &events.StorageEvent_PoolEvent{PoolEvent: &events.StoragePoolPayload{PoolName: pool}}
	batch := &pb.EventBatch{BatchId: id, BatchTimestamp: now, Events: []*events.Event{{
		EventId: id, Level: level, Category: events.EventCategory_EVENT_CATEGORY_STORAGE, Timestamp: now,
		Source:       "zfs-pool-manager",
		EventPayload: &events.Event_StorageEvent{StorageEvent: &events.StorageEvent{EventType: payload}},
	}}}
	for {
		answer, err := a.toggle.SendEvents(a.authorized(ctx), batch, grpc.WaitForReady(true))
		if err == nil && answer.Success {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
	}
}

// Listen registers, and answers commands until its stream ends.
func (a *Agent) Listen(ctx context.Context) error {
	ctx = a.authorized(ctx)
	if _, err := a.toggle.Register(ctx, &pb.RegisterRequest{SystemInfo: &pb.SystemInfo{}}); err != nil {
		return err
	}
	stream, err := a.toggle.Connect(ctx)
	if err != nil {
		return err
	}
	for {
		asked, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(answer(asked)); err != nil {
			return err
		}
	}
}

func answer(asked *pb.ToggleRequest) *pb.RodentRequest {
	command := asked.GetCommand()
	if command == nil {
		told := &pb.Acknowledgement{RequestId: asked.RequestId, Success: true}
		return &pb.RodentRequest{RequestId: asked.RequestId, Payload: &pb.RodentRequest_Ack{Ack: told}}
	}
	told := &pb.CommandResponse{RequestId: asked.RequestId, Success: true, Payload: []byte(`{"status": "healthy"}`)}
	if command.CommandType != "system.status" {
		failure := &pb.RodentError{Code: 1106, Domain: "SERVER", HttpStatus: 400, Message: "unknown command"}
		told = &pb.CommandResponse{RequestId: asked.RequestId, Error: failure}
	}
	return &pb.RodentRequest{RequestId: asked.RequestId, Payload: &pb.RodentRequest_CommandResponse{CommandResponse: told}}
}
