package agent

import (
	"example.com/rodent-events/go/pb/events"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// Where an EventBatch has its fields. A message may be written as its parts, one behind the other: a
// file of frames, each an event as field 1, is an EventBatch, and stays one with each that is appended.
const (
	eventsField    = 1
	timestampField = 2
	idField        = 3
)

// frameOf is an event as a part of an EventBatch.
func frameOf(event *events.Event) ([]byte, error) {
	content, err := proto.Marshal(event)
	if err != nil {
		return nil, err
	}
	frame := protowire.AppendTag(nil, eventsField, protowire.BytesType)
	return protowire.AppendBytes(frame, content), nil
}

// cutFrames cuts what a file has into whole frames. What remains is one that was not written whole.
func cutFrames(data []byte) (frames [][]byte) {
	for len(data) > 0 {
		number, kind, tag := protowire.ConsumeTag(data)
		if tag < 0 || number != eventsField || kind != protowire.BytesType {
			break
		}
		_, content := protowire.ConsumeBytes(data[tag:])
		if content < 0 {
			break
		}
		frames = append(frames, data[:tag+content])
		data = data[tag+content:]
	}
	return frames
}

// batchOf is a whole EventBatch. It follows from frames and id alone, so that it is the same at each try.
// Its time is that of its last event.
func batchOf(frames [][]byte, batch id) []byte {
	var data []byte
	for _, frame := range frames {
		data = append(data, frame...)
	}
	if len(frames) > 0 {
		data = protowire.AppendTag(data, timestampField, protowire.VarintType)
		data = protowire.AppendVarint(data, uint64(timeOf(frames[len(frames)-1])))
	}
	data = protowire.AppendTag(data, idField, protowire.BytesType)
	return protowire.AppendString(data, batch.String())
}

// trailerRoom is more than batchOf adds to the frames.
const trailerRoom = 64

func timeOf(frame []byte) int64 {
	_, _, tag := protowire.ConsumeTag(frame)
	content, _ := protowire.ConsumeBytes(frame[tag:])
	var event events.Event
	if err := proto.Unmarshal(content, &event); err != nil {
		return 0 // damaged on disk: for Toggle to refuse
	}
	return event.Timestamp
}
