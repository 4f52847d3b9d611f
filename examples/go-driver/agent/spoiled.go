package agent

import "example.com/rodent-events/go/pb/events"

// spoil does to an event what faults do to all of them.
func spoil(event *events.Event, faults FaultSet) {
	if faults[NoLevel] {
		event.Level = events.EventLevel_EVENT_LEVEL_UNSPECIFIED
	}
	if faults[OtherCategory] {
		event.Category = event.Category%10 + 1
	}
	if faults[DropsMetadata] {
		event.Metadata = nil
	}
}

// isUnusual tells whether the published Rodent filters an event.
func isUnusual(event *events.Event) bool {
	usual := event.Level >= events.EventLevel_EVENT_LEVEL_INFO && event.Level <= events.EventLevel_EVENT_LEVEL_CRITICAL
	return !usual || event.Category == events.EventCategory_EVENT_CATEGORY_USAGE
}
