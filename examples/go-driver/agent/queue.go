package agent

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"
)

// next waits until a batch is due, and gives it to the one who asks; nil once the context has ended, or, with
// EmptyBatches, when none was due for the batch timeout.
func (j *journal) next(ctx context.Context) *segment {
	idle := time.After(j.settings.BatchTimeout)
	if !j.settings.Faults[EmptyBatches] {
		idle = nil
	}
	for {
		found, wait, changed := j.due()
		if found != nil && wait <= 0 {
			return found
		}
		var timer <-chan time.Time
		if found != nil {
			timer = time.After(wait)
		}
		select {
		case <-changed:
		case <-timer:
		case <-idle:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// due is the first segment that no sender has, and how long it waits for further events.
func (j *journal) due() (*segment, time.Duration, <-chan struct{}) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	for _, one := range j.segments {
		if one.taken || one.events == 0 {
			continue
		}
		var wait time.Duration
		if !one.sealed && one.events < j.settings.BatchSize {
			wait = j.settings.BatchTimeout - time.Since(one.since)
		}
		if wait <= 0 {
			if !one.sealed {
				j.seal()
			}
			one.taken = true
		}
		return one, wait, j.changed
	}
	return nil, 0, j.changed
}

// settle notes what has become of a segment, and removes it.
func (j *journal) settle(done *segment, became fate) error {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	defer j.tell()
	j.replace(done)
	j.bytes -= int64(done.bytes)
	j.gone[j.counted(became)] += done.events
	return os.Remove(done.path)
}

// split puts two parts in a segment's place.
func (j *journal) split(whole *segment, at int) error {
	first, second, err := whole.split(at)
	if err != nil {
		return err
	}
	j.mutex.Lock()
	defer j.mutex.Unlock()
	defer j.tell()
	j.replace(whole, first, second)
	return nil
}

func (j *journal) replace(one *segment, by ...*segment) {
	var segments []*segment
	for _, other := range j.segments {
		if other == one {
			segments = append(segments, by...)
		} else {
			segments = append(segments, other)
		}
	}
	j.segments = segments
}

// setAside keeps what Toggle has refused where an operator finds it, with the reason.
func (j *journal) setAside(refused *segment, reason string) error {
	folder := filepath.Join(j.folder.root, "quarantine")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	path := filepath.Join(folder, filepath.Base(refused.path))
	if err := os.WriteFile(path+".txt", []byte(reason+"\n"), 0o600); err != nil {
		return err
	}
	if err := os.Link(refused.path, path); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return j.settle(refused, quarantined)
}

// flush has what waits be sent at once, and waits for that: true if Toggle has acknowledged all of it.
func (j *journal) flush(ctx context.Context) bool {
	j.mutex.Lock()
	j.seal()
	j.tell()
	var last id
	for _, one := range j.segments {
		if last.compare(one.id) < 0 {
			last = one.id.lastPart()
		}
	}
	refused := j.refused()
	j.mutex.Unlock()
	for {
		wait, refusedNow, changed := j.upTo(last)
		if !wait {
			return refusedNow == refused
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// upTo tells whether a batch with this id, or an earlier one, or a part of one, waits still.
func (j *journal) upTo(last id) (waits bool, refused int, changed <-chan struct{}) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	for _, one := range j.segments {
		waits = waits || one.events > 0 && one.id.compare(last) <= 0
	}
	return waits, j.refused(), j.changed
}
