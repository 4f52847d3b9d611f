package agent

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"example.com/rodent-events/go/pb/events"
)

// journal has what waits, in files: an event is on disk before accept returns, and goes once Toggle has it.
type journal struct {
	settings *Settings
	folder   *folder
	ids      idMaker

	mutex    sync.Mutex
	segments []*segment    // in the order in which they are sent
	file     *os.File      // of the last segment, while that is not sealed
	late     *bufio.Writer // before it, with WritesLate
	bytes    int64         // that wait
	closed   bool          // nothing is accepted any more
	emitted  int           // all that was ever accepted, or found on disk
	gone     map[fate]int  // those of them that wait no more
	changed  chan struct{} // closed at the next change
}

var errClosed = errors.New("the agent is shut down")

func openJournal(s *Settings) (*journal, error) {
	folder, err := openFolder(s.EventsDir, s.Faults[SharesFolder])
	if err != nil {
		return nil, err
	}
	j := &journal{settings: s, folder: folder, gone: map[fate]int{}, changed: make(chan struct{})}
	if s.Faults[NeverReadsBack] {
		return j, nil
	}
	found, err := loadSegments(folder.path)
	if err != nil {
		return nil, err
	}
	if err := j.take(found); err != nil {
		return nil, err
	}
	return j, j.takeAbandoned()
}

// take has segments be sent before what is emitted from now on.
func (j *journal) take(found []*segment) error {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	for _, one := range found {
		j.ids.startAfter(one.id)
		path := pathOf(j.folder.path, one.id, one.bits)
		if j.settings.Faults[NewIDAfterRestart] {
			one.id, one.bits = j.ids.nextBatch(), partBits
			path = pathOf(j.folder.path, one.id, one.bits)
		}
		if err := os.Rename(one.path, path); err != nil {
			return err
		}
		one.path = path
		j.seal()
		j.segments = append(j.segments, one)
		j.bytes += int64(one.bytes)
		j.emitted += one.events
	}
	j.tell()
	return nil
}

// takeAbandoned takes what other instances have left.
func (j *journal) takeAbandoned() error {
	if j.settings.Faults[NeverReadsBack] || j.settings.Faults[SharesFolder] {
		return nil
	}
	return j.folder.abandoned(func(path string) error {
		found, err := loadSegments(path)
		if err != nil {
			return err
		}
		return j.take(found)
	})
}

// accept takes an event so many times; it returns how many were taken, all of them unless there is an error.
func (j *journal) accept(event *events.Event, count int) (int, error) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	defer j.tell()
	for taken := range count {
		if j.closed {
			return taken, errClosed
		}
		frame, err := j.frame(event)
		if err != nil {
			return taken, err
		}
		if err := j.write(frame); err != nil {
			return taken, err
		}
	}
	return count, j.sync()
}

// frame is the event with what each one has of its own.
func (j *journal) frame(event *events.Event) ([]byte, error) {
	event.EventId, event.Timestamp = j.ids.next().String(), time.Now().UnixMilli()
	if j.settings.Faults[RandomIDs] {
		event.EventId = randomID().String()
	}
	if j.settings.Faults[Seconds] {
		event.Timestamp /= 1000
	}
	return frameOf(event)
}

// write appends to the last segment, or to a new one.
func (j *journal) write(frame []byte) error {
	if j.bytes+int64(len(frame)) > j.settings.MaxBytes {
		return fmt.Errorf("%d bytes wait in %s, and -max-bytes allows %d: is Toggle there?",
			j.bytes, j.folder.path, j.settings.MaxBytes)
	}
	if j.settings.Faults[Overflows] && j.waiting() >= 1000 {
		j.count(dropped, 1)
		return nil
	}
	if j.file != nil && !j.fits(len(frame)) {
		if err := j.sync(); err != nil {
			return err
		}
		j.seal()
	}
	if j.file == nil {
		if err := j.begin(); err != nil {
			return err
		}
	}
	last := j.last()
	if _, err := j.writer().Write(frame); err != nil {
		// What was written of it must not stand before the next one.
		return errors.Join(err, j.file.Truncate(int64(last.bytes)))
	}
	last.events++
	last.bytes += len(frame)
	j.bytes += int64(len(frame))
	j.emitted++
	return nil
}

// fits tells whether the last segment has room for so many bytes more.
func (j *journal) fits(more int) bool {
	last := j.last()
	small := last.bytes+more+trailerRoom <= j.settings.BatchBytes || j.settings.Faults[NoSizeLimit]
	return small && last.events < j.settings.BatchSize
}

// begin begins a segment.
func (j *journal) begin() error {
	batch := j.ids.nextBatch()
	path := pathOf(j.folder.path, batch, partBits)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	j.file, j.late = file, bufio.NewWriterSize(file, 1<<20)
	j.segments = append(j.segments, &segment{path: path, id: batch, bits: partBits, since: time.Now()})
	if j.settings.Fsync {
		return syncFolder(j.folder.path)
	}
	return nil
}

func (j *journal) writer() io.Writer {
	if j.settings.Faults[WritesLate] {
		return j.late
	}
	return j.file
}

// sync brings what was written to where it survives a power cut.
func (j *journal) sync() error {
	if !j.settings.Fsync || j.file == nil {
		return nil
	}
	return j.file.Sync()
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// seal ends the last segment, of which all is written: what comes next goes into another.
func (j *journal) seal() {
	if j.file == nil {
		return
	}
	j.late.Flush() // has something with WritesLate alone
	j.file.Close()
	j.file = nil
	j.last().sealed = true
}

func (j *journal) last() *segment { return j.segments[len(j.segments)-1] }

// close accepts nothing any more.
func (j *journal) close() {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.closed = true
	j.seal()
	j.tell()
}

// tell wakes who waits for a change.
func (j *journal) tell() {
	close(j.changed)
	j.changed = make(chan struct{})
}
