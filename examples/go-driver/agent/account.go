package agent

// fate is where an event has gone that waits no more.
type fate string

const (
	delivered   fate = "delivered"
	filtered    fate = "filtered"
	dropped     fate = "dropped"
	quarantined fate = "quarantined"
)

// count counts events that were never in a segment.
func (j *journal) count(became fate, events int) {
	j.emitted += events
	j.gone[j.counted(became)] += events
}

func (j *journal) counted(became fate) fate {
	if became == dropped && j.settings.Faults[DropsUncounted] {
		return delivered
	}
	return became
}

// passOver counts events that are not to be sent.
func (j *journal) passOver(became fate, events int) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.count(became, events)
}

func (j *journal) refused() int { return j.gone[quarantined] + j.gone[dropped] }

func (j *journal) waiting() (events int) {
	for _, one := range j.segments {
		events += one.events
	}
	return events
}

// stats has where the events are: emitted is the sum of the others.
func (j *journal) stats() map[string]int {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	numbers := map[string]int{"emitted": j.emitted, "waiting": j.waiting()}
	for _, one := range []fate{delivered, filtered, dropped, quarantined} {
		numbers[string(one)] = j.gone[one]
	}
	return numbers
}
