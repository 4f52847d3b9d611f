package agent

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"example.com/rodent-events/go/pb"
	"example.com/rodent-events/go/pb/events"
	"google.golang.org/protobuf/proto"
)

func framesOf(t *testing.T, count int) [][]byte {
	t.Helper()
	var frames [][]byte
	for i := range count {
		frame, err := frameOf(&events.Event{EventId: fmt.Sprint(i), Timestamp: int64(i), Metadata: map[string]string{"a": "b"}})
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, frame)
	}
	return frames
}

func TestABatchIsReadAsWhatItWasMadeOf(t *testing.T) {
	var ids idMaker
	batch := ids.nextBatch()
	var read pb.EventBatch
	if err := proto.Unmarshal(batchOf(framesOf(t, 5), batch), &read); err != nil {
		t.Fatal(err)
	}
	if len(read.Events) != 5 || read.BatchTimestamp != 4 || read.BatchId != batch.String() {
		t.Error(&read)
	}
}

func TestFramesAreCutWhereTheFileEnds(t *testing.T) {
	frames := framesOf(t, 3)
	data := slices.Concat(frames...)
	for end := range len(data) + 1 {
		whole := 0
		for cut := 0; whole < len(frames) && cut+len(frames[whole]) <= end; whole++ {
			cut += len(frames[whole])
		}
		if got := cutFrames(data[:end]); len(got) != whole || !bytes.HasPrefix(data, slices.Concat(got...)) {
			t.Errorf("of %d bytes %d frames were read instead of %d", end, len(got), whole)
		}
	}
}

func TestTheTrailerHasRoom(t *testing.T) {
	frames := framesOf(t, 1)
	if more := len(batchOf(frames, randomID())) - len(frames[0]); more > trailerRoom {
		t.Errorf("the trailer has %d bytes", more)
	}
}
