package agent

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/rodent-events/go/pb/events"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// The sources in use; of another payload it is its category's manager.
var sources = map[string]string{
	"SystemStartupPayload":        "system",
	"SystemShutdownPayload":       "system",
	"SystemConfigChangePayload":   "rodent.system",
	"SystemUserPayload":           "system-user-manager",
	"StoragePoolPayload":          "zfs-pool-manager",
	"StorageDatasetPayload":       "zfs-dataset-manager",
	"StorageSnapshotPayload":      "zfs-dataset-manager",
	"StorageTransferPayload":      "rodent.zfs-transfer-manager",
	"DataTransferTransferPayload": "rodent.zfs-transfer-manager",
	"SecurityAuthPayload":         "auth-manager",
	"SecurityKeyPayload":          "ssh-key-manager",
	"SecurityCertificatePayload":  "certificate-manager",
}

// place is where an Event has a payload: its wrapper, such as storage_event, and the wrapper's member.
type place struct{ wrapper, member protoreflect.FieldDescriptor }

// places has each payload type by its name, as the schema has them.
var places = findPlaces()

func findPlaces() map[string]place {
	found := map[string]place{}
	event := (&events.Event{}).ProtoReflect().Descriptor()
	for wrapper := range membersOf(event, "event_payload") {
		for member := range membersOf(wrapper.Message(), "event_type") {
			found[string(member.Message().Name())] = place{wrapper, member}
		}
	}
	return found
}

func membersOf(message protoreflect.MessageDescriptor, oneof protoreflect.Name) func(func(protoreflect.FieldDescriptor) bool) {
	fields := message.Oneofs().ByName(oneof).Fields()
	return func(yield func(protoreflect.FieldDescriptor) bool) {
		for i := range fields.Len() {
			if !yield(fields.Get(i)) {
				return
			}
		}
	}
}

// Emit is what there is to tell.
type Emit struct {
	Payload  string            `json:"payload"` // the name of a payload message
	Fields   json.RawMessage   `json:"fields"`  // protobuf's JSON
	Level    string            `json:"level"`   // without EVENT_LEVEL_; INFO unless given
	Metadata map[string]string `json:"metadata"`
	Source   *string           `json:"source"` // the payload's usual one unless given
	Count    *int              `json:"count"`  // 1 unless given
}

// eventOf makes the event, without what each one has of its own: id and time.
func eventOf(emit Emit) (*events.Event, error) {
	level, err := levelOf(emit.Level)
	if err != nil {
		return nil, err
	}
	where, known := places[emit.Payload]
	if !known {
		names := slices.Sorted(maps.Keys(places))
		return nil, fmt.Errorf("there is no payload %q%s", emit.Payload, didYouMean(emit.Payload, names))
	}
	category := strings.ToUpper(strings.TrimSuffix(string(where.wrapper.Name()), "_event"))
	source, known := sources[emit.Payload]
	if !known {
		source = strings.ToLower(strings.ReplaceAll(category, "_", "-")) + "-manager"
	}
	if emit.Source != nil {
		source = *emit.Source
	}
	event := &events.Event{
		Level:    level,
		Category: events.EventCategory(events.EventCategory_value["EVENT_CATEGORY_"+category]),
		Source:   source,
		Metadata: emit.Metadata,
	}
	payload := event.ProtoReflect().Mutable(where.wrapper).Message().Mutable(where.member).Message()
	if len(emit.Fields) == 0 {
		return event, nil
	}
	if err := checkNames(emit.Fields, payload.Descriptor()); err != nil {
		return nil, err
	}
	if err := protojson.Unmarshal(emit.Fields, payload.Interface()); err != nil {
		return nil, fmt.Errorf("fields of %s: %w", emit.Payload, err)
	}
	return event, nil
}

// checkNames finds a field that the payload does not have, and names the nearest.
func checkNames(fields json.RawMessage, payload protoreflect.MessageDescriptor) error {
	var given map[string]json.RawMessage
	if json.Unmarshal(fields, &given) != nil {
		return nil // no object: protojson says so
	}
	var names []string
	for i := range payload.Fields().Len() {
		names = append(names, string(payload.Fields().Get(i).Name()))
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if payload.Fields().ByTextName(name) == nil && payload.Fields().ByJSONName(name) == nil {
			return fmt.Errorf("%s has no field %q%s", payload.Name(), name, didYouMean(name, names))
		}
	}
	return nil
}

// levelOf reads a level's name without its prefix; INFO if it is empty.
func levelOf(name string) (events.EventLevel, error) {
	const prefix = "EVENT_LEVEL_"
	if name == "" {
		return events.EventLevel_EVENT_LEVEL_INFO, nil
	}
	if number, known := events.EventLevel_value[prefix+name]; known {
		return events.EventLevel(number), nil
	}
	var names []string
	for full := range events.EventLevel_value {
		names = append(names, strings.TrimPrefix(full, prefix))
	}
	slices.Sort(names)
	return 0, fmt.Errorf("there is no level %q%s", name, didYouMean(name, names))
}
