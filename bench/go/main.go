// The benchmarks' peer in Go: a pipeline like that of the published Rodent, and a bare receiver.
//
//	bench emit ADDRESS TOKEN EVENTS BATCH_SIZE   prints what it took as JSON
//	bench receive PORT                           prints "ready"; then, for each line it reads, how many events came
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"

	"example.com/rodent-events/go/pb"
)

func main() {
	log.SetFlags(0)
	var err error
	switch {
	case len(os.Args) == 6 && os.Args[1] == "emit":
		err = emit(os.Args[2], os.Args[3], number(os.Args[4]), number(os.Args[5]))
	case len(os.Args) == 3 && os.Args[1] == "receive":
		err = receive(number(os.Args[2]))
	default:
		err = fmt.Errorf("usage: bench emit ADDRESS TOKEN EVENTS BATCH_SIZE | bench receive PORT")
	}
	if err != nil {
		log.Fatal(err)
	}
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// taken is what so many events took, from the first emit to the last answer.
type taken struct {
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu"`
}

func emit(address, token string, events, batchSize int) error {
	rodent, err := connect(address, token, batchSize)
	if err != nil {
		return err
	}
	rodent.emit() // the connection is there
	if err := rodent.flush(); err != nil {
		return err
	}
	began, used := time.Now(), processorTime()
	for range events {
		rodent.emit()
	}
	if err := rodent.flush(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(taken{
		Seconds: time.Since(began).Seconds(), CPU: processorTime() - used,
	})
}

func processorTime() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

type receiver struct {
	pb.UnimplementedRodentServiceServer
	events atomic.Int64
}

func (r *receiver) SendEvents(_ context.Context, batch *pb.EventBatch) (*pb.EventBatchResponse, error) {
	r.events.Add(int64(len(batch.Events)))
	return &pb.EventBatchResponse{Success: true}, nil
}

func receive(port int) error {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	counting := &receiver{}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(64 << 20))
	pb.RegisterRodentServiceServer(server, counting)
	go server.Serve(listener) //nolint:errcheck // it ends with the process
	fmt.Println("ready")
	for asked := bufio.NewScanner(os.Stdin); asked.Scan(); {
		fmt.Println(counting.events.Load())
	}
	return nil
}
